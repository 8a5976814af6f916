# SPDX-License-Identifier: Apache-2.0
"""Every call of the API by every role: it does what the role may, and shows no row of another tenant."""
import datetime, json, re, uuid

import pytest

import vigia, web
from fake_agent import FakeAgent

PASSWORD = 'una-frase-bastante-larga-9'
SEE, TRIAGE, FLEET, PEOPLE, AUDIT = 'see', 'triage', 'fleet', 'people', 'audit'
ROLES = {  # what each may
    'admin': {SEE, TRIAGE, FLEET, PEOPLE, AUDIT}, 'some': {SEE, TRIAGE, FLEET}, 'technician': {SEE, TRIAGE, FLEET},
    'reader': {SEE}, 'owner': {SEE, TRIAGE, AUDIT}, 'tenant-reader': {SEE}}
NOWHERE = str(uuid.UUID(int=7))
# Each call of API.md: the right it needs (None: any session; '': none at all) and a body that does no harm.
CALLS = {
    ('POST', '/api/login'): ('', {'user': 'nadie', 'password': 'x'}), ('POST', '/api/logout'): (None, None),
    ('GET', '/api/me'): (None, None), ('POST', '/api/me'): (None, {'language': 'xx'}),
    ('POST', '/api/factor'): (None, {'password': 'x'}), ('POST', '/api/factor/confirm'): (None, {'code': '1'}),
    ('POST', '/api/factor/recovery'): (None, {'code': '1'}), ('POST', '/api/factor/remove'): (None, {'code': '1'}),
    ('POST', '/api/sessions/end'): (None, {}),
    ('POST', '/api/password'): (None, {'old': 'x', 'new': 'y'}), ('POST', '/api/password/link'): ('', {'user': 'x'}),
    ('POST', '/api/password/set'): ('', {'link': 'x', 'new': 'y'}),
    ('GET', '/api/programs'): (None, None), ('POST', '/api/programs'): (None, {}), ('POST', '/api/programs/ID'): (None, {}),
    ('GET', '/api/users'): (PEOPLE, None), ('POST', '/api/users'): (PEOPLE, {}), ('POST', '/api/users/ID'): (PEOPLE, {}),
    ('GET', '/api/audit'): (AUDIT, None), ('GET', '/api/audit.csv'): (AUDIT, None),
    ('GET', '/api/overview'): (SEE, None), ('GET', '/api/incidents'): (SEE, None),
    ('GET', '/api/incidents/ID'): (SEE, None), ('POST', '/api/incidents/ID'): (TRIAGE, {'state': 'x'}),
    ('GET', '/api/events'): (SEE, None), ('GET', '/api/exceptions'): (SEE, None), ('POST', '/api/exceptions'): (TRIAGE, {}),
    ('POST', '/api/exceptions/ID'): (TRIAGE, {}), ('GET', '/api/views'): (SEE, None), ('POST', '/api/views'): (SEE, {}),
    ('POST', '/api/views/ID'): (SEE, {}), ('GET', '/api/noise'): (SEE, None),
    ('GET', '/api/settings'): (SEE, None), ('POST', '/api/settings'): (FLEET, {}),
    ('POST', '/api/triage'): (TRIAGE, {}), ('GET', '/api/assignees'): (SEE, None),
    ('GET', '/api/agents'): (SEE, None), ('GET', '/api/agents/ID'): (SEE, None), ('POST', '/api/agents/ID'): (FLEET, {}),
    ('GET', '/api/tenants'): (SEE, None), ('POST', '/api/tenants'): (PEOPLE, {}),
    ('POST', '/api/tenants/ID'): (PEOPLE, {}), ('GET', '/api/sites'): (SEE, None), ('GET', '/api/sites/ID'): (SEE, None),
    ('POST', '/api/sites'): (FLEET, {}), ('POST', '/api/sites/ID'): (FLEET, {}),
    ('GET', '/api/health'): (FLEET, None), ('GET', '/api/figures/ID'): (SEE, None), ('GET', '/api/tokens'): (FLEET, None), ('POST', '/api/tokens'): (FLEET, {}), ('POST', '/api/tokens/ID'): (FLEET, {}),
}


def documented():
    text = (vigia.ROOT / 'collector/API.md').read_text()
    return {(m, p.split('?')[0]) for m, p in re.findall(r'`(GET|POST) (/api/[^\s`]*)', text)}


def served():
    text = (vigia.ROOT / 'collector/api_routes.c').read_text()
    rows = re.findall(r'\{"(/api/[^"]*)", (true|false), API_[A-Z]+, RIGHT_([A-Z]+)', text)
    return {('POST' if post == 'true' else 'GET', re.sub('/$', '/ID', path)): right for path, post, right in rows}


def test_the_table_is_the_api():
    assert documented() == set(CALLS) == set(served())
    for call, (right, _) in CALLS.items():
        assert served()[call] == (right or 'none').upper(), call


@pytest.fixture
def world(collector, tmp_path):
    """Two tenants with a shop, an agent and an incident each; somebody of each role, who belongs to the first."""
    c, now = collector, datetime.datetime.now(datetime.timezone.utc)
    c.site(tenant='Otra', name='Panadería Secreta', mail='secreta@example.mx')
    for shop, device in (('Tacos El Güero', 'suyo'), ('Panadería Secreta', 'ajeno')):
        a = FakeAgent(tmp_path / device, c.token(shop), 'CAJA-' + device)
        a.ship([a.event('net.scan', 'high', ('device', device, device),
                        {'host': '192.168.1.80', 'style': 'ports', 'failed': 120, 'hosts': 1, 'ports': 120,
                         'answered': 2, 'failed_share': 0.98, 'seconds': 40}, now)])
    for name, role, tenant in (('admin', 'admin', ''), ('technician', 'technician', ''), ('reader', 'readonly', ''),
                               ('some', 'technician', 'Clientes'), ('owner', 'owner', 'Clientes'),
                               ('tenant-reader', 'readonly', 'Clientes')):
        c.cli('user', 'add', name, '--role', role, '--password-stdin', *(['--tenant', tenant] if tenant else []),
              stdin=PASSWORD + '\n')
    people = {}
    for name in ROLES:
        people[name] = web.Web(c)
        people[name].login(name, PASSWORD)
    return c, people


def test_rights(world):
    c, people = world
    stranger = web.Web(c, patient=False)
    for w in people.values():
        w.patient = False
    for (method, path), (right, body) in CALLS.items():
        path = path.replace('ID', NOWHERE)
        if path in ('/api/logout', '/api/sessions/end'):
            continue
        status, answer = stranger.call(method, path, body)
        if right == '' or status == 429:  # wrong codes, passwords and links: no more of them from here
            continue
        assert status == 401, (path, status, answer)
        for name, rights in ROLES.items():
            w = people[name]
            status, answer = w.call(method, path, body)
            if status == 429:
                continue
            said = answer.get('error') if isinstance(answer, dict) else None
            assert (said == 'role') == (right is not None and right not in rights), (name, method, path, status, said)
            assert status != 500 and status != 503, (name, path, answer)
            if method == 'POST':  # and never without the token of its own session
                assert w.call(method, path, body, {'X-CSRF-Token': people['reader'].csrf + 'x'})[1]['error'] == 'csrf'
    for name, w in people.items():
        assert set(w.get('/api/me')['rights']) == ROLES[name]


def test_no_row_of_another_tenant(world):
    c, people = world
    everything = people['admin']
    foreign = {'Panadería Secreta', 'CAJA-ajeno', 'ajeno', 'secreta@example.mx'}
    strange = [i for i in everything.get('/api/incidents')['items'] if i['tenant'] == 'Otra']
    assert len(strange) == 1
    hidden = {strange[0]['id']} | {s['id'] for s in everything.get('/api/sites')['items'] if s['tenant'] == 'Otra'} | \
        {a['id'] for a in everything.get('/api/agents')['items'] if a['tenant'] == 'Otra'}
    assert len(hidden) == 3
    for name in ('some', 'owner', 'tenant-reader'):
        w = people[name]
        for (method, path), (right, _) in CALLS.items():
            if method != 'GET' or (right and right not in ROLES[name]) or path.endswith('ID'):
                continue
            text = json.dumps(w.call('GET', path)[1], ensure_ascii=False)
            assert not [x for x in foreign | hidden if x in text], (name, path)
        for path in ('/api/incidents?site=%s', '/api/incidents?q=%s'):
            for x in foreign | hidden:
                status, answer = w.call('GET', path % re.sub('[^0-9a-z-]', '.', x))
                assert status == 200 and answer['items'] == [], (name, path, x)
        for x in hidden:
            assert w.call('GET', '/api/incidents/' + x)[0] == 404, name
            if TRIAGE in ROLES[name]:
                assert w.call('POST', '/api/incidents/' + x, {'state': 'resolved_true'})[0] == 404, name
        # Their own is there.
        assert [i['subject']['id'] for i in w.get('/api/incidents')['items']] == ['suyo']
    assert everything.get('/api/incidents/' + strange[0]['id'])['state'] == 'new'
    # Nor people: an administrator of some tenants sees and makes none of the provider's.
    c.cli('user', 'add', 'half', '--role', 'admin', '--tenant', 'Clientes', '--password-stdin', stdin=PASSWORD + '\n')
    half = web.Web(c)
    half.login('half', PASSWORD)
    assert {u['name'] for u in half.get('/api/users')['items']} == {'owner', 'tenant-reader'}
    assert half.call('POST', '/api/users', {'name': 'x', 'role': 'admin'})[1]['error'] == 'role'
    admin = [u for u in everything.get('/api/users')['items'] if u['name'] == 'admin'][0]
    assert half.call('POST', '/api/users/' + admin['id'], {'act': 'remove'})[0] == 404
