# SPDX-License-Identifier: Apache-2.0
"""The Debian packages install, start, stop and purge cleanly: on a copy of this system that is thrown away."""
import os, shutil, subprocess
from pathlib import Path

import pytest

import service, vigia

SCRIPT = r'''
set -eu
umount() { command umount "$@" 2>/dev/null || true; }
mount -t tmpfs vigia-test "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay vigia-test -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root"
mount -t proc proc "$1/root/proc"
mount --rbind /dev "$1/root/dev"
mkdir -p "$1/root/debs"
cp "$2"/*.deb "$3" "$1/root/debs"
exec chroot "$1/root" /bin/sh -euc '
export DEBIAN_FRONTEND=noninteractive
rm -rf /run/systemd/system
ip link set lo up
find /bin /etc /lib /opt /sbin /srv /usr /var -xdev \( -path /var/lib/dpkg -o -path /var/log -o -path /var/cache -o -path /var/tmp \) -prune -o -print | sort >/tmp/before
dpkg -i /debs/*.deb
id vigia; id vigia-collector
test "$(stat -c "%a %U" /var/lib/vigia)" = "700 vigia"
vigia-agent --version; vigia-collector --version
vigia-agent check -c /etc/vigia/agent.yaml
vigia-collector init -c /etc/vigia/collector.yaml
chown -R vigia-collector: /var/lib/vigia-collector
run_as() { who=$1; what=$2; shift; exec python3 /debs/service.py /lib/systemd/system/$what.service "$(id -u "$who")" "/usr/bin/$@"; }
# Rules of the provider, tried against the samples that came with his collector.
vigia-collector bundle keygen /tmp/key >/tmp/public
vigia-collector bundle build /usr/share/vigia/rules --out /tmp/good.bundle
mkdir -p /tmp/bad/yara
printf "rule Demasiado { meta: author=\"x\" description_es=\"x\" description_en=\"x\" reference=\"x\" severity=\"low\" false_positives=\"x\" condition: filesize > 0 }\n" >/tmp/bad/yara/demasiado.yar
vigia-collector bundle build /tmp/bad --out /tmp/bad.bundle --version 999900000000
for b in good bad; do vigia-collector bundle sign /tmp/$b.bundle --key /tmp/key; chmod 644 /tmp/$b.bundle; done
vigia-collector bundle verify /tmp/good.bundle --key /tmp/key | grep tests/yara/fires
printf "bundles: {key: %s}\n" "$(cat /tmp/public)" >>/etc/vigia/agent.yaml
test ! -e /usr/share/vigia/rules/tests
(run_as vigia vigia-agent bundle apply -c /etc/vigia/agent.yaml /tmp/good.bundle)
(run_as vigia vigia-agent bundle apply -c /etc/vigia/agent.yaml /tmp/bad.bundle) 2>/tmp/why && exit 1
grep "Demasiado fires, and must not" /tmp/why || { cat /tmp/why; exit 1; }
run_as vigia-collector vigia-collector serve -c /etc/vigia/collector.yaml >/tmp/collector.log 2>&1 & c=$!
sed -i "s/interfaces: auto/interfaces: []/" /etc/vigia/agent.yaml
run_as vigia vigia-agent run -c /etc/vigia/agent.yaml >/tmp/agent.log 2>&1 & a=$!
sleep 4
kill -0 $a || { cat /tmp/agent.log; exit 1; }
kill -0 $c || { cat /tmp/collector.log; exit 1; }
(run_as vigia vigia-agent status -c /etc/vigia/agent.yaml)
kill -TERM $a $c; wait $a; wait $c
dpkg --purge vigia-agent vigia-collector vigia-rules
! id vigia 2>/dev/null; ! id vigia-collector 2>/dev/null
find /bin /etc /lib /opt /sbin /srv /usr /var -xdev \( -path /var/lib/dpkg -o -path /var/log -o -path /var/cache -o -path /var/tmp \) -prune -o -print | sort >/tmp/after
diff /tmp/before /tmp/after | grep "^>" | grep -vE " /(etc/(passwd|group|g?shadow|sub[ug]id)-?$|root)" >/tmp/left || true
cat /tmp/left; test ! -s /tmp/left
echo purged-cleanly
'
'''


@pytest.fixture(scope='module')
def packages(tmp_path_factory):
    out = tmp_path_factory.mktemp('debs')
    vigia.run('cpack', '--config', vigia.BUILD / 'CPackConfig.cmake', '-B', out, timeout=180)
    debs = sorted(out.glob('*.deb'))
    assert [d.name.split('_')[0] for d in debs] == ['vigia-agent', 'vigia-collector', 'vigia-rules']
    return out


def test_units_are_valid_and_hardened():
    for name in ('agent', 'collector'):
        path = vigia.ROOT / 'packaging' / 'systemd' / ('vigia-%s.service' % name)
        unit = path.read_text()
        for line in ('NoNewPrivileges=yes', 'ProtectSystem=strict', 'StateDirectoryMode=0700', 'Type=notify'):
            assert line in unit.split('\n')
        # A group that systemd does not know is passed over, and the service cannot lock itself down.
        assert not service.groups() or {'seccomp', 'landlock_restrict_self', 'landlock_add_rule',
                                        'landlock_create_ruleset'} <= service.calls(path)
        # What the kernel asks for watching whole drives is no part of systemd's set for services.
        assert ('CAP_SYS_ADMIN' in unit) == ('fanotify_init fanotify_mark' in unit) == (name == 'agent')


def test_install_start_stop_purge(packages, tmp_path):
    if os.geteuid() != 0:
        pytest.skip('needs root for a throw-away copy of the system')
    p = subprocess.run(['unshare', '--mount', '--net', '--pid', '--fork', '--kill-child', 'sh', '-c', SCRIPT, 'test', tmp_path, packages,
                        Path(__file__).with_name('service.py')],
                       capture_output=True, text=True, timeout=240)
    if 'vigia-test' in p.stderr and 'mount:' in p.stderr:
        pytest.skip('no overlay mounts here: ' + p.stderr[-200:])
    assert p.returncode == 0 and 'purged-cleanly' in p.stdout, p.stdout[-4000:] + p.stderr[-4000:]
