# SPDX-License-Identifier: Apache-2.0
"""The labelled public captures, where they lie beside the checkout: the detectors of today find their attacks and
leave quiet captures alone. What is read of them: test_reference.py."""
import json, subprocess, sys

import pytest

import vigia

ARCHIVE = vigia.SHARED / 'data' / 'net' / 'captures.tar.zst'


@pytest.fixture(scope='module')
def captures(tmp_path_factory):
    if not ARCHIVE.exists():
        pytest.skip('no captures: %s is not here' % ARCHIVE)
    folder = tmp_path_factory.mktemp('captures')
    vigia.run('tar', '--zstd', '-xf', ARCHIVE, '-C', folder)
    return folder


def evaluate(tool, captures, *options):
    argv = [sys.executable, vigia.SHARED / 'tools' / tool, '--agent', vigia.AGENT, '--set', captures / 'dev', '--json', *options]
    return json.loads(subprocess.run(argv, capture_output=True, text=True, timeout=400).stdout)


def test_alerts(captures):
    got = evaluate('net_eval.py', captures, '--classes', ARCHIVE.parent / 'classes.tsv')
    assert got['failed'] == []
    assert got['benign_alerted'] <= 0.05
    assert got['right'] >= 0.15, 'the detectors of this release alone: scans, spoofs, beacons, worms'
