/* SPDX-License-Identifier: Apache-2.0 */
/* capture: frames from an interface or from a pcap or pcapng file, by libpcap.
 *
 * A file is opened in two steps, so that the process can give up its rights in between: opening
 * the path reads nothing, capture_begin() reads the file's head. */
#pragma once

#include "agent/platform/platform.h"
#include "common/slice.h"

enum { CAPTURE_WHY_MAX = 320 };

struct capture;

struct capture_live {
    const char *interface;
    const char *bpf; /* "" for none */
    int64_t snaplen, buffer_bytes;
    bool promiscuous;
};

/* VG_ERR_DENIED, VG_ERR_NOENT, VG_ERR_CONFIG (the filter; a link type that we do not decode),
 * VG_ERR_SYS, VG_ERR_NOMEM; `why` is for people. */
enum vg_err capture_open_live(const struct capture_live *live, struct capture **out,
                              char why[CAPTURE_WHY_MAX]) VG_MUST_CHECK;
enum vg_err capture_open_file(const char *path, struct capture **out,
                              char why[CAPTURE_WHY_MAX]) VG_MUST_CHECK;
void capture_free(struct capture *c);

/* Only for files: reads the head. VG_ERR_FORMAT: no capture that we can read. */
enum vg_err capture_begin(struct capture *c, char why[CAPTURE_WHY_MAX]) VG_MUST_CHECK;

/* What the file is, whatever its name: a hash of its first bytes and its length, in hex. Only
 * for files, after capture_begin(). */
enum { CAPTURE_IDENTITY_MAX = 65 };
const char *capture_identity(const struct capture *c);

struct frame {
    int64_t time_ns;
    struct slice bytes; /* borrowed until the next call */
    uint32_t wire;      /* length before the snap length */
};

/* VG_OK and *out; VG_AGAIN: nothing now (live); VG_END: the file ended in good order;
 * VG_ERR_FORMAT: the file is damaged from here on, capture_why() tells; VG_ERR_SYS: the interface
 * is gone. */
enum vg_err capture_next(struct capture *c, struct frame *out) VG_MUST_CHECK;
const char *capture_why(const struct capture *c);
int capture_link(const struct capture *c);
platform_handle capture_handle(const struct capture *c); /* live: readable when frames wait */
/* Frames that were lost before we could read them, since the capture was opened. */
uint64_t capture_drops(struct capture *c);
