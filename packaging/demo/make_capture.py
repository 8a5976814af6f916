#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes shop.pcap: an afternoon of a small shop's network with four attacks in it.

Everything is invented: private addresses, the documentation networks of RFC 5737, names under
.example, and a harmless text that one of our own YARA rules looks for. Standard library only; the
same seed gives the same bytes.

  make_capture.py OUT.pcap
"""
import random, struct, sys
from pathlib import Path

START = 1_760_000_000  # seconds; replay.py moves the whole capture to just before now
HOURS = 4
GATEWAY = ('192.168.10.1', '52:54:00:00:10:01')
TILL_1 = ('192.168.10.20', '52:54:00:00:10:20')
TILL_2 = ('192.168.10.21', '52:54:00:00:10:21')
OFFICE = ('192.168.10.30', '52:54:00:00:10:30')
GUEST = ('192.168.10.66', '52:54:00:00:10:66')  # the attacker inside
FIXTURES = Path(__file__).resolve().parents[2] / 'tests' / 'fixtures' / 'yara'


def mac(text):
    return bytes.fromhex(text.replace(':', ''))


def ip(text):
    return bytes(int(x) for x in text.split('.'))


def checksum(data):
    if len(data) % 2:
        data += b'\0'
    total = sum(struct.unpack('!%dH' % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


class Capture:
    def __init__(self):
        self.packets, self.serial = [], 0

    def frame(self, when, src_mac, dst_mac, kind, body):
        self.packets.append((when, len(self.packets), mac(dst_mac) + mac(src_mac) + struct.pack('!H', kind) + body))

    def ipv4(self, when, a, b, proto, body):
        self.serial = (self.serial + 1) & 0xffff
        head = struct.pack('!BBHHHBBH4s4s', 0x45, 0, 20 + len(body), self.serial, 0x4000, 64, proto, 0, ip(a[0]), ip(b[0]))
        head = head[:10] + struct.pack('!H', checksum(head)) + head[12:]
        self.frame(when, a[1], b[1], 0x0800, head + body)

    def tcp(self, when, a, b, sport, dport, seq, ack, flags, data=b''):
        head = struct.pack('!HHIIBBHHH', sport, dport, seq & 0xffffffff, ack & 0xffffffff, 0x50, flags, 64240, 0, 0)
        pseudo = ip(a[0]) + ip(b[0]) + struct.pack('!BBH', 0, 6, len(head) + len(data))
        head = head[:16] + struct.pack('!H', checksum(pseudo + head + data)) + head[18:]
        self.ipv4(when, a, b, 6, head + data)

    def udp(self, when, a, b, sport, dport, data):
        self.ipv4(when, a, b, 17, struct.pack('!HHHH', sport, dport, 8 + len(data), 0) + data)

    def arp(self, when, op, sender, target, to_mac='ff:ff:ff:ff:ff:ff'):
        body = struct.pack('!HHBBH', 1, 0x0800, 6, 4, op) + mac(sender[1]) + ip(sender[0])
        body += mac(target[1] if op == 2 else '00:00:00:00:00:00') + ip(target[0])
        self.frame(when, sender[1], to_mac, 0x0806, body)

    def talk(self, when, a, b, dport, sport, turns, rtt=0.03):
        """A whole connection: turns are (from the client?, bytes, pause before)."""
        seq, ack = 1000 + sport * 7, 5000 + sport * 11
        self.tcp(when, a, b, sport, dport, seq, 0, 0x02)
        self.tcp(when + rtt, b, a, dport, sport, ack, seq + 1, 0x12)
        self.tcp(when + rtt + 0.001, a, b, sport, dport, seq + 1, ack + 1, 0x10)
        seq, ack, now = seq + 1, ack + 1, when + rtt + 0.002
        for client, data, pause in turns:
            now += pause
            for at in range(0, len(data), 1400):
                piece = data[at:at + 1400]
                if client:
                    self.tcp(now, a, b, sport, dport, seq, ack, 0x18, piece)
                    seq += len(piece)
                else:
                    self.tcp(now, b, a, dport, sport, ack, seq, 0x18, piece)
                    ack += len(piece)
                now += 0.002
            now += rtt
        self.tcp(now, a, b, sport, dport, seq, ack, 0x11)
        self.tcp(now + rtt, b, a, dport, sport, ack, seq + 1, 0x11)
        self.tcp(now + rtt + 0.001, a, b, sport, dport, seq + 1, ack + 1, 0x10)

    def write(self, path):
        with open(path, 'wb') as f:
            f.write(struct.pack('<IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
            for when, _, data in sorted(self.packets):
                f.write(struct.pack('<IIII', int(when), int(when % 1 * 1e6), len(data), len(data)) + data)


def dns_name(name):
    return b''.join(bytes([len(x)]) + x.encode() for x in name.split('.')) + b'\0'


def lookup(cap, when, device, name, address, rng):
    ident, sport = rng.randrange(65536), rng.randrange(20000, 60000)
    question = dns_name(name) + struct.pack('!HH', 1, 1)
    cap.udp(when, device, GATEWAY, sport, 53, struct.pack('!6H', ident, 0x0100, 1, 0, 0, 0) + question)
    answer = b'\xc0\x0c' + struct.pack('!HHIH', 1, 1, 300, 4) + ip(address)
    cap.udp(when + 0.02, GATEWAY, device, 53, sport, struct.pack('!6H', ident, 0x8180, 1, 1, 0, 0) + question + answer)


def client_hello(name, rng):
    sni = name.encode()
    ext = struct.pack('!HHHBH', 0, len(sni) + 5, len(sni) + 3, 0, len(sni)) + sni
    ext += struct.pack('!HHHHH', 10, 6, 4, 0x001d, 0x0017) + struct.pack('!HHBB', 11, 2, 1, 0)
    ext += struct.pack('!HHHHH', 13, 6, 4, 0x0403, 0x0804) + struct.pack('!HHBHH', 43, 5, 4, 0x0304, 0x0303)
    body = struct.pack('!H', 0x0303) + rng.randbytes(32) + b'\0' + struct.pack('!HHHH', 6, 0x1301, 0x1302, 0xc02f)
    body += b'\1\0' + struct.pack('!H', len(ext)) + ext
    shake = b'\1' + struct.pack('!I', len(body))[1:] + body
    return b'\x16\x03\x01' + struct.pack('!H', len(shake)) + shake


def server(address):
    return (address, GATEWAY[1])


def https(cap, when, device, name, address, sport, rng, out, back):
    cap.talk(when, device, server(address), 443, sport, [
        (True, client_hello(name, rng), 0.0),
        (False, b'\x16\x03\x03' + struct.pack('!H', 90) + rng.randbytes(90), 0.01),
        (True, b'\x17\x03\x03' + struct.pack('!H', out) + rng.randbytes(out), 0.02),
        (False, b'\x17\x03\x03' + struct.pack('!H', min(back, 16000)) + rng.randbytes(back), 0.05)])


def http(cap, when, device, host, address, sport, path, body, kind='text/html'):
    request = 'GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: Mozilla/5.0 (Windows NT 10.0)\r\nAccept: */*\r\n\r\n' % (path, host)
    answer = 'HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n' % (kind, len(body))
    cap.talk(when, device, server(address), 80, sport, [(True, request.encode(), 0.0), (False, answer.encode() + body, 0.04)])


def ordinary(cap, rng):
    """People at work: look-ups, pages and app traffic at irregular times."""
    sites = [('pagos.banco.example', '198.51.100.10'), ('correo.example', '198.51.100.20'),
             ('noticias.example', '198.51.100.30'), ('proveedor.example', '198.51.100.40'),
             ('mapas.example', '198.51.100.50'), ('actualiza.example', '198.51.100.60')]
    for device, base in ((TILL_1, 10000), (TILL_2, 20000), (OFFICE, 30000)):
        now, sport = START + rng.uniform(5, 60), base
        while now < START + HOURS * 3600 - 60:
            name, address = rng.choice(sites)
            lookup(cap, now, device, name, address, rng)
            for _ in range(rng.randrange(1, 4)):
                sport += 1
                if name == 'noticias.example':
                    http(cap, now + rng.uniform(0.1, 2), device, name, address, sport, '/nota/%d' % rng.randrange(1000),
                         b'<html><body>' + b'Hoy en la ciudad. ' * rng.randrange(5, 20) + b'</body></html>')
                else:
                    https(cap, now + rng.uniform(0.1, 2), device, name, address, sport, rng, rng.randrange(200, 600), rng.randrange(300, 1200))
            now += rng.expovariate(1 / 700) + 5
        now = START + 1
        while now < START + HOURS * 3600:
            cap.arp(now, 1, device, GATEWAY)
            cap.arp(now + 0.001, 2, GATEWAY, device, device[1])
            now += 600


def attacks(cap, rng):
    # 1. A program on the second till reports to its master every minute.
    now, sport = START + 600, 40000
    lookup(cap, now - 1, TILL_2, 'cdn-sync.example', '203.0.113.50', rng)
    while now < START + HOURS * 3600 - 120:
        sport += 1
        https(cap, now, TILL_2, 'cdn-sync.example', '203.0.113.50', sport, rng, 180, 220)
        now += 60 * rng.uniform(0.95, 1.05)
    # 2. Somebody on the guest network tries the doors of both tills.
    at = START + 1.5 * 3600
    for target in (TILL_1, TILL_2):
        for port in range(1, 400):
            cap.tcp(at, GUEST, target, 50000 + port, port, port * 3, 0, 0x02)
            cap.tcp(at + 0.0005, target, GUEST, port, 50000 + port, 0, port * 3 + 1, 0x14)
            at += 0.02
    # 3. The same guest says to be the router.
    at = START + 2.5 * 3600
    false_gateway = (GATEWAY[0], GUEST[1])
    for _ in range(40):
        for victim in (TILL_1, TILL_2):
            cap.arp(at, 2, false_gateway, victim, victim[1])
        at += 2
    # 4. The office PC fetches a page that holds a card skimmer.
    hit = FIXTURES / 'skimmer_js.hit'
    lookup(cap, START + 3.5 * 3600, OFFICE, 'tienda.example', '203.0.113.80', rng)
    http(cap, START + 3.5 * 3600 + 1, OFFICE, 'tienda.example', '203.0.113.80', 45000, '/js/checkout.js',
         hit.read_bytes(), 'application/javascript')


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    rng, cap = random.Random(20261122), Capture()
    ordinary(cap, rng)
    attacks(cap, rng)
    cap.write(sys.argv[1])


if __name__ == '__main__':
    main()
