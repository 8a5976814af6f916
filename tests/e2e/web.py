# SPDX-License-Identifier: Apache-2.0
"""A person or a program at the dashboard's API."""
import base64, hashlib, hmac, http.client, json, ssl, struct, time


def code(secret, when=None):
    """RFC 6238 with its defaults, as an app on a phone."""
    key = base64.b32decode(secret)
    mac = hmac.new(key, struct.pack('>Q', int((when or time.time()) // 30)), hashlib.sha1).digest()
    at = mac[-1] & 15
    return '%06d' % ((struct.unpack('>I', mac[at:at + 4])[0] & 0x7fffffff) % 1000000)


class Web:
    """One browser without its pages: keeps the cookie and the CSRF token."""

    def __init__(self, collector, token=None, patient=True):
        self.patient = patient  # waits where it is told to: all tests come from one address
        self.port, self.token, self.cookie, self.csrf = collector.web_port, token, None, None
        self.headers = {}
        self.trust = ssl.create_default_context()
        self.trust.check_hostname, self.trust.verify_mode = False, ssl.CERT_NONE  # the test made the CA itself

    def call(self, method, path, body=None, headers=None):
        """(status, answer): JSON where it is that, else text."""
        sent = {'Content-Type': 'application/json'} if body is not None else {}
        if self.token:
            sent['Authorization'] = 'Bearer ' + self.token
        if self.cookie:
            sent['Cookie'] = self.cookie
        if self.csrf and method == 'POST':
            sent['X-CSRF-Token'] = self.csrf
        sent.update(headers or {})
        c = http.client.HTTPSConnection('127.0.0.1', self.port, context=self.trust, timeout=30)
        c.request(method, path, json.dumps(body) if body is not None else None, sent)
        answer = c.getresponse()
        text = answer.read().decode()
        self.headers = dict(answer.getheaders())
        if 'Set-Cookie' in self.headers:
            self.cookie = self.headers['Set-Cookie'].split(';')[0]
        c.close()
        if answer.status == 429 and self.patient:
            time.sleep(int(self.headers['Retry-After']))
            return self.call(method, path, body, headers)
        return answer.status, json.loads(text) if 'json' in self.headers.get('Content-Type', '') else text

    def get(self, path):
        status, answer = self.call('GET', path)
        assert status == 200, (path, status, answer)
        return answer

    def post(self, path, body=None):
        status, answer = self.call('POST', path, body if body is not None else {})
        assert status == 200, (path, status, answer)
        return answer

    def login(self, user, password, secret=None, **more):
        answer = self.post('/api/login', dict({'user': user, 'password': password}, **more,
                                              **({'code': code(secret)} if secret else {})))
        self.csrf = answer['csrf']
        return answer

    def set_up(self):
        """The second factor's first time; (secret, recovery codes)."""
        secret = self.post('/api/factor')['secret']
        return secret, self.post('/api/factor/confirm', {'code': code(secret)})['recovery']
