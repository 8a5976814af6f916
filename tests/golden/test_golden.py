# SPDX-License-Identifier: Apache-2.0
"""Every fixture through the real agent, held against the expected records beside this file.

  VIGIA_REGENERATE=1 pytest tests/golden     writes the expected records anew: read the diff
"""
import json, os, re, sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'e2e'))
from vigia import AGENT, ROOT, run

HERE = Path(__file__).resolve().parent
FIXTURES = ROOT / 'tests' / 'fixtures'
os.environ['VIGIA_GEO'] = str(FIXTURES / 'geo')  # not what the build fetched: that changes
CAPTURES = sorted(p for p in FIXTURES.glob('net/*') if p.suffix in ('.pcap', '.pcapng'))
LOGS = sorted(p for p in FIXTURES.glob('pay/*') if p.suffix in ('.csv', '.log', '.json', '.jsonl', '.txt', '.tsv', '.ofx', '.xml'))


def compare(expected, got):
    text = '\n'.join(got) + '\n' if got else ''
    if os.environ.get('VIGIA_REGENERATE') == '1':
        expected.parent.mkdir(parents=True, exist_ok=True)
        expected.write_text(text)
    assert expected.exists(), '%s is missing: run with VIGIA_REGENERATE=1 and read it' % expected.relative_to(ROOT)
    assert text.split('\n') == expected.read_text().split('\n')


def records(text):
    """Lines as JSON with sorted keys, so that only content counts."""
    return [json.dumps(json.loads(x), sort_keys=True, ensure_ascii=False) for x in text.split('\n') if x.strip()]


def pay(*argv):
    """Dates without a year are of the year that the log was written in: of a fixed one here. Times without a zone and amounts without a currency are the shop's, never the machine's."""
    os.utime(argv[-1], (1780000000, 1780000000))
    return agent('pay', '-c', HERE / 'shop.yaml', *argv)


def agent(*argv):
    p = run(AGENT, *argv, check=False)
    assert p.returncode in (0, 1, 3), p.stderr
    return p


@pytest.mark.parametrize('capture', CAPTURES, ids=lambda p: p.name)
def test_metadata(capture):
    compare(HERE / 'net' / (capture.name + '.metadata.ndjson'), records(agent('read', '--metadata', '-', capture).stdout))


@pytest.mark.parametrize('capture', CAPTURES, ids=lambda p: p.name)
def test_alerts_of_a_capture(capture):
    compare(HERE / 'net' / (capture.name + '.alerts.ndjson'), records(agent('read', '--json', capture).stdout))


@pytest.mark.parametrize('log', LOGS, ids=lambda p: p.name)
def test_transactions(log):
    compare(HERE / 'pay' / (log.name + '.transactions.ndjson'), records(pay('--transactions', '-', log).stdout))


@pytest.mark.parametrize('log', LOGS, ids=lambda p: p.name)
def test_alerts_of_a_log(log):
    compare(HERE / 'pay' / (log.name + '.alerts.ndjson'), records(pay('--json', log).stdout))


def test_no_card_number_in_a_record():
    """13 to 19 digits on end, in groups or not, are in no expected record."""
    for path in sorted((HERE / 'pay').iterdir()):
        assert not re.search(r'\d(?:[ .-]?\d){12,18}(?![\d.:-])', re.sub(r'"time": "[^"]*"', '', path.read_text())), path.name


def test_there_is_a_fixture_for_each_format():
    formats = {p.stem for p in (ROOT / 'rules' / 'formats').glob('*.yaml')}
    assert formats == {name for name in formats if any(p.name.startswith(name) for p in LOGS)}


def test_there_are_fixtures():
    assert len(CAPTURES) >= 5 and len(LOGS) >= 5
