/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/capture.h"

#include <openssl/evp.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/net/decode/decode.h"
#include "common/vtime.h"

/* Frames are handed over in blocks: how long one may wait, in ms. */
enum { LIVE_TIMEOUT_MS = 100, IDENTITY_BYTES = 64 * 1024, CAPTURE_NAME_MAX = 65 };
/* Read ahead of a file: few system calls, each of which passes the sandbox's filter, and still
 * within the processor's second-level cache. */
enum { READ_AHEAD_BYTES = 256 * 1024 };
#define CAPTURE_TIME_MAX_S INT64_C(7258118400) /* the year 2200: what vtime can write */

struct capture {
    pcap_t *pcap;
    FILE *file;  /* until capture_begin(): afterwards libpcap's */
    char *ahead; /* owned, of a file: its buffer, READ_AHEAD_BYTES; outlives it */
    bool live;
    char interface[CAPTURE_NAME_MAX]; /* of a live one */
    int64_t last_ns;
    char identity[CAPTURE_IDENTITY_MAX];
    char why[CAPTURE_WHY_MAX];
};

static enum vg_err
refuse(char why[CAPTURE_WHY_MAX], enum vg_err err, const char *name, const char *what)
{
    snprintf(why, CAPTURE_WHY_MAX, "%.120s: %.180s", name, what);
    return err;
}

void
capture_free(struct capture *c)
{
    if (c == NULL)
        return;
    if (c->pcap != NULL)
        pcap_close(c->pcap);
    if (c->file != NULL)
        fclose(c->file);
    free(c->ahead);
    free(c);
}

/* ---- live ---- */

static enum vg_err
activate_error(int status)
{
    switch (status) {
    case PCAP_ERROR_PERM_DENIED:
    case PCAP_ERROR_PROMISC_PERM_DENIED:
        return VG_ERR_DENIED;
    case PCAP_ERROR_NO_SUCH_DEVICE:
        return VG_ERR_NOENT;
    default:
        return VG_ERR_SYS;
    }
}

static enum vg_err
set_filter(pcap_t *pcap, const struct capture_live *live, char why[CAPTURE_WHY_MAX])
{
    struct bpf_program program;
    int failed;

    if (live->bpf == NULL || live->bpf[0] == '\0')
        return VG_OK;
    if (pcap_compile(pcap, &program, live->bpf, 1, PCAP_NETMASK_UNKNOWN) != 0)
        return refuse(why, VG_ERR_CONFIG, live->bpf, pcap_geterr(pcap));
    failed = pcap_setfilter(pcap, &program);
    pcap_freecode(&program);
    return failed == 0 ? VG_OK : refuse(why, VG_ERR_SYS, live->bpf, pcap_geterr(pcap));
}

static enum vg_err
activate(struct capture *c, const struct capture_live *live, char why[CAPTURE_WHY_MAX])
{
    char text[PCAP_ERRBUF_SIZE] = "";
    int status;

    if (pcap_set_snaplen(c->pcap, (int)live->snaplen) != 0 ||
        pcap_set_buffer_size(c->pcap, (int)live->buffer_bytes) != 0 ||
        pcap_set_promisc(c->pcap, live->promiscuous) != 0 ||
        pcap_set_timeout(c->pcap, LIVE_TIMEOUT_MS) != 0)
        return refuse(why, VG_ERR_SYS, live->interface, "settings refused");
    (void)pcap_set_tstamp_precision(c->pcap, PCAP_TSTAMP_PRECISION_NANO); /* else scaled below */
    status = pcap_activate(c->pcap);                                      /* above 0: a warning */
    if (status < 0) {
        const char *detail = pcap_geterr(c->pcap);

        return refuse(why, activate_error(status), live->interface,
                      detail != NULL && detail[0] != '\0' ? detail : pcap_statustostr(status));
    }
    if (!decode_link_known(pcap_datalink(c->pcap)))
        return refuse(why, VG_ERR_CONFIG, live->interface, "a link type that is not decoded");
    if (pcap_setnonblock(c->pcap, 1, text) != 0)
        return refuse(why, VG_ERR_SYS, live->interface, text);
    return set_filter(c->pcap, live, why);
}

enum vg_err
capture_open_live(const struct capture_live *live, struct capture **out, char why[CAPTURE_WHY_MAX])
{
    char text[PCAP_ERRBUF_SIZE] = "";
    struct capture *c = calloc(1, sizeof(*c));
    enum vg_err err;

    if (c == NULL)
        return VG_ERR_NOMEM;
    c->live = true;
    (void)vg_strcpy(c->interface, sizeof(c->interface), live->interface);
    c->pcap = pcap_create(live->interface, text);
    err = c->pcap != NULL ? activate(c, live, why) : refuse(why, VG_ERR_SYS, live->interface, text);
    if (err != VG_OK) {
        capture_free(c);
        return err;
    }
    *out = c;
    return VG_OK;
}

/* ---- files ---- */

enum vg_err
capture_open_file(const char *path, struct capture **out, char why[CAPTURE_WHY_MAX])
{
    struct platform_stat stat;
    struct capture *c;
    enum vg_err err = platform_path_stat(path, &stat);

    if (err != VG_OK)
        return refuse(why, err, path,
                      err == VG_ERR_NOENT ? "there is no such file" : "cannot be looked at");
    if (!stat.regular)
        return refuse(why, VG_ERR_FORMAT, path, "is not a file");
    c = calloc(1, sizeof(*c));
    if (c == NULL)
        return VG_ERR_NOMEM;
    c->file = fopen(path, "rb");
    if (c->file == NULL) {
        capture_free(c);
        return refuse(why, VG_ERR_DENIED, path, "cannot be opened");
    }
    *out = c;
    return VG_OK;
}

static enum vg_err
identify(struct capture *c)
{
    uint8_t *head = malloc(IDENTITY_BYTES), digest[32];
    unsigned len = 0;
    enum vg_err err = VG_ERR_SYS;
    long size;
    size_t n;

    if (head == NULL)
        return VG_ERR_NOMEM;
    n = fread(head, 1, IDENTITY_BYTES, c->file);
    if (ferror(c->file) || fseek(c->file, 0, SEEK_END) != 0 || (size = ftell(c->file)) < 0 ||
        fseek(c->file, 0, SEEK_SET) != 0)
        goto fail;
    if (EVP_Digest(head, n, digest, &len, EVP_sha256(), NULL) != 1)
        goto fail;
    for (size_t i = 0; i < 16; i++)
        snprintf(c->identity + 2 * i, 3, "%02x", digest[i]);
    snprintf(c->identity + 32, sizeof(c->identity) - 32, "-%ld", size);
    err = VG_OK;
fail:
    free(head);
    return err;
}

enum vg_err
capture_begin(struct capture *c, char why[CAPTURE_WHY_MAX])
{
    char text[PCAP_ERRBUF_SIZE] = "";
    enum vg_err err;

    c->ahead = malloc(READ_AHEAD_BYTES);
    if (c->ahead == NULL)
        return VG_ERR_NOMEM;
    (void)setvbuf(c->file, c->ahead, _IOFBF, READ_AHEAD_BYTES); /* refused: slower, no worse */
    err = identify(c);
    if (err != VG_OK)
        return refuse(why, err, "capture", "cannot be read");
    c->pcap = pcap_fopen_offline_with_tstamp_precision(c->file, PCAP_TSTAMP_PRECISION_NANO, text);
    if (c->pcap == NULL)
        return refuse(why, VG_ERR_FORMAT, "no capture", text);
    c->file = NULL; /* pcap_close() closes it */
    if (!decode_link_known(pcap_datalink(c->pcap))) {
        const char *name = pcap_datalink_val_to_name(pcap_datalink(c->pcap));

        return refuse(why, VG_ERR_FORMAT, "link type that is not decoded",
                      name != NULL ? name : "without a name");
    }
    return VG_OK;
}

const char *
capture_identity(const struct capture *c)
{
    return c->identity;
}

/* ---- frames ---- */

static int64_t
time_of(struct capture *c, const struct pcap_pkthdr *head)
{
    int64_t s = head->ts.tv_sec, ns = head->ts.tv_usec;

    if (pcap_get_tstamp_precision(c->pcap) == PCAP_TSTAMP_PRECISION_MICRO)
        ns *= VG_US_NS;
    /* A damaged clock must not move time for everybody else. */
    if (s >= 0 && s < CAPTURE_TIME_MAX_S && ns >= 0 && ns < VG_SEC_NS)
        c->last_ns = s * VG_SEC_NS + ns;
    return c->last_ns;
}

enum vg_err
capture_next(struct capture *c, struct frame *out)
{
    struct pcap_pkthdr *head;
    const u_char *bytes;
    int got = pcap_next_ex(c->pcap, &head, &bytes);

    if (got == 1) {
        out->time_ns = time_of(c, head);
        out->bytes = slice_of(bytes, head->caplen);
        out->wire = head->len > head->caplen ? head->len : head->caplen;
        return VG_OK;
    }
    if (got == 0)
        return VG_AGAIN;
    if (got == PCAP_ERROR_BREAK)
        return VG_END;
    if (c->live)
        return refuse(c->why, VG_ERR_SYS, c->interface, pcap_geterr(c->pcap));
    snprintf(c->why, sizeof(c->why), "%.300s", pcap_geterr(c->pcap));
    return VG_ERR_FORMAT;
}

const char *
capture_why(const struct capture *c)
{
    return c->why;
}

int
capture_link(const struct capture *c)
{
    return pcap_datalink(c->pcap);
}

platform_handle
capture_handle(const struct capture *c)
{
    return c->live ? (platform_handle)pcap_get_selectable_fd(c->pcap) : PLATFORM_NO_HANDLE;
}

uint64_t
capture_drops(struct capture *c)
{
    struct pcap_stat stat;

    if (!c->live || pcap_stats(c->pcap, &stat) != 0)
        return 0;
    return (uint64_t)stat.ps_drop + stat.ps_ifdrop;
}
