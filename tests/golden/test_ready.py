# SPDX-License-Identifier: Apache-2.0
"""The shipped YARA rules come compiled with the program; a folder that says anything else is compiled."""
import shutil, sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'e2e'))
from vigia import AGENT, ROOT, run


def lines(config):
    p = run(AGENT, 'check', '-c', config)
    return [x for x in p.stdout.splitlines() if x.startswith('ok  ') and ' rules in ' in x]


def test_ready_rules_are_those_of_the_folder(tmp_path):
    (tmp_path / 'agent.yaml').write_text('rules: %s\n' % (ROOT / 'rules'))
    shipped = lines(tmp_path / 'agent.yaml')
    assert len(shipped) == 3 and all(x.endswith(', compiled with the program') for x in shipped)
    shutil.copytree(ROOT / 'rules', tmp_path / 'rules')
    with open(tmp_path / 'rules' / 'yara' / 'miner.yar', 'a') as f:
        f.write('\n')
    (tmp_path / 'agent.yaml').write_text('rules: %s\n' % (tmp_path / 'rules'))
    changed = lines(tmp_path / 'agent.yaml')
    assert [x.endswith(', compiled with the program') for x in changed] == [False, True, True]
    assert [x.split(' of ')[0] for x in changed] == [x.split(' of ')[0] for x in shipped]
