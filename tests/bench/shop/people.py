# SPDX-License-Identifier: Apache-2.0
"""A shop, its devices and what they do for a month, all from a seed.

Monday to Friday 09:00 to 20:00, Saturday 10:00 to 15:00 (America/Mexico_City, UTC-6 all year). A
router that answers DNS and DHCP; tills and an office PC (the shop's database and its nightly backup
run there); printer, TV or camera; the staff's phones; guests who come and go. People repeat
themselves: a device has favourites (Zipf), and now and then something that it never did before,
until the last day."""
import struct

from . import recorded, talk
from .wire import ACK, PSH, SECOND, SYN, BROADCAST, Node, Tape, dotted, ip, mac

MINUTE, HOUR, DAY = 60 * SECOND, 3600 * SECOND, 86400 * SECOND
DAYS = 30
UTC6 = 6 * HOUR
BEGIN = recorded.THEN_NS
HOURS = [(9, 20)] * 5 + [(10, 15), None]
PUBLIC = {  # networks of their owners: names are given fixed addresses in them
    'google': '142.250 172.217 142.251', 'microsoft': '20.42 52.109 13.107 20.190', 'amazon': '52.84 54.230 3.160 18.64',
    'cloudflare': '104.16 104.21 172.67', 'akamai': '23.45 23.200 184.28', 'fastly': '151.101 199.232', 'apple': '17.253 17.57',
    'meta': '157.240 31.13', 'telmex': '201.161 189.247', 'hosting': '162.241 50.87 192.185 162.215', 'ovh': '51.81 15.204',
    'backblaze': '149.137', 'dropbox': '162.125', 'digitalocean': '159.203 167.99 138.197', 'ntp': '162.159 132.163'}
KNOWN = {  # whose network a name lies in; longest ending wins
    'google.com': 'google', 'googleapis.com': 'google', 'gstatic.com': 'google', 'youtube.com': 'google', 'googlevideo.com': 'google',
    'doubleclick.net': 'google', 'google-analytics.com': 'google', 'googletagmanager.com': 'google', 'gvt1.com': 'google',
    'microsoft.com': 'microsoft', 'live.com': 'microsoft', 'office.com': 'microsoft', 'office365.com': 'microsoft', 'windows.com': 'microsoft',
    'msftconnecttest.com': 'akamai', 'windowsupdate.com': 'akamai', 'apple.com': 'apple', 'icloud.com': 'apple', 'facebook.com': 'meta',
    'whatsapp.net': 'meta', 'instagram.com': 'meta', 'fbcdn.net': 'meta', 'mercadopago.com': 'amazon', 'mercadolibre.com.mx': 'amazon',
    'clip.mx': 'amazon', 'amazonaws.com': 'amazon', 'cloudfront.net': 'amazon', 'netflix.com': 'amazon', 'nflxvideo.net': 'telmex',
    'telmex.com': 'telmex', 'backblazeb2.com': 'backblaze', 'ntp.org': 'ntp', 'cloudflare.com': 'cloudflare', 'spotify.com': 'google',
    'gmail.com': 'google', 'dropbox.com': 'dropbox', 'hpeprint.com': 'amazon', 'epsonconnect.com': 'amazon', 'samsungcloudsolution.com': 'amazon',
    'hik-connect.com': 'amazon', 'android.com': 'google', 'amazon.com.mx': 'amazon', 'sicarpos.com.mx': 'hosting', 'eleventapos.com': 'digitalocean',
    'bindpos.mx': 'amazon', 'bing.com': 'microsoft', 'jsdelivr.net': 'fastly', 'cloudflareinsights.com': 'cloudflare', 'facebook.net': 'meta',
    'payclip.com': 'amazon', 'conekta.io': 'amazon', 'paypal.com': 'fastly', 'canva.com': 'cloudflare', 'wikipedia.org': 'fastly',
    'walmart.com.mx': 'akamai', 'dhl.com': 'akamai', 'espn.com': 'amazon', 'marca.com': 'fastly', 'estafeta.com': 'telmex', 'mega.co.nz': 'ovh',
    'avast.com': 'google', 'eset.com': 'akamai', 'bbva.mx': 'akamai', 'banorte.com': 'akamai', 'sat.gob.mx': 'telmex', 'adobe.com': 'akamai'}
COMMON_SITES = '''www.google.com www.youtube.com www.facebook.com web.whatsapp.com www.mercadolibre.com.mx outlook.office.com mail.google.com
    www.bbva.mx www.banorte.com portalcfdi.facturaelectronica.sat.gob.mx www.telmex.com www.instagram.com www.amazon.com.mx
    www.walmart.com.mx www.eluniversal.com.mx www.milenio.com drive.google.com docs.google.com www.liverpool.com.mx www.canva.com
    www.estafeta.com www.dhl.com www.paypal.com www.office.com es.wikipedia.org www.coppel.com www.marca.com espndeportes.espn.com'''.split()
HELPERS = '''www.google-analytics.com www.googletagmanager.com fonts.gstatic.com securepubads.g.doubleclick.net connect.facebook.net
    cdn.jsdelivr.net cdnjs.cloudflare.com d1f8f9xcsvx3ha.cloudfront.net static.cloudflareinsights.com'''.split()
SYLLABLES = 'ca sa me to pa ri lo mu za ne ro ti ve la so co ma de li na fe gu ra bo que si tu mo'.split()
TAILS = '.com .com .com.mx .com.mx .mx .net .org .info .io .shop'.split()


def at(day, hour, minute=0):
    """Nanoseconds of a local time of the month; hours may pass 24."""
    return BEGIN + day * DAY + int(hour * HOUR) + int(minute * MINUTE)


class World:
    """Names and addresses of the world, the same for a shop all month."""

    def __init__(self, rng, router):
        self.rng, self.router, self.nodes, self.names = rng, router, {}, {}

    def owner(self, name):
        parts = name.split('.')
        for n in range(len(parts)):
            if '.'.join(parts[n:]) in KNOWN:
                return KNOWN['.'.join(parts[n:])]
        return None

    def server(self, name, owner=None):
        if name not in self.nodes:
            nets = PUBLIC[owner or self.owner(name) or self.rng.choice(('cloudflare', 'cloudflare', 'hosting', 'amazon', 'akamai', 'ovh', 'digitalocean', 'google'))].split()
            address = ip(self.rng.choice(nets)) + bytes([self.rng.randrange(256), self.rng.randrange(1, 254)])
            self.nodes[name] = self.bare(address, name)
        return self.nodes[name]

    def bare(self, address, name=''):
        return Node(name or dotted(address), self.router.mac, address, ttl=self.rng.randrange(44, 58))

    def new_site(self):
        return 'www.' + ''.join(self.rng.choice(SYLLABLES) for _ in range(self.rng.randrange(2, 5))) + self.rng.choice(TAILS)


class Device(Node):
    """`kind`: pc, phone, screen, printer, camera. `client`: how its programs greet in TLS."""

    def __init__(self, name, kind, mac_, ip_, client, rng, ip6=None):
        super().__init__(name, mac_, ip_, 128 if kind == 'pc' else 64, ip6)
        self.kind, self.client, self.cache = kind, client, {}
        self.sites = rng.sample(COMMON_SITES, 12)
        self.habits, self.unused = [], []

    __slots__ = ('kind', 'client', 'cache', 'sites', 'habits', 'unused')


class Shop:
    def __init__(self, rng, takes):
        self.rng, self.takes = rng, takes
        self.tape = Tape(rng)
        self.net = b'\xc0\xa8' + bytes([rng.choice((0, 1, 1, 1, 10, 15, 100))])
        self.six = bytes.fromhex('28060103') + rng.randbytes(4) if rng.random() < 0.4 else None
        self.router = self.device('router', 'router', rng.choice(('74:b5:7e', 'd4:60:e3', '44:fb:5a')), 254, 'device')
        self.world = World(rng, self.router)
        self.devices, self.leases = [], 40
        oui = rng.choice(('f4:39:09', 'd8:cb:8a', '2c:f0:5d', '8c:ec:4b'))
        self.office = self.own(rng.choice(('OFICINA', 'GERENCIA', 'ADMIN-PC')), 'pc', oui, 'chrome')
        self.tills = [self.own('CAJA%d' % (n + 1), 'pc', oui, 'chrome') for n in range(rng.randrange(1, 4))]
        self.pcs = [self.office] + self.tills
        self.server = self.own('SERVIDOR', 'pc', '00:15:5d', 'windows') if rng.random() < 0.35 else None
        self.printer = self.own(rng.choice(('EPSON3F2A11', 'HPA0B3CC', 'BRN30055C9')), 'printer', rng.choice(('64:eb:8c', 'a0:b3:cc', '30:05:5c')), 'device')
        self.screen = self.own(rng.choice(('Samsung-TV', 'LGwebOSTV')), 'screen', '8c:79:f5', 'android') if rng.random() < 0.7 else None
        self.camera = self.own('IPC', 'camera', '3c:ef:8c', 'device') if self.screen is None or rng.random() < 0.5 else None
        self.phones = [self.own(rng.choice(('Galaxy-A54', 'iPhone', 'moto-g-power', 'Redmi-Note-12')), 'phone', None, rng.choice(('iphone', 'android')))
                       for _ in range(rng.randrange(2, 5))]
        self.shared = self.server or self.office  # where the tills' database and files are
        self.processor = rng.choice(('api.mercadopago.com', 'api.payclip.com', 'gateway.banorte.com', 'api.conekta.io'))
        self.cloud = rng.choice(('f004.backblazeb2.com', 's3.us-east-1.amazonaws.com', 'storage.googleapis.com', 'block.dropbox.com'))
        self.mail = rng.choice(('outlook.office365.com', 'imap.gmail.com', 'mail.%s.com.mx' % rng.choice(('papelerialupita', 'ferremax', 'abarrotesdonpepe'))))
        self.antivirus = rng.choice((None, 'update.eset.com', 'su.ff.avast.com'))
        self.vendor = rng.choice((None, 'licencias.sicarpos.com.mx', 'sync.eleventapos.com', 'api.bindpos.mx'))
        self.backup_hour = rng.uniform(1, 4.5)
        self.guests = []

    def device(self, name, kind, oui, host, client):
        rng = self.rng
        m = mac(oui) + rng.randbytes(3) if oui else bytes([rng.randrange(256) & 0xfc | 2]) + rng.randbytes(5)
        six = self.six + b'\x02' + rng.randbytes(7) if self.six else None
        return Device(name, kind, m, self.net + bytes([host]), client, rng, six)

    def own(self, name, kind, oui, client):
        made = self.device(name, kind, oui, 10 + len(self.devices), client)
        self.devices.append(made)
        kinds = {'pc': ('pc',), 'phone': ('phone',), 'screen': ('screen',)}.get(kind, ())
        self.choose_habits(made, kinds, 8)
        if kind == 'pc' and name in ('OFICINA', 'GERENCIA', 'ADMIN-PC'):
            self.choose_habits(made, ('pc', 'pc', 'office'), 9)
        return made

    def choose_habits(self, device, kinds, favourites):
        mine = [t for t in self.takes if set(kinds) & set(t.kinds) and (self.six or not t.six)]
        self.rng.shuffle(mine)
        device.habits, device.unused = mine[:favourites], mine[favourites:]

    # ---- pieces ---------------------------------------------------------------------------------
    def look_up(self, ns, device, name, kinds=(1, 28), address=None, ttl=None):
        """The device asks the router unless it still knows; (server, when it knows)."""
        server = self.world.bare(address, name) if address else self.world.server(name)
        if device.cache.get(name, 0) > ns:
            return server, ns
        rng, wait = self.rng, self.rng.randrange(8_000_000, 45_000_000)
        ttl = ttl or rng.choice((60, 300, 300, 3600))
        device.cache[name] = ns + max(ttl, 60) * SECOND
        for n, qtype in enumerate(kinds):
            ident, port = rng.randrange(65536), rng.randrange(49152, 65535)
            self.tape.udp(ns + n * 300_000, device, self.router, port, 53, talk.question(ident, name, qtype))
            records = [(1, ttl, server.ip)] if qtype == 1 else []
            self.tape.udp(ns + n * 300_000 + wait, self.router, device, 53, port, talk.answer(ident, name, qtype, 0, records))
        return server, ns + wait + 2_000_000

    def https(self, ns, device, name, out, back, client=None, more=(), address=None, port=443):
        server, ns = self.look_up(ns, device, name, address=address)
        turns = talk.open_tls(client or device.client, name, self.rng)
        turns += [(True, talk.app(self.rng, out), 3_000_000), (False, talk.app(self.rng, back), self.rng.randrange(10, 90) * 1_000_000), *more]
        return self.tape.talk(ns, device, server, port, turns)

    def visit(self, ns, device, site):
        """A page: the site and some of what pages carry from elsewhere."""
        rng = self.rng
        end = self.https(ns, device, site, rng.randrange(500, 1500), rng.randrange(3000, 40000))
        for helper in rng.sample(HELPERS, rng.randrange(0, 3)):
            end = max(end, self.https(ns + rng.randrange(200, 1500) * 1_000_000, device, helper, rng.randrange(400, 900), rng.randrange(800, 9000)))
        return end

    def session(self, ns, device):
        """One thing that a person does: a page, or a recorded piece of life."""
        rng = self.rng
        if device.habits and rng.random() < 0.55:
            if device.unused and rng.random() < 0.04:
                made = device.unused.pop()
            else:
                made = device.habits[min(int(rng.paretovariate(0.9)) - 1, len(device.habits) - 1)]
            for n, (address, name) in enumerate(made.names):
                self.look_up(ns + n * 2_000_000, device, name, address=ip(address))
            peers = [d for d in ([self.server] if self.server else []) + self.pcs if d is not device]
            return recorded.play(self.tape, ns + 120_000_000, made, device, self.router, peers, self.six is not None)
        if rng.random() < 0.08:
            site = self.world.new_site()
            if rng.random() < 0.3:
                device.sites[rng.randrange(6, 12)] = site
        else:
            site = device.sites[min(int(rng.paretovariate(0.8)) - 1, 11)]
        return self.visit(ns, device, site)

    def join(self, ns, device, asked=False):
        """The device takes its address: RFC 2131, and says so to the neighbours (RFC 5227)."""
        rng, tape, xid = self.rng, self.tape, self.rng.randrange(1 << 32)
        nobody, everybody = Node('', device.mac, b'\0' * 4), Node('', BROADCAST, b'\xff' * 4)
        name = (12, device.name.encode())
        vendor = [(60, b'MSFT 5.0')] if device.kind == 'pc' else [(60, b'android-dhcp-13')] if device.client == 'android' else []
        wants = (55, b'\1\3\6\x0f\x1f\x21\x2b\x2c\x2e\x2f\x77\x79\xf9\xfc')
        serve = [(54, self.router.ip), (51, struct.pack('>I', 86400)), (1, b'\xff\xff\xff\0'), (3, self.router.ip), (6, self.router.ip)]
        if asked:
            tape.udp(ns, nobody, everybody, 68, 67, talk.dhcp(1, xid, device.mac, 1, options=[name, *vendor, wants]))
            tape.udp(ns + 20_000_000, self.router, Node('', device.mac, device.ip), 67, 68, talk.dhcp(2, xid, device.mac, 2, device.ip, serve))
        tape.udp(ns + 30_000_000, nobody, everybody, 68, 67, talk.dhcp(1, xid, device.mac, 3, options=[(50, device.ip), name, *vendor, wants]))
        tape.udp(ns + 45_000_000, self.router, Node('', device.mac, device.ip), 67, 68, talk.dhcp(2, xid, device.mac, 5, device.ip, serve))
        tape.arp(ns + 60_000_000, 1, Node('', device.mac, b'\0' * 4), device.ip)
        tape.arp(ns + 200_000_000, 1, device, device.ip)
        tape.ask_mac(ns + 210_000_000, device, self.router)
        return ns + 300_000_000

    def renew(self, ns, device):
        xid = self.rng.randrange(1 << 32)
        self.tape.udp(ns, device, self.router, 68, 67, talk.dhcp(1, xid, device.mac, 3, device.ip, [(12, device.name.encode())]))
        self.tape.udp(ns + 8_000_000, self.router, device, 67, 68, talk.dhcp(2, xid, device.mac, 5, device.ip, [(54, self.router.ip), (51, struct.pack('>I', 86400)), (3, self.router.ip), (6, self.router.ip)]))

    def announce(self, ns, device):
        """mDNS (RFC 6762): who it is; `.local` names are the device's own."""
        host = device.name + '.local'
        body = struct.pack('>6H', 0, 0x8400, 0, 1, 0, 0) + talk.name(host) + struct.pack('>HHIH', 1, 0x8001, 120, 4) + device.ip
        self.tape.udp(ns, device, Node('', bytes.fromhex('01005e0000fb'), b'\xe0\0\0\xfb'), 5353, 5353, body, ttl=255)

    def clock(self, ns, device, name):
        server, ns = self.look_up(ns, device, name, (1,))
        port = self.rng.randrange(49152, 65535) if device.kind != 'pc' else 123
        self.tape.udp(ns, device, server, port, 123, b'\xe3\0\x06\xec' + b'\0' * 36 + self.rng.randbytes(8))
        self.tape.udp(ns + 40_000_000, server, device, 123, port, b'\x24\2\0\xe9' + self.rng.randbytes(44))

    def every(self, begin, end, period, jitter, what):
        """what(ns) again and again: `jitter` as a share of the period."""
        ns = begin + self.rng.random() * period
        while ns < end:
            what(int(ns))
            ns += period * (1 + jitter * (2 * self.rng.random() - 1))
