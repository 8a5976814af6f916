# SPDX-License-Identifier: Apache-2.0
"""No full card number in the store, on the wire, in mail, in logs."""
import json, os, re

import story
import vigia


def everything_below(folder):
    for base, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(base, name)
            if os.path.isfile(path):
                with open(path, 'rb') as f:
                    yield path, f.read()


def test_no_card_number_leaves_the_log(collector, agents, tmp_path):
    logs = tmp_path / 'outside' / 'logs'
    logs.mkdir(parents=True)
    log = story.payments(logs / 'ventas.csv', 5000, full_cards=True, recent=True)
    cards = story.card_numbers(log)
    assert len(cards) > 100
    agent = agents('network: off\npayments: [{path: "%s", format: auto}]\n' % logs)
    agent.enroll(collector.token())
    agent.start()
    vigia.idle(agent)
    events = agent.events()
    assert any(e['detector'] == 'pay.card_number_exposed' for e in events)
    vigia.wait_for(lambda: len(collector.events()) >= len(vigia.alerts(events)), 60)
    vigia.wait_for(lambda: collector.mails(), 60)
    shown = ''.join(agent.cli('show', e['id']).stdout for e in vigia.alerts(events))
    exported = agent.cli('export').stdout + collector.cli('export').stdout
    agent.stop()
    collector.stop()
    mails = '\n'.join(p.get_content() for m in collector.mails() for p in m.walk() if p.get_content_maintype() == 'text')
    pattern = re.compile(rb'(?<!\d)(?:4000|4111|5105|5555)[ -]?\d{4}[ -]?\d{4}[ -]?\d{4}(?!\d)')
    texts = list(everything_below(agent.dir)) + list(everything_below(collector.dir))
    texts += [('show', shown.encode()), ('export', exported.encode()), ('mails', mails.encode())]
    assert len(texts) > 8
    assert any('card_' in json.dumps(e) for e in events)
    key = (agent.state.with_name(agent.state.name + '-keys') / 'token.key').read_bytes()
    assert re.fullmatch(rb'[0-9a-f]{64}', key)
    for name, data in everything_below(agent.state):        # who copies the data has no key of its tokens
        assert key not in data and bytes.fromhex(key.decode()) not in data, name
    for event in collector.events():                        # the token with the last four, or the first six alone
        text = json.dumps(event)
        assert '"bin"' not in text and not ('bin:' in text and 'card_' in text), text
    for name, data in texts:
        for found in pattern.findall(data):
            digits = re.sub(rb'\D', b'', found).decode()
            assert digits not in cards, '%s holds a card number' % name


def test_back_test_masks_too(tmp_path):
    log = story.payments(tmp_path / 'ventas.csv', 3000, full_cards=True)
    cards = story.card_numbers(log)
    for argv in (['--transactions', '-'], ['--json'], ['--scores', '-'], []):
        p = vigia.run(vigia.AGENT, 'pay', *argv, log, check=False)
        assert p.returncode in (0, 1)
        for found in re.findall(r'(?<!\d)\d{16}(?!\d)', p.stdout + p.stderr):
            assert found not in cards
