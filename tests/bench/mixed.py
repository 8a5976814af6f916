# SPDX-License-Identifier: Apache-2.0
"""A mixed shop capture of any size, made of the labelled captures: every round shows all of them
again an hour later, interleaved in time and between other addresses. Deterministic; one round is
held in memory."""
import csv, struct, subprocess

ROUND_S = 3600
START_S = 1_700_000_000
PACKET_MIN = 600  # bytes, mean over the capture: small-packet captures are left out until it fits


def ethernet(path):
    """Packets of a capture as (ns, bytes, wire); [] where it is not Ethernet. tcpdump reads pcapng."""
    data = subprocess.run(['tcpdump', '-r', path, '-w', '-'], capture_output=True).stdout
    if len(data) < 24 or struct.unpack_from('<I', data)[0] not in (0xa1b2c3d4, 0xa1b23c4d) or struct.unpack_from('<I', data, 20)[0] != 1:
        return []
    scale = 1 if data[:4] == b'\x4d\x3c\xb2\xa1' else 1000
    packets, at = [], 24
    while at + 16 <= len(data):
        sec, part, n, wire = struct.unpack_from('<IIII', data, at)
        packets.append((sec * 10**9 + part * scale, data[at + 16:at + 16 + n], wire))
        at += 16 + n
    return packets


def network(p):
    """Where the network header begins, and its EtherType."""
    return (18, p[16:18]) if p[12:14] == b'\x81\x00' else (14, p[12:14])


def address_spots(p):
    """Offsets of the bytes that make another shop of it: the third byte of each IPv4 address, the
    seventh of each IPv6 one; none for groups. All of them are the higher byte of a word."""
    at, kind = network(p)
    if kind == b'\x08\x00' and len(p) >= at + 20:
        return [at + o + 2 for o in (12, 16) if 0 < p[at + o] < 224 and p[at + o] != 127]
    if kind == b'\x86\xdd' and len(p) >= at + 40:
        return [at + o + 6 for o in (8, 24) if p[at + o] != 0xff]
    if kind == b'\x08\x06' and len(p) >= at + 28:
        return [at + o + 2 for o in (14, 24)]
    return []


def sum_spots(p):
    """Offsets of the checksums that cover the addresses."""
    at, kind = network(p)
    if kind == b'\x08\x00' and len(p) >= at + 20:
        head, proto, first = at + (p[at] & 15) * 4, p[at + 9], (p[at + 6] & 31) == 0 and p[at + 7] == 0
        found = [at + 10]
    elif kind == b'\x86\xdd' and len(p) >= at + 40:
        head, proto, first, found = at + 40, p[at + 6], True, []
    else:
        return []
    spot = head + {6: 16, 17: 6, 58: 2}.get(proto, len(p))
    if first and spot + 2 <= len(p) and (proto != 17 or p[spot:spot + 2] != b'\0\0') and (proto != 58 or found == []):
        found.append(spot)
    return found


def shop(folder):
    """All packets of one round, in order of time: (ns from the round's start, bytes, wire)."""
    rows = sorted(r['file'] for r in csv.DictReader(open(folder / 'labels.csv')) if r['label'] != 'weird')
    captures = [c for c in (ethernet(folder / f) for f in rows) if c]
    captures.sort(key=lambda c: sum(len(p[1]) for p in c) / len(c))
    size, count = sum(len(p[1]) for c in captures for p in c), sum(map(len, captures))
    while size / count < PACKET_MIN:
        size, count = size - sum(len(p[1]) for p in captures[0]), count - len(captures[0])
        del captures[0]
    merged = []
    for i, c in enumerate(captures):
        first, length = min(p[0] for p in c), max(p[0] for p in c) - min(p[0] for p in c)
        begin = i * ROUND_S * 10**9 // (2 * len(captures))
        squeeze = max(1, -(-length // (ROUND_S * 10**9 - begin - 1)))
        merged += [(begin + (p[0] - first) // squeeze, i, n, p) for n, p in enumerate(c)]
    merged.sort(key=lambda m: m[:3])
    return [(m[0], m[3][1], m[3][2]) for m in merged], len(captures)


def mended(check, rise):
    """A checksum after `rise` was added to the words that it covers (RFC 1624)."""
    total = (~check & 0xffff) + (rise & 0xffff if rise >= 0 else 0xffff - (-rise & 0xffff))
    total = (total & 0xffff) + (total >> 16)
    return ~((total & 0xffff) + (total >> 16)) & 0xffff


def make(folder, out, size_min):
    """Writes rounds until `size_min` bytes of packets; (packets, bytes, captures)."""
    packets, captures = shop(folder)
    block, entries = bytearray(), []
    for ns, data, wire in packets:
        begin = len(block) + 16
        spots = [(begin + s, data[s]) for s in address_spots(data)]
        sums = [(begin + s, data[s] << 8 | data[s + 1]) for s in sum_spots(data)]
        entries.append((len(block), ns, spots, sums))
        block += struct.pack('<IIII', 0, 0, len(data), wire) + data
    size = count = turn = 0
    with open(out, 'wb') as f:
        f.write(struct.pack('<IHHiIII', 0xa1b23c4d, 2, 4, 0, 0, 262144, 1))
        while size < size_min:
            for at, ns, spots, sums in entries:
                struct.pack_into('<II', block, at, START_S + turn * ROUND_S + ns // 10**9, ns % 10**9)
                rise = 0
                for spot, byte in spots:
                    block[spot] = (byte + turn) & 255
                    rise += (block[spot] - byte) << 8
                for spot, check in sums:
                    struct.pack_into('>H', block, spot, mended(check, rise))
            f.write(block)
            size, count, turn = size + len(block) - 16 * len(packets), count + len(packets), turn + 1
    return count, size, captures
