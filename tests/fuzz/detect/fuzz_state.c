/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of any content into the panels of the net and the pay sensor, then observations: nothing may
 * break, and no row may cost more memory than the tables' caps allow.
 *
 * Input: a byte for the sensor; the number of rows; each row: owner, version, length of the key,
 * length of the blob (16 bits), key, blob; then five bytes for each observation. */
#include <malloc.h>

#include "state_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
/* The sanitizers' allocator counts by itself. */
size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

/* What rows may cost beyond the tables that panel_new() made: heads of tables that grow to their
 * caps, and the observations' own entries. */
enum { GROWTH_MAX = 32 * 1024 * 1024, OBSERVATIONS_MAX = 200 };

static size_t
allocated(void)
{
    return __sanitizer_get_current_allocated_bytes != NULL
               ? __sanitizer_get_current_allocated_bytes()
               : mallinfo2().uordblks + mallinfo2().hblkhd;
}

static void
on_event(void *ctx, json_t *event)
{
    char why[EVENT_WHY_MAX];

    (void)ctx;
    FUZZ_HOLDS(event_check(event, false, why) == VG_OK); /* whatever a row said */
    json_decref(event);
}

static void
on_state(void *ctx, const char *detector, struct slice key, uint16_t version, struct slice blob)
{
    (void)ctx, (void)detector, (void)version;
    FUZZ_HOLDS(key.left <= STATE_KEY_MAX && blob.left <= STATE_BLOB_MAX);
}

static void
load_row(struct panel *panel, struct slice *in)
{
    const char *owner = fuzz_owner(slice_u8(in));
    uint16_t version = slice_u8(in);
    size_t key_len = slice_u8(in), blob_len = slice_be16(in);
    struct slice key = slice_sub(in, key_len < in->left ? key_len : in->left);
    struct slice blob = slice_sub(in, blob_len < in->left ? blob_len : in->left);
    bool known;

    FUZZ_HOLDS(panel_load(panel, owner, key, version, blob, &known) == VG_OK);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct sink_ops ops = {.event = on_event, .state = on_state};
    const struct sink sink = {.ops = &ops};
    static struct texts *texts; /* read once: the same for every input */
    static struct zone *zone;
    struct conf_error wrong;
    struct slice in = slice_of(data, size);
    bool pay = slice_u8(&in) & 1;
    uint8_t rows = slice_u8(&in);
    int64_t t = FUZZ_START_NS;
    json_t *health = json_object();
    struct panel *panel;
    size_t before;

    if (texts == NULL) {
        FUZZ_HOLDS(texts_load("rules", &texts, &wrong) == VG_OK);
        zone = zone_utc();
        FUZZ_HOLDS(zone != NULL);
    }
    panel = fuzz_panel(pay ? "pay" : "net", texts, zone, &sink);
    before = allocated();
    while (rows-- > 0 && in.left > 5)
        load_row(panel, &in);
    for (int i = 0; i < OBSERVATIONS_MAX && in.left >= 5; i++) {
        t += fuzz_step(slice_u8(&in));
        if (pay)
            fuzz_pay(panel, &in, t);
        else
            fuzz_net(panel, &in, t);
    }
    panel_health(panel, health);
    panel_save(panel);
    FUZZ_HOLDS(allocated() < before + GROWTH_MAX + 64 * size);
    panel_free(panel);
    json_decref(health);
    return 0;
}
