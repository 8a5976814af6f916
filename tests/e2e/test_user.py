# SPDX-License-Identifier: Apache-2.0
"""Started by root the agent becomes another user, and each process keeps only what it needs."""
import os, pwd, shutil, subprocess, tempfile, time
from pathlib import Path

import pytest

import story
import vigia
from test_live import LOUD_PORT, SHOP, TALK, Lan, health, worker

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason='only root can become another user')
NOBODY = 'nobody'
READ_SEARCH, NET_ADMIN, NET_RAW, SYS_PTRACE = (1 << n for n in (2, 12, 13, 19))


@pytest.fixture
def open_folder(monkeypatch):
    """A folder that every user may enter, with the program in it."""
    folder = Path(tempfile.mkdtemp(prefix='vigia-user-', dir='/tmp'))
    folder.chmod(0o755)
    program = folder / 'vigia-agent'
    shutil.copy(vigia.AGENT, program)
    shutil.copytree(vigia.ROOT / 'rules', folder / 'rules')
    subprocess.run(['chmod', '-R', 'a+rX', folder], check=True)
    monkeypatch.setattr(vigia, 'AGENT', str(program))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def lan():
    made = Lan()
    yield made
    made.end()


def of_process(pid):
    """(all its user ids, {set: capabilities})"""
    lines = dict(x.split(':\t', 1) for x in Path('/proc/%d/status' % pid).read_text().splitlines() if ':\t' in x)
    return set(map(int, lines['Uid'].split())), {k: int(lines[k], 16) for k in ('CapEff', 'CapPrm', 'CapInh', 'CapAmb')}


def owners(folder):
    return {p.lstat().st_uid for p in [folder, *folder.rglob('*')]}


def test_each_process_keeps_what_it_needs(open_folder, lan, agents):
    logs, uid = open_folder / 'logs', pwd.getpwnam(NOBODY).pw_uid
    logs.mkdir()
    story.payments(logs / 'ventas.csv', 3000)
    (logs / 'ventas.csv').chmod(0o600)  # root's alone: only the host worker gets at it
    sources = 'network: {interfaces: [shop0]}\npayments: [{path: "%s", format: auto}]\nrules: "%s/rules"\n' % (
        logs, open_folder)
    agent = agents(sources + 'service: {user: root}\n', True, inside=lan.inside())
    agent.state = open_folder / 'state'
    as_root = agent.config.read_text().replace(str(agent.dir / 'state'), str(agent.state))
    agent.config.write_text(as_root)
    agent.start()
    vigia.wait_for(lambda: agent.status().get('workers'), 20)
    assert agent.stop() == 0
    assert owners(agent.state) == {0}

    (agent.state / 'elsewhere').symlink_to('/etc/passwd')
    os.link(open_folder / 'vigia-agent', agent.state / 'second-name')
    agent.config.write_text(as_root.replace('user: root', 'user: ' + NOBODY))
    agent.start()
    vigia.wait_for(lambda: worker(agent).get('state') == 'running' and
                   (worker(agent, 'pay').get('health') or {}).get('done'), 30)
    kept = {'keeper': of_process(agent.process.pid)}
    kept.update((name, of_process(pid)) for name, pid in agent.process.workers().items())
    assert set(kept) == {'keeper', 'host', 'net', 'pay'}
    assert all(uids == {uid} for uids, _ in kept.values()), kept
    host = READ_SEARCH | SYS_PTRACE
    for name in ('net', 'pay'):
        assert not any(kept[name][1].values()), (name, kept[name])
    assert kept['host'][1] == {'CapEff': host, 'CapPrm': host, 'CapInh': 0, 'CapAmb': 0}, kept['host']
    assert kept['keeper'][1]['CapEff'] == 0, 'what it keeps is for the workers that it starts'
    assert kept['keeper'][1]['CapPrm'] == host | NET_ADMIN | NET_RAW

    vigia.wait_for(lambda: [e for e in vigia.alerts(agent.events()) if e['sensor'] == 'pay'], 15)  # it reads the log
    lan.outside(TALK, SHOP, str(LOUD_PORT), '50')
    time.sleep(0.5)  # longer than a block of frames may wait in the kernel
    assert agent.stop() == 0
    assert health(agent, 'packets') >= 50, 'and the wire'
    left = {p.name for p in agent.state.rglob('*') if p.lstat().st_uid != uid}
    assert left == {'elsewhere', 'second-name'}, 'what stands elsewhere too was not given away'
    assert os.stat('/etc/passwd').st_uid == 0 and os.stat(vigia.AGENT).st_uid == 0
    seqs = [e['seq'] for e in agent.events()]
    assert seqs == list(range(1, len(seqs) + 1))


def test_vigia_where_there_is_such_a_user(open_folder, agents):
    users = open_folder / 'passwd'
    users.write_text(Path('/etc/passwd').read_text() + 'vigia:x:64642:64642::/nonexistent:/usr/sbin/nologin\n')
    script = 'mount --bind "$1" /etc/passwd && shift && exec "$@"'
    try:
        subprocess.run(['unshare', '--mount', 'sh', '-c', script, 'sh', users, 'true'], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as why:
        pytest.skip('mount namespaces are not permitted here: %s' % why)
    agent = agents('service: {}\nnetwork: off\nrules: "%s/rules"\n' % open_folder,
                   inside=['unshare', '--mount', 'sh', '-c', script, 'sh', users])
    agent.state = open_folder / 'fresh' / 'state'
    agent.config.write_text(agent.config.read_text().replace(str(agent.dir / 'state'), str(agent.state)))
    agent.start()
    vigia.wait_for(lambda: agent.status().get('workers'), 20)
    assert of_process(agent.process.pid)[0] == {64642}
    assert agent.stop() == 0
    assert owners(agent.state) == {64642}


def test_what_is_not_ours_is_not_given_away(open_folder, agents):
    theirs = open_folder / 'theirs'
    theirs.mkdir()
    (theirs / 'ledger').write_text('x')
    agent = agents('service: {user: %s}\nnetwork: off\nrules: "%s/rules"\n' % (NOBODY, open_folder))
    agent.config.write_text(agent.config.read_text().replace(str(agent.state), str(theirs)))
    refused = agent.cli('run', check=False)
    assert refused.returncode == 3 and 'holds what is not ours' in refused.stderr, refused.stderr
    assert owners(theirs) == {0}
    agent.config.write_text(agent.config.read_text().replace('user: ' + NOBODY, 'user: no-such-user'))
    refused = agent.cli('run', check=False)
    assert refused.returncode == 2 and 'no such user' in refused.stderr
