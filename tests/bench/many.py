# SPDX-License-Identifier: Apache-2.0
"""A capture of TCP conversations of which so many are open at once: always the same number of
conversations and packets, so that nothing but the number that is open at once differs.
Deterministic; needs little memory."""
import struct

START_S = 1_700_000_000
BATCH_NS = 10 * 10**9  # a batch of conversations lasts so long, however many they are
SYN, ACK, PSH, FIN = 2, 16, 8, 1
# Who sends (0 the client), flags, payload: one conversation of a shop's till with its bank.
TURNS = [(0, SYN, b''), (1, SYN | ACK, b''), (0, PSH | ACK, b'\x02\x00\x42' + b'q' * 61),
         (1, PSH | ACK, b'\x03\x00\x42' + b'r' * 61), (0, FIN | ACK, b''), (1, FIN | ACK, b'')]


def frame(sender, flags, payload, seq, ack):
    mac = [b'\x02\x00\x00\x00\x00\x01', b'\x02\x00\x00\x00\x00\x02']
    ip = struct.pack('>BBHHHBBH8x', 0x45, 0, 40 + len(payload), 0, 0x4000, 64, 6, 0)
    tcp = struct.pack('>HHIIBBHHH', 0, 0, seq, ack, 0x50, flags, 65535, 0, 0)
    return mac[1 - sender] + mac[sender] + b'\x08\x00' + ip + tcp + payload


def ends(n):
    """Addresses and ports of conversation n: 40,000 clients, 250 servers."""
    client = struct.pack('>BBBB', 10, n % 160, n // 160 % 250, 7)
    server = struct.pack('>BBBB', 93, 184, 216, 1 + n % 250)
    return client, server, struct.pack('>H', 1024 + n // 40000 % 60000), struct.pack('>H', 7777)


def make(out, at_once, conversations):
    """Writes it; how many packets there are."""
    templates, seq, ack = [], [1000, 5000], [0, 0]
    for sender, flags, payload in TURNS:
        templates.append((sender, frame(sender, flags, payload, seq[sender], seq[1 - sender])))
        seq[sender] += len(payload) + (1 if flags & (SYN | FIN) else 0)
    stride = 7919  # coprime to the sizes used: neighbours in time are not neighbours in the table
    step = BATCH_NS // (at_once * len(TURNS))
    with open(out, 'wb') as f:
        f.write(struct.pack('<IHHiIII', 0xa1b23c4d, 2, 4, 0, 0, 262144, 1))
        ns = 0
        for first in range(0, conversations, at_once):
            for sender, data in templates:
                head, tail = data[:26], data[38:]
                chunk = []
                for i in range(at_once):
                    client, server, cport, sport = ends(first + i * stride % at_once)
                    way = client + server + cport + sport if sender == 0 else server + client + sport + cport
                    chunk.append(struct.pack('<IIII', START_S + ns // 10**9, ns % 10**9, len(data), len(data)) + head + way + tail)
                    ns += step
                    if len(chunk) == 10000:
                        f.write(b''.join(chunk))
                        chunk.clear()
                f.write(b''.join(chunk))
    return conversations // at_once * at_once * len(TURNS)
