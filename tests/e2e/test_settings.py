# SPDX-License-Identifier: Apache-2.0
"""Settings from afar: set at three levels in the API, signed by the collector, in use at a real agent."""
import json

import vigia, web

PASSWORD = 'una-frase-bastante-larga-9'


def settings_of(agent):
    p = agent.cli('status', '--json', check=False)
    return json.loads(p.stdout or '{}').get('settings') or {}


def wait_names(agent, names):
    vigia.wait_for(lambda: sorted(settings_of(agent).get('names') or []) == sorted(names), 60, 0.5)


def test_three_levels(collector, agents):
    c = collector
    c.cli('user', 'add', 'ana', '--role', 'admin', '--password-stdin', stdin=PASSWORD + '\n')
    w = web.Web(c)
    w.login('ana', PASSWORD)
    agent = agents('network: off\npayments: []\n')
    agent.cli('enroll', c.token())
    agent.start()
    vigia.wait_for(lambda: settings_of(agent).get('mode') == 'on', 30)
    assert settings_of(agent)['names'] == []
    site = w.get('/api/sites')['items'][0]

    bad = w.call('POST', '/api/settings', {'settings': {'store': {'path': '/etc'}}})
    assert bad[0] == 400 and bad[1]['error'] == 'settings' and 'store' in bad[1]['message']
    w.post('/api/settings', {'settings': {'alerts': {'budget_per_week': 5}, 'detectors': {'off': ['net.scan']}}})
    shown = w.post('/api/settings', {'tenant': site['tenant_id'], 'settings': {'alerts': {'budget_per_week': 2}}})
    assert shown['inherited']['alerts'] == {'budget_per_week': 5}
    shown = w.post('/api/settings', {'site': site['id'], 'settings': {'shop': {'kind': 'restaurant'}}})
    assert shown['inherited']['alerts'] == {'budget_per_week': 2} and shown['own'] == {'shop': {'kind': 'restaurant'}}
    # The agent asks every five minutes; a start asks at once.
    agent.stop()
    agent.start()
    wait_names(agent, ['alerts.budget_per_week', 'detectors.off', 'shop.kind'])
    kept = json.loads((agent.state / 'settings.json').read_text())
    said = json.loads(kept['text'])['settings']
    assert said == {'alerts': {'budget_per_week': 2}, 'detectors': {'off': ['net.scan']}, 'shop': {'kind': 'restaurant'}}
    version = settings_of(agent)['version']
    # Killed and started without the collector it still has them.
    agent.kill()
    c.stop()
    agent.start()
    wait_names(agent, ['alerts.budget_per_week', 'detectors.off', 'shop.kind'])
    assert settings_of(agent)['version'] == version
    agent.stop()
    # The shop's hours go along; taking back goes down too.
    c.start()
    w.post('/api/sites/' + site['id'], {'hours': {'mon-fri': '09:00-20:00'}})
    w.post('/api/settings', {'settings': {}})
    agent.start()
    wait_names(agent, ['alerts.budget_per_week', 'shop.hours', 'shop.kind'])
    rows = vigia.wait_for(lambda: [a for a in w.get('/api/agents')['items'] if a['state'] == 'online'], 30)
    shown = w.get('/api/agents/' + rows[0]['id'])
    assert shown['status']['settings']['names']
    assert [r['what'] for r in w.get('/api/audit')['items']].count('settings.changed') == 4
    # A collector that was set up anew signs with another key: refused, told, and nothing changes.
    c.stop()
    (c.state / 'pki/settings.key').unlink()
    c.start()
    w.post('/api/settings', {'settings': {'alerts': {'budget_per_week': 900}}})
    w.post('/api/settings', {'tenant': site['tenant_id'], 'settings': {}})
    agent.stop()
    agent.start()
    vigia.wait_for(lambda: (settings_of(agent).get('refused') or {}).get('word') == 'signature', 60, 0.5)
    assert 'alerts.budget_per_week' in settings_of(agent)['names']
    assert agent.stop() == 0
