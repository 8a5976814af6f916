# SPDX-License-Identifier: Apache-2.0
"""GET /api/events: open dashboards are told what changed, each what its person sees, while the session lasts."""
import http.client, json, socket, ssl, threading, time

import pytest

import vigia
from api import Api
from fake_agent import FakeAgent
from test_triage import alert


class Stream:
    """A dashboard that listens."""

    def __init__(self, api):
        self.events, self.beats, self.ended = [], 0, False
        trust = ssl.create_default_context()
        trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE
        self.connection = http.client.HTTPSConnection('127.0.0.1', api.port, context=trust, timeout=60)
        self.connection.request('GET', '/api/events', headers={'Cookie': api.cookie, 'Accept': 'text/event-stream'})
        self.answer = self.connection.getresponse()
        self.status = self.answer.status
        if self.status == 200:
            assert self.answer.getheader('Content-Type') == 'text/event-stream'
            threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        try:
            for line in iter(self.answer.readline, b''):
                if line.startswith(b'data: '):
                    self.events.append(json.loads(line[6:]))
                self.beats += line.startswith(b':')
        except (OSError, http.client.HTTPException, ValueError):
            pass
        self.ended = True

    def told(self):
        return {i for e in self.events for i in e['ids']}

    def close(self):
        self.connection.sock and self.connection.sock.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def two(collector, tmp_path):
    """A shop of each of two customers, with an agent."""
    collector.site('Otro', 'Papelería')
    return FakeAgent(tmp_path / 'one', collector.token()), FakeAgent(tmp_path / 'two', collector.token('Papelería'))


def test_each_hears_of_what_it_sees(collector, two):
    laura, otto = Api(collector), Api(collector, 'otto', 'owner', 'Otro')
    uno = Api(collector, 'uno', 'technician')
    collector.cli('user', 'tenants', 'uno', 'Clientes')
    uno.sign_in()
    streams = everybody, second, first = [Stream(a) for a in (laura, otto, uno)]
    assert [s.status for s in streams] == [200] * 3
    two[0].ship([alert(two[0], n, 'caja-%d' % n) for n in range(3)])
    two[1].ship([alert(two[1], 1)])
    vigia.wait_for(lambda: len(everybody.told()) == 4, 10)
    one = [i['id'] for i in laura.items('/api/incidents') if i['site']['name'] == 'Papelería']
    vigia.wait_for(lambda: second.told() == set(one) and first.told() == everybody.told() - set(one), 10)
    # A change by a person; many at once are one event.
    before = len(everybody.events)
    laura.post('/api/triage', {'ids': list(first.told()), 'state': 'acknowledged'})
    vigia.wait_for(lambda: len(everybody.events) == before + 1 and len(everybody.events[-1]['ids']) == 3, 10)
    assert second.told() == set(one)
    # It ends with the session, within a beat; the others' go on.
    otto.post('/api/logout')
    vigia.wait_for(lambda: second.ended, 50)
    assert not everybody.ended and everybody.beats >= 1
    assert laura.get('/api/health')[1]['listeners']['web']['streams'] == 2
    assert Stream(otto).status == 401


def test_caps(collector):
    laura, ben = Api(collector), Api(collector, 'ben', 'technician')
    assert laura.get('/api/events')[0] == 400  # no page asks like that
    streams = [Stream(laura) for _ in range(9)]
    assert [s.status for s in streams] == [200] * 8 + [429]
    assert Stream(ben).status == 200
    for s in streams[:3]:
        s.close()
    vigia.wait_for(lambda: laura.get('/api/health')[1]['listeners']['web']['streams'] == 6, 20)
    assert Stream(laura).status == 200
    collector.stop()  # in good order, with streams open
    assert collector.process.process.returncode == 0
