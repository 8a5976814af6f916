/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cli/pay_out.h"

#include <string.h>

#include "agent/cli/cli.h"
#include "agent/pay/txn.h"

enum { OUT_FLUSH = 64 * 1024, OUT_CAP = 1024 * 1024 };

bool
pay_out_is_dash(const char *path)
{
    return path != NULL && strcmp(path, "-") == 0;
}

enum vg_exit
pay_out_open(struct pay_out *out, const char *path, const char *header)
{
    buf_init(&out->text, OUT_CAP);
    if (path == NULL)
        return VG_EXIT_DONE;
    out->to = pay_out_is_dash(path) ? stdout : fopen(path, "wb");
    if (out->to == NULL) {
        return (enum vg_exit)cli_fail(VG_EXIT_USAGE, "pay: %s: cannot be written", path);
    }
    if (header != NULL) {
        buf_put_str(&out->text, header);
        buf_put_u8(&out->text, '\n');
    }
    return VG_EXIT_DONE;
}

static enum vg_err
out_flush(struct pay_out *out, size_t over)
{
    if (out->to == NULL || out->text.len <= over)
        return VG_OK;
    if (out->text.bad || fwrite(out->text.data, 1, out->text.len, out->to) != out->text.len)
        return VG_ERR_SYS;
    buf_clear(&out->text);
    return VG_OK;
}

/* Into the object that was just closed: its score, and what made it, by share. */
static void
put_scored(struct buf *out, const struct judge_scored *scored)
{
    out->len--; /* the brace */
    buf_printf(out, ",\"score\":%.6g,\"reasons\":{", scored->score);
    for (size_t i = 0; i < scored->count; i++)
        buf_printf(out, "%s\"%s\":%.3g", i > 0 ? "," : "", scored->reason[i].name,
                   scored->reason[i].share);
    buf_put_str(out, "}}");
}

enum vg_err
pay_out_txn(struct pay_out *out, const struct txn_view *t, const struct judge_scored *scored)
{
    if (out->to == NULL)
        return VG_OK;
    txn_write(t, &out->text);
    if (scored != NULL && !out->text.bad)
        put_scored(&out->text, scored);
    buf_put_u8(&out->text, '\n');
    return out_flush(out, OUT_FLUSH);
}

/* An id as a CSV column: quoted where it must be (RFC 4180). */
static void
put_id(struct buf *out, struct str id)
{
    bool quote = false;

    for (size_t i = 0; i < id.len; i++)
        quote |= strchr(",\"\r\n", id.at[i]) != NULL;
    if (!quote) {
        buf_put(out, id.at, id.len);
        return;
    }
    buf_put_u8(out, '"');
    for (size_t i = 0; i < id.len; i++) {
        if (id.at[i] == '"')
            buf_put_u8(out, '"');
        buf_put_u8(out, (uint8_t)id.at[i]);
    }
    buf_put_u8(out, '"');
}

enum vg_err
pay_out_score(struct pay_out *out, const struct txn_view *t, double score)
{
    char text[40];

    if (out->to == NULL)
        return VG_OK;
    (void)snprintf(text, sizeof text, ",%.6g\n", score);
    put_id(&out->text, t->id);
    buf_put_str(&out->text, text);
    return out_flush(out, OUT_FLUSH);
}

bool
pay_out_close(struct pay_out *out)
{
    bool ok = out_flush(out, 0) == VG_OK;

    buf_done(&out->text);
    if (out->to != NULL)
        ok &= (out->to == stdout ? fflush(stdout) : fclose(out->to)) == 0;
    out->to = NULL;
    return ok;
}
