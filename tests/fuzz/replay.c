/* SPDX-License-Identifier: Apache-2.0 */
/* replay: runs a fuzz target over its corpus without libFuzzer, so that the ordinary tests cover it
 * under every sanitizer: each file whole, cut at every byte of its first CUT_MAX, and with
 * MUTATIONS seeded changes of one byte. Without a corpus: the empty input and seeded noise. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef REPLAY_SLOW /* a target whose single run is dear */
enum { FILE_MAX = 1 << 20, CUT_MAX = 64, MUTATIONS = 100, NOISE = 30 };
#else
enum { FILE_MAX = 1 << 20, CUT_MAX = 512, MUTATIONS = 200, NOISE = 200 };
#endif

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t
next(uint64_t *seed) /* SplitMix64 (Steele, Lea, Flood 2014) */
{
    uint64_t z = *seed += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* In a heap block of its own size, so that one byte too far is seen. */
static void
run(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size > 0 ? size : 1);

    if (copy == NULL)
        abort();
    if (size > 0)
        memcpy(copy, data, size);
    (void)LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static void
run_file(const char *path, uint8_t *room)
{
    uint64_t seed = 1;
    FILE *f = fopen(path, "rb");
    size_t n;

    if (f == NULL)
        return;
    n = fread(room, 1, FILE_MAX, f);
    (void)fclose(f);
    run(room, n);
    for (size_t cut = 0; cut < n && cut < CUT_MAX; cut++)
        run(room, cut);
    for (int i = 0; i < MUTATIONS && n > 0; i++) {
        size_t at = next(&seed) % n;
        uint8_t was = room[at];

        room[at] = (uint8_t)next(&seed);
        run(room, n);
        room[at] = was;
    }
}

static void
run_noise(uint8_t *room)
{
    uint64_t seed = 7;

    run(room, 0);
    for (int i = 0; i < NOISE; i++) {
        size_t n = next(&seed) % 600;

        for (size_t k = 0; k < n; k++)
            room[k] = (uint8_t)next(&seed);
        run(room, n);
    }
}

int
main(int argc, char **argv)
{
    uint8_t *room = calloc(1, FILE_MAX);
    struct dirent *entry;
    size_t files = 0;
    char path[1200];
    DIR *dir;

    if (room == NULL || argc != 2)
        return 2;
    run_noise(room);
    dir = opendir(argv[1]);
    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        (void)snprintf(path, sizeof path, "%.900s/%.256s", argv[1], entry->d_name);
        run_file(path, room);
        files++;
    }
    if (dir != NULL)
        (void)closedir(dir);
    free(room);
    printf("%zu files of the corpus, and noise\n", files);
    return 0;
}
