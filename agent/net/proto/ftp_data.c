/* SPDX-License-Identifier: Apache-2.0 */
/* ftp_data: the connection that an FTP command opened: a file on its way (transfer.h), or a list,
 * which is only named. It has no look of its own: expect.h. */
#include "agent/net/proto/ftp.h"

#include "agent/net/engine.h"
#include "agent/net/transfer.h"

struct ftp_data {
    struct transfer *file;
    unsigned sender;
    bool whole;
};

static void *
data_open(const struct protocol_call *call)
{
    const struct expectation *came = &net_expect(call->engine)->came;
    struct transfer_about about = {.service = "ftp",
                                   .name = str_of(came->name),
                                   .mime = str_of(NULL),
                                   .host = str_of(NULL),
                                   .coding = str_of(NULL),
                                   .from_server = !came->up,
                                   .client = came->serves ? 1 - came->end : came->end};
    struct ftp_data *d;

    if (!came->file)
        return NULL;
    d = net_parser_alloc(call->engine, sizeof(*d));
    if (d == NULL)
        return NULL;
    d->sender = came->up ? about.client : 1 - about.client;
    d->file = transfer_begin(call, &about);
    if (d->file == NULL) {
        net_parser_free(call->engine, d, sizeof(*d));
        return NULL;
    }
    return d;
}

static enum vg_err
data_bytes(void *self, const struct protocol_call *call, struct slice bytes)
{
    struct ftp_data *d = self;

    if (call->dir == d->sender)
        transfer_bytes(d->file, call, bytes);
    return VG_OK;
}

static enum vg_err
data_gap(void *self, const struct protocol_call *call, uint32_t bytes)
{
    struct ftp_data *d = self;

    if (call->dir == d->sender)
        transfer_gap(d->file, call, bytes);
    return VG_OK;
}

/* In stream mode the end of the connection is the end of the file (RFC 959, 3.4.1). */
static void
data_end(void *self, const struct protocol_call *call)
{
    struct ftp_data *d = self;

    if (call->dir == d->sender)
        d->whole = true;
}

static void
data_close(void *self, const struct protocol_call *call)
{
    struct ftp_data *d = self;

    transfer_end(d->file, call, d->whole);
    net_parser_free(call->engine, d, sizeof(*d));
}

const struct protocol PROTOCOL_FTP_DATA = {
    .name = "ftp-data",
    .open = data_open,
    .bytes = data_bytes,
    .gap = data_gap,
    .end = data_end,
    .close = data_close,
};
