# SPDX-License-Identifier: Apache-2.0
"""What programs say inside their packets: DNS, DHCP, TLS, HTTP, SSH, SMB2, RDP, MySQL, mDNS.

Each message follows its specification (RFC 1035, 2131, 8446, 5246, 4253, [MS-SMB2], [MS-NLMP],
[MS-RDPBCGR], MySQL's client/server protocol) as far as one who reads along can tell; what would be
encrypted is random."""
import struct

from .wire import SECOND


def name(text):
    return b''.join(bytes([len(x)]) + x.encode() for x in text.split('.')) + b'\0'


def question(ident, text, qtype=1, edns=False):
    tail = b'\0\0\x29\x04\xd0\0\0\0\0\0\0' if edns else b''
    return struct.pack('>6H', ident, 0x0100, 1, 0, 0, 1 if edns else 0) + name(text) + struct.pack('>HH', qtype, 1) + tail


def answer(ident, text, qtype, rcode, records):
    """records: (type, ttl, data), all of the name that was asked."""
    body = b''.join(b'\xc0\x0c' + struct.pack('>HHIH', kind, 1, ttl, len(data)) + data for kind, ttl, data in records)
    return struct.pack('>6H', ident, 0x8180 | rcode, 1, len(records), 0, 0) + name(text) + struct.pack('>HH', qtype, 1) + body


def dhcp(op, xid, mac, kind, own=b'\0' * 4, options=()):
    """RFC 2131; kind: 1 discover, 2 offer, 3 request, 5 acknowledge. `own`: ciaddr, or yiaddr of an answer."""
    ciaddr, yiaddr = (own, b'\0' * 4) if op == 1 else (b'\0' * 4, own)
    head = struct.pack('>BBBBIHH', op, 1, 6, 0, xid, 0, 0) + ciaddr + yiaddr + b'\0' * 8 + mac + b'\0' * 10 + b'\0' * 192
    body = b'\x63\x82\x53\x63\x35\1' + bytes([kind])
    for code, data in options:
        body += bytes([code, len(data)]) + data
    return (head + body + b'\xff').ljust(300, b'\0')


# ---- TLS -------------------------------------------------------------------------------------
# Cipher suites, extensions and offered protocols as these clients send them: what tells one
# program from another in JA3 and JA4.
GREASE = (0x0a0a, 0x1a1a, 0x2a2a, 0x3a3a, 0x4a4a, 0x5a5a, 0x6a6a, 0x7a7a)
CLIENTS = {
    'chrome': ((0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014, 0x9c, 0x9d, 0x2f, 0x35),
               (0, 23, 0xff01, 10, 11, 35, 16, 5, 13, 18, 51, 45, 43, 27, 17513), ('h2', 'http/1.1'), True),
    'firefox': ((0x1301, 0x1303, 0x1302, 0xc02b, 0xc02f, 0xcca9, 0xcca8, 0xc02c, 0xc030, 0xc00a, 0xc009, 0xc013, 0xc014, 0x9c, 0x9d, 0x2f, 0x35),
                (0, 23, 0xff01, 10, 11, 35, 16, 5, 34, 51, 43, 13, 45, 28), ('h2', 'http/1.1'), False),
    'windows': ((0xc02c, 0xc02b, 0xc030, 0xc02f, 0xc024, 0xc023, 0xc028, 0xc027, 0xc00a, 0xc009, 0xc014, 0xc013, 0x9d, 0x9c, 0x3d, 0x3c, 0x35, 0x2f, 0xa),
                (0, 5, 10, 11, 13, 35, 16, 23, 0xff01), ('h2', 'http/1.1'), False),
    'windows_plain': ((0xc02c, 0xc02b, 0xc030, 0xc02f, 0xc024, 0xc023, 0xc028, 0xc027, 0xc00a, 0xc009, 0xc014, 0xc013, 0x9d, 0x9c, 0x3d, 0x3c, 0x35, 0x2f, 0xa),
                      (0, 5, 10, 11, 13, 35, 23, 0xff01), (), False),
    'iphone': ((0x1301, 0x1302, 0x1303, 0xc02c, 0xc02b, 0xcca9, 0xc030, 0xc02f, 0xcca8, 0xc00a, 0xc009, 0xc014, 0xc013, 0x9d, 0x9c, 0x35, 0x2f, 0xc008, 0xc012, 0xa),
               (0, 23, 0xff01, 10, 11, 16, 5, 13, 18, 51, 45, 43, 27, 21), ('h2', 'http/1.1'), True),
    'android': ((0x1301, 0x1302, 0x1303, 0xc02b, 0xc02c, 0xcca9, 0xc02f, 0xc030, 0xcca8, 0xc013, 0xc014, 0x9c, 0x9d, 0x2f, 0x35),
                (0, 23, 0xff01, 10, 11, 35, 16, 5, 13, 51, 45, 43), ('h2', 'http/1.1'), False),
    'device': ((0xc02b, 0xc02f, 0x9c, 0xc00a, 0xc009, 0xc013, 0xc014, 0x2f, 0x35), (0, 11, 10, 35, 22, 23, 13), (), False),
    'dotnet': ((0xc030, 0xc02f, 0x9f, 0x9e, 0xc028, 0xc027, 0xc014, 0xc013, 0x9d, 0x9c, 0x3d, 0x3c, 0x35, 0x2f), (0, 10, 11, 13, 35, 23, 0xff01), (), False),
    'go': ((0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc009, 0xc013, 0xc00a, 0xc014, 0x9c, 0x9d, 0x2f, 0x35, 0xc012, 0xa, 0x1301, 0x1302, 0x1303),
           (0, 5, 10, 11, 13, 0xff01, 18, 43, 51), ('h2', 'http/1.1'), False),
    'python': ((0x1302, 0x1303, 0x1301, 0xc02c, 0xc030, 0x9f, 0xcca9, 0xcca8, 0xccaa, 0xc02b, 0xc02f, 0x9e, 0xc024, 0xc028, 0x6b, 0xc023, 0xc027, 0x67, 0xff),
               (0, 11, 10, 35, 22, 23, 13, 43, 45, 51), ('http/1.1',), False),
}


def extension(kind, rng, sni, alpn, grease):
    curves = struct.pack('>3H', 0x001d, 0x0017, 0x0018)
    if kind == 0:
        data = sni.encode()
        return struct.pack('>HBH', len(data) + 3, 0, len(data)) + data
    if kind == 16:
        data = b''.join(bytes([len(p)]) + p.encode() for p in alpn)
        return struct.pack('>H', len(data)) + data
    fixed = {10: struct.pack('>H', 6) + curves, 11: b'\1\0', 5: b'\1\0\0\0\0', 45: b'\1\1', 27: b'\2\0\2', 0xff01: b'\0',
             13: struct.pack('>9H', 16, 0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601),
             43: b'\4\3\4\3\3' if not grease else b'\6' + struct.pack('>H', grease) + b'\3\4\3\3',
             28: b'\x40\1', 34: b'\0\x08\4\3\5\3\6\3\2\3', 17513: b'\0\3\2h2', 21: b'\0' * 120}
    if kind == 51:
        return struct.pack('>HHH', 36, 0x001d, 32) + rng.randbytes(32)
    return fixed.get(kind, b'')


def handshake(kind, body):
    return bytes([kind]) + struct.pack('>I', len(body))[1:] + body


def tls(kind, body, version=b'\3\3'):
    return b''.join(bytes([kind]) + version + struct.pack('>H', len(body[at:at + 16384])) + body[at:at + 16384]
                    for at in range(0, len(body), 16384))


def client_hello(client, sni, rng):
    """`sni` None: none is sent, as to a bare address."""
    ciphers, kinds, alpn, greased = CLIENTS[client]
    grease = rng.choice(GREASE) if greased else 0
    suites = struct.pack('>%dH' % len(ciphers), *ciphers)
    parts = [struct.pack('>HH', grease, 0)] if grease else []
    if grease:
        suites = struct.pack('>H', grease) + suites
    for kind in kinds:
        if kind == 0 and sni is None:
            continue
        data = extension(kind, rng, sni, alpn, grease)
        parts.append(struct.pack('>HH', kind, len(data)) + data)
    ext = b''.join(parts)
    body = b'\3\3' + rng.randbytes(32) + b'\x20' + rng.randbytes(32) + struct.pack('>H', len(suites)) + suites + b'\1\0' + struct.pack('>H', len(ext)) + ext
    return tls(22, handshake(1, body), b'\3\1')


def speaks13(client):
    return 43 in CLIENTS[client][1]


def server_hello(rng, modern):
    head = b'\3\3' + rng.randbytes(32) + b'\x20' + rng.randbytes(32)
    if modern:
        ext = b'\0\x2b\0\2\3\4' + b'\0\x33\0\x24\0\x1d\0\x20' + rng.randbytes(32)
        return handshake(2, head + b'\x13\1\0' + struct.pack('>H', len(ext)) + ext)
    return handshake(2, head + b'\xc0\x2f\0' + b'\0\5\xff\1\0\1\0')


def der(tag, *parts):
    body = b''.join(parts)
    n = len(body)
    head = bytes([n]) if n < 128 else bytes([0x81, n]) if n < 256 else b'\x82' + struct.pack('>H', n)
    return bytes([tag]) + head + body


def certificate(subject, issuer, names, begins, ends, rng):
    """X.509 v3 with a random key and signature; subject and issuer are texts of a common name and an
    organisation, times are UTCTime texts."""
    def person(cn, org):
        return der(0x30, *(der(0x31, der(0x30, der(6, oid), der(12, text.encode()))) for oid, text in ((b'\x55\4\x0a', org), (b'\x55\4\3', cn)) if text))
    rsa = der(0x30, der(6, b'\x2a\x86\x48\x86\xf7\x0d\1\1\1'), b'\5\0')
    signed = der(0x30, der(6, b'\x2a\x86\x48\x86\xf7\x0d\1\1\x0b'), b'\5\0')
    key = der(0x30, rsa, der(3, b'\0' + der(0x30, der(2, b'\0\xc1' + rng.randbytes(255)), b'\2\3\1\0\1')))
    alt = der(0xa3, der(0x30, der(0x30, der(6, b'\x55\x1d\x11'), der(4, der(0x30, *(der(0x82, n.encode()) for n in names)))))) if names else b''
    body = der(0x30, b'\xa0\3\2\1\2', der(2, b'\3' + rng.randbytes(15)), signed, person(*issuer),
               der(0x30, der(0x17, begins.encode()), der(0x17, ends.encode())), person(*subject), key, alt)
    return der(0x30, body, signed, der(3, b'\0' + rng.randbytes(256)))


def open_tls(client, sni, rng, cert=None):
    """The turns of a handshake; TLS 1.2 where the client offers no more or a certificate is given."""
    hello = client_hello(client, sni, rng)
    if speaks13(client) and cert is None:
        flight = tls(22, server_hello(rng, True)) + b'\x14\3\3\0\1\1' + tls(23, rng.randbytes(rng.randrange(2200, 4200)))
        return [(True, hello, 0), (False, flight, 4_000_000), (True, b'\x14\3\3\0\1\1' + tls(23, rng.randbytes(53)), 2_000_000)]
    certs = b'' if cert is None else struct.pack('>I', len(cert))[1:] + cert
    flight = tls(22, server_hello(rng, False))
    if cert is not None:  # else an earlier session goes on, without a certificate
        flight += tls(22, handshake(11, struct.pack('>I', len(certs))[1:] + certs))
        flight += tls(22, handshake(12, b'\3\0\x1d\x20' + rng.randbytes(32) + b'\4\1\1\0' + rng.randbytes(256))) + tls(22, handshake(14, b''))
        mine = tls(22, handshake(16, b'\x20' + rng.randbytes(32))) + b'\x14\3\3\0\1\1' + tls(22, rng.randbytes(40))
        return [(True, hello, 0), (False, flight, 5_000_000), (True, mine, 3_000_000), (False, b'\x14\3\3\0\1\1' + tls(22, rng.randbytes(40)), 1_000_000)]
    done = b'\x14\3\3\0\1\1' + tls(22, rng.randbytes(40))
    return [(True, hello, 0), (False, flight + done, 5_000_000), (True, done, 2_000_000)]


def app(rng, size):
    return tls(23, rng.randbytes(size)) if size else b''


# ---- SMB2, NTLM, RDP, SSH, MySQL ------------------------------------------------------------------
def smb2(command, message, session=0, tree=0, body=b'', status=0, reply=False):
    head = b'\xfeSMB' + struct.pack('<HHIHHIIQIIQ', 64, 1, status, command, 31, 1 if reply else 0, 0, message, 0xfeff, tree, session) + b'\0' * 16
    return struct.pack('>I', 64 + len(body)) + head + body


def wide(text):
    return text.encode('utf-16-le')


def ntlm(kind, rng, user='', host='', domain=''):
    flags = 0xe2888215
    if kind == 1:
        return b'NTLMSSP\0' + struct.pack('<II', 1, flags) + b'\0' * 16 + b'\x0a\0\x61\x4a\0\0\0\x0f'
    if kind == 2:
        target = wide(host)
        info = struct.pack('<HH', 2, len(target)) + target + struct.pack('<HH', 1, len(target)) + target + b'\0' * 4
        return (b'NTLMSSP\0' + struct.pack('<IHHII', 2, len(target), len(target), 56, flags) + rng.randbytes(8) + b'\0' * 8 +
                struct.pack('<HHI', len(info), len(info), 56 + len(target)) + b'\x0a\0\x61\x4a\0\0\0\x0f' + target + info)
    fields, at, data = b'', 88, b''
    parts = [rng.randbytes(24), rng.randbytes(200), wide(domain), wide(user), wide(host), rng.randbytes(16)]
    for part in parts:
        fields += struct.pack('<HHI', len(part), len(part), at)
        at, data = at + len(part), data + part
    return b'NTLMSSP\0' + struct.pack('<I', 3) + fields + struct.pack('<I', flags) + b'\x0a\0\x61\x4a\0\0\0\x0f' + b'\0' * 16 + data


def spnego(token, first):
    if first:
        inner = der(0x30, der(0xa0, der(0x30, der(6, b'\x2b\6\1\4\1\x82\x37\2\2\x0a'))), der(0xa2, der(4, token)))
        return der(0x60, der(6, b'\x2b\6\1\5\5\2'), der(0xa0, inner))
    return der(0xa1, der(0x30, der(0xa0, b'\x0a\1\1'), der(0xa2, der(4, token))))


def smb_session(rng, client, server, user, shares, reads=0, refused=False):
    """Turns of one who connects to \\\\server\\share; `refused`: the password is wrong."""
    def setup(token):
        return struct.pack('<HBBIIHHQ', 25, 0, 1, 1, 0, 88, len(token), 0) + token

    def setup_reply(token):
        return struct.pack('<HHHH', 9, 0, 72, len(token)) + token
    sid, message, pause = rng.randrange(1 << 40), 4, 2_000_000
    dialects = struct.pack('<5H', 0x0202, 0x0210, 0x0300, 0x0302, 0x0311)
    negotiate = struct.pack('<HHHHI', 36, 5, 1, 0, 0x7f) + rng.randbytes(16) + struct.pack('<IHH', 0, 0, 0) + dialects
    first = spnego(b'', True)
    agreed = struct.pack('<HHHH', 65, 1, 0x0302, 0) + rng.randbytes(16) + struct.pack('<IIIIQQHHI', 0x2f, 1 << 20, 1 << 20, 1 << 20, 0x01d9 << 48, 0, 128, len(first), 0) + first
    turns = [(True, smb2(0, 0, body=negotiate), pause), (False, smb2(0, 0, body=agreed, reply=True), pause),
             (True, smb2(1, 2, body=setup(spnego(ntlm(1, rng), True))), pause),
             (False, smb2(1, 2, sid, body=setup_reply(spnego(ntlm(2, rng, host=server), False)), status=0xc0000016, reply=True), pause),
             (True, smb2(1, 3, sid, body=setup(spnego(ntlm(3, rng, user, client, client), False))), pause),
             (False, smb2(1, 3, sid, body=struct.pack('<HHHH', 9, 0, 72, 0), status=0xc000006d if refused else 0, reply=True), pause)]
    for share in () if refused else shares:
        path = wide('\\\\%s\\%s' % (server, share))
        turns += [(True, smb2(3, message, sid, body=struct.pack('<HHHH', 9, 0, 72, len(path)) + path), pause),
                  (False, smb2(3, message, sid, 1, struct.pack('<HBBIII', 16, 2 if share == 'IPC$' else 1, 0, 0x30, 0, 0x1f01ff), reply=True), pause)]
        message += 1
    for n in range(0 if refused else reads):
        file = wide('Ventas\\corte%03d.xlsx' % rng.randrange(400))
        fid = rng.randbytes(16)
        create = struct.pack('<HBBIQQIIIIIHHII', 57, 0, 0, 2, 0, 0, 0x120089, 0, 7, 1, 0x40, 120, len(file), 0, 0) + file
        made = struct.pack('<HBBI', 89, 0, 0, 1) + b'\0' * 32 + struct.pack('<QQII', 8192, 6000, 0x80, 0) + fid + b'\0' * 8
        read = struct.pack('<HBBIQ', 49, 0x50, 0, 6000, 0) + fid + struct.pack('<IIIHH', 0, 0, 0, 0, 0) + b'\0'
        body = struct.pack('<HBBIII', 17, 80, 0, 1200, 0, 0) + b'PK\3\4' + rng.randbytes(1196)
        close = struct.pack('<HHI', 24, 0, 0) + fid
        for command, ask, reply in ((5, create, made), (8, read, body), (6, close, struct.pack('<HHI', 60, 0, 0) + b'\0' * 52)):
            turns += [(True, smb2(command, message, sid, 1, ask), pause * 5), (False, smb2(command, message, sid, 1, reply, reply=True), pause)]
            message += 1
    return turns


def ssh_try(rng, client, server, tries):
    """Turns of a log-in by SSH that fails: the banners and key exchange are readable, the rest is not."""
    def packet(body):
        pad = 8 - (len(body) + 5) % 8 + 8
        return struct.pack('>IB', len(body) + pad + 1, pad) + body + rng.randbytes(pad)

    def lists(*texts):
        return b''.join(struct.pack('>I', len(t)) + t.encode() for t in texts)
    algorithms = lists('curve25519-sha256,ecdh-sha2-nistp256,diffie-hellman-group14-sha256', 'ssh-ed25519,rsa-sha2-512,rsa-sha2-256',
                       'aes128-ctr,aes256-ctr', 'aes128-ctr,aes256-ctr', 'hmac-sha2-256,hmac-sha1', 'hmac-sha2-256,hmac-sha1', 'none', 'none', '', '') + b'\0' * 5
    kex = lambda: packet(b'\x14' + rng.randbytes(16) + algorithms)
    turns = [(False, server.encode() + b'\r\n', 0), (True, client.encode() + b'\r\n', 0), (True, kex(), 0), (False, kex(), 0),
             (True, packet(b'\x1e' + struct.pack('>I', 32) + rng.randbytes(32)), 0),
             (False, packet(b'\x1f' + struct.pack('>I', 51) + rng.randbytes(51) + struct.pack('>I', 32) + rng.randbytes(32) + struct.pack('>I', 83) + rng.randbytes(83)) + packet(b'\x15'), 0),
             (True, packet(b'\x15'), 0), (True, rng.randbytes(52), 0), (False, rng.randbytes(52), 0), (True, rng.randbytes(68), 0), (False, rng.randbytes(84), 0)]
    for _ in range(tries):
        turns += [(True, rng.randbytes(148), 300_000_000), (False, rng.randbytes(84), 2 * SECOND)]
    return turns


def rdp_try(rng, user, cert):
    """Turns of a log-in by RDP with network level authentication that fails ([MS-RDPBCGR] 1.3.1.1)."""
    cookie = b'Cookie: mstshash=' + user.encode() + b'\r\n' + b'\1\0\x08\0\x0b\0\0\0'
    ask = struct.pack('>BBHBBHHB', 3, 0, 11 + len(cookie), 6 + len(cookie), 0xe0, 0, 0, 0) + cookie
    grant = struct.pack('>BBHBBHHB', 3, 0, 19, 14, 0xd0, 0, 0x1234, 0) + b'\2\x1f\x08\0\2\0\0\0'
    return ([(True, ask, 0), (False, grant, 0)] + open_tls('windows_plain', None, rng, cert) +
            [(True, app(rng, 57 + 30), 0), (False, app(rng, 260), 0), (True, app(rng, 640), 0), (False, app(rng, 45), 0)])


def mysql_session(rng, queries):
    """Turns of a till that keeps its connection to the shop's database open: (pause ns, rows' bytes)."""
    def packet(n, body):
        return struct.pack('<I', len(body))[:3] + bytes([n]) + body
    greeting = packet(0, b'\x0a5.7.44-log\0' + struct.pack('<I', rng.randrange(1000)) + b'abcdefgh\0' + b'\xff\xf7\x21\2\0\xff\x81\x15' + b'\0' * 10 + b'ijklmnopqrst\0mysql_native_password\0')
    login = packet(1, struct.pack('<IIB', 0x000aa68d, 1 << 24, 0x21) + b'\0' * 23 + b'caja\0\x14' + rng.randbytes(20) + b'punto\0mysql_native_password\0')
    ok = packet(2, b'\0\0\0\2\0\0\0')
    text = lambda *words: b''.join(bytes([len(w)]) + w for w in words)
    column = packet(2, text(b'def', b'punto', b'articulos', b'articulos', b'precio', b'precio') + b'\x0c\x21\0\x60\0\0\0\xfd\0\0\0\0\0')
    turns = [(False, greeting, 0), (True, login, 0), (False, ok, 0)]
    for pause, size in queries:
        turns += [(True, packet(0, b'\3SELECT clave, precio FROM articulos WHERE clave = %d' % rng.randrange(10000)), pause),
                  (False, packet(1, b'\1') + column + packet(3, b'\xfe\0\0\2\0') +
                   b''.join(packet(4 + n, b'\x0b' + b'articulo %02d' % (n % 100)) for n in range(size // 16)) + packet(4 + size // 16, b'\xfe\0\0\2\0'), 0)]
    return turns


def http(method, host, path, agent, body=b'', more=''):
    length = 'Content-Length: %d\r\n' % len(body) if body or method == 'POST' else ''
    return ('%s %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: %s\r\nAccept: */*\r\n%s%s\r\n' % (method, path, host, agent, more, length)).encode() + body


def http_reply(status, body, mime='text/html', more='Server: nginx\r\n'):
    return ('HTTP/1.1 %s\r\n%sContent-Type: %s\r\nContent-Length: %d\r\n\r\n' % (status, more, mime, len(body))).encode() + body
