# SPDX-License-Identifier: Apache-2.0
"""The dashboard's pages with a big provider's database behind them: 500 shops of 100 customers, 200 thousand
incidents in 180 days, five million alerts (--lines N: fewer), made from a seed with plain SQL. Times are those of
whole calls over HTTPS at the server, the median and the slowest of 20, for the provider and for a technician
who was given one customer. Marks: lists of incidents 50 ms, everything else 100 ms (median)."""
import datetime, http.client, json, random, sqlite3, ssl, statistics, time, uuid

import vigia

TENANTS, SITES, INCIDENTS, DAYS, RUNS = 100, 5, 200_000, 180, 20
LIST_MARK_MS, PAGE_MARK_MS = 50, 100
PASSWORD = 'una-frase-bastante-larga-9'
DETECTORS = ('net.rare_destination net.beacon net.new_device net.scan net.arp_spoof pay.refund net.tor net.dga pay.card_testing '
             'net.volume pay.void_abuse net.mining').split()
WORDS = ['palabra%d' % n for n in range(3000)]
STATES = ('resolved_false', 'resolved_false', 'resolved_expected', 'resolved_true')
SECOND = 10**9


def uid(chance):
    return str(uuid.UUID(int=chance.getrandbits(128), version=4))


def people(db, chance, now):
    """Customers, shops with one agent each, and streams: [(tenant, site, agent)]."""
    shops = []
    for t in range(TENANTS):
        tenant = uid(chance)
        db.execute('INSERT INTO tenants VALUES (?,?,x\'\',?)', (tenant, 'Cliente %d' % t, now))
        for s in range(SITES):
            site, agent = uid(chance), uid(chance)
            shops.append((tenant, site, agent))
            db.execute('INSERT INTO sites VALUES (?,?,?,?,?,?,?,?)',
                       (site, tenant, 'Tienda %d %s' % (t * SITES + s, chance.choice(('Centro', 'Norte', 'Sur'))),
                        'America/Mexico_City', 'es-MX', None, None, now))
            db.execute('INSERT INTO agents (id, tenant, site, host, machine, version, enrolled, last_seen)'
                       ' VALUES (?,?,?,?,?,?,?,?)', (agent, tenant, site, 'CAJA-%d' % s, 'm', '0.1.0', now, now))
            db.execute('INSERT INTO streams VALUES (?,?,?,?,?)', (len(shops), agent, uid(chance), now, 1 << 39))
    return shops


def body(chance, detector, severity, ip, peer):
    return json.dumps({
        'v': 1, 'id': uid(chance), 'class': 'alert', 'detector': detector, 'severity': severity, 'time': '2026-11-22T10:00:00Z',
        'subject': {'kind': 'device', 'id': ip, 'label': 'Caja %s' % ip}, 'peer': {'kind': 'host', 'id': peer, 'label': peer},
        'facts': {'host': ip, 'device': 'Caja %s' % ip, 'bytes': chance.randrange(10**6), 'place': ' '.join(chance.choices(WORDS, k=4))}},
        ensure_ascii=False)


SEARCH = '''INSERT INTO incident_search (rowid, subject, peer, detector, site, tenant, facts, notes, tags)
  SELECT i.num, i.subject_label || ' ' || i.subject_id, e.body ->> '$.peer.id', i.detector, s.name, t.name,
  (e.body ->> '$.facts.place'), '', 'all t' || replace(i.tenant,'-','') || ' s' || replace(i.site,'-','') || ' v' ||
  i.severity || ' e' || replace(i.state,'_','y') || iif(i.state IN ('new','acknowledged','in_progress'), ' isopen',
  ' isresolved') || ' d' || replace(replace(i.detector,'.','z'),'_','y') || ' a' || coalesce(replace(i.assignee,'-',''),'none')
  FROM incidents i JOIN sites s ON s.id = i.site JOIN tenants t ON t.id = i.tenant JOIN events e ON e.key = i.event'''


def fill(path, alerts, seed=1):
    chance, now = random.Random(seed), time.time_ns()
    db = sqlite3.connect(path)
    db.execute('PRAGMA synchronous = OFF')
    db.execute('PRAGMA cache_size = -400000')
    shops, severities = people(db, chance, now), ('low', 'medium', 'high', 'critical')
    me = db.execute('SELECT id FROM users').fetchone()[0]
    seqs, each = [0] * len(shops), alerts // INCIDENTS
    for n in range(INCIDENTS):
        at = min(int(chance.expovariate(3) * len(shops)), len(shops) - 1)
        tenant, site, agent = shops[at]
        severity, detector = min(3, int(chance.expovariate(1.2))), DETECTORS[min(int(chance.expovariate(.5)), len(DETECTORS) - 1)]
        last = now - int((INCIDENTS - n) / INCIDENTS * DAYS * 86400 * SECOND) - chance.randrange(SECOND)
        first, identity = last - chance.randrange(6 * 3600) * SECOND, uid(chance)
        ip, peer = '192.168.%d.%d' % (chance.randrange(4), chance.randrange(255)), 'host%d.example.com' % chance.randrange(5000)
        text = body(chance, detector, severities[severity], ip, peer)
        rows = []
        for k in range(each):
            seqs[at] += 1
            rows.append(((at + 1) << 40 | seqs[at], uid(chance), tenant, site, first + (last - first) * k // each, now, now, 'alert',
                         severity + 1, detector, identity, text))
        db.executemany('INSERT INTO events VALUES (?,?,?,?,?,?,?,?,?,?,?,?)', rows)
        open_now = chance.random() < .03
        db.execute('INSERT INTO incidents (id, tenant, site, family, detector, subject_kind, subject_id, subject_label, severity,'
                   ' state, first, last, count, event, created, updated, num, assignee) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)',
                   (identity, tenant, site, detector, detector, 'device', ip, 'Caja ' + ip, severity + 1,
                    'new' if open_now else chance.choice(STATES), first, last, each, rows[0][0], last, last,
                    (last // SECOND << 20) + n % 1000, me if chance.random() < .02 else None))
        db.execute('INSERT INTO incident_agents VALUES (?,?)', (identity, agent))
        if n % 5000 == 0:
            db.commit()
    db.execute(SEARCH)
    db.commit()
    db.close()


class Reader:
    """Somebody who is signed in."""

    def __init__(self, port, user):
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        self.connection = http.client.HTTPSConnection('127.0.0.1', port, context=context, timeout=60)
        self.connection.request('POST', '/api/login', json.dumps({'user': user, 'password': PASSWORD}))
        answer = self.connection.getresponse()
        answer.read()
        self.cookie = answer.getheader('Set-Cookie').split(';')[0]

    def get(self, path):
        """(milliseconds, answer)"""
        began = time.perf_counter()
        self.connection.request('GET', path, headers={'Cookie': self.cookie})
        answer = self.connection.getresponse()
        text = answer.read()
        took = (time.perf_counter() - began) * 1000
        if answer.status != 200:
            raise SystemExit('%s: %d %s' % (path, answer.status, text[:200]))
        return took, json.loads(text)


def pages(reader):
    """{name: (path, mark in ms)}"""
    items = reader.get('/api/incidents?limit=1')[1]['items']
    one, month = items[0], (datetime.date.today() - datetime.timedelta(days=60)).isoformat()
    lists = {'list': '', 'all': '?state=all', 'resolved': '?state=resolved', 'severity': '?severity=critical',
             'site': '?state=all&site=' + one['site']['id'], 'detector': '?state=all&detector=pay.void_abuse',
             'mine': '?assignee=me', 'nobody\'s': '?assignee=none&state=all', 'word': '?state=all&q=palabra77',
             'beginning': '?state=all&q=pal', 'address': '?state=all&q=192.168.1.57', 'nothing': '?state=all&q=palabra7+palabra8+palabra9',
             'without': '?state=all&q=-tienda', 'fields': '?q=detector:net.scan+site:Centro+severity:high+before:' + month,
             'third page': '?state=all&cursor=%s' % reader.get('/api/incidents?state=all&limit=100')[1]['next']}
    found = {name: ('/api/incidents' + query, LIST_MARK_MS) for name, query in lists.items()}
    found.update({'incident': ('/api/incidents/' + one['id'], PAGE_MARK_MS), 'overview': ('/api/overview', PAGE_MARK_MS),
                  'sites': ('/api/sites', PAGE_MARK_MS), 'agents': ('/api/agents', PAGE_MARK_MS), 'noise': ('/api/noise', PAGE_MARK_MS),
                  'noise about': ('/api/noise?detector=net.rare_destination', PAGE_MARK_MS)})
    return found


def measure(folder, alerts, show):
    collector = vigia.Collector(folder / 'collector', mail=False)
    for name in ('laura', 'uno'):
        collector.cli('user', 'add', name, '--role', 'technician', '--password-stdin', stdin=PASSWORD + '\n')
    began = time.monotonic()
    fill(collector.state / 'collector.sqlite', alerts)
    collector.cli('user', 'tenants', 'uno', 'Cliente 3')
    show('pages.database', alerts=alerts, incidents=INCIDENTS, seconds=round(time.monotonic() - began),
         gigabytes=round((collector.state / 'collector.sqlite').stat().st_size / 1e9, 2))
    collector.start()
    good = True
    try:
        for user in ('laura', 'uno'):
            reader = Reader(collector.web_port, user)
            for name, (path, mark) in pages(reader).items():
                took = sorted(reader.get(path)[0] for _ in range(RUNS))
                middle = statistics.median(took)
                show('pages', user=user, page=name, ms=round(middle, 1), slowest=round(took[-1], 1), mark=mark)
                good = good and middle <= mark
    finally:
        collector.stop()
    return good
