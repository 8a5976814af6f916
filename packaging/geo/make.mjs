// SPDX-License-Identifier: Apache-2.0
// make.mjs NODE_MODULES OUT: the folder `geo` of packages from npm (agent/detect/geo_owner.h says how
// owner.table is laid out).
import { copyFileSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'

const NAME_BYTES = 63
const BLOCK = 256 // rows for one of the index

/** 'first,last,asn,"name, with commas"' */
function* csv_rows(file) {
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    const parts = /^(\d+),(\d+),(\d+),(?:"((?:[^"]|"")*)"|([^"]*))\r?$/.exec(line)
    if (parts)
      yield { first: BigInt(parts[1]), last: BigInt(parts[2]), asn: Number(parts[3]), name: parts[4]?.replaceAll('""', '"') ?? parts[5] }
    else if (line !== '')
      throw new Error(`${file}: not a row: ${line}`)
  }
}

/** A name on one line of at most NAME_BYTES; a lost soft hyphen was a dash. */
function clean(name) {
  const line = name.replaceAll('\u00ad', '-').replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').replace(/\s+/g, ' ').trim()
  if (Buffer.byteLength(line) <= NAME_BYTES)
    return line
  let cut = ''
  for (const letter of line) {
    if (Buffer.byteLength(cut + letter) > NAME_BYTES - 3)
      break
    cut += letter
  }
  return cut.trimEnd() + '…'
}

class Owners {
  index = new Map()
  rows = []
  names = []
  name_at = new Map()
  name_bytes = 0

  /** From 1 on; 0 is nobody. AS 0 is nobody's (RFC 7607). */
  of(asn, name) {
    if (asn === 0)
      return 0
    const key = asn + ' ' + name
    let n = this.index.get(key)
    if (n === undefined) {
      const text = Buffer.from(clean(name))
      let at = this.name_at.get(text.toString())
      if (at === undefined) {
        at = this.name_bytes
        this.name_at.set(text.toString(), at)
        this.names.push(text)
        this.name_bytes += text.length
      }
      const row = Buffer.alloc(9)
      row.writeUInt32BE(asn, 0)
      row.writeUInt32BE(at, 4)
      row.writeUInt8(text.length, 8)
      this.rows.push(row)
      n = this.rows.length
      this.index.set(key, n)
    }
    return n
  }
}

/** Rows {first, owner} of one family without overlaps, from `file`; `shift`: low bits that are not kept. */
function networks(file, bits, shift, owners) {
  const one = 1n << shift
  const list = [...csv_rows(file)].sort((a, b) => (a.first < b.first ? -1 : a.first > b.first ? 1 : 0))
  const rows = []
  let next = 0n // the first address of which nothing is said yet
  const begin = (first, owner) => {
    if ((rows.at(-1)?.owner ?? 0) !== owner)
      rows.push({ first, owner })
  }
  for (const row of list) {
    let first = (row.first + one - 1n) >> shift
    const end = (row.last + 1n) >> shift
    if (first < next)
      first = next
    if (first >= end)
      continue
    if (first > next)
      begin(next, 0)
    begin(first, owners.of(row.asn, row.name))
    next = end
  }
  if (next < 1n << (bits - shift))
    begin(next, 0)
  if (rows.length < 10000)
    throw new Error(`${file}: only ${rows.length} networks`)
  return rows
}

/** [index, rows] of one family; `key_bytes` of an address, which `put` writes. */
function sections(rows, key_bytes, put) {
  const index = Buffer.alloc(key_bytes * Math.ceil(rows.length / BLOCK))
  const all = Buffer.alloc((key_bytes + 4) * rows.length)
  for (const [i, row] of rows.entries()) {
    put(all, row.first, (key_bytes + 4) * i)
    all.writeUInt32BE(row.owner, (key_bytes + 4) * i + key_bytes)
    if (i % BLOCK === 0)
      put(index, row.first, key_bytes * (i / BLOCK))
  }
  return [index, all]
}

function owner_table(folder) {
  const owners = new Owners()
  const v4 = networks(`${folder}/asn-ipv4-num.csv`, 32n, 0n, owners)
  const v6 = networks(`${folder}/asn-ipv6-num.csv`, 128n, 64n, owners)
  const head = Buffer.alloc(32)
  head.write('vigiaown', 'latin1')
  for (const [i, n] of [1, v4.length, v6.length, owners.rows.length, owners.name_bytes].entries())
    head.writeUInt32BE(n, 8 + 4 * i)
  const [index4, rows4] = sections(v4, 4, (to, first, at) => to.writeUInt32BE(Number(first), at))
  const [index6, rows6] = sections(v6, 8, (to, first, at) => to.writeBigUInt64BE(first, at))
  return Buffer.concat([head, index4, index6, rows4, rows6, ...owners.rows, ...owners.names])
}

/** Whole or not at all: an agent may have the old file open. */
function put(file, bytes) {
  writeFileSync(file + '.new', bytes)
  renameSync(file + '.new', file)
}

const [packages, out] = process.argv.slice(2)
mkdirSync(out, { recursive: true })
put(`${out}/owner.table`, owner_table(`${packages}/@ip-location-db/asn`))
put(`${out}/country.mmdb`, readFileSync(`${packages}/@ip-location-db/geo-whois-asn-country-mmdb/geo-whois-asn-country.mmdb`))
copyFileSync(new URL('SOURCES', import.meta.url), `${out}/SOURCES`)
