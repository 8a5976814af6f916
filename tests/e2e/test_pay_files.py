# SPDX-License-Identifier: Apache-2.0
"""Payment logs as shops really leave them: rotated in every way while the agent runs, exported again with
yesterday's rows, packed, two at once, unknown. Each transaction counts once."""
import gzip, json, re, shutil, subprocess, time

import pytest

import story
import vigia
from vigia import AGENT, run

CARD = '4111111111111111'


def line(n, extra=''):
    return '2026-03-02 %02d:%02d:%02d SALE APPROVED id=R-%06d amount=%d.50%s term=T1 emp=ana\n' % (
        9 + n // 3600, n // 60 % 60, n % 60, n, 20 + n % 7, extra)


def lines(start, end):
    return ''.join(line(n) for n in range(start, end))


def export(path, start, end, mode='w', head=True):
    """A sales export without ids but for the folio, as a point of sale writes one each night."""
    with open(path, mode) as f:
        if head:
            f.write('fecha;hora;folio;importe;tipo;cajero\n')
        for n in range(start, end):
            f.write('%02d/03/2026;%02d:%02d;V-%d;%d,50;venta;ana\n' % (2 + n // 600, 9 + n % 600 // 60, n % 60, n, 10 + n % 9))


def pay(tmp_path, *argv):
    config = tmp_path / 'pay.yaml'
    config.write_text('shop: {name: Prueba, zone: America/Mexico_City, language: es-MX, currency: MXN}\n')
    return run(AGENT, 'pay', '-c', config, *argv, check=False)


def ids(text):
    return [json.loads(x)['id'] for x in text.split('\n') if x.strip()]


# ---- the running agent ----

def health(agent):
    for worker in agent.status().get('workers') or []:
        if worker.get('name') == 'pay':
            return worker.get('health') or {}
    return {}


def counted(agent, n, again=0):
    """Waits until the sensor has counted n transactions and nothing is left to read; no more come."""
    def there():
        assert agent.process.alive(), agent.process.tail()
        h = health(agent)
        return h.get('caught_up') and h.get('transactions', 0) >= n and h.get('transactions_again', 0) >= again
    try:
        vigia.wait_for(there, 60, 0.3)
    except AssertionError:
        raise AssertionError('%d wanted, health is %s' % (n, health(agent)))
    h = health(agent)
    assert h['transactions'] == n, h
    return h


@pytest.fixture
def watched(agents, tmp_path):
    """An agent that watches an empty folder."""
    folder = tmp_path / 'logs'
    folder.mkdir()
    agent = agents('network: {interfaces: []}\npayments: [{path: "%s", format: auto}]\n' % folder)
    agent.start()
    vigia.wait_for(lambda: health(agent).get('caught_up'), 60, 0.3)
    return agent, folder


def append(path, text):
    with open(path, 'a') as f:
        f.write(text)


def test_rotation_while_it_runs(watched):
    """Rename, copy-truncate, gzip, zstd, one after another; then a start anew reads nothing again."""
    agent, folder = watched
    log = folder / 'caja.log'

    append(log, lines(0, 100))
    counted(agent, 100)

    append(log, lines(100, 150))                     # by rename, with lines that nobody has read yet
    log.rename(folder / 'caja.log.1')
    append(log, lines(150, 200))
    counted(agent, 200)

    append(log, lines(200, 220))                     # copy-truncate
    (folder / 'caja.log.1').rename(folder / 'caja.log.2')
    shutil.copy(log, folder / 'caja.log.1')
    with open(log, 'w'):
        pass
    append(log, lines(220, 320))
    counted(agent, 320)

    subprocess.run(['gzip', '-n', folder / 'caja.log.2'], check=True)
    append(log, lines(320, 330))
    counted(agent, 330)

    subprocess.run(['zstd', '-q', '--rm', folder / 'caja.log.1'], check=True)
    append(log, lines(330, 340))
    h = counted(agent, 340)
    assert h['records_bad'] == 0 and h['files_damaged'] == 0 and h['files_unknown'] == 0, h

    agent.stop()
    append(log, lines(340, 345))                     # while nobody looked
    (folder / 'caja.log.2.gz').rename(folder / 'caja.log.3.gz')
    agent.start()
    h = counted(agent, 5)
    assert h['records'] == 5 and h['transactions_again'] == 0, h
    assert agent.stop() == 0
    assert [e for e in agent.events() if e['class'] == 'alert'] == []


def test_a_daily_export_overlaps_yesterdays(watched):
    """Another file each day that begins with rows of the day before, by id and by content."""
    agent, folder = watched
    export(folder / 'ventas-02.csv', 0, 120)
    counted(agent, 120)
    export(folder / 'ventas-03.csv', 60, 200)
    h = counted(agent, 200, 60)
    assert h['transactions_again'] == 60, h

    # Without ids: equal sales in one file are two, in the next file they are the same two.
    rows = ['2026-03-02T10:00:%02dZ,,7.00,sale,T1\n' % (n // 2) for n in range(40)]
    head = 'time,id,amount,kind,terminal\n'
    (folder / 'sin-a.csv').write_text(head + ''.join(rows[:30]))
    counted(agent, 230, 60)
    (folder / 'sin-b.csv').write_text(head + ''.join(rows[10:]))
    h = counted(agent, 240, 80)
    assert h['transactions_again'] == 80, h
    assert agent.stop() == 0


def test_what_a_dropped_file_was_taken_for(watched):
    """One line in the log and one in health for each; a card number in it is an alert, once, never a number."""
    agent, folder = watched
    export(folder / 'ventas.csv', 0, 30)
    (folder / 'notas.txt').write_text('esto no es una venta\ny esto tampoco\n')
    (folder / ('caja-%s.log' % CARD)).write_text(lines(0, 5) + line(5, ' card=' + CARD) + 'roto\n')

    def told():
        files = [v for k, v in health(agent).items() if k.startswith('file_')]
        return files if len(files) == 3 else None
    files = '\n'.join(sorted(vigia.wait_for(told, 60, 0.3)))
    assert 'ventas.csv: pos-csv-es, 30 records, 30 transactions, 0 skipped, 0 bad' in files
    assert 'notas.txt: no known format' in files
    assert re.search(r'caja-card_\w+\.log: pos-plain, 7 records, 6 transactions, 0 skipped, 1 bad', files), files
    status = agent.cli('status').stdout
    assert 'ventas.csv: pos-csv-es, 30 records' in status
    log = agent.process.tail(100000)
    for name in ('ventas.csv', 'notas.txt'):
        assert len([x for x in log.split('\n') if 'pay.file' in x and name in x]) == 1, log
    assert agent.stop() == 0
    alerts = vigia.alerts(agent.events())
    assert [a['detector'] for a in alerts] == ['pay.card_number_exposed']
    for text in (files, status, log, json.dumps(agent.events())):
        assert CARD not in text


def test_a_folder_of_downloads(agents, tmp_path):
    """Exports lie among everything else that people download: each is known by its content under whatever name
    the browser gave it, nothing else is an alert, and the file scanner watches the same folder."""
    folder = tmp_path / 'Downloads'
    folder.mkdir()
    agent = agents('network: {interfaces: []}\npayments: [{path: "%s"}]\nfiles: ["%s"]\n' % (folder, folder))
    agent.start()
    vigia.wait_for(lambda: health(agent).get('caught_up'), 60, 0.3)
    (folder / 'foto.jpg').write_bytes(b'\xff\xd8\xff\xe0\x00\x10JFIF' + bytes(range(256)) * 40)
    (folder / 'factura.pdf').write_bytes(b'%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\n' * 50)
    (folder / 'lista.csv').write_text('producto,precio\nlapiz,12.50\ncuaderno,30.00\n')
    (folder / 'nota.txt').write_text('llamar a Ana el lunes\n')
    odoo = (vigia.ROOT / 'tests' / 'fixtures' / 'pay' / 'odoo-pos-orders.csv').read_text()
    (folder / 'Orders (pos.order) (1).csv.crdownload').write_text(odoo[:300])
    (folder / 'Orders (pos.order) (1).csv.crdownload').unlink()
    (folder / 'Orders (pos.order) (1).csv').write_text(odoo)
    export(folder / 'descarga(3)', 0, 25)

    def told():
        files = [v for k, v in health(agent).items() if k.startswith('file_')]
        known = [f for f in files if 'no known format' not in f]
        return sorted(known) if len(known) == 2 else None
    known = vigia.wait_for(told, 60, 0.3)
    assert known == ['Orders (pos.order) (1).csv: odoo-pos-orders, 5 records, 4 transactions, 1 skipped, 0 bad',
                     'descarga(3): pos-csv-es, 25 records, 25 transactions, 0 skipped, 0 bad']
    log = agent.process.tail(100000)
    assert len([x for x in log.split('\n') if 'pay.file' in x and 'format=odoo-pos-orders' in x]) == 1, log
    assert agent.stop() == 0
    assert vigia.alerts(agent.events()) == []


# ---- the back-test ----

def test_two_logs_at_once(tmp_path):
    """In the order of the command line, each transaction once, also where the second has rows of the first."""
    a, b = tmp_path / 'a.csv', tmp_path / 'b.csv'
    export(a, 0, 50)
    export(b, 30, 80)
    p = pay(tmp_path, '--transactions', '-', a, b)
    assert p.returncode == 0, p.stderr
    assert ids(p.stdout) == ['V-%d' % n for n in range(80)]
    assert '20 more were there twice' in p.stderr


@pytest.mark.parametrize('pack', ['gz', 'zst'])
def test_packed(tmp_path, pack):
    plain, packed = tmp_path / 'caja.log', tmp_path / ('caja.log.' + pack)
    plain.write_text(lines(0, 3000))
    want = pay(tmp_path, '--transactions', '-', plain)
    if pack == 'gz':
        half = len(plain.read_bytes()) // 2          # two members on end, as rotation with append makes
        data = plain.read_bytes()
        packed.write_bytes(gzip.compress(data[:half]) + gzip.compress(data[half:]))
    else:
        subprocess.run(['zstd', '-q', plain, '-o', packed], check=True)
    got = pay(tmp_path, '--transactions', '-', packed)
    assert (got.returncode, got.stdout) == (0, want.stdout)
    assert len(ids(want.stdout)) == 3000

    packed.write_bytes(packed.read_bytes()[:-40])    # cut off: what came before it counts, with a warning
    got = pay(tmp_path, '--transactions', '-', packed)
    assert got.returncode == 0 and 'compression' in got.stderr, got.stderr
    assert want.stdout.startswith(got.stdout)        # the torn last record is none
    assert pack == 'zst' or len(ids(got.stdout)) > 2000


def test_exit_codes(tmp_path):
    good, found, unknown = tmp_path / 'good.csv', tmp_path / 'found.log', tmp_path / 'unknown.txt'
    empty, header = tmp_path / 'empty.csv', tmp_path / 'header.csv'
    export(good, 0, 20)
    found.write_text(line(1) + line(2, ' card=' + CARD))
    unknown.write_text('hola\nmundo\n')
    empty.write_text('')
    header.write_text('fecha;hora;folio;importe\n')

    assert pay(tmp_path, good).returncode == 0
    assert pay(tmp_path, found).returncode == 1
    assert pay(tmp_path, good, found).returncode == 1
    assert pay(tmp_path).returncode == 2
    assert pay(tmp_path, '--format', 'nadie', good).returncode == 2
    assert pay(tmp_path, '--transactions', '-', '--scores', '-', good).returncode == 2
    assert pay(tmp_path, '--label-delay', '7d', good).returncode == 2
    assert pay(tmp_path, '--labels', good, '--label-delay', 'pronto', good).returncode == 2
    for bad in (unknown, empty, header, tmp_path / 'absent.csv'):
        p = pay(tmp_path, bad)
        assert p.returncode == 3, (bad, p.stderr)
        assert bad.name in p.stderr
    # All inputs are read; an input that cannot be is worse than an alert.
    p = pay(tmp_path, '--transactions', '-', tmp_path / 'absent.csv', unknown, found, good)
    assert p.returncode == 3
    assert len(ids(p.stdout)) == 22
    assert 'no known format' in p.stderr
    # A format by name, by family, by file.
    assert pay(tmp_path, '--format', 'pos-csv-es', good).returncode == 0
    assert pay(tmp_path, '--format', 'pos', good).returncode == 0
    assert pay(tmp_path, '--format', vigia.ROOT / 'rules' / 'formats' / 'pos-csv-es.yaml', good).returncode == 0
    assert pay(tmp_path, '--format', 'stripe', good).returncode == 3
    # Damage midway is a warning.
    good.write_text(good.read_text() + 'no;es;"una;venta\n')
    p = pay(tmp_path, good)
    assert p.returncode == 0 and '1 of 21 records could not be read' in p.stderr


def test_dash(tmp_path):
    """With - standard output carries that stream alone; alerts go to standard error. Files hold the same."""
    log = tmp_path / 'caja.log'
    log.write_text(lines(0, 10) + line(10, ' card=' + CARD) + line(11).replace('R-', '"R",'))
    p = pay(tmp_path, '--transactions', '-', '--json', log)
    assert p.returncode == 1
    assert len(ids(p.stdout)) == 12
    alert = [json.loads(x) for x in p.stderr.split('\n') if x.startswith('{')]
    assert [a['detector'] for a in alert] == ['pay.card_number_exposed']

    q = pay(tmp_path, '--scores', '-', log)
    rows = q.stdout.rstrip('\n').split('\n')
    assert rows[0] == 'id,score' and len(rows) == 13
    assert rows[12].startswith('"""R"",000011",')
    assert all(re.fullmatch(r'.*,[-+.e\d]+', row) for row in rows[1:])

    files = tmp_path / 't.ndjson', tmp_path / 's.csv'
    r = pay(tmp_path, '--transactions', files[0], '--scores', files[1], '--json', log)
    scored = [json.loads(x) for x in files[0].read_text().split('\n') if x]
    assert all(0 <= t['score'] <= 100 for t in scored)  # --scores adds it, and its reasons, to each
    assert [{k: v for k, v in t.items() if k not in ('score', 'reasons')} for t in scored] == \
        [json.loads(x) for x in p.stdout.split('\n') if x]
    assert files[1].read_text() == q.stdout
    assert [json.loads(x)['detector'] for x in r.stdout.split('\n') if x] == ['pay.card_number_exposed']
    for text in (p.stdout, p.stderr, q.stdout, q.stderr, r.stdout, r.stderr):
        assert CARD not in text


def test_a_folder_in_order_of_rotation(tmp_path):
    folder = tmp_path / 'logs'
    folder.mkdir()
    (folder / 'caja.log').write_text(lines(20, 30))
    (folder / 'caja.log.1').write_text(lines(10, 20))
    (folder / 'caja.log.2.gz').write_bytes(gzip.compress(lines(0, 10).encode()))
    p = pay(tmp_path, '--transactions', '-', folder)
    assert p.returncode == 0
    assert ids(p.stdout) == ['R-%06d' % n for n in range(30)]


def test_a_folder_that_comes_later(agents, tmp_path):
    """A drive that is mounted after the start: said while it is away, read when it is there."""
    late = tmp_path / 'drive' / 'ventas'
    agent = agents('network: {interfaces: []}\npayments: [{path: "%s"}]\n' % late)
    agent.start()

    def pay():
        found = [w for w in agent.status().get('workers') or [] if w['name'] == 'pay']
        return (found[0].get('health') or {}) if found else {}
    vigia.wait_for(lambda: pay().get('folders_unlisted') == 1, 20)
    late.mkdir(parents=True)
    story.payments(late / 'ventas.csv', 300)
    vigia.wait_for(lambda: pay().get('transactions', 0) > 300, 30)
    assert pay()['folders_unlisted'] == 0


def test_an_update_of_the_till(watched):
    """Lines that nobody can read any more are an alert with their shape alone; so is a file that lost its format."""
    agent, folder = watched
    append(folder / 'caja.log', lines(0, 300))
    export(folder / 'ventas-01.csv', 0, 30)
    counted(agent, 330)
    append(folder / 'caja.log', ''.join('%d|venta|%d.00|Ana\n' % (1772460000 + n, n) for n in range(40)))
    (folder / 'ventas-02.csv').write_text('uno;dos\n1;2\n')

    def told():
        found = [a for a in vigia.alerts(agent.events()) if a['detector'] == 'pay.log_unreadable']
        return found if len(found) == 2 else None
    found = {a['subject']['id']: a['facts'] for a in vigia.wait_for(told, 60, 0.5)}
    assert found['ventas-#.csv']['format_unknown'] is True
    assert found['caja.log']['share'] > 0.05
    assert found['caja.log']['like'].startswith('0000000000|aaaaa|00.00|aaa')
    assert agent.stop() == 0
