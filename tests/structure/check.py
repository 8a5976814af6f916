#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks that the tree keeps its shape (DESIGN, Layout; STYLE). Prints findings; exit 1 on any.

  1. Nothing in common/ or agent/ outside agent/platform/ includes or calls what Windows (with
     mingw-w64, which has dirent.h) does not have, or has with other manners.
  2. Includes point one way.
  3. Every detector has rules/detectors/NAME.yaml and a unit test, a net detector also a capture that
     fires and one that must not; every such file has a detector.
  4. Every source file has an SPDX line.
  5. No file over 500 lines (a warning, no finding).
  6. Every .c file under common/, agent/ and collector/ is in its folder's CMakeLists.txt.
  7. Every row of PROTOCOL_TABLE has a fuzzer and a unit test; every fuzzer has a corpus.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
findings, warnings = [], []


def sources(*folders, suffixes=('.c', '.h')):
    for folder in folders:
        for path in sorted((ROOT / folder).rglob('*')):
            if path.suffix in suffixes and 'node_modules' not in path.parts:
                yield path


def name(path):
    return path.relative_to(ROOT).as_posix()


def bare(text):
    """Code without comments and literals; line numbers stay."""
    def blank(m):
        return re.sub(r'[^\n]', ' ', m.group())
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', blank, text, flags=re.S)


def find(path, line, what):
    findings.append('%s:%d: %s' % (name(path), line, what))


# ---- 1. other systems -------------------------------------------------------------------------

HEADERS = re.compile(r'^\s*#\s*include\s*<((?:sys|linux|net|netinet|arpa|asm)/[^>]+|(?:unistd|fcntl|poll|signal|'
                     r'pthread|pwd|grp|sched|termios|ifaddrs|mntent|syslog|spawn|dlfcn|netdb|libgen|glob|fnmatch|'
                     r'ftw|regex|langinfo|iconv|strings|cap-ng|seccomp|endian|byteswap|semaphore|utime|wordexp)\.h)>',
                     re.M)
CALLS = '''
 fork vfork execv execve execvp execl execlp posix_spawn posix_spawnp waitpid wait4 kill raise killpg popen pclose
 pipe pipe2 dup dup2 dup3 fcntl ioctl poll ppoll epoll_create1 epoll_ctl epoll_wait select pselect
 inotify_init1 inotify_add_watch eventfd signalfd timerfd_create mmap munmap mprotect madvise memfd_create
 sigaction sigprocmask sigemptyset pthread_create pthread_mutex_lock
 open openat creat close read write pread pwrite readv writev lseek fsync fdatasync ftruncate truncate sendfile
 unlink unlinkat link symlink readlink realpath mkdir mkdtemp mkstemp rmdir fdopendir scandir
 stat lstat fstat fstatat access chmod fchmod chown fchown umask flock lockf fileno fdopen isatty ttyname nftw
 socket socketpair bind listen accept accept4 connect send sendto sendmsg recv recvfrom recvmsg shutdown
 setsockopt getsockopt getsockname getpeername getaddrinfo gethostbyname inet_ntop inet_pton gethostname
 getpid getppid getuid geteuid getgid getegid setuid setgid setresuid setgroups getpwnam getpwuid getgrnam
 prctl syscall capset setrlimit getrlimit getrusage sysconf nice chroot chdir getcwd setenv unsetenv putenv
 sleep usleep nanosleep clock_gettime clock_nanosleep gettimeofday localtime_r gmtime_r timegm strptime tzset
 getline getdelim memmem strsep strcasestr strchrnul strcasecmp strncasecmp asprintf vasprintf fmemopen
 open_memstream getrandom getentropy explicit_bzero random srandom drand48 syslog openlog dlopen dlsym uname
 gmtime localtime
'''.split()
# Not a member (x->open), not a longer name, not a declaration of our own (those have a prefix).
CALL = re.compile(r'(?<![\w>.])(%s)\s*\(' % '|'.join(CALLS))


def check_portable():
    for path in sources('common', 'agent'):
        if name(path).startswith('agent/platform/'):
            continue
        text = path.read_text()
        for m in HEADERS.finditer(text):
            find(path, text.count('\n', 0, m.start(1)) + 1, '<%s> belongs into agent/platform' % m.group(1))
        code = bare(text)
        defined = set(re.findall(r'^(\w+)\(', code, re.M))  # static functions of that name: our own
        for m in CALL.finditer(code):
            if m.group(1) not in defined:
                find(path, code.count('\n', 0, m.start()) + 1, '%s() belongs into agent/platform' % m.group(1))


# ---- 2. includes ------------------------------------------------------------------------------

# A folder may include itself and these (the longest matching folder counts).
MAY = {
    'common': [],
    'agent/platform': ['common'],
    'agent/ready': ['common', 'agent/detect'],
    'agent/detect': ['common', 'agent/platform'],  # yara.c lists and reads rule files
    'agent/config': ['common', 'agent/detect', 'agent/platform'],  # agent/config*.[ch]
    'agent/link': ['common', 'agent/detect', 'agent/platform', 'agent/config'],
    'agent/host': ['common', 'agent/platform', 'agent/config', 'agent/link'],
    'agent/net': ['common', 'agent/detect', 'agent/platform', 'agent/config', 'agent/link'],
    'agent/pay': ['common', 'agent/detect', 'agent/platform', 'agent/config', 'agent/link'],
    'agent/file': ['common', 'agent/detect', 'agent/platform', 'agent/config', 'agent/link'],
    'agent/bundle': ['common', 'agent/platform', 'agent/config'],
    'agent/trial': ['common', 'agent/detect', 'agent/net', 'agent/pay', 'agent/platform', 'agent/config', 'agent/bundle'],
    'agent/keeper': ['common', 'agent/detect/sink', 'agent/platform', 'agent/config', 'agent/link', 'agent/bundle'],
    'agent/cli': ['common', 'agent'],
    'agent/main': ['common', 'agent'],
    'collector': ['common'],
}
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.M)


def folder_of(path):
    if path.startswith('agent/config') or path.startswith('agent/main'):
        return path[:len('agent/config')] if path.startswith('agent/config') else 'agent/main'
    parts = path.split('/')
    return '/'.join(parts[:2]) if parts[0] == 'agent' else parts[0]


def check_includes():
    for path in sources('common', 'agent', 'collector'):
        text, mine = path.read_text(), folder_of(name(path))
        if mine not in MAY:
            find(path, 1, 'a folder that tests/structure/check.py does not know: say what it may include')
            continue
        for m in INCLUDE.finditer(text):
            line, target = text.count('\n', 0, m.start(1)) + 1, m.group(1)
            if not (ROOT / target).exists():
                # Generated headers lie in the build folder.
                if not target.startswith('generated') and (path.parent / target).exists():
                    find(path, line, '"%s": write the path from the root' % target)
                continue
            if folder_of(target) != mine and not any(target.startswith(may) for may in MAY[mine]):
                find(path, line, '%s may not know %s' % (mine, target))


# ---- 3. detectors -----------------------------------------------------------------------------

def check_detectors():
    detectors = {}
    for path in sources('agent/detect', 'agent/net', 'agent/pay', 'agent/file', suffixes=('.c',)):
        for m in re.finditer(r'^const struct detector \w+ = \{(.*?)^\};', path.read_text(), re.M | re.S):
            named = re.search(r'\.name\s*=\s*"([^"]+)"', m.group(1))
            if named:
                detectors[named.group(1)] = path
            else:
                find(path, 1, 'a struct detector without .name')
    rules = {p.stem: p for p in sorted((ROOT / 'rules/detectors').glob('*.yaml'))}
    tests = '\n'.join(p.stem + p.read_text() for p in sources('tests/unit', suffixes=('.c',)))
    for detector, path in sorted(detectors.items()):
        if detector not in rules:
            find(path, 1, 'no rules/detectors/%s.yaml' % detector)
        if '"%s"' % detector not in tests and 'test_' + detector.replace('.', '_') not in tests:
            find(path, 1, 'no unit test names "%s", and there is no test_%s.c' %
                 (detector, detector.replace('.', '_')))
        if detector.startswith('net.'):
            for kind in ('fires', 'quiet'):
                if not (ROOT / 'tests/fixtures/detect' / ('%s.%s.pcap' % (detector, kind))).exists():
                    find(path, 1, 'no tests/fixtures/detect/%s.%s.pcap' % (detector, kind))
    # Findings of the program itself (agent.*) and of `scan` (file.yara) have texts without a struct.
    code = '\n'.join(p.read_text() for p in sources('agent', 'collector'))
    for rule, path in rules.items():
        if rule not in detectors and '"%s"' % rule not in code:
            find(path, 1, 'nothing emits this')
        if not re.search(r'^detector:\s*%s\s*$' % re.escape(rule), path.read_text(), re.M):
            find(path, 1, 'its `detector:` is not its name')
    return len(detectors)


# ---- 4. to 6. files ---------------------------------------------------------------------------

def check_files():
    written = ['common', 'agent', 'collector', 'tests', 'packaging']
    for path in sources(*written, suffixes=('.c', '.h', '.py', '.sh', '.js', '.mjs', '.css')):
        if 'fixtures' in path.parts or 'corpus' in path.parts:
            continue
        text = path.read_text(errors='replace')
        if 'SPDX-License-Identifier: Apache-2.0' not in '\n'.join(text.split('\n')[:4]):
            find(path, 1, 'no SPDX line at the top')
        if text.count('\n') > 500:
            warnings.append('%s: %d lines; one idea a file' % (name(path), text.count('\n')))
    for path in sources('common', 'agent', 'collector', suffixes=('.c',)):
        folder, listed = path.parent, ''
        while folder != ROOT.parent:
            if (folder / 'CMakeLists.txt').exists():
                listed = (folder / 'CMakeLists.txt').read_text()
                break
            folder = folder.parent
        if not re.search(r'(?<![\w.])%s(?![\w.])' % re.escape(path.relative_to(folder).as_posix()), listed):
            find(path, 1, 'is in no CMakeLists.txt: it is never built')


# ---- 7. protocols and fuzzers -----------------------------------------------------------------

def check_protocols():
    table = ROOT / 'agent/net/proto/protocols.h'
    code = '\n'.join(p.read_text() for p in sources('agent/net', suffixes=('.c',)))
    fuzzers = '\n'.join(p.read_text() for p in sources('tests/fuzz', suffixes=('.c',)))
    tests = {p.stem: p.read_text() for p in sources('tests/unit/net', suffixes=('.c',))}
    for line, text in enumerate(table.read_text().split('\n'), 1):
        row = re.match(r'\s*X\((\w+)\)', text)
        if not row:
            continue
        row = row.group(1)
        named = re.search(r'\bPROTOCOL_%s = \{\s*\.name = "([^"]+)"' % row, code)
        if not named:
            find(table, line, 'no struct protocol PROTOCOL_%s that begins with its .name' % row)
            continue
        if not re.search(r'\bPROTOCOL_%s\b|\bFUZZ_\w+\(%s\b' % (row, row), fuzzers):
            find(table, line, 'no fuzzer names PROTOCOL_%s' % row)
        # As a whole word within a literal: what the flow or a record is called.
        said = re.compile(r'"[^"\n]*(?<![\w.])%s(?![\w.])[^"\n]*"' % re.escape(named.group(1)))
        own = 'test_' + named.group(1)
        if own not in tests and not any(said.search(text) for text in tests.values()):
            find(table, line, 'no unit test in tests/unit/net says "%s", and there is no %s.c' % (named.group(1), own))
    for lists in sorted((ROOT / 'tests/fuzz').rglob('CMakeLists.txt')):
        for fuzzer in re.findall(r'^vg_fuzzer\((\w+)', lists.read_text(), re.M):
            corpus = ROOT / 'tests/fuzz/corpus' / fuzzer
            if not corpus.is_dir() or not any(p.stat().st_size for p in corpus.iterdir() if p.is_file()):
                find(lists, 1, '%s has no corpus in tests/fuzz/corpus' % fuzzer)


def main():
    check_portable()
    check_includes()
    check_detectors()
    check_files()
    check_protocols()
    for text in warnings:
        print('warning: ' + text)
    for text in sorted(set(findings)):
        print(text)
    print('%d findings, %d warnings' % (len(set(findings)), len(warnings)))
    return 1 if findings else 0


if __name__ == '__main__':
    sys.exit(main())
