/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/keeper/enroll.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/keeper/identity.h"
#include "agent/platform/platform.h"
#include "common/hex.h"

enum { ANSWER_MAX = 64 * 1024, CONNECT_S = 20, TOTAL_S = 60 };

enum vg_err
enroll_url_parse(const char *text, struct enroll_url *out)
{
    const char *path, *mark;
    struct enroll_url url = {.base = ""};
    size_t n;

    if (strncmp(text, "https://", 8) != 0)
        return VG_ERR_FORMAT;
    path = strstr(text + 8, "/enroll/");
    mark = path != NULL ? strstr(path, "#sha256=") : NULL;
    if (mark == NULL || memchr(text + 8, '/', (size_t)(path - text - 8)) != NULL)
        return VG_ERR_FORMAT;
    n = (size_t)(path - text);
    if (n <= 8 || n >= sizeof url.base)
        return VG_ERR_FORMAT;
    memcpy(url.base, text, n);
    url.base[n] = '\0';
    path += strlen("/enroll/");
    n = (size_t)(mark - path);
    if (n == 0 || n >= sizeof url.token)
        return VG_ERR_FORMAT;
    memcpy(url.token, path, n);
    url.token[n] = '\0';
    if (url.token[strspn(url.token, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                    "0123456789_-")] != '\0')
        return VG_ERR_FORMAT;
    if (hex_parse_str(mark + strlen("#sha256="), url.fingerprint, sizeof url.fingerprint) != VG_OK)
        return VG_ERR_FORMAT;
    *out = url;
    return VG_OK;
}

static size_t
take(char *bytes, size_t size, size_t count, void *ctx)
{
    struct buf *answer = ctx;

    (void)size;
    buf_put(answer, bytes, count);
    return answer->bad ? 0 : count;
}

enum trust { TRUST_NOTHING_YET, TRUST_CA, TRUST_SYSTEM };

/* GET, or POST of `body`. *code tells why nothing came. */
static long
fetch(const char *url, enum trust trust, const struct buf *ca, const char *body, struct buf *answer,
      CURLcode *code)
{
    CURL *easy = curl_easy_init();
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
    long status = 0;

    *code = CURLE_OUT_OF_MEMORY;
    buf_clear(answer);
    if (easy == NULL || headers == NULL)
        goto done;
    (void)curl_easy_setopt(easy, CURLOPT_URL, url);
    (void)curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "https");
    (void)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_S);
    (void)curl_easy_setopt(easy, CURLOPT_TIMEOUT, (long)TOTAL_S);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEDATA, answer);
    if (trust == TRUST_NOTHING_YET) {
        /* Nothing but the name of a public file is sent: what comes back is checked by its hash. */
        (void)curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
        (void)curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
    } else if (trust == TRUST_CA) {
        struct curl_blob blob = {ca->data, ca->len, CURL_BLOB_COPY};

        (void)curl_easy_setopt(easy, CURLOPT_CAINFO_BLOB, &blob);
        (void)curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    }
    if (body != NULL) {
        (void)curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body);
        (void)curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    }
    *code = curl_easy_perform(easy);
    if (*code == CURLE_OK)
        (void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
done:
    curl_slist_free_all(headers);
    curl_easy_cleanup(easy);
    return status;
}

static enum vg_err
fetch_ca(const struct enroll_url *url, struct buf *ca, char why[ENROLL_WHY_MAX])
{
    char address[ENROLL_URL_MAX + 16];
    struct pki_info info;
    CURLcode code;
    long status;

    (void)snprintf(address, sizeof address, "%s/ca.pem", url->base);
    status = fetch(address, TRUST_NOTHING_YET, NULL, NULL, ca, &code);
    if (code != CURLE_OK) {
        (void)snprintf(why, ENROLL_WHY_MAX, "%s: %s", url->base, curl_easy_strerror(code));
        return VG_ERR_SYS;
    }
    if (status != 200 || pki_info(buf_slice(ca), &info) != VG_OK) {
        (void)snprintf(why, ENROLL_WHY_MAX, "%s is no Vigia collector", url->base);
        return VG_ERR_FORMAT;
    }
    if (memcmp(info.fingerprint, url->fingerprint, sizeof info.fingerprint) != 0) {
        (void)snprintf(why, ENROLL_WHY_MAX,
                       "%s is not the collector that this address was made by (its CA has another "
                       "fingerprint): nothing was sent",
                       url->base);
        return VG_ERR_DENIED;
    }
    return VG_OK;
}

static char *
request_text(const struct buf *csr, struct store *store)
{
    char host[128] = "", machine[128] = "", hex[65] = "", *text;
    uint8_t key[32];
    json_t *body;

    (void)!platform_host_name(host, sizeof host);
    (void)!platform_machine_id(machine, sizeof machine);
    body = json_pack("{ss% ss ss ss}", "csr", (const char *)csr->data, csr->len, "host", host,
                     "machine", machine, "version", VIGIA_VERSION);
    if (body != NULL && store != NULL && store_seal_key_first(store, key) == VG_OK) {
        hex_put(key, sizeof key, hex);
        (void)json_object_set_new(body, "store", json_string(store_id(store)));
        (void)json_object_set_new(body, "seal_key", json_string(hex));
    }
    text = body != NULL ? vg_json_text(body) : NULL;
    json_decref(body);
    platform_secure_zero(key, sizeof key);
    platform_secure_zero(hex, sizeof hex);
    return text;
}

static enum vg_err
ask(const struct enroll_url *url, const struct buf *ca, const char *body, json_t **out,
    char why[ENROLL_WHY_MAX])
{
    char address[ENROLL_URL_MAX + 200];
    struct buf answer;
    json_t *tree = NULL;
    CURLcode code;
    long status;
    enum vg_err err = VG_OK;

    buf_init(&answer, ANSWER_MAX);
    (void)snprintf(address, sizeof address, "%s/enroll/%s", url->base, url->token);
    status = fetch(address, TRUST_CA, ca, body, &answer, &code);
    if (code == CURLE_PEER_FAILED_VERIFICATION) /* perhaps with a public certificate */
        status = fetch(address, TRUST_SYSTEM, NULL, body, &answer, &code);
    if (code != CURLE_OK) {
        (void)snprintf(why, ENROLL_WHY_MAX, "%s: %s", url->base, curl_easy_strerror(code));
        err = VG_ERR_SYS;
    } else if (vg_json_parse(buf_slice(&answer), ANSWER_MAX, &tree) != VG_OK) {
        (void)snprintf(why, ENROLL_WHY_MAX, "%s: HTTP %ld, no JSON", url->base, status);
        err = VG_ERR_FORMAT;
    } else if (status != 200) {
        (void)snprintf(why, ENROLL_WHY_MAX, "%s: %s", url->base,
                       vg_json_str(tree, "message", "refused"));
        err = status == 403 ? VG_ERR_DENIED : VG_ERR_SYS;
    }
    buf_done(&answer);
    if (err != VG_OK) {
        json_decref(tree);
        return err;
    }
    *out = tree;
    return VG_OK;
}

/* What was asked for is what came: our key's certificate, from the CA that was checked. */
static enum vg_err
check_answer(const struct enroll_url *url, struct slice key_pem, const json_t *answer)
{
    const char *cert = vg_json_str(answer, "cert", ""), *ca = vg_json_str(answer, "ca", "");
    struct pki_info info;

    if (pki_info(slice_of(cert, strlen(cert)), &info) != VG_OK)
        return VG_ERR_FORMAT;
    /* At a moment within its own dates: this PC's clock may be wrong. */
    if (pki_check(slice_of(cert, strlen(cert)), key_pem, slice_of(ca, strlen(ca)), info.from_ns) !=
            VG_OK ||
        pki_info(slice_of(ca, strlen(ca)), &info) != VG_OK ||
        memcmp(info.fingerprint, url->fingerprint, sizeof info.fingerprint) != 0)
        return VG_ERR_FORMAT;
    return VG_OK;
}

enum vg_err
enroll_run(const struct enroll_url *url, const char *state_dir, struct store *store, char **site,
           char why[ENROLL_WHY_MAX])
{
    struct buf ca, key, csr;
    char *body = NULL;
    json_t *answer = NULL;
    enum vg_err err;

    buf_init(&ca, PKI_PEM_MAX);
    buf_init(&key, PKI_PEM_MAX);
    buf_init(&csr, PKI_PEM_MAX);
    why[0] = '\0';
    err = fetch_ca(url, &ca, why);
    if (err == VG_OK)
        err = pki_key_new(&key);
    if (err == VG_OK)
        err = pki_csr_new(buf_slice(&key), "vigia-agent", &csr);
    if (err == VG_OK) {
        body = request_text(&csr, store);
        err = body != NULL ? ask(url, &ca, body, &answer, why) : VG_ERR_NOMEM;
    }
    if (err == VG_OK)
        err = check_answer(url, buf_slice(&key), answer);
    if (err == VG_OK)
        err = identity_save(state_dir, buf_slice(&key), answer);
    if (err == VG_OK && store != NULL && store_seal_key_forget(store) != VG_OK)
        (void)0; /* it goes up again with the first hello, and is forgotten then */
    if (err == VG_OK)
        *site = strdup(vg_json_str(answer, "site", ""));
    if (err != VG_OK && why[0] == '\0')
        (void)snprintf(why, ENROLL_WHY_MAX, "%s", vg_err_name(err));
    json_decref(answer);
    free(body);
    if (key.data != NULL)
        platform_secure_zero(key.data, key.room);
    buf_done(&csr);
    buf_done(&key);
    buf_done(&ca);
    return err;
}
