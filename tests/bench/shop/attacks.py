# SPDX-License-Identifier: Apache-2.0
"""Eight attacks on the simulated shop, each on a day of its own: seven in the third or fourth week, a
beacon of the harder kinds in the second; made as the tools' traffic looks on the wire. Each tells when it was, from which device, and what an alert
about it must name."""
import struct

import yaml
from pathlib import Path

from . import talk
from .people import DAY, HOUR, MINUTE, at
from .wire import SECOND, Node, dotted, mac

APPS = Path(__file__).resolve().parents[3] / 'rules' / 'indicators' / 'apps.yaml'
ACCEPTED = {
    'beacon': 'net.beacon net.rare_destination net.tls_suspicious net.long_connection', 'hard_beacon': 'net.beacon', 'dns_tunnel': 'net.dns_tunnel',
    'upload': 'net.volume net.exfiltration', 'slow_scan': 'net.scan', 'brute_force': 'net.brute_force',
    'new_device': 'net.new_device net.lateral', 'remote_help': 'net.remote_help'}


class Attack:
    """hosts: addresses of which an alert must name one; marks: texts of which it must hold one (the
    destination), where there are any."""

    def __init__(self, kind, begin, end, hosts, marks=(), note=''):
        self.kind, self.begin, self.end, self.marks, self.note = kind, int(begin), int(end), marks, note
        self.hosts = [dotted(h.ip) for h in hosts] + [':'.join('%02x' % b for b in h.mac) for h in hosts]


def stranger(shop, tld=True):
    """A server of the attacker's: a rented machine with a name bought last week, or none."""
    rng = shop.rng
    name = ''.join(rng.choice('abcdefghijklmnopqrstuvwxyz') for _ in range(rng.randrange(7, 12)))
    name = rng.choice(('cdn-', 'api.', 'update-', 'static.', 'www.')) + name + rng.choice(('.com', '.net', '.xyz', '.top', '.online', '.info'))
    node = shop.world.server(name, rng.choice(('digitalocean', 'ovh', 'hosting')))
    return name, node


def beacon(shop, day):
    """Every 10 minutes with 30 % jitter, over HTTPS or HTTP, for a day or two; a till sleeps at night."""
    rng = shop.rng
    device = rng.choice(shop.pcs)
    name, server = stranger(shop)
    kind = rng.choices(('https', 'https_own', 'http', 'bare'), (4, 3, 3, 2))[0]
    begin, end = at(day, rng.uniform(9.5, 13)), at(day, 9.5 + 24 * rng.randrange(1, 3) + 6)
    cert = talk.certificate((name, ''), (name, ''), (), '260801000000Z', '360801000000Z', rng) if kind == 'https_own' else None
    client = rng.choice(('go', 'windows', 'python'))
    agent, session = 'Mozilla/5.0 (compatible; MSIE 9.0; Windows NT 6.1; Trident/5.0)', rng.randbytes(16).hex()
    ns = begin
    while ns < end:
        local_hour = (ns - at(0, 0)) % DAY / HOUR
        if device is shop.office or 9 <= local_hour < 20:
            task = rng.random() < 0.08
            out, back = (rng.randrange(3000, 20000) if task else rng.randrange(180, 260)), (rng.randrange(500, 4000) if task else rng.randrange(120, 180))
            if kind == 'http':
                _, now = shop.look_up(ns, device, name, (1,), ttl=60)
                turns = [(True, talk.http('POST' if task else 'GET', name, '/submit.php?id=%d' % rng.randrange(1, 99999) if task else '/ga.js', agent,
                                          rng.randbytes(out) if task else b'', 'Cookie: %s\r\n' % session), 0),
                         (False, talk.http_reply('200 OK', rng.randbytes(back), 'application/octet-stream'), 0)]
                shop.tape.talk(now, device, server, 80, turns)
            else:
                now = ns
                if kind != 'bare':
                    _, now = shop.look_up(ns, device, name, (1,), ttl=60)
                turns = talk.open_tls(client, None if kind == 'bare' else name, rng, cert)
                shop.tape.talk(now, device, server, 443, turns + [(True, talk.app(rng, out), 0), (False, talk.app(rng, back), 0)])
        ns += int(10 * MINUTE * rng.uniform(0.7, 1.3))
    return Attack('beacon', begin, end, [device], [name, dotted(server.ip)], '%s %s from %s' % (kind, client, device.name))


def hard_beacon(shop, day):
    """Every 5 to 20 minutes with 50 % jitter: in questions of DNS, whose names change or which are
    answered with no address; in pings; over HTTPS; by a program that works in office hours only."""
    rng, device = shop.rng, shop.office
    name, server = stranger(shop)
    kind = rng.choice(('dns', 'dns_idle', 'icmp', 'https'))
    period, office_hours = rng.uniform(5, 20) * MINUTE, rng.random() < 0.5
    begin, end = at(day, rng.uniform(9.5, 13)), at(day, 9.5 + 24 * 2)
    ns, n, session = begin, 0, rng.randbytes(4).hex()
    while ns < end:
        n += 1
        ident, port = rng.randrange(65536), rng.randrange(49152, 65535)
        if office_hours and not 9 <= (ns - at(0, 0)) % DAY / HOUR < 19:
            pass
        elif kind == 'icmp':
            rest = struct.pack('>HH', 0x4d, n & 0xffff) + rng.randbytes(rng.randrange(40, 48))
            shop.tape.icmp(ns, device, server, 8, 0, rest)
            shop.tape.icmp(ns + 60_000_000, server, device, 0, 0, rest)
        elif kind == 'https':
            _, now = shop.look_up(ns, device, name, (1,), ttl=60)
            shop.tape.talk(now, device, server, 443, talk.open_tls('go', name, rng) + [(True, talk.app(rng, rng.randrange(180, 260)), 0), (False, talk.app(rng, 150), 0)])
        else:
            query, qtype = ('%s.%s' % (session, name), 1) if kind == 'dns_idle' else ('%s.%s' % (rng.randbytes(6).hex(), name), 16)
            data = b'\0' * 4 if qtype == 1 else b'\x04none'
            shop.tape.udp(ns, device, shop.router, port, 53, talk.question(ident, query, qtype))
            shop.tape.udp(ns + 90_000_000, shop.router, device, 53, port, talk.answer(ident, query, qtype, 0, [(qtype, 1, data)]))
        ns += int(period * rng.uniform(0.5, 1.5))
    return Attack('hard_beacon', begin, end, [device], [name, '.'.join(name.split('.')[-2:]), dotted(server.ip)],
                  '%s every %d minutes%s from %s' % (kind, period / MINUTE, ' of office time' if office_hours else '', device.name))


def dns_tunnel(shop, day):
    """One query a second through the shop's resolver, as iodine, dnscat2 and DNSExfiltrator ask."""
    rng = shop.rng
    device = rng.choice(shop.pcs)
    domain = 't.' + ''.join(rng.choice('abcdefghijklmnopqrstuvwxyz') for _ in range(8)) + rng.choice(('.com', '.net', '.org', '.site'))
    tool = rng.choice(('iodine', 'dnscat2', 'exfil'))
    begin = at(day, rng.uniform(9.5, 18))
    count = int(rng.uniform(5, 30) * 60)
    for n in range(count):
        ns = begin + n * SECOND + rng.randrange(-200, 200) * 1_000_000
        if tool == 'iodine':
            text, qtype = ''.join(rng.choice('abcdefghijklmnopqrstuvwxyz0123456789') for _ in range(rng.randrange(90, 180))), 10
        elif tool == 'dnscat2':
            text, qtype = rng.randbytes(rng.randrange(9, 60)).hex(), rng.choice((16, 5, 15))
        else:
            text, qtype = ''.join(rng.choice('ABCDEFGHIJKLMNOPQRSTUVWXYZ234567') for _ in range(rng.randrange(100, 200))) + '%06d' % n, 1
        labels = [text[i:i + 57] for i in range(0, len(text), 57)] + domain.split('.')
        query, ident, port = '.'.join(labels), rng.randrange(65536), rng.randrange(49152, 65535)
        data = {10: rng.randbytes(rng.randrange(20, 400)), 16: bytes([60]) + rng.randbytes(30).hex().encode(),
                5: talk.name(rng.randbytes(20).hex() + '.' + domain), 15: b'\0\x0a' + talk.name(rng.randbytes(20).hex() + '.' + domain),
                1: rng.randbytes(4)}[qtype]
        shop.tape.udp(ns, device, shop.router, port, 53, talk.question(ident, query, qtype, edns=tool == 'iodine'))
        shop.tape.udp(ns + rng.randrange(60, 180) * 1_000_000, shop.router, device, 53, port, talk.answer(ident, query, qtype, 0, [(qtype, 0, data)]))
    return Attack('dns_tunnel', begin - SECOND, begin + count * SECOND, [device, shop.router], [domain[2:]], '%s %d queries from %s' % (tool, count, device.name))


def upload(shop, day):
    """200 MB at night to where nothing went before: a share site, or a rented machine by SSH or HTTP."""
    rng, device = shop.rng, shop.office
    begin = at(day, rng.choice((0.5, 1, 3.7, 4.5, 22, 23)), rng.randrange(30))
    rate = rng.randrange(180_000, 900_000)
    way = rng.choices(('share', 'ssh', 'http'), (3, 1, 1))[0]
    if way == 'share':
        name = rng.choice(('gfs270n071.userstorage.mega.co.nz', 'transfer.sh', 'upload.gofile.io', 'content.pcloud.com', 'store1.anonfiles.com'))
        server, now = shop.look_up(begin, device, name, (1,))
        turns, port = talk.open_tls('go', name, rng), 443
    else:
        name, server = stranger(shop)
        now, port = begin, 22 if way == 'ssh' else 80
        turns = (talk.ssh_try(rng, 'SSH-2.0-WinSCP_release_6.1.2', 'SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u2', 0) if way == 'ssh' else
                 [(True, talk.http('PUT', name, '/u/ventas.7z', 'curl/8.4.0', more='Content-Length: 200000000\r\n'), 0)])
    end = shop.tape.talk(now, device, server, port, turns + [(True, 200_000_000, 0, rate), (False, rng.randbytes(120) if way != 'http' else talk.http_reply('201 Created', b''), 0)])
    return Attack('upload', begin, end, [device], [name, dotted(server.ip)], '%s at %d kB/s' % (way, rate // 1000))


PORTS = '''21 22 23 25 53 80 81 88 110 111 135 139 143 389 443 445 465 514 515 548 554 587 631 636 873 990 993 995 1025 1080 1099 1433 1521 1723
    2049 2121 2222 3000 3128 3306 3389 3690 4444 4848 5000 5060 5432 5555 5631 5900 5901 5984 5985 6000 6379 6667 7001 7070 8000 8008 8009 8080
    8081 8088 8089 8443 8500 8834 8888 9000 9090 9100 9200 9418 9999 10000 11211 27017 32768 49152 49153 49154 50000'''.split()


def slow_scan(shop, day):
    """One probe a minute (nmap --scan-delay 60s), over one machine's ports or the same few of several."""
    rng = shop.rng
    device = rng.choice([d for d in shop.pcs if d is not shop.shared] or shop.phones)
    targets = [d for d in shop.devices if d is not device and d.kind != 'phone']
    begin, ns = at(day, rng.uniform(9, 12)), 0
    ports = [int(p) for p in PORTS]
    rng.shuffle(ports)
    if rng.random() < 0.65:
        probes = [(rng.choice(targets), p) for p in ports]
        probes = [(probes[0][0], p) for _, p in probes] + [(probes[0][0], rng.randrange(1024, 9000)) for _ in range(150)]
        note = 'ports of %s' % probes[0][0].name
    else:
        probes = [(t, p) for p in ports for t in targets]
        note = 'ports over %d machines' % len(targets)
    probes = probes[:rng.randrange(120, 360)]
    open_ports = {'pc': {135: 'open', 139: 'open', 445: 'open'}, 'printer': {80: 'open', 631: 'open', 9100: 'open', 515: 'open'}, 'camera': {80: 'open', 554: 'open', 8000: 'open'}}
    ns = begin
    for target, port in probes:
        answer = open_ports.get(target.kind, {}).get(port) or (None if target.kind == 'pc' else 'closed')
        shop.tape.syn(ns, device, target, rng.randrange(33000, 65000), port, answer)
        ns += int(MINUTE * rng.uniform(0.97, 1.03))
    return Attack('slow_scan', begin, ns, [device] + [t for t, _ in probes[:1]], (), '%d probes, %s from %s' % (len(probes), note, device.name))


def brute_force(shop, day):
    """A try a minute or so for six hours: RDP from outside through a forwarded port, SSH to a camera or
    the server, the router's web page."""
    rng = shop.rng
    way = rng.choice(('rdp', 'ssh', 'web'))
    begin = at(day, rng.uniform(8, 13) if way == 'web' else rng.uniform(0, 17))
    ns, tries = begin, 0
    if way == 'rdp':
        attacker, target = shop.world.bare(bytes([rng.choice((45, 91, 185, 194)), *rng.randbytes(2), rng.randrange(1, 254)])), shop.office
        cert = talk.certificate((target.name, ''), (target.name, ''), (), '260801000000Z', '270201000000Z', rng)
    elif way == 'ssh':
        attacker, target = rng.choice(shop.tills), shop.camera or shop.server or shop.screen or shop.printer
    else:
        attacker, target = rng.choice(shop.pcs), shop.router
    while ns < begin + 6 * HOUR:
        tries += 1
        if way == 'rdp':
            turns, port = talk.rdp_try(rng, rng.choice(('administrator', 'admin', 'user', 'test', 'caja', 'scanner')), cert), 3389
        elif way == 'ssh':
            turns, port = talk.ssh_try(rng, 'SSH-2.0-libssh2_1.10.0', 'SSH-2.0-dropbear_2019.78', rng.choice((1, 1, 2, 3))), 22
        else:
            body = b'username=admin&password=' + rng.randbytes(5).hex().encode()
            turns = [(True, talk.http('POST', dotted(target.ip), '/cgi-bin/login.cgi', 'Mozilla/5.0 (Hydra)', body, 'Content-Type: application/x-www-form-urlencoded\r\n'), 0),
                     (False, talk.http_reply(rng.choice(('401 Unauthorized',)) if tries else '', b'<html><body>Usuario o clave incorrectos</body></html>'), 0)]
            port = 80
        shop.tape.talk(ns, attacker, target, port, turns, rtt=2_000_000 if way != 'rdp' else 0, end=rng.choice(('fin', 'rst')))
        ns += int(MINUTE * rng.uniform(0.7, 1.6))
    return Attack('brute_force', begin, ns, [attacker, target], (), '%s, %d tries on %s' % (way, tries, target.name))


def new_device(shop, day):
    """A notebook that nobody knows is plugged in and opens the till's shares."""
    rng = shop.rng
    name = rng.choice(('kali', 'DESKTOP-7GQ2K1M', 'LAPTOP-0QPTR3', 'ubuntu'))
    device = shop.device(name, 'notebook', rng.choice(('00:e0:4c', '3c:97:0e', '08:00:27')), 230 + rng.randrange(20), 'python')
    target, begin = rng.choice(shop.tills), at(day, rng.uniform(9.5, 18))
    ns = shop.join(begin, device, asked=True) + rng.randrange(30, 600) * SECOND
    shop.https(ns, device, 'www.google.com', 500, 9000)
    ns += MINUTE
    shop.tape.ask_mac(ns, device, target)
    for n in range(rng.randrange(1, 4)):
        refused = n == 0 and rng.random() < 0.5
        turns = talk.smb_session(rng, name, target.name, rng.choice(('caja', 'administrador', 'invitado')), ['IPC$', rng.choice(('C$', 'Ventas', 'Users'))], rng.randrange(0, 8), refused)
        ns = shop.tape.talk(ns + SECOND, device, target, 445, turns, rtt=900_000) + rng.randrange(5, 60) * SECOND
    return Attack('new_device', begin, ns, [device], (), '%s opens %s' % (name, target.name))


def remote_help(shop, day):
    """Somebody talks an employee into a remote-help program: download, log-in, a session of some minutes."""
    rng, device = shop.rng, rng_pc(shop)
    apps = [a for a in yaml.safe_load(APPS.read_text())['apps'] if a['category'] == 'remote_help' and a.get('domains')]
    weights = [{'anydesk': 12, 'teamviewer': 10, 'ultraviewer': 4, 'rustdesk': 4, 'screenconnect': 4, 'splashtop': 3, 'supremo': 2, 'zoho_assist': 3}.get(a['app'], 0.3) for a in apps]
    app = rng.choices(apps, weights)[0]
    begin = at(day, rng.choice((rng.uniform(9.2, 19), rng.uniform(19.8, 23))))
    domain = app['domains'][0]
    shop.https(begin, device, 'www.' + domain, 900, 60000)
    relay = {'anydesk': 'relay-%s.net.anydesk.com' % rng.randbytes(4).hex(), 'teamviewer': 'router%d.teamviewer.com' % rng.randrange(1, 16)}.get(app['app'], 'relay%d.%s' % (rng.randrange(9), domain))
    server, ns = shop.look_up(begin + 3 * MINUTE, device, relay, (1,))
    turns, minutes = talk.open_tls('windows', relay, rng), rng.randrange(5, 40)
    for _ in range(minutes * 4):
        turns += [(True, rng.randrange(20_000, 300_000), 13 * SECOND, 400_000), (False, talk.app(rng, rng.randrange(100, 900)), 0)]
    end = shop.tape.talk(ns, device, server, 443, turns)
    return Attack('remote_help', begin, end, [device], [app['app'], domain, dotted(server.ip)], '%s, %d minutes on %s' % (app['app'], minutes, device.name))


def rng_pc(shop):
    return shop.rng.choice(shop.pcs)


def make(shop):
    """All on open days of their own (a beacon goes on into the next days). Beacon and upload,
    which are found by tests that spend the alert budget, are in different weeks: each is to be found
    by itself, not one at the other's cost."""
    third, fourth = [list(range(first, first + 6)) for first in (14, 21)]
    shop.rng.shuffle(third)
    shop.rng.shuffle(fourth)
    first, second = (third, fourth) if shop.rng.random() < 0.5 else (fourth, third)
    days = {beacon: first.pop(), upload: second.pop()}
    rest = third + fourth
    shop.rng.shuffle(rest)
    for make_one in (dns_tunnel, slow_scan, brute_force, new_device, remote_help):
        days[make_one] = rest.pop()
    told = [make_one(shop, day) for make_one, day in days.items()]
    state = shop.rng.getstate()  # so that the month is the one that it was without
    told.append(hard_beacon(shop, shop.rng.randrange(7, 11)))
    shop.rng.setstate(state)
    return told
