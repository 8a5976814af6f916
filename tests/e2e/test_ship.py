# SPDX-License-Identifier: Apache-2.0
"""From agent to collector: enrolment, idempotent ingest, kills, outages, revocation, copies of a disk."""
import hashlib, http.client, json, shutil, sqlite3, ssl, subprocess, time, urllib.parse, uuid

import pytest

import vigia


class Client:
    """An agent's side of collector/API.md in a few lines, so that tests can misbehave."""

    def __init__(self, collector, folder, url=None):
        self.collector, self.dir = collector, folder
        folder.mkdir()
        self.key, self.cert, self.ca = folder / 'key.pem', folder / 'cert.pem', collector.state / 'pki/ca.pem'
        self.store, self.connection = str(uuid.uuid4()), None
        subprocess.run(['openssl', 'ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', self.key], check=True)
        csr = subprocess.run(['openssl', 'req', '-new', '-key', self.key, '-subj', '/CN=x'], check=True,
                             capture_output=True, text=True).stdout
        token = urllib.parse.urlparse(url or collector.token()).path
        web = http.client.HTTPSConnection('127.0.0.1', collector.web_port,
                                          context=ssl.create_default_context(cafile=str(self.ca)))
        web.request('POST', token, json.dumps({'csr': csr, 'host': 'pc', 'machine': 'm', 'version': '0'}))
        answer = web.getresponse()
        self.enrolled = answer.status, json.loads(answer.read())
        if answer.status == 200:
            self.cert.write_text(self.enrolled[1]['cert'])
            self.agent = self.enrolled[1]['agent']

    def post(self, path, body, headers=None):
        if self.connection is None:
            context = ssl.create_default_context(cafile=str(self.ca))
            context.load_cert_chain(self.cert, self.key)
            self.connection = http.client.HTTPSConnection('127.0.0.1', self.collector.agents_port, context=context, timeout=20)
        try:
            self.connection.request('POST', path, body, headers or {})
            answer = self.connection.getresponse()
            return answer.status, json.loads(answer.read())
        except (OSError, http.client.HTTPException):
            self.connection.close()
            self.connection = None
            raise

    def events(self, lines):
        body = '\n'.join(x if isinstance(x, str) else json.dumps(x) for x in lines) + '\n'
        return self.post('/v1/events', body.encode(), {'X-Vigia-Store': self.store})

    def event(self, seq, **more):
        now = time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())
        return {'v': 1, 'id': str(uuid.uuid4())[:14] + '7' + str(uuid.uuid4())[15:], 'store': self.store, 'seq': seq,
                'time': now, 'recorded': now, 'class': 'alert', 'sensor': 'net', 'detector': 'net.scan',
                'severity': 'high', 'score': 80, 'subject': {'kind': 'host', 'id': '10.0.0.7', 'label': 'caja-7'},
                'facts': {'host': '10.0.0.7'}, 'evidence': [], 'attack': ['T1046'], **more}


def test_a_token_works_once(collector, agents, tmp_path):
    url = collector.token()
    first, second = agents(), agents()
    wrong = url[:-1] + ('0' if url[-1] != '0' else '1')
    refused = first.cli('enroll', wrong, check=False)
    assert refused.returncode == 2 and 'fingerprint' in refused.stderr
    assert not (first.state / 'identity').exists()
    first.enroll(url)
    again = second.cli('enroll', url, check=False)
    assert again.returncode == 2 and 'token' in again.stderr
    assert first.cli('enroll', collector.token(), check=False).returncode == 2  # it is enrolled


def test_a_repeat_changes_nothing(collector, tmp_path):
    c = Client(collector, tmp_path / 'c')
    batch = [c.event(n) for n in range(1, 6)]
    assert c.events(batch) == (200, {'store': c.store, 'durable': 5})
    assert c.events(batch) == (200, {'store': c.store, 'durable': 5})
    assert c.events(batch[3:] + [c.event(6)])[1]['durable'] == 6
    assert len(collector.events()) == 6
    status, answer = c.events([batch[4], c.event(6), c.event(7)])
    assert (status, answer['error']) == (409, 'store_conflict')
    assert len(collector.events()) == 6, 'nothing of a batch in conflict is kept'
    assert c.events([c.event(7)])[1]['durable'] == 7


def test_a_bad_record_does_not_stop_the_rest(collector, tmp_path):
    c = Client(collector, tmp_path / 'c')
    status, answer = c.events([c.event(1), c.event(2, severity='huge'), '{"broken', c.event(4)])
    assert (status, answer['durable']) == (200, 4)
    assert [r['seq'] for r in answer['refused']] == [2, 3]
    assert [e['seq'] for e in collector.events()] == [1, 4]
    assert c.events([c.event(2, severity='huge')])[0] == 200  # again: still a tombstone
    assert c.events([c.event(9), c.event(8)])[0] == 400
    assert c.post('/v1/events', b'', {'X-Vigia-Store': c.store})[0] == 400
    assert c.post('/v1/events', b'{}', {'X-Vigia-Store': 'x'})[0] == 400
    assert c.post('/v1/events', b'junk', {'X-Vigia-Store': c.store, 'Content-Encoding': 'zstd'})[0] == 400


def test_revoked_at_once(collector, tmp_path):
    c, other = Client(collector, tmp_path / 'c'), Client(collector, tmp_path / 'other')
    assert c.events([c.event(1)])[0] == 200
    collector.cli('agent', 'revoke', c.agent)
    assert c.events([c.event(2)])[:1] == (403,)  # on the connection that was open
    assert c.post('/v1/hello', json.dumps({'store': c.store}))[1]['error'] == 'revoked'
    assert c.post('/v1/renew', json.dumps({'csr': 'x'}))[1]['error'] == 'revoked'
    assert other.events([other.event(1)])[0] == 200


def test_no_certificate_no_answer(collector):
    context = ssl.create_default_context(cafile=str(collector.state / 'pki/ca.pem'))
    with pytest.raises((ssl.SSLError, OSError)):
        c = http.client.HTTPSConnection('127.0.0.1', collector.agents_port, context=context, timeout=10)
        c.request('POST', '/v1/hello', '{}')
        c.getresponse()


def test_a_renewed_certificate_works(collector, tmp_path):
    c = Client(collector, tmp_path / 'c')
    csr = subprocess.run(['openssl', 'req', '-new', '-key', c.key, '-subj', '/CN=y'], check=True, capture_output=True,
                         text=True).stdout
    status, answer = c.post('/v1/renew', json.dumps({'csr': csr}))
    assert status == 200
    c.cert.write_text(answer['cert'])
    c.connection = None
    assert c.events([c.event(1)])[0] == 200
    assert 'CN = ' + c.agent in subprocess.run(['openssl', 'x509', '-in', c.cert, '-noout', '-subject'],
                                               capture_output=True, text=True).stdout


def test_kills_while_shipping(collector, tmp_path):
    """The collector dies eight times in the middle: nothing is lost, nothing is there twice."""
    c = Client(collector, tmp_path / 'c')
    total, at, batches = 2000, 0, 0
    events = [c.event(n + 1, subject={'kind': 'host', 'id': 'h%d' % (n // 200), 'label': 'h'}) for n in range(total)]
    end = time.monotonic() + 120
    while at < total:
        assert time.monotonic() < end
        try:
            status, answer = c.events(events[at:at + 25])
        except (OSError, http.client.HTTPException):
            time.sleep(0.05)
            continue
        if status == 200:
            at = answer['durable']
        batches += 1
        if batches % 9 == 0 and batches <= 72:
            # In the middle of a batch: the request is out, the answer is not in.
            body = '\n'.join(json.dumps(e) for e in events[at:at + 25]) + '\n'
            if at < total:
                c.connection.request('POST', '/v1/events', body.encode(), {'X-Vigia-Store': c.store})
            time.sleep(0.001 * (batches % 5))
            collector.kill()
            collector.start()
            c.connection.close()
            c.connection = None
    stored = collector.events()
    assert [e['id'] for e in stored] == [e['id'] for e in events]
    assert collector.cli('verify').stdout.strip() == 'whole'


def test_three_agents_one_incident_one_mail(collector, tmp_path):
    spoof = {'detector': 'net.arp_spoof', 'subject': {'kind': 'device', 'id': '10.0.0.1', 'label': 'router'}}
    clients = [Client(collector, tmp_path / ('c%d' % i)) for i in range(3)]
    for c in clients:
        assert c.events([c.event(1, **spoof), c.event(2, **spoof)])[0] == 200
    vigia.wait_for(lambda: collector.mails(), 30)
    time.sleep(1)
    assert len(collector.mails()) == 1


def test_outage_and_return(collector, agents):
    """Unreachable for the whole run, then back: everything arrives, once."""
    a = agents('network: off\n')
    a.enroll(collector.token())
    collector.stop()
    for _ in range(3):
        a.start()
        vigia.wait_for(lambda: a.status().get('state') == 'running')
        a.stop()
    a.start()
    collector.start()
    vigia.wait_for(lambda: {e['id'] for e in collector.events()} == {e['id'] for e in a.events()} and a.events(), 60)
    assert len(a.events()) >= 4
    assert len(collector.events()) == len(a.events())


def test_a_copy_of_the_disk(collector, agents):
    """Two machines with one store: what the second one says is not taken for what the first one said."""
    a = agents('network: off\n', name='one')
    a.enroll(collector.token())
    a.start()
    vigia.wait_for(lambda: len(collector.events()) >= 1)
    a.stop()
    b = agents('network: off\n', name='two')
    shutil.copytree(a.state, b.state)
    a.start()
    vigia.wait_for(lambda: len(collector.events()) >= 2)
    b.start()
    vigia.wait_for(lambda: b.events() and b.events()[-1]['store'] != a.events()[-1]['store'], 60)

    def together():
        return {e['id'] for e in collector.events()} >= {e['id'] for e in a.events()} and \
            len({e['store'] for e in collector.events()}) == 2 and \
            any(e['detector'] == 'agent.store_conflict' for e in collector.events())
    vigia.wait_for(together, 60)
    b.stop()
    ids = [e['id'] for e in collector.events()]
    assert len(ids) == len(set((e['store'], e['seq']) for e in collector.events()))
    started = [e for e in b.events() if e['detector'] == 'agent.started']
    vigia.wait_for(lambda: sum(e['detector'] == 'agent.started' for e in collector.events()) >= len(started) + 1, 30)


def test_restored_from_an_older_image(collector, agents, tmp_path):
    a = agents('network: off\n')
    a.enroll(collector.token())
    a.start()
    vigia.wait_for(lambda: len(collector.events()) >= 1)
    a.stop()
    shutil.copytree(a.state, tmp_path / 'image')
    for _ in range(2):
        a.start()
        vigia.wait_for(lambda: a.status().get('collector', {}).get('pending') == 0 and
                       a.status().get('state') == 'running' and not a.status().get('stale'))
        a.stop()
    before = len(collector.events())
    shutil.rmtree(a.state)
    shutil.copytree(tmp_path / 'image', a.state)
    a.start()
    vigia.wait_for(lambda: any(e['detector'] == 'agent.store_conflict' for e in collector.events()), 60)
    assert len(collector.events()) > before
    assert len({e['store'] for e in collector.events()}) == 2


def sign(client, collector, days_from, days_until):
    """A certificate for the client's key with other dates, known to the collector: a shifted clock."""
    folder = client.dir
    csr = subprocess.run(['openssl', 'req', '-new', '-key', client.key, '-subj', '/CN=' + client.agent], check=True,
                         capture_output=True).stdout
    (folder / 'x.csr').write_bytes(csr)
    (folder / 'x.cnf').write_text('[ca]\ndefault_ca=d\n[d]\ndatabase=%s/db\nserial=%s/serial\nnew_certs_dir=%s\n'
                                  'default_md=sha256\npolicy=p\nx509_extensions=e\n[p]\ncommonName=supplied\n'
                                  '[e]\nbasicConstraints=CA:FALSE\nextendedKeyUsage=clientAuth\n' % ((folder,) * 3))
    (folder / 'db').write_text('')
    (folder / 'serial').write_text('01\n')
    date = lambda days: time.strftime('%Y%m%d%H%M%SZ', time.gmtime(time.time() + days * 86400))
    subprocess.run(['openssl', 'ca', '-batch', '-notext', '-config', folder / 'x.cnf', '-in', folder / 'x.csr',
                    '-out', client.cert, '-cert', collector.state / 'pki/ca.pem', '-keyfile', collector.state / 'pki/ca.key',
                    '-startdate', date(days_from), '-enddate', date(days_until)], check=True, capture_output=True)
    der = subprocess.run(['openssl', 'x509', '-in', client.cert, '-outform', 'der'], check=True, capture_output=True).stdout
    with sqlite3.connect(collector.state / 'collector.sqlite') as db:
        db.execute('INSERT INTO certs VALUES (?,?,?,?)', (hashlib.sha256(der).digest(), client.agent, 0, 0))
    db.close()
    client.connection = None
    return csr.decode()


def test_a_certificate_that_ran_out(collector, tmp_path):
    """Out for less than a year: it may renew and do nothing else. For longer: nothing at all."""
    c = Client(collector, tmp_path / 'c')
    csr = sign(c, collector, -120, -30)
    assert c.events([c.event(1)])[1]['error'] == 'expired'
    assert c.post('/v1/hello', '{}')[1]['error'] == 'expired'
    status, answer = c.post('/v1/renew', json.dumps({'csr': csr}))
    assert status == 200
    c.cert.write_text(answer['cert'])
    c.connection = None
    assert c.events([c.event(1)])[0] == 200

    late = Client(collector, tmp_path / 'late')
    csr = sign(late, collector, -500, -370)
    assert late.post('/v1/renew', json.dumps({'csr': csr}))[1]['error'] == 'expired'


def test_verify_asks_the_collector(collector, agents):
    a = agents('network: off\n')
    a.enroll(collector.token())
    a.start()
    vigia.wait_for(lambda: len(collector.events()) >= 1)
    a.stop()
    assert not (a.state / 'seal.first').exists(), 'handed over and forgotten'
    whole = a.cli('verify')
    assert whole.stdout.startswith('whole: ')
    collector.stop()
    assert a.cli('verify', check=False).returncode == 3
