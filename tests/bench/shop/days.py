# SPDX-License-Identifier: Apache-2.0
"""What happens on each day of the simulated month, device by device."""
import struct

from . import talk
from .people import BEGIN, DAY, DAYS, HOUR, HOURS, MINUTE, at
from .wire import ACK, FIN, PSH, SECOND, SYN

WINDOWS_CHECKS = (  # name, period, jitter, bytes out and back: what a Windows PC asks by itself
    ('v10.events.data.microsoft.com', 45 * MINUTE, 0.4, 2500, 400), ('settings-win.data.microsoft.com', 2 * HOUR, 0.3, 600, 3000),
    ('slscr.update.microsoft.com', 9 * HOUR, 0.3, 900, 9000), ('update.googleapis.com', 5 * HOUR, 0.15, 1400, 1300),
    ('edge.microsoft.com', 4 * HOUR, 0.3, 700, 2500), ('www.bing.com', 3 * HOUR, 0.6, 800, 6000))


def standing(shop, begin, end, device, name, port, client, beat, out, back):
    """A connection that stays open (push messages): small words every `beat`, anew every few hours."""
    rng, ns = shop.rng, begin
    while ns < end - MINUTE:
        server, now = shop.look_up(ns, device, name, (1,))
        stop = min(end, now + int(rng.uniform(2, 7) * HOUR))
        turns, clock = talk.open_tls(client, name, rng), now
        while clock < stop:
            pause = int(beat * rng.uniform(0.9, 1.1))
            clock += pause
            turns += [(True, talk.app(rng, out), pause), (False, talk.app(rng, back), 0)]
        ns = shop.tape.talk(now, device, server, port, turns) + rng.randrange(1, 20) * SECOND


def poll_mail(shop, ns, device):
    server, ns = shop.look_up(ns, device, shop.mail, (1,))
    rng = shop.rng
    turns = talk.open_tls('windows', shop.mail, rng)
    for _ in range(4):
        turns += [(True, talk.app(rng, rng.randrange(30, 60)), 0), (False, talk.app(rng, rng.randrange(60, 300)), 20_000_000)]
    if rng.random() < 0.15:
        turns.append((False, talk.app(rng, rng.randrange(5000, 60000)), 0))
    shop.tape.talk(ns, device, server, 993, turns)


def pc_day(shop, day, device, begin, end, work):
    """begin..end: it is on; work: (open, close) or None."""
    rng, tape = shop.rng, shop.tape
    if begin > at(day, 0) + MINUTE:  # switched on
        shop.join(begin, device)
        shop.announce(begin + SECOND, device)
        server, now = shop.look_up(begin + 2 * SECOND, device, 'www.msftconnecttest.com')
        tape.talk(now, device, server, 80, [(True, talk.http('GET', 'www.msftconnecttest.com', '/connecttest.txt', 'Microsoft NCSI'), 0),
                                            (False, talk.http_reply('200 OK', b'Microsoft Connect Test', 'text/plain'), 0)])
    elif day % 2:
        shop.renew(at(day, 3, rng.randrange(60)), device)
    for name, period, jitter, out, back in WINDOWS_CHECKS:
        shop.every(begin, end, period, jitter, lambda ns: shop.https(ns, device, name, int(out * rng.uniform(0.6, 1.5)), int(back * rng.uniform(0.5, 1.8)), 'windows'))
    standing(shop, begin + 20 * SECOND, end, device, 'client.wns.windows.com', 443, 'windows', 28 * MINUTE, 30, 40)
    shop.every(begin, end, 20 * MINUTE, 0.3, lambda ns: tape.ask_mac(ns, device, shop.router))
    shop.every(begin, end, 26 * HOUR, 0.3, lambda ns: shop.clock(ns, device, 'time.windows.com'))
    shop.every(begin, end, 55 * MINUTE, 0.3, lambda ns: poll_printer(shop, ns, device))
    if shop.antivirus:
        shop.every(begin, end, HOUR, 0.05, lambda ns: antivirus(shop, ns, device))
    if not work:
        return
    count = rng.randrange(4, 11) if device is shop.office else rng.randrange(1, 5)
    for _ in range(count):
        shop.session(rng.randrange(*work), device)


def antivirus(shop, ns, device):
    server, ns = shop.look_up(ns, device, shop.antivirus)
    body = shop.rng.randbytes(shop.rng.choice((700, 700, 700, 24000)))
    shop.tape.talk(ns, device, server, 80, [(True, talk.http('GET', shop.antivirus, '/eset_upd/ep10/update.ver', 'Updater/10 (Windows; U; 64bit)'), 0),
                                            (False, talk.http_reply('200 OK', body, 'application/octet-stream'), 0)])


def poll_printer(shop, ns, device):
    """SNMP: the state of the printer's toner (RFC 3805)."""
    rng, port = shop.rng, shop.rng.randrange(49152, 65535)
    oid = b'\x06\x0f\x2b\x06\x01\x02\x01\x2b\x0b\x01\x01\x09\x01\x01\x01\x00\x00'[:17]
    def message(kind, value):
        bind = talk.der(0x30, talk.der(0x30, oid, value))
        return talk.der(0x30, b'\2\1\1', talk.der(4, b'public'), talk.der(kind, talk.der(2, ident), b'\2\1\0\2\1\0', bind))
    ident = b'\x21' + rng.randbytes(3)
    shop.tape.udp(ns, device, shop.printer, port, 161, message(0xa0, b'\5\0'))
    shop.tape.udp(ns + 9_000_000, shop.printer, device, 161, port, message(0xa2, b'\2\1' + bytes([rng.randrange(20, 99)])))


def print_page(shop, ns, device):
    size = int(shop.rng.lognormvariate(11.5, 0.7))
    shop.tape.talk(ns, device, shop.printer, 9100, [(True, b'\x1b%-12345X@PJL JOB\r\n' + shop.rng.randbytes(300), 0), (True, min(size, 2_000_000), 0, 4_000_000)], rtt=2_000_000)


def till_work(shop, day, till, work):
    """Sales: the database in the shop, and the payment processor for those by card."""
    rng, shared = shop.rng, shop.shared
    if till is shared:
        return
    queries, clock = [], work[0]
    busy = rng.uniform(0.6, 1.6)
    while clock < work[1]:
        pause = int(rng.expovariate(busy / (14 * MINUTE))) + 20 * SECOND
        clock += pause
        queries.append((pause, rng.randrange(40, 700)))
        if rng.random() < 0.45 and clock < work[1]:
            shop.https(clock + 5 * SECOND, till, shop.processor, rng.randrange(900, 1500), rng.randrange(600, 1100), 'dotnet')
    shop.tape.talk(work[0] - 5 * MINUTE, till, shared, 3306, talk.mysql_session(rng, queries), rtt=700_000)
    shop.tape.ask_mac(work[0] - 6 * MINUTE, till, shared)
    shop.tape.talk(work[0] - 4 * MINUTE, till, shared, 445, talk.smb_session(rng, till.name, shared.name, 'caja', ['IPC$', 'Ventas'], rng.randrange(1, 6)), rtt=700_000)
    if shop.vendor:
        shop.every(work[0], work[1], 30 * MINUTE, 0.1, lambda ns: shop.https(ns, till, shop.vendor, 700, rng.randrange(300, 500), 'dotnet'))


def backup(shop, ns, device):
    """The night's copies to a cloud storage, as large as the day was, now and then a full one."""
    rng = shop.rng
    size = int(rng.lognormvariate(17.9, 0.35)) if rng.random() < 0.93 else int(rng.uniform(1.5e8, 3.2e8))
    server, ns = shop.look_up(ns, device, shop.cloud, (1,))
    while size > 0:
        part = min(size, int(rng.uniform(2e7, 6e7)))
        turns = talk.open_tls('go', shop.cloud, rng) + [(True, part, 0, rng.randrange(900_000, 1_800_000)), (False, talk.app(rng, 400), 0)]
        ns = shop.tape.talk(ns, device, server, 443, turns) + rng.randrange(1, 5) * SECOND
        size -= part


def phone_day(shop, day, phone, begin, end, sessions):
    rng = shop.rng
    shop.join(begin, phone, asked=rng.random() < 0.3)
    push = ('courier.push.apple.com', 5223) if phone.client == 'iphone' else ('mtalk.google.com', 5228)
    standing(shop, begin + 2 * SECOND, end, phone, *push, phone.client, 15 * MINUTE, 25, 30)
    standing(shop, begin + 5 * SECOND, end, phone, 'g.whatsapp.net', 443, phone.client, 12 * MINUTE, 60, 90)
    shop.every(begin, end, 40 * MINUTE, 0.5, lambda ns: shop.tape.ask_mac(ns, phone, shop.router))
    portal = ('captive.apple.com', '/hotspot-detect.html') if phone.client == 'iphone' else ('connectivitycheck.gstatic.com', '/generate_204')
    server, now = shop.look_up(begin + SECOND, phone, portal[0])
    shop.tape.talk(now, phone, server, 80, [(True, talk.http('GET', *portal, 'CaptiveNetworkSupport-443.120.2 wispr'), 0), (False, talk.http_reply('200 OK', b'Success'), 0)])
    shop.every(begin, end, 5 * HOUR, 0.4, lambda ns: shop.clock(ns, phone, 'time.apple.com' if phone.client == 'iphone' else 'time.android.com'))
    for _ in range(sessions):
        shop.session(rng.randrange(begin + 10 * SECOND, max(begin + 11 * SECOND, end - MINUTE)), phone)


def guest(shop, day, work):
    """Somebody with a telephone: new as a rule, now and then one who came before."""
    rng = shop.rng
    if shop.guests and rng.random() < 0.25:
        who = rng.choice(shop.guests)
    else:
        who = shop.device(rng.choice(('iPhone', 'Galaxy-S23', 'Redmi-13C', 'moto-g54', 'vivo-Y36')), 'phone', None, 0, rng.choice(('iphone', 'android')))
        shop.choose_habits(who, ('phone',), 4)
        shop.guests.append(who)
    shop.leases = shop.leases + 1 if shop.leases < 200 else 60  # an address is given again to others
    who.ip, who.cache = shop.net + bytes([shop.leases]), {}
    begin = rng.randrange(work[0], work[1] - 10 * MINUTE)
    phone_day(shop, day, who, begin, min(work[1], begin + int(rng.uniform(6, 50) * MINUTE)), rng.randrange(0, 4))


def appliances(shop, day, work):
    rng, tape = shop.rng, shop.tape
    begin, end = at(day, 0), at(day, 24)
    for device in (shop.printer, shop.screen, shop.camera):
        if device is None:
            continue
        shop.renew(begin + rng.randrange(DAY), device)
        shop.every(begin, end, 70 * MINUTE, 0.3, lambda ns: tape.ask_mac(ns, device, shop.router))
        shop.every(begin, end, 2 * HOUR, 0.2, lambda ns: shop.announce(ns, device))
    shop.every(begin, end, 8 * HOUR, 0.2, lambda ns: shop.https(ns, shop.printer, 'ccn.hpeprint.com' if shop.printer.name[:2] == 'HP' else 'ec.epsonconnect.com', 500, 700))
    if shop.camera:
        standing(shop, begin + MINUTE, end - MINUTE, shop.camera, 'device.hik-connect.com', 8666, 'device', 5 * MINUTE, 60, 60)
        shop.every(begin, end, 70 * MINUTE, 0.02, lambda ns: shop.clock(ns, shop.camera, '0.pool.ntp.org'))
    if shop.screen and work:
        shop.every(work[0], work[1], 3 * HOUR, 0.3, lambda ns: shop.https(ns, shop.screen, 'api-global.netflix.com', 900, 4000))
        shop.every(begin, end, 6 * HOUR, 0.1, lambda ns: shop.https(ns, shop.screen, 'otn.samsungcloudsolution.com', 500, 900, 'device'))
        for _ in range(rng.randrange(1, 5)):
            shop.session(rng.randrange(*work), shop.screen)
        if rng.random() < 0.3:  # somebody shows a film of the telephone's
            phone, ns = rng.choice(shop.phones), rng.randrange(*work)
            tape.talk(ns, phone, shop.screen, 8009, talk.open_tls('android', None, rng) + [(True, talk.app(rng, 200), 0), (False, talk.app(rng, 300), 0)] * 6, rtt=4_000_000)


def make_day(shop, day):
    rng, hours = shop.rng, HOURS[day % 7]
    work = (at(day, hours[0]), at(day, hours[1])) if hours else None
    late = None
    if rng.random() < 0.06:  # inventory, or a long evening
        late = (at(day, 20), at(day, 22, rng.randrange(60))) if work else (at(day, 11), at(day, 14))
    appliances(shop, day, work)
    always = [shop.office] + ([shop.server] if shop.server else [])
    for device in always:
        pc_day(shop, day, device, at(day, 0), at(day, 24), work if device is shop.office else None)
    if rng.random() < 0.96:
        backup(shop, at(day, shop.backup_hour, rng.randrange(12)), shop.shared)
    elif work:  # the night's was missed: it is made up for in the morning
        backup(shop, work[0] + rng.randrange(40) * MINUTE, shop.shared)
    if late:
        for _ in range(rng.randrange(2, 6)):
            shop.session(rng.randrange(*late), shop.office)
        phone_day(shop, day, shop.phones[0], late[0], late[1], 2)
    if not work:
        return
    on, off = work[0] - rng.randrange(10, 30) * MINUTE, work[1] + rng.randrange(2, 25) * MINUTE
    for till in shop.tills:
        pc_day(shop, day, till, on + rng.randrange(5 * MINUTE), off, work)
        till_work(shop, day, till, work)
    shop.every(work[0], work[1], 6 * MINUTE, 0.1, lambda ns: poll_mail(shop, ns, shop.office))
    for _ in range(rng.randrange(1, 9)):
        print_page(shop, rng.randrange(*work), rng.choice(shop.pcs))
    for phone in shop.phones:
        if rng.random() < 0.85:
            begin = work[0] + rng.randrange(-15, 20) * MINUTE
            phone_day(shop, day, phone, begin, work[1] + rng.randrange(15) * MINUTE, rng.randrange(2, 8))
    for _ in range(rng.randrange(0, 7)):
        guest(shop, day, work)
