# SPDX-License-Identifier: Apache-2.0
"""The frauds of the simulated year (till.py): each kind once, at a random time after the learning months,
in one of the ways in which it is done. Each tells when it began and ended and what names it."""
import dataclasses, datetime, random

from . import till as shop

# Kind: the detectors that count as right for it.
ACCEPTED = {
    'card_testing': 'pay.card_testing',
    'decline_rate': 'pay.decline_rate',
    'velocity': 'pay.velocity',
    'amount': 'pay.amount pay.score',
    'compromised_terminal': 'pay.compromised_terminal',
    'refund': 'pay.refund',
    'void_abuse': 'pay.void_abuse',
    'duplicate_charge': 'pay.duplicate_charge',
    'split_sale': 'pay.split_sale',
    'off_hours': 'pay.off_hours',
    'new_employee_pattern': 'pay.new_employee_pattern',
    'country_mismatch': 'pay.country_mismatch',
    'disposable_email': 'pay.disposable_email',
    'account_change': 'pay.account_change',
    'chargeback_spike': 'pay.chargeback_spike',
    'missing_sales': 'pay.missing_sales',
    'collusion': 'pay.collusion',
    'card_number_exposed': 'pay.card_number_exposed',
}
FIRST_DAY, LAST_DAY = 90, 320


@dataclasses.dataclass
class Fraud:
    kind: str
    begin: datetime.datetime
    end: datetime.datetime
    marks: list  # any of these stands in the alert; none: its time is enough
    note: str


def minutes(n):
    return datetime.timedelta(minutes=n)


class Maker:
    def __init__(self, till, rng):
        self.till, self.rng = till, rng

    def day(self, first):
        """An open day with a normal evening."""
        while not self.till.hours(first) or self.till.hours(first)[1] < 20:
            first += 1
        return first

    def done(self, kind, rows, marks, note):
        for r in rows:
            r.setdefault('gap', True)
        return Fraud(kind, min(r['when'] for r in rows), max(r['when'] for r in rows), marks, note)

    def sales(self, first, last, **wanted):
        begin, end = self.till.moment(first, 0), self.till.moment(last, 0)
        return [r for r in self.till.rows if r['kind'] == 'sale' and r['outcome'] == 'approved' and begin <= r['when'] < end and 'deleted' not in r
                and all(r[k] == v for k, v in wanted.items())]

    def clerk(self, day, but=()):
        return self.rng.choice([s for s in self.till.staff(day) if s not in ('eva', *but)])

    def busy_clerk(self, day, days):
        """One who sells all through these days."""
        sold = {s: len(self.sales(day, day + days, employee=s)) for s in self.till.staff(day) if s != 'eva'}
        return self.rng.choice([s for s in sold if 2 * sold[s] >= max(sold.values())])

    # ---- from outside ----

    def card_testing(self, day):
        rng, when, rows = self.rng, self.till.moment(day, self.rng.uniform(0, 23)), []
        addresses = [shop.address(rng) for _ in range(rng.choice((1, 1, 3)))]
        bank = rng.choice(shop.BINS)
        for _ in range(rng.randrange(40, 120)):
            c = shop.Customer(rng, rng.randrange(10**5, 10**6), True)
            c.card.bin = bank if rng.random() < 0.8 else c.card.bin
            when += datetime.timedelta(seconds=rng.randrange(5, 40))
            ok = rng.random() < 0.15
            rows.append(self.till.order(when, c, rng.uniform(10, 60), ip=rng.choice(addresses), outcome='approved' if ok else 'declined', reason='' if ok else 'do_not_honor'))
        return self.done('card_testing', rows, [*addresses, bank, 'web', 'year'], '%d cards' % len(rows))

    def decline_rate(self, day):
        rng, terminal, share = self.rng, self.rng.choice(shop.TERMINALS[:2]), self.rng.uniform(0.25, 0.5)
        rows = [r for r in self.sales(day, day + rng.randrange(1, 4), terminal=terminal) if r['card'] and rng.random() < share]
        for r in rows:
            r.update(outcome='declined', reason='issuer_unavailable')
        return self.done('decline_rate', rows, [terminal, 'year'], '%.0f %% at %s' % (100 * share, terminal))

    def velocity(self, day):
        rng, card, when, rows = self.rng, shop.Card(self.rng), self.till.moment(day, self.rng.uniform(11, 17)), []
        for _ in range(rng.randrange(12, 26)):
            when += minutes(rng.uniform(2, 14))
            who, terminal = rng.choice(self.till.on_duty(day, when.hour))
            rows.append(self.till.sale(when, who, terminal, self.till.price(170), card))
        return self.done('velocity', rows, [card.token], '%d charges' % len(rows))

    def amount(self, day):
        rng = self.rng
        regular = rng.choice([r for r in self.till.regulars if r.rate > 0.7])
        hour = rng.uniform(11, 19)
        who, terminal = rng.choice(self.till.on_duty(day, hour))
        row = self.till.sale(self.till.moment(day, hour), who, terminal, rng.uniform(12000, 30000), regular.card)
        return self.done('amount', [row], [regular.card.token], row['amount'])

    def split_sale(self, day):
        rng, card, when, rows = self.rng, shop.Card(self.rng), self.till.moment(day, self.rng.uniform(11, 17)), []
        limit = rng.choice((500, 1000, 2000, 2500, 5000))
        who, terminal = rng.choice(self.till.on_duty(day, when.hour))
        for _ in range(rng.randrange(4, 8)):
            when += minutes(rng.uniform(3, 15))
            rows.append(self.till.sale(when, who, terminal, limit - rng.choice((0, 1, 5, 10, 0.02 * limit, 0.05 * limit)), card))
        return self.done('split_sale', rows, [card.token], '%d below %d' % (len(rows), limit))

    def country_mismatch(self, day):
        rng, rows, cards = self.rng, [], []
        country, network = rng.choice((('NG', '102.89'), ('RO', '86.120'), ('RU', '95.24'), ('ID', '114.125')))
        when = self.till.moment(day, rng.uniform(0, 23))
        for _ in range(rng.randrange(2, 5)):
            c = shop.Customer(rng, rng.randrange(10**5, 10**6), True)
            c.card.bin = rng.choice(shop.BINS)
            cards.append(c.card.token)
            when += minutes(rng.uniform(10, 200))
            rows.append(self.till.order(when, c, self.till.price(1200), country, ip='%s.%d.%d' % (network, rng.randrange(256), rng.randrange(1, 255))))
        return self.done('country_mismatch', rows, cards, country)

    def disposable_email(self, day):
        rng, rows, cards = self.rng, [], []
        when = self.till.moment(day, rng.uniform(0, 20))
        for _ in range(rng.randrange(5, 11)):
            c = shop.Customer(rng, rng.randrange(10**5, 10**6), True)
            c.email = '%s@%s' % (shop.letters(rng, 9), rng.choice(shop.DISPOSABLE) if rng.random() < 0.85 else 'nowhere-%s.xyz' % shop.letters(rng, 4))
            cards.append(c.card.token)
            when += minutes(rng.uniform(5, 60))
            rows.append(self.till.order(when, c, self.till.price(700)))
        return self.done('disposable_email', rows, cards, '%d orders' % len(rows))

    def account_change(self, day):
        rng, account, who = self.rng, '0121800%011d' % self.rng.randrange(10**11), '185.220.%d.%d' % (self.rng.randrange(256), self.rng.randrange(1, 255))
        rows = [self.till.put(self.till.moment(day, rng.uniform(0, 23)), kind='settings', id='se9%s' % shop.letters(rng, 6), reason='payout_account', account=account, ip=who)]
        rows += [self.till.put(rows[0]['when'] + datetime.timedelta(hours=rng.uniform(4, 40)), kind='payout', id='po9%s' % shop.letters(rng, 6), amount='%.2f' % rng.uniform(8000, 40000), account=account)]
        return self.done('account_change', rows, [], 'settings, then a payout')

    def chargeback_spike(self, day):
        rng = self.rng
        sold = rng.sample(self.sales(day - 40, day, terminal='web'), rng.randrange(9, 20))
        rows = [self.till.put(self.till.moment(day + rng.randrange(0, 12), 7.5), kind='chargeback', amount=s['amount'], original=s, reason='fraud', card=s['card'], bin=s['bin'], last4=s['last4'],
                              id='cb%s' % shop.letters(rng, 8)) for s in sold]
        return self.done('chargeback_spike', rows, [], '%d charge-backs' % len(rows))

    def compromised_terminal(self, day):
        rng, terminal = self.rng, self.rng.choice(shop.TERMINALS[:2])
        cards = [s for s in self.sales(day, day + rng.randrange(14, 30), terminal=terminal) if s['card']]
        rows = []
        for s in rng.sample(cards, min(len(cards), rng.randrange(12, 26))):
            at = (s['when'] - shop.BEGIN).days + rng.randrange(4, 20)
            if at < shop.DAYS:
                rows.append(self.till.put(self.till.moment(at, 7.5), kind='chargeback', amount=s['amount'], original=s, reason='fraud', card=s['card'], bin=s['bin'], last4=s['last4'],
                                          id='cb%s' % shop.letters(rng, 8)))
        return self.done('compromised_terminal', rows, [terminal], '%d cards of %s' % (len(rows), terminal))

    # ---- from inside ----

    def refund(self, day):
        rng, rows, who = self.rng, [], self.clerk(day)
        way = rng.choice(('own_card', 'no_sale', 'more', 'closing'))
        own = shop.Card(rng)
        for _ in range(rng.randrange(4, 8) if way != 'closing' else rng.randrange(6, 10)):
            day = self.day(day + 1)
            sold = rng.choice([s for s in self.sales(day - 4, day) if s['card'] and s['terminal'] != 'web'])
            hour = self.till.hours(day)[1] + rng.uniform(0.45, 0.8) if way == 'closing' else rng.uniform(15, 20)
            fields = {'card': sold['card'], 'bin': sold['bin'], 'last4': sold['last4']} if way != 'own_card' else own.fields()
            rows.append(self.till.put(self.till.moment(day, hour), kind='refund', employee=who, terminal=rng.choice(shop.TERMINALS[:2]),
                                      amount='%.2f' % (float(sold['amount']) * (1.8 if way == 'more' else 1)), original='V%d' % rng.randrange(9000, 99000) if way == 'no_sale' else sold, **fields))
        return self.done('refund', rows, [who], way)

    def void_abuse(self, day):
        rng, rows, who, share = self.rng, [], self.busy_clerk(day, 12), self.rng.uniform(0.08, 0.15)
        for s in self.sales(day, day + rng.randrange(12, 22), employee=who):
            if not s['card'] and rng.random() < 2.5 * share:
                rows.append(self.till.put(s['when'] + minutes(rng.uniform(2, 30)), kind='void', amount=s['amount'], employee=who, terminal=s['terminal'], original=s))
        return self.done('void_abuse', rows, [who], '%s, %d voids' % (who, len(rows)))

    def new_employee_pattern(self, day):
        rng, rows, who, old = self.rng, [], 'gil', self.busy_clerk(day, 28)
        for s in self.sales(day, day + 28, employee=old):
            s['employee'] = who
            s['moved'] = True
            if (s['when'] - self.till.moment(day, 0)).days > 5 and rng.random() < 0.1:
                rows.append(self.till.put(s['when'] + minutes(rng.uniform(1, 40)), kind=rng.choice(('refund', 'void')), amount=s['amount'], employee=who, terminal=s['terminal'], original=s,
                                          card=s['card'], bin=s['bin'], last4=s['last4']))
        return self.done('new_employee_pattern', rows, [who], '%d operations' % len(rows))

    def duplicate_charge(self, day):
        rng, rows = self.rng, []
        for s in rng.sample([s for s in self.sales(day, day + 3) if s['card'] and s['terminal'] != 'web'], rng.randrange(2, 5)):
            rows.append(self.till.put(s['when'] + datetime.timedelta(seconds=rng.randrange(15, 80)), **{k: s[k] for k in shop.FIELDS if k not in ('time', 'id')}))
        return self.done('duplicate_charge', rows, [r['card'] for r in rows], '%d charges' % len(rows))

    def off_hours(self, day):
        rng, rows, card = self.rng, [], shop.Card(self.rng)
        when, terminal = self.till.moment(day, rng.uniform(1, 5)), rng.choice(shop.TERMINALS[:2])
        for _ in range(rng.randrange(2, 6)):
            when += minutes(rng.uniform(1, 9))
            rows.append(self.till.sale(when, self.clerk(day), terminal, self.till.price(900), card))
        return self.done('off_hours', rows, [terminal], when.strftime('%H:%M'))

    def missing_sales(self, day):
        rng = self.rng
        sold = self.sales(day, day + 1)
        at = rng.randrange(5, max(6, len(sold) - 20))
        rows = [s for s in sold if s['terminal'] != 'web'][at:at + rng.randrange(3, 16)]
        for s in rows:
            s['deleted'] = True
        return self.done('missing_sales', rows, [], '%d sales' % len(rows))

    def collusion(self, day):
        rng, rows, who, friend = self.rng, [], self.clerk(day), shop.Card(self.rng)
        for d in range(day, day + rng.randrange(42, 60)):
            hours = self.till.hours(d)
            if not hours or rng.random() > 0.6:
                continue
            for hour in rng.sample(range(hours[0], hours[1]), hours[1] - hours[0]):
                mine = [t for w, t in self.till.on_duty(d, hour) if w == who]
                if mine:
                    rows.append(self.till.sale(self.till.moment(d, hour + rng.random()), who, mine[0], self.till.price(60), friend))
                    break
            if rows and rng.random() < 0.15:
                rows.append(self.till.put(rows[-1]['when'] + minutes(rng.uniform(5, 50)), kind='refund', amount=rows[-1]['amount'], employee=who, terminal=rows[-1]['terminal'],
                                          original=rows[-1], **friend.fields()))
        return self.done('collusion', rows, [who, friend.token], '%s, %d visits' % (who, len(rows)))

    def card_number_exposed(self, day):
        rng, rows = self.rng, self.sales(day, day + 2, terminal='web')
        for s in rows:
            s['reason'] = number(rng, s['bin'])
        return self.done('card_number_exposed', rows, [], '%d rows' % len(rows))


def number(rng, bank):
    """A card number with its check digit (Luhn)."""
    digits = [int(c) for c in bank] + [rng.randrange(10) for _ in range(9)]
    if bank.startswith('37'):
        digits.pop()
    odd = (len(digits) + 1) % 2
    total = sum(sum(divmod(2 * d, 10)) if i % 2 == odd else d for i, d in enumerate(digits))
    return ''.join(map(str, digits)) + str(-total % 10)


def make(till, rng):
    """All kinds, spread over the year in an order of chance."""
    kinds = list(ACCEPTED)
    rng.shuffle(kinds)
    step = (LAST_DAY - FIRST_DAY) / len(kinds)
    maker = Maker(till, rng)
    return [getattr(maker, kind)(maker.day(int(FIRST_DAY + (i + rng.random()) * step))) for i, kind in enumerate(kinds)]
