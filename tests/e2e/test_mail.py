# SPDX-License-Identifier: Apache-2.0
"""The owner's mail by a real SMTP server: what arrives, and what happens when the server says no."""
import contextlib, datetime, email, email.policy, re, sqlite3, ssl, subprocess

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, SMTP

import vigia
from fake_agent import FakeAgent

LOGIN = (b'vigia', b'clave-secreta')


class Server:
    """Keeps what arrives; `answers` are given to the first messages, one each."""

    def __init__(self, *answers):
        self.answers, self.mails, self.senders, self.tries = list(answers), [], [], 0

    async def handle_DATA(self, server, session, envelope):
        self.tries += 1
        if self.answers:
            return self.answers.pop(0)
        self.senders.append((envelope.mail_from, envelope.rcpt_tos, session.ssl is not None, session.authenticated))
        self.mails.append(email.message_from_bytes(envelope.original_content, policy=email.policy.default))
        return '250 OK'


class Tls(Controller):
    def factory(self):
        return SMTP(self.handler, require_starttls=True, tls_context=self.tls, auth_required=True,
                    authenticator=lambda server, session, envelope, mechanism, data:
                    AuthResult(success=(data.login, data.password) == LOGIN))


def certificate(folder):
    subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes',
                    '-keyout', folder / 'key.pem', '-out', folder / 'cert.pem', '-days', '2', '-subj', '/CN=localhost',
                    '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / 'cert.pem', folder / 'key.pem')
    return context


@pytest.fixture
def smtp(tmp_path):
    """Starts a server that wants TLS and a login."""
    started = []

    def start(server):
        controller = Tls(server, hostname='127.0.0.1', port=vigia.free_port())
        controller.tls = certificate(tmp_path)
        controller.start()
        started.append(controller)
        return controller.port
    yield start
    for controller in started:
        controller.stop()


def collector_with(tmp_path, port, smtp_options, site='Tacos El Güero', mail='owner@example.mx'):
    c = vigia.Collector(tmp_path / 'collector')
    c.config.write_text(re.sub(r'mail: .*\n', 'mail: {transport: smtp, from: vigia@example.mx, smtp: {host: localhost,'
                               ' port: %d, user: vigia, password: clave-secreta%s}}\n' % (port, smtp_options),
                               c.config.read_text()))
    c.site(name=site, mail=mail)
    return c.start()


def alarm(agent, subject, facts=None):
    when = datetime.datetime.now(datetime.timezone.utc)
    return agent.event('net.scan', 'high', ('device', subject, subject),
                       {'host': subject, 'style': 'ports', 'failed': 120, 'hosts': 1, 'ports': 120, 'answered': 2,
                        'failed_share': 0.98, 'seconds': 40, **(facts or {})}, when)


def all_due(collector):
    with contextlib.closing(sqlite3.connect(next(collector.state.glob('*.sqlite')))) as db:
        db.execute('UPDATE mails SET due = 0')
        db.commit()


def parts(mail):
    return (mail.get_body(('plain',)).get_content(), mail.get_body(('html',)).get_content())


def test_over_tls_with_login(tmp_path, smtp):
    server = Server()
    port = smtp(server)
    name = 'Tacos "El Güero"'
    c = collector_with(tmp_path, port, ', ca_file: %s' % (tmp_path / 'cert.pem'), site=name)
    try:
        agent = FakeAgent(tmp_path / 'fake', c.token(name))
        hostile = 'http://evil.example/\r\nBcc: thief@example.com\r\n\r\n<script>alert(1)</script>'
        agent.ship([alarm(agent, '192.168.1.57'), alarm(agent, hostile[:200])])
        vigia.wait_for(lambda: len(server.mails) == 2, 40)
    finally:
        c.stop()

    assert {s[0] for s in server.senders} == {'vigia@example.mx'}
    assert all(s[1] == ['owner@example.mx'] and s[2] and s[3] for s in server.senders)
    assert len({m['Message-ID'] for m in server.mails}) == 2
    for mail in server.mails:
        assert not mail.defects and mail['To'] == 'owner@example.mx' and mail['Bcc'] is None
        assert mail['From'].addresses[0].display_name == 'Vigía'
        assert mail['Subject'].startswith('[%s] ' % name) and mail['Subject'].endswith(': atiéndalo hoy')
        assert mail['Date'].datetime.utcoffset() == datetime.timedelta(hours=-6)
        text, html = parts(mail)
        assert 'Qué hacer ahora' in text and 'Qué hacer ahora' in html
        for part in (text, html):
            assert '<script' not in html and 'evil.example' not in part, [x for x in part.split('\n') if 'evil' in x]
            assert 'http:' not in part and 'https' not in part.replace(
                'https://127.0.0.1', '').replace('https://%s' % vigia.socket.gethostname(), '')


def test_no_tls_no_mail_and_refusals_are_final(tmp_path, smtp):
    server = Server('550 no such mailbox')
    port = smtp(server)
    # without its certificate the server is not believed: nothing is sent, nothing is lost
    c = collector_with(tmp_path, port, '')
    try:
        agent = FakeAgent(tmp_path / 'fake', c.token())
        agent.ship([alarm(agent, '192.168.1.57')])
        vigia.wait_for(lambda: 'mail.later' in c.process.tail(), 40)
        assert server.tries == 0
    finally:
        c.stop()
    assert 'clave-secreta' not in c.process.tail(100000)
    # the next start trusts it; the first answer is a refusal for good: one try, then the next mail
    c.config.write_text(c.config.read_text().replace('clave-secreta}', 'clave-secreta, ca_file: %s}' %
                                                     (tmp_path / 'cert.pem')))
    all_due(c)
    c.start()
    try:
        vigia.wait_for(lambda: 'mail.failed' in c.process.tail(), 40)
        assert server.tries == 1 and server.mails == []
        agent.ship([alarm(agent, '192.168.1.58')])
        vigia.wait_for(lambda: len(server.mails) == 1, 40)
    finally:
        c.stop()


def test_greylisting_is_waited_out(tmp_path, smtp):
    server = Server('451 try again')
    c = collector_with(tmp_path, smtp(server), ', ca_file: %s' % (tmp_path / 'cert.pem'))
    try:
        agent = FakeAgent(tmp_path / 'fake', c.token())
        agent.ship([alarm(agent, '192.168.1.57')])
        vigia.wait_for(lambda: 'mail.later' in c.process.tail(), 40)
        assert server.tries == 1 and server.mails == []
    finally:
        c.stop()
    all_due(c)  # an hour later
    c.start()
    try:
        vigia.wait_for(lambda: len(server.mails) == 1, 40)
    finally:
        c.stop()
