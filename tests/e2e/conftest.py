# SPDX-License-Identifier: Apache-2.0
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))
import vigia


@pytest.fixture
def collector(tmp_path):
    c = vigia.Collector(tmp_path / 'collector')
    c.site()
    c.start()
    yield c
    if c.process and c.process.alive():
        c.process.stop()


@pytest.fixture
def agents(tmp_path):
    """Makes agents that are stopped when the test ends."""
    made = []

    def make(config='', sandbox=vigia.SANDBOX, name=None, inside=()):
        a = vigia.Agent(tmp_path / (name or 'agent-%d' % len(made)), config, sandbox, inside=inside)
        made.append(a)
        return a
    yield make
    for a in made:
        if a.process and a.process.alive():
            a.process.kill()
