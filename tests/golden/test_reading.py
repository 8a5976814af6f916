# SPDX-License-Identifier: Apache-2.0
"""The owner's texts read easily: Spanish by the measure of Fernández Huerta ("Medidas sencillas de
lecturabilidad", Consigna 214, 1959; L = 206.84 - 0.60 P - 1.02 F, with P syllables in a hundred words
and F words in a sentence; 60 to 70 is plain prose), and short in both languages."""
import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
RULES = sorted((ROOT / 'rules' / 'detectors').glob('*.yaml'))
EASY = 60
WORDS = 180
TITLE = 80
STRONG = 'aeoáéó'


def syllables(word):
    """By vowels: two strong ones part, and so does an accented weak one from its neighbour."""
    count = 0
    for group in re.findall('[aeiouáéíóúü]+', re.sub('(?<=[qg])u(?=[eiéí])', '', word)):
        count += 1 + sum((a in STRONG and b in STRONG) or a in 'íú' or b in 'íú' for a, b in zip(group, group[1:]))
    return max(count, 1)


def words(text):
    return re.findall('[a-záéíóúüñ]+', re.sub(r'\{[^}]*\}', 'dato', text).lower())


def ease(text):
    sentences = [s for s in re.split(r'[.!?:;]+(?:\s|$)', text) if words(s)]
    all_words = words(text)
    return 206.84 - 60 * sum(map(syllables, all_words)) / len(all_words) - 1.02 * len(all_words) / max(len(sentences), 1)


@pytest.mark.parametrize('word,count', [('casa', 2), ('tienda', 2), ('país', 2), ('queso', 2), ('teléfono', 4), ('leer', 2),
                                        ('ciudad', 2), ('avería', 4), ('pingüino', 3), ('y', 1)])
def test_syllables(word, count):
    assert syllables(word) == count


def test_measure_tells_hard_from_easy():
    assert ease('El gato come pan. La casa es azul.') > 90
    assert ease('La parametrización inapropiada de infraestructuras computacionales interconectadas '
                'compromete irreparablemente la confidencialidad informacional organizacional.') < 0


@pytest.mark.parametrize('path', RULES, ids=lambda p: p.stem)
def test_texts(path):
    messages = yaml.safe_load(path.read_text())['messages']
    for language, texts in messages.items():
        body = ' '.join(texts[part].rstrip('.') + '.' for part in ('what', 'why', 'do') if part in texts)
        assert len(words(body)) <= WORDS, '%s: %d words' % (language, len(words(body)))
        assert len(re.sub(r'\{[^}]*\}', 'dato', texts['title'])) <= TITLE, language
        if language == 'es':
            assert ease(body) >= EASY, '%.0f: %s' % (ease(body), body)
