/* SPDX-License-Identifier: Apache-2.0 */
/* GET /api/health: what the listeners and the agents' calls came to since the start. The counters belong to
 * the loop: they are read in prepare(), and are nobody's in particular. */
#include "collector/api_int.h"
#include "common/vtime.h"

static json_t *
listener(const struct http_server *server)
{
    const struct http_counts c = http_counts(server);
    json_t *out =
        json_pack("{sI sI}", "open", (json_int_t)c.open, "streams", (json_int_t)c.streams);

#define PUT(name) (void)json_object_set_new(out, #name, json_integer((json_int_t)c.name));
    HTTP_COUNTS(PUT)
#undef PUT
    return out;
}

bool
api_health_prepare(struct api_job *j)
{
    const struct service *s = j->service;
    const struct agent_counts *c = &s->counts;
    char since[VTIME_TEXT_MAX];
    json_t *calls = json_object();

#define PUT(name) (void)json_object_set_new(calls, #name, json_integer((json_int_t)c->name));
    AGENT_COUNTS(PUT)
#undef PUT
    j->answer = json_pack("{ss s{so so} so s{sI sI}}", "since", vtime_format(s->since_ns, since),
                          "listeners", "agents", listener(s->agents), "web", listener(s->web),
                          "agents", calls, "bodies", "used", (json_int_t)s->budget.used, "max",
                          (json_int_t)s->budget.max);
    return j->answer != NULL;
}

enum vg_err
api_health(struct api_job *j, struct storage *s)
{
    (void)s;
    return j->answer != NULL ? VG_OK : VG_ERR_NOMEM;
}
