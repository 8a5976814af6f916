# SPDX-License-Identifier: Apache-2.0
"""`vigia-agent scan` against `yara -p 2 -r`: same rules, same corpus, warm cache, in turns, in one run."""
import concurrent.futures, json, os, re, shutil, subprocess, time, zlib
from pathlib import Path

SIZE = 500_000_000
SHARES = {'binary': 0.5, 'document': 0.3, 'script': 0.2}
DOCUMENTS = {'.html', '.htm', '.txt', '.gz', '.pdf', '.png', '.svg', '.jpg', '.gif', '.md', '.xml', '.css', '.ttf', '.mo', '.zip',
             '.docx', '.xlsx', '.jar', '.xz', '.bz2', '.tar', '.json', '.yaml'}
SCRIPTS = {'.py', '.js', '.sh', '.pl', '.pm', '.php', '.h', '.hpp', '.c', '.rb', '.ts', '.mjs', '.tcl', '.el', '.lua', '.cmake', '.vim'}
FILE_MAX = 64_000_000
RUNS = 3


def kind(path, head):
    if head.startswith(b'\x7fELF') or path.suffix in ('.a', '.pyc', '.so', '.o', '.node'):
        return 'binary'
    if path.suffix in SCRIPTS or head.startswith(b'#!'):
        return 'script'
    return 'document' if path.suffix in DOCUMENTS or '/doc/' in str(path) or '/man/' in str(path) else None


def make(folder):
    """Copies files of /usr in an order that depends on their names alone, until each kind has its share."""
    left = {k: SIZE * s for k, s in SHARES.items()}
    every = []
    for root, folders, names in os.walk('/usr'):
        every += [Path(root, n) for n in names]
    every.sort(key=lambda p: (zlib.crc32(str(p).encode()), str(p)))
    count = size = 0
    for path in every:
        if path.is_symlink() or not path.is_file() or not 0 < path.stat().st_size <= FILE_MAX:
            continue
        with open(path, 'rb') as f:
            head = f.read(4)
        what, bytes_ = kind(path, head), path.stat().st_size
        if what is None or left[what] < bytes_:
            continue
        left[what] -= bytes_
        to = folder / what / ('%02d' % (count % 50)) / ('%06d-%s' % (count, path.name))
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, to)
        count, size = count + 1, size + bytes_
    return count, size


def rules(folder):
    """What the yara program takes: NAMESPACE:FILE, as ours has a namespace a file."""
    return ['%s:%s' % (p.stem, p) for p in sorted(folder.glob('*.yar'))]


def without_needs(folder, to):
    """The same rules without what lets ours pass over a file quickly: libyara then looks at every byte."""
    shutil.copytree(folder, to)
    for p in (to / 'yara').glob('*.yar'):
        p.write_text(re.sub(r'(?m)^\s*(or_)?needs = .*\n', '', p.read_text()))
    return to


def once(argv, env):
    begin = time.monotonic()
    p = subprocess.Popen([str(a) for a in argv], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=env)
    _, status, usage = os.wait4(p.pid, 0)
    wall = time.monotonic() - begin
    p.returncode = os.waitstatus_to_exitcode(status)
    if p.returncode not in (0, 1):
        raise SystemExit('%s: exit %d' % (argv, p.returncode))
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss


def in_turns(commands, env, runs=RUNS):
    """For each command the least time, the least processor time and the largest memory."""
    best = [(float('inf'), float('inf'), 0)] * len(commands)
    for _ in range(runs):
        for i, argv in enumerate(commands):
            wall, cpu, memory = once(argv, env)
            best[i] = min(best[i][0], wall), min(best[i][1], cpu), max(best[i][2], memory)
    return best


def measure(agent, root, work, show):
    """The measures; false where one is under its mark."""
    if not shutil.which('yara'):
        show('scan', skipped='no yara program (Debian package yara)')
        return True
    corpus, good = work / 'corpus', True
    with concurrent.futures.ProcessPoolExecutor(1) as apart:  # a large parent would count as its children's memory
        files, size = apart.submit(make, corpus).result()
    env = dict(os.environ, XDG_CACHE_HOME=str(work / 'cache'))
    for name, folder in (('scan', root / 'rules'), ('scan_without_needs', without_needs(root / 'rules', work / 'rules'))):
        (work / 'agent.yaml').write_text('rules: %s\n' % folder)
        ours = [agent, 'scan', '-c', work / 'agent.yaml', '--json']
        (wall, cpu, peak), (y_wall, y_cpu, y_peak) = in_turns(
            [ours + ['--all', '--no-archives', corpus], ['yara', '-w', '-p', '2', '-r', *rules(folder / 'yara'), corpus]], env)
        good &= y_wall >= wall and peak <= 1.3 * y_peak
        show(name, files=files, bytes=size, s=wall, mb_per_s=size / wall / 1e6, cpu_s=cpu, peak_kib=peak, yara_s=y_wall,
             yara_cpu_s=y_cpu, yara_peak_kib=y_peak, times_yara=y_wall / wall, mark=1, memory_of_yara=peak / y_peak, memory_mark=1.3)
        if name != 'scan':
            continue
        once(ours + [corpus], env)
        (first, first_cpu, first_peak), (again, again_cpu, _) = in_turns([ours + ['--all', corpus], ours + [corpus]], env)
        good &= first >= 20 * again and first_peak <= 1.3 * y_peak
        show('scan_archives', s=first, cpu_s=first_cpu, peak_kib=first_peak, memory_of_yara=first_peak / y_peak, memory_mark=1.3)
        show('scan_again', first_s=first, second_s=again, first_cpu_s=first_cpu, second_cpu_s=again_cpu, times=first / again, mark=20)
        good &= clamscan(ours, root, work, env, show)
    return good


def usr(agent, root, work, show):
    """What Debian ships is harmless: false where a rule says otherwise."""
    (work / 'agent.yaml').write_text('rules: %s\n' % (root / 'rules'))
    begin = time.monotonic()
    p = subprocess.run([str(agent), 'scan', '-c', str(work / 'agent.yaml'), '--all', '--json', '/usr'], capture_output=True, text=True)
    events = [json.loads(line) for line in p.stdout.splitlines()]
    told = re.search(r'(\d+) files scanned, (\d+) matches', p.stderr)
    if p.returncode not in (0, 1, 3) or told is None:
        raise SystemExit('scan of /usr: exit %d: %s' % (p.returncode, p.stderr))
    show('usr', files=int(told[1]), matches=int(told[2]), mark=0, s=time.monotonic() - begin,
         which=['%s: %s' % (e['facts'].get('rule'), e['facts']['path']) for e in events][:20])
    return int(told[2]) == 0


def clamscan(ours, root, work, env, show):
    """On a tenth of the corpus (it is slow), with those rules that it loads too; it is told to leave archives packed."""
    if not shutil.which('clamscan'):
        show('scan_clamscan', skipped='no clamscan (Debian package clamav)')
        return True
    parts, both = [work / 'corpus' / kind / ('%02d' % i) for kind in SHARES for i in range(5)], work / 'both'
    shutil.copytree(root / 'rules', both, ignore=lambda folder, names: [n for n in names if n.endswith('.yar')])
    count = 0
    for p in sorted((root / 'rules' / 'yara').glob('*.yar')):
        loads = subprocess.run(['clamscan', '--no-summary', '-d', str(p), str(work / 'agent.yaml')], capture_output=True, text=True)
        if loads.returncode == 0 and 'LibClamAV' not in loads.stdout + loads.stderr:
            shutil.copy(p, both / 'yara' / p.name)
            count += 1
    (work / 'both.yaml').write_text('rules: %s\n' % both)
    (wall, _, peak), (c_wall, _, c_peak) = in_turns(
        [[ours[0], 'scan', '-c', work / 'both.yaml', '--all', '--no-archives', *parts], ['clamscan', '-r', '--no-summary', '--scan-archive=no', '-d', both / 'yara', *parts]], env, 2)
    show('scan_clamscan', rule_files=count, s=wall, peak_kib=peak, clamscan_s=c_wall, clamscan_peak_kib=c_peak, times=c_wall / wall, mark=3)
    return c_wall >= 3 * wall
