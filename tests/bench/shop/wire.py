# SPDX-License-Identifier: Apache-2.0
"""Frames of a simulated shop: Ethernet, ARP, IPv4, UDP and whole TCP conversations, with right
checksums. Times are integer nanoseconds. Bulk is written as the frames of a network card that
joins segments (RFC 791's 64 KiB), cut after SNAP bytes, so that volumes cost few packets."""
import struct

SECOND = 10**9
SNAP = 96
BULK = 64000  # bytes of payload in a joined segment
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
BROADCAST = b'\xff' * 6


def mac(text):
    return bytes.fromhex(text.replace(':', ''))


def ip(text):
    return bytes(map(int, text.split('.')))


def dotted(address):
    return '.'.join(map(str, address))


def checksum(data):
    """RFC 1071: the sum of 16-bit words, ones' complement; a big number modulo 65535 is that sum."""
    if len(data) & 1:
        data += b'\0'
    return ~(int.from_bytes(data, 'big') % 0xffff) & 0xffff


class Node:
    """Who sends: a device of the shop, or a server of the world behind the router's MAC."""
    __slots__ = ('name', 'mac', 'ip', 'ttl', 'ip6')

    def __init__(self, name, mac_, ip_, ttl=64, ip6=None):
        self.name, self.mac, self.ip, self.ttl, self.ip6 = name, mac_, ip_, ttl, ip6


class Tape:
    """Packets in any order: (ns, count, frame, bytes on the wire)."""

    def __init__(self, rng):
        self.packets, self.rng, self.serial = [], rng, rng.randrange(65536)
        self.ports = {}

    def frame(self, ns, src, dst, kind, body, wire=None):
        data = dst + src + kind + body
        self.serial += 1
        self.packets.append((int(ns), self.serial, data, wire or len(data)))

    def port(self, node):
        """The next ephemeral port of a node, as its system hands them out."""
        at = self.ports.get(node.mac, 0) or self.rng.randrange(49152, 65000)
        self.ports[node.mac] = at + 1 if at < 65535 else 49152
        return at

    def arp(self, ns, op, sender, target_ip, target_mac=None):
        body = b'\0\1\x08\0\6\4' + struct.pack('>H', op) + sender.mac + sender.ip + (target_mac or b'\0' * 6) + target_ip
        self.frame(ns, sender.mac, target_mac or BROADCAST, b'\x08\x06', body + b'\0' * 18)

    def ask_mac(self, ns, asker, answerer):
        self.arp(ns, 1, asker, answerer.ip)
        self.arp(ns + 400_000, 2, answerer, asker.ip, asker.mac)

    def ipv4(self, ns, a, b, proto, body, total=None, ttl=None):
        total = total or 20 + len(body)
        head = struct.pack('>BBHHHBBH', 0x45, 0, total, self.serial & 0xffff, 0x4000, ttl or a.ttl, proto, 0) + a.ip + b.ip
        head = head[:10] + struct.pack('>H', checksum(head)) + head[12:]
        self.frame(ns, a.mac, b.mac, b'\x08\0', head + body, 14 + total)

    def udp(self, ns, a, b, sport, dport, data, ttl=None):
        head = struct.pack('>HHH', sport, dport, 8 + len(data))
        check = checksum(a.ip + b.ip + b'\0\x11' + head[4:6] + head + b'\0\0' + data) or 0xffff
        self.ipv4(ns, a, b, 17, head + struct.pack('>H', check) + data, ttl=ttl)

    def icmp(self, ns, a, b, kind, code, rest):
        body = struct.pack('>BBH', kind, code, 0) + rest
        self.ipv4(ns, a, b, 1, body[:2] + struct.pack('>H', checksum(body)) + body[4:])

    def segment(self, ns, a, b, sport, dport, seq, ack, flags, data=b'', bulk=0):
        """One segment; `bulk` bytes more on the wire than are written (and no right checksum)."""
        options = b'\2\4\5\xb4\1\1\4\2' if flags & SYN else b''
        head = struct.pack('>HHIIBBHHH', sport, dport, seq & 0xffffffff, ack & 0xffffffff,
                           0x50 + len(options) * 4, flags, 64240, 0, 0) + options
        if not bulk:
            check = checksum(a.ip + b.ip + b'\0\6' + struct.pack('>H', len(head) + len(data)) + head + data)
            head = head[:16] + struct.pack('>H', check) + head[18:]
        self.ipv4(ns, a, b, 6, head + data, 20 + len(head) + len(data) + bulk if bulk else None)

    def syn(self, ns, a, b, sport, dport, answer, again=1):
        """A probe: answer 'open' (reset by the prober), 'closed', or None: nothing, asked again."""
        seq = self.rng.randrange(1 << 32)
        self.segment(ns, a, b, sport, dport, seq, 0, SYN)
        if answer == 'open':
            back = self.rng.randrange(1 << 32)
            self.segment(ns + 500_000, b, a, dport, sport, back, seq + 1, SYN | ACK)
            self.segment(ns + 600_000, a, b, sport, dport, seq + 1, 0, RST)
        elif answer == 'closed':
            self.segment(ns + 500_000, b, a, dport, sport, 0, seq + 1, RST | ACK)
        else:
            for n in range(again):
                self.segment(ns + (n + 1) * SECOND, a, b, sport, dport, seq, 0, SYN)

    def talk(self, ns, a, b, dport, turns, rtt=0, end='fin', sport=None):
        """A whole connection, each turn (from the client?, bytes or a count of bulk bytes, pause in
        ns before). When it ended. Bulk: (True, 5_000_000, pause, bytes a second)."""
        sport = sport or self.port(a)
        rtt = rtt or self.rng.randrange(15_000_000, 90_000_000)
        seq, ack = self.rng.randrange(1 << 32), self.rng.randrange(1 << 32)
        self.segment(ns, a, b, sport, dport, seq, 0, SYN)
        self.segment(ns + rtt, b, a, dport, sport, ack, seq + 1, SYN | ACK)
        seq, ack, ns = seq + 1, ack + 1, ns + rtt + 200_000
        self.segment(ns, a, b, sport, dport, seq, ack, ACK)
        for client, data, pause, *rate in turns:
            ns += pause + 100_000
            count = data if isinstance(data, int) else len(data)
            step = BULK if count is data else 1448
            left = count
            while left > 0:
                n = min(step, left)
                piece = b'' if count is data else data[count - left:count - left + n]
                head = self.rng.randbytes(SNAP - 54) if count is data else piece
                args = (head, n - len(head)) if count is data and n > len(head) else (head[:n],)
                if client:
                    self.segment(ns, a, b, sport, dport, seq, ack, PSH | ACK, *args)
                    seq += n
                else:
                    self.segment(ns, b, a, dport, sport, ack, seq, PSH | ACK, *args)
                    ack += n
                left -= n
                ns += int(n * SECOND / rate[0]) if rate else 150_000
                if count is data and (count - left) // BULK % 8 == 0:
                    self.acknowledge(ns, a, b, sport, dport, seq, ack, client)
            self.acknowledge(ns + rtt // 2, a, b, sport, dport, seq, ack, client)
            ns += rtt
        if end == 'fin':
            self.segment(ns, a, b, sport, dport, seq, ack, FIN | ACK)
            self.segment(ns + rtt, b, a, dport, sport, ack, seq + 1, FIN | ACK)
            self.segment(ns + rtt + 200_000, a, b, sport, dport, seq + 1, ack + 1, ACK)
        elif end == 'rst':
            self.segment(ns, a, b, sport, dport, seq, ack, RST | ACK)
        return ns + rtt

    def acknowledge(self, ns, a, b, sport, dport, seq, ack, client):
        if client:
            self.segment(ns, b, a, dport, sport, ack, seq, ACK)
        else:
            self.segment(ns, a, b, sport, dport, seq, ack, ACK)


def header():
    return struct.pack('<IHHiIII', 0xa1b23c4d, 2, 4, 0, 0, 262144, 1)


def record(ns, frame, wire):
    return struct.pack('<IIII', ns // SECOND, ns % SECOND, len(frame), wire) + frame
