/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cli/pay_out.h"

#include <math.h>
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
        quote |= id.at[i] < '-' && memchr(",\"\r\n", id.at[i], 5) != NULL;
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

/* As "%.6g" writes it. Scores are many and most are from 0.0001 to 100: of these the six digits are an
 * integer, whose rounding is certain where it is not within a millionth of a half. */
static void
put_score(struct buf *out, double score)
{
    static const double least[] = {1e-4, 1e-3, 1e-2, 1e-1, 1, 10, 100, 1000};
    static const double unit[] = {1e9, 1e8, 1e7, 1e6, 1e5, 1e4, 1e3};
    char text[] = "000000000"; /* three zeros for what is below 0.1, and the digits */
    size_t k = 0, end = sizeof text - 1;
    unsigned digits;
    double six;

    while (k < VG_ARRAY_LEN(unit) && !(score < least[k + 1]))
        k++;
    six = k < VG_ARRAY_LEN(unit) ? score * unit[k] : 0;
    digits = six > 0 && six < 1e6 ? (unsigned)(six + 0.5) : 0;
    if (!(score >= least[0]) || digits < 100000 || digits > 999999 ||
        fabs(six - floor(six) - 0.5) < 1e-6) {
        buf_printf(out, "%.6g", score);
        return;
    }
    for (size_t i = end; digits > 0; digits /= 10)
        text[--i] = (char)('0' + digits % 10);
    while (text[end - 1] == '0')
        end--;
    /* The point stands behind k of them: 000|123456 is 0.000123456, 000123|456 is 123.456. */
    buf_put(out, k > 3 ? text + 3 : "0", k > 3 ? k - 3 : 1);
    if (k > 3 && end < k)
        end = k;
    if (end > k)
        buf_put_u8(out, '.');
    buf_put(out, text + k, end - k);
}

enum vg_err
pay_out_score(struct pay_out *out, const struct txn_view *t, double score)
{
    if (out->to == NULL)
        return VG_OK;
    put_id(&out->text, t->id);
    buf_put_u8(&out->text, ',');
    put_score(&out->text, score);
    buf_put_u8(&out->text, '\n');
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
