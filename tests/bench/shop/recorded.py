# SPDX-License-Identifier: Apache-2.0
"""Recorded traffic of people: the harmless labelled captures, made ready to be shown as if a device
of the simulated shop had sent it. The capture's own host becomes the device (MAC, IP, checksums),
its router and resolver the shop's, other hosts of its network a PC of the shop; addresses of the
world stay. Long pauses are shortened, long captures cut."""
import csv, datetime, ipaddress, json, re, struct, subprocess, sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import mixed
from .wire import SECOND

PACKETS_MAX = 260
PAUSE_MAX_NS, DAY_NS = 40 * SECOND, 86400 * SECOND
THEN_NS = 1_788_760_800 * SECOND  # when they are shown: Monday 7 September 2026, 00:00 in the shop
# Who in a shop makes such traffic. What is not listed is left out, see LEFT_OUT.
PHONE = '''android iphone instagram whatsapp whatsappfiles viber wechat signal pinterest facebook xiaomi
    googledns_android10 quic-28 quic_q46 443-safari'''.split()
PC = '''443-firefox 443-git dns_doh doh dropbox firefox ftp google_meet google_ssl http http_ipv6 imaps
    ocsp ookla quic quic_interop_V safari salesforce sites skype-conference-call smtp-starttls
    spotify_tcp teams tls_ech youtube_quic zoom2 epicgames steam crawler_false_positive
    ssl-cert-name-mismatch dns_ambiguous_names sip cloudflare-warp web_browse'''.split()
OFFICE = 'office_windows_ad smb_deletefile mssql_tds mysql pgsql'.split()  # between two PCs
SCREEN = 'youtube_quic nest_log_sink'.split()
LEFT_OUT = '''loop-back or scrambled addresses, or no Ethernet of a host of its own: dns-google-nsid doq dtls
    dns_fragmented false_positives quic-33 quic_frags_ch_in_multiple_packets quic-29 quic_t51 linecall_falsepositve
    rsh-syslog-false-positive targusdataspeed_false_positives snmp syslog kerberos-login netbios sonos upnp
    ssdp-m-search; a stranger at the PC's screen or a shell, which an owner wants to be told of: vnc rdp2 ssh
    tftp; a password in the clear, of which the same holds: pop3 imap; a protocol that Windows turned off years ago: smbv1'''


class Take:
    """A capture made ready: packets (ns from its start, frame, wire, source and destination role,
    spots), names (address, name) that its flows need looked up, whether it needs IPv6."""

    def __init__(self, name, kinds):
        self.name, self.kinds, self.packets, self.names, self.six, self.peers = name, kinds, [], [], False, 0


def addresses(p):
    at, kind = mixed.network(p)
    if kind == b'\x08\x00' and len(p) >= at + 20:
        return p[at + 12:at + 16], p[at + 16:at + 20]
    if kind == b'\x86\xdd' and len(p) >= at + 40:
        return p[at + 8:at + 24], p[at + 24:at + 40]
    return None


def ports(p):
    """Protocol, offset of the transport header, ports; None for what has no ports in it."""
    at, kind = mixed.network(p)
    if kind == b'\x08\x00':
        proto, head = p[at + 9], at + (p[at] & 15) * 4
        if (p[at + 6] & 31) or p[at + 7]:
            return None
    else:
        proto, head = p[at + 6], at + 40
    if proto not in (6, 17) or len(p) < head + 8:
        return None
    return proto, head, *struct.unpack_from('>HH', p, head)


def group(a):
    return a[0] >= 224 if len(a) == 4 else a[0] == 0xff


def local(a):
    return ipaddress.ip_address(a).is_private


def roles(packets):
    """Who is who by address: 'own', 'router', a number for another host of the network, None for the
    world. Own is who speaks with the world, or speaks most."""
    spoke, abroad, resolvers, servers, world_mac = Counter(), Counter(), set(), set(), Counter()
    for _, p, _ in packets:
        pair, at = addresses(p), ports(p)
        if pair is None:
            continue
        src, dst = pair
        if group(dst) or dst[-1:] == b'\xff' and len(dst) == 4:
            continue
        if at and at[0] == 17 and at[3] == 53:
            resolvers.add(dst)
        if at and at[0] == 6 and at[3] in (88, 135, 389, 445):
            servers.add(dst)  # resolver, but rather the shop's own server
        spoke[src] += 1
        spoke[dst] += 1
        if (local(src) or len(src) == 16) and not local(dst):
            abroad[src] += 1
        if not local(src):
            world_mac[p[6:12]] += 1
    if not spoke:
        return {}
    senders = Counter()
    for _, p, _ in packets:
        pair = addresses(p)
        if pair and p[6:12] != (world_mac.most_common(1)[0][0] if world_mac else b''):
            senders[pair[0]] += 1
    found = {a: 'router' for a in resolvers - servers}
    own = [a for a in abroad if a in senders and a not in found and a not in servers and not (len(a) == 4 and not local(a))] or \
          [a for a, _ in senders.most_common() if a not in found and a not in servers][:1]
    found.update((a, 'own') for a in own)
    for a in sorted(spoke):
        if a not in found and local(a):
            found[a] = sum(1 for r in found.values() if isinstance(r, int))
    return found


VALIDITY = re.compile(rb'\x30\x1e\x17\x0d(\d{12})Z\x17\x0d(\d{12})Z')  # RFC 5280, 4.1.2.5


def renewed(p, at, days):
    """Certificates age with the month: who shows a piece of another year shows that year's."""
    if at is None or at[0] != 6 or not VALIDITY.search(p, at[1]):
        return p
    def later(found):
        new = found[0]
        for old in found.groups():
            when = datetime.datetime.strptime('20' + old.decode(), '%Y%m%d%H%M%S') + datetime.timedelta(days)
            if when.year < 2050 and old < b'50':
                new = new.replace(old, when.strftime('%y%m%d%H%M%S').encode())
        return new
    q, head = bytearray(VALIDITY.sub(later, p)), at[1]
    even = len(p) - (len(p) - head) % 2
    rise = sum(struct.unpack_from('>%dH' % ((even - head) // 2), q, head)) - sum(struct.unpack_from('>%dH' % ((even - head) // 2), p, head))
    rise += (q[-1] - p[-1]) * 256 if even < len(p) else 0
    struct.pack_into('>H', q, head + 16, mended(p[head + 16] << 8 | p[head + 17], rise))
    return bytes(q)


SPEAK_OF_OTHERS = {67, 68, 137, 138, 5353, 5355, 546, 547, 123}  # names and addresses of the recorded network


def take(agent, path, name, kinds):
    packets = mixed.ethernet(path)
    out = Take(name, kinds)
    who = roles(packets)
    clock = last = None
    seen_v4 = False
    for ns, p, wire in sorted(packets, key=lambda x: x[0]):
        pair, at = addresses(p), ports(p) if addresses(p) else None
        if pair is None or (at and (at[2] in SPEAK_OF_OTHERS or at[3] in SPEAK_OF_OTHERS)):
            continue
        src, dst = (who.get(a) for a in pair)
        if src != 'own' and dst != 'own' or len(out.packets) == PACKETS_MAX:
            continue
        if p[mixed.network(p)[0] + (9 if len(pair[0]) == 4 else 6)] in (2, 58, 1) or group(pair[1]) or pair[1][-1:] == b'\xff' and local(pair[1]):
            continue  # IGMP, ICMP and groups belong to the recorded network
        if len(pair[0]) == 16:
            out.six = True
        else:
            seen_v4 = True
        last = ns if last is None else last
        clock = 0 if clock is None else clock + min(max(0, ns - last), PAUSE_MAX_NS)
        last = ns
        p = renewed(p, at, (THEN_NS - ns) // DAY_NS)
        spots = [(s, p[s] << 8 | p[s + 1]) for s in mixed.sum_spots(p)]
        out.packets.append((clock, p, wire, src, dst, at, spots))
        out.peers = max(out.peers, *(r + 1 for r in (src, dst) if isinstance(r, int)), 0)
    if out.six and seen_v4:  # a shop without IPv6 still shows the rest
        out.six = False
    told = subprocess.run([agent, 'read', '--metadata', '-', str(path)], capture_output=True).stdout.decode(errors='replace')
    answered, wanted = set(), {}
    for line in told.splitlines():
        r = json.loads(line)
        if r['type'] == 'dns':
            answered.update(r.get('answers') or ())
        text = r.get('sni') if r['type'] in ('tls', 'quic') else r.get('host') if r['type'] == 'http' else None
        if text and '.' in text and r['dst'] not in wanted and not text.replace('.', '').replace(':', '').isdigit():
            wanted[r['dst']] = text.split(':')[0]
    out.names = [(a, n) for a, n in wanted.items() if a not in answered and ':' not in a and not local(ipaddress.ip_address(a).packed)]
    return out


def load(agent, folder):
    """All usable captures below an unpacked dev folder, in the order of its list."""
    takes = []
    for row in csv.DictReader(open(folder / 'labels.csv')):
        if row['label'] != 'benign':
            continue
        kind = row['attack'].removeprefix('app_')
        kinds = [k for k, names in (('phone', PHONE), ('pc', PC), ('office', OFFICE), ('screen', SCREEN)) if kind in names]
        made = take(agent, folder / row['file'], Path(row['file']).stem.split('__', 1)[-1], kinds) if kinds else None
        if made and len(made.packets) >= 4:
            takes.append(made)
    return takes


def words(*addresses):
    return sum(int.from_bytes(a, 'big') % 0xffff for a in addresses)


def mended(check, rise):
    """A checksum after `rise` was added to the words that it covers (RFC 1624)."""
    return ~(((~check & 0xffff) + rise) % 0xffff) & 0xffff


def play(tape, ns, made, device, router, peers, six=True):
    """Shows a capture as the device's from `ns` on; when it ended. Ports of the device's own choice
    are chosen anew, so that a page opened twice is two conversations."""
    shift, nodes = tape.rng.randrange(1, 12000), {'own': device, 'router': router}
    for n in range(made.peers):
        nodes[n] = peers[n % len(peers)]
    end = ns
    for clock, p, wire, src, dst, at, sums in made.packets:
        net, kind = mixed.network(p)
        wide = kind == b'\x86\xdd'
        if wide and not six:
            continue
        q, rise, ip_rise = bytearray(p), 0, 0
        a, b = nodes.get(src), nodes.get(dst)
        q[6:12], q[0:6] = (a or router).mac, (b or router).mac
        for node, spot in ((a, net + (8 if wide else 12)), (b, net + (24 if wide else 16))):
            if node is not None:
                n = 16 if wide else 4
                new = node.ip6 if wide else node.ip
                ip_rise += words(new) - words(p[spot:spot + n])
                q[spot:spot + n] = new
        rise = ip_rise
        if at and min(at[2], at[3]) < 1024 < max(at[2], at[3]):
            spot, old = (at[1], at[2]) if at[2] > at[3] else (at[1] + 2, at[3])
            new = 20000 + (old + shift) % 45000
            struct.pack_into('>H', q, spot, new)
            rise += new - old
        for i, (spot, check) in enumerate(sums):
            header_sum = not wide and i == 0
            struct.pack_into('>H', q, spot, mended(check, ip_rise if header_sum else rise))
        end = ns + clock
        tape.serial += 1
        tape.packets.append((end, tape.serial, bytes(q), wire))
    return end
