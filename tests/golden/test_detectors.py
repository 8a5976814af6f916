# SPDX-License-Identifier: Apache-2.0
"""Each net detector on a capture that must fire and on one that must not (tests/fixtures/detect).

  VIGIA_REGENERATE=1 pytest tests/golden/test_detectors.py    writes the expected alerts: read the diff
"""
import json, sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'e2e'))
from vigia import AGENT, ROOT, run

sys.path.insert(0, str(Path(__file__).resolve().parent))
from test_golden import compare, records

HERE = Path(__file__).resolve().parent
CAPTURES = ROOT / 'tests' / 'fixtures' / 'detect'
DETECTORS = sorted(p.name[:-len('.fires.pcap')] for p in CAPTURES.glob('*.fires.pcap'))
# No databases of countries: what they say changes with their edition.
WITHOUT = {'VIGIA_GEO': '/nonexistent'}


def alerts(detector, kind):
    learn = CAPTURES / (detector + '.learn.pcap')
    history = ['--learn', learn] if learn.exists() else []
    p = run(AGENT, 'read', '--json', '-c', HERE / 'detect_shop.yaml', *history, CAPTURES / ('%s.%s.pcap' % (detector, kind)),
            check=False, env=WITHOUT)
    assert p.returncode in (0, 1), p.stderr
    return records(p.stdout)


def loud(lines):
    return [e for e in map(json.loads, lines) if e['class'] == 'alert' and e['severity'] != 'info']


@pytest.mark.parametrize('detector', DETECTORS)
def test_fires(detector):
    found = alerts(detector, 'fires')
    compare(HERE / 'detect' / (detector + '.fires.ndjson'), found)
    # weak signs only ever stand beside others: as their further reason
    assert detector in {d for e in loud(found) for d in [e['detector'], *e['facts'].get('also', [])]}


@pytest.mark.parametrize('detector', DETECTORS)
def test_quiet(detector):
    assert loud(alerts(detector, 'quiet')) == []


def test_every_capture_is_small():
    assert [p.name for p in CAPTURES.glob('*.pcap') if p.stat().st_size > 200_000] == []
