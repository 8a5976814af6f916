# SPDX-License-Identifier: Apache-2.0
"""Inputs for the tests: the demo's makers, other sizes and seeds."""
import sys
from pathlib import Path

from vigia import ROOT, run

DEMO = ROOT / 'packaging' / 'demo'
CAPTURE = DEMO / 'shop.pcap'


def payments(out, lines, full_cards=False, seed=20261122):
    argv = [sys.executable, DEMO / 'make_payments.py', out, '--lines', lines, '--seed', seed]
    run(*argv, *(['--full-cards'] if full_cards else []), timeout=120)
    return Path(out)


def card_numbers(path):
    """Every full card number that stands in a file made by payments()."""
    import re
    return set(re.findall(r'(?<!\d)(?:4000|4111|5105|5555)\d{12}(?!\d)', Path(path).read_text()))
