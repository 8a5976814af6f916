# SPDX-License-Identifier: Apache-2.0
"""The file sensor and `scan` with the real agent: every bad file told once, whatever lies around it or dies."""
import contextlib, ctypes, datetime, fcntl, gzip, io, json, lzma, os, re, shutil, signal, subprocess, sys, tarfile, tempfile, time, zipfile, zlib, zoneinfo
from pathlib import Path

import pytest

import service, vigia

YARA = vigia.ROOT / 'tests/fixtures/yara'
WEBSHELL, NOTE, POS = 'webshell_php', 'ransom_note', 'pos_ram_scraper'


def put(path, fixture, more='', beside=None):
    """Written beside the watched folder and renamed into it, as a browser or a copy program ends: however slow
    the machine is, nobody sees it half-written."""
    part = (beside or path.parent.parent) / ('part-' + path.name)
    part.write_bytes((YARA / fixture).read_bytes() + more.encode())
    part.rename(path)
    return path


def paths(p):
    """[path, ...] of the file.yara alerts that a command printed."""
    events = [json.loads(x) for x in p.stdout.split('\n') if x.strip()]
    return sorted(e['facts']['path'] for e in events if e.get('detector') == 'file.yara')


def found(agent):
    p = agent.cli('export', check=False)
    if p.returncode == 3:
        return []  # no store yet
    assert p.returncode == 0, p.stderr
    return paths(p)


def counts(agent):
    workers = {w['name']: w for w in agent.status().get('workers') or []}
    # What status says about a worker that is gone does not count.
    if workers.get('file', {}).get('pid') != agent.process.workers().get('file'):
        return {}
    return workers.get('file', {}).get('health') or {}


def put_in_place(path, fixture):
    """The same file with other bytes, in one step: it is never empty meanwhile."""
    was = path.stat()
    with open(path, 'r+b', buffering=0) as f:
        bytes = (YARA / fixture).read_bytes().ljust(was.st_size)
        assert f.write(bytes) == len(bytes)
    assert path.stat().st_ino == was.st_ino


def wait_found(agent, paths, seconds=180):
    wanted = sorted(str(p) for p in paths)

    def all_told():
        assert agent.process.alive(), agent.process.tail()
        return len(found(agent)) >= len(wanted)
    vigia.wait_for(all_told, seconds, 0.5)
    assert sorted(found(agent)) == wanted


def wait_count(agent, name, at_least, seconds=180):
    return vigia.wait_for(lambda: counts(agent).get(name, -1) >= at_least and counts(agent), seconds, 0.5)


@pytest.fixture
def watched(agents, tmp_path):
    folder = tmp_path / 'compartida'
    folder.mkdir()
    return folder, agents('network: {interfaces: []}\nfiles: [%s]\n' % vigia.quote(folder))


def test_new_changed_unchanged_moved(watched):
    folder, agent = watched
    first = put(folder / 'viejo.php', WEBSHELL + '.hit')
    put(folder / 'limpio.php', WEBSHELL + '.miss')
    agent.start()
    wait_found(agent, [first])
    assert wait_count(agent, 'file.scanned', 2)['file.scanned'] == 2

    # A new one in a folder that is new as well, put there while it is watched.
    (folder / 'facturas').mkdir()
    second = put(folder / 'facturas' / 'NOTA.txt', NOTE + '.hit', beside=folder.parent)
    wait_found(agent, [first, second])
    assert wait_count(agent, 'file.scanned', 3)['file.scanned'] == 3, 'the unchanged ones were left alone'

    # A clean file turns bad in place: the same file, scanned again.
    changed = folder / 'limpio.php'
    put_in_place(changed, WEBSHELL + '.hit')
    wait_found(agent, [first, second, changed])
    assert wait_count(agent, 'file.scanned', 4)['file.scanned'] == 4

    # Moved in from outside, its time of change long ago.
    moved = folder.parent / 'descarga.exe'
    moved.write_bytes((YARA / (POS + '.hit')).read_bytes())
    os.utime(moved, (1_600_000_000, 1_600_000_000))
    moved.rename(folder / 'descarga.exe')
    wait_found(agent, [first, second, changed, folder / 'descarga.exe'])
    assert wait_count(agent, 'file.scanned', 5)['file.scanned'] == 5
    assert agent.stop() == 0

    # Started again: all known, only what came meanwhile is looked at.
    last = put(folder / 'entretanto.php', WEBSHELL + '.hit')
    agent.start()
    wait_found(agent, [first, second, changed, folder / 'descarga.exe', last])
    assert wait_count(agent, 'file.scanned', 1)['file.scanned'] == 1
    assert agent.stop() == 0


@pytest.mark.parametrize('victim', ['file', 'keeper'])
def test_killed(watched, victim):
    """Nothing twice, nothing lost, though it dies amid its first round and amid later ones."""
    folder, agent = watched
    wanted = [put(folder / ('%04d.php' % i), WEBSHELL + '.hit', '// %d\n' % i) for i in range(0, 1200, 40)]
    for i in range(1200):
        if i % 40:
            put(folder / ('%04d.php' % i), WEBSHELL + '.miss', '// %d\n' % i)

    def kill():
        if victim == 'keeper':
            agent.kill()
            agent.start()
        else:
            os.kill(vigia.wait_for(lambda: agent.process.workers().get('file')), signal.SIGKILL)

    agent.start()
    vigia.wait_for(lambda: agent.process.workers().get('file'), every=0.01)
    kill()  # before anything is committed, or right after
    vigia.wait_for(lambda: found(agent), 60, 0.02)
    kill()
    wanted.append(put(folder / 'otro-a.php', NOTE + '.hit'))
    wait_found(agent, wanted, 90)
    kill()
    wanted.append(put(folder / 'otro-b.php', NOTE + '.hit'))
    wait_found(agent, wanted, 90)
    events = agent.events()
    assert [e['seq'] for e in events] == list(range(1, len(events) + 1)), 'gapless and in order'
    assert len({e['id'] for e in events}) == len(events)
    assert agent.stop() == 0


def test_odd_files_do_no_harm(watched):
    folder, agent = watched
    with open(folder / 'a-grande.bin', 'wb') as f:
        f.truncate(300 << 20)
    os.mkfifo(folder / 'b-tubo')
    (folder / 'c-vuelta').symlink_to(folder)
    (folder / 'd-dentro').mkdir()
    (folder / 'd-dentro' / 'arriba').symlink_to('..')
    (folder / 'e-nada').symlink_to('/no/such/file')
    (folder / 'f-cerrado').write_bytes(b'x')
    (folder / 'f-cerrado').chmod(0)
    (folder / 'g\nraro\x1b[31m').write_bytes((YARA / (NOTE + '.hit')).read_bytes())
    bad = put(folder / 'z.php', WEBSHELL + '.hit')
    agent.start()
    vigia.wait_for(lambda: len(found(agent)) >= 2, 120, 0.5)
    told = found(agent)
    assert len(told) == 2 and str(bad) in told, 'the loop shows no file twice'
    n = wait_count(agent, 'file.scanned', 3)
    assert n['file.bytes_unscanned'] == (300 - 256) << 20, 'told, not hidden'
    assert agent.process.workers().get('file'), 'alive, not waiting for the other end of a pipe'
    one = agent.process.workers()['file']
    late = put(folder / 'z2.php', WEBSHELL + '.hit')
    vigia.wait_for(lambda: str(late) in found(agent), 60, 0.5)
    assert agent.process.workers()['file'] == one and len(found(agent)) == 3
    assert agent.stop() == 0


# ---- sticks, drives of others, the full pass ----

CLONE_NEWNS, MS_REC, MS_PRIVATE = 0x20000, 0x4000, 1 << 18


def keep_mounts_to_ourselves():
    """Every agent of the machine would see a stick, those of the tests that run beside this one too."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNS) or libc.mount(b'none', b'/', None, MS_REC | MS_PRIVATE, None):
        pytest.skip('no right to mount')


@pytest.fixture
def stick():
    """A drive as a desktop mounts it; what a stick is, test_files.c knows."""
    keep_mounts_to_ourselves()
    where = Path('/media/vigia-test-%d' % os.getpid())
    with contextlib.suppress(OSError):
        where.mkdir(parents=True)

    def mount():
        p = subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=8m', '/dev/vigia-test', where], capture_output=True)
        if p.returncode:
            pytest.skip('no right to mount')
        return where
    yield mount
    subprocess.run(['umount', '-l', where], capture_output=True)
    where.rmdir()


def pull_out(root):
    """As an owner does who tries again while something is still being read."""
    vigia.wait_for(lambda: subprocess.run(['umount', root], capture_output=True).returncode == 0, 60)


def open_below(pid, root):
    held = []
    for f in Path('/proc/%d/fd' % pid).iterdir():
        with contextlib.suppress(OSError):  # closed meanwhile
            held.append(os.readlink(f))
    return [f for f in held if f.startswith(str(root))]


def test_stick(watched, stick):
    folder, agent = watched
    agent.start()
    assert wait_count(agent, 'file.full_passes', 1)['file.sticks'] == 0
    root = stick()
    (root / 'FOTOS').mkdir()
    shutil.copyfile(YARA / (WEBSHELL + '.hit'), root / 'FOTOS' / 'factura.php')
    wait_found(agent, [root / 'FOTOS' / 'factura.php'])
    assert wait_count(agent, 'file.sticks', 1)
    # Nothing of ours keeps it: it can be pulled out, and comes again as another one.
    pid = agent.process.workers()['file']
    vigia.wait_for(lambda: not open_below(pid, root), 60)
    pull_out(root)
    vigia.wait_for(lambda: counts(agent).get('file.sticks') == 0, 180)
    stick()
    shutil.copyfile(YARA / (NOTE + '.hit'), root / 'LEEME.txt')
    wait_found(agent, [root / 'FOTOS' / 'factura.php', root / 'LEEME.txt'])
    pull_out(root)
    assert agent.process.workers()['file'] == pid
    assert agent.stop() == 0


def test_stick_left_alone(agents, tmp_path, stick):
    folder = tmp_path / 'compartida'
    folder.mkdir()
    agent = agents('network: {interfaces: []}\nfiles: [%s]\nscan: {sticks: false}\n' % vigia.quote(folder))
    agent.start()
    wait_count(agent, 'file.full_passes', 1)
    shutil.copyfile(YARA / (WEBSHELL + '.hit'), stick() / 'factura.php')
    bad = put(folder / 'z.php', WEBSHELL + '.hit')
    wait_found(agent, [bad])
    assert agent.stop() == 0


def test_folder_that_comes_later(agents, tmp_path):
    """What was not there when the sandbox closed is let in by another life."""
    folder = tmp_path / 'descargas'
    agent = agents('network: {interfaces: []}\nfiles: [%s]\n' % vigia.quote(folder))
    agent.start()
    wait_count(agent, 'file.full_passes', 1)
    folder.mkdir()
    bad = folder / 'z.php'
    bad.write_bytes((YARA / (WEBSHELL + '.hit')).read_bytes())
    wait_found(agent, [bad], 90)
    assert agent.stop() == 0


def test_full_pass(agents, tmp_path):
    """The first round is one; then once a day, at its hour; a restart does not make another."""
    folder = tmp_path / 'compartida'
    folder.mkdir()
    soon = (datetime.datetime.now(zoneinfo.ZoneInfo('America/Mexico_City')) + datetime.timedelta(seconds=61)).strftime('%H:%M')
    agent = agents('network: {interfaces: []}\nfiles: [%s]\nscan: {full_pass: "%s"}\n' % (vigia.quote(folder), soon))
    put(folder / 'a.php', WEBSHELL + '.miss')
    agent.start()
    first = wait_count(agent, 'file.full_passes', 1)
    second = wait_count(agent, 'file.full_passes', 2, 120)
    assert second['file.full_pass_ended'] > first['file.full_pass_ended'] and second['file.scanned'] == 1
    assert agent.stop() == 0
    agent.start()
    third = wait_count(agent, 'file.scanned', 0)
    time.sleep(8)
    third = counts(agent)
    assert (third['file.full_passes'], third['file.full_pass_ended']) == (0, second['file.full_pass_ended'])
    assert agent.stop() == 0


def drop_admin(_agent):
    """The command that takes from another one what watching whole drives takes."""
    if os.geteuid() == 0:
        return ['setpriv', '--inh-caps', '-sys_admin', '--bounding-set', '-sys_admin']
    return []


def has_admin(pid):
    held = dict(re.findall(r'^(Cap\w+):\s+(\w+)$', Path('/proc/%d/status' % pid).read_text(), re.M))
    held.pop('CapBnd')  # what only a program with rights of its own could have again, which no_new_privs forbids
    return {name for name, bits in held.items() if int(bits, 16) >> 21 & 1}


NOBODY = 65534


@pytest.fixture
def open_to_others():
    """A folder that another user gets into; those of pytest are closed."""
    folder = Path(tempfile.mkdtemp(prefix='vigia-files-', dir='/tmp'))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def as_service(agent):
    """The command that starts another one as systemd starts the service."""
    if os.geteuid() != 0:
        pytest.skip('needs root')
    os.chown(agent.dir, NOBODY, NOBODY)
    return service.command(vigia.ROOT / 'packaging/systemd/vigia-agent.service', NOBODY)


@pytest.mark.parametrize('right', ['root', 'service', 'none'])
def test_more_folders_than_watched_one_by_one(open_to_others, right):
    """With the right to hear of a whole drive none is too many; without, what is beyond is counted."""
    folder = open_to_others / 'compartida'
    for i in range(600):
        (folder / ('%03d' % i)).mkdir(parents=True)
    agent = vigia.Agent(open_to_others / 'agent', 'network: {interfaces: []}\nfiles: [%s]\n' % vigia.quote(folder))
    agent.inside = {'root': lambda a: [], 'service': as_service, 'none': drop_admin}[right](agent)
    right = right != 'none'
    try:
        agent.start()
        n = wait_count(agent, 'file.full_passes', 1)
        if right and n['file.watched_by_drive'] == 0:
            pytest.skip('no right to hear of a drive')
        assert n['file.watched_by_folder'] == (0 if right else 512)
        assert n['file.watched_by_drive'] == (601 if right else 0)
        assert n['file.folders_unwatched'] == (0 if right else 89)
        # Whoever had that right at the start has given it up; without the sandbox too.
        pids = [agent.process.pid, *agent.process.workers().values()]
        assert len(pids) == 3 and not any(has_admin(p) for p in pids)
        bad = put(folder / '599' / 'z.php', WEBSHELL + '.hit')
        if right:
            wait_found(agent, [bad], 60)
            os.kill(agent.process.workers()['file'], signal.SIGKILL)  # its next life hears as well
            wait_count(agent, 'file.watched_by_drive', 601)
            late = put(folder / '598' / 'z.php', NOTE + '.hit')
            wait_found(agent, [bad, late], 60)
        else:
            near = put(folder / '000' / 'z.php', NOTE + '.hit')  # one that is watched makes a round of all
            wait_found(agent, [bad, near], 60)
        assert agent.stop() == 0
    finally:
        agent.process.kill()


def cpu_seconds(pid):
    fields = Path('/proc/%d/stat' % pid).read_text().rsplit(')', 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')


def test_the_shop_goes_first(watched):
    """However much there is to scan, a quarter of one core is all that it takes."""
    folder, agent = watched
    text = (YARA / (WEBSHELL + '.miss')).read_bytes() * 4000
    for i in range(150):
        (folder / ('%03d.php' % i)).write_bytes(text + b'// %d' % i)
    agent.start()
    pid = vigia.wait_for(lambda: agent.process.workers().get('file'))
    vigia.wait_for(lambda: 'worker=file' in agent.process.tail(), 60, 0.02)  # it is at work: rules are ready
    used, began = cpu_seconds(pid), time.monotonic()
    wait_count(agent, 'file.scanned', 150)  # not the pass: files that just came wait until they are whole
    used, took = cpu_seconds(pid) - used, time.monotonic() - began
    assert used > 0.3, 'not enough to scan for saying anything'
    assert used / took < 0.32, (used, took)
    assert agent.stop() == 0


def test_more_files_than_rows(watched):
    """Harmless files beyond what the rows hold are not read again each round, nor after a restart."""
    folder, agent = watched
    for i in range(17000):
        if i % 100 == 0:
            (folder / ('%03d' % (i // 100))).mkdir()
        f = folder / ('%03d' % (i // 100)) / ('%05d.txt' % i)
        f.write_bytes(b'%d' % i)
    time.sleep(2.5)
    agent.start()
    wait_count(agent, 'file.full_passes', 1, 180)
    assert counts(agent)['file.scanned'] == 17000 and counts(agent)['file.evicted'] > 0
    assert agent.stop() == 0
    agent.start()
    bad = put(folder / 'z.php', WEBSHELL + '.hit')
    wait_found(agent, [bad])
    assert wait_count(agent, 'file.scanned', 1)['file.scanned'] == 1  # the counts come behind the alert
    assert agent.stop() == 0


def test_damaged_after_a_restart(watched):
    """What could not be looked at is told again by another life of the sensor, which does not read it again."""
    folder, agent = watched
    (folder / 'damaged.gz').write_bytes(gzip.compress(os.urandom(5000))[:-1000])
    settled(folder / 'damaged.gz')
    agent.start()
    assert wait_count(agent, 'file.archives_damaged', 1)['file.scanned'] == 1
    assert agent.stop() == 0
    agent.start()
    wait_found(agent, [put(folder / 'z.php', WEBSHELL + '.hit')])
    told = wait_count(agent, 'file.scanned', 1)
    assert (told['file.scanned'], told['file.archives_damaged']) == (1, 1)
    assert agent.stop() == 0


# ---- who brought it ----

@pytest.mark.skipif(os.geteuid() != 0, reason='needs the right to ask the kernel')
def test_program_that_wrote_it(watched):
    folder, agent = watched
    agent.start()
    wait_count(agent, 'file.full_passes', 1)
    part = folder / 'factura.php.part'
    part.write_bytes((YARA / (WEBSHELL + '.hit')).read_bytes())
    part.rename(folder / 'factura.php')
    wait_found(agent, [folder / 'factura.php'])
    facts = [e['facts'] for e in agent.events() if e['detector'] == 'file.yara'][0]
    assert facts['program'] == Path('/proc/self/comm').read_text().strip()
    assert facts['program_path'] == os.readlink('/proc/self/exe')
    assert (facts['from'], facts['flow'], facts['service']) == ('', '', '')
    assert agent.stop() == 0


def test_transfer_that_brought_it(agents, tmp_path):
    """What the net sensor saw pass is named by the alert of the file that it became."""
    sys.path.insert(0, str(vigia.ROOT / 'tests/fixtures/detect'))
    import wire
    folder, bad = tmp_path / 'compartida', (YARA / (WEBSHELL + '.hit')).read_bytes()
    folder.mkdir()
    c = wire.Capture()
    c.http(wire.OFFICE, wire.WORLD, 'archivos.example', '/bajar/factura.php?n=1', body=bad, mime='application/octet-stream')
    c.pcap(tmp_path / 'a.pcap')
    agent = agents('network: {replay: [%s], interfaces: []}\nfiles: [%s]\n' % (vigia.quote(tmp_path / 'a.pcap'), vigia.quote(folder)))
    agent.start()
    vigia.wait_for(lambda: any(w['name'] == 'net' and (w.get('health') or {}).get('done')
                               for w in agent.status().get('workers') or []), 60)
    got = folder / 'factura.php'
    got.write_bytes(bad)
    wait_found(agent, [got])
    facts = [e['facts'] for e in agent.events() if e['detector'] == 'file.yara'][0]
    assert facts['from'] == 'archivos.example' and facts['service'] == 'http' and facts['flow']
    assert agent.stop() == 0


# ---- scan ---------------------------------------------------------------------------------------

@pytest.fixture(autouse=True)
def cache(tmp_path_factory, monkeypatch):
    folder = tmp_path_factory.mktemp('cache')
    monkeypatch.setenv('XDG_CACHE_HOME', str(folder))
    return folder


def scan(*argv):
    return vigia.run(vigia.AGENT, 'scan', *([] if vigia.SANDBOX else ['--no-sandbox']), *argv, check=False)


def test_scan(tmp_path):
    deep = tmp_path / 'a' / 'b' / 'c'
    deep.mkdir(parents=True)
    bad = put(deep / 'bad.php', WEBSHELL + '.hit')
    good = put(tmp_path / 'a' / 'good.php', WEBSHELL + '.miss')
    (deep / 'up').symlink_to(tmp_path / 'a')
    os.mkfifo(deep / 'pipe')

    p = scan('--json', good)
    assert (p.returncode, p.stdout) == (0, '')
    p = scan('--json', bad)
    assert p.returncode == 1 and paths(p) == [str(bad)]
    p = scan('--json', tmp_path / 'a')
    assert p.returncode == 1 and paths(p) == [str(bad)], 'below, and once'
    assert '2 files scanned, 1 matches' in p.stderr
    p = scan(tmp_path / 'a')
    assert p.returncode == 1 and 'bad.php' in p.stdout

    assert scan('--json', tmp_path / 'none').returncode == 3
    p = scan('--json', tmp_path / 'none', tmp_path / 'a')
    assert paths(p) == [str(bad)] and p.returncode == 3, 'the rest is scanned all the same'
    assert scan('--json', deep / 'pipe').returncode == 3
    assert scan().returncode == 2
    assert scan('--wrong', bad).returncode == 2


def test_a_share_of_usr_is_harmless(tmp_path):
    """No rule of ours matches what Debian ships: 80 MB of /usr, by the hash of their paths, so that each kind
    has its part (`tests/bench/run usr` scans all of it)."""
    size = count = 0
    every = (Path(root, n) for root, _, names in os.walk('/usr') for n in names)
    for path in sorted(every, key=lambda p: (zlib.crc32(bytes(p)), p)):
        if path.is_symlink() or not path.is_file() or not os.access(path, os.R_OK) or not 0 < path.stat().st_size <= 8_000_000:
            continue
        to = tmp_path / ('%02d' % (count % 50)) / ('%05d-%s' % (count, path.name))
        to.parent.mkdir(exist_ok=True)
        shutil.copyfile(path, to)
        count, size = count + 1, size + path.stat().st_size
        if size > 80_000_000:
            break
    p = scan('--all', '--json', tmp_path)
    print('%d files of /usr, %d bytes: %s' % (count, size, p.stderr))
    assert (p.returncode, paths(p)) == (0, []), p.stderr
    assert '%d files scanned, 0 matches' % count in p.stderr


def settled(*files):
    for f in files:  # one that changed just now is not kept
        vigia.wait_for(lambda: time.time() - f.stat().st_ctime > 2.1)


def test_scan_again(tmp_path, cache):
    folder, rules = tmp_path / 'a', tmp_path / 'rules'
    folder.mkdir()
    shutil.copytree(vigia.ROOT / 'rules', rules)
    (tmp_path / 'agent.yaml').write_text('rules: %s\n' % vigia.quote(rules))
    bad, good = put(folder / 'bad.php', WEBSHELL + '.hit'), put(folder / 'good.php', WEBSHELL + '.miss')
    settled(bad, good)

    def again(*more):
        p = scan('-c', tmp_path / 'agent.yaml', '--json', *more, folder)
        assert p.returncode == (1 if paths(p) else 0), p.stderr
        unchanged = re.search(r'harmless: (\d+) files', p.stderr)
        return paths(p), int(unchanged[1]) if unchanged else 0
    assert again() == ([str(bad)], 0)
    assert again() == ([str(bad)], 1), 'what is bad is told each time'
    assert again('--all') == ([str(bad)], 0)
    good.write_bytes(bad.read_bytes())
    os.utime(good, (1_600_000_000, 1_600_000_000))
    assert again() == ([str(bad), str(good)], 0), 'changed, whatever its time says'
    bad.unlink()
    good.write_text('nothing')
    settled(good)
    assert again() == ([], 0) and again() == ([], 1)
    assert [f.stat().st_mode & 0o777 for f in cache.rglob('*.known')] == [0o600]

    # A rule that is new: all is looked at again. One that is bad: told each time.
    (rules / 'yara' / 'own.yar').write_text('rule Own { strings: $a = "nothing" condition: $a }')
    assert again() == ([str(good)], 0)
    (rules / 'yara' / 'own.yar').write_text('rule Own { strings: $a = "nothing" ')
    for _ in range(2):
        assert 'own.yar:' in scan('-c', tmp_path / 'agent.yaml', folder).stderr
    assert again() == ([], 0)

    # Another scan has what is known, or it is spoiled: no harm.
    (rules / 'yara' / 'own.yar').unlink()
    again()
    assert again() == ([], 1)
    kept = next(cache.rglob('*.known'))
    with open(kept) as f:
        fcntl.flock(f, fcntl.LOCK_EX)
        assert again() == ([], 0)
    kept.write_bytes(kept.read_bytes()[:-1])
    assert again() == ([], 0) and again() == ([], 1)
    kept.unlink()
    kept.symlink_to(good)
    assert again() == ([], 0) and good.read_text() == 'nothing'


def zipped(name, content):
    out = io.BytesIO()
    with zipfile.ZipFile(out, 'w', zipfile.ZIP_DEFLATED) as z:
        z.writestr(name, content)
    return out.getvalue()


def test_what_was_not_seen_is_told_each_time(tmp_path, cache):
    """Neither cut short nor damaged nor under a password is harmless, whenever it was scanned."""
    folder = tmp_path / 'a'
    folder.mkdir()
    locked = bytearray(zipped('x', b'nothing'))
    for magic, flags in ((b'PK\3\4', 6), (b'PK\1\2', 8)):
        locked[locked.index(magic) + flags] |= 1
    (folder / 'locked.zip').write_bytes(locked)
    (folder / 'damaged.gz').write_bytes(gzip.compress(os.urandom(5000))[:-1000])
    with open(folder / 'long', 'wb') as f:
        f.truncate((256 << 20) + 1)
    (folder / 'note').write_text('nothing')
    settled(*folder.iterdir())
    # Beyond a limit, and slow to find out: the second scan does not unpack it again.
    (folder / 'capped.zip').write_bytes(zipped('zeros', bytes(600 << 20)))
    settled(folder / 'capped.zip')
    for unchanged in (0, 1, 1):
        p = scan(folder)
        assert p.returncode == 0, p.stderr
        assert 'under a password and not looked at: 1' in p.stderr and 'damaged parts: 1' in p.stderr
        assert 'not scanned: 1 bytes' in p.stderr
        assert 'to be looked at whole: 1' in p.stderr
        assert ('found harmless: 1 files' in p.stderr) == bool(unchanged), p.stderr
        assert ('what can be looked at: 4 files' in p.stderr) == bool(unchanged), p.stderr
        assert ('\n0 files scanned' in '\n' + p.stderr) == bool(unchanged), p.stderr


def rar5(name, content):
    """One stored file (RAR 5.0 archive format, rarlab.com/technote.htm): libarchive reads such, and writes none."""
    def number(n):
        out = b''
        while n > 127:
            out, n = out + bytes([n & 127 | 128]), n >> 7
        return out + bytes([n])

    def block(head):
        sized = number(len(head)) + head
        return zlib.crc32(sized).to_bytes(4, 'little') + sized
    name = name.encode()
    file = b'\x02\x02' + number(len(content)) + b'\x04' + number(len(content)) + number(0o100644) + \
        zlib.crc32(content).to_bytes(4, 'little') + b'\x00\x01' + number(len(name)) + name
    return b'Rar!\x1a\x07\x01\x00' + block(b'\x01\x00\x00') + block(file) + content + block(b'\x05\x00\x00')


def rar4(name, content):
    """The same of the older format."""
    def block(kind, flags, rest):
        head = bytes([kind]) + flags.to_bytes(2, 'little') + (7 + len(rest)).to_bytes(2, 'little') + rest
        return (zlib.crc32(head) & 0xffff).to_bytes(2, 'little') + head
    name, size = name.encode(), len(content).to_bytes(4, 'little')
    file = size + size + b'\x03' + zlib.crc32(content).to_bytes(4, 'little') + bytes(4) + b'\x14\x30' + \
        len(name).to_bytes(2, 'little') + (0o100644).to_bytes(4, 'little') + name
    return b'Rar!\x1a\x07\x00' + block(0x73, 0, bytes(6)) + block(0x74, 0x8000, file) + content + block(0x7b, 0x4000, b'')


def test_scan_archives(tmp_path):
    folder = tmp_path / 'a'
    folder.mkdir()
    bad = (YARA / (WEBSHELL + '.hit')).read_bytes() + b'//' + os.urandom(200).hex().encode()
    (folder / 'a.zip').write_bytes(zipped('shop/x.php', bad))
    (folder / 'b.docx').write_bytes(zipped('word/y.bin', zipped('z.php', bad)))
    (folder / 'c.php.gz').write_bytes(gzip.compress(bad))
    (folder / 'd.php.xz').write_bytes(lzma.compress(bad))
    with tarfile.open(folder / 'e.tar.bz2', 'w:bz2') as t:
        t.add(YARA / (WEBSHELL + '.hit'), '../../etc/f.php')
    (folder / 'f.rar').write_bytes(rar5('g', zipped('z.php', bad)))  # what is only stored is found as it lies
    (folder / 'h.rar').write_bytes(rar4('i', zipped('z.php', bad)))
    p = scan('--json', folder)
    inside = {Path(e['facts']['path']).name: e['facts']['inside'] for e in map(json.loads, p.stdout.splitlines())}
    assert inside == {'a.zip': 'shop/x.php', 'b.docx': 'word/y.bin > z.php', 'c.php.gz': 'data', 'd.php.xz': 'data',
                      'e.tar.bz2': '../../etc/f.php', 'f.rar': 'g > z.php', 'h.rar': 'i > z.php'}, p.stderr
    assert p.returncode == 1 and os.listdir(tmp_path) == ['a'], 'nothing is unpacked to anywhere'
    assert paths(scan('--json', '--no-archives', folder)) == []

    # Broken, cut, enormous: counted, and the rest is found all the same.
    whole = (folder / 'a.zip').read_bytes()
    for n in range(0, len(whole), 7):
        (folder / ('cut%d.zip' % n)).write_bytes(whole[:n])
    (folder / 'bomb.zip').write_bytes(zipped('zeros', bytes(600 << 20)))
    p = scan('--json', folder)
    assert p.returncode == 1 and {Path(x).name for x in paths(p)} >= set(inside), p.stderr
    assert 'too tightly packed to be looked at whole: 1' in p.stderr and 'damaged parts' in p.stderr
