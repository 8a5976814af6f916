# SPDX-License-Identifier: Apache-2.0
"""The quarantine with the real agent: what a rule finds is moved away, told, and comes back with one command."""
import base64, json, os, pwd, shutil, signal, stat, subprocess, time
from pathlib import Path

import pytest

import vigia

YARA = vigia.ROOT / 'tests/fixtures/yara'
MILD = 'remote_help_abuse'
BAD = (YARA / 'webshell_php.hit').read_bytes()
CONFIG = 'network: {interfaces: []}\nfiles: [%s]\nscan: {response: quarantine%s}\n'


@pytest.fixture
def watched(agents, tmp_path):
    folder = tmp_path / 'compartida'
    folder.mkdir()

    def make(more=''):
        return agents(CONFIG % (vigia.quote(folder), more))
    return folder, make


def put(path, content=BAD):
    part = path.parent.parent / ('part-%d' % os.getpid())
    part.write_bytes(content)
    old = time.time() - 60
    os.utime(part, (old, old))
    part.rename(path)
    return path


def events(agent, detector='file.yara'):
    p = agent.cli('export', check=False)  # 3: no store yet
    return [e for e in map(json.loads, p.stdout.splitlines()) if e['detector'] == detector]


alerts = events


def kept(agent):
    p = agent.cli('quarantine', 'list', '--json', check=False)
    assert p.returncode == 0, p.stderr
    return [json.loads(x) for x in p.stdout.splitlines()]


def counted(agent, name):
    for w in agent.status().get('workers') or []:
        # What status says about a worker that is gone does not count.
        if w['name'] == 'file' and w['pid'] == agent.process.workers().get('file'):
            return (w.get('health') or {}).get(name, -1)
    return -1


def wait_alerts(agent, n, seconds=60):
    return vigia.wait_for(lambda: len(alerts(agent)) >= n and alerts(agent), seconds, 0.3)


def test_moved_told_and_back(watched):
    folder, make = watched
    agent = make()
    bad, good = put(folder / 'malo.php'), put(folder / 'bueno.txt', b'una factura')
    bad.chmod(0o640)
    before = bad.stat()
    agent.start()
    event, = wait_alerts(agent, 1)
    vigia.wait_for(lambda: not bad.exists())
    facts = event['facts']
    assert (facts['response'], facts['outcome']) == ('quarantine', 'quarantine')
    one, = kept(agent)
    assert one['id'] == facts['quarantine'] and one['path'] == str(bad) and one['sha256'] == facts['sha256']
    assert one['state'] == 'kept' and one['rule'] == facts['rule'] and good.exists()
    state = agent.state / 'quarantine'
    assert [p.name for p in state.glob('*.*')] == [one['id'] + '.sealed']
    assert BAD[:20] not in (state / (one['id'] + '.sealed')).read_bytes()
    assert stat.S_IMODE(state.stat().st_mode) == 0o700

    # In plain words, with the one command, which works as it stands there.
    shown = agent.cli('show', event['id']).stdout
    assert 'lo movió a la cuarentena' in shown
    command = 'vigia-agent quarantine restore ' + one['id']
    assert command in shown and facts['restore'] == command
    assert one['id'] in agent.cli('quarantine', 'list').stdout
    p = agent.cli(*command.split()[1:])
    assert 'De vuelta en su lugar' in p.stdout
    after = bad.stat()
    assert bad.read_bytes() == BAD and kept(agent) == [] and not list(state.glob('*.sealed'))
    for field in ('st_mode', 'st_uid', 'st_gid', 'st_mtime_ns'):
        assert getattr(before, field) == getattr(after, field), field
    told = [e['facts'] for e in vigia.wait_for(lambda: events(agent, 'agent.quarantine'))]
    assert told[0]['action'] == 'restored' and told[0]['quarantine'] == one['id'] and told[0]['path'] == str(bad)

    # The owner wants it: it stays, wherever it goes, and nothing more is said.
    copy = put(folder / 'otra-vez.php')
    another = put(folder / 'otro.php', BAD + b'// otro')
    vigia.wait_for(lambda: not another.exists(), 60)
    time.sleep(1)
    assert bad.exists() and copy.exists() and len(alerts(agent)) == 2
    last, = kept(agent)
    assert agent.cli('quarantine', 'drop', last['id']).returncode == 0 and kept(agent) == []
    assert agent.cli('quarantine', 'restore', last['id'], check=False).returncode == 3
    assert agent.stop() == 0


def test_usage(watched):
    folder, make = watched
    agent = make()
    for argv, code in (((), 2), (('list', 'x'), 2), (('restore',), 2), (('move', 'x'), 2), (('list',), 0),
                       (('list', '--json'), 0), (('restore', '12345678'), 3), (('drop', '../../etc'), 3)):
        assert agent.cli('quarantine', *argv, check=False).returncode == code, argv


def test_severity_and_report(watched, agents):
    """Only what the owner wants moved is."""
    folder, make = watched
    agent = make(', severity: critical')
    mild = put(folder / 'ayuda.bat', (YARA / (MILD + '.hit')).read_bytes())
    agent.start()
    event, = wait_alerts(agent, 1)
    assert event['severity'] != 'critical' and event['facts']['response'] == 'report' and mild.exists()
    agent.stop()
    plain = agents('network: {interfaces: []}\nfiles: [%s]\n' % vigia.quote(folder))
    bad = put(folder / 'malo.php')
    plain.start()
    vigia.wait_for(lambda: any(e['facts']['path'] == str(bad) for e in alerts(plain)), 60)
    assert all(e['facts']['response'] == 'report' for e in alerts(plain)) and bad.exists()
    assert not (plain.state / 'quarantine').exists()
    assert plain.stop() == 0


def test_odd_names_and_links(watched, tmp_path):
    folder, make = watched
    agent = make()
    deep = folder
    while len(str(deep)) < 3600:
        deep = deep / ('d' * 200)
    os.makedirs(deep)
    odd = [folder / 'a\nb', folder / 'c\x1b[31md', folder / b'e\xf1o.php'.decode('utf8', 'surrogateescape'),
           deep / ('f' * 200)]
    for i, p in enumerate(odd):
        with open(os.fsencode(p), 'wb') as f:
            f.write(BAD + b'// %d' % i)
    two = put(folder / 'dos.php', BAD + b'// dos')
    os.link(two, tmp_path / 'otro-nombre')
    agent.start()
    told = wait_alerts(agent, 5, 90)
    vigia.wait_for(lambda: not any(os.path.lexists(os.fsencode(p)) for p in odd), 30)
    outcomes = sorted(e['facts']['outcome'] for e in told)
    assert outcomes == ['linked'] + ['quarantine'] * 4
    assert two.exists() and (tmp_path / 'otro-nombre').exists(), 'a file with another name stays'
    p = agent.cli('quarantine', 'list')
    assert '\x1b' not in p.stdout and p.stdout.count('\n') == 4
    for one in kept(agent):
        agent.cli('quarantine', 'restore', one['id'])
    for i, p in enumerate(odd):
        with open(os.fsencode(p), 'rb') as f:
            assert f.read() == BAD + b'// %d' % i
    assert agent.stop() == 0


@pytest.mark.parametrize('victim', ['file', 'host', 'keeper'])
def test_killed(watched, victim):
    """Whoever dies, whenever: each bad file is in the quarantine once and told once, none is lost."""
    folder, make = watched
    agent = make()
    wanted = [put(folder / ('%03d.php' % i), BAD + b'// %d' % i) for i in range(60)]
    agent.start()

    def kill():
        if victim == 'keeper':
            agent.kill()
            agent.start()
        else:
            os.kill(vigia.wait_for(lambda: agent.process.workers().get(victim)), signal.SIGKILL)
    for n in (1, 9, 25, 40):
        vigia.wait_for(lambda: sum(not p.exists() for p in wanted) >= n, 90, 0.001)
        kill()
    vigia.wait_for(lambda: not any(p.exists() for p in wanted), 120, 0.2)
    vigia.wait_for(lambda: len(kept(agent)) == len(wanted) and all(x['state'] == 'kept' for x in kept(agent)), 60, 0.5)
    told = wait_alerts(agent, len(wanted))
    assert sorted(e['facts']['path'] for e in told) == sorted(map(str, wanted)), 'once each'
    assert all(e['facts']['outcome'] == 'quarantine' for e in told)
    ids = {x['path']: x['id'] for x in kept(agent)}
    assert all(ids[e['facts']['path']] == e['facts']['quarantine'] for e in told), 'the number in the alert is right'
    assert os.listdir(folder) == []
    for p in wanted[::7]:
        agent.cli('quarantine', 'restore', ids[str(p)])
        assert p.read_bytes() == BAD + b'// %d' % wanted.index(p)
    assert agent.stop() == 0


def test_mailbox_stays(watched):
    """One bad mail does not take all the others away."""
    folder, make = watched
    agent = make()
    box = put(folder / 'Inbox', b'From ana Mon Jan  1 00:00:00 2026\nSubject: x\nContent-Type: text/plain; name="m.php"\n'
              b'Content-Transfer-Encoding: base64\n\n' + base64.encodebytes(BAD) + b'\n')
    agent.start()
    told, = wait_alerts(agent, 1)
    assert (told['facts']['outcome'], told['facts']['inside']) == ('collection', 'm.php') and box.exists()

    # It grows by mails that are nothing, also after a restart; then by another bad one.
    def grow(text, scanned):
        with open(box, 'ab') as f:
            f.write(b'From eva Mon Jan  1 00:00:00 2026\nSubject: y\n' + text)
        old = time.time() - 60
        os.utime(box, (old, old))
        vigia.wait_for(lambda: counted(agent, 'file.scanned') == scanned, 60)
    grow(b'\nhola\n', 2)
    assert counted(agent, 'file.told_before') == 1 and len(alerts(agent)) == 1
    assert agent.stop() == 0
    agent.start()
    grow(b'\nadios\n', 1)
    assert counted(agent, 'file.told_before') == 1 and len(alerts(agent)) == 1
    grow(b'Content-Type: text/plain; name="n.php"\nContent-Transfer-Encoding: base64\n\n' + base64.encodebytes(BAD) + b'\n', 2)
    assert counted(agent, 'file.told_before') == 1, 'that is new'
    assert agent.stop() == 0


def test_full(watched):
    folder, make = watched
    agent = make(', quarantine_size: 1 MiB')
    large = [put(folder / ('%d.php' % i), BAD + bytes([65 + i]) * 700_000) for i in range(2)]
    agent.start()
    told = wait_alerts(agent, 2)
    vigia.wait_for(lambda: len(kept(agent)) == 1 and kept(agent)[0]['state'] == 'kept')
    assert sorted(e['facts']['outcome'] for e in told) == ['full', 'quarantine']
    assert sum(p.exists() for p in large) == 1
    full = next(e for e in told if e['facts']['outcome'] == 'full')
    assert 'la cuarentena o el disco están llenos' in agent.cli('show', full['id']).stdout
    assert agent.stop() == 0


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which('setpriv'), reason='needs root')
def test_as_a_service_user(agents, tmp_path):
    """Root starts it, it becomes another user, and still takes a third one's file; the command restores it."""
    user = pwd.getpwnam('daemon')
    home = Path(subprocess.run(['mktemp', '-d', '/tmp/vigia-quarantine-XXXXXX'], capture_output=True, text=True,
                               check=True).stdout.strip())
    try:
        home.chmod(0o755)
        folder = home / 'compras'
        folder.mkdir(mode=0o750)
        games = pwd.getpwnam('games')
        os.chown(folder, games.pw_uid, games.pw_gid)
        agent = agents(CONFIG % (vigia.quote(folder), '') + 'service: {user: daemon}\n')
        agent.config.write_text(agent.config.read_text().replace(str(agent.state), str(home / 'state')))
        agent.state = home / 'state'
        bad = folder / 'malo.php'
        bad.write_bytes(BAD)
        os.chown(bad, games.pw_uid, games.pw_gid)
        bad.chmod(0o600)
        agent.start()
        vigia.wait_for(lambda: not bad.exists(), 60)
        # It is out of the way a moment before it is sealed.
        sealed, = vigia.wait_for(lambda: list((home / 'state/quarantine').glob('*.sealed')), 60)
        assert sealed.stat().st_uid == user.pw_uid
        agent.cli('quarantine', 'restore', sealed.name[:8])
        got = bad.stat()
        assert (got.st_uid, got.st_gid, stat.S_IMODE(got.st_mode)) == (games.pw_uid, games.pw_gid, 0o600)
        time.sleep(7)
        assert bad.read_bytes() == BAD, 'what root remembered, the service reads'
        assert agent.stop() == 0
    finally:
        shutil.rmtree(home)
