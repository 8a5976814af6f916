# SPDX-License-Identifier: Apache-2.0
"""Bundles of rules on the PC: from a file, good and bad, tried before they run, killed in the middle."""
import json, os, random, shutil, signal, subprocess, tarfile, time

import pytest

import bundles
import vigia

GOOD = {'yara/prueba.yar': bundles.DRY_RULE % ('buena', 'la palabra que nadie dice'),
        'tests/yara/fires/Prueba_buena/nota.txt': 'aqui esta la palabra que nadie dice, y nada mas',
        'tests/yara/quiet/nota.txt': 'aqui no esta'}


@pytest.fixture
def maker(tmp_path):
    return bundles.Maker(tmp_path / 'provider')


@pytest.fixture
def agent(agents, maker):
    return agents('network: off\nbundles: {key: %s}\n' % maker.public)


def apply(agent, path):
    return agent.cli('bundle', 'apply', path, check=False, timeout=240)


def test_a_good_one_is_used(agent, maker, tmp_path):
    first = maker.make(GOOD)
    done = apply(agent, first)
    assert done.returncode == 0, done.stderr
    assert 'version %d' % maker.version in done.stdout
    note = tmp_path / 'nota.txt'
    note.write_text('aqui esta la palabra que nadie dice, y nada mas')
    assert 'Prueba_buena' in agent.cli('scan', note, check=False).stdout
    assert agent.cli('check').stdout.count('ok  bundle') == 1
    # An empty file withdraws the rule; all that the program brought stays.
    assert apply(agent, maker.make({'yara/prueba.yar': ''})).returncode == 0
    assert 'Prueba_buena' not in agent.cli('scan', note, check=False).stdout
    folder = agent.state / 'bundle' / bundles.state(agent)['now']['folder']
    shipped = {p.relative_to(vigia.ROOT / 'rules') for p in (vigia.ROOT / 'rules').rglob('*') if p.is_file()}
    assert {p.relative_to(folder) for p in folder.rglob('*') if p.is_file()} == \
        {p for p in shipped if p.parts[0] != 'tests'}


def bad_ones(maker):
    """{word: [bundle]}: all that must be refused, and why."""
    good = maker.make(GOOD).read_bytes()
    other = bundles.Maker(maker.dir / 'other')
    rule = (bundles.DRY_RULE % ('x', 'nothing')).encode()

    def raw(name, content):
        path = maker.dir / name
        path.write_bytes(content)
        return path
    yield 'short', raw('cut-1', good[:40])
    yield 'short', raw('empty', b'')
    yield 'signature', raw('cut-2', good[:-700])
    yield 'signature', raw('flip', good[:2000] + bytes([good[2000] ^ 1]) + good[2001:])
    yield 'format', raw('junk', os.urandom(5000))
    yield 'large', raw('huge', good + bytes(9 << 20))
    yield 'signature', other.make(GOOD, version=maker.version + 50)
    yield 'signature', maker.unsigned(GOOD)
    yield 'old', maker.make(GOOD, version=5)
    yield 'expired', maker.by_hand([('yara/a.yar', rule)], created=-90000, expires=-60)
    yield 'future', maker.by_hand([('yara/a.yar', rule)], created=3 * 86400, expires=9 * 86400)
    yield 'path', maker.by_hand([('yara/../../../a.yar', rule)])
    yield 'path', maker.by_hand([('/etc/cron.d/a.yar', rule)])
    yield 'path', maker.by_hand([('bin/a.sh', rule)])
    yield 'link', maker.by_hand([('yara/a.yar', b'', {'type': tarfile.SYMTYPE, 'linkname': '/etc/passwd'})])
    yield 'link', maker.by_hand([('yara/a.yar', b'', {'type': tarfile.LNKTYPE, 'linkname': 'manifest.json'})])
    yield 'link', maker.by_hand([('yara/a.yar', b'', {'type': tarfile.FIFOTYPE})])
    yield 'large', maker.by_hand([('yara/a.yar', b' ' * ((1 << 20) + 1))])
    yield 'compile', maker.make({'yara/a.yar': 'rule a { condition: $nowhere }'})
    yield 'compile', maker.make({'request/a.yar': 'rule a {'})
    yield 'slow', maker.make({'yara/a.yar': 'rule slow { strings: $a = /[a-zA-Z ]{10,200}[0-9]{9}/ condition: $a }'})
    yield 'detectors', maker.make({'detectors/net.scan.yaml': 'settings: {nonsense: 1}\n'})
    yield 'detectors', maker.make({'detectors/net.scan.yaml': ''})
    yield 'formats', maker.make({'formats/clip.yaml': 'reader: nonsense\n'})
    yield 'indicators', maker.make({'indicators/apps.yaml': 'nonsense: [\n'})
    yield 'sample', maker.make({**GOOD, 'tests/yara/fires/Prueba_buena/nota.txt': 'nothing of it'})
    yield 'sample', maker.make({**GOOD, 'tests/yara/quiet/nota.txt': 'la palabra que nadie dice'})
    scan = (vigia.ROOT / 'tests/fixtures/detect/net.scan.fires.pcap').read_bytes()
    quiet = (vigia.ROOT / 'tests/fixtures/detect/net.scan.quiet.pcap').read_bytes()
    yield 'sample', maker.make({**GOOD, 'tests/net/fires/net.scan/a.pcap': quiet})
    yield 'sample', maker.make({**GOOD, 'tests/net/quiet/a.pcap': scan})


def test_bad_ones_change_nothing(agent, maker):
    assert apply(agent, maker.make(GOOD)).returncode == 0
    before = bundles.state(agent)
    count = 0
    for word, path in bad_ones(maker):
        done = apply(agent, path)
        count += 1
        assert done.returncode == 2, (word, path, done.stdout)
        assert '(%s)' % word in done.stderr, (word, path, done.stderr)
        now = bundles.state(agent)
        assert now['now'] == before['now'] and now['refused_count'] == count
    assert sorted(p.name for p in (agent.state / 'bundle').iterdir()) == \
        sorted(['state.json', 'highest.json', '%d.bundle' % before['now']['version'], before['now']['folder']])
    assert agent.cli('check').returncode == 0
    net = {**GOOD, 'tests/net/fires/net.scan/a.pcap': (vigia.ROOT / 'tests/fixtures/detect/net.scan.fires.pcap').read_bytes(),
           'tests/net/quiet/a.pcap': (vigia.ROOT / 'tests/fixtures/detect/net.scan.quiet.pcap').read_bytes()}
    assert apply(agent, maker.make(net, version=before['now']['version'] + 500)).returncode == 0


def test_a_clock_that_was_set_back(agent, maker):
    """A time that a collector told once is the least that it can be now."""
    assert apply(agent, maker.make(GOOD)).returncode == 0
    path = agent.state / 'bundle/state.json'
    state = bundles.state(agent)
    path.write_text(json.dumps({**state, 'seen': bundles.iso(time.time() + 200 * 86400)}))
    refused = apply(agent, maker.make(GOOD))
    assert refused.returncode == 2 and '(expired)' in refused.stderr, refused.stderr
    path.write_text(json.dumps(state))
    (agent.state / 'bundle/highest.json').unlink()
    assert apply(agent, maker.dir / ('%d.bundle' % maker.version)).returncode == 0, 'the clock is right again'


def test_what_comes_with_the_rules(agent, maker):
    """The samples in rules/tests: a bundle of the shipped rules passes its own trial."""
    out = maker.dir / 'all.bundle'
    maker.cli('build', vigia.ROOT / 'rules', '--out', out)
    maker.cli('sign', out, '--key', maker.key)
    assert apply(agent, out).returncode == 0
    assert 'tests/yara/fires' in maker.cli('verify', out, '--key', maker.public).stdout


def test_the_owner_comes_first(agents, maker):
    path = maker.make(GOOD)
    own = agents('network: off\nbundles: {key: %s}\nrules: %s\n' % (maker.public, vigia.ROOT / 'rules'), name='own')
    refused = apply(own, path)
    assert refused.returncode == 2 and 'rules: FOLDER' in refused.stderr
    off = agents('network: off\nbundles: {key: %s, accept: false}\n' % maker.public, name='off')
    assert apply(off, path).returncode == 2
    nobody = agents('network: off\n', name='nobody')
    assert 'no key' in apply(nobody, path).stderr
    # One that was taken before is not used any more once the owner says so.
    on = agents('network: off\nbundles: {key: %s}\n' % maker.public, name='on')
    assert apply(on, path).returncode == 0
    on.configure('network: off\nbundles: {accept: false}\n')
    assert 'ok  bundle' not in on.cli('check').stdout


def whole(agent, versions):
    """What state.json names is there, all of it; *versions: {version: files}."""
    now = bundles.state(agent)['now']
    assert now['version'] in versions
    if now['version'] == 0:
        return 0
    folder = agent.state / 'bundle' / now['folder']
    files = {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob('*') if p.is_file()}
    assert files == versions[now['version']], 'the old or the new, never a mixture'
    return now['version']


def expected(files):
    root = vigia.ROOT / 'rules'
    content = {str(p.relative_to(root)): p.read_bytes() for p in root.rglob('*')
               if p.is_file() and p.relative_to(root).parts[0] != 'tests'}
    content.update({k: v.encode() for k, v in files.items() if not k.startswith('tests/')})
    return content


def test_killed_at_any_moment(agent, maker):
    rng = random.Random(7)
    old = {'yara/prueba.yar': bundles.DRY_RULE % ('vieja', 'la palabra vieja')}
    assert apply(agent, maker.make(old)).returncode == 0
    versions = {maker.version: expected(old)}
    reached = set()
    for i in range(10):
        new = {'yara/prueba.yar': bundles.DRY_RULE % ('nueva_%d' % i, 'la palabra nueva %d' % i)}
        path = maker.make(new)
        versions[maker.version] = expected(new)
        process = subprocess.Popen([vigia.AGENT, 'bundle', '-c', agent.config, 'apply', path],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        time.sleep(rng.uniform(0, 4))
        process.kill()
        process.wait()
        reached.add(whole(agent, versions))
        assert agent.cli('check').returncode == 0
    assert apply(agent, maker.make(old)).returncode == 0
    names = {p.name for p in (agent.state / 'bundle').iterdir()}
    assert len(names) <= 6, 'what a kill left is swept away: %s' % names


def test_a_full_disk_leaves_the_old_rules(agents, maker, tmp_path):
    disk = tmp_path / 'disk'
    disk.mkdir()
    if subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', disk]).returncode != 0:
        pytest.skip('nothing can be mounted here')
    try:
        a = agents('network: off\nbundles: {key: %s}\n' % maker.public)
        a.state = disk / 'state'
        a.configure('network: off\nbundles: {key: %s}\n' % maker.public)
        assert apply(a, maker.make(GOOD)).returncode == 0
        before = bundles.state(a)['now']
        space = os.statvfs(disk)
        with open(disk / 'fill', 'wb') as f:
            f.write(bytes(max(0, space.f_bavail * space.f_frsize - 200 * 1024)))
        refused = apply(a, maker.make({**GOOD, 'yara/otra.yar': bundles.DRY_RULE % ('otra', 'otra')}))
        assert refused.returncode == 2 and '(disk)' in refused.stderr, refused.stderr
        assert bundles.state(a)['now'] == before
        assert a.cli('check').returncode == 0
        (disk / 'fill').unlink()
        assert apply(a, maker.make(GOOD)).returncode == 0
    finally:
        subprocess.run(['umount', '-l', disk])


def test_a_service_takes_it_and_its_workers_start_again(agents, maker, tmp_path):
    watched = tmp_path / 'downloads'
    watched.mkdir()
    a = agents('network: off\nfiles: [%s]\nbundles: {key: %s}\n' % (vigia.quote(watched), maker.public))
    a.start()
    vigia.wait_for(lambda: 'file' in a.process.workers())
    before = a.process.workers()['file']
    vigia.wait_for(lambda: any(w.get('state') == 'running' for w in a.status().get('workers') or [] if w['name'] == 'file'))
    done = apply(a, maker.make(GOOD))
    assert done.returncode == 0, done.stderr + a.process.tail()
    vigia.wait_for(lambda: a.process.workers().get('file') not in (None, before))
    vigia.wait_for(lambda: bundles.running(a) == maker.version)
    assert not bundles.told(a, 'agent.worker_ended'), 'a reload is no crash'
    assert len(bundles.told(a, 'agent.bundle_taken')) == 1
    (watched / 'nota.txt').write_text('aqui esta la palabra que nadie dice, y nada mas')
    vigia.wait_for(lambda: any(e['facts'].get('rule') == 'Prueba_buena' for e in vigia.alerts(a.events())), 60)
    refused = apply(a, maker.make({'yara/a.yar': 'rule a {'}))
    assert refused.returncode == 2 and '(compile)' in refused.stderr
    vigia.wait_for(lambda: len(bundles.told(a, 'agent.bundle_refused')) == 1)
    a.kill()
    a.start()
    vigia.wait_for(lambda: bundles.running(a) == maker.version - 1)
    vigia.wait_for(lambda: 'file' in a.process.workers())


def test_back_by_itself_when_workers_crash(agents, maker, tmp_path):
    """Three crashes in a short while: the rules before run again, and it is told."""
    watched = tmp_path / 'downloads'
    watched.mkdir()
    a = agents('network: off\nfiles: [%s]\nbundles: {key: %s}\n' % (vigia.quote(watched), maker.public))
    assert apply(a, maker.make(GOOD)).returncode == 0
    good = maker.version
    a.start()
    vigia.wait_for(lambda: bundles.running(a) == good)
    assert apply(a, maker.make({**GOOD, 'yara/otra.yar': bundles.DRY_RULE % ('otra', 'otra')})).returncode == 0
    vigia.wait_for(lambda: bundles.running(a) == maker.version)
    dead = set()
    for _ in range(3):
        pid = vigia.wait_for(lambda: a.process.workers().get('file') not in dead | {None} and a.process.workers()['file'], 60)
        vigia.wait_for(lambda: any(w.get('pid') == pid and w.get('state') == 'running'
                                   for w in a.status().get('workers') or []), 60)
        dead.add(pid)
        os.kill(pid, signal.SIGSEGV)
    vigia.wait_for(lambda: bundles.running(a) == good, 60)
    left = bundles.told(a, 'agent.bundle_left')
    assert len(left) == 1 and left[0]['facts']['version'] == maker.version and left[0]['facts']['word'] == 'crash'
    again = apply(a, maker.dir / ('%d.bundle' % maker.version))
    assert '(old)' in again.stderr, 'what was left does not come back'
    assert 'left' in a.cli('bundle', 'status').stdout


def test_a_newer_program_gets_its_rules_under_the_bundle(agents, maker, tmp_path):
    """The program's own rules changed since: the bundle is tried over the new ones, at the next start."""
    rules = tmp_path / 'rules'
    shutil.copytree(vigia.ROOT / 'rules', rules)
    env = {'VIGIA_RULES': str(rules)}
    a = agents('network: off\nbundles: {key: %s}\n' % maker.public)
    assert a.cli('bundle', 'apply', maker.make(GOOD), env=env).returncode == 0
    old = bundles.state(a)['now']
    (rules / 'yara/nueva.yar').write_text(bundles.DRY_RULE % ('nueva', 'recien llegada'))
    assert 'ok  bundle' not in a.cli('check', env=env).stdout, 'not over rules that are gone'
    a.process = vigia.Process([vigia.AGENT, 'run', '-c', a.config], a.dir / 'agent.log', env=env)
    new = vigia.wait_for(lambda: bundles.state(a)['now']['folder'] != old['folder'] and bundles.state(a)['now'], 60)
    assert new['version'] == old['version']
    folder = a.state / 'bundle' / new['folder']
    assert (folder / 'yara/nueva.yar').exists() and (folder / 'yara/prueba.yar').exists()
    # Over rules with which it cannot work it is left.
    a.stop()
    (rules / 'yara/mala.yar').write_text('rule a {')
    a.process = vigia.Process([vigia.AGENT, 'run', '-c', a.config], a.dir / 'agent.log', env=env)
    vigia.wait_for(lambda: bundles.state(a)['now']['version'] == 0, 60)
    assert a.process.alive()
