# SPDX-License-Identifier: Apache-2.0
"""An agent without a collector: it mails the owner itself, and the technician reads it on the spot."""
import contextlib, email, email.policy, json, re, sqlite3

import pytest

import story
import vigia
from test_mail import Server, Tls, certificate

SECRET = 'clave-secreta'


def network(tmp_path):
    return 'network: {interfaces: [], mode: mirror, replay: ["%s"]}\n' % story.capture_now(tmp_path / 'shop.pcap')


def mails_in(folder):
    return [email.message_from_bytes(p.read_bytes(), policy=email.policy.default) for p in sorted(folder.glob('new/*'))]


def incidents(agent):
    return {e['incident'] for e in vigia.alerts(agent.events()) if e['severity'] != 'info'}


def one_each(mails, agent):
    """One first mail for each incident; more would be about what had grown worse."""
    first = [m for m in mails if not m['References']]
    return len(first) == len(incidents(agent)) and len({m['Message-ID'] for m in mails}) == len(mails)


def test_into_a_maildir(tmp_path, agents):
    agent = agents(network(tmp_path) + 'mail: {to: owner@example.mx, transport: maildir}\n')
    agent.start()
    vigia.idle(agent)
    assert len(incidents(agent)) >= 3
    vigia.wait_for(lambda: one_each(mails_in(agent.state / 'mail'), agent), 20)
    assert agent.stop() == 0
    agent.start()
    vigia.idle(agent)
    agent.stop()
    mails = mails_in(agent.state / 'mail')
    assert one_each(mails, agent), 'nothing twice after a restart: %s' % [m['Subject'] for m in mails]
    for mail in mails:
        text, html = (mail.get_body((kind,)).get_content() for kind in ('plain', 'html'))
        assert mail['To'] == 'owner@example.mx' and mail['Subject'].startswith('[Tacos El Güero] ') and not mail.defects
        assert 'Qué hacer ahora' in text and 'Qué hacer ahora' in html and '<script' not in html


def test_over_smtp_when_the_server_comes_back(tmp_path, agents):
    tls, port, server = certificate(tmp_path), vigia.free_port(), Server()
    agent = agents(network(tmp_path) + 'mail: {to: owner@example.mx, from: vigia@example.mx, transport: smtp, smtp: {'
                   'host: localhost, port: %d, user: vigia, password: %s, ca_file: "%s"}}\n' %
                   (port, SECRET, tmp_path / 'cert.pem'))
    agent.start()
    vigia.idle(agent)
    vigia.wait_for(lambda: 'mail.retry' in agent.process.tail(100_000), 20)
    vigia.wait_for(lambda: agent.status()['mail']['last_error'], 10)
    assert agent.status()['mail']['sent'] == 0 and agent.status()['mail']['waiting']
    assert agent.stop() == 0

    controller = Tls(server, hostname='127.0.0.1', port=port)
    controller.tls = tls
    controller.start()
    try:
        agent.start()  # tries at once, where a running one waits for its minute
        vigia.wait_for(lambda: one_each(server.mails, agent), 20)
        assert agent.stop() == 0
        count = len(server.mails)
        agent.start()
        vigia.idle(agent)
        assert agent.status()['mail']['sent'] == count
        assert agent.stop() == 0
    finally:
        controller.stop()
    assert len(server.mails) == count, 'once'
    assert all(s == ('vigia@example.mx', ['owner@example.mx'], True, True) for s in server.senders)
    assert SECRET not in agent.process.tail(1_000_000)


@pytest.fixture
def watched(tmp_path, agents):
    agent = agents(network(tmp_path))
    agent.start()
    vigia.idle(agent)
    return agent


def test_reading_and_answering_while_it_runs(watched):
    found = vigia.alerts(watched.events())
    scan = next(e for e in found if e['detector'] == 'net.scan')
    listed = watched.cli('alerts').stdout
    shown = watched.cli('show', scan['id'][:23]).stdout
    assert scan['subject']['id'] in listed and scan['subject']['id'] in shown and 'Qué hacer ahora' in shown
    assert json.loads(watched.cli('show', '--json', scan['id']).stdout) == scan
    rows = [json.loads(x) for x in watched.cli('alerts', '--json').stdout.splitlines()]
    assert {r['id'] for r in rows} == {e['id'] for e in found if e['severity'] != 'info'}

    assert watched.cli('feedback', scan['id'], 'perhaps', check=False).returncode == 2
    assert watched.cli('feedback', '0' * 8, 'mine', check=False).returncode == 3
    watched.cli('feedback', scan['id'], 'mine')

    def noted():
        return [e['facts'] for e in watched.events() if e['detector'] == 'agent.feedback']
    assert vigia.wait_for(noted, 10) == [{'event': scan['id'], 'detector': 'net.scan', 'verdict': 'mine'}]
    assert not list((watched.state / 'feedback').iterdir()), 'taken in, once'

    told = watched.cli('explain', 'net.scan').stdout
    assert 'net.scan' in told and 'T1046' in told and 'hosts_world' in told
    assert watched.cli('explain', 'net.no_such', check=False).returncode in (2, 3)
    assert watched.stop() == 0


def test_a_changed_byte_breaks_the_seal(watched, tmp_path):
    key = watched.cli('verify', '--show-key').stdout.strip()
    assert re.fullmatch('[0-9a-f]{64}', key)
    assert watched.cli('verify', '--show-key', check=False).returncode == 3, 'shown once'
    (tmp_path / 'key').write_text(key + '\n')
    assert 'whole' in watched.cli('verify', '--key', tmp_path / 'key').stdout, 'while it runs'
    assert watched.stop() == 0
    assert watched.cli('verify', '--key', tmp_path / 'key').returncode == 0
    (tmp_path / 'wrong').write_text('0' * 64)
    assert watched.cli('verify', '--key', tmp_path / 'wrong', check=False).returncode == 1

    lines = watched.cli('export').stdout.splitlines()
    seqs = [json.loads(line)['seq'] for line in lines]
    assert seqs == list(range(1, len(lines) + 1))
    with contextlib.closing(sqlite3.connect(watched.state / 'vigia.db')) as db:
        body = bytearray(db.execute('SELECT body FROM events WHERE seq = 3').fetchone()[0])
        body[len(body) // 2] ^= 1
        db.execute('UPDATE events SET body = ? WHERE seq = 3', (bytes(body),))
        db.commit()
    broken = watched.cli('verify', '--key', tmp_path / 'key', check=False)
    assert broken.returncode == 1 and 'event 3' in broken.stdout, broken.stdout
