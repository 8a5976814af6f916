# SPDX-License-Identifier: Apache-2.0
"""The first command of the README, as a newcomer types it: within a minute alerts, incidents, mails."""
import os, re, shutil, signal, subprocess, time
from pathlib import Path

import vigia

SECONDS = 120


def hear_ctrl_c():
    # A run in the background has it ignored, and what is ignored at the start no shell can trap.
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def start(checkout, log, *options):
    with open(log, 'ab') as f:
        return subprocess.Popen([checkout / 'packaging' / 'quickstart', '--no-install', *options], stdout=f, stderr=f,
                                stdin=subprocess.DEVNULL, start_new_session=True, preexec_fn=hear_ctrl_c)


def interrupt(process):
    process.send_signal(signal.SIGINT)
    process.wait(40)


def test_demo_again_and_clean(tmp_path):
    # A checkout of its own that borrows the build, so that the test needs no second one.
    checkout = tmp_path / 'checkout'
    checkout.mkdir()
    for name in ('agent', 'collector', 'common', 'cmake', 'rules', 'tests', 'packaging', 'CMakeLists.txt', 'CMakePresets.json'):
        source = vigia.ROOT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, checkout / name)
    os.symlink(vigia.ROOT / 'build', checkout / 'build')
    tools = tmp_path / 'bin'
    tools.mkdir()
    (tools / 'cmake').write_text('#!/bin/sh\nexit 0\n')  # built already; the build is not what this tests
    (tools / 'cmake').chmod(0o755)
    os.environ['PATH'] = '%s:%s' % (tools, os.environ['PATH'])
    home, log = checkout / '.vigia', tmp_path / 'log'
    agent = [vigia.AGENT, 'alerts', '-c', home / 'agent.yaml']
    try:
        first = start(checkout, log, '--demo')
        began = time.monotonic()
        vigia.wait_for(lambda: 'Mails to the owner' in log.read_text(), SECONDS)
        took = time.monotonic() - began
        said = log.read_text()
        assert took < 75, 'a newcomer waits at most a minute: %g s' % took
        assert re.search(r'https://127\.0\.0\.1:\d+/', said) and 'First login' in said
        detectors = {e for e in re.findall(r'"detector":"([a-z_.]+)"', vigia.run(*agent, '--json').stdout)}
        assert {'net.scan', 'net.arp_spoof', 'net.yara', 'pay.card_number_exposed'} <= detectors
        assert len(list((home / 'mail').glob('**/new/*'))) >= 3
        interrupt(first)
        assert not left_over(home), 'Ctrl-C ends everything that it started'

        def told():  # but that the demo's log is silent by now, which is true in opening hours
            lines = vigia.run(*agent, '--json').stdout.split('\n')
            return [x for x in lines if 'pay.log_silent' not in x]
        before = told()
        second = start(checkout, log)
        vigia.wait_for(lambda: log.read_text().count('Vigía is running') == 2, SECONDS)
        time.sleep(3)
        assert told() == before, 'it goes on where it was: nothing twice'
        interrupt(second)
        subprocess.run([checkout / 'packaging' / 'quickstart', '--clean'], check=True)
        assert not home.exists()
    finally:
        for pid in left_over(home):
            os.kill(pid, signal.SIGKILL)


def left_over(home):
    found = []
    for entry in Path('/proc').iterdir():
        if entry.name.isdigit():
            try:
                if str(home).encode() in (entry / 'cmdline').read_bytes():
                    found.append(int(entry.name))
            except OSError:
                pass
    return found
