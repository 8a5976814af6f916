# SPDX-License-Identifier: Apache-2.0
"""differences.tsv: where our metadata differs from what tshark and nDPI publish of public captures, and
why ours is right. The captures are no part of the tree: where they are (VIGIA_CAPTURES, with `dev` and
`truth` in it, and VIGIA_META_EVAL, the program that compares), the table is held against them too.
"""
import os, re, subprocess, sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'e2e'))
from vigia import AGENT

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


@pytest.mark.skipif('VIGIA_CAPTURES' not in os.environ or 'VIGIA_META_EVAL' not in os.environ,
                    reason='needs the public captures: VIGIA_CAPTURES and VIGIA_META_EVAL')
def test_every_difference_is_listed():
    captures = Path(os.environ['VIGIA_CAPTURES'])
    out = subprocess.run([sys.executable, os.environ['VIGIA_META_EVAL'], '--agent', AGENT, '--set', captures / 'dev',
                          '--truth', captures / 'truth', '--show', '1000000', '--labels',
                          os.environ.get('VIGIA_LABELS', 'malicious,benign,weird')],
                         stdout=subprocess.PIPE, text=True, errors='replace').stdout
    known = {tuple(r[:4]) for r in rows()}
    new = []
    for line in out.split('\n'):
        m = re.match(r'(\S+) (missing|extra) (\S+) (.*)$', line)
        if m and m[1] in FIELDS and (m[1], m[3], m[2], m[4].strip()) not in known:
            new.append(line)
    assert not new, '\n'.join(new[:50])
