# SPDX-License-Identifier: Apache-2.0
"""YARA on what passes: HTTP, SMB, FTP and mail, each with a match over the border of two chunks, at every place
where the border may lie; and what was not looked at is counted."""
import base64, json, sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'e2e'))
from vigia import AGENT, ROOT, run

sys.path.insert(0, str(ROOT / 'tests/fixtures/detect'))
from wire_smb import *

BAD = (ROOT / 'tests/fixtures/yara/webshell_php.hit').read_bytes()
PAD = b'// nothing in here\n' * 60
BODY = PAD + BAD + PAD
# Borders before, within and after the strings of the rule.
CUTS = [len(PAD) + n for n in range(0, len(BAD) + 1, 16)]


def http(c, cut):
    t = c.tcp(OFFICE, WORLD, 80)
    t.send('c', b'GET /a.txt HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: Mozilla/5.0\r\n\r\n')
    t.send('s', b'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n')
    for part in (BODY[:cut], BODY[cut:], b''):
        t.send('s', b'%x\r\n%s\r\n' % (len(part), part))
    t.close()


def http_upload(c, cut):
    t = c.tcp(OFFICE, WORLD, 80)
    t.send('c', b'PUT /a.txt HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: Mozilla/5.0\r\nContent-Length: %d\r\n\r\n' % len(BODY))
    t.send('c', BODY[:cut]).send('c', BODY[cut:])
    t.send('s', b'HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n').close()


def smb_write(c, cut):
    s = Smb(c, OFFICE, CAJA).connect('\\\\%s\\Docs' % CAJA)
    s.open('web\\a.php', made=True).write(BODY[:cut]).write(BODY[cut:], cut).shut().close()


def smb_read(c, cut):
    s = Smb(c, OFFICE, CAJA).connect('\\\\%s\\Docs' % CAJA)
    s.open('web\\a.php', size=len(BODY)).read(BODY[:cut]).read(BODY[cut:], cut).shut().close()


def ftp(c, cut):
    t = c.tcp(OFFICE, WORLD, 21)
    t.send('s', b'220 hello\r\n')
    port = ','.join(WORLD.split('.')) + ',195,80'
    for ask, answer in ((b'USER a', b'331 more'), (b'PASS b', b'230 in'), (b'PASV', b'227 Entering Passive Mode (%s).' % port.encode()),
                        (b'RETR a.php', b'150 here it comes')):
        t.send('c', ask + b'\r\n').send('s', answer + b'\r\n')
    d = c.tcp(OFFICE, WORLD, 195 * 256 + 80, at=c.now)
    d.send('s', BODY[:cut]).send('s', BODY[cut:]).close()
    t.now = d.now + 0.01
    t.send('s', b'226 done\r\n').send('c', b'QUIT\r\n').send('s', b'221 bye\r\n').close()


def mail(c, cut):
    lines = base64.encodebytes(BODY)
    text = (b'From: a@shop.example\r\nTo: b@shop.example\r\nSubject: factura\r\nMIME-Version: 1.0\r\n'
            b'Content-Type: multipart/mixed; boundary="x"\r\n\r\n--x\r\nContent-Type: text/plain\r\n\r\nhola\r\n--x\r\n'
            b'Content-Type: application/octet-stream; name="a.php"\r\nContent-Transfer-Encoding: base64\r\n'
            b'Content-Disposition: attachment; filename="a.php"\r\n\r\n' + lines.replace(b'\n', b'\r\n') + b'--x--\r\n.\r\n')
    t = c.tcp(OFFICE, WORLD, 25)
    t.send('s', b'220 mx\r\n')
    for ask, answer in ((b'EHLO pc', b'250 mx'), (b'MAIL FROM:<a@shop.example>', b'250 ok'), (b'RCPT TO:<b@shop.example>', b'250 ok'),
                        (b'DATA', b'354 go on')):
        t.send('c', ask + b'\r\n').send('s', answer + b'\r\n')
    at = text.index(b'\r\n\r\n', text.index(b'a.php"\r\n\r\n')) + 4 + cut * 4 // 3  # in the encoded text
    t.send('c', text[:at]).send('c', text[at:]).send('s', b'250 queued\r\n').send('c', b'QUIT\r\n').send('s', b'221 bye\r\n').close()


@pytest.mark.parametrize('way', [http, http_upload, smb_write, smb_read, ftp, mail])
def test_found_over_the_border(way, tmp_path):
    for cut in CUTS:
        c = Capture()
        way(c, cut)
        c.pcap(tmp_path / 'a.pcap')
        p = run(AGENT, 'read', '--json', tmp_path / 'a.pcap', check=False)
        found = [e for e in map(json.loads, p.stdout.splitlines()) if e['detector'] == 'net.yara']
        assert [e['facts']['rule'] for e in found] == ['Vigia_Webshell_PHP'], (way.__name__, cut, p.stderr)
