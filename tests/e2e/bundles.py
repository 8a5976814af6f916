# SPDX-License-Identifier: Apache-2.0
"""Bundles of rules for the tests, honest ones by vigia-collector, the others by hand."""
import hashlib, io, json, os, re, shutil, subprocess, tarfile, time
from pathlib import Path

import vigia

MAGIC = b'VIGIA-BUNDLE-1\n\0'
DRY_RULE = 'rule Prueba_%s { meta: severity = "medium" strings: $a = "%s" condition: $a }\n'


def iso(seconds):
    return time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(seconds))


class Maker:
    """A provider with a key, away from any collector."""

    def __init__(self, folder):
        self.dir = Path(folder)
        self.dir.mkdir(parents=True, exist_ok=True)
        self.key = self.dir / 'sign.key'
        self.public = self.cli('keygen', self.key).stdout.strip()
        self.version = 202611300000

    def cli(self, *argv, **options):
        return vigia.run(vigia.COLLECTOR, 'bundle', *argv, **options)

    def folder(self, files):
        """A folder of rules with these files: {path: text or bytes}."""
        root = self.dir / ('rules-%d' % self.version)
        shutil.rmtree(root, ignore_errors=True)
        for path, text in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(text if isinstance(text, bytes) else text.encode())
        return root

    def unsigned(self, files, *options, version=None):
        version = version or self.version + 1
        self.version = max(self.version, version)
        out = self.dir / ('%d.bundle' % version)
        self.cli('build', self.folder(files), '--out', out, '--version', str(version), *options)
        return out

    def make(self, files, *options, version=None):
        out = self.unsigned(files, *options, version=version)
        self.cli('sign', out, '--key', self.key)
        return out

    def rule(self, name, text='nothing says this', **more):
        return self.make({'yara/prueba.yar': DRY_RULE % (name, text), **more})

    def sign(self, archive):
        text = self.dir / 'text'
        text.write_bytes(MAGIC + archive)
        signature = self.dir / 'signature'
        subprocess.run(['openssl', 'pkeyutl', '-sign', '-rawin', '-inkey', self.key, '-in', text, '-out', signature],
                       check=True)
        return MAGIC + signature.read_bytes() + archive

    def by_hand(self, entries, version=None, created=0, expires=86400):
        """Signed with the right key, whatever is in it: [(path, bytes)] or [(path, bytes, TarInfo changes)]."""
        self.version = version or self.version + 1
        rows = sorted(({'path': e[0], 'size': len(e[1]), 'sha256': hashlib.sha256(e[1]).hexdigest()} for e in entries),
                      key=lambda r: r['path'])
        now = time.time()
        manifest = json.dumps({'v': 1, 'version': self.version, 'created': iso(now + created),
                               'expires': iso(now + expires), 'note': '', 'files': rows}).encode()
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode='w', format=tarfile.USTAR_FORMAT) as tar:
            for e in [('manifest.json', manifest)] + sorted(entries, key=lambda e: e[0]):
                info = tarfile.TarInfo(e[0])
                info.size = len(e[1])
                for key, value in (e[2] if len(e) > 2 else {}).items():
                    setattr(info, key, value)
                tar.addfile(info, io.BytesIO(e[1]) if info.isreg() else None)
        path = self.dir / ('%d.bundle' % self.version)
        path.write_bytes(self.sign(out.getvalue()))
        return path


def state(agent):
    path = agent.state / 'bundle/state.json'
    return json.loads(path.read_text()) if path.exists() else {'now': {'version': 0}, 'refused_count': 0, 'taken': 0}


def running(agent):
    return (agent.status().get('bundle') or {}).get('version')


def told(agent, detector):
    return [e for e in agent.events() if e['detector'] == detector]
