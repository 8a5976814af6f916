# SPDX-License-Identifier: Apache-2.0
"""A year of payments of a small Mexican shop, from a seed: three terminals and a web shop, five employees
in shifts, regulars with habits, walk-ins, cash; seasons, pay-days, holidays; declines that are tried
again, refunds, voids, charge-backs, daily payouts. Honest oddities are in it: a supervisor who voids for
the others, somebody new in summer, tourists, throw-away addresses, big orders, a second coffee, late
evenings in December, stock-taking on a Sunday, a till that skips a number.

Rows are dicts in the words of rules/formats/pos-csv.yaml, times local without a zone."""
import bisect, csv, datetime, math

BEGIN = datetime.datetime(2025, 1, 1)
DAYS = 365
FIELDS = 'time id kind outcome reason amount currency card bin last4 customer email ip device terminal employee order original account country'.split()
TERMINALS = ('caja1', 'caja2', 'caja3')
STAFF = ('ana', 'beto', 'carla', 'dani', 'eva')  # eva is the supervisor
NEW_ONE = 'fer'                                  # comes for dani in summer
BINS = ('415231', '557910', '481516', '549138', '455513', '402766', '520416', '551238', '377812', '506199')
FOREIGN = {'US': ('414720', '542418', '400344'), 'ES': ('454617', '540135'), 'CA': ('450060', '518116')}
MAILS = ('gmail.com',) * 12 + ('hotmail.com',) * 6 + ('outlook.com',) * 3 + ('yahoo.com.mx',) * 2 + ('icloud.com', 'prodigy.net.mx', 'live.com.mx')
DISPOSABLE = ('mailinator.com', 'guerrillamail.com', 'yopmail.com', '10minutemail.com', 'temp-mail.org', 'sharklasers.com', 'maildrop.cc', 'getnada.com')
NETWORKS = ('187.188', '189.203', '201.141', '200.68', '187.190', '189.217', '201.102')  # of Mexican providers
HOLIDAYS = {(1, 1), (2, 3), (3, 17), (5, 1), (9, 16), (11, 17), (12, 25)}
MONTHS = (0.85, 0.95, 0.95, 1.0, 1.15, 1.0, 0.95, 1.0, 0.95, 1.0, 1.2, 1.6)
WEEKDAYS = (0.85, 0.85, 0.9, 1.0, 1.3, 1.5, 0.6)
HOURS = (4, 5, 6, 8, 10, 9, 6, 7, 9, 11, 9)  # from ten o'clock on


def letters(rng, n):
    return ''.join(rng.choice('abcdefghijklmnop') for _ in range(n))


class Card:
    def __init__(self, rng, country='MX'):
        self.token, self.last4 = 'card_' + letters(rng, 32), '%04d' % rng.randrange(10000)
        self.bin, self.country = rng.choice(FOREIGN.get(country, BINS)), country

    def fields(self):
        return {'card': self.token, 'bin': self.bin, 'last4': self.last4}


class Customer:
    """A regular of the counter or of the web shop."""
    def __init__(self, rng, n, online):
        self.card = Card(rng, 'MX' if rng.random() < 0.97 else rng.choice(list(FOREIGN)))
        self.rate = min(4.0, rng.lognormvariate(-0.8 if not online else -2.3, 0.9))  # visits a week
        self.mean = rng.lognormvariate(math.log(170 if not online else 520), 0.45)
        self.hour, self.online = rng.choices(range(10, 21), HOURS)[0], online
        self.name, self.device = 'cl%05d' % n, 'dev-%s' % letters(rng, 10)
        self.email = '%s%d@%s' % (letters(rng, 7), rng.randrange(100), rng.choice(MAILS))
        self.ip = address(rng)


def address(rng):
    return '%s.%d.%d' % (rng.choice(NETWORKS), rng.randrange(256), rng.randrange(1, 255))


class Till:
    """The log as it grows; frauds (shop/frauds.py) look up and add what they need."""
    def __init__(self, rng):
        self.rng, self.rows, self.counter, self.web = rng, [], 0, 0
        self.regulars = [Customer(rng, n, False) for n in range(350)]
        self.clients = [Customer(rng, n, True) for n in range(350, 750)]
        self.new_from = rng.randrange(150, 240)
        self.duty = {}

    # ---- who and when ----

    def staff(self, day):
        return [NEW_ONE if s == 'dani' and day >= self.new_from else s for s in STAFF]

    def hours(self, day):
        """Opening and closing in hours; None: closed."""
        d = BEGIN + datetime.timedelta(day)
        if (d.month, d.day) in HOLIDAYS:
            return None
        if d.weekday() == 6:
            return 10, 15
        return 10, 22 if d.month == 12 and d.day >= 10 else 21

    def on_duty(self, day, hour):
        """(employee, terminal) of those at work: two in a shift, a third one in the rush."""
        if day not in self.duty:
            order = self.staff(day)
            free = (day * 3) % 5
            order = [s for i, s in enumerate(order) if i != free]
            self.rng.shuffle(order)
            self.duty[day] = order
        a = self.duty[day]
        pair = (a[:2] if hour < 15 else a[2:]) + ([a[2]] if 13 <= hour < 15 else [a[1]] if 15 <= hour < 17 else [])
        return list(zip(pair, TERMINALS))

    def demand(self, day):
        d = BEGIN + datetime.timedelta(day)
        x = MONTHS[d.month - 1] * WEEKDAYS[d.weekday()]
        last = (d + datetime.timedelta(1)).month != d.month
        if d.day in (15, 16) or last or d.day == 1:
            x *= 1.35
        if d.month == 11 and 14 <= d.day <= 17:  # Buen Fin
            x *= 1.7
        if (d.month, d.day) in ((2, 13), (2, 14), (5, 9), (5, 10)):
            x *= 1.6
        return x * self.rng.lognormvariate(0, 0.12)

    # ---- rows ----

    def put(self, when, **fields):
        row, when = dict.fromkeys(FIELDS, ''), when.replace(microsecond=0)
        row.update(currency='MXN', outcome='approved', kind='sale', when=when)
        row.update(fields)
        if row['kind'] in ('sale', 'refund', 'void') and not row['id']:
            row['id'] = None  # numbered in order at the end
        self.rows.append(row)
        return row

    def sale(self, when, who, terminal, amount, card=None, **more):
        return self.put(when, employee=who, terminal=terminal, amount='%.2f' % amount, **(card.fields() if card else {}), **more)

    def order(self, when, client, amount, country=None, **more):
        fields = dict(client.card.fields(), customer=client.name, email=client.email, ip=client.ip, device=client.device,
                      country=country or client.card.country, terminal='web', amount='%.2f' % amount)
        fields.update(more)
        return self.put(when, **fields)

    def price(self, mean, spread=0.55):
        x = mean * self.rng.lognormvariate(0, spread)
        return max(8.0, round(x * 2) / 2 if self.rng.random() < 0.7 else round(x / 10) * 10 - 0.1)

    def moment(self, day, begin, end=None):
        hour = begin if end is None else self.rng.uniform(begin, end)
        return BEGIN + datetime.timedelta(days=day, seconds=int(hour * 3600))

    # ---- a day ----

    def day(self, day):
        rng, hours, demand = self.rng, self.hours(day), self.demand(day)
        if hours:
            self.counter_day(day, hours, demand)
        self.web_day(day, demand)
        self.office(day)

    def counter_day(self, day, hours, demand):
        rng, begin = self.rng, []
        usual = [h for h in range(hours[0], hours[1])]
        weights = [HOURS[min(h - 10, len(HOURS) - 1)] for h in usual]
        for _ in range(int(rng.gauss(70 * demand, 5))):
            begin.append((rng.choices(usual, weights)[0] + rng.random(), None))
        for r in self.regulars:
            if rng.random() < r.rate / 7 * min(1.5, demand):
                h = r.hour + rng.gauss(0, 1.2)
                if hours[0] <= h < hours[1]:
                    begin.append((h, r))
        if rng.random() < 0.25:  # the last ones are served after the door is shut
            begin.append((hours[1] + rng.random() * 0.4, None))
        for hour, regular in sorted(begin, key=lambda x: x[0]):
            self.visit(day, hour, regular)

    def visit(self, day, hour, regular):
        rng, when = self.rng, self.moment(day, hour)
        who, terminal = rng.choice(self.on_duty(day, hour))
        card = regular.card if regular else Card(rng, 'US' if rng.random() < 0.02 else 'MX') if rng.random() < 0.6 else None
        amount = self.price(regular.mean if regular else 170, 0.45 if regular else 0.7)
        if rng.random() < 0.0015:
            amount = self.price(1900, 0.5)  # an order for a party
        if card and rng.random() < 0.025:
            self.sale(when, who, terminal, amount, card, outcome='declined', reason=rng.choice(('insufficient_funds', 'insufficient_funds', 'do_not_honor', 'expired_card')))
            if rng.random() < 0.5:
                return
            when += datetime.timedelta(seconds=rng.randrange(20, 120))
            card = Card(rng) if rng.random() < 0.5 else card
        sold = self.sale(when, who, terminal, amount, card)
        if card and rng.random() < 0.003:  # the same again, after a while
            self.sale(when + datetime.timedelta(minutes=rng.uniform(6, 60)), who, terminal, amount, card)
        void = 0.02 if who == 'eva' else 0.007
        if rng.random() < void:
            self.put(when + datetime.timedelta(seconds=rng.randrange(15, 200)), kind='void', amount=sold['amount'], employee=who, terminal=terminal, original=sold,
                     **(card.fields() if card else {}))
        elif card and rng.random() < 0.0004:  # charged twice by mistake, put right at once
            again = self.sale(when + datetime.timedelta(seconds=rng.randrange(20, 90)), who, terminal, amount, card)
            self.put(again['when'] + datetime.timedelta(seconds=rng.randrange(60, 400)), kind='void', amount=sold['amount'], employee=who, terminal=terminal, original=again, **card.fields())
        elif rng.random() < 0.012:
            self.refund_later(day, sold, card)
        if card and rng.random() < 0.0002:
            self.charge_back(day, sold)

    def refund_later(self, day, sold, card):
        rng = self.rng
        later = day + rng.choices((0, 1, 2, 3, 5, 8, 14), (4, 5, 4, 3, 2, 1, 1))[0]
        hours = self.hours(later) if later < DAYS else None
        if not hours:
            return
        hour = rng.uniform(max(hours[0], 10.5), hours[1] - 0.1)
        when = self.moment(later, hour)
        if when <= sold['when']:
            return
        who, terminal = rng.choice(self.on_duty(later, hour))
        amount = float(sold['amount']) * (1 if rng.random() < 0.75 else rng.choice((0.25, 0.5)))
        self.put(when, kind='refund', amount='%.2f' % amount, employee=who, terminal=terminal, original=sold, **(card.fields() if card else {}))

    def charge_back(self, day, sold, after=(10, 45), reason='fraud'):
        later = day + self.rng.randrange(*after)
        if later < DAYS:
            self.put(self.moment(later, 7.5), kind='chargeback', amount=sold['amount'], original=sold, reason=reason, card=sold['card'], bin=sold['bin'], last4=sold['last4'],
                     id='cb%s' % letters(self.rng, 8))

    def web_day(self, day, demand):
        rng = self.rng
        for c in self.clients:
            if rng.random() > c.rate / 7 * demand:
                continue
            hour = rng.choices(range(24), (2, 1, 1, 0.5, 0.5, 1, 2, 3, 5, 6, 6, 6, 6, 6, 6, 6, 6, 7, 8, 9, 10, 10, 7, 4))[0] + rng.random()
            when, amount, more = self.moment(day, hour), self.price(c.mean, 0.5), {}
            if rng.random() < 0.15:
                c.ip = address(rng)
            if rng.random() < 0.006:
                more['email'] = '%s@%s' % (letters(rng, 6), rng.choice(DISPOSABLE))
            if rng.random() < 0.004:
                more['country'] = rng.choice(('US', 'US', 'ES', 'CA'))  # a gift for somebody abroad
            if rng.random() < 0.06:
                self.order(when, c, amount, outcome='declined', reason='do_not_honor', **more)
                if rng.random() < 0.4:
                    continue
                when += datetime.timedelta(minutes=rng.uniform(1, 5))
            sold = self.order(when, c, amount, **more)
            if rng.random() < 0.012:
                self.refund_later(day, sold, c.card)
            if rng.random() < 0.002:
                self.charge_back(day, sold)

    def office(self, day):
        rng, d = self.rng, BEGIN + datetime.timedelta(day)
        if d.weekday() < 5:
            self.put(self.moment(day, 6.2), kind='payout', id='po%05d' % day, amount='%.2f' % (9000 * self.demand(day)), account='012180001234567891')
        if rng.random() < 0.03:
            self.put(self.moment(day, rng.uniform(9, 20)), kind='settings', id='se%05d' % day, reason=rng.choice(('prices', 'password', 'printer', 'user')), ip=address(rng))
        if d.weekday() == 6 and d.day > 24 and d.month in (6, 9):  # stock-taking after closing time
            self.sale(self.moment(day, rng.uniform(16, 17)), 'eva', 'caja1', self.price(170))

    # ---- the log ----

    def write(self, path, rows=None):
        """Numbers the rows in order of time and writes them; a skipped number or two a year."""
        rows = sorted(self.rows if rows is None else rows, key=lambda r: r['when'])
        rng_skips = set(self.skips)
        counter, web, n = 100000, 5000, 0
        for r in rows:
            if r['id'] is None or r.get('numbered'):
                r['numbered'] = True
                n += 1
                if r['terminal'] == 'web':
                    web += 1 if r['gap'] else 2
                    r['id'] = 'W%d' % web
                else:
                    counter += 1 + (n in rng_skips)
                    r['id'] = 'V%d' % counter
        with open(path, 'w', newline='') as f:
            out = csv.writer(f)
            out.writerow(FIELDS)
            for r in rows:
                if r.get('deleted'):
                    continue
                original = r['original']
                out.writerow([r['when'].strftime('%Y-%m-%dT%H:%M:%S') if k == 'time' else original['id'] if k == 'original' and isinstance(original, dict) else r[k] for k in FIELDS])
        return len(rows)


def make(rng):
    """The whole honest year."""
    till = Till(rng)
    for day in range(DAYS):
        till.day(day)
    till.skips = {rng.randrange(30000) for _ in range(2)}
    for r in till.rows:
        r['gap'] = rng.random() < 0.85  # abandoned carts take numbers
    return till
