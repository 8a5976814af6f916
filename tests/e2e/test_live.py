# SPDX-License-Identifier: Apache-2.0
"""Live capture, with the sandbox on, on a wire between two network namespaces of the test's own."""
import hashlib, os, pwd, signal, subprocess, time

import pytest

import vigia

SHOP, ROUTER, ROUTER_MAC, THIEF_MAC = '192.168.77.10', '192.168.77.1', '02:00:00:77:00:01', '02:00:00:77:00:66'
QUIET_PORT, LOUD_PORT = 9901, 9902


def ip(*argv):
    return subprocess.run(['ip', *argv], check=True, capture_output=True, text=True).stdout


class Lan:
    """The shop's PC and a router that somebody else sits behind too."""

    def __init__(self):
        self.shop, self.other = 'vg%d-shop' % os.getpid(), 'vg%d-other' % os.getpid()
        try:
            ip('netns', 'add', self.shop)
            ip('netns', 'add', self.other)
            self.plug()
        except (OSError, subprocess.CalledProcessError) as why:
            self.end()
            pytest.skip('network namespaces are not permitted here: %s' % (getattr(why, 'stderr', '') or why))

    def plug(self):
        ip('link', 'add', 'shop0', 'netns', self.shop, 'type', 'veth', 'peer', 'name', 'wire0', 'netns', self.other)
        ip('-n', self.other, 'link', 'set', 'wire0', 'address', ROUTER_MAC)
        for space, link, address in ((self.shop, 'shop0', SHOP), (self.other, 'wire0', ROUTER)):
            ip('-n', space, 'address', 'add', address + '/24', 'dev', link)
            ip('-n', space, 'link', 'set', link, 'up')
            ip('-n', space, 'link', 'set', 'lo', 'up')

    def unplug(self):
        ip('-n', self.shop, 'link', 'del', 'shop0')

    def inside(self):
        return ['ip', 'netns', 'exec', self.shop]

    def outside(self, program, *argv):
        """Runs Python on the other side of the wire."""
        vigia.run('ip', 'netns', 'exec', self.other, '/usr/bin/python3', '-c', program, *argv, timeout=30)

    def end(self):
        for space in (self.shop, self.other):
            subprocess.run(['ip', 'netns', 'del', space], capture_output=True)


SCAN = '''
import socket, sys
for port in range(20, 80):
    with socket.socket() as s:
        s.settimeout(1)
        s.connect_ex((sys.argv[1], port))
'''
TALK = '''
import socket, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
    for i in range(int(sys.argv[3])):
        s.sendto(b'x' * 1000, (sys.argv[1], int(sys.argv[2])))
'''
SPOOF = '''
import sys, time
from scapy.all import ARP, Ether, conf
shop, router, real, thief = sys.argv[1:]
wire = conf.L2socket(iface='wire0')
wire.send(Ether(src=real, dst='ff:ff:ff:ff:ff:ff') / ARP(op=1, hwsrc=real, psrc=router, pdst=shop))
for i in range(20):
    wire.send(Ether(src=thief, dst='ff:ff:ff:ff:ff:ff') / ARP(op=2, hwsrc=thief, psrc=router, hwdst='ff:ff:ff:ff:ff:ff', pdst=shop))
    if i % 4 == 0:
        wire.send(Ether(src=real, dst='ff:ff:ff:ff:ff:ff') / ARP(op=1, hwsrc=real, psrc=router, pdst=shop))
    time.sleep(0.1)
'''


@pytest.fixture
def lan():
    made = Lan()
    yield made
    made.end()


def worker(agent, name='net'):
    return next((w for w in agent.status().get('workers') or [] if w['name'] == name), {})


def health(agent, name):
    return (worker(agent).get('health') or {}).get(name, 0)


def live(agent):
    def up():
        assert agent.process.alive(), agent.process.tail()
        return worker(agent).get('state') == 'running'
    vigia.wait_for(up, 20)


def raised(agent, detector, facts=()):
    return [e for e in agent.events() if e['detector'] == detector and
            all(e['facts'].get(k) == v for k, v in dict(facts).items())]


def promiscuity(lan):
    words = ip('-n', lan.shop, '-d', 'link', 'show', 'shop0').split()
    return int(words[words.index('promiscuity') + 1])


def test_scan_spoof_and_a_link_that_goes_away(lan, agents):
    plain = agents('network: {interfaces: [shop0], mode: endpoint, promiscuous: false}\n', True, inside=lan.inside())
    picky = agents('network: {interfaces: [shop0], mode: mirror, bpf: not port %d, snaplen: 128, buffer: 1 MiB, '
                   'promiscuous: true}\n' % QUIET_PORT, True, inside=lan.inside())
    for a in (plain, picky):
        live(a.start())
    assert promiscuity(lan) == 1, 'of two agents one asked for it'

    # nothing is left to the one that reads what strangers send
    for a in (plain, picky):
        box, told = worker(a)['sandbox'], a.cli('status').stdout
        assert box['seccomp'] and box['no_new_privs'] and box['capabilities'] == 0, box
        assert 'seccomp' in told and 'capabilities 0' in told, told
        kept = open('/proc/%d/status' % a.process.workers()['net']).read()
        assert 'CapEff:\t%016x' % 0 in kept and 'CapPrm:\t%016x' % 0 in kept and 'Seccomp:\t2' in kept

    lan.outside(SCAN, SHOP)
    for a in (plain, picky):
        found = vigia.wait_for(lambda: raised(a, 'net.scan'), 10)[0]
        assert found['subject']['id'] == ROUTER and found['facts']['failed'] >= 12 and found['class'] == 'alert'

    lan.outside(TALK, SHOP, str(QUIET_PORT), '400')
    lan.outside(TALK, SHOP, str(LOUD_PORT), '50')
    lan.outside(SPOOF, SHOP, ROUTER, ROUTER_MAC, THIEF_MAC)
    for a in (plain, picky):
        found = vigia.wait_for(lambda: raised(a, 'net.arp_spoof'), 10)[0]
        assert THIEF_MAC in (found['subject']['id'], found['facts'].get('mac')), found

    vigia.wait_for(lambda: health(plain, 'packets') >= 570 and health(picky, 'packets') >= 170, 15)
    assert health(picky, 'packets') < 400 < health(plain, 'packets')
    assert 50_000 < health(picky, 'bytes') < 400_000 < health(plain, 'bytes'), 'as on the wire, whatever was kept'
    assert worker(plain)['health']['kernel_drops'] == 0

    # the cable is pulled: told with its reason, tried again, and watched again once it is back
    first = plain.process.workers()['net']
    lan.unplug()
    ended = vigia.wait_for(lambda: raised(plain, 'agent.worker_ended', {'worker': 'net'}), 15)
    assert 'shop0' in ended[0]['facts']['reason'], ended[0]['facts']
    vigia.wait_for(lambda: worker(plain).get('restarts', 0) >= 2, 20)
    waits = [e['facts']['again_s'] for e in raised(plain, 'agent.worker_ended', {'worker': 'net'})]
    assert waits == sorted(waits), 'each time a longer one'
    lan.plug()
    vigia.wait_for(lambda: worker(plain).get('state') == 'running' and plain.process.workers().get('net') != first, 20)
    lan.outside(TALK, SHOP, str(LOUD_PORT), '50')
    time.sleep(0.5)  # longer than a block of frames may wait in the kernel
    for a in (plain, picky):
        assert a.stop() == 0
    assert 50 <= health(plain, 'packets') < 300, 'counted by the one that came after'


def test_what_the_kernel_dropped_is_told_once(lan, agents):
    agent = agents('network: {interfaces: [shop0], mode: mirror, buffer: 1 MiB, promiscuous: true}\n', True, inside=lan.inside())
    live(agent.start())
    net = agent.process.workers()['net']
    for _ in range(2):  # a machine that is busy with something else, twice within an episode
        os.kill(net, signal.SIGSTOP)
        try:
            lan.outside(TALK, SHOP, str(QUIET_PORT), '6000')
        finally:
            os.kill(net, signal.SIGCONT)
        time.sleep(2)
    dropped = vigia.wait_for(lambda: health(agent, 'kernel_drops'), 20)
    lan.outside(SCAN, SHOP)
    vigia.wait_for(lambda: raised(agent, 'net.scan'), 20)
    assert agent.process.workers()['net'] == net and agent.stop() == 0
    told = raised(agent, 'net.loss')  # its end was not yet sure: it is told because the agent stops
    assert [e['class'] for e in told] == ['health'], told
    assert dropped >= 1000 and told[0]['facts']['kernel_drops'] >= dropped, told


FETCH = '''
import socket, sys, time
with socket.create_connection((sys.argv[1], int(sys.argv[2]))) as s:
    time.sleep(5)  # long enough for a slow machine to look who this is, and at the file
    s.sendall(b'GET /invoice.php HTTP/1.1\\r\\nHost: shop.example\\r\\n\\r\\n')
    while s.recv(65536):
        pass
'''
SERVE = '''
import socket, sys
body = open(sys.argv[3], 'rb').read()
with socket.create_server((sys.argv[1], int(sys.argv[2]))) as s:
    peer, _ = s.accept()
    peer.recv(65536)
    peer.sendall(b'HTTP/1.1 200 OK\\r\\nContent-Type: text/plain\\r\\nContent-Length: %d\\r\\n\\r\\n' % len(body) + body)
    peer.close()
'''
WEB_PORT = 8099


def test_names_the_program_of_a_flow(lan, agents):
    agent = agents('network: {interfaces: [shop0], mode: endpoint, promiscuous: false}\n', True, inside=lan.inside())
    live(agent.start())
    python = os.path.realpath('/usr/bin/python3')
    server = subprocess.Popen(['ip', 'netns', 'exec', lan.other, python, '-c', SERVE, ROUTER, str(WEB_PORT),
                               str(vigia.ROOT / 'tests/fixtures/yara/webshell_php.hit')])
    try:
        time.sleep(1)
        vigia.run(*lan.inside(), python, '-c', FETCH, ROUTER, str(WEB_PORT), timeout=60)
        found = vigia.wait_for(lambda: raised(agent, 'net.yara'), 20)[0]
        flow = next(x for x in found['evidence'] if x['type'] == 'flow')
        assert flow['program'] == {'name': os.path.basename(python)[:15], 'path': python,
                                   'user': pwd.getpwuid(os.getuid()).pw_name,
                                   'sha256': hashlib.sha256(open(python, 'rb').read()).hexdigest()}, flow
        vigia.wait_for(lambda: health(agent, 'owners_known') >= 1, 20)  # told with the next commit
        # whoever reads what strangers send has no right to look for itself
        assert worker(agent)['sandbox']['capabilities'] == 0
    finally:
        server.kill()
        server.wait()
    assert agent.stop() == 0
