#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the seeds of the net fuzzers from tests/fixtures/net (see its make.py)."""
import struct
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
FIXTURES, CORPUS = ROOT / 'tests' / 'fixtures' / 'net', ROOT / 'tests' / 'fuzz' / 'corpus'
LINKS = [1, 113, 276, 0, 108, 101, 12, 228, 229, 105, 127, 119, 163, 192, 9, 50, 51, 166, 204, 104,
         107, 8, 6, 10, 100, 129, 239, 258, 109, 219]  # as in fuzz_net_frame.c


def save(fuzzer, name, data):
    folder = CORPUS / fuzzer
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)


def frames(path):
    data = path.read_bytes()
    link, at = struct.unpack_from('<I', data, 20)[0], 24
    while at < len(data):
        size = struct.unpack_from('<I', data, at + 8)[0]
        yield link, data[at + 16:at + 16 + size]
        at += 16 + size


save('fuzz_net_savefile', 'tls.pcapng', (FIXTURES / 'tls.pcapng').read_bytes()[:1500])
for path in sorted(FIXTURES.glob('*.pcap*')):
    if path.stat().st_size < 1500:  # each is replayed at every length
        save('fuzz_net_savefile', path.name, path.read_bytes())
    if path.suffix == '.pcap':
        all_frames = list(frames(path))
        save('fuzz_net_frame', path.stem, bytes([LINKS.index(all_frames[0][0])]) +
             b''.join(struct.pack('>H', len(f)) + f for _, f in all_frames))
for i, (_, frame) in enumerate(frames(FIXTURES / 'dns.pcap')):
    if frame[23] == 17:
        save('fuzz_net_dns', '%02d' % i, frame[42:])
for i, (_, frame) in enumerate(frames(FIXTURES / 'network.pcap')):
    if i == 0:
        save('fuzz_net_dns', 'v6', frame[70:])
tls = (FIXTURES / 'tls.pcapng').read_bytes()
at = tls.find(bytes([3, 3]) + bytes(range(32)))
while at >= 0:
    size = int.from_bytes(tls[at - 3:at], 'big')
    save('fuzz_net_tls_hello', '%04x' % at, tls[at:at + size])
    at = tls.find(bytes([3, 3]) + bytes(range(32)), at + 1)


def pieces(head, *said):
    out = b''
    for side, data in said:
        while data:
            part, data = data[:head(1)], data[head(1):]
            out += head(0, side, part) + part
    return out


def tcp_piece(what, side=0, part=b''):
    return 200 if what else bytes([side, len(part)])


def http_piece(what, side=0, part=b''):
    return 97 if what else bytes([side | 12 << 2])


ask = b'GET / HTTP/1.1\r\nHost: a\r\n\r\nPOST /b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;x\r\nabc\r\n0\r\nT: 1\r\n\r\n'
tell = b'HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 23\r\n\r\n' + bytes.fromhex('1f8b0800000000000003cb48cdc9c907008 6a6103605000000'.replace(' ', ''))
tell += b'HTTP/1.1 200 OK\r\n\r\nuntil close'
save('fuzz_net_conversation', 'http', pieces(tcp_piece, (0, ask), (1, tell)))
save('fuzz_net_http', 'http', pieces(http_piece, (0, ask), (1, tell)))
save('fuzz_net_conversation', 'starttls', pieces(tcp_piece, (1, b'220 x\r\n'), (0, b'STARTTLS\r\n')) +
     pieces(tcp_piece, (0, b'\x16\x03\x01\x00\x30\x01\x00\x00\x2c\x03\x03' + bytes(32) + b'\0\0\2\x13\1\1\0\0\x00')))
save('fuzz_net_conversation', 'dns', pieces(tcp_piece, (0, b'\0\x13\0\1\1\0\0\1\0\0\0\0\0\0\1a\0\0\1\0\1')))
# Frames of the links that have no capture: one packet behind each head (tests/unit/net/test_decode.c).
PACKET = bytes.fromhex('4500002100010000401100000a0000020a0000010fa00009000d000068656c6c6f')
HEADS = {105: '080100000200000000010200000000020200000000030000aaaa030000000800', 9: 'ff030021', 204: '00ff030021',
         51: '1100000100230021', 104: '0f000800', 107: '184103cc', 8: '00' * 16,
         6: '1040020000000001020000000002aaaa030000000800', 129: '01020000f0',
         239: '02000000080 00a000000000125000900'.replace(' ', ''), 219: '000651ff', 192: '0000080001000000' + '02' * 12 + '0800'}
for link, head in HEADS.items():
    frame = bytes.fromhex(head) + PACKET
    save('fuzz_net_frame', 'link-%d' % link, bytes([LINKS.index(link)]) + struct.pack('>H', len(frame)) + frame)
# Segments: place, length, flags (0x81: FIN; bits 1 and 2: length doubled), bytes.
segment = lambda at, data, flags=0: struct.pack('>HBB', at, len(data), flags) + data
save('fuzz_net_stream', 'order', b'\xff\xff\xff\xf0' + segment(0, b'a' * 20) + segment(20, b'b' * 20, 0x81))
save('fuzz_net_stream', 'holes', b'\0\0\0\1' + segment(30, b'c' * 20) + segment(10, b'd' * 30) + segment(60, b'e' * 5, 0x81) +
     segment(0, b'f' * 70))
