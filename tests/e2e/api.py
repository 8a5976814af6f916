# SPDX-License-Identifier: Apache-2.0
"""A person's side of collector/API.md: signs in, gets and posts. Signing in stands here alone."""
import http.client, json, ssl

PASSWORD = 'una-frase-bastante-larga-9'


class Api:
    def __init__(self, collector, user='laura', role='admin', tenant=None, make=True):
        self.port, self.ca, self.cookie, self.csrf = collector.web_port, collector.state / 'pki/ca.pem', '', ''
        self.user = user
        if make:
            collector.cli('user', 'add', user, '--role', role, *(['--tenant', tenant] if tenant else []),
                          '--password-stdin', stdin=PASSWORD + '\n')
        self.sign_in()

    def sign_in(self):
        status, answer = self.post('/api/login', {'user': self.user, 'password': PASSWORD})
        assert status == 200, answer
        self.csrf = answer['csrf']

    def ask(self, method, path, body=None):
        context = ssl.create_default_context(cafile=str(self.ca))
        c = http.client.HTTPSConnection('127.0.0.1', self.port, context=context, timeout=20)
        headers = {'Cookie': self.cookie, 'X-CSRF-Token': self.csrf}
        c.request(method, path, None if body is None else json.dumps(body), headers)
        answer = c.getresponse()
        text = answer.read().decode()
        if answer.getheader('Set-Cookie'):
            self.cookie = answer.getheader('Set-Cookie').split(';')[0]
        c.close()
        return answer.status, json.loads(text)

    def get(self, path):
        return self.ask('GET', path)

    def post(self, path, body):
        return self.ask('POST', path, body)

    def items(self, path):
        status, answer = self.get(path)
        assert status == 200, answer
        return answer['items']
