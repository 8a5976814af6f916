# SPDX-License-Identifier: Apache-2.0
"""differences.tsv: where our metadata differs from what tshark and nDPI publish of public captures, and
why. Here its form; tests/e2e/test_reference.py holds it against the captures.
"""
from pathlib import Path

TABLE = Path(__file__).resolve().parent / 'differences.tsv'
FIELDS = {'flow.tuple', 'dns.query', 'dns.rcode', 'http.request', 'http.user_agent', 'tls.sni', 'tls.ja3',
          'quic.sni', 'ja4'}


def rows():
    lines = TABLE.read_text().split('\n')
    assert lines[0] == 'field\tfile\tside\tfact\treason' and lines[-1] == ''
    return [line.split('\t') for line in lines[1:-1]]


def test_each_row_says_what_and_why():
    for row in rows():
        assert len(row) == 5, row
        field, file, side, fact, reason = row
        assert field in FIELDS and side in ('extra', 'missing'), row
        assert '/' in file and len(reason) > 20, row


def test_no_row_twice():
    keys = [tuple(r[:4]) for r in rows()]
    assert len(keys) == len(set(keys))
