#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes name_model_table.h: how likely each letter follows another in names that people choose.

  python3 agent/detect/name_model.py > agent/detect/name_model_table.h

Learned from this tree's own words: the Spanish and English of rules and documents, and the names of
services in rules/indicators/apps.yaml. Entries are the information of a pair in eighths of a bit,
smoothed, so that a pair never seen costs about 7 bits and a frequent one 2.
"""
import math, re, sys, unicodedata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SYMBOLS = 'abcdefghijklmnopqrstuvwxyz0-^'  # every digit is 0; ^ is the border of a label


def fold(text):
    text = unicodedata.normalize('NFD', text.lower())
    return re.sub(r'[0-9]', '0', ''.join(c for c in text if not unicodedata.combining(c)))


def words():
    prose, names = set(), set()
    sources = [ROOT / 'README.md', *sorted((ROOT / 'rules').glob('*/*.yaml')), *sorted((ROOT / 'packaging/man').glob('*'))]
    for path in sources:
        text = path.read_text(encoding='utf-8', errors='replace')
        prose |= {w for w in re.findall(r'[a-z]{3,20}', re.sub(r'[^\x00-\x7f]+', lambda m: fold(m[0]), text.lower()))}
        if path.name == 'apps.yaml':
            for domain in re.findall(r'[a-z0-9-]+(?:\.[a-z0-9-]+)+', text):
                names |= {fold(label) for label in domain.split('.')[:-1] if len(label) > 2}
    return sorted(prose), sorted(names)


def main():
    count = {(a, b): 0.0 for a in SYMBOLS for b in SYMBOLS}
    prose, names = words()
    for weight, some in ((1.0, prose), (1.0, names)):
        for word in some:
            path = '^' + word + '^'
            for a, b in zip(path, path[1:]):
                count[a, b] += weight
    single = {b: sum(count[a, b] for a in SYMBOLS) for b in SYMBOLS}
    total = sum(single.values())
    out = sys.stdout.write
    out('/* SPDX-License-Identifier: Apache-2.0 */\n')
    out('/* Made by name_model.py: do not edit. Eighths of a bit, [before][after], order a-z, digit, -, border. */\n')
    out('#pragma once\n\n#include <stdint.h>\n\n')
    out('enum { NAME_SYMBOLS = %d };\n\n/* clang-format off */\n' % len(SYMBOLS))
    out('static const uint8_t NAME_BITS[NAME_SYMBOLS][NAME_SYMBOLS] = {\n')
    for a in SYMBOLS:
        n = sum(count[a, b] for b in SYMBOLS)
        row = []
        for b in SYMBOLS:
            back_off = (single[b] + 1) / (total + len(SYMBOLS))
            p = (count[a, b] + 6 * back_off) / (n + 6)
            row.append(min(96, round(-8 * math.log2(p))))
        out('    {%s},\n' % ', '.join('%d' % v for v in row))
    out('};\n/* clang-format on */\n')


main()
