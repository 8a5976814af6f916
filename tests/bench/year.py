# SPDX-License-Identifier: Apache-2.0
"""A simulated year of payments (tests/bench/shop: till.py, frauds.py), twice for each seed: as it is, where
every alert is a false one, and with each kind of fraud once after the first months.

False alerts are counted by incident (detector, subject, six hours). The marks: on average 1.5 a week,
never over 3 in a week, each kind in 18 of 20 seeds. A fraud that the budget held back was not found."""
import collections, concurrent.futures, datetime, json, random, statistics, subprocess, time

import vigia
from month import incidents
from shop import frauds, till

WEEK_MARK, WORST_MARK, FOUND_MARK = 1.5, 3, 0.9
UTC6 = datetime.timedelta(hours=6)
CONFIG = 'shop: {name: Año de prueba, zone: America/Mexico_City, language: es-MX, currency: MXN}\n'


def local(text):
    return datetime.datetime.fromisoformat(text.replace('Z', '')[:19]) - UTC6


def alerts(config, log):
    """(alerts, info events, seconds)"""
    began = time.monotonic()
    p = subprocess.run([vigia.AGENT, 'pay', '-c', str(config), '--json', '--format', 'pos-csv', str(log)], capture_output=True)
    if p.returncode not in (0, 1):
        raise SystemExit('pay: exit %d: %s' % (p.returncode, p.stderr.decode(errors='replace')[-800:]))
    told = [json.loads(line) for line in p.stdout.decode().splitlines()]
    told = [e for e in told if e.get('class') == 'alert']
    return [e for e in told if e['severity'] != 'info'], [e for e in told if e['severity'] == 'info'], time.monotonic() - began


def about(event, fraud):
    """Whether an alert is this fraud's."""
    if event['detector'] not in frauds.ACCEPTED[fraud.kind].split() or not fraud.begin <= local(event['time']) <= fraud.end + datetime.timedelta(days=1):
        return False
    text = json.dumps(event, ensure_ascii=False)
    return not fraud.marks or any(m in text for m in fraud.marks)


def line(seed, e):
    return {'seed': seed, 'detector': e['detector'], 'time': str(local(e['time'])), 'subject': e['subject'].get('label') or e['subject'].get('id'),
            'peer': (e.get('peer') or {}).get('label'), 'p': e.get('p'), 'facts': e['facts']}


def one(seed, work, keep):
    clean, attacked, config = work / ('year-%d.csv' % seed), work / ('frauds-%d.csv' % seed), work / ('year-%d.yaml' % seed)
    config.write_text(CONFIG)
    shop = till.make(random.Random(seed))
    rows = shop.write(clean)
    told = frauds.make(shop, random.Random('frauds %d' % seed))
    shop.write(attacked)
    false, held, seconds = alerts(config, clean)
    seen, kept_back, _ = alerts(config, attacked)
    found = []
    for f in told:
        right = sorted((e for e in seen if about(e, f)), key=lambda e: e['time'])
        found.append({'seed': seed, 'kind': f.kind, 'note': f.note, 'begin': str(f.begin)[:16], 'hours': (local(right[0]['time']) - f.begin).total_seconds() / 3600 if right else None,
                      'detector': right[0]['detector'] if right else None, 'held': not right and any(about(e, f) for e in kept_back),
                      'others': sorted({e['detector'] for e in seen if f.begin <= local(e['time']) <= f.end + datetime.timedelta(days=1)})})
    if not keep:
        clean.unlink()
        attacked.unlink()
    return seed, rows, seconds, false, held, found


def weeks(events):
    return collections.Counter((local(e['time']) - till.BEGIN).days // 7 for e in events)


def measure(show, work, seeds, first, jobs, details, keep):
    results = []
    with concurrent.futures.ProcessPoolExecutor(jobs) as pool:
        for r in pool.map(one, range(first, first + seeds), [keep or work] * seeds, [bool(keep)] * seeds):
            results.append(r)
            for e in incidents(r[3]):
                print(json.dumps({'false': line(r[0], e)}, ensure_ascii=False), file=details, flush=True)
            for f in r[5]:
                print(json.dumps({'fraud': f}, ensure_ascii=False), file=details, flush=True)
    told = [incidents(r[3]) for r in results]
    average = sum(map(len, told)) / (seeds * till.DAYS / 7)
    worst = max(max(weeks(t).values(), default=0) for t in told)
    good = average <= WEEK_MARK and worst <= WORST_MARK
    show('year_false', seeds=seeds, transactions=results[0][1], pay_s=max(r[2] for r in results), incidents_per_week=average, worst_week=worst,
         suppressed=sum('suppressed' in e['facts'] for r in results for e in r[4]), detectors=dict(collections.Counter(e['detector'] for t in told for e in t).most_common()),
         mark_average=WEEK_MARK, mark_worst=WORST_MARK, ok=good)
    for kind in frauds.ACCEPTED:
        mine = [f for r in results for f in r[5] if f['kind'] == kind]
        right = [f['hours'] for f in mine if f['hours'] is not None]
        ok = len(right) >= FOUND_MARK * len(mine)
        good = good and ok
        show('year_' + kind, found=len(right), of=len(mine), held_by_budget=sum(f['held'] for f in mine), median_hours=statistics.median(right) if right else None, mark=FOUND_MARK, ok=ok)
    return good
