# SPDX-License-Identifier: Apache-2.0
"""kill -9 of any process at any moment: store and collector hold exactly the events of an undisturbed run."""
import os, random, signal, time

import pytest

import story
import vigia

LINES, KILLS = 200_000, 30


def config(folder):
    return 'network: {interfaces: [], replay: ["%s"]}\npayments: [{path: "%s", format: auto}]\n' % (story.CAPTURE, folder)


def by_canon(events):
    return sorted(vigia.canonical(e) for e in vigia.alerts(events))


@pytest.mark.parametrize('seed', [1])
def test_thirty_kills(collector, agents, tmp_path, seed):
    log = story.payments(tmp_path / 'whole.csv', LINES).read_bytes()
    rng = random.Random(seed)

    calm_dir, wild_dir = tmp_path / 'calm-logs', tmp_path / 'wild-logs'
    calm_dir.mkdir(), wild_dir.mkdir()
    (calm_dir / 'ventas.csv').write_bytes(log)
    calm = agents(config(calm_dir), name='calm')
    calm.enroll(collector.token())
    calm.start()
    vigia.idle(calm)
    calm.stop()
    expected = by_canon(calm.events())
    assert len(expected) >= 5, 'the story has attacks in it'

    wild = agents(config(wild_dir), name='wild')
    wild.enroll(collector.token())
    (wild_dir / 'ventas.csv').write_bytes(b'')
    # The file grows while things die: a piece of whole lines for each kill, and a rest.
    cuts = [log.rindex(b'\n', 0, len(log) * (i + 1) // (KILLS + 2)) + 1 for i in range(KILLS + 1)] + [len(log)]
    wild.start()
    killed, at = [], 0
    for i, cut in enumerate(cuts):
        with open(wild_dir / 'ventas.csv', 'ab') as f:
            f.write(log[at:cut])
        at = cut
        if i >= KILLS:
            continue  # the rest of the log, in peace
        time.sleep(rng.uniform(0.0, 0.35))
        victim = rng.choice(['keeper'] * 6 + ['pay', 'net', 'host', 'collector'])
        workers = wild.process.workers()
        if victim == 'collector':
            collector.kill()
            collector.start()
        elif victim in workers:
            os.kill(workers[victim], signal.SIGKILL)
        else:
            victim = 'keeper'
            wild.kill()
            wild.start()
        killed.append(victim)
    assert len(killed) == KILLS
    # A worker that was killed waits for its back-off; a fresh keeper starts it at once.
    wild.kill()
    wild.start()
    vigia.idle(wild, 180)
    last = wild.events()
    vigia.wait_for(lambda: len([e for e in collector.events() if e['store'] == last[-1]['store']]) >= len(last), 60)
    wild.stop()

    events = wild.events()
    assert by_canon(events) == expected, 'killed: %s' % killed
    assert [e['seq'] for e in events] == list(range(1, len(events) + 1)), 'gapless and in order'
    assert len({e['id'] for e in events}) == len(events)
    stored = [e for e in collector.events() if e['store'] == events[0]['store']]
    assert sorted((e['seq'], e['id']) for e in stored) == [(e['seq'], e['id']) for e in events][:len(stored)]
    assert by_canon(stored) == expected
    verified = wild.cli('verify', check=False)
    assert verified.returncode == 0, verified.stdout + verified.stderr  # the key is asked of the collector
