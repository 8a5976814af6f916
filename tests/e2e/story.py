# SPDX-License-Identifier: Apache-2.0
"""Inputs for the tests: the demo's makers, other sizes and seeds."""
import sys, time
from pathlib import Path

from vigia import ROOT, run

DEMO = ROOT / 'packaging' / 'demo'
sys.path.insert(0, str(DEMO))
import replay

CAPTURE = DEMO / 'shop.pcap'


def payments(out, lines, full_cards=False, seed=20261122, recent=False):
    """A log like the demo's; `recent`: its last day is yesterday or today, as a shop's would be."""
    argv = [sys.executable, DEMO / 'make_payments.py', out, '--lines', lines, '--seed', seed]
    run(*argv, *(['--full-cards'] if full_cards else []), timeout=120)
    if recent:
        replay.move_log(str(out), time.time() - 120, out)
    return Path(out)


def capture_now(out):
    """The demo's capture, ending two minutes ago."""
    if not Path(out).exists():
        replay.move_capture(str(out), time.time() - 120)
    return Path(out)


def card_numbers(path):
    """Every full card number that stands in a file made by payments()."""
    import re
    return set(re.findall(r'(?<!\d)(?:4000|4111|5105|5555)\d{12}(?!\d)', Path(path).read_text()))
