/* SPDX-License-Identifier: Apache-2.0 */
/* Which mails the outbox holds, and that the notifier delivers each one in its thread. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "collector/notify.h"
#include "collector/store/store.h"
#include "common/mail_policy.h"

#define STORE "018f0000-0000-4000-8000-0000000000b1"
#define AGENT "018f0000-0000-7000-8000-0000000000a1"

struct world {
    char dir[64], database[96], folder[96];
    struct storage *s;
    struct storage_site site;
    int64_t stream, seq;
};

static int
setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    char why[STORAGE_WHY_MAX];
    struct storage_site site = {.name = "Tacos El Güero",
                                .zone = "America/Mexico_City",
                                .language = "es-MX",
                                .mail = "dueno@example.mx"};
    struct storage_agent agent = {.id = AGENT, .host = "caja-1", .machine = "m"};
    int64_t durable, now = vtime_now();

    if (w == NULL)
        return -1;
    strcpy(w->dir, "/tmp/vg-notify-XXXXXX");
    assert_non_null(mkdtemp(w->dir));
    snprintf(w->database, sizeof w->database, "%s/c.sqlite", w->dir);
    snprintf(w->folder, sizeof w->folder, "%s/mail", w->dir);
    assert_int_equal(storage_open(w->database, STORAGE_WRITE, &w->s, why), VG_OK);
    assert_int_equal(w->s->ops->tenant_add(w->s, "Soporte Norte", now, site.tenant), VG_OK);
    assert_int_equal(w->s->ops->site_add(w->s, &site, now, site.id), VG_OK);
    assert_int_equal(w->s->ops->site_find(w->s, &STORAGE_EVERYTHING, site.id, &w->site), VG_OK);
    strcpy(agent.tenant, w->site.tenant);
    strcpy(agent.site, w->site.id);
    assert_int_equal(w->s->ops->agent_add(w->s, &agent, now), VG_OK);
    assert_int_equal(w->s->ops->stream_open(w->s, AGENT, STORE, now, &w->stream, &durable), VG_OK);
    *state = w;
    return 0;
}

static int
teardown(void **state)
{
    struct world *w = *state;
    char command[128];

    storage_close(w->s);
    snprintf(command, sizeof command, "rm -r %s", w->dir);
    assert_int_equal(system(command), 0);
    free(w);
    return 0;
}

static struct storage_incident
incident(struct world *w, const char *subject, int64_t now_ns)
{
    static const char body[] =
        "{\"detector\":\"net.scan\",\"class\":\"alert\",\"severity\":\"high\",\"subject\":"
        "{\"kind\":\"host\",\"id\":\"evil.example\",\"label\":\"evil.example\"},\"facts\":{}}";
    struct storage_incident i = {.family = "net.scan",
                                 .detector = "net.scan",
                                 .subject_kind = "host",
                                 .severity = SEVERITY_MEDIUM,
                                 .first_ns = now_ns,
                                 .last_ns = now_ns,
                                 .count = 1,
                                 .stream = w->stream,
                                 .seq = ++w->seq};
    struct storage_event e = {.stream = w->stream,
                              .seq = w->seq,
                              .tenant = w->site.tenant,
                              .site = w->site.id,
                              .class = "alert",
                              .detector = "net.scan",
                              .severity = SEVERITY_MEDIUM,
                              .time_ns = now_ns,
                              .recorded_ns = now_ns,
                              .received_ns = now_ns,
                              .body = slice_of(body, sizeof body - 1)};
    char id[UUID_TEXT_SIZE];

    strcpy(i.tenant, w->site.tenant);
    strcpy(i.site, w->site.id);
    strcpy(i.subject_id, subject);
    assert_int_equal(uuid_v7(now_ns, i.id), VG_OK);
    assert_int_equal(uuid_v7(now_ns, id), VG_OK);
    e.id = id;
    e.incident = i.id;
    assert_int_equal(w->s->ops->event_put(w->s, &e), VG_OK);
    assert_int_equal(w->s->ops->incident_add(w->s, &i, now_ns), VG_OK);
    return i;
}

static void
queue(struct world *w, const struct storage_incident *i, bool late, int64_t now_ns)
{
    assert_int_equal(w->s->ops->mail_queue(w->s, i, late, now_ns), VG_OK);
}

/* Claims what is due; the kinds, joined by spaces in the order of the outbox. */
static void
expect_due(struct world *w, int64_t now_ns, const char *kinds)
{
    char got[512] = "";
    json_t *mails, *mail;
    size_t i;

    assert_int_equal(w->s->ops->mail_claim(w->s, now_ns, VG_HOUR_NS, 50, &mails), VG_OK);
    json_array_foreach(mails, i, mail)
    {
        strcat(got, i > 0 ? " " : "");
        strcat(got, vg_json_str(mail, "kind", "?"));
        assert_int_equal(w->s->ops->mail_done(w->s, vg_json_int(mail, "id", 0), STORAGE_MAIL_SENT,
                                              NULL, now_ns, now_ns),
                         VG_OK);
    }
    json_decref(mails);
    assert_string_equal(got, kinds);
}

static void
test_an_update_only_when_graver_and_once_an_hour(void **state)
{
    struct world *w = *state;
    int64_t now = vtime_now();
    struct storage_incident i = incident(w, "a", now);

    queue(w, &i, false, now);
    queue(w, &i, false, now); /* no graver */
    expect_due(w, now, "incident");
    i.severity = SEVERITY_HIGH;
    queue(w, &i, false, now + VG_MIN_NS);
    i.severity = SEVERITY_CRITICAL;
    queue(w, &i, false, now + 2 * VG_MIN_NS);
    queue(w, &i, false, now + 3 * VG_MIN_NS);
    expect_due(w, now + 59 * VG_MIN_NS, "");
    expect_due(w, now + VG_HOUR_NS, "update");
    queue(w, &i, false, now + 3 * VG_HOUR_NS);
    expect_due(w, now + 4 * VG_HOUR_NS, "");
}

static void
test_a_full_day_says_so_once(void **state)
{
    struct world *w = *state;
    int64_t now = vtime_now();
    char kinds[512] = "", subject[16];
    int n;

    for (n = 0; n < MAIL_DAY_CAP + 4; n++) {
        struct storage_incident i;

        snprintf(subject, sizeof subject, "s%d", n);
        i = incident(w, subject, now);
        queue(w, &i, false, now);
        if (n < MAIL_DAY_CAP)
            strcat(kinds, "incident ");
    }
    strcat(kinds, "full");
    expect_due(w, now, kinds);
    expect_due(w, now + VG_DAY_NS - 1, "");
    expect_due(w, now + VG_DAY_NS, "held");
}

static void
test_no_address_no_mail(void **state)
{
    struct world *w = *state;
    struct storage_site site = w->site;
    int64_t now = vtime_now();
    struct storage_incident i;

    strcpy(site.name, "Sin correo");
    site.mail[0] = '\0';
    assert_int_equal(w->s->ops->site_add(w->s, &site, now, w->site.id), VG_OK);
    i = incident(w, "a", now);
    queue(w, &i, false, now);
    queue(w, &i, true, now);
    expect_due(w, now + VG_DAY_NS, "");
}

/* Files in folder/new once there are `want` of them, or after ten seconds. */
static size_t
count_files(const char *folder, size_t want, char last[512])
{
    const struct timespec pause = {.tv_nsec = 20 * 1000 * 1000};
    char path[128];
    size_t n = 0;
    int turn;

    snprintf(path, sizeof path, "%s/new", folder);
    for (turn = 0; turn < 500 && n < want; turn++) {
        DIR *d = opendir(path);
        struct dirent *entry;

        n = 0;
        while (d != NULL && (entry = readdir(d)) != NULL)
            if (entry->d_name[0] != '.') {
                n++;
                snprintf(last, 512, "%s/%s", path, entry->d_name);
            }
        if (d != NULL)
            closedir(d);
        nanosleep(&pause, NULL);
    }
    return n;
}

static void
test_the_notifier_delivers(void **state)
{
    struct world *w = *state;
    struct conf_error err;
    struct texts *texts = NULL;
    struct notify *n = NULL;
    struct notify_options options = {.database = w->database,
                                     .route = {.kind = MAIL_ROUTE_MAILDIR, .folder = w->folder},
                                     .from = "vigia@example.mx",
                                     .dashboard = "https://panel.example:8444"};
    char why[NOTIFY_WHY_MAX], path[512] = "", mail[20000];
    struct storage_incident i;
    size_t len;
    FILE *f;

    assert_int_equal(texts_load("rules", &texts, &err), VG_OK);
    options.texts = texts;
    assert_int_equal(notify_start(&options, &n, why), VG_OK);
    i = incident(w, "a", vtime_now());
    queue(w, &i, false, vtime_now());
    notify_kick(n);
    assert_int_equal(count_files(w->folder, 1, path), 1);
    notify_stop(n);

    f = fopen(path, "r");
    assert_non_null(f);
    len = fread(mail, 1, sizeof mail - 1, f);
    fclose(f);
    mail[len] = '\0';
    assert_non_null(strstr(mail, "\r\nTo: <dueno@example.mx>\r\n"));
    assert_non_null(strstr(mail, i.id)); /* Message-ID */
    assert_non_null(strstr(mail, "Soporte Norte"));
    assert_null(strstr(mail, "evil.example"));
    expect_due(w, vtime_now() + VG_DAY_NS, ""); /* marked as sent */
    texts_free(texts);
}

#define ONE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        ONE(test_an_update_only_when_graver_and_once_an_hour),
        ONE(test_a_full_day_says_so_once),
        ONE(test_no_address_no_mail),
        ONE(test_the_notifier_delivers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
