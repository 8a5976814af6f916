# SPDX-License-Identifier: Apache-2.0
"""Triage over the API: search, many at once, people, views; exceptions down to a real agent and back."""
import datetime

import pytest

import story
import vigia
from api import Api
from fake_agent import FakeAgent


def alert(agent, minutes, subject='caja-1', detector='net.scan', severity='high', peer='10.0.0.9', **facts):
    when = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(minutes=minutes)
    return agent.event(detector, severity, ('device', subject, subject), {'host': '10.0.0.1', **facts}, when,
                       peer=('host', peer, peer))


def in_days(days):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days)).strftime('%Y-%m-%dT%H:%M:%SZ')


@pytest.fixture
def fake(collector, tmp_path):
    return FakeAgent(tmp_path / 'fake', collector.token())


def found(api, **query):
    from urllib.parse import urlencode
    return [i['subject']['id'] for i in api.items('/api/incidents?' + urlencode(query))]


def test_search_and_bulk(collector, fake):
    collector.site('Otro', 'Papelería')
    laura, otto = Api(collector), Api(collector, 'otto', 'owner', 'Otro')
    fake.ship([alert(fake, n, 'caja-%d' % n, place='Moscú' if n == 3 else 'Madrid') for n in range(1, 6)])
    assert found(laura, q='caja') == ['caja-%d' % n for n in range(1, 6)]
    assert found(laura, q='moscu') == ['caja-3']
    assert found(laura, q='"caja 2" -moscú') == ['caja-2']
    assert found(laura, q='gravedad:critica') == [] and len(found(laura, q='severity:high site:tacos')) == 5
    for typed in ('"', 'a"b', 'NOT', '(', '*', 'tags:all', 'x OR y', "';--", '\x00', 'a' * 400, '-'):
        laura.items('/api/incidents?q=' + __import__('urllib.parse').parse.quote(typed))
    assert found(otto, q='caja', state='all') == []

    ids = [i['id'] for i in laura.items('/api/incidents')]
    me = next(p['id'] for p in laura.items('/api/assignees') if p['name'] == 'laura')
    status, answer = laura.post('/api/triage', {'ids': ids[:3] + ['x', me], 'state': 'acknowledged', 'assignee': 'me',
                                                'note': 'Se revisa mañana'})
    assert status == 200 and answer['changed'] == 3
    assert [i['result'] for i in answer['items']] == ['changed'] * 3 + ['unknown'] * 2
    assert len(found(laura, assignee='me')) == 3 and len(found(laura, assignee='none')) == 2
    assert len(found(laura, q='note:mañana asignado:yo estado:visto')) == 3
    one = laura.get('/api/incidents/' + ids[0])[1]
    assert one['assignee'] == {'id': me, 'name': 'laura'}
    assert [h['what'] for h in one['history']] == ['assigned', 'acknowledged']
    # Others' incidents are unknown, alone and among many; who does not see them cannot have them.
    status, answer = otto.post('/api/triage', {'ids': ids, 'state': 'resolved_true'})
    assert status == 200 and answer['changed'] == 0 and {i['result'] for i in answer['items']} == {'unknown'}
    assert otto.post('/api/incidents/' + ids[0], {'note': 'x'})[0] == 404
    otto_id = otto.items('/api/assignees')[0]['id']
    assert laura.post('/api/incidents/' + ids[0], {'assignee': otto_id})[1]['error'] == 'assignee'
    for wrong in ({}, {'state': 'open'}, {'state': 7}, {'assignee': 'x'}, {'note': 'x' * 2001}, {'note': 7}):
        assert laura.post('/api/triage', {'ids': ids, **wrong})[0] == 400, wrong
        assert laura.post('/api/incidents/' + ids[0], wrong)[0] == 400, wrong
    assert laura.post('/api/triage', {'ids': [ids[0]] * 201, 'note': 'x'})[0] == 400
    reader = Api(collector, 'rita', 'readonly')
    assert reader.post('/api/triage', {'ids': ids, 'note': 'x'})[0] == 403


def test_views(collector):
    laura, ben = Api(collector), Api(collector, 'ben', 'technician')
    otto = Api(collector, 'otto', 'owner', 'Clientes')
    assert laura.post('/api/views', {'name': 'Graves', 'query': 'severity=high', 'shared': True})[0] == 200
    assert laura.post('/api/views', {'name': 'Graves', 'query': ''})[1]['error'] == 'name'
    laura.post('/api/views', {'name': 'Mías', 'query': 'assignee=me'})
    assert [v['name'] for v in laura.items('/api/views')] == ['Graves', 'Mías']
    assert [(v['name'], v['mine'], v['who']) for v in ben.items('/api/views')] == [('Graves', False, 'laura')]
    assert otto.items('/api/views') == []
    graves = ben.items('/api/views')[0]['id']
    assert ben.post('/api/views/' + graves, {'action': 'remove'})[0] == 404
    assert laura.post('/api/views/' + graves, {'action': 'remove'})[0] == 200
    assert ben.items('/api/views') == []


def test_exceptions_here(collector, fake):
    laura = Api(collector)
    fake.ship([alert(fake, 40)])
    one = laura.items('/api/incidents')[0]
    body = {'site': one['site']['id'], 'detector': one['detector'], 'subject': one['subject'], 'peer': one['peer'],
            'until': in_days(30), 'why': 'Es el sistema de respaldo', 'incident': one['id']}
    for wrong in ({'until': in_days(400)}, {'until': in_days(-1)}, {'until': 'x'}, {'detector': 'scan'}, {'detector': ''}, {'detector': '.'}, {'detector': 'net.'}, {'detector': '.scan'},
                  {'detector': "net.'"}, {'subject': {'kind': 'device'}}, {'subject': 7}, {'kind': 'love'}, {'site': 'x'},
                  {'site': None}, {'why': 'x' * 501}, {'incident': 'x'}):
        assert laura.post('/api/exceptions', {**body, **wrong})[0] == 400, wrong
    status, made = laura.post('/api/exceptions', body)
    assert status == 200 and made['site']['name'] == 'Tacos El Güero' and made['held'] == 0
    assert laura.get('/api/incidents/' + one['id'])[1]['state'] == 'resolved_expected'
    mails = len(vigia.wait_for(collector.mails))
    fake.ship([alert(fake, 5), alert(fake, 4), alert(fake, 3, subject='caja-2')])
    assert found(laura) == ['caja-2']
    assert [x['held'] for x in laura.items('/api/exceptions')] == [2]
    assert sum(e['class'] == 'alert' for e in collector.events()) == 4  # kept all the same
    vigia.wait_for(lambda: len(collector.mails()) == mails + 1)
    # What the agent is told, and that it said so.
    told = fake.hello_with(0)['feedback']
    assert {t['kind'] for t in told} == {'mine'} and told[0]['version'] < told[1]['version']
    assert [t['id'] for t in told if 'until' in t] == [made['id']]
    assert [t['subject'] for t in told] == [{'kind': 'device', 'id': 'caja-1'}] * 2
    assert 'feedback' not in fake.hello_with(told[-1]['version'])
    assert laura.items('/api/exceptions')[0]['agents'] == {'total': 1, 'told': 1}
    assert laura.post('/api/exceptions/' + made['id'], {'action': 'prolong', 'until': in_days(60)})[0] == 200
    assert laura.post('/api/exceptions/' + made['id'], {'action': 'end'})[0] == 200
    assert laura.post('/api/exceptions/' + made['id'], {'action': 'end'})[0] == 404
    assert laura.items('/api/exceptions') == [] and len(laura.items('/api/exceptions?state=over')) == 1
    answer = fake.ship([alert(fake, 2, subject='caja-3')])
    assert answer['news'] is True
    last = fake.hello_with(told[-1]['version'])['feedback']
    assert [t['kind'] for t in last] == ['ended'] and last[0]['id'] == made['id']
    fake.ship([alert(fake, 1), alert(fake, 1, peer='10.0.0.8')])
    assert laura.get('/api/incidents/' + one['id'])[1]['count'] == 3  # they are told again
    noise = laura.items('/api/noise')
    assert noise[0]['detector'] == 'net.scan' and noise[0]['expected'] == 1 and noise[0]['incidents'] == 3
    assert laura.items('/api/noise?detector=net.scan')[0]['subject']['id'] == 'caja-1'
    what = [r['what'] for r in laura.items('/api/audit')]
    assert {'exception.made', 'exception.prolonged', 'exception.ended'} <= set(what)


def test_exceptions_of_others(collector, fake):
    collector.site('Otro', 'Papelería')
    laura, otto = Api(collector), Api(collector, 'otto', 'owner', 'Otro')
    fake.ship([alert(fake, 40)])
    one = laura.items('/api/incidents')[0]
    body = {'site': one['site']['id'], 'detector': 'net.scan', 'until': in_days(9)}
    assert otto.post('/api/exceptions', body)[0] == 404
    made = laura.post('/api/exceptions', body)[1]
    assert otto.items('/api/exceptions') == []
    assert otto.post('/api/exceptions/' + made['id'], {'action': 'end'})[0] == 404
    own = otto.items('/api/sites')[0]['id']
    assert otto.post('/api/exceptions', {**body, 'site': own, 'incident': one['id']})[0] == 404
    assert otto.items('/api/exceptions') == []
    assert laura.post('/api/exceptions', {**body, 'site': own, 'incident': one['id']})[0] == 404
    assert laura.get('/api/incidents/' + one['id'])[1]['state'] == 'new'


def spoofs(agent):
    return [e for e in agent.events() if e['detector'] == 'net.arp_spoof']


def known(agent):
    return (agent.status().get('feedback') or {}).get('exceptions')


def test_down_to_a_real_agent(collector, agents):
    """Made in the API, an exception silences the next such alert at the PC itself, over a restart, until it ends."""
    laura = Api(collector)
    capture = story.capture_now(collector.dir / 'shop.pcap')
    first = agents('network: {interfaces: [], mode: mirror, replay: ["%s"]}\n' % capture)
    first.enroll(collector.token())
    first.start()
    one = vigia.wait_for(lambda: next((i for i in laura.items('/api/incidents') if i['detector'] == 'net.arp_spoof'), None), 60)
    made = laura.post('/api/exceptions', {'site': one['site']['id'], 'detector': 'net.arp_spoof', 'subject': one['subject'],
                                          'until': in_days(30), 'why': 'Prueba', 'incident': one['id']})[1]
    vigia.wait_for(lambda: laura.items('/api/incidents?state=resolved'))

    second = agents('network: off\n', name='second')
    second.enroll(collector.token())
    second.start()
    vigia.wait_for(lambda: known(second) == 1, 30)
    second.stop()
    second.configure('network: {interfaces: [], mode: mirror, replay: ["%s"]}\n' % capture)
    collector.stop()  # what it knows is its own
    second.start()
    vigia.idle(second)
    assert spoofs(second) == [] and known(second) == 1
    worker = next(w for w in second.status()['workers'] if w['name'] == 'net')
    assert worker['health']['judge.excused'] >= 1
    collector.start()

    # While it runs: news comes with the answer to events. Then the exception is taken back.
    laura.sign_in()
    assert laura.post('/api/exceptions/' + made['id'], {'action': 'end'})[0] == 200
    second.cli('feedback', second.events()[0]['id'], 'useful')
    vigia.wait_for(lambda: known(second) == 0, 60)
    vigia.wait_for(lambda: laura.items('/api/exceptions?state=over')[0]['agents']['told'] >= 1, 60)


def test_verdicts_reach_a_real_agent(collector, agents):
    """Resolved as false: the agent that saw it hears that it was noise."""
    laura = Api(collector)
    agent = agents('network: {interfaces: [], mode: mirror, replay: ["%s"]}\n' % story.capture_now(collector.dir / 'shop.pcap'))
    agent.enroll(collector.token())
    agent.start()
    one = vigia.wait_for(lambda: next((i for i in laura.items('/api/incidents') if i['detector'] == 'net.arp_spoof'), None), 60)
    laura.post('/api/incidents/' + one['id'], {'state': 'resolved_false'})
    agent.stop()
    agent.start()
    vigia.wait_for(lambda: any(e['detector'] == 'agent.feedback' and e['facts'].get('incident') == one['id'] and
                               e['facts']['verdict'] == 'noise' for e in agent.events()), 60)
