/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/file/file_scan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/detect/mask.h"

enum { SCAN_TIMEOUT_S = 30 };

struct file_scan {
    struct judge *judge;
    struct yara_rules *rules;
    struct file_scan_counts counts;
};

enum vg_err
file_scan_new(const char *rules_dir, struct judge *judge, struct file_scan **out,
              struct yara_report *report)
{
    struct file_scan *scan = calloc(1, sizeof(*scan));
    char folder[1024];
    enum vg_err err;

    if (scan == NULL)
        return VG_ERR_NOMEM;
    scan->judge = judge;
    snprintf(folder, sizeof(folder), "%s/yara", rules_dir);
    err = yara_load(folder, &scan->rules, report);
    if (err != VG_OK) {
        file_scan_free(scan);
        return err;
    }
    *out = scan;
    return VG_OK;
}

void
file_scan_free(struct file_scan *scan)
{
    if (scan == NULL)
        return;
    yara_free(scan->rules);
    free(scan);
}

static void
report(struct file_scan *scan, const char *path, uint64_t size, const struct yara_match *match,
       int64_t now_ns)
{
    char shown[PARTY_ID_MAX];
    const char *slash;
    struct party subject;
    struct finding finding = {.detector = "file.yara",
                              .time_ns = now_ns,
                              .subject = &subject,
                              .severity = match->severity,
                              .group = match->rule,
                              .score = 60 + 10.0 * match->severity};

    mask_text(shown, sizeof(shown), path, strlen(path));
    slash = strrchr(shown, '/');
    party_set(&subject, "file", shown, slash != NULL && slash[1] != '\0' ? slash + 1 : NULL);
    finding.facts = json_pack("{s:s, s:s, s:I}", "path", shown, "name", subject.label, "size",
                              (json_int_t)size);
    yara_put_facts(match, finding.facts);
    finding.evidence = json_array();
    (void)json_array_append_new(finding.evidence, yara_evidence(match, 0));
    judge_finding(scan->judge, &finding);
}

static enum vg_err
read_file(void *ctx, uint64_t offset, void *to, size_t size, size_t *got)
{
    const platform_file *file = ctx;
    size_t done = 0;

    while (done < size) {
        size_t n = 0;
        enum vg_err err =
            platform_file_read(*file, offset + done, (uint8_t *)to + done, size - done, &n);

        if (err != VG_OK)
            return err;
        if (n == 0)
            break;
        done += n;
    }
    *got = done;
    return VG_OK;
}

enum vg_err
file_scan_handle(struct file_scan *scan, platform_file file, const char *path, int64_t now_ns,
                 size_t *matches)
{
    struct platform_stat stat;
    struct yara_result result = {0};
    struct yara_source source = {.read = read_file, .ctx = &file};
    enum vg_err err = platform_file_stat(file, &stat);

    if (err == VG_OK && !stat.regular)
        err = VG_ERR_FORMAT;
    if (err == VG_OK) {
        source.size = stat.size < FILE_SCAN_BYTES_MAX ? stat.size : FILE_SCAN_BYTES_MAX;
        err = yara_scan_source(scan->rules, &source, SCAN_TIMEOUT_S, &result);
    }
    if (err != VG_OK && err != VG_ERR_LIMIT) {
        scan->counts.refused++;
        return err;
    }
    scan->counts.files++;
    scan->counts.bytes += source.size;
    scan->counts.unscanned += stat.size - source.size;
    scan->counts.timeouts += result.timeout;
    scan->counts.matches += result.count + result.more;
    for (size_t i = 0; i < result.count; i++)
        report(scan, path, stat.size, &result.match[i], now_ns);
    if (matches != NULL)
        *matches = result.count + result.more;
    return VG_OK;
}

enum vg_err
file_scan_path(struct file_scan *scan, const char *path, int64_t now_ns, size_t *matches)
{
    platform_file file;
    enum vg_err err = platform_file_open(path, &file);

    if (err != VG_OK) {
        scan->counts.refused++;
        return err;
    }
    err = file_scan_handle(scan, file, path, now_ns, matches);
    platform_file_close(file);
    return err;
}

const struct file_scan_counts *
file_scan_counts(const struct file_scan *scan)
{
    return &scan->counts;
}
