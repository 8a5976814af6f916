# SPDX-License-Identifier: Apache-2.0
"""The collector against clients that mean harm: what they do is refused, counted and shown, and an honest agent
goes on shipping meanwhile."""
import contextlib, http.client, json, resource, select, socket, sqlite3, ssl, subprocess, threading, time, uuid

import pytest

import vigia
from api import Api
from test_ship import Client, sign


@pytest.fixture
def scene(collector, tmp_path):
    """A collector, an administrator, an honest agent; in the end the agent still works, and nothing fell over."""
    pid, admin, honest = collector.process.pid, Api(collector), Client(collector, tmp_path / 'honest')
    assert honest.events([honest.event(1)])[0] == 200
    yield collector, admin, honest
    honest.connection = None
    last = 1000000  # beyond what any test ships
    assert honest.events([honest.event(last)]) == (200, {'store': honest.store, 'durable': last})
    assert collector.process.alive() and collector.process.pid == pid
    assert admin.get('/api/overview')[0] == 200


def counts(admin, *path):
    found = admin.get('/api/health')[1]
    for key in path:
        found = found[key]
    return found


def raw(collector, client=None, port=None, source='127.0.0.1'):
    """A TLS connection to the agents' listener (with the client's certificate) or to another port."""
    context = ssl.create_default_context(cafile=str(collector.state / 'pki/ca.pem'))
    if client:
        context.load_cert_chain(client.cert, client.key)
    s = socket.create_connection(('127.0.0.1', port or collector.agents_port), 20, (source, 0))
    return context.wrap_socket(s, server_hostname='127.0.0.1')


def answer_of(s):
    """The status of what came back; None where the connection was ended without."""
    s.settimeout(20)
    try:
        head = s.recv(4096)
    except (OSError, ssl.SSLError):
        return None
    return int(head.split()[1]) if head.startswith(b'HTTP/') else None


def test_slow_clients(scene):
    """Headers and bodies a byte a second, and silence: gone after the deadline, whatever trickles in."""
    collector, admin, honest = scene
    post = b'POST /v1/events HTTP/1.1\r\nHost: h\r\nX-Vigia-Store: ' + honest.store.encode() + b'\r\n'
    slow = [raw(collector, honest), raw(collector, honest), raw(collector, port=collector.web_port)]
    slow[0].sendall(post)
    slow[1].sendall(post + b'Content-Length: 1000\r\n\r\n{')
    slow[2].sendall(b'GET /api/me HTTP/1.1\r\n')
    mute = socket.create_connection(('127.0.0.1', collector.agents_port))
    began, seq, ended = time.monotonic(), 1, {}
    while len(ended) < 4 and time.monotonic() - began < 75:
        for i, s in enumerate(slow):
            if i not in ended:
                try:
                    s.sendall(b'x: y\r\n' if i != 1 else b' ')
                    if select.select([s], [], [], 0)[0] and not s.recv(100):
                        raise OSError
                except (OSError, ssl.SSLError):
                    ended[i] = time.monotonic() - began
        if 3 not in ended and select.select([mute], [], [], 0)[0]:
            ended[3] = time.monotonic() - began
        seq += 1
        assert honest.events([honest.event(seq)])[0] == 200
        time.sleep(1)
    assert set(ended) == {0, 1, 2, 3}, ended
    assert ended[3] < 20 and all(50 < ended[i] < 70 for i in range(3)), ended
    assert counts(admin, 'listeners', 'agents', 'over_deadline') >= 3
    assert counts(admin, 'listeners', 'web', 'over_deadline') >= 1


def test_ten_thousand_idle_connections(scene):
    """From 25 addresses; some with a handshake of their own making. The honest agent, new connections of its
    own too, and the pages are served throughout."""
    collector, admin, honest = scene
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 11000:
        pytest.skip('needs 11,000 files')
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    idle, seq = [], 1
    try:
        for n in range(10_000):
            s = socket.socket()
            s.setblocking(False)
            s.bind(('127.0.1.%d' % (n % 25 + 1), 0))
            with contextlib.suppress(BlockingIOError):
                s.connect(('127.0.0.1', collector.agents_port))
            idle.append(s)
            if n % 500 == 499:
                seq += 1
                honest.connection = None  # and a fresh one finds its way in
                assert honest.events([honest.event(seq)])[0] == 200
        time.sleep(1)
        honest.connection = None
        assert honest.events([honest.event(seq + 1)])[0] == 200
        seen = counts(admin, 'listeners', 'agents')
        assert seen['open'] <= 4096 + 300 and seen['over_cap'] > 3000, seen
        assert seen['accepted'] > 9000
        status = (vigia.Path('/proc/%d/status' % collector.process.pid)).read_text()
        assert int(status.split('VmRSS:')[1].split()[0]) < 700 * 1024
    finally:
        for s in idle:
            s.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    vigia.wait_for(lambda: counts(admin, 'listeners', 'agents', 'open') < 50)


def test_floods_of_headers_and_oversized_bodies(scene):
    collector, admin, honest = scene
    before = counts(admin, 'listeners', 'agents')
    many = b''.join(b'X-%d: y\r\n' % i for i in range(20_000))
    for head in (b'POST /v1/hello HTTP/1.1\r\n' + many, b'POST /v1/hello HTTP/1.1\r\nX: ' + b'y' * 200_000,
                 b'POST /' + b'a' * 200_000 + b' HTTP/1.1\r\n\r\n', b'\0' * 50_000,
                 b'POST /v1/events HTTP/1.1\r\nHost: h\r\nContent-Length: 9000000\r\n\r\n' + b'x' * 2_000_000,
                 b'POST /v1/events HTTP/1.1\r\nHost: h\r\nContent-Length: -5\r\n\r\n',
                 b'POST /v1/events HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999999999999\r\n\r\n',
                 b'POST /v1/events HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nffffffffff\r\nx'):
        with contextlib.suppress(OSError, ssl.SSLError):
            s = raw(collector, honest)
            with contextlib.suppress(OSError, ssl.SSLError):
                s.sendall(head)
            assert answer_of(s) in (None, 400, 413), head[:60]
            s.close()
    after = counts(admin, 'listeners', 'agents')
    assert after['broken'] - before['broken'] >= 6, (before, after)
    for body in (b'{"csr": "' + b'x' * 300_000 + b'"}', b'{"user": ' + b'[' * 60_000):
        s = raw(collector, port=collector.web_port)
        with contextlib.suppress(OSError, ssl.SSLError):
            s.sendall(b'POST /api/login HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n' % len(body) + body)
        assert answer_of(s) in (None, 400, 413)
    assert counts(admin, 'bodies', 'used') < 100_000  # nothing is kept of them


def test_bombs_and_nonsense(scene):
    collector, admin, honest = scene
    head = {'X-Vigia-Store': honest.store, 'Content-Encoding': 'zstd'}
    bomb = subprocess.run(['zstd', '-19', '-c'], input=b'\n' * 500_000_000, capture_output=True, check=True).stdout
    assert len(bomb) < 100_000
    assert honest.post('/v1/events', bomb, head)[0] == 413
    assert honest.post('/v1/events', bomb[:-3], head)[0] in (400, 413)
    deep = json.dumps(honest.event(3))[:-1] + ', "evidence": ' + '[' * 5000 + ']' * 5000 + '}'
    status, answer = honest.events([honest.event(2, facts={'x' * 100: 1}), deep, honest.event(4, count=1 << 62),
                                    honest.event(5, count=1 << 62)])
    assert status == 200 and answer['durable'] == 5 and [r['seq'] for r in answer['refused']] == [2, 3]
    for body in (b'', b'{', b'[]', b'null', b'\xff\xfe', b'{"a":1,"a":2}', b'{"status": ' + b'[' * 3000, b'1e999'):
        for path in ('/v1/hello', '/v1/renew', '/v1/bundle', '/v1/seal-key'):
            assert honest.post(path, body)[0] in (400, 413), (path, body[:20])
    assert honest.post('/v1/events', b'{}\n' * 5000, {'X-Vigia-Store': honest.store})[0] in (400, 413)
    assert honest.post('/v1/hello', json.dumps({'last_seq': -(1 << 62), 'host': 'x' * 9000, 'store': 5,
                                                'status': {'workers': 7, 'bundle': []}}))[0] == 200
    seen = counts(admin, 'agents')
    assert seen['malformed'] >= 28 and seen['too_large'] >= 1 and seen['records_refused'] == 2
    agent = admin.items('/api/agents')[0]
    assert agent['sensors'] == [] and len(agent['name']) < 128
    assert admin.get('/api/agents/' + agent['id'])[1]['refused'] == 2


def test_certificates_of_others(scene, tmp_path):
    """Foreign, self-made, the collector's own, revoked, stolen."""
    collector, admin, honest = scene
    pki = collector.state / 'pki'

    def handshake(cert, key):
        class Other:
            pass
        other = Other()
        other.cert, other.key = cert, key
        with raw(collector, other) as s:
            s.sendall(b'POST /v1/hello HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}')
            return answer_of(s)

    subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes',
                    '-keyout', tmp_path / 'k', '-out', tmp_path / 'c', '-subj', '/CN=' + honest.agent, '-days', '9'],
                   check=True, capture_output=True)
    for cert, key in ((tmp_path / 'c', tmp_path / 'k'), (pki / 'server.pem', pki / 'server.key')):
        with contextlib.suppress(OSError, ssl.SSLError):
            assert handshake(cert, key) in (None, 403)
    # Signed by the CA, but never given out by the collector.
    unknown = Client(collector, tmp_path / 'unknown')
    sign(unknown, collector, -1, 30)
    with sqlite3.connect(collector.state / 'collector.sqlite') as db:
        db.execute('DELETE FROM certs WHERE not_after = 0')
    db.close()
    assert unknown.post('/v1/hello', '{}') == (403, {'error': 'unknown', 'message': 'this certificate is not known here'})
    revoked = Client(collector, tmp_path / 'revoked')
    assert admin.post('/api/agents/' + revoked.agent, {'action': 'revoke'})[0] == 200
    for path in ('/v1/hello', '/v1/renew', '/v1/bundle', '/v1/seal-key'):
        assert revoked.post(path, '{}')[1]['error'] == 'revoked'
    assert revoked.events([revoked.event(1)])[1]['error'] == 'revoked'
    assert admin.post('/api/agents/' + revoked.agent, {'action': 'remove'})[0] == 200
    assert revoked.events([revoked.event(1)])[1]['error'] == 'revoked', 'removed is still shut out'
    seen = counts(admin, 'agents')
    assert seen['unknown'] == 1 and seen['revoked'] == 6
    assert counts(admin, 'listeners', 'agents', 'said_nothing') >= 1


def test_another_ones_numbers_and_words(scene, tmp_path):
    """An agent that ships under another's store and event ids, asks for its seal key, and repeats its batches."""
    collector, admin, honest = scene
    thief = Client(collector, tmp_path / 'thief')
    stolen = honest.event(2)
    assert honest.events([stolen])[0] == 200
    thief.store = honest.store
    assert thief.events([{**stolen, 'seq': 3, 'subject': {'kind': 'host', 'id': 'x', 'label': 'x'}}])[0] == 200
    assert thief.post('/v1/seal-key', json.dumps({'store': honest.store}))[0] == 404
    assert thief.post('/v1/hello', json.dumps({'store': honest.store, 'last_seq': 99}))[1]['durable'] == 3, 'its own'
    assert honest.events([honest.event(3)]) == (200, {'store': honest.store, 'durable': 3})
    thief.store = honest.agent  # where the collector writes about the honest one
    assert thief.events([thief.event(1)])[0] == 200
    thief.store = thief.agent
    assert thief.events([thief.event(1)])[0] == 400
    batch = [honest.event(4), honest.event(5)]
    for _ in range(20):
        assert honest.events(batch) == (200, {'store': honest.store, 'durable': 5})
    assert counts(admin, 'agents', 'records_repeated') == 38
    assert honest.events([honest.event(4)])[0] == 409 and counts(admin, 'agents', 'conflicts') == 1
    assert len({e['id'] for e in collector.events() if e['store'] == honest.store}) == 5


def test_clocks_years_off(scene, tmp_path):
    collector, admin, honest = scene
    far = Client(collector, tmp_path / 'far')
    for seq, stamp in enumerate(('1999-01-01T00:00:00Z', '2150-01-01T00:00:00Z'), 1):
        assert far.events([far.event(seq, time=stamp, recorded=stamp, subject={
            'kind': 'host', 'id': stamp, 'label': stamp})])[0] == 200
    assert far.events([far.event(3, time='9999-01-01T00:00:00Z')])[1]['refused'][0]['seq'] == 3
    today = time.strftime('%Y-%m-%d', time.gmtime())
    assert all(i['last'].startswith(today) for i in admin.items('/api/incidents'))
    assert counts(admin, 'agents', 'records_moved') == 2
    shown = admin.get('/api/agents/' + far.agent)[1]
    assert shown['moved'] == 2 and shown['moved_last'].startswith(today)
    assert admin.get('/api/agents/' + honest.agent)[1]['moved'] == 0
    assert [e['time'] for e in collector.events() if e['subject']['id'].startswith('2150')] == ['2150-01-01T00:00:00Z']


def test_guessing_tokens(scene, tmp_path):
    collector, admin, honest = scene
    for _ in range(50):
        wrong = 'https://127.0.0.1:%d/enroll/%s#sha256=x' % (collector.web_port, uuid.uuid4().hex)
        c = Client(collector, tmp_path / uuid.uuid4().hex, wrong)
        assert c.enrolled[0] == 403 and c.enrolled[1]['error'] == 'token'
    assert len(admin.items('/api/agents')) == 1


def test_many_at_once(scene, tmp_path):
    """Eight clients that only misbehave, for five seconds; the honest one's answers stay quick."""
    collector, admin, honest = scene
    stop, took, seq = time.monotonic() + 5, [], 1

    def misbehave():
        while time.monotonic() < stop:
            with contextlib.suppress(OSError, ssl.SSLError, http.client.HTTPException):
                s = raw(collector, port=collector.web_port)
                s.sendall(b'POST /api/login HTTP/1.1\r\nHost: h\r\nContent-Length: 60000\r\n\r\n' + b'[' * 60_000)
                s.recv(100)
                s.close()
    threads = [threading.Thread(target=misbehave) for _ in range(8)]
    for t in threads:
        t.start()
    while time.monotonic() < stop:
        seq, began = seq + 1, time.monotonic()
        assert honest.events([honest.event(seq)])[0] == 200
        took.append(time.monotonic() - began)
    for t in threads:
        t.join()
    assert sorted(took)[len(took) // 2] < 1, took
