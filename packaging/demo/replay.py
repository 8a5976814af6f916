#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Moves the demo to the present: writes shop.pcap and payments.csv with all times shifted so that the
last record lies two minutes before now. Standard library only.

  replay.py OUT_CAPTURE OUT_LOG
"""
import csv, datetime, os, struct, sys, time
from pathlib import Path

HERE = Path(__file__).resolve().parent
STAMP = '%Y-%m-%d %H:%M:%S'


def move_capture(out, end):
    data = (HERE / 'shop.pcap').read_bytes()
    at, spots = 24, []
    while at < len(data):
        seconds, _, size, _ = struct.unpack_from('<IIII', data, at)
        spots.append((at, seconds))
        at += 16 + size
    moved, shift = bytearray(data), int(end) - max(s for _, s in spots)
    for at, seconds in spots:
        struct.pack_into('<I', moved, at, seconds + shift)
    write(out, bytes(moved))


def move_log(out, end, source=HERE / 'payments.csv'):
    with open(source, newline='', encoding='utf-8') as f:
        rows = list(csv.reader(f))
    stamps = [datetime.datetime.strptime(r[0], STAMP) for r in rows[1:]]
    # The log is in the shop's own time, as a till writes it.
    now = datetime.datetime.fromtimestamp(end, datetime.timezone(datetime.timedelta(hours=-6))).replace(tzinfo=None)
    days = (now - max(stamps)).days  # whole days, so that opening hours stay what they were
    lines = [','.join(rows[0])]
    lines += [','.join([(s + datetime.timedelta(days=days)).strftime(STAMP)] + r[1:]) for s, r in zip(stamps, rows[1:])]
    write(out, ('\n'.join(lines) + '\n').encode())


def write(path, data):
    with open(path + '.part', 'wb') as f:
        f.write(data)
    os.replace(path + '.part', path)


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    end = time.time() - 120
    move_capture(sys.argv[1], end)
    move_log(sys.argv[2], end)


if __name__ == '__main__':
    main()
