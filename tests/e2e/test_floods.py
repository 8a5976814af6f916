# SPDX-License-Identifier: Apache-2.0
"""Floods against the net sensor, as captures: its memory stays under the cap, ordinary traffic
before, within and after is understood, and one health event tells of the loss."""
import json, struct, subprocess, sys
import pytest
import vigia

MEMORY_KIB = 64 * 1024
# A program of its own runs the agent: a child's peak counts what its parent held when it was forked.
MEASURE = ('import resource, subprocess, sys; code = subprocess.call(sys.argv[2:]); '
           'open(sys.argv[1], "w").write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)); sys.exit(code)')
START_S = 1_700_000_000
PC, SERVER = b'\x0a\x00\x00\x02', b'\x5d\xb8\xd8\x22'
SYN, ACK, PSH, FIN, RST = 2, 16, 8, 1, 4


class Capture:
    """Ethernet frames into a pcap file; times in seconds from the start, given in order."""

    def __init__(self, path):
        self.file = open(path, 'wb', buffering=1 << 20)
        self.file.write(struct.pack('<IHHiIII', 0xa1b23c4d, 2, 4, 0, 0, 262144, 1))

    def ip(self, t, src, dst, proto, body, ident=0, fragment=0x4000):
        head = struct.pack('>BBHHHBBH', 0x45, 0, 20 + len(body), ident & 0xffff, fragment, 64, proto, 0) + src + dst
        frame = b'\x02\0\0\0\0\x01\x02\0\0\0\0\x02\x08\0' + head + body
        ns = int(t * 10**9)
        self.file.write(struct.pack('<IIII', START_S + ns // 10**9, ns % 10**9, len(frame), len(frame)) + frame)

    def tcp(self, t, src, sport, dst, dport, flags, seq=0, ack=0, payload=b''):
        self.ip(t, src, dst, 6, struct.pack('>HHIIBBHHH', sport, dport, seq & 0xffffffff, ack & 0xffffffff, 0x50, flags, 65535, 0, 0) + payload)

    def udp(self, t, src, sport, dst, dport, payload):
        self.ip(t, src, dst, 17, struct.pack('>HHHH', sport, dport, 8 + len(payload), 0) + payload)


def address(n):
    return struct.pack('>BBBB', 11 + n // 16000000 % 80, n >> 16 & 255, n >> 8 & 255, n & 255)


def question(number, name):
    labels = b''.join(bytes([len(p)]) + p for p in name.split(b'.')) + b'\0'
    return struct.pack('>HHHHHH', number & 0xffff, 0x0100, 1, 0, 0, 0) + labels + b'\0\x01\0\x01'


def answered(q, last):
    return q[:2] + b'\x81\x80\0\x01\0\x01\0\0\0\0' + q[12:] + b'\xc0\x0c\0\x01\0\x01\0\0\0\x3c\0\x04' + bytes([93, 184, 216, last])


def ordinary(c, t, n):
    """A question with its answer, then a page with its status; takes 1/100 s."""
    q = question(n, b'shop%d.example' % n)
    c.udp(t, PC, 20000 + n, SERVER, 53, q)
    c.udp(t + 0.001, SERVER, 53, PC, 20000 + n, answered(q, n & 255))
    get = b'GET /page%d HTTP/1.1\r\nHost: shop.example\r\n\r\n' % n
    ok = b'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok'
    p, s = (t + 0.002, PC, 30000 + n, SERVER, 80), (t + 0.003, SERVER, 80, PC, 30000 + n)
    c.tcp(*p, SYN, 100)
    c.tcp(*s, SYN | ACK, 500, 101)
    c.tcp(*p, ACK, 101, 501)
    c.tcp(*p, PSH | ACK, 101, 501, get)
    c.tcp(*s, PSH | ACK, 501, 101 + len(get), ok)
    c.tcp(*p, FIN | ACK, 101 + len(get), 501 + len(ok))
    c.tcp(*s, FIN | ACK, 501 + len(ok), 102 + len(get))
    c.tcp(*p, ACK, 102 + len(get), 502 + len(ok))


def syn_flood(c, t, n):
    c.tcp(t, address(n), 1024 + n % 60000, PC, 443, SYN, n)


def answered_syn_flood(c, t, n):
    c.tcp(t, address(n), 1024 + n % 60000, PC, 443, SYN, n)
    c.tcp(t, PC, 443, address(n), 1024 + n % 60000, SYN | ACK, n, n + 1)


def fragment_flood(c, t, n):
    c.ip(t, address(n // 3), PC, 17, b'F' * 1400, ident=n, fragment=0x2000 | 1 + n % 40 * 175)


def reassembly_bomb(c, t, n):
    """Thousands of connections, each with a hole and much behind it."""
    who, sport = address(n % 3000), 5000
    if n < 3000:
        c.tcp(t, who, sport, PC, 8888, SYN, 0)
    else:
        c.tcp(t, who, sport, PC, 8888, ACK, 1000 + n // 3000 * 1400, 1, b'B' * 1400)


def dns_flood(c, t, n):
    c.udp(t, address(n), 1024 + n % 60000, PC, 53, question(n, b'x%d.flood%d.example' % (n, n % 977)))


def small_flows(c, t, n):
    who, sport = address(n), 1024 + n % 60000
    c.tcp(t, who, sport, PC, 80, SYN, 1)
    c.tcp(t, PC, 80, who, sport, SYN | ACK, 9, 2)
    c.tcp(t, who, sport, PC, 80, PSH | ACK, 2, 10, b'GET /%d HTTP/1.1\r\nHost: small.example\r\n\r\n' % n)
    c.tcp(t, PC, 80, who, sport, PSH | ACK, 10, 60, b'HTTP/1.1 204 No Content\r\n\r\n')
    c.tcp(t, who, sport, PC, 80, RST, 60)


# flood, how many, how long in seconds
FLOODS = [(syn_flood, 300_000, 120), (answered_syn_flood, 150_000, 120), (fragment_flood, 60_000, 120),
          (reassembly_bomb, 60_000, 60), (dns_flood, 200_000, 20), (small_flows, 100_000, 10)]


@pytest.mark.parametrize('flood, many, seconds', FLOODS, ids=[f[0].__name__ for f in FLOODS])
def test_flood(tmp_path, flood, many, seconds):
    path = tmp_path / 'flood.pcap'
    c, pages = Capture(path), 0
    long_lived = b'GET /long HTTP/1.1\r\nHost: shop.example\r\n\r\n'
    c.tcp(0, PC, 40000, SERVER, 80, SYN, 7)  # opened before the flood, used after it
    c.tcp(0, SERVER, 80, PC, 40000, SYN | ACK, 70, 8)
    c.tcp(0, PC, 40000, SERVER, 80, ACK, 8, 71)
    for n in range(many):
        t = 1 + n * seconds / many
        flood(c, t, n)
        if n % (many // 20) == 0:
            ordinary(c, t, pages)
            pages += 1
    end = 1 + seconds
    c.tcp(end + 1, PC, 40000, SERVER, 80, PSH | ACK, 8, 71, long_lived)
    c.tcp(end + 1, SERVER, 80, PC, 40000, PSH | ACK, 71, 8 + len(long_lived), b'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
    for n in range(30):
        ordinary(c, end + 2 + n, pages)
        pages += 1
    ordinary(c, end + 200, pages)  # an hour of quiet would do as well
    pages += 1
    c.file.close()

    with open(tmp_path / 'events', 'wb') as events, open(tmp_path / 'lines', 'wb') as lines:
        p = subprocess.run([sys.executable, '-c', MEASURE, tmp_path / 'memory', vigia.AGENT, 'read', '--json', '--metadata', '-', path],
                           stdout=lines, stderr=events)
    assert p.returncode in (0, 1)
    assert int((tmp_path / 'memory').read_text()) < MEMORY_KIB
    seen, names, long_ok = set(), set(), False
    for line in open(tmp_path / 'lines'):
        if '"shop' not in line:
            continue
        m = json.loads(line)
        if m['type'] == 'http' and m['host'] == 'shop.example' and m['status'] == 200:
            seen.add(m['uri'])
        elif m['type'] == 'dns' and m['rcode'] == 0:
            names.add(m['query'])
    assert seen == {'/long'} | {'/page%d' % n for n in range(pages)}
    assert names == {'shop%d.example' % n for n in range(pages)}
    health = [e for e in map(json.loads, open(tmp_path / 'events')) if e['class'] == 'health']
    assert [e['detector'] for e in health] == ['net.loss']
    assert health[0]['facts']['ongoing'] is False
