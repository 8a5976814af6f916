# SPDX-License-Identifier: Apache-2.0
"""Makes the README's pictures from demo data: the real collector, a real browser.

    /usr/bin/python3 tests/e2e/pictures.py [FOLDER]     (default packaging/pictures)
"""
import datetime, random, shutil, sys, tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import test_dashboard, vigia
from fake_agent import FakeAgent

SHOPS = ('Tacos El Güero', 'Papelería La Esperanza', 'Abarrotes Doña Mary')
PASSWORD = 'una-frase-bastante-larga-9'


def money(agent, name, severity, subject, facts, when):
    return agent.event(name, severity, subject, {'currency': 'MXN', **facts}, when, sensor='pay')


def card_testing(agent, when):
    return money(agent, 'pay.card_testing', 'critical', ('terminal', 'tienda-en-linea', 'la tienda en línea'),
                 {'cards': 198, 'tries': 212, 'declined': 191, 'small': 186, 'seconds': 840, 'usual': 3, 'amount': 1000,
                  'sign_es': 'son muchas tarjetas distintas en muy poco tiempo',
                  'sign_en': 'far too many different cards in a short time'},
                 when)


def spoof(agent, when):
    return agent.event('net.arp_spoof', 'high', ('device', '02:42:ac:11:00:07', '02:42:ac:11:00:07'),
                       {'host': '192.168.1.57', 'mac': '02:42:ac:11:00:07', 'style': 'answers',
                        'device': 'laptop (192.168.1.57)', 'victim': '192.168.1.254',
                        'address': '192.168.1.254', 'owner': '48:8f:5a:10:22:9c', 'router': True, 'claims': 14,
                        'addresses': 1}, when, attack=['T1557.002'])


def scan(agent, when, host='192.168.1.80'):
    return agent.event('net.scan', 'medium', ('device', host, host),
                       {'host': host, 'style': 'ports', 'failed': 120, 'hosts': 1, 'ports': 120, 'answered': 2,
                        'failed_share': 0.98, 'seconds': 40}, when)


def amount(agent, when, total=1890000):
    return money(agent, 'pay.amount', 'medium', ('card', 'tok_8f21', 'tarjeta terminada en 4242'),
                 {'amount': total, 'usual': 21000, 'times': 90.0, 'shop_share': 0.001, 'seen': 14, 'because': 'card'},
                 when)


def velocity(agent, when, terminal):
    return money(agent, 'pay.velocity', 'low', ('terminal', terminal, terminal),
                 {'payments': 34, 'seconds': 600, 'usual': 6.0, 'total': 912000}, when)


def fill(collector, folder):
    now, rng = datetime.datetime.now(datetime.timezone.utc), random.Random(7)
    ago = lambda **k: now - datetime.timedelta(**k)
    agents = {}
    for i, shop in enumerate(SHOPS):
        collector.site(tenant='Soporte Norte', name=shop)
        agents[shop] = FakeAgent(folder / ('agent-%d' % i), collector.token(shop), 'CAJA-%d' % (i + 1))
    for i, shop in enumerate(SHOPS[:2]):
        a = agents[shop]
        days = sorted(rng.sample(range(3, 30), 11), reverse=True)
        a.ship([rng.choice([lambda: velocity(a, ago(days=d), 'Terminal %d' % rng.randint(1, 4)),
                            lambda: scan(a, ago(days=d), '192.168.1.%d' % rng.randint(20, 90)),
                            lambda: amount(a, ago(days=d), rng.randint(400000, 2500000))])() for d in days])
    a = agents[SHOPS[0]]
    a.ship([spoof(a, ago(minutes=42)), card_testing(a, ago(minutes=6))])
    a = agents[SHOPS[1]]
    a.ship([scan(a, ago(hours=5)), velocity(a, ago(hours=2), 'Terminal 2')])


def main(out):
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        c = vigia.Collector(folder / 'collector')
        c.cli('user', 'add', 'laura', '--role', 'admin', '--password-stdin', stdin=PASSWORD + '\n')
        c.start()
        try:
            fill(c, folder)
            mail = vigia.wait_for(lambda: [m for m in c.mails() if 'tarjetas robadas' in m['Subject']])[0]
            (folder / 'mail.html').write_text(mail.get_body(('html',)).get_content())
            test_dashboard.run_browser('pictures.mjs', 'https://127.0.0.1:%d' % c.web_port, 'laura', PASSWORD,
                                       folder / 'mail.html', out)
        finally:
            c.stop()


if __name__ == '__main__':
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else vigia.ROOT / 'packaging' / 'pictures')
