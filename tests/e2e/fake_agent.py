# SPDX-License-Identifier: Apache-2.0
"""An agent made of Python, for tests of the collector that need no real one: enrols and ships events."""
import datetime, http.client, json, os, ssl, subprocess, uuid
from urllib.parse import urlsplit


def uuid7(when):
    n = int(when.timestamp() * 1000) << 80 | 0x7 << 76 | int.from_bytes(os.urandom(9), 'big') & ~(3 << 62) | 2 << 62
    n = (n & ~(0xf << 76)) | 7 << 76
    return str(uuid.UUID(int=n & (1 << 128) - 1))


def rfc3339(when):
    return when.astimezone(datetime.timezone.utc).strftime('%Y-%m-%dT%H:%M:%SZ')


class FakeAgent:
    def __init__(self, folder, token_url, host='CAJA-1'):
        folder.mkdir(parents=True, exist_ok=True)
        self.key, self.cert = folder / 'key.pem', folder / 'cert.pem'
        self.host, self.store, self.seq = host, str(uuid.uuid4()), 0
        csr = subprocess.run(['openssl', 'req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1',
                              '-nodes', '-keyout', self.key, '-subj', '/CN=agent'],
                             check=True, capture_output=True, text=True).stdout
        url = urlsplit(token_url)
        self.trust = ssl.create_default_context()
        self.trust.check_hostname, self.trust.verify_mode = False, ssl.CERT_NONE  # the test made the CA itself
        got = self.call(url.hostname, url.port, url.path,
                        json.dumps({'csr': csr, 'host': host, 'machine': 'm' * 32, 'version': '0.1.0',
                                    'store': self.store, 'seal_key': '00' * 32}))
        self.cert.write_text(got['cert'])
        self.agents = urlsplit(got['url'])
        self.trust.load_cert_chain(self.cert, self.key)
        self.hello()

    def call(self, host, port, path, body, headers=None):
        c = http.client.HTTPSConnection(host, port, context=self.trust, timeout=20)
        c.request('POST', path, body, headers or {'Content-Type': 'application/json'})
        answer = c.getresponse()
        text = answer.read().decode()
        c.close()
        assert answer.status == 200, (answer.status, text)
        return json.loads(text)

    def hello(self, machine='m' * 32, more=None, **status):
        return self.call(self.agents.hostname, self.agents.port, '/v1/hello',
                  json.dumps({'version': '0.1.0', 'host': self.host, 'machine': machine, 'store': self.store,
                              'last_seq': self.seq, 'status': {'workers': [{'name': 'net', 'state': 'running'},
                                                                           {'name': 'pay', 'state': 'running'}],
                                                               **status}, **(more or {})}))

    def hello_with(self, feedback):
        """Hello of an agent that has what people said up to this version."""
        return self.hello(more={'feedback': feedback})

    def event(self, detector, severity, subject, facts, when, evidence=(), sensor=None, peer=None, attack=()):
        self.seq += 1
        now = datetime.datetime.now(datetime.timezone.utc)
        e = {'v': 1, 'id': uuid7(when), 'store': self.store, 'seq': self.seq, 'time': rfc3339(when),
             'recorded': rfc3339(now), 'class': 'alert', 'sensor': sensor or detector.split('.')[0],
             'detector': detector, 'severity': severity, 'score': 90,
             'subject': dict(zip(('kind', 'id', 'label'), subject)), 'facts': facts, 'incident': uuid7(when)}
        if peer:
            e['peer'] = dict(zip(('kind', 'id', 'label'), peer))
        if evidence:
            e['evidence'] = list(evidence)
        if attack:
            e['attack'] = list(attack)
        return e

    def ship(self, events):
        body = ''.join(json.dumps(e) + '\n' for e in events)
        got = self.call(self.agents.hostname, self.agents.port, '/v1/events', body.encode(),
                        {'Content-Type': 'application/x-ndjson', 'X-Vigia-Store': self.store})
        assert got['durable'] == self.seq and 'refused' not in got, got
        return got
