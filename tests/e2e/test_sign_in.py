# SPDX-License-Identifier: Apache-2.0
"""Signing in at the real collector: second factor, recovery, links, tokens of programs, the audit trail."""
import json, re, time

import pytest

import vigia, web

PASSWORD, FRESH = 'una-frase-bastante-larga-9', 'otra-frase-bastante-larga-8'


@pytest.fixture
def strict(tmp_path):
    """A collector as it comes: the provider's people need a second factor."""
    c = vigia.Collector(tmp_path / 'collector', extra='')
    c.site()
    c.start()
    yield c
    c.stop()


def add(c, name, role='admin', *more):
    c.cli('user', 'add', name, '--role', role, '--password-stdin', *more, stdin=PASSWORD + '\n')


def refused(w, method, path, body=None, **headers):
    status, answer = w.call(method, path, body, headers)
    return status, answer.get('error')


def test_second_factor(strict):
    add(strict, 'ana')
    w = web.Web(strict)
    assert refused(w, 'POST', '/api/login', {'user': 'ana', 'password': 'falsa'}) == (401, 'login')
    assert w.login('ana', PASSWORD)['set_up'] is True
    # Before the second factor is there, nothing but setting it up.
    assert w.get('/api/me')['rights'] == [] and w.get('/api/me')['set_up'] is True
    for path in ('/api/overview', '/api/incidents', '/api/agents', '/api/users', '/api/programs'):
        assert refused(w, 'GET', path) == (403, 'set_up'), path
    assert refused(w, 'POST', '/api/password', {'old': PASSWORD, 'new': FRESH}) == (403, 'set_up')
    begun = w.post('/api/factor')
    assert begun['uri'].startswith('otpauth://totp/') and begun['secret'] in begun['uri']
    assert begun['picture']['size'] == len(begun['picture']['rows'])
    assert refused(w, 'POST', '/api/factor/confirm', {'code': '000000'})[1] == 'code'
    now = int(time.time())
    used = web.code(begun['secret'], now)
    recovery = w.post('/api/factor/confirm', {'code': used})['recovery']
    assert len(set(recovery)) == 10
    assert 'people' in w.get('/api/me')['rights'] and w.get('/api/overview')
    # The provider's cannot go back.
    assert refused(w, 'POST', '/api/factor/remove', {'code': recovery[0]})[0] == 403

    other = web.Web(strict)
    assert refused(other, 'POST', '/api/login', {'user': 'ana', 'password': PASSWORD}) == (401, 'code')
    # A code that was used is no code any more: not even at once, from somewhere else.
    assert refused(other, 'POST', '/api/login', {'user': 'ana', 'password': PASSWORD, 'code': used})[0] == 401
    assert other.login('ana', PASSWORD, code=web.code(begun['secret'], now + 30))['set_up'] is False
    third = web.Web(strict)
    third.login('ana', PASSWORD, code=recovery[3].upper())
    assert refused(third, 'POST', '/api/login',
                   {'user': 'ana', 'password': PASSWORD, 'code': recovery[3]})[0] == 401
    what = [(r['who'], r['what']) for r in w.get('/api/audit')['items']]
    assert ('ana', 'login.failed') in what and ('ana', 'second_factor.confirmed') in what
    assert what.count(('ana', 'login')) == 3


def test_another_phone(strict):
    """Whoever begins to replace the phone and goes away still has the old one; another's session has neither."""
    add(strict, 'ana')
    w, early, thief = web.Web(strict), web.Web(strict), web.Web(strict)
    early.login('ana', PASSWORD)  # knows the password, before there is a second factor
    w.login('ana', PASSWORD)
    secret, recovery = w.set_up()
    assert refused(early, 'GET', '/api/me') == (401, 'login')
    now = int(time.time())
    assert refused(w, 'POST', '/api/factor', {'password': 'falsa'}) == (403, 'password')
    begun = w.post('/api/factor', {'password': PASSWORD})['secret']
    assert refused(thief, 'POST', '/api/login', {'user': 'ana', 'password': PASSWORD}) == (401, 'code')
    assert refused(w, 'POST', '/api/factor/confirm', {'code': web.code(secret, now + 30)}) == (403, 'code')
    other = web.Web(strict)
    other.login('ana', PASSWORD, code=web.code(secret, now + 30))
    w.post('/api/factor/confirm', {'code': web.code(begun)})
    assert refused(other, 'GET', '/api/me') == (401, 'login')  # signed in with what is gone
    assert refused(thief, 'POST', '/api/login', {'user': 'ana', 'password': PASSWORD, 'code': recovery[0]})[0] == 401
    # Recovery codes anew, with a code of the phone alone; the older ones are gone.
    assert w.get('/api/me')['recovery_left'] == 10
    assert refused(w, 'POST', '/api/factor/recovery', {'code': '000000'}) == (403, 'code')
    fresh = w.post('/api/factor/recovery', {'code': web.code(begun, now + 30)})['recovery']
    assert len(fresh) == 10 and not set(fresh) & set(recovery)
    thief.login('ana', PASSWORD, code=fresh[0])
    assert w.get('/api/me')['recovery_left'] == 9
    what = [r['what'] for r in w.get('/api/audit')['items']]
    assert what.count('second_factor.failed') == 2 and what.count('password.failed') == 1


def test_guessing_codes_inside_gets_slower(strict):
    add(strict, 'dueña', 'owner', '--tenant', 'Clientes')
    w = web.Web(strict)
    w.login('dueña', PASSWORD)
    secret, _ = w.set_up()
    w.patient = False
    wrong = web.code(secret, time.time() + 900)
    seen = [w.call('POST', '/api/factor/remove', {'code': wrong})[0] for _ in range(8)]
    assert seen[:4] == [403] * 4 and 429 in seen[4:]
    assert w.get('/api/me')['second_factor_required'] is False and w.get('/api/me')['user']['second_factor'] is True
    assert len([r for r in w.get('/api/audit')['items'] if r['what'] == 'second_factor.failed']) == seen.count(403)


def test_lost_phone(strict):
    add(strict, 'ana')
    w = web.Web(strict)
    w.login('ana', PASSWORD)
    w.set_up()
    strict.cli('user', 'reset-factor', 'ana')
    assert refused(w, 'GET', '/api/me') == (401, 'login')
    assert w.login('ana', PASSWORD)['set_up'] is True


def test_tries_get_slower(strict):
    add(strict, 'ana')
    w = web.Web(strict)
    w.login('ana', PASSWORD)
    secret, _ = w.set_up()
    w.patient = False
    # An office of many behind one address is not slowed by signing in in two steps.
    for _ in range(12):
        assert refused(w, 'POST', '/api/login', {'user': 'ana', 'password': PASSWORD}) == (401, 'code')
    # Guessing codes with the right password gets slower, as guessing passwords does.
    right = web.code(secret, time.time() + 600)
    seen = [w.call('POST', '/api/login', {'user': 'ana', 'password': PASSWORD, 'code': right})[0] for _ in range(8)]
    assert seen[:5] == [401] * 5 and 429 in seen[5:]
    assert int(w.headers['Retry-After']) >= 1
    seen = [w.call('POST', '/api/login', {'user': 'otra', 'password': 'falsa %d' % i})[0] for i in range(8)]
    assert 429 in seen  # from there


def test_password_by_mail(strict):
    add(strict, 'dueña', 'owner', '--tenant', 'Clientes', '--mail', 'duena@example.mx', '--language', 'es-MX')
    w, bystander = web.Web(strict), web.Web(strict)
    old = web.Web(strict)
    old.login('dueña', PASSWORD)
    assert bystander.call('POST', '/api/password/link', {'user': 'nadie'}) == (200, {})
    # Somebody called like that address gets nothing of it.
    add(strict, 'duena@example.mx', 'readonly', '--tenant', 'Clientes', '--mail', 'otro@example.mx')
    assert bystander.call('POST', '/api/password/link', {'user': 'duena@example.mx'}) == (200, {})

    def links():
        return [m for m in strict.mails() if m['To'] == 'duena@example.mx']
    mail = vigia.wait_for(links, 30)[0]
    text = mail.get_body(('plain',)).get_content().replace('=\n', '')
    assert mail['Subject'] == 'Su contraseña de Vigía'
    link = re.search(r'#/password/([0-9a-f-]{36}\.[0-9a-f]{64})', text).group(1)
    # Neither the outbox nor a copy of the database has it.
    for part in strict.state.rglob('collector.sqlite*'):
        assert link.split('.')[1].encode() not in part.read_bytes()
    wrong = link[:-1] + ('0' if link[-1] != '0' else '1')
    assert refused(w, 'POST', '/api/password/set', {'link': wrong, 'new': FRESH}) == (403, 'link')
    assert refused(w, 'POST', '/api/password/set', {'link': link, 'new': 'corta'}) == (400, 'short')
    assert w.post('/api/password/set', {'link': link, 'new': FRESH}) == {'user': 'dueña'}
    assert refused(w, 'POST', '/api/password/set', {'link': link, 'new': PASSWORD}) == (403, 'link')
    assert refused(old, 'GET', '/api/me') == (401, 'login')  # whoever was in is out
    assert w.login('dueña', FRESH)['set_up'] is False  # tenants choose
    assert len(strict.mails()) == 1
    rows = [json.loads(x) for x in strict.cli('audit').stdout.splitlines()]
    assert [r['who'] for r in rows if r['what'] == 'password.no_link'] == ['?']  # written for nobody as for somebody
    assert [r['who'] for r in rows if r['what'] == 'password.link'] == ['dueña']


def test_own_password(collector):
    add(collector, 'ana')
    w, other = web.Web(collector), web.Web(collector)
    w.login('ana', PASSWORD)
    other.login('ana', PASSWORD)
    assert refused(w, 'POST', '/api/password', {'old': 'falsa', 'new': FRESH}) == (403, 'password')
    assert refused(w, 'POST', '/api/password', {'old': PASSWORD, 'new': 'corta'}) == (400, 'short')
    assert w.post('/api/password', {'old': PASSWORD, 'new': FRESH}) == {}
    assert w.get('/api/me')['user']['name'] == 'ana'
    assert refused(other, 'GET', '/api/me') == (401, 'login')


def test_tokens_of_programs(collector):
    add(collector, 'ana')
    add(collector, 'leo', 'readonly')
    w = web.Web(collector)
    w.login('ana', PASSWORD)
    for bad in ({'name': 'x', 'rights': ['people'], 'days': 1}, {'name': 'x', 'rights': [], 'days': 1},
                {'name': 'x', 'rights': ['see'], 'days': 0}, {'name': 'x', 'rights': ['see'], 'days': 9999},
                {'name': '', 'rights': ['see'], 'days': 1}, {'name': 'x', 'rights': ['see', 'all'], 'days': 1},
                {'name': 'x', 'rights': [7], 'days': 1}):
        assert refused(w, 'POST', '/api/programs', bad)[0] == 400, bad
    made = w.post('/api/programs', {'name': 'reporte', 'rights': ['see'], 'days': 30})
    program = web.Web(collector, made['token'])
    assert program.get('/api/overview') and program.get('/api/incidents')['items'] == []
    assert refused(program, 'GET', '/api/audit') == (403, 'role')
    for path in ('/api/users', '/api/programs'):  # a token makes no tokens, and knows no people
        assert refused(program, 'GET', path) == (403, 'person'), path
    assert refused(program, 'POST', '/api/programs', {'name': 'y', 'rights': ['see'], 'days': 1}) == (403, 'person')
    # Made by somebody who may only read it can do no more than that.
    reader = web.Web(collector)
    reader.login('leo', PASSWORD)
    assert refused(reader, 'POST', '/api/programs', {'name': 'x', 'rights': ['triage'], 'days': 1})[0] == 400
    assert w.get('/api/programs')['items'][0]['name'] == 'reporte'
    assert made['token'] not in str(w.get('/api/programs'))
    assert refused(reader, 'POST', '/api/programs/' + made['id'], {})[0] == 404  # another's
    w.post('/api/programs/' + made['id'])
    assert refused(program, 'GET', '/api/overview') == (401, 'token')


def test_people_and_their_trail(collector):
    collector.site(tenant='Otra', name='Papelería')
    add(collector, 'ana')
    w = web.Web(collector)
    w.login('ana', PASSWORD)
    assert refused(w, 'POST', '/api/users', {'name': 'eva', 'role': 'jefa'})[0] == 400
    assert refused(w, 'POST', '/api/users', {'name': 'eva', 'role': 'owner'}) == (403, 'role')  # of no tenant
    made = w.post('/api/users', {'name': 'eva', 'role': 'technician', 'tenants': []})
    eva = web.Web(collector)
    eva.login('eva', made['password'])
    assert eva.get('/api/sites')['items'] == []
    tenants = {s['tenant'] for s in w.get('/api/sites')['items']}
    assert tenants == {'Clientes', 'Otra'}
    users = {u['name']: u for u in w.get('/api/users')['items']}
    assert users['eva']['tenants'] == [] and users['ana']['tenants'] is None
    collector.cli('user', 'tenants', 'eva', 'Otra')
    assert [s['name'] for s in eva.get('/api/sites')['items']] == ['Papelería']
    assert refused(eva, 'GET', '/api/users') == (403, 'role')
    # The last administrator cannot be taken away, nor take themselves away.
    assert refused(w, 'POST', '/api/users/' + users['ana']['id'], {'act': 'remove'}) == (409, 'self')
    w.post('/api/users', {'name': 'luz', 'role': 'admin', 'mail': 'luz@example.mx'})
    vigia.wait_for(lambda: [m for m in collector.mails() if m['To'] == 'luz@example.mx'], 30)
    w.post('/api/users/' + users['eva']['id'], {'role': 'readonly', 'tenants': None})
    assert refused(eva, 'GET', '/api/me') == (401, 'login')  # another role: sign in again
    w.post('/api/users/' + users['eva']['id'], {'act': 'remove'})
    rows = w.get('/api/audit')['items']
    what = [r['what'] for r in rows]
    for one in ('user.added', 'user.changed', 'user.remove', 'login', 'tenant.added', 'site.added', 'user.tenants'):
        assert one in what, one
    text = w.get('/api/audit.csv')
    assert text.startswith('time,tenant,who,what,object,note\n') and '"user.remove"' in text
    told = collector.cli('audit').stdout.split('\n')
    assert 'command line' in {r['who'] for r in rows}
    assert len([x for x in told if x]) == len(rows) == len(text.split('\n')) - 2


def test_a_backup_signs_nobody_in(collector, tmp_path):
    add(collector, 'ana')
    w = web.Web(collector)
    w.login('ana', PASSWORD)
    cookie = w.cookie
    collector.cli('backup', str(tmp_path / 'copy.sqlite'))
    w.post('/api/logout')
    collector.stop()
    collector.cli('restore', str(tmp_path / 'copy.sqlite'))
    collector.start()
    w.cookie = cookie
    assert refused(w, 'GET', '/api/me') == (401, 'login')
    w.login('ana', PASSWORD)
    assert 'database.restored' in [r['what'] for r in w.get('/api/audit')['items']]
