# SPDX-License-Identifier: Apache-2.0
"""Quality of the payment scores on the public data of ../shared: without labels, with labels after seven
days, and with every fifth fraud called genuine (from a seed). Each measure carries its mark."""
import csv, json, random, resource, shutil, subprocess, sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
WRONG = 0.2  # of the frauds, called genuine
SEED = 7

# data set, window of pay_eval.py, labels (None, share that is wrong), marks
MEASURES = (
    ('handbook', ('--handbook', '2018-07-25'), None, {'average_precision': 0.245, 'precision_5_cards': 1.0}),
    ('handbook', ('--handbook', '2018-07-25'), 0, {'average_precision': 0.75, 'card_precision_100': 0.300}),
    ('handbook', ('--handbook', '2018-07-25'), WRONG, {'average_precision': 0.73}),
    ('sparkov', ('--from', '2025-03-01'), None, {'average_precision': 0.42}),
    ('sparkov', ('--from', '2025-03-01'), 0, {'average_precision': 0.50}),
)


def unpack(work, shared, name):
    packed, log = shared / 'data' / 'pay' / (name + '_dev.csv.zst'), work / (name + '.csv')
    if not log.exists():
        subprocess.run(['zstd', '-dqf', packed, '-o', log], check=True)
    return log


def labels(work, log, wrong):
    chance, path = random.Random(SEED), work / 'labels.csv'
    with open(log) as f, open(path, 'w') as out:
        out.write('id,fraud\n')
        for row in csv.DictReader(f):
            fraud = row['fraud'] == '1' and chance.random() >= wrong
            out.write('%s,%d\n' % (row['tx_id'], fraud))
    return path


def score(agent, work, shared, name, window, wrong):
    log, scores = unpack(work, shared, name), work / 'scores.csv'
    more = [] if wrong is None else ['--labels', labels(work, log, wrong), '--label-delay', '7d']
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    p = subprocess.run([agent, 'pay', log, '--format', ROOT / 'tests/bench/formats' / (name + '.yaml'),
                        '--scores', scores, '--json', *more], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if p.returncode not in (0, 1):
        sys.exit('pay: exit %d' % p.returncode)
    verdict = json.loads(subprocess.run(['/usr/bin/python3', shared / 'tools/pay_eval.py', '--data', log, '--scores', scores, '--json', *window],
                                        stdout=subprocess.PIPE, check=True).stdout)
    return {
        'average_precision': verdict['ap'], 'auc': verdict['auc'], 'card_precision_100': verdict['cp@100'],
        'precision_5_cards': verdict['budget']['5']['precision'],
        'alerts': sum(json.loads(line)['severity'] != 'info' for line in p.stdout.splitlines()),
        'cpu_s': after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
    }


def measure(agent, work, shared, show):
    """Whether all marks were met; True where there is no data."""
    if not (shared / 'data/pay').exists() or not shutil.which('zstd'):
        show('pay_score', skipped='no ../shared data')
        return True
    good = True
    for name, window, wrong, marks in MEASURES:
        figures = score(agent, work, shared, name, window, wrong)
        met = all(figures[key] >= mark for key, mark in marks.items())
        said = 'none' if wrong is None else 'after 7 days' if not wrong else 'after 7 days, %d %% wrong' % (100 * wrong)
        show('pay_score', data=name, labels=said, **figures, **{'mark_' + k: v for k, v in marks.items()}, met=met)
        good = good and met
    return good
