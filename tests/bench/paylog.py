# SPDX-License-Identifier: Apache-2.0
"""Payment logs of any size from a seed: a point of sale's CSV of about 160 bytes a line, and the same as
JSON lines of about 200 bytes. Card numbers are Luhn-valid and of test ranges; `cards` of them are
offered in turn, so that the tables are asked for all of them."""
import random, time

START = 1_735_711_200  # 1 January 2025, 00:00 in Mexico
HEAD = 'time,id,kind,outcome,amount,currency,card,customer,email,ip,terminal,employee,order\n'
NAMES = ('ana', 'luis', 'sofia', 'jorge', 'maria', 'carlos', 'lucia', 'pedro')
SITES = ('correo.example', 'mail.example', 'tienda.example.mx')


def card(number):
    """The Luhn-valid card of a number: 4 and twelve digits at most."""
    body = '4%014d' % (number * 7919 % 10**14)
    total = sum((ord(c) - 48) * (1 if i % 2 else 2) - (9 if i % 2 == 0 and c > '4' else 0) for i, c in enumerate(body))
    return body + str(-total % 10)


def lines(count, cards, seed):
    """(time, id, outcome, amount, card, customer, email, ip, terminal, employee) of each."""
    draw = random.Random(seed)
    known = [card(n) for n in range(min(cards, 1_000_000))] if cards <= 1_000_000 else None
    pace = 365 * 86400 / count
    for n in range(count):
        who = draw.randrange(cards) if cards < count else n % cards
        number = known[who] if known else card(who)
        amount = draw.lognormvariate(4.6, 0.8)
        stamp = time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(START + n * pace))
        yield (stamp, 'T%09d' % n, 'declined' if draw.random() < 0.02 else 'approved', amount, number, 'c%08d' % who,
               '%s.%d@%s' % (NAMES[who % 8], who, SITES[who % 3]), '198.18.%d.%d' % (who >> 8 & 255, who & 255),
               'caja-%d' % (1 + n % 3), NAMES[n % 5])


def csv(out, count, cards, seed=7):
    with open(out, 'w') as f:
        f.write(HEAD)
        for t, i, o, a, c, who, mail, ip, term, emp in lines(count, cards, seed):
            f.write('%s,%s,sale,%s,%.2f,MXN,%s,%s,%s,%s,%s,%s,pedido-%s\n' % (t, i, o, a, c, who, mail, ip, term, emp, i))


def json_lines(out, count, cards, seed=7):
    """For tests/bench/formats/lines.yaml."""
    with open(out, 'w') as f:
        for t, i, o, a, c, who, mail, ip, term, emp in lines(count, cards, seed):
            f.write('{"time":"%s","id":"%s","kind":"sale","outcome":"%s","amount":%.2f,"currency":"MXN","card":"%s","customer":"%s",'
                    '"email":"%s","ip":"%s","terminal":"%s","employee":"%s"}\n' % (t, i, o, a, c, who, mail, ip, term, emp))
