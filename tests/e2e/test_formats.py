# SPDX-License-Identifier: Apache-2.0
"""The short way to a format that nobody knows yet: a sample, a proposal, a look at the first rows, a file."""
import json

import pytest

import vigia
from vigia import AGENT, run

CONFIG = vigia.ROOT / 'tests' / 'golden' / 'shop.yaml'
CARD = '4111111111111111'
TILL = ('Fecha;Hora;Número de recibo;Importe;Tipo;Estatus;Cajero;Caja;Tarjeta;Correo electrónico;Notas\n'
        '03/04/2026;09:05;R-1;1.250,50;Venta;Aprobada;Ana;1;4111 1111 1111 1111;rosa@example.com;"dos\nlíneas"\n'
        '25/04/2026;10:15;R-2;90,00;Venta;Rechazada;Ana;1;411111******1111;;\n'
        '25/04/2026;11:00;R-3;90,00;Devolución;Aprobada;Luis;2;;;\n'
        '25/04/2026;11:30;R-4;12,00;Cancelación;Aprobada;Luis;2;;;\n')


def agent(*argv):
    return run(AGENT, *argv, check=False)


def transactions(profile, log):
    p = agent('pay', '-c', CONFIG, '--format', profile, '--transactions', '-', log)
    return [json.loads(line) for line in p.stdout.split('\n') if line]


@pytest.mark.parametrize('encoding', ['utf-8', 'utf-8-sig', 'latin-1', 'utf-16'])
def test_a_till_in_spanish(tmp_path, encoding):
    log, profile = tmp_path / 'caja.csv', tmp_path / 'mi-caja.yaml'
    log.write_text(TILL, encoding=encoding)
    assert agent('check', '-c', CONFIG, '--format', 'auto', log).returncode == 3
    p = agent('format', 'new', '-c', CONFIG, '--name', 'mi-caja', '-o', profile, log)
    assert p.returncode == 0, p.stderr + p.stdout
    assert '2026-04-03 09:05:00 sale approved 1250.50 MXN id R-1' in ' '.join(p.stdout.split())
    assert 'by a date that can be written in one way alone' in p.stdout
    assert CARD not in p.stdout and '4111 1111' not in p.stdout and 'rosa@' not in p.stdout
    assert 'example.com' not in profile.read_text()
    got = transactions(profile, log)
    assert [(t['kind'], t['outcome'], t['amount'], t['employee']) for t in got] == [
        ('sale', 'approved', 125050, 'Ana'), ('sale', 'declined', 9000, 'Ana'),
        ('refund', 'approved', 9000, 'Luis'), ('void', 'approved', 1200, 'Luis')]
    assert got[0]['card'].startswith('card_') and got[1]['bin'] == '411111'
    # What a person may have corrected is not written over.
    assert agent('format', 'new', '-c', CONFIG, '-o', profile, log).returncode == 2
    checked = agent('check', '-c', CONFIG, '--format', profile, log)
    assert checked.returncode == 0 and '4 transactions' in checked.stdout
    # As one file among the rules it is recognised by itself: see the manual. Here by its path.
    assert agent('check', '-c', CONFIG, '--format', 'stripe-balance', log).returncode == 3


def test_json_to_standard_output(tmp_path):
    log = tmp_path / 'eventos.jsonl'
    log.write_text(''.join(json.dumps({'evento': {'folio': 'F%d' % n, 'fecha': 1772460000000 + n, 'monto': 1250 + n, 'tipo': 'cobro'},
                                       'cliente': {'correo': 'rosa@example.com'}}) + '\n' for n in range(5)))
    p = agent('format', 'new', '-c', CONFIG, log)
    assert p.returncode == 0, p.stderr
    profile = tmp_path / 'p.yaml'
    profile.write_text(p.stdout)
    assert 'reader: json' in p.stdout and 'unix_ms' in p.stdout and 'units: major # minor where' in p.stdout
    assert '5 transactions' in p.stderr
    got = transactions(profile, log)
    assert [t['id'] for t in got] == ['F%d' % n for n in range(5)] and got[0]['email'].startswith('mail_')


def test_ambiguous_dates_are_said(tmp_path):
    log = tmp_path / 'v.csv'
    log.write_text('fecha,folio,total,caja\n03/04/2026 10:00,A1,5.00,1\n')
    p = agent('format', 'new', '-c', CONFIG, log)
    assert 'GUESSED' in p.stderr and '2026-04-03 10:00' in p.stderr
    assert '"%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M"' in p.stdout


def test_wrong_samples(tmp_path):
    text, table, good = tmp_path / 't.txt', tmp_path / 't.csv', tmp_path / 'g.csv'
    text.write_text('hola\nmundo\n')
    table.write_text('a,b\n1,2\n3,4\n')
    good.write_text('time,id,amount\n2026-03-02T10:00:00Z,A1,5.00\nayer,A2,5.00\n')
    assert agent('format', 'new', '-c', CONFIG, text).returncode == 3
    assert agent('format', 'new', '-c', CONFIG, table).returncode == 3
    assert agent('format', 'new', '-c', CONFIG, tmp_path / 'absent').returncode == 3
    assert agent('format', 'new', '-c', CONFIG).returncode == 2
    assert agent('format', 'neu', good).returncode == 2
    assert agent('check', '-c', CONFIG, good).returncode == 2
    assert agent('check', '-c', CONFIG, '--format', 'nadie', good).returncode == 2
    half = agent('check', '-c', CONFIG, '--format', 'auto', good)
    assert half.returncode == 2 and 'cannot be read: aaaa,a0,0.00' in half.stdout
    assert 'stripe-balance' in agent('format', 'list', '-c', CONFIG).stdout


def test_every_fixture_as_checked():
    """What `check` shows of each fixture in the tree: recognised, and never a card number."""
    for log in sorted((vigia.ROOT / 'tests' / 'fixtures' / 'pay').iterdir()):
        if log.suffix in ('.py', '.expected') or log.name.startswith('__'):
            continue
        p = agent('check', '-c', CONFIG, '--format', 'auto', log)
        assert p.returncode in (0, 2), (log.name, p.stderr)
        assert p.stdout.startswith('format: '), (log.name, p.stdout)
        assert CARD not in p.stdout


ROWS = ''.join('2026-03-02 10:0%d:00;A%d;5,00;a;%s\n' % (n, n, kind) for n, kind in
               enumerate(['venta', 'venta', '\u2028fuga: sale', 'a\ufeffb', '4111 1111 1111 1111']))


@pytest.mark.parametrize('mark', ['\u2028', '\u2029', '\x85', '\ufeff', '\x1b[31m'])
def test_nothing_of_a_sample_becomes_a_line_of_the_proposal(tmp_path, mark):
    """What YAML takes for the end of a line ends a comment, too: a column's name could write keys."""
    log = tmp_path / 'v.csv'
    log.write_text('fecha;folio;total;x%sonly: [{field: [folio], values: [nada]}];tipo\n' % mark + ROWS)
    p = agent('format', 'new', '-c', CONFIG, log)
    assert p.returncode == 0, p.stderr
    assert '5 transactions' in p.stderr and 'only' not in p.stdout
    assert mark not in p.stdout and CARD[:4] + ' 1111' not in p.stdout


def test_a_sample_that_fails_does_not_bar_the_next_one(tmp_path):
    bad, good, profile = tmp_path / 'bad.csv', tmp_path / 'good.csv', tmp_path / 'p.yaml'
    bad.write_text('a,b\n1,2\n3,4\n')
    good.write_text('time,id,amount\n2026-03-02T10:00:00Z,A1,5.00\n')
    assert agent('format', 'new', '-c', CONFIG, '-o', profile, bad).returncode == 3
    assert agent('format', 'new', '-c', CONFIG, '-o', profile, good).returncode == 0
    assert 'reader: csv' in profile.read_text()


def test_a_name_of_a_file_does_not_steer_the_terminal(tmp_path):
    text = tmp_path / 'e\x1b[31mvil.csv'
    text.write_text('hola\nmundo\n')
    for command in (('check', '-c', CONFIG, '--format', 'auto', text), ('format', 'new', '-c', CONFIG, text),
                    ('format', 'new', '-c', CONFIG, '%s-none' % text), ('pay', '-c', CONFIG, '--scores', '%s/x' % text, text)):
        p = agent(*command)
        assert p.returncode in (2, 3) and '\x1b' not in p.stdout + p.stderr
