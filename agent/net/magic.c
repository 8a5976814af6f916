/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/magic.h"

struct signature {
    uint16_t at;
    uint8_t len;
    const char *bytes;
    struct magic magic;
};

#define SIGNATURE(at, bytes, name, carries)                                                        \
    {                                                                                              \
        at, sizeof(bytes) - 1, bytes,                                                              \
        {                                                                                          \
            name, carries                                                                          \
        }                                                                                          \
    }

/* In this order: what is certain by more bytes comes before what is certain by fewer. */
static const struct signature SIGNATURES[] = {
    SIGNATURE(0, "MZ", "exe", true),
    SIGNATURE(0,
              "\x7f"
              "ELF",
              "elf", true),
    SIGNATURE(0, "\xcf\xfa\xed\xfe", "macho", true),
    SIGNATURE(0, "\xce\xfa\xed\xfe", "macho", true),
    SIGNATURE(0, "\xca\xfe\xba\xbe\x00\x00\x00\x02", "macho", true),
    SIGNATURE(0, "\xca\xfe\xba\xbe", "class", true),
    SIGNATURE(0, "\xca\xfe\xd0\x0d", "pack200", true),
    SIGNATURE(0, "dex\n", "dex", true),
    SIGNATURE(0, "\0asm", "wasm", true),
    SIGNATURE(0, "#!", "script", true),
    SIGNATURE(0, "<?php", "script", true),
    SIGNATURE(0, "<?=", "script", true),
    SIGNATURE(0, "<%", "script", true),
    SIGNATURE(0, "@echo off", "script", true),
    SIGNATURE(0, "@ECHO OFF", "script", true),
    SIGNATURE(0, "Windows Registry Editor", "reg", true),
    SIGNATURE(0, "REGEDIT4", "reg", true),
    SIGNATURE(0, "[InternetShortcut]", "url", true),
    SIGNATURE(0, "PK\x03\x04", "zip", true),
    SIGNATURE(0, "PK\x05\x06", "zip", true),
    SIGNATURE(0, "PK\x07\x08", "zip", true),
    SIGNATURE(0, "Rar!\x1a\x07", "rar", true),
    SIGNATURE(0, "7z\xbc\xaf\x27\x1c", "7z", true),
    SIGNATURE(0, "\x1f\x8b\x08", "gzip", true),
    SIGNATURE(0, "BZh", "bzip2", true),
    SIGNATURE(0,
              "\xfd"
              "7zXZ\0",
              "xz", true),
    SIGNATURE(0, "\x28\xb5\x2f\xfd", "zstd", true),
    SIGNATURE(0, "\x04\x22\x4d\x18", "lz4", true),
    SIGNATURE(0, "MSCF", "cab", true),
    SIGNATURE(2, "-lh", "lzh", true),
    SIGNATURE(7, "**ACE**", "ace", true),
    SIGNATURE(257, "ustar", "tar", true),
    SIGNATURE(0, "!<arch>\n", "ar", true),
    SIGNATURE(0, "\xed\xab\xee\xdb", "rpm", true),
    SIGNATURE(0, "Cr24", "crx", true),
    SIGNATURE(0, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole", true),
    SIGNATURE(0, "{\\rt", "rtf", true),
    SIGNATURE(0, "%PDF-", "pdf", true),
    SIGNATURE(0, "\x4c\x00\x00\x00\x01\x14\x02\x00", "lnk", true),
    SIGNATURE(0, "ITSF", "chm", true),
    SIGNATURE(0, "\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d", "onenote", true),
    SIGNATURE(0, "FWS", "swf", true),
    SIGNATURE(0, "CWS", "swf", true),
    SIGNATURE(0, "ZWS", "swf", true),
    SIGNATURE(0, "vhdxfile", "vhdx", true),
    SIGNATURE(0, "conectix", "vhd", true),
    SIGNATURE(0, "\x89PNG\r\n\x1a\n", "png", false),
    SIGNATURE(0, "\xff\xd8\xff", "jpeg", false),
    SIGNATURE(0, "GIF8", "gif", false),
    SIGNATURE(8, "WEBP", "webp", false),
    SIGNATURE(8, "WAVE", "wav", false),
    SIGNATURE(8, "AVI ", "avi", false),
    SIGNATURE(4, "ftyp", "mp4", false),
    SIGNATURE(4, "styp", "mp4", false),
    SIGNATURE(4, "moof", "mp4", false),
    SIGNATURE(4, "sidx", "mp4", false),
    SIGNATURE(0, "OggS", "ogg", false),
    SIGNATURE(0, "fLaC", "flac", false),
    SIGNATURE(0, "ID3", "mp3", false),
    SIGNATURE(0, "\xff\xfb", "mp3", false),
    SIGNATURE(0, "FLV\x01", "flv", false),
    SIGNATURE(0, "\x1a\x45\xdf\xa3", "webm", false),
    SIGNATURE(0, "\x30\x26\xb2\x75\x8e\x66\xcf\x11", "asf", false),
    SIGNATURE(0, "wOFF", "woff", false),
    SIGNATURE(0, "wOF2", "woff", false),
    SIGNATURE(0, "\x00\x01\x00\x00\x00", "ttf", false),
    SIGNATURE(0, "OTTO", "ttf", false),
    SIGNATURE(0, "\x00\x00\x01\x00", "ico", false),
    SIGNATURE(0, "BM", "bmp", false),
    SIGNATURE(0, "II*\0", "tiff", false),
    SIGNATURE(0, "MM\0*", "tiff", false),
    SIGNATURE(0, "SQLite format 3", "sqlite", false),
    SIGNATURE(0, "-----BEGIN ", "pem", false),
    SIGNATURE(0, "%!PS", "postscript", true),
    SIGNATURE(0, "\x1b%-12345X", "pjl", false),
};

static const struct magic HTML = {"html", false}, XML = {"xml", false}, TEXT = {"text", false},
                          UNKNOWN = {"", false};

static bool
has(struct slice head, const struct signature *s)
{
    const uint8_t *p;

    slice_skip(&head, s->at);
    p = slice_take(&head, s->len);
    return p != NULL && memcmp(p, s->bytes, s->len) == 0;
}

static void
skip_blank(struct slice *in)
{
    struct slice peek = *in;

    if (slice_be24(&peek) == 0xefbbbf) /* UTF-8's mark */
        *in = peek;
    for (peek = *in; peek.left > 0; *in = peek) {
        uint8_t c = slice_u8(&peek);

        if (c != ' ' && c != '\t' && c != '\r' && c != '\n')
            return;
    }
}

static bool
begins(struct slice in, const char *word)
{
    size_t n = strlen(word);

    return in.left >= n && str_eq_nocase(str_n(in.at, n), str_of(word));
}

/* Text has no control characters but the usual ones; bytes from 128 on may be any alphabet's. */
static bool
is_text(struct slice in)
{
    if (in.left == 0)
        return false;
    while (in.left > 0) {
        uint8_t c = slice_u8(&in);

        if ((c < 0x20 && c != '\t' && c != '\r' && c != '\n' && c != '\f' && c != 0x1b) ||
            c == 0x7f)
            return false;
    }
    return true;
}

static const struct magic *
marked_up(struct slice head)
{
    static const char *const html[] = {"<!doctype html", "<html",   "<head",   "<body",
                                       "<script",        "<iframe", "<title",  "<!--",
                                       "<div",           "<table",  "<center", "<meta"};
    struct slice in = head;

    skip_blank(&in);
    for (size_t i = 0; i < VG_ARRAY_LEN(html); i++)
        if (begins(in, html[i]))
            return &HTML;
    if (begins(in, "<?xml"))
        return &XML;
    return is_text(head) ? &TEXT : &UNKNOWN;
}

const struct magic *
magic_of(struct slice head)
{
    for (size_t i = 0; i < VG_ARRAY_LEN(SIGNATURES); i++)
        if (has(head, &SIGNATURES[i]))
            return &SIGNATURES[i].magic;
    return marked_up(head);
}

bool
magic_name_carries(struct str name)
{
    static const char *const endings[] = {
        ".ps1", ".psm1", ".bat",   ".cmd",  ".vbs", ".vbe", ".jse", ".wsf",  ".wsh", ".hta",
        ".sct", ".scr",  ".com",   ".pif",  ".cpl", ".msc", ".inf", ".slk",  ".iqy", ".xll",
        ".php", ".phtm", ".phtml", ".php5", ".jsp", ".asp", ".cgi", ".aspx", ".py",  ".sh",
        ".iso", ".img",  ".dll",   ".exe",  ".jar", ".sys", ".bin", ".dat",  ".ashx"};
    size_t end = 0;

    while (end < name.len && name.at[end] != '?' && name.at[end] != '#')
        end++;
    for (size_t i = 0; i < VG_ARRAY_LEN(endings); i++) {
        size_t n = strlen(endings[i]);

        if (end > n && str_eq_nocase(str_n(name.at + (end - n), n), str_of(endings[i])))
            return true;
    }
    return false;
}
