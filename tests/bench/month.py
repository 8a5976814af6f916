# SPDX-License-Identifier: Apache-2.0
"""A simulated month of a shop (tests/bench/shop), twice for each seed: as it is, where every alert is
a false one, and with eight attacks from its second week on, each of which must be found.

False alerts are counted by incident (detector, subject, six hours): what the owner is mailed. The
marks: on average 1.5 a week, never over 3 in a week, 19 of 20 of each attack."""
import collections, concurrent.futures, datetime, functools, gc, json, random, statistics, subprocess, sys, time
from pathlib import Path

import vigia
from shop import attacks, days, people, recorded, wire

WEEK_MARK, WORST_MARK, FOUND_MARK = 1.5, 3, 0.95
SLACK_NS = 2 * people.HOUR
INCIDENT_NS = 6 * people.HOUR
CONFIG = '''shop: {name: Mes de prueba, zone: America/Mexico_City, language: es-MX, currency: MXN,
       hours: {mon-fri: "09:00-20:00", sat: "10:00-15:00"}}
network: {mode: mirror}
'''




def make(seed, clean, attacked, folder):
    """Writes both captures; (packets of the clean one, attacks)."""
    takes = material(folder)
    shop = people.Shop(random.Random(seed), takes)
    told = attacks.make(shop)
    extra = sorted(shop.tape.packets, key=lambda p: p[:2])
    shop.tape.packets = []
    for device in shop.devices:
        device.cache.clear()
    late, total, at = [], 0, 0
    with open(clean, 'wb', 1 << 20) as a, open(attacked, 'wb', 1 << 20) as b:
        a.write(wire.header())
        b.write(wire.header())
        for day in range(people.DAYS):
            days.make_day(shop, day)
            end = people.at(day, 24)
            fresh = sorted(late + shop.tape.packets, key=lambda p: p[:2])
            shop.tape.packets = []
            n = len(fresh)
            while n and fresh[n - 1][0] >= end:
                n -= 1
            late, today = fresh[n:], fresh[:n]
            total += n
            a.write(b''.join(wire.record(p[0], p[2], p[3]) for p in today))
            begun = at
            while at < len(extra) and extra[at][0] < end:
                at += 1
            today = sorted(today + extra[begun:at], key=lambda p: p[:2]) if at > begun else today
            b.write(b''.join(wire.record(p[0], p[2], p[3]) for p in today))
    return total, told


@functools.lru_cache(1)
def material(folder):
    return recorded.load(vigia.AGENT, folder)


def nanoseconds(text):
    whole = datetime.datetime.fromisoformat(text.replace('Z', '+00:00'))
    return int(whole.timestamp() * 1e6) * 1000


def alerts(agent, config, capture):
    """(events, suppressed, seconds): alerts above info, and how many the budget held back."""
    began = time.monotonic()
    p = subprocess.run([agent, 'read', '-c', str(config), '--json', str(capture)], capture_output=True)
    if p.returncode not in (0, 1):
        raise SystemExit('read: exit %d: %s' % (p.returncode, p.stderr.decode(errors='replace')[-800:]))
    told = [json.loads(line) for line in p.stdout.decode(errors='replace').splitlines()]
    told = [e for e in told if e.get('class') == 'alert']
    return [e for e in told if e['severity'] != 'info'], [e for e in told if e['severity'] == 'info'], time.monotonic() - began


def incidents(events):
    """The first event of each (detector, subject) that stays together for six hours."""
    last, first = {}, []
    for e in sorted(events, key=lambda e: e['time']):
        key, ns = (e['detector'], e['subject'].get('kind'), e['subject'].get('id')), nanoseconds(e['time'])
        if ns - last.get(key, -INCIDENT_NS) >= INCIDENT_NS:
            first.append(e)
            last[key] = ns
    return first


def about(event, attack):
    """Whether an alert is this attack's: right detector, host and destination, in its time."""
    ns = nanoseconds(event['time'])
    if event['detector'] not in attacks.ACCEPTED[attack.kind].split() or not attack.begin <= ns <= attack.end + SLACK_NS:
        return False
    text = json.dumps(event, ensure_ascii=False)
    named = ' '.join([str(event['facts'].get('host', ''))] + [str(v) for side in ('subject', 'peer') for v in (event.get(side) or {}).values()])
    return any(h in named.split() or h in named for h in attack.hosts) and (not attack.marks or any(m in text for m in attack.marks))


def line(seed, e):
    """What one needs to explain an alert, short."""
    local = datetime.datetime.fromtimestamp((nanoseconds(e['time']) - people.UTC6) / 1e9, datetime.timezone.utc)
    return {'seed': seed, 'detector': e['detector'], 'severity': e['severity'], 'day': (nanoseconds(e['time']) - people.BEGIN) // people.DAY,
            'time': local.strftime('%a %d %H:%M'), 'subject': e['subject'].get('label') or e['subject'].get('id'),
            'peer': (e.get('peer') or {}).get('label') or (e.get('peer') or {}).get('id'), 'p': e.get('p'), 'facts': e['facts']}


def one(seed, folder, work, keep):
    began = time.monotonic()
    gc.disable()  # millions of small objects, none in a circle
    clean, attacked, config = work / ('clean-%d.pcap' % seed), work / ('attacked-%d.pcap' % seed), work / ('agent-%d.yaml' % seed)
    config.write_text(CONFIG)
    packets, told = make(seed, clean, attacked, folder)
    made = time.monotonic() - began
    false, held, seconds = alerts(vigia.AGENT, config, clean)
    seen, kept_back, _ = alerts(vigia.AGENT, config, attacked)
    found = []
    for a in told:
        right = sorted((e for e in seen if about(e, a)), key=lambda e: e['time'])
        found.append({'seed': seed, 'attack': a.kind, 'note': a.note, 'begin': str(datetime.datetime.fromtimestamp((a.begin - people.UTC6) / 1e9, datetime.timezone.utc))[:16],
                      'minutes': (nanoseconds(right[0]['time']) - a.begin) / 6e10 if right else None,
                      'detector': right[0]['detector'] if right else None, 'held': not right and any(about(e, a) for e in kept_back),
                      'others': sorted({e['detector'] for e in seen if a.begin <= nanoseconds(e['time']) <= a.end + SLACK_NS})})
    size = clean.stat().st_size
    if not keep:
        clean.unlink()
        attacked.unlink()
    return seed, packets, size, made, seconds, false, held, found


def weeks(events):
    count = collections.Counter((nanoseconds(e['time']) - people.BEGIN) // (7 * people.DAY) for e in events)
    return [count[w] for w in range((people.DAYS + 6) // 7)]


def rolling(events):
    """Most in any seven days."""
    stamps = sorted(nanoseconds(e['time']) for e in events)
    return max((sum(1 for t in stamps if s <= t < s + 7 * people.DAY) for s in stamps), default=0)


def measure(show, work, folder, seeds, first, jobs, details, keep):
    """All seeds; `details` takes lines about each false alert and each attack."""
    results = []
    with concurrent.futures.ProcessPoolExecutor(jobs) as pool:
        for r in pool.map(one, range(first, first + seeds), [folder] * seeds, [keep or work] * seeds, [bool(keep)] * seeds):
            results.append(r)
            seed, packets, size, made, seconds, false, held, found = r
            for e in incidents(false):
                print(json.dumps({'false': line(seed, e)}, ensure_ascii=False), file=details, flush=True)
            for e in held:
                print(json.dumps({'held': {k: v for k, v in line(seed, e).items() if k != 'facts'}}, ensure_ascii=False), file=details, flush=True)
            for f in found:
                print(json.dumps({'attack': f}, ensure_ascii=False), file=details, flush=True)
    mails = [incidents(r[5]) for r in results]
    average = sum(map(len, mails)) / (seeds * people.DAYS / 7)
    worst = max(max(weeks(m)) for m in mails)
    by = collections.Counter(e['detector'] for m in mails for e in m)
    show('month_false', seeds=seeds, packets=results[0][1], bytes=results[0][2], make_s=max(r[3] for r in results), read_s=max(r[4] for r in results),
         incidents_per_week=average, worst_week=worst, worst_seven_days=max(map(rolling, mails)), events_per_week=sum(len(r[5]) for r in results) / (seeds * people.DAYS / 7),
         suppressed=sum(len(r[6]) for r in results), detectors=dict(by.most_common()), mark_average=WEEK_MARK, mark_worst=WORST_MARK, ok=average <= WEEK_MARK and worst <= WORST_MARK)
    good = average <= WEEK_MARK and worst <= WORST_MARK
    for kind in attacks.ACCEPTED:
        mine = [f for r in results for f in r[7] if f['attack'] == kind]
        right = [f['minutes'] for f in mine if f['minutes'] is not None]
        ok = len(right) >= FOUND_MARK * len(mine)
        good = good and ok
        show('month_' + kind, found=len(right), of=len(mine), held_by_budget=sum(f['held'] for f in mine), median_minutes=statistics.median(right) if right else None,
             detectors=dict(collections.Counter(f['detector'] for f in mine if f['detector'])), mark=FOUND_MARK, ok=ok)
    return good
