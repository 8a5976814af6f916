# SPDX-License-Identifier: Apache-2.0
"""What no shop writes, through every reader: a line of a GiB, a row of a billion fields, endless nesting, NUL
bytes, no UTF-8. Counted, within the memory that any log may cost, and what lies behind it is read."""
import json, zlib

import pytest

import vigia
from vigia import AGENT, run

CONFIG = vigia.ROOT / 'tests' / 'golden' / 'shop.yaml'
GIB, BILLION, LARGE, MEMORY_KIB = 1 << 30, 10**9, 64 << 20, 96 << 10
OPENPAY = b'{"id":"tr%d","operation_type":"in","transaction_type":"charge","status":"completed","creation_date":"2026-03-02T10:0%d:00-06:00","amount":1}\n'
OFX = b'<STMTTRN><TRNTYPE>CREDIT<DTPOSTED>2026030%d<TRNAMT>1.00<FITID>A%d</STMTTRN>\n'
CAMT = b'<Ntry><NtryRef>N%d</NtryRef><Amt Ccy="EUR">1.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><BookgDt><Dt>2026-03-0%d</Dt></BookgDt></Ntry>\n'
LISTING = b'MTI: 0210\nF4: 000000000100\nF7: 0302160%d00\nF37: 60611600000%d\nF39: 00\nF49: 484\n\n'

# The reader: name of the file, what stands before the first record, a record by its number, what stands at the end.
READERS = {
    'csv': ('v.csv', b'time,id,amount\n', b'2026-03-02T10:0%d:00Z,A%d,1.00\n', b''),
    'json': ('v.jsonl', b'', OPENPAY, b''),
    'text': ('v.log', b'', b'2026-03-02 09:0%d:00 SALE APPROVED id=R-%d amount=1.00 term=T1 emp=ana\n', b''),
    'sgml': ('v.ofx', b'<OFX><CURDEF>MXN\n', OFX, b'</OFX>\n'),
    'xml': ('v.xml', b'<?xml version="1.0"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><Stmt>\n', CAMT, b'</Stmt></Document>\n'),
    'listing': ('v.txt', b'', LISTING, b''),
}
# What comes in between: a beginning, a unit, how many of it, an end.
BETWEEN = {
    'a line of 1 GiB': (b'', b'x', GIB, b'\n'),
    'a line of digits': (b'', b'4', LARGE, b'\n'),
    'no UTF-8': (b'', b'\x00\xff\xfe\xc3\x28\xe2\x82', 1000, b'\n'),
    'NUL': (b'', b'\x00', 1 << 20, b'\n'),
}
OF_ONE = [
    ('csv', 'a row of a billion fields', (b'', b',', BILLION, b'\n')),
    ('csv', 'quoted fields', (b'', b'"",', LARGE // 3, b'\n')),
    ('csv', 'a quote that never ends', (b'"', b'a,b\n', 1 << 22, b'')),
    ('json', 'nested objects', (b'', b'{"a":', LARGE // 5, b'\n')),
    ('json', 'nested arrays', (b'', b'[', LARGE, b'\n')),
    ('json', 'a string of escapes', (b'{"id":"', b'\\u0034', LARGE // 6, b'"}\n')),
    ('text', 'a field', (b'2026-03-02 09:00:00 SALE APPROVED id=', b'a', LARGE, b' amount=1.00\n')),
    ('sgml', 'nested records', (b'', b'<STMTTRN>', 1 << 22, b'\n')),
    ('sgml', 'an element', (b'<STMTTRN><NAME>', b'a', LARGE, b'</STMTTRN>\n')),
    ('xml', 'nested elements', (b'<Ntry>', b'<a>', LARGE // 3, b'</Ntry>\n')),
    ('xml', 'an attribute', (b'<Ntry a="', b'b', LARGE, b'"></Ntry>\n')),
    ('listing', 'an element', (b'MTI: 0210\nF4: ', b'1', LARGE, b'\n\n')),
    ('listing', 'a message of very many elements', (b'MTI: 0210\n', b'F4: 1\n', 1 << 21, b'\n')),
]
CASES = [(reader, name, middle) for name, middle in BETWEEN.items() for reader in READERS] + OF_ONE


def packed(path, before, middle, after):
    begin, unit, count, end = middle
    gzip = zlib.compressobj(1, zlib.DEFLATED, 31)
    piece = unit * max(1, (1 << 20) // len(unit))
    with open(path, 'wb') as f:
        f.write(gzip.compress(before + begin))
        for at in range(0, count * len(unit), len(piece)):
            f.write(gzip.compress(piece[:count * len(unit) - at]))
        f.write(gzip.compress(end + after) + gzip.flush())


@pytest.mark.parametrize('reader, name, middle', CASES, ids=['%s: %s' % c[:2] for c in CASES])
def test_hostile(tmp_path, reader, name, middle):
    file, head, record, tail = READERS[reader]
    log = tmp_path / (file + '.gz')
    packed(log, head + record % (1, 1), middle, record % (2, 2) + tail)
    p = run('/usr/bin/env', 'python3', '-c', '''
import resource, subprocess, sys
p = subprocess.run(sys.argv[1:], capture_output=True, text=True)
sys.stdout.write(p.stdout)
sys.stderr.write(p.stderr)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(p.returncode)
''', AGENT, 'pay', '-c', CONFIG, '--transactions', '-', log, check=False)
    lines = p.stdout.rstrip('\n').split('\n')
    assert p.returncode in (0, 1), p.stderr  # 1: most of the log cannot be read, which is an alert
    assert int(lines.pop()) < MEMORY_KIB
    assert [json.loads(line)['amount'] for line in lines] == [100, 100], lines
    if reader in ('csv', 'json', 'text'):  # elsewhere it may stand between the records
        assert 'could not be read' in p.stderr
