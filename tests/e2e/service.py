# SPDX-License-Identifier: Apache-2.0
"""Runs a program as systemd runs our service, where there is no systemd: the unit's user, capabilities and filter
of system calls. As a program: UNIT UID PROGRAM; without systemd-analyze it runs without the filter."""
import ctypes, functools, os, pwd, re, subprocess, sys
from pathlib import Path

ALLOW, EPERM = 0x7fff0000, 0x00050001  # of seccomp(2), with errno 1


def setting(unit, name):
    return [word for line in re.findall(r'^%s=(.*)$' % name, Path(unit).read_text(), re.M) for word in line.split()]


@functools.cache
def groups():
    """{@group: calls and groups}, as the systemd of this machine has them; {} where there is none."""
    try:
        text = subprocess.run(['systemd-analyze', 'syscall-filter'], capture_output=True, text=True).stdout
    except FileNotFoundError:
        return {}
    found, name = {}, None
    for line in text.split('\n'):
        if line.startswith('@'):
            name = line.strip()
            found[name] = set()
        elif name and line.startswith('    ') and not line.strip().startswith('#'):
            found[name].add(line.strip())
    return found


def calls(unit):
    """The names of the system calls that the unit allows. What the oldest systemd that we support does not know as
    a group it passes over, so that must not be needed: KeyError."""
    allowed, queue = set(), setting(unit, 'SystemCallFilter')
    while queue:
        word = queue.pop()
        if word.startswith('@'):
            queue += groups()[word]
        else:
            allowed.add(word)
    return allowed


def enter_filter(names):
    lib = ctypes.CDLL('libseccomp.so.2')
    lib.seccomp_init.restype = ctypes.c_void_p
    filter = ctypes.c_void_p(lib.seccomp_init(EPERM))
    for name in names:
        number = lib.seccomp_syscall_resolve_name(name.encode())
        if number >= 0:
            assert lib.seccomp_rule_add(filter, ALLOW, number, 0) == 0, name
    assert lib.seccomp_load(filter) == 0


def command(unit, uid):
    """What runs another command so."""
    held = ','.join(['-all'] + ['+' + c[4:].lower() for c in setting(unit, 'AmbientCapabilities')])
    try:
        gid = pwd.getpwuid(uid).pw_gid
    except KeyError:
        gid = uid
    return ['setpriv', '--reuid', str(uid), '--regid', str(gid), '--clear-groups', '--bounding-set', held,
            '--inh-caps', held, '--ambient-caps', held, '--no-new-privs',
            sys.executable, __file__, '--filter', str(unit)]


if __name__ == '__main__':
    if sys.argv[1] == '--filter':
        if groups():
            enter_filter(calls(sys.argv[2]))
        os.execv(sys.argv[3], sys.argv[3:])
    start = command(sys.argv[1], int(sys.argv[2])) + sys.argv[3:]
    os.execvp(start[0], start)
