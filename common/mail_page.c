/* SPDX-License-Identifier: Apache-2.0 */
#include "common/mail_page.h"

#include <string.h>

/* Styles stand in the elements, since some readers drop the head; the head's sheet only turns the
 * colours where the reader's screen is dark. */
#define FONT                                                                                       \
    "font-family:-apple-system,BlinkMacSystemFont,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;"

static const char SHEET[] =
    "@media (prefers-color-scheme:dark){"
    ".g{background:#10171b!important}"
    ".s{background:#182227!important;border-color:#2b3940!important}"
    ".i{color:#e6edf0!important}.m{color:#a3b3bc!important}"
    ".b{background:#17363a!important}.l{border-color:#2b3940!important}}"
    "@media (max-width:480px){.s{padding:20px 18px!important}.g{padding:10px 6px!important}}";

static void
put_html(struct buf *out, const char *text)
{
    for (; *text != '\0'; text++) {
        switch (*text) {
        case '&':
            buf_put_str(out, "&amp;");
            break;
        case '<':
            buf_put_str(out, "&lt;");
            break;
        case '>':
            buf_put_str(out, "&gt;");
            break;
        case '"':
            buf_put_str(out, "&quot;");
            break;
        case '\n':
            buf_put_str(out, "<br>\n");
            break;
        default:
            buf_put_u8(out, (uint8_t)*text);
        }
    }
}

/* before TEXT after */
static void
put_wrapped(struct buf *out, const char *before, const char *text, const char *after)
{
    buf_put_str(out, before);
    put_html(out, text);
    buf_put_str(out, after);
}

void
mail_page_begin(struct mail_page *p, const char *language, const char *shop, const char *preview)
{
    buf_init(&p->text, MAIL_PAGE_MAX);
    buf_init(&p->html, MAIL_PAGE_MAX);
    buf_printf(&p->text, "Vigía · %s\n\n", shop);
    buf_printf(&p->html,
               "<!doctype html>\n<html lang=\"%s\"><head><meta charset=\"utf-8\">"
               "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
               "<meta name=\"color-scheme\" content=\"light dark\">"
               "<meta name=\"supported-color-schemes\" content=\"light dark\">"
               /* phones make links of numbers and addresses unless told not to */
               "<meta name=\"format-detection\" content=\"telephone=no,date=no,address=no,"
               "email=no,url=no\"><title>Vigía</title><style>%s</style></head>\n",
               language, SHEET);
    buf_put_str(&p->html, "<body class=\"g\" style=\"margin:0;padding:24px 12px;background:#f4f6f7;"
                          "\">\n");
    put_wrapped(&p->html, "<div style=\"display:none;max-height:0;overflow:hidden;opacity:0\">",
                preview, "</div>\n");
    buf_put_str(&p->html,
                "<div class=\"s\" style=\"max-width:560px;margin:0 auto;padding:28px 32px;"
                "background:#ffffff;border:1px solid #dde4e8;border-radius:12px;" FONT
                "font-size:16px;line-height:1.5;\">\n");
    put_wrapped(&p->html,
                "<p class=\"m\" style=\"margin:0 0 18px;font-size:14px;color:#53646f\">"
                "<strong>Vigía</strong> · ",
                shop, "</p>\n");
}

void
mail_page_badge(struct mail_page *p, enum severity severity, const char *word, const char *beside)
{
    static const char *const colors[] = {
        [SEVERITY_INFO] = "background:#e4eef8;color:#23558a",
        [SEVERITY_LOW] = "background:#e4eef8;color:#23558a",
        [SEVERITY_MEDIUM] = "background:#fbf1cf;color:#6e5200",
        [SEVERITY_HIGH] = "background:#fdebdc;color:#93400a",
        [SEVERITY_CRITICAL] = "background:#8f1220;color:#ffffff",
    };

    buf_printf(&p->text, "%s · %s\n\n", word, beside);
    buf_printf(&p->html,
               "<p class=\"m\" style=\"margin:0 0 10px;font-size:14px;color:#53646f\">"
               "<span style=\"display:inline-block;padding:2px 11px;border-radius:99px;"
               "font-weight:600;%s\">",
               colors[severity]);
    put_html(&p->html, word);
    put_wrapped(&p->html, "</span> <span style=\"white-space:nowrap\">&ensp;", beside,
                "</span></p>\n");
}

void
mail_page_title(struct mail_page *p, const char *title)
{
    buf_printf(&p->text, "%s\n\n", title);
    put_wrapped(&p->html,
                "<h1 class=\"i\" style=\"margin:0 0 20px;font-size:22px;line-height:1.3;"
                "color:#1b2a33\">",
                title, "</h1>\n");
}

void
mail_page_block(struct mail_page *p, const char *label, const char *body)
{
    buf_printf(&p->text, "%s\n%s\n\n", label, body);
    put_wrapped(&p->html,
                "<p class=\"m\" style=\"margin:0 0 2px;font-size:14px;font-weight:600;"
                "color:#53646f\">",
                label, "</p>\n");
    put_wrapped(&p->html, "<p class=\"i\" style=\"margin:0 0 18px;color:#1b2a33\">", body,
                "</p>\n");
}

void
mail_page_box(struct mail_page *p, const char *label, const char *body)
{
    buf_printf(&p->text, ">> %s\n%s\n\n", label, body);
    buf_put_str(&p->html, "<div class=\"b\" style=\"margin:0 0 18px;padding:14px 18px;"
                          "background:#e2f0f1;border-radius:8px\">\n");
    put_wrapped(&p->html,
                "<p class=\"i\" style=\"margin:0 0 2px;font-size:14px;font-weight:600;"
                "color:#0a464c\">",
                label, "</p>\n");
    put_wrapped(&p->html, "<p class=\"i\" style=\"margin:0;font-weight:600;color:#1b2a33\">", body,
                "</p></div>\n");
}

void
mail_page_link(struct mail_page *p, const char *label, const char *url)
{
    buf_printf(&p->text, ">> %s:\n%s\n\n", label, url);
    put_wrapped(&p->html,
                "<div class=\"b\" style=\"margin:0 0 18px;padding:14px 18px;background:#e2f0f1;"
                "border-radius:8px\">\n<p class=\"i\" style=\"margin:0 0 2px;font-size:14px;"
                "font-weight:600;color:#0a464c\">",
                label, ":</p>\n");
    put_wrapped(&p->html,
                "<p class=\"i\" style=\"margin:0;color:#1b2a33;word-break:break-all\"><a href=\"",
                url, "\" class=\"i\" style=\"color:#0a464c\">");
    put_wrapped(&p->html, "", url, "</a></p></div>\n");
}

void
mail_page_plain(struct mail_page *p, const char *body)
{
    buf_printf(&p->text, "%s\n\n", body);
    put_wrapped(&p->html, "<p class=\"i\" style=\"margin:0 0 18px;color:#1b2a33\">", body,
                "</p>\n");
}

void
mail_page_details(struct mail_page *p, const char *label)
{
    buf_printf(&p->text, "-----\n%s\n\n", label);
    put_wrapped(&p->html,
                "<div class=\"l\" style=\"margin:24px 0 0;border-top:1px solid #dde4e8\"></div>\n"
                "<p class=\"m\" style=\"margin:16px 0 6px;font-size:13px;font-weight:600;"
                "color:#53646f\">",
                label, "</p>\n");
}

void
mail_page_row(struct mail_page *p, const char *key, const char *value)
{
    buf_printf(&p->text, "%s: %s\n", key, value);
    put_wrapped(&p->html,
                "<p class=\"m\" style=\"margin:0 0 3px;font-size:13px;line-height:1.45;"
                "color:#53646f;overflow-wrap:anywhere\">",
                key, ": ");
    put_wrapped(&p->html, "<span class=\"i\" style=\"color:#1b2a33\">", value, "</span></p>\n");
}

void
mail_page_end(struct mail_page *p, const char *footer)
{
    buf_printf(&p->text, "\n%s\n", footer);
    put_wrapped(&p->html, "<p class=\"m\" style=\"margin:18px 0 0;font-size:13px;color:#53646f\">",
                footer, "</p>\n</div></body></html>\n");
}

void
mail_page_done(struct mail_page *p)
{
    buf_done(&p->text);
    buf_done(&p->html);
}
