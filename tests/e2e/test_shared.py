# SPDX-License-Identifier: Apache-2.0
"""The labelled public captures, where they lie beside the checkout: every run ends in good order, what is read
agrees with the reference, and the detectors of today find their attacks and leave quiet captures alone."""
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


@pytest.mark.parametrize('labels', ['malicious,benign', 'weird'])
def test_metadata(captures, labels):
    got = evaluate('meta_eval.py', captures, '--truth', captures / 'truth', '--labels', labels)
    assert got['failed'] == []
    if labels != 'weird':
        for field in ('flow.tuple', 'dns.query', 'dns.rcode', 'http.request', 'tls.sni', 'tls.ja3'):
            assert got['fields'][field]['recall'] >= 0.98, (field, got['fields'][field])


def test_alerts(captures):
    got = evaluate('net_eval.py', captures, '--classes', ARCHIVE.parent / 'classes.tsv')
    assert got['failed'] == []
    assert got['benign_alerted'] <= 0.05
    assert got['right'] >= 0.15, 'the detectors of this release alone: scans, spoofs, beacons, worms'
