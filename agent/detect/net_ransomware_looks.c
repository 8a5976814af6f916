/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/detect/net_ransomware_looks.h"

#include <math.h>

enum { FLAT_MAX = 96, HEX_MIN = 64, FIELD_MAX = 16, ENDING_MAX = 40 };

static char
lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static bool
plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool
ransom_notes_set(struct ransom_notes *notes, struct str list)
{
    size_t i = 0;

    notes->count = 0;
    while (i < list.len) {
        size_t n = 0;

        while (i < list.len && list.at[i] == ' ')
            i++;
        if (i == list.len)
            break;
        if (notes->count == RANSOM_NOTES_MAX)
            return false;
        while (i < list.len && list.at[i] != ' ') {
            if (n + 1 == RANSOM_NOTE_MAX)
                return false;
            notes->word[notes->count][n++] = lower(list.at[i++]);
        }
        notes->word[notes->count++][n] = '\0';
    }
    return true;
}

static size_t
name_at(struct str path)
{
    size_t at = path.len;

    while (at > 0 && path.at[at - 1] != '\\' && path.at[at - 1] != '/')
        at--;
    return at;
}

struct str
ransom_folder(struct str path)
{
    return str_n(path.at, name_at(path));
}

static struct str
ending_of(struct str name)
{
    size_t at = name.len;

    while (at > 0 && name.at[at - 1] != '.')
        at--;
    return at == 0 ? str_of("") : str_n(name.at + at, name.len - at);
}

bool
ransom_is_note(const struct ransom_notes *notes, struct str path)
{
    static const char *const kinds[] = {"txt", "html", "htm", "hta", "url",
                                        "rtf", "png",  "bmp", "jpg", "pdf"};
    size_t at = name_at(path), n = 0;
    struct str name = str_n(path.at + at, path.len - at), ending = ending_of(name);
    char flat[FLAT_MAX];
    bool opens = false;

    for (size_t i = 0; i < VG_ARRAY_LEN(kinds) && !opens; i++)
        opens = str_eq_nocase(ending, str_of(kinds[i]));
    if (!opens)
        return false;
    for (size_t i = 0; i < name.len - ending.len && n + 1 < sizeof(flat); i++) {
        char c = lower(name.at[i]);

        if (plain(c))
            flat[n++] = c;
    }
    flat[n] = '\0';
    for (size_t i = 0; i < notes->count; i++) {
        if (strstr(flat, notes->word[i]) != NULL)
            return true;
    }
    return false;
}

/* Copies that programs keep for a while, and numbered ones. */
static bool
ending_is_tame(struct str ending)
{
    static const char *const tame[] = {
        "bak",        "tmp",      "temp",      "old",  "orig", "part", "partial",
        "crdownload", "download", "filepart",  "swp",  "wbk",  "lock", "gz",
        "zip",        "bz2",      "xz",        "zst",  "7z",   "new",  "save",
        "off",        "disabled", "uploading", "sync", "aes",  "gpg",  "pgp"};
    bool digits = true;

    for (size_t i = 0; i < ending.len; i++)
        digits = digits && ending.at[i] >= '0' && ending.at[i] <= '9';
    for (size_t i = 0; i < VG_ARRAY_LEN(tame); i++) {
        if (str_eq_nocase(ending, str_of(tame[i])))
            return true;
    }
    return digits;
}

struct str
ransom_added_ending(struct str path, struct str target)
{
    size_t from = name_at(path), to = name_at(target);
    struct str name = str_n(path.at + from, path.len - from), added;
    struct str grown = str_n(target.at + to, target.len - to);

    if (name.len == 0 || grown.len < name.len + 2 || grown.len > name.len + ENDING_MAX ||
        memcmp(grown.at, name.at, name.len) != 0)
        return str_of("");
    added = ending_of(str_n(grown.at + name.len, grown.len - name.len));
    return added.len == 0 || ending_is_tame(added) || ending_of(name).len == 0 ? str_of("") : added;
}

/* ---- bytes ---- */

/* Heads of formats that are packed or encoded by themselves: their own papers' magic numbers. */
static bool
has_head(struct slice in)
{
    static const struct {
        uint8_t at, len;
        char head[9];
    } heads[] = {
        {0, 2, "PK"},
        {0, 2, "\xff\xd8"},
        {0, 4, "\x89PNG"},
        {0, 4, "%PDF"},
        {0, 2, "\x1f\x8b"},
        {0, 2, "7z"},
        {0, 4, "Rar!"},
        {0, 4, "GIF8"},
        {4, 4, "ftyp"},
        {0, 4, "RIFF"},
        {0, 4, "\xd0\xcf\x11\xe0"},
        {0, 2, "MZ"},
        {0, 2, "BM"},
        {0, 3, "ID3"},
        {0, 2, "\xff\xfb"},
        {0, 4, "OggS"},
        {0, 4, "fLaC"},
        {0, 3, "BZh"},
        {0, 4,
         "\xfd"
         "7zX"},
        {0, 4, "\x28\xb5\x2f\xfd"},
        {0, 4, "\x1a\x45\xdf\xa3"},
        {0, 4, "MSCF"},
        {0, 3, "AES"},
        {0, 4, "TAPE"},
        {0, 4, "!BDN"},
        {0, 4, "SQLi"},
        {0, 4, "\x30\x26\xb2\x75"},
        {0, 3, "FLV"},
        {0, 4, "II*\0"},
        {0, 4, "MM\0*"},
        {0, 8, "Salted__"},
        {0, 4, "\0\0\1\xba"},
    };

    for (size_t i = 0; i < VG_ARRAY_LEN(heads); i++) {
        struct slice s = in;
        char here[9] = {0};

        slice_skip(&s, heads[i].at);
        if (slice_copy(&s, here, heads[i].len) && memcmp(here, heads[i].head, heads[i].len) == 0)
            return true;
    }
    return false;
}

/* Shannon's entropy of the sample in bits a byte, with the correction of Miller and Madow (1955) for
 * how few bytes there are. */
static double
entropy(struct slice in)
{
    uint32_t count[256] = {0};
    double n = (double)in.left, bits = 0, kinds = 0;

    while (in.left > 0)
        count[slice_u8(&in)]++;
    for (size_t i = 0; i < 256; i++) {
        if (count[i] == 0)
            continue;
        kinds++;
        bits -= count[i] / n * log2(count[i] / n);
    }
    return bits + (kinds - 1) / (2 * n * 0.6931471805599453);
}

bool
ransom_is_opaque(struct slice bytes)
{
    struct slice sample = bytes;

    if (bytes.left < RANSOM_SAMPLE_MIN || has_head(bytes))
        return false;
    if (sample.left > RANSOM_SAMPLE_MAX)
        sample = slice_sub(&bytes, RANSOM_SAMPLE_MAX);
    return entropy(sample) > 7.7;
}

bool
ransom_is_hex_form(struct slice in)
{
    size_t field = 0, hex = 0, letters = 0;

    while (in.left > 0) {
        char c = lower((char)slice_u8(&in));

        if (c == '=')
            break;
        if (!plain(c) && c != '_' && c != '-')
            return false;
        field++;
    }
    for (; in.left > 0; hex++) {
        char c = lower((char)slice_u8(&in));

        if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f'))
            return false;
        letters += c >= 'a';
    }
    return field >= 1 && field <= FIELD_MAX && hex >= HEX_MIN && letters > hex / 8;
}
