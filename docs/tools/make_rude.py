"""Write ``namegen/core/data/rude.txt``: which stretches of letters no name has, as hashes.

    npm pack naughty-words@1.2.0 && tar xzf naughty-words-1.2.0.tgz      the one step that needs the network
    python docs/tools/make_rude.py package

The words are those of LDNOOBW in Latin letters, and a few MORE. The bundled lists decide how each counts. A word
counts in the widest *form* that is safe: anywhere in a name, else at the end and at the beginning of a word of it, else
as a whole word. Words of other languages than English, which say little inside of names, count as whole words
alone. Of short English words forms such as -s, -ie and -er are tried, too (``near_forms``).

- A form that no real name has is safe if chance lets expect few: the trigrams of real names say how many.
- If real names have it, the letter on each open side is its context, and real names in their contexts are allowed. A
  real name whose context no other one has would be refused, were it not in the lists: it is *alone*. So the names that
  are alone tell how many names outside the lists are refused. The form is safe if at most MAX_ALONE names are alone,
  and less than the share ALONE of those that have it; or if a single name has it, and it has LONG_ENOUGH letters or an
  edge.
- A real name that is itself one of the English words is none if the lists have it less often than COMMON times.

Run it again when the bundled lists change.
"""

from __future__ import annotations

import json
import sys
from collections import Counter, defaultdict
from collections.abc import Container
from functools import cache
from pathlib import Path

from namegen.core.data.rude import MAX_STRETCH, RUDE_FILE, folded, hash_of
from namegen.lists import BUNDLED, load_bundled

# Those in Latin letters.
LANGUAGES = ("cs", "da", "de", "en", "eo", "es", "fi", "fil", "fr", "fr-CA-u-sd-caqc", "hu", "it", "kab", "nl", "no")
LANGUAGES += ("pl", "pt", "sv", "tr")
# What LDNOOBW lacks, or has as a whole word alone, found by reading 5,000 new names of each shipped model.
MORE = ("cuck", "fart", "fecker", "ficker", "kaffer", "kaffir", "nigg", "pecker", "prick", "scheiser", "shitte")
MORE += ("chuj", "fanculo", "kurw", "kutas", "pedofil", "pizd")
MAX_ALONE, ALONE, LONG_ENOUGH, COMMON = 4, 0.3, 5, 3
MIN_LETTERS, MIN_LETTERS_ELSEWHERE, MIN_LETTERS_OF_SEVERAL, MAX_NEAR = 3, 5, 8, 5
EXPECTED, EXPECTED_NEAR, EXPECTED_ELSEWHERE = 3.0, 1.2, 0.01  # names of those in the lists
VOWELS = "aeiouy"


HEAD = """\
# Hashes of rude words, made by docs/tools/make_rude.py from the List of Dirty, Naughty, Obscene, and Otherwise Bad
# Words (LDNOOBW, https://github.com/LDNOOBW/List-of-Dirty-Naughty-Obscene-and-Otherwise-Bad-Words), npm package
# naughty-words 1.2.0, licensed CC BY 4.0 (https://creativecommons.org/licenses/by/4.0/). Changes: words in Latin
# letters alone and a few more, bound to the edges of a word where real names have them, near forms added, all hashed.
"""


class RealNames:
    """The words of all bundled lists, each once, and what letters follow each other in them.

    Args:
        rude: words that have to be COMMON in the lists in order to be among them, as `dick` is.
    """

    def __init__(self, rude: Container[str]) -> None:
        counts = Counter(word for name in BUNDLED for word in folded(load_bundled(name).names).split())
        words = [word for word, count in counts.items() if word not in rude or count >= COMMON]
        self.text = "\n".join(f" {word} " for word in sorted(words))
        padded = [f"  {word} " for word in words]
        self.pairs = Counter(word[k : k + 2] for word in padded for k in range(len(word) - 2))
        self.triples = Counter(word[k : k + 3] for word in padded for k in range(len(word) - 2))

    def expected(self, form: str) -> float:
        """How many words have a form by chance, if each letter depends on the two before it."""
        number = float(self.triples[form[:3]])
        for k in range(1, len(form) - 2):
            number *= self.triples[form[k : k + 3]] / max(1, self.pairs[form[k : k + 2]])
        return number

    @cache  # noqa: B019 - there is one
    def contexts(self, form: str) -> dict[str, set[int]]:
        """For each context of a form the words that have it there, by their places."""
        found: dict[str, set[int]] = defaultdict(set)
        start = self.text.find(form)
        while start >= 0:
            end = start + len(form)
            context = self.text[start - (form[0] != " ") : end + (form[-1] != " ")]
            found[context].add(self.text.rfind("\n", 0, start + 1))
            start = self.text.find(form, start + 1)
        return found


def is_safe(form: str, names: RealNames, expected: float) -> bool:
    """Whether hardly a real name would be refused for a form; see the head of this file."""
    contexts = names.contexts(form)
    having = set().union(*contexts.values())
    if not having or expected < EXPECTED:
        return len(having) <= 1 and names.expected(form) <= expected
    alone = set().union(*(words for words in contexts.values() if len(words) == 1))
    single = len(having) == 1 and (" " in form or len(form) >= LONG_ENOUGH)
    return single or (len(alone) <= MAX_ALONE and len(alone) < len(having) * ALONE)


def near_forms(word: str) -> list[str]:
    """What is said for a word: with an s or a z, or with a vowel behind it, before which a last letter may be doubled.

    >>> near_forms("bob")
    [' bobs ', ' bobbs ', ' bobz ', ' bobba', ' bobbe', ' bobbi', ' bobbo', ' bobbu', ' bobby']
    """
    double = len(word) > 2 and word[-1] not in VOWELS + "wx" and word[-2] in VOWELS and word[-3] not in VOWELS
    stem = word + word[-1] if double else word
    vowels = VOWELS if word[-1] not in VOWELS else ""
    return [f" {word}s ", f" {word}{word[-1]}s ", f" {word}z ", *(f" {stem}{vowel}" for vowel in vowels)]


def forms_of(words: dict[str, bool], names: RealNames) -> dict[str, set[str]]:
    """The forms that are refused, and of each the contexts in which it is not.

    Args:
        words: whether each is English.
        names: what they are held against.
    """
    refused: dict[str, set[str]] = {}

    def refuse(form: str, expected: float) -> bool:
        if any(shorter in form and not contexts for shorter, contexts in refused.items()):
            return True  # by that already
        safe = is_safe(form, names, expected)
        if safe:
            refused[form] = set(names.contexts(form))
        return safe

    for word in sorted(words, key=lambda one: (len(one), one)):
        english, whole = words[word], f" {word} "
        shortest = MIN_LETTERS_OF_SEVERAL if " " in word else MIN_LETTERS if english else MIN_LETTERS_ELSEWHERE
        if not shortest <= len(word) <= MAX_STRETCH - 2 or (english and refuse(word, EXPECTED)):
            continue
        edges = [refuse(form, EXPECTED) for form in (f"{word} ", f" {word}")] if english else []
        if not any(edges) and not names.contexts(whole):
            refuse(whole, EXPECTED if english else EXPECTED_ELSEWHERE)
        for form in near_forms(word) if english and len(word) <= MAX_NEAR else ():
            refuse(form, EXPECTED_NEAR)
    return refused


def main(package: Path) -> dict[str, set[str]]:
    """Write the file."""
    words = dict.fromkeys(MORE, True)
    for language in LANGUAGES:
        for word in json.loads((package / f"{language}.json").read_text(encoding="utf-8")):
            form = folded([word]).strip()
            words[form] = words.get(form, False) or language == "en"
    refused = forms_of(words, RealNames({word for word, english in words.items() if english}))
    allowed = set().union(*refused.values())
    lines = [f"{value:08x}" for value in sorted(map(hash_of, refused))]
    lines += [f"+{value:08x}" for value in sorted(map(hash_of, allowed))]
    RUDE_FILE.write_text(HEAD + "\n".join(lines) + "\n", encoding="utf-8")
    print(f"{RUDE_FILE.name}: {len(refused):,} stretches are refused, {len(allowed):,} allowed all the same")
    return refused


if __name__ == "__main__":
    main(Path(sys.argv[1]))
