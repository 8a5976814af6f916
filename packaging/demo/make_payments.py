#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes payments.csv: weeks of a small shop's sales, then a day with fraud in it.

Everything is invented. Card numbers are made to pass the check digit and lie in test ranges; the log
holds them cut to first six and last four, but for a few that a careless till wrote in full.
Standard library only; the same seed gives the same bytes.

  make_payments.py OUT.csv [--lines N] [--full-cards] [--seed N]
"""
import argparse, csv, datetime, random

HEADER = ['time', 'id', 'type', 'status', 'amount', 'currency', 'card', 'customer', 'ip', 'terminal', 'employee',
          'original', 'reason']
# However long the log is: it ends here, for what lies in the future is not taken for true.
LAST_DAY, A_DAY = datetime.datetime(2026, 9, 30), 420
DISHES = [45.0, 62.0, 85.0, 120.0, 155.0, 210.0, 340.0]


def with_check_digit(body):
    total = 0
    for i, c in enumerate(reversed(body)):
        d = int(c) * (2 if i % 2 == 0 else 1)
        total += d - 9 if d > 9 else d
    return body + str(-total % 10)


def card_number(rng):
    return with_check_digit(rng.choice(['400000', '411111', '510510', '555555']) + '%09d' % rng.randrange(10 ** 9))


class Log:
    def __init__(self, rng, full_cards):
        self.rng, self.full, self.rows, self.serial = rng, full_cards, [], 0

    def add(self, when, kind, status, amount, card, terminal, employee='', customer='', ip='', original='', reason='',
            in_full=False):
        self.serial += 1
        shown = card if self.full or in_full or not card else card[:6] + '******' + card[-4:]
        self.rows.append([when, 'T%07d' % self.serial, kind, status, '%.2f' % amount, 'MXN', shown, customer, ip,
                          terminal, employee, original, reason])
        return 'T%07d' % self.serial

    def write(self, path):
        # Stable by time, as a till appends them.
        self.rows.sort(key=lambda r: r[0])
        with open(path, 'w', newline='', encoding='utf-8') as f:
            out = csv.writer(f, lineterminator='\n')
            out.writerow(HEADER)
            for r in self.rows:
                out.writerow([r[0].strftime('%Y-%m-%d %H:%M:%S')] + r[1:])


def ordinary(log, rng, lines):
    cards = [card_number(rng) for _ in range(max(200, lines // 40))]
    employees = ['ana', 'beto', 'carla', 'dani', 'eli']
    first_day = LAST_DAY - datetime.timedelta(days=(lines - 1) // A_DAY)
    for n in range(lines):
        day, of_day = divmod(n, A_DAY)
        hour = min(19.98, max(9.0, rng.gauss(14.5 if rng.random() < 0.6 else 18.5, 1.6)))
        when = first_day + datetime.timedelta(days=day, seconds=int(hour * 3600))
        who = int(len(cards) * rng.random() ** 2)
        amount = rng.choice(DISHES) * rng.choice([1, 1, 1, 2, 3]) + rng.randrange(100) / 100
        status = 'declined' if rng.random() < 0.02 else 'approved'
        online = rng.random() < 0.15
        sale = log.add(when, 'sale', status, amount, cards[who], 'web' if online else 'caja-%d' % rng.randrange(1, 3),
                       '' if online else rng.choice(employees), 'C%05d' % who,
                       '198.51.100.%d' % (who % 250) if online else '', reason='' if status == 'approved' else '51')
        if status == 'approved' and rng.random() < 0.004:
            log.add(when + datetime.timedelta(minutes=rng.randrange(5, 60)), 'refund', 'approved', amount, cards[who],
                    'caja-1', rng.choice(employees[:4]), 'C%05d' % who, original=sale)
    return LAST_DAY


def frauds(log, rng, day):
    """A bad afternoon: tried cards, one card again and again, a sale far out of the ordinary, refunds without a sale."""
    at = day + datetime.timedelta(hours=11)
    for i in range(90):
        log.add(at + datetime.timedelta(seconds=12 * i), 'auth', 'approved' if i % 7 == 0 else 'declined',
                rng.randrange(100, 500) / 100, card_number(rng), 'web', ip='203.0.113.9',
                reason='' if i % 7 == 0 else rng.choice(['05', '14', '54']))
    card = card_number(rng)
    for i in range(14):
        log.add(day + datetime.timedelta(hours=15, minutes=2 * i), 'sale', 'approved', 850 + i, card, 'caja-2', 'beto',
                'C90001')
    log.add(day + datetime.timedelta(hours=16), 'sale', 'approved', 94500.0, card_number(rng), 'caja-1', 'ana', 'C90002')
    own = card_number(rng)
    for i in range(8):
        log.add(day + datetime.timedelta(hours=19, minutes=5 * i), 'refund', 'approved', 480 + 10 * i, own, 'caja-1', 'eli')
    for i in range(3):
        log.add(day + datetime.timedelta(hours=17, minutes=i), 'sale', 'approved', 120, card_number(rng), 'caja-2', 'carla',
                in_full=True)


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument('out')
    a.add_argument('--lines', type=int, default=12600)
    a.add_argument('--full-cards', action='store_true')
    a.add_argument('--seed', type=int, default=20261122)
    a = a.parse_args()
    rng = random.Random(a.seed)
    log = Log(rng, a.full_cards)
    frauds(log, rng, ordinary(log, rng, a.lines))
    log.write(a.out)


if __name__ == '__main__':
    main()
