#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Quality of the payment scores on the Fraud Detection Handbook's data, and the speed, as one JSON
# line; yardstick: `wc -l` of the same file. Without arguments no labels are given to the agent;
# with `labels` they come back seven days late. Skips where ../shared is absent.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
shared=$root/../shared
agent=$root/build/release/vigia-agent
data=$shared/data/pay/handbook_dev.csv.zst
if [ ! -f "$data" ] || [ ! -x "$agent" ]; then
    echo '{"bench": "pay_handbook", "skipped": "no ../shared data or no release build"}'
    exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
zstd -dq "$data" -o "$work/handbook.csv"
set -- "${1:-}"
labels=false
if [ "$1" = labels ]; then
    labels=true
    awk -F, 'NR == 1 { print "id,fraud" } NR > 1 { print $1 "," $6 }' "$work/handbook.csv" \
        > "$work/labels.csv"
    set -- --labels "$work/labels.csv" --label-delay 7d
else
    set --
fi
/usr/bin/python3 - "$agent" "$work" "$root" "$shared" "$labels" "$@" <<'PY'
import json, os, resource, subprocess, sys, time
agent, work, root, shared, labels, *more = sys.argv[1:]
def run(*argv):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    p = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if p.returncode not in (0, 1):
        sys.exit('%s: exit %d' % (argv[0], p.returncode))
    return p.stdout, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
log, scores = work + '/handbook.csv', work + '/scores.csv'
alerts, cpu = run(agent, 'pay', log, '--format', root + '/tests/bench/formats/handbook.yaml',
                  '--scores', scores, '--json', *more)
count, wc = run('wc', '-l', log)
verdict, _ = run('/usr/bin/python3', shared + '/tools/pay_eval.py', '--data', log, '--scores', scores,
                 '--handbook', '2018-07-25', '--json')
v, n = json.loads(verdict), int(count.split()[0]) - 1
loud = sum(1 for line in alerts.splitlines() if json.loads(line)['severity'] != 'info')
print(json.dumps({'bench': 'pay_handbook', 'labels': labels == 'true', 'transactions': n,
                  'average_precision': round(v['ap'], 4), 'auc': round(v['auc'], 4),
                  'card_precision_100': round(v['cp@100'], 4), 'alerts': loud,
                  'transactions_per_cpu_s': round(n / cpu), 'cpu_s': round(cpu, 2),
                  'yardstick_wc_cpu_s': round(wc, 3)}))
PY
