# SPDX-License-Identifier: Apache-2.0
"""The fleet over the API: tenants, shops, tokens, agents; who may, and whose."""
import datetime, json, os, sqlite3
from urllib.parse import urlsplit

import pytest

import vigia
from api import Api
from fake_agent import FakeAgent
from test_dashboard import PASSWORD, browser  # noqa: F401
from test_ship import Client

NOW = datetime.datetime.now(datetime.timezone.utc)
PICTURES = [os.environ['VIGIA_PICTURES']] if 'VIGIA_PICTURES' in os.environ else []


def test_customers_and_shops(collector):
    admin = Api(collector)
    status, tenant = admin.post('/api/tenants', {'name': 'Norte'})
    assert status == 200
    assert admin.post('/api/tenants', {'name': 'Norte'})[1]['error'] == 'name'
    assert admin.post('/api/tenants', {'name': 'a\nb'})[0] == 400
    shop = {'tenant': tenant['id'], 'name': 'Papelería', 'zone': 'America/Tijuana', 'language': 'en', 'mail': 'a@b.mx',
            'hours': {'mon-fri': '09:00-20:00'}}
    status, made = admin.post('/api/sites', shop)
    assert status == 200 and made['hours'] == shop['hours'] and made['tenant'] == 'Norte'
    assert admin.post('/api/sites', shop)[0] == 409
    for field, wrong in {'zone': 'Mars/Base', 'mail': 'nobody', 'name': '', 'language': 'de', 'hours': {'mon': '9-20'},
                         'tenant': '018f0000-0000-7000-8000-0000000000a1'}.items():
        status, answer = admin.post('/api/sites', {**shop, 'name': 'Otra', field: wrong})
        assert (status, answer['error']) == (400, field)
    path = '/api/sites/' + made['id']
    status, changed = admin.post(path, {'name': 'Papelería 2', 'hours': {}})
    assert status == 200 and changed['zone'] == 'America/Tijuana' and changed['hours'] is None
    assert admin.get(path)[1]['name'] == 'Papelería 2'
    assert admin.post('/api/tenants/' + tenant['id'], {'name': 'Norte 2'})[0] == 200
    assert [x['name'] for x in admin.items('/api/tenants')] == ['Clientes', 'Norte 2']


def test_who_may_and_whose(collector, tmp_path):
    admin = Api(collector)
    tenant = admin.post('/api/tenants', {'name': 'Norte'})[1]
    shop = admin.post('/api/sites', {'tenant': tenant['id'], 'name': 'Lejos'})[1]
    token = admin.post('/api/tokens', {'site': shop['id']})[1]
    far = Client(collector, tmp_path / 'far', token['url'])
    near = Client(collector, tmp_path / 'near')
    technician = Api(collector, 'tomas', 'technician', 'Clientes')  # sees that one alone
    owner, reader = Api(collector, 'olga', 'owner', 'Clientes'), Api(collector, 'rene', 'readonly')
    own = technician.items('/api/sites')[0]['id']

    for who in (technician, owner):
        assert [x['id'] for x in who.items('/api/agents')] == [near.agent]
        assert [x['name'] for x in who.items('/api/tenants')] == ['Clientes']
        for path in ('/api/agents/' + far.agent, '/api/sites/' + shop['id']):
            assert who.get(path)[0] == 404
    assert technician.items('/api/tokens') == []
    assert technician.post('/api/agents/' + far.agent, {'action': 'revoke'})[0] == 404
    assert technician.post('/api/sites/' + shop['id'], {'name': 'Mío'})[0] == 404
    assert technician.post('/api/sites', {'tenant': tenant['id'], 'name': 'Mía'})[1]['error'] == 'tenant'
    assert technician.post('/api/tokens', {'site': shop['id']})[1]['error'] == 'site'
    open_one = admin.post('/api/tokens', {'site': shop['id']})[1]
    assert technician.post('/api/tokens/' + open_one['id'], {'action': 'withdraw'})[0] == 404
    assert technician.post('/api/tenants', {'name': 'X'})[0] == 403
    for who in (owner, reader):
        assert who.get('/api/tokens')[0] == 403
        assert who.post('/api/agents/' + near.agent, {'action': 'revoke'})[0] == 403
        assert who.post('/api/sites/' + own, {'name': 'X'})[0] == 403
        assert who.post('/api/tokens', {'site': own})[0] == 403
    # An administrator of some tenants sees the one that they make.
    some = Api(collector, 'ana', 'admin', 'Clientes')
    assert some.post('/api/tenants', {'name': 'Sur'})[0] == 200
    assert [x['name'] for x in some.items('/api/tenants')] == ['Clientes', 'Sur']
    assert some.post('/api/tenants/' + tenant['id'], {'name': 'X'})[0] == 404


def test_tokens(collector, agents):
    admin = Api(collector)
    site = admin.items('/api/sites')[0]['id']
    status, made = admin.post('/api/tokens', {'site': site, 'hours': 48})
    assert status == 200 and {c['platform'] for c in made['commands']} == {'deb', 'installed'}
    for c in made['commands']:
        assert "vigia-agent enroll '%s'" % made['url'] in c['command'] and '#sha256=' in c['command']
    assert [(x['id'], x['who']) for x in admin.items('/api/tokens?site=' + site)] == [(made['id'], 'laura')]
    assert urlsplit(made['url']).path.split('/')[-1] not in json.dumps(admin.items('/api/tokens'))
    for hours in (0, 721, -5):
        assert admin.post('/api/tokens', {'site': site, 'hours': hours})[1]['error'] == 'hours'
    assert admin.post('/api/tokens/' + made['id'], {'action': 'withdraw'})[0] == 200
    assert admin.post('/api/tokens/' + made['id'], {'action': 'withdraw'})[0] == 404
    a = agents('network: off\n')
    assert a.cli('enroll', made['url'], check=False).returncode == 2
    a.enroll(admin.post('/api/tokens', {'site': site})[1]['url'])
    assert admin.items('/api/tokens') == []  # used up


def test_an_agent_from_its_first_word_to_its_last(collector, agents):
    admin = Api(collector)
    a = agents('network: off\n')
    a.enroll(collector.token())
    one = admin.items('/api/agents')[0]
    assert one['state'] == 'never' and one['sensors'] == []
    a.start()
    got = vigia.wait_for(lambda: [x for x in admin.items('/api/agents?state=online') if x['sensors']])[0]
    assert {s['name'] for s in got['sensors']} >= {'host'} and got['bundle'] == 0
    assert all(set(s) == {'name', 'state', 'restarts', 'error', 'drops'} for s in got['sensors'])
    path = '/api/agents/' + got['id']
    whole = admin.get(path)[1]
    assert whole['status']['sandbox'] in (True, False) and len(whole['certs']) == 1 and len(whole['faces']) == 2
    assert admin.items('/api/agents?q=no-such-pc') == [] and admin.get('/api/agents?state=odd')[0] == 400
    assert admin.post(path, {'action': 'remove'})[1]['error'] == 'revoke_first'
    assert admin.post(path, {'action': 'explode'})[0] == 400
    assert admin.post(path, {'action': 'revoke'})[1]['state'] == 'revoked'
    vigia.wait_for(lambda: a.stop() is not None and a.start() and
                   vigia.wait_for(lambda: a.status().get('collector', {}).get('state') == 'revoked'))
    events = len(collector.events())
    assert admin.post(path, {'action': 'remove'})[0] == 200
    assert admin.get(path)[0] == 404 and admin.items('/api/agents') == []
    assert len(collector.events()) == events >= 1, 'what it told stays'
    assert collector.cli('agent', 'list').stdout == ''


def test_one_identity_on_two_machines(collector, tmp_path):
    admin, fake = Api(collector), FakeAgent(tmp_path / 'fake', collector.token())
    for i in range(6):
        assert admin.items('/api/incidents') == [] or i > 3, 'a PC that gets another disk is no copy'
        fake.hello(machine='n' * 32 if i % 2 else 'm' * 32)
    incident = admin.items('/api/incidents')[0]
    assert incident['detector'] == 'agent.cloned' and incident['severity'] == 'high'
    assert 'CAJA-1' in incident['title']
    agent = admin.items('/api/agents')[0]
    assert agent['cloned'] and {f['value'] for f in admin.get('/api/agents/' + agent['id'])[1]['faces']
                                if f['kind'] == 'machine'} == {'m' * 32, 'n' * 32}
    # Nobody writes where the collector does.
    fake.store = agent['id']
    with pytest.raises(AssertionError, match="own"):
        fake.ship([fake.event('net.scan', 'high', ('device', 'x', 'x'), {'host': 'x'}, NOW)])
    assert len(collector.events()) == 1 and collector.mails() == []


def test_silence_is_set_by_level(collector, tmp_path):
    admin, fake = Api(collector), FakeAgent(tmp_path / 'fake', collector.token())
    site = admin.items('/api/sites')[0]
    for wrong in ({'open_minutes': -1}, {'open_minutes': 1441}, {'open_minutes': '5'}, {'often': 1}, 7, {'other_hours': 0.5}):
        assert admin.post('/api/settings', {'site': site['id'], 'settings': {'silence': wrong}})[1]['error'] == 'settings'
    both = {'alerts': {'budget_per_week': 2}, 'silence': {'open_minutes': 45}}
    assert admin.post('/api/settings', {'tenant': site['tenant_id'], 'settings': both})[1]['own'] == both
    assert admin.get('/api/settings?site=' + site['id'])[1]['inherited']['silence'] == {'open_minutes': 45}
    sent = json.loads(fake.hello(settings={'version': 0, 'names': []})['settings']['text'])
    assert 'alerts' in sent['settings'] and 'silence' not in sent['settings'], "the agent's part alone goes down"


def test_pages(collector, browser, tmp_path):  # noqa: F811
    Api(collector)
    FakeAgent(tmp_path / 'fake', collector.token())
    seen = browser('fleet.mjs', 'https://127.0.0.1:%d' % collector.web_port, 'laura', PASSWORD, *PICTURES)
    assert seen['errors'] == []
    assert seen['violations'] == {k: [] for k in seen['violations']} and len(seen['violations']) >= 8
    assert seen['overflow'] == []
    assert 'Clientes' in seen['sites'] and 'Tacos El Güero' in seen['sites']
    assert 'Ya existe' in seen['twice'] or 'ya existe' in seen['twice']
    assert 'Papelería Luz' in seen['made'] and 'America/Mexico_City' in seen['made']
    assert "vigia-agent enroll 'https://" in seen['token'] and 'laura' in seen['token']
    assert 'laura' not in seen['withdrawn']
    assert 'CAJA-1' in seen['agents'] and 'En línea' in seen['agents']
    assert 'CAJA-1' in seen['agent'] and 'Huella' in seen['agent']
    assert 'Revocado' in seen['revoked']
    assert 'CAJA-1' not in seen['removed']
    assert 'Opening hours' in seen['english']


def fill_hours(fake, days=60):
    """Figures of two months: open from 9 to 20, more on Saturdays; the last two hours far too much."""
    now = datetime.datetime.now(datetime.timezone.utc).replace(minute=0, second=0, microsecond=0)
    events = []
    for back in range(days * 24, 0, -1):
        when = now - datetime.timedelta(hours=back)
        local = when - datetime.timedelta(hours=6)
        busy = 9 <= local.hour < 20
        factor = (3 if local.weekday() == 5 else 2) + (back * 7919 % 13) / 13
        facts = {'sensor': 'net', 'hour': when.strftime('%Y-%m-%dT%H:%M:%SZ'), 'in': int(4e7 * factor) if busy else 2000000,
                 'out': int(3e6 * factor) * (30 if back <= 2 else 1) if busy or back <= 2 else 300000}
        sold = {'sensor': 'pay', 'hour': facts['hour'], 'currency': 'MXN', 'sales': int(6 * factor),
                'amount': int(6 * factor) * 18050}
        for f in [facts] + ([sold] if busy else []):
            e = fake.event('agent.hour', 'info', ('agent', fake.store, 'CAJA-1'), f, now, sensor='agent')
            e['class'] = 'health'
            del e['incident']
            events.append(e)
    for i in range(0, len(events), 500):
        body = ''.join(json.dumps(e) + '\n' for e in events[i:i + 500])
        fake.call(fake.agents.hostname, fake.agents.port, '/v1/events', body.encode(),
                  {'Content-Type': 'application/x-ndjson', 'X-Vigia-Store': fake.store})


def test_figures(collector, browser, tmp_path):  # noqa: F811
    admin, fake = Api(collector), FakeAgent(tmp_path / 'fake', collector.token())
    fill_hours(fake)
    facts = {'host': '192.168.1.57', 'device': 'CAJA-1 (192.168.1.57)', 'program': 'chrome', 'site': 'mega.nz', 'server': '31.216.1.1',
             'port': 443, 'place': 'mega.nz (NZ)', 'country': 'NZ', 'network': 'Mega', 'span': 'hour', 'seconds': 3600,
             'bytes': 180000000, 'usual_bytes': 9000000, 'site_bytes': 180000000}
    flow = {'type': 'flow', 'src': '192.168.1.57', 'sport': 50000, 'dst': '31.216.1.9', 'dport': 443, 'proto': 'tcp'}
    e = fake.event('net.volume', 'high', ('device', '192.168.1.57', 'CAJA-1'), facts,
                   datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=2), [flow])
    fake.call(fake.agents.hostname, fake.agents.port, '/v1/events', (json.dumps(e) + '\n').encode(),
              {'X-Vigia-Store': fake.store})
    site = admin.items('/api/sites')[0]['id']
    page = admin.get('/api/figures/' + site)[1]
    assert set(page['kinds']) == {'in', 'out', 'sales:MXN', 'amount:MXN'} and page['hours'] == 168
    out = page['kinds']['out']
    assert len(out['values']) == 168 and out['values'][-1] > out['high'][-1] > out['low'][-1] > 0
    inside = [l <= v <= h for v, l, h in zip(out['values'][:-2], out['low'], out['high'])]
    assert sum(inside) > 0.6 * len(inside)
    seen = browser('figures.mjs', 'https://127.0.0.1:%d' % collector.web_port, 'laura', PASSWORD, *PICTURES)
    assert seen['errors'] == [] and seen['overflow'] == []
    assert seen['violations'] == {k: [] for k in seen['violations']} and len(seen['violations']) == 5
    assert seen['charts'] == 4
    for text in ('Ventas en MXN: importe', 'Enviado a Internet', 'Lo usual', 'Incidente: Alta'):
        assert text in seen['site'], text
    for text in ('Quién con quién', 'chrome', 'mega.nz', '31.216.1.9', 'Programa'):
        assert text in seen['incident'], text


def test_an_agent_tells_its_hours(collector, agents, tmp_path):
    """The real agent, with a log whose sales lie in hours that are over."""
    import story
    log = story.payments(tmp_path / 'log.csv', 400, recent=True)
    a = agents('network: off\npayments: [{path: %s}]\n' % json.dumps(str(log)))
    a.enroll(collector.token())
    a.start()
    admin = Api(collector)
    site = admin.items('/api/sites')[0]['id']
    kinds = vigia.wait_for(lambda: admin.get('/api/figures/' + site)[1]['kinds'], 90, 1)
    assert 'sales:MXN' in kinds and sum(v or 0 for v in kinds['sales:MXN']['values']) > 0
    told = [e for e in a.events() if e['detector'] == 'agent.hour']
    assert told and all(len(json.dumps(e['facts'])) < 1024 for e in told)


def test_agents_with_trouble(collector, browser, tmp_path):  # noqa: F811
    """Copied, about to run out, losing packets; and one that is well."""
    admin = Api(collector)
    made = {name: FakeAgent(tmp_path / name, collector.token(), name)
            for name in ('CAJA-BIEN', 'CAJA-COPIADA', 'CAJA-VENCE', 'CAJA-PIERDE')}
    for i in range(6):
        made['CAJA-COPIADA'].hello(machine='n' * 32 if i % 2 else 'm' * 32)
    made['CAJA-PIERDE'].hello(workers=[{'name': 'net', 'state': 'waiting', 'restarts': 3, 'error': 'the interface is gone',
                                        'health': {'kernel_drops': 1234, 'flows_evicted': 5}}])
    collector.stop()
    with sqlite3.connect(collector.state / 'collector.sqlite') as db:
        db.execute("UPDATE certs SET not_after = ? WHERE agent IN (SELECT id FROM agents WHERE host = 'CAJA-VENCE')",
                   (int((NOW + datetime.timedelta(days=9, hours=1)).timestamp()) * 10**9,))
    db.close()
    collector.start()
    seen = browser('troubled.mjs', 'https://127.0.0.1:%d' % collector.web_port, 'laura', PASSWORD, *PICTURES)
    assert seen['errors'] == [] and seen['overflow'] == []
    assert seen['violations'] == {k: [] for k in seen['violations']}
    for text in ('Identidad usada por dos', 'Certificado vence en 9 días', '1,234 paquetes perdidos', 'net: espera para arrancar'):
        assert text in seen['only'], text
    assert 'CAJA-BIEN' in seen['all'] and 'CAJA-BIEN' not in seen['only']
    assert 'Revóquelo' in seen['agent'] and seen['agent'].count('Máquina') == 2
