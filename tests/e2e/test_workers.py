# SPDX-License-Identifier: Apache-2.0
"""Workers that die, hang or find the disk full: others go on, and nothing is lost."""
import os, shutil, signal, subprocess, time
from pathlib import Path

import pytest

import story
import vigia

LINES = 4000


def config(folder, capture):
    return ('network: {interfaces: [], replay: ["%s"]}\npayments: [{path: "%s/logs", format: auto}]\n'
            'files: ["%s/files"]\n' % (capture, folder, folder))


@pytest.fixture(scope='module')
def calm(tmp_path_factory):
    """The log, and what an undisturbed run finds in it."""
    folder = tmp_path_factory.mktemp('calm')
    log = story.payments(folder / 'whole.csv', LINES)
    agent = vigia.Agent(folder / 'agent', shop(folder))
    (folder / 'logs' / 'ventas.csv').write_bytes(log.read_bytes())
    agent.start()
    vigia.idle(agent)
    assert agent.stop() == 0
    return log.read_bytes(), canonical(agent), keys(agent) / 'token.key'


def keys(agent):
    """Where the key of card tokens lies: beside the state folder, not in it."""
    return agent.state.with_name(agent.state.name + '-keys')


def same_tokens(agent, key):
    keys(agent).mkdir(parents=True, mode=0o700)
    shutil.copy(key, keys(agent) / 'token.key')
    return agent


def shop(folder):
    for name in ('logs', 'files'):
        (folder / name).mkdir()
    return config(folder, story.CAPTURE)


def canonical(agent):
    events = agent.events()
    assert [e['seq'] for e in events] == list(range(1, len(events) + 1)), 'gapless and in order'
    return sorted(vigia.canonical(e) for e in vigia.alerts(events))


def halves(log):
    cut = log.rindex(b'\n', 0, len(log) // 2) + 1
    return log[:cut], log[cut:]


def append(folder, data):
    with open(folder / 'logs' / 'ventas.csv', 'ab') as f:
        f.write(data)


def running(agent):
    assert agent.process.alive(), agent.process.tail()
    workers = agent.status().get('workers') or []
    pids = agent.process.workers()
    return len(workers) == 4 and all(w['state'] == 'running' and w['pid'] == pids.get(w['name']) for w in workers)


def ended(agent, name, why):
    return [e['facts'] for e in agent.events() if e['detector'] == 'agent.worker_ended' and
            e['facts']['worker'] == name and e['facts']['reason'] == why]


def test_each_worker_may_crash(calm, tmp_path, agents):
    log, expected, key = calm
    first, second = halves(log)
    agent = same_tokens(agents(shop(tmp_path)), key)
    append(tmp_path, first)
    agent.start()
    vigia.wait_for(lambda: running(agent), 20)
    for number in (signal.SIGKILL, signal.SIGSEGV):
        for name in ('net', 'pay', 'file', 'host'):
            before = agent.process.workers()
            os.kill(before[name], number)
            told = vigia.wait_for(lambda: ended(agent, name, 'signal %d' % number), 10)[0]
            assert told['status'] == 128 + number and 1 <= told['again_s'] <= 4 and told['restarts'] >= 1
            after = agent.process.workers()
            assert all(after.get(n) == pid for n, pid in before.items() if n != name), 'the others go on'
        vigia.wait_for(lambda: running(agent), 20)
    waits = {n: [e['facts']['again_s'] for e in agent.events() if e['detector'] == 'agent.worker_ended' and
                 e['facts']['worker'] == n] for n in ('net', 'pay', 'file', 'host')}
    assert all(w == [1, 2] for w in waits.values()), waits
    append(tmp_path, second)
    vigia.idle(agent)
    vigia.wait_for(lambda: canonical(agent) == expected, 15)
    assert agent.stop() == 0


def test_a_worker_that_hangs_loses_nothing(calm, tmp_path, agents):
    log, expected, key = calm
    first, second = halves(log)
    agent = same_tokens(agents(shop(tmp_path)), key)
    append(tmp_path, first)
    agent.start()
    vigia.idle(agent)
    pids = agent.process.workers()
    for pid in pids.values():
        os.kill(pid, signal.SIGSTOP)
    append(tmp_path, second)
    time.sleep(3)
    for pid in pids.values():
        os.kill(pid, signal.SIGCONT)
    vigia.idle(agent)
    vigia.wait_for(lambda: canonical(agent) == expected, 15)
    assert agent.process.workers() == pids, 'to be slow is no crime'

    # One that never comes back does not hold up the end.
    os.kill(pids['pay'], signal.SIGSTOP)
    began = time.monotonic()
    agent.stop(15)
    assert time.monotonic() - began < 10
    assert not any(Path('/proc/%d' % pid).exists() for pid in pids.values())
    assert canonical(agent) == expected


def test_stopped_in_the_middle(calm, tmp_path, agents):
    log, expected, key = calm
    agent = same_tokens(agents(shop(tmp_path)), key)
    append(tmp_path, log)
    agent.start()
    vigia.wait_for(lambda: len(agent.process.workers()) == 4, 20)
    pids, began = agent.process.workers(), time.monotonic()
    assert agent.stop() == 0
    assert time.monotonic() - began < 10 and not any(Path('/proc/%d' % pid).exists() for pid in pids.values())
    assert vigia.run(vigia.AGENT, 'verify', '-c', agent.config).returncode == 0
    assert agent.status()['state'] == 'stopped'

    agent.start()
    vigia.idle(agent)
    second = agent.cli('run', check=False)
    assert second.returncode == 3 and 'in use by another vigia-agent run' in second.stderr
    assert running(agent), 'which the first did not notice'
    vigia.wait_for(lambda: canonical(agent) == expected, 15)
    assert agent.stop() == 0
    assert vigia.run(vigia.AGENT, 'verify', '-c', agent.config).returncode == 0


@pytest.fixture
def small_disk(tmp_path):
    """A folder that holds 16 MiB, seen from inside a mount namespace alone: (command into it, path from outside)."""
    where = tmp_path / 'disk'
    where.mkdir()
    holder = subprocess.Popen(['unshare', '--mount', '--', 'sh', '-c',
                               'mount -t tmpfs -o size=16m none "$1" && echo ready && exec sleep 300', 'sh', where],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if holder.stdout.readline() != 'ready\n':
        pytest.skip('mount namespaces are not permitted here: %s' % holder.communicate()[1].strip())
    yield ['nsenter', '--mount=/proc/%d/ns/mnt' % holder.pid, '--'], Path('/proc/%d/root%s' % (holder.pid, where))
    holder.kill()
    holder.communicate()


def test_a_full_disk_loses_nothing(calm, tmp_path, agents, small_disk):
    log, expected, key = calm
    first, second = halves(log)
    inside, seen = small_disk
    agent = agents(shop(tmp_path), inside=inside)
    agent.config.write_text(agent.config.read_text().replace(str(agent.state), str(tmp_path / 'disk' / 'state')))
    agent.state = seen / 'state'
    same_tokens(agent, key)
    append(tmp_path, first)
    agent.start()
    vigia.idle(agent)

    def fill():
        try:
            with open(seen / 'filler', 'ab', buffering=0) as f:
                while f.write(bytes(4096)):
                    pass
        except OSError:
            return True
    fill()
    append(tmp_path, second)
    vigia.wait_for(lambda: fill() and 'store.full ' in agent.process.tail(100_000), 30)
    assert agent.process.alive()
    (seen / 'filler').unlink()
    vigia.wait_for(lambda: [e for e in agent.events() if e['detector'] == 'agent.store_full'], 30)
    vigia.wait_for(lambda: canonical(agent) == expected, 30)
    assert agent.stop() == 0
    assert agent.cli('verify').returncode == 0
