/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/detect/pay_frame.h"

#include <stdlib.h>
#include <string.h>

#include "agent/detect/codec.h"
#include "common/vtime.h"

enum vg_err
pay_frame_init(struct pay_frame *f, const struct detector_env *env, double days,
               char why[DETECT_WHY_MAX])
{
    f->judge = env->judge;
    f->settings = env->settings;
    f->zone = env->zone;
    f->hours = env->hours;
    pay_frame_copy(f->currency, sizeof f->currency,
                   str_of(env->currency != NULL ? env->currency : ""));
    return pay_setting(env->settings, "learn_days", days, 0, 3650, &f->learn_days, why);
}

void
pay_frame_time(struct pay_frame *f, int64_t now_ns)
{
    if (!f->any) {
        f->any = true;
        f->since_ns = f->last_ns = now_ns;
    }
    if (now_ns > f->last_ns)
        f->last_ns = now_ns;
    f->changed = true;
}

bool
pay_frame_learned(const struct pay_frame *f)
{
    return f->any && (double)(f->last_ns - f->since_ns) >= f->learn_days * (double)VG_DAY_NS;
}

const char *
pay_frame_currency(const struct pay_frame *f, const struct txn_view *t)
{
    return t->currency[0] != '\0' ? t->currency : f->currency;
}

void
pay_frame_save(void *self, struct state_out *out)
{
    struct pay_frame *f = self;
    struct buf blob;

    for (size_t i = 0; i < PAY_FRAME_TABLES; i++)
        if (f->tables[i] != NULL)
            keytab_save(f->tables[i], out);
    if (!f->changed)
        return;
    f->changed = false;
    buf_init(&blob, STATE_BLOB_MAX);
    codec_put_i64(&blob, f->since_ns);
    codec_put_i64(&blob, f->last_ns);
    if (f->put != NULL)
        f->put(self, &blob);
    if (!blob.bad)
        state_put(out, slice_of("a", 1), f->version, buf_slice(&blob));
    buf_done(&blob);
}

enum vg_err
pay_frame_load(void *self, struct slice key, uint16_t version, struct slice blob)
{
    struct pay_frame *f = self;
    struct slice name = key;

    for (size_t i = 0; i < PAY_FRAME_TABLES; i++)
        if (f->tables[i] != NULL && keytab_owns(f->tables[i], key))
            return keytab_load(f->tables[i], key, version, blob);
    if (key.left != 1 || slice_u8(&name) != 'a' || version != f->version)
        return VG_ERR_FORMAT;
    f->since_ns = codec_time(&blob);
    f->last_ns = codec_time(&blob);
    if (f->get != NULL)
        f->get(self, &blob);
    f->any = !blob.bad;
    return blob.bad ? VG_ERR_FORMAT : VG_OK;
}

void
pay_frame_free(void *self)
{
    struct pay_frame *f = self;

    if (f == NULL)
        return;
    for (size_t i = 0; i < PAY_FRAME_TABLES; i++)
        keytab_free(f->tables[i]);
    free(f);
}

void
pay_frame_health(const void *self, json_t *counters)
{
    const struct pay_frame *f = self;
    json_int_t kept = 0, turned_away = 0;

    for (size_t i = 0; i < PAY_FRAME_TABLES; i++) {
        if (f->tables[i] == NULL)
            continue;
        kept += (json_int_t)keytab_count(f->tables[i]);
        turned_away += (json_int_t)keytab_evicted(f->tables[i]);
    }
    (void)json_object_set_new(counters, "learning", json_integer(!pay_frame_learned(f)));
    (void)json_object_set_new(counters, "kept", json_integer(kept));
    (void)json_object_set_new(counters, "turned_away", json_integer(turned_away));
}

void
pay_frame_copy(char *dst, size_t size, struct str text)
{
    size_t n = text.len < size ? text.len : size - 1;

    if (n > 0)
        memcpy(dst, text.at, n);
    dst[n] = '\0';
}

void
pay_frame_put_text(const char *text, struct buf *out)
{
    codec_put_text(out, text, strlen(text));
}

void
pay_frame_get_text(char *dst, size_t size, struct slice *in)
{
    struct slice text = slice_sub(in, slice_be32(in));

    if (text.bad || text.left >= size) {
        in->bad = true;
        return;
    }
    dst[text.left] = '\0';
    (void)slice_copy(&text, dst, text.left);
}
