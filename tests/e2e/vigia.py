# SPDX-License-Identifier: Apache-2.0
"""The real programs, started and watched by the end-to-end tests. Everything on 127.0.0.1."""
import contextlib, email, email.policy, json, os, re, shutil, signal, socket, sqlite3, subprocess, time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / os.environ.get('VIGIA_BUILD', 'build/release')
AGENT = str(BUILD / 'vigia-agent')
COLLECTOR = str(BUILD / 'vigia-collector')
SHARED = ROOT.parent / 'shared'
SANDBOX = os.environ.get('VIGIA_SANDBOX', 'on') != 'off'
STAMPS = ('id', 'store', 'seq', 'incident', 'recorded')


def run(*argv, check=True, timeout=60, env=None, stdin=None):
    p = subprocess.run([str(a) for a in argv], capture_output=True, text=True, timeout=timeout, input=stdin,
                       env={**os.environ, 'NO_COLOR': '1', **(env or {})}, errors='replace')
    if check and p.returncode != 0:
        raise AssertionError('%s: exit %d\n%s\n%s' % (argv, p.returncode, p.stdout[-3000:], p.stderr[-3000:]))
    return p


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


def wait_for(what, seconds=30, every=0.1):
    """Calls what() until it gives something true; fails after so many seconds."""
    end = time.monotonic() + seconds
    while True:
        got = what()
        if got:
            return got
        if time.monotonic() > end:
            raise AssertionError('waited %g s in vain for %s' % (seconds, getattr(what, '__name__', what)))
        time.sleep(every)


def canonical(event):
    return json.dumps({k: v for k, v in event.items() if k not in STAMPS}, sort_keys=True)


def quote(text):
    return json.dumps(str(text))


class Process:
    """A program of ours with its output in a file; ended by its own pid."""

    def __init__(self, argv, log, env=None):
        self.argv, self.log = [str(a) for a in argv], Path(log)
        with open(self.log, 'ab') as f:
            self.process = subprocess.Popen(self.argv, stdout=f, stderr=f, stdin=subprocess.DEVNULL,
                                            env={**os.environ, **(env or {})}, start_new_session=True)
        self.pid = self.process.pid

    def alive(self):
        return self.process.poll() is None

    def children(self):
        """pids below this one, by /proc."""
        found, queue = [], [self.pid]
        while queue:
            for task in Path('/proc/%d/task' % queue.pop()).glob('*/children'):
                with contextlib.suppress(OSError):
                    more = [int(x) for x in task.read_text().split()]
                    found += more
                    queue += more
        return found

    def workers(self):
        """{name: pid} of the workers below this process."""
        names = {}
        for pid in self.children():
            with contextlib.suppress(OSError):
                argv = Path('/proc/%d/cmdline' % pid).read_bytes().split(b'\0')
                if b'--worker' in argv:
                    names[argv[argv.index(b'--worker') + 1].decode()] = pid
        return names

    def kill(self):
        if self.alive():
            self.process.kill()
        self.process.wait(20)

    def stop(self, seconds=30):
        if self.alive():
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError('%s did not stop; its log ends:\n%s' % (self.argv[0], self.tail()))

    def tail(self, n=4000):
        return self.log.read_text(errors='replace')[-n:] if self.log.exists() else ''


class Collector:
    def __init__(self, folder, mail=True, extra='sign_in: {second_factor: optional}\n'):
        self.dir = Path(folder)
        self.dir.mkdir(parents=True, exist_ok=True)
        self.agents_port, self.web_port = free_port(), free_port()
        self.config, self.state, self.maildir = self.dir / 'collector.yaml', self.dir / 'state', self.dir / 'mail'
        self.config.write_text('''state_dir: %s
listen: {agents: "127.0.0.1:%d", web: "127.0.0.1:%d"}
mail: {transport: maildir, dir: %s}
%s''' % (quote(self.state), self.agents_port, self.web_port, quote(self.maildir), extra))
        self.process = None
        self.cli('init')

    def cli(self, *argv, **options):
        return run(COLLECTOR, argv[0], '-c', self.config, *argv[1:], **options)

    def site(self, tenant='Clientes', name='Tacos El Güero', mail='owner@example.mx', language='es-MX'):
        self.cli('tenant', 'add', tenant, check=False)
        return self.cli('site', 'add', tenant, name, '--zone', 'America/Mexico_City', '--language', language,
                        '--mail', mail).stdout.strip()

    def token(self, site='Tacos El Güero'):
        return re.search(r'https://\S+?#sha256=[0-9a-fA-F]{64}', self.cli('token', site).stdout).group(0)

    def start(self):
        self.process = Process([COLLECTOR, 'serve', '-c', self.config] + ([] if SANDBOX else ['--no-sandbox']),
                               self.dir / 'collector.log')

        def up():
            if not self.process.alive():
                raise AssertionError('collector ended:\n' + self.process.tail())
            for port in (self.agents_port, self.web_port):
                with socket.socket() as s:
                    if s.connect_ex(('127.0.0.1', port)) != 0:
                        return False
            return True
        wait_for(up)
        return self

    def stop(self):
        if self.process:
            self.process.stop()

    def kill(self):
        self.process.kill()

    def events(self):
        lines = self.cli('export').stdout.split('\n')
        return [json.loads(x) for x in lines if x.strip()]

    def mails(self):
        found = []
        for path in sorted(self.maildir.glob('**/new/*')) + sorted(self.maildir.glob('**/cur/*')):
            found.append(email.message_from_bytes(path.read_bytes(), policy=email.policy.default))
        return found


class Agent:
    def __init__(self, folder, config='', sandbox=SANDBOX, name='Tacos El Güero', inside=()):
        """`inside`: the command that runs another one in a namespace, ahead of all of ours."""
        self.dir, self.sandbox, self.inside = Path(folder), sandbox, list(inside)
        self.dir.mkdir(parents=True, exist_ok=True)
        self.config, self.state = self.dir / 'agent.yaml', self.dir / 'state'
        self.process, self.name = None, name
        self.configure(config)

    def configure(self, config):
        """`config` replaces nothing below: shop and store are always ours."""
        stay = '' if 'service:' in config else 'service: {user: root}\n'  # whatever users this machine has
        self.config.write_text('''shop: {name: %s, zone: America/Mexico_City, language: es-MX, currency: MXN}
store: {path: %s}
%s%s''' % (quote(self.name), quote(self.state), stay, config))

    def cli(self, *argv, **options):
        return run(*self.inside, AGENT, argv[0], '-c', self.config, *argv[1:], **options)

    def enroll(self, url):
        return self.cli('enroll', url)

    def start(self):
        # What a killed keeper left says nothing about the one that starts now.
        (self.state / 'status.json').unlink(missing_ok=True)
        self.process = Process(self.inside + [AGENT, 'run', '-c', self.config] +
                               ([] if self.sandbox else ['--no-sandbox']), self.dir / 'agent.log')
        return self

    def stop(self, seconds=30):
        return self.process.stop(seconds) if self.process else 0

    def kill(self):
        """The keeper alone, as the system would; its workers must follow by themselves."""
        children = self.process.children()
        self.process.kill()
        wait_for(lambda: not any(os.path.exists('/proc/%d' % c) and
                                 open('/proc/%d/stat' % c).read().split(')')[1].split()[0] != 'Z'
                                 for c in children), 10)

    def status(self):
        p = self.cli('status', '--json', check=False)
        with contextlib.suppress(ValueError):
            return json.loads(p.stdout)
        return {}

    def events(self):
        return [json.loads(x) for x in self.cli('export').stdout.split('\n') if x.strip()]


def alerts(events):
    return [e for e in events if e['class'] == 'alert']


def idle(agent, seconds=120):
    """Waits until the agent's finite input is read, whatever happened to it before."""
    def done():
        if not agent.process.alive():
            raise AssertionError('agent ended:\n' + agent.process.tail())
        wanted = {w['name']: w.get('health') or {} for w in agent.status().get('workers') or []
                  if w.get('name') in ('net', 'pay') and w.get('pid') == agent.process.workers().get(w['name'])}
        sensors = {'net', 'pay'} & set(agent.process.workers())
        return sensors and set(wanted) == sensors and all(h.get('done') or h.get('caught_up') for h in wanted.values())
    return wait_for(done, seconds, 0.3)
