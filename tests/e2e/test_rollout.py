# SPDX-License-Identifier: Apache-2.0
"""Bundles of rules from the collector: canaries first, then all; what goes wrong stays with them."""
import json, os, signal, sqlite3, time

import pytest

import bundles
import vigia
from test_ship import Client

FILES = {'yara/prueba.yar': bundles.DRY_RULE % ('buena', 'la palabra que nadie dice'),
         'tests/yara/fires/Prueba_buena/nota.txt': 'aqui esta la palabra que nadie dice, y nada mas'}


@pytest.fixture
def maker(tmp_path, collector):
    m = bundles.Maker(tmp_path / 'provider')
    collector.cli('bundle', 'trust', m.public)
    return m


def publish(collector, path, *options, **more):
    return collector.cli('bundle', 'publish', path, *options, **more)


def rows(collector):
    return {b['version']: b for b in json.loads(collector.cli('bundle', 'status', '--json').stdout)}


def again(agent):
    """Whoever starts says hello, and need not be waited five minutes for."""
    agent.stop()
    agent.start()
    vigia.wait_for(lambda: (agent.status().get('collector') or {}).get('state') == 'connected')


def fleet(collector, agents, count, config='network: off\n'):
    all_of = []
    for i in range(count):
        a = agents(config, name='pc-%d' % i)
        a.enroll(collector.token())
        a.start()
        all_of.append(a)
    for a in all_of:
        vigia.wait_for(lambda: (a.status().get('collector') or {}).get('state') == 'connected', 60)
        a.id = a.status()['collector']['agent']
    return all_of


def test_canaries_then_all_then_back(collector, agents, maker):
    all_of = fleet(collector, agents, 4)
    assert (all_of[0].state / 'identity/bundle.pub').read_text() == maker.public, 'pinned at enrolment'
    first = maker.make(FILES, '--note', 'primera')
    one = maker.version
    publish(collector, first, '--canary', '25', '--quiet', '3s')
    ring = [r['agent'] for r in rows(collector)[one]['agents'] if r['canary']]
    assert len(ring) == 1
    canary = next(a for a in all_of if a.id == ring[0])
    others = [a for a in all_of if a is not canary]
    for a in all_of:
        again(a)
    vigia.wait_for(lambda: bundles.running(canary) == one, 60)
    assert all(bundles.running(a) == 0 for a in others), 'nobody else before the quiet time is over'
    vigia.wait_for(lambda: rows(collector)[one]['state'] == 'all', 60)
    collector.kill()  # all of it is in the database
    collector.start()
    for a in others:
        again(a)
    for a in others:
        vigia.wait_for(lambda: bundles.running(a) == one, 60)
    vigia.wait_for(lambda: sum(r['state'] == 'running' for r in rows(collector)[one]['agents']) == 4, 30)
    listed = collector.cli('agent', 'list').stdout.strip().split('\n')
    assert all(line.endswith('\t%d' % one) for line in listed), listed
    with sqlite3.connect(collector.state / 'collector.sqlite') as db:
        audit = [x[0] for x in db.execute('SELECT what FROM audit WHERE object = ?', (str(one),))]
    assert audit == ['bundle.published', 'bundle.promoted']
    # The next one for all at once, and back from it.
    second = maker.make({**FILES, 'yara/otra.yar': bundles.DRY_RULE % ('otra', 'otra')})
    two = maker.version
    publish(collector, second, '--canary', '100')
    for a in all_of:
        again(a)
    for a in all_of:
        vigia.wait_for(lambda: bundles.running(a) == two, 60)
    done = collector.cli('bundle', 'rollback', '--key', maker.key)
    assert 'rules of version %d' % one in done.stdout
    three = max(rows(collector))
    assert three > two and rows(collector)[three]['origin'] == one and rows(collector)[two]['state'] == 'stopped'
    for a in all_of:
        again(a)
    for a in all_of:
        vigia.wait_for(lambda: bundles.running(a) == three, 60)
        folder = a.state / 'bundle' / bundles.state(a)['now']['folder']
        assert not (folder / 'yara/otra.yar').exists() and (folder / 'yara/prueba.yar').exists()
    # To the program's own rules.
    collector.cli('bundle', 'rollback', '--to', '0', '--key', maker.key)
    again(all_of[0])
    vigia.wait_for(lambda: bundles.running(all_of[0]) == max(rows(collector)), 60)
    folder = all_of[0].state / 'bundle' / bundles.state(all_of[0])['now']['folder']
    assert not (folder / 'yara/prueba.yar').exists()


def test_a_bad_one_stays_with_the_canary(collector, agents, maker):
    all_of = fleet(collector, agents, 3)
    publish(collector, maker.make({'yara/a.yar': 'rule a {'}), '--canary', '30', '--quiet', '1s')
    bad = maker.version
    ring = [r['agent'] for r in rows(collector)[bad]['agents'] if r['canary']]
    canary = next(a for a in all_of if a.id == ring[0])
    for a in all_of:
        again(a)
    vigia.wait_for(lambda: rows(collector)[bad]['state'] == 'stopped', 60)
    assert 'compile' in rows(collector)[bad]['why'] and 'refused' in rows(collector)[bad]['why']
    assert 'bundle.stopped' in collector.process.tail()
    vigia.wait_for(lambda: any(e['detector'] == 'agent.bundle_refused' for e in collector.events()), 30)
    for a in all_of:
        again(a)
    time.sleep(2)
    assert all(bundles.running(a) == 0 for a in all_of)
    assert all(not list((a.state / 'bundle').glob('*.part')) for a in all_of)
    assert bundles.state(canary)['refused']['version'] == bad
    assert bundles.state(canary)['refused_count'] == 1, 'not asked for again and again'
    # The next one goes its way.
    publish(collector, maker.make(FILES), '--canary', '100')
    again(canary)
    vigia.wait_for(lambda: bundles.running(canary) == maker.version, 60)


def test_what_is_not_published(collector, maker, tmp_path):
    path = maker.make(FILES)
    other = bundles.Maker(tmp_path / 'other')
    refused = publish(collector, other.make(FILES, version=maker.version + 5), check=False)
    assert refused.returncode == 2 and 'signed' in refused.stderr
    refused = publish(collector, maker.unsigned(FILES), check=False)
    assert refused.returncode == 2
    refused = publish(collector, maker.by_hand([('yara/a.yar', b'')], created=-90000, expires=-60), check=False)
    assert refused.returncode == 2 and 'ran out' in refused.stderr
    publish(collector, maker.make(FILES))
    newest = maker.version
    refused = publish(collector, path, check=False)
    assert refused.returncode == 2 and 'does not rise' in refused.stderr
    assert list(rows(collector)) == [newest]
    os.chmod(maker.key, 0o644)
    refused = collector.cli('bundle', 'rollback', '--to', '0', '--key', maker.key, check=False)
    assert refused.returncode == 2 and 'chmod 600' in refused.stderr
    assert collector.cli('verify').stdout.strip() == 'whole'


def test_heard_with_the_next_event(collector, agents, maker):
    """An agent that has something to say does not wait for its hello of every five minutes."""
    agent, = fleet(collector, agents, 1)
    publish(collector, maker.make(FILES), '--canary', '100')
    assert bundles.running(agent) == 0
    os.kill(agent.process.workers()['host'], signal.SIGKILL)  # which is told
    vigia.wait_for(lambda: bundles.running(agent) == maker.version, 120)


def hello(client, **bundle):
    return client.post('/v1/hello', json.dumps({'store': client.store, 'status': {'bundle': bundle}}))[1]


def ring_of(collector, version, clients):
    ring = {r['agent'] for r in rows(collector)[version]['agents'] if r['canary']}
    return [c for c in clients if c.agent in ring], [c for c in clients if c.agent not in ring]


def piece(client, version, offset):
    client.connection.request('POST', '/v1/bundle', json.dumps({'version': version, 'offset': offset}))
    answer = client.connection.getresponse()
    return answer.status, answer.read()


def test_pieces_are_for_whom_they_were_offered(collector, maker, tmp_path):
    clients = [Client(collector, tmp_path / ('c%d' % i)) for i in range(4)]
    assert all(c.enrolled[1]['bundle_key'] == maker.public for c in clients)
    for c in clients:
        hello(c, version=0, highest=0)
    content = {**FILES, 'tests/yara/quiet/big': os.urandom(700000)}
    path = maker.make(content)
    publish(collector, path, '--canary', '25', '--quiet', '1s')
    ring, rest = ring_of(collector, maker.version, clients)
    assert len(ring) == 1
    offer = hello(ring[0], version=0, highest=0)['bundle']
    assert offer['version'] == maker.version and offer['size'] == path.stat().st_size
    assert 'bundle' not in hello(ring[0], version=0, highest=maker.version), 'it had it already'
    got = b''
    while len(got) < offer['size']:
        status, more = piece(ring[0], maker.version, len(got))
        assert status == 200 and more
        got += more[:150000]  # and goes on from anywhere
    assert got == path.read_bytes()
    assert piece(ring[0], maker.version, offer['size'])[0] == 404
    assert piece(ring[0], maker.version, -1)[0] == 404
    assert piece(ring[0], maker.version - 1, 0)[0] == 404
    for c in rest:
        assert 'bundle' not in hello(c, version=0, highest=0)
        assert piece(c, maker.version, 0)[0] == 404
    collector.cli('bundle', 'stop', str(maker.version))
    assert piece(ring[0], maker.version, 0)[0] == 404


def test_a_storm_or_a_crash_stops_it(collector, maker, tmp_path):
    clients = [Client(collector, tmp_path / ('c%d' % i)) for i in range(5)]
    for c in clients:
        hello(c, version=0, highest=0)
    publish(collector, maker.make(FILES), '--canary', '20', '--quiet', '20s')
    (canary,), _ = ring_of(collector, maker.version, clients)
    hello(canary, version=maker.version, highest=maker.version, crashes=0)
    canary.events([canary.event(n + 1) for n in range(30)])
    vigia.wait_for(lambda: rows(collector)[maker.version]['state'] == 'stopped', 15)
    assert 'storm' in rows(collector)[maker.version]['why']

    publish(collector, maker.make(FILES), '--canary', '20', '--quiet', '20s')
    (canary,), _ = ring_of(collector, maker.version, clients)
    hello(canary, version=maker.version, highest=maker.version, crashes=1)
    vigia.wait_for(lambda: rows(collector)[maker.version]['state'] == 'stopped', 15)
    assert 'crash' in rows(collector)[maker.version]['why']

    publish(collector, maker.make(FILES), '--canary', '20', '--quiet', '20s')
    (canary,), rest = ring_of(collector, maker.version, clients)
    hello(canary, version=0, highest=maker.version, left={'version': maker.version, 'word': 'crash', 'why': 'x'})
    vigia.wait_for(lambda: rows(collector)[maker.version]['state'] == 'stopped', 15)

    # A full disk is the PC's own trouble: nothing is stopped, and nothing goes on.
    publish(collector, maker.make(FILES), '--canary', '20', '--quiet', '1s')
    (canary,), rest = ring_of(collector, maker.version, clients)
    hello(canary, version=0, highest=0, refused={'version': maker.version, 'word': 'disk', 'why': 'full'})
    time.sleep(7)
    assert rows(collector)[maker.version]['state'] == 'canary'
    hello(canary, version=maker.version, highest=maker.version, crashes=0)
    vigia.wait_for(lambda: rows(collector)[maker.version]['state'] == 'all', 15)
    assert hello(rest[0], version=0, highest=0)['bundle']['version'] == maker.version
    # Once all have it, two that leave it are enough.
    for c in rest[:2]:
        hello(c, version=0, highest=maker.version, left={'version': maker.version, 'word': 'crash', 'why': 'x'})
    vigia.wait_for(lambda: rows(collector)[maker.version]['state'] == 'stopped', 15)


def test_tenants(collector, maker, tmp_path):
    mine = Client(collector, tmp_path / 'mine')
    collector.site(tenant='Otros', name='Papelería')
    theirs = Client(collector, tmp_path / 'theirs', collector.token('Papelería'))
    publish(collector, maker.make(FILES), '--tenant', 'Otros', '--canary', '100')
    assert 'bundle' not in hello(mine, version=0, highest=0)
    assert hello(theirs, version=0, highest=0)['bundle']['version'] == maker.version
    assert publish(collector, maker.make(FILES), '--tenant', 'Nadie', check=False).returncode == 2


def test_a_download_goes_on_after_kills(collector, agents, maker):
    """The keeper and the collector die while it comes: it is whole at the end, or not there at all."""
    (a,) = fleet(collector, agents, 1)
    content = {**FILES, **{'tests/yara/quiet/%d' % i: os.urandom(900000) for i in range(6)}}
    publish(collector, maker.make(content), '--canary', '100')
    for i in range(6):
        a.kill()
        a.start()
        time.sleep(0.15 + 0.1 * i)
        if i % 2:
            collector.kill()
            collector.start()
    vigia.wait_for(lambda: bundles.running(a) == maker.version, 120)
    assert not list((a.state / 'bundle').glob('*.part'))
    assert bundles.state(a)['refused_count'] == 0
