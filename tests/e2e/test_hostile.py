# SPDX-License-Identifier: Apache-2.0
"""Truncated, corrupt and random captures and logs: counted, reported, exit codes as promised, never a crash."""
import random
import shutil

import pytest

import story
import vigia

ORDERLY = (0, 1, 3)


def survives(*argv):
    p = vigia.run(vigia.AGENT, *argv, check=False, timeout=120)
    assert p.returncode in ORDERLY, (argv, p.returncode, p.stderr[-2000:])
    return p


def damaged(data, rng, how):
    if how == 'cut':
        return data[:rng.randrange(len(data))]
    if how == 'noise':
        return rng.randbytes(rng.randrange(1, 5000))
    out = bytearray(data)
    for _ in range(rng.randrange(1, 200)):
        out[rng.randrange(24 if how == 'flips' else 0, len(out))] = rng.randrange(256)
    return bytes(out)


@pytest.mark.parametrize('how', ['cut', 'flips', 'all flips', 'noise'])
def test_damaged_captures(tmp_path, how):
    whole, rng = story.CAPTURE.read_bytes()[:200_000], random.Random(how)
    for i in range(15):
        bad = tmp_path / ('%d.pcap' % i)
        bad.write_bytes(damaged(whole, rng, how))
        survives('read', '--json', '--metadata', tmp_path / 'm', bad)


@pytest.mark.parametrize('how', ['cut', 'flips', 'all flips', 'noise'])
def test_damaged_logs(tmp_path, how):
    whole, rng = story.payments(tmp_path / 'whole.csv', 500).read_bytes(), random.Random(how)
    for i in range(15):
        bad = tmp_path / ('%d.csv' % i)
        bad.write_bytes(damaged(whole, rng, how))
        survives('pay', '--json', bad)


def test_exit_codes(tmp_path):
    agent, capture = vigia.AGENT, story.CAPTURE
    empty, noise = tmp_path / 'empty', tmp_path / 'noise'
    empty.write_bytes(b'')
    noise.write_bytes(random.Random(5).randbytes(4000))
    code = lambda *argv: vigia.run(agent, *argv, check=False).returncode
    assert code('read', capture) == 1
    assert code('read', empty) == 3
    assert code('read', noise) == 3
    assert code('read', tmp_path / 'no-such') == 3
    assert code('read') == 2
    assert code('read', '--no-such-option', capture) == 2
    assert code('read', capture, empty) == 3, 'all inputs are processed; 3 before 1'
    assert code('pay', noise) == 3
    assert code('pay', '--format', 'no-such', noise) == 2
    assert code('scan', empty) == 0
    assert code('scan', tmp_path / 'no-such') == 3
    assert code('no-such-command') == 2
    assert code('--version') == 0
    assert code('--help') == 0
    bad = tmp_path / 'agent.yaml'
    bad.write_text('shop: {nombre: x}\n')
    p = vigia.run(agent, 'check', '-c', bad, check=False)
    assert p.returncode == 2 and 'agent.yaml:1' in p.stdout + p.stderr and 'nombre' in p.stdout + p.stderr


def test_a_bad_line_of_a_list_is_named_and_the_rest_works(tmp_path):
    shutil.copytree(vigia.ROOT / 'rules', tmp_path / 'rules')
    (tmp_path / 'rules' / 'indicators' / 'own.txt').write_text('evil.example\nno name!\n')
    (tmp_path / 'rules' / 'indicators' / 'a_folder.txt').mkdir()  # cannot be read as a list
    config = tmp_path / 'agent.yaml'
    config.write_text('rules: %s\n' % (tmp_path / 'rules'))
    p = vigia.run(vigia.AGENT, 'check', '-c', config, check=False)
    assert p.returncode == 2 and 'own.txt:2' in p.stdout and 'a_folder.txt' in p.stdout
    capture = vigia.ROOT / 'tests' / 'fixtures' / 'detect' / 'net.indicator.fires.pcap'
    p = vigia.run(vigia.AGENT, 'read', '-c', config, '--json', capture, check=False)
    assert p.returncode == 1 and 'net.indicator' in p.stdout


def test_one_stream_on_stdout():
    import json
    p = vigia.run(vigia.AGENT, 'read', '--metadata', '-', story.CAPTURE, check=False)
    assert p.returncode == 1
    lines = [json.loads(x) for x in p.stdout.split('\n') if x]
    assert lines and all('type' in x for x in lines)
    assert p.stderr.strip(), 'the alerts went to stderr'


def test_broken_pipe_and_replay_are_exact(tmp_path):
    first = vigia.run(vigia.AGENT, 'read', '--json', story.CAPTURE, check=False).stdout
    again = vigia.run(vigia.AGENT, 'read', '--json', story.CAPTURE, check=False).stdout
    assert first and first == again
