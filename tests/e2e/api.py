# SPDX-License-Identifier: Apache-2.0
"""Somebody who is signed in, and whose answers come with their status."""
from web import Web

PASSWORD = 'una-frase-bastante-larga-9'


class Api(Web):
    def __init__(self, collector, user='laura', role='admin', tenant=None, make=True):
        super().__init__(collector)
        self.user = user
        if make:
            collector.cli('user', 'add', user, '--role', role, *(['--tenant', tenant] if tenant else []),
                          '--password-stdin', stdin=PASSWORD + '\n')
        self.sign_in()

    def sign_in(self):
        status, answer = self.call('POST', '/api/login', {'user': self.user, 'password': PASSWORD})
        assert status == 200, answer
        self.csrf = answer['csrf']

    def get(self, path):
        return self.call('GET', path)

    def post(self, path, body=None):
        return self.call('POST', path, body)

    def items(self, path):
        status, answer = self.get(path)
        assert status == 200, answer
        return answer['items']
