"""Normalization: when two names count as one, and the 64-bit digest that stands for a name whatever its spelling.

Letter case, spacing and punctuation never count. Of companies the legal form does not count either: `Acme Corp.` is no
new name beside `ACME INC`. What ``new``, ``distinct`` and ``exclude_names`` mean goes by this; a model keeps the rule
of its list, and the digests of every name of it, so that a model alone can tell a new name from one that it has read.
(Digests can be guessed by trying names: they save space, they hide nothing.)

A known name has a digest of 64 bits, or less: to tell whether a name is among N, whole numbers below 256·N do, so that
one name in 256 that is none of them is taken for one. A Rice code (``rice_code.py``) writes them in some 9.5 bits each.
Source: Golomb-coded sets, Putze, Sanders and Singler, "Cache-, hash-, and space-efficient Bloom filters", 2009.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from hashlib import blake2b
from pathlib import Path

import numpy as np

from namegen.core.data.rice_code import read_rising, write_rising
from namegen.errors import SettingsError
from namegen.types import Array, Bool, UInt, UInt8, UInt64

# Punctuation, spaces, controls, invisible joiners and direction marks, free-standing accents. Letters, digits,
# combining marks and pictures (emoji) stay: they are what tells one name from another.
_REMOVED_CATEGORIES = frozenset(
    ("Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Zs", "Zl", "Zp", "Cc", "Cf", "Sk")
)
_EMPTY_DIGEST = blake2b(digest_size=8)

ONE_IN_BITS = 8  # one other name in 2⁸ is taken for a known one, where digests are shortened
MOST_BY_BITS = 1 << 20  # names that are found by a bit for each number, of 32 bytes a name


class _Removal(dict[int, str | None]):
    """A table for ``str.translate`` that decides about each character when it first meets it."""

    def __missing__(self, code: int) -> str | None:
        character = chr(code)
        if code < 128:
            removed = not character.isalnum()
        else:
            removed = (
                unicodedata.category(character) in _REMOVED_CATEGORIES or 0xFE00 <= code <= 0xFE0F
            )
        self[code] = None if removed else character
        return self[code]


# The dotless ı is the one letter whose capital (I) folds to another letter (i): joined, so that case never counts.
REMOVAL = _Removal({ord("ı"): "i"})


def normalize(name: str) -> str:
    """The form of a name in which letter case, spacing, punctuation and Unicode's spellings no longer count.

    Use it to ask whether two names are the same to a reader. Unicode's compatibility form (NFKC) and case folding,
    then punctuation and spaces go; a name of nothing else keeps its folded text. Doing it twice changes nothing.

    >>> normalize("Jean-Luc O'Neil"), normalize("JEAN LUC ONEIL"), normalize("?!")
    ('jeanluconeil', 'jeanluconeil', '?!')
    """
    if name.isascii():  # nearly every name; the same result as the general way below
        lowered = name.lower()
        return lowered if lowered.isalnum() else lowered.translate(REMOVAL) or lowered
    # Removal comes first too: NFKC makes a combining accent of a free-standing one, as in O´Brien.
    while (result := _fold(name.translate(REMOVAL)).translate(REMOVAL) or _fold(name)) != name:
        name = result
    return result


def _fold(text: str) -> str:
    """Unicode's compatibility caseless form (The Unicode Standard, definition D146)."""
    once = unicodedata.normalize("NFKD", unicodedata.normalize("NFD", text).casefold())
    return unicodedata.normalize("NFKC", once.casefold())


def digest(name: str) -> int:
    """The 64-bit digest of one name: BLAKE2b, 8 bytes, of its normalized form in UTF-8, little end first.

    >>> digest("de la Cruz") == digest("De La Cruz") == digest("DeLaCruz")
    True
    """
    state = _EMPTY_DIGEST.copy()  # takes less time than a new one
    state.update(normalize(name).encode("utf-8", "surrogatepass"))
    return int.from_bytes(state.digest(), "little")


def digests(names: Iterable[str]) -> UInt64[Array, "names"]:
    """The digest of each name, in the order of the names, repeats kept.

    >>> digests(["Bob", "bob", "Al"])[0] == digest("BOB")
    np.True_
    """
    return np.fromiter(map(digest, names), np.uint64)


def is_known(candidates: UInt[Array, "names"], known: UInt[Array, "known"]) -> Bool[Array, "names"]:
    """Which candidates are among the known numbers (in rising order, as ``known_set`` makes digests).

    >>> is_known(digests(["BOB", "Zed"]), known_set(["Bob", "Al"]).numbers).tolist()
    [True, False]
    """
    if len(known) == 0:
        return np.zeros(len(candidates), dtype=bool)
    place = np.searchsorted(known, candidates)
    found: Bool[Array, "names"] = known[np.minimum(place, len(known) - 1)] == candidates
    return found


@dataclass(frozen=True, eq=False)
class KnownSet:
    """Known names.

    Attributes:
        numbers: of each name, in rising order: its digest; or of those that are ``shortened`` what is left of it, where
            two names may have the same.
        shortened: whether they are.
        others: further sets; a name is known that one of them has.

    >>> known = KnownSet.read(known_set(["Ann", "Bob"]).to_bytes())
    >>> known.holds(digests(["BOB", "Ann", "Zed"])).tolist()
    [True, True, False]
    """

    numbers: UInt64[Array, "known"]
    shortened: bool = False
    others: tuple[KnownSet, ...] = ()

    def __len__(self) -> int:
        return len(self.numbers) + sum(map(len, self.others))

    def __contains__(self, digest: int) -> bool:
        return bool(self.holds(np.array([digest], np.uint64)).any())

    def holds(self, digests: UInt64[Array, "names"]) -> Bool[Array, "names"]:
        """Which of the names of these digests are known."""
        asked = _short(digests, len(self.numbers)) if self.shortened else digests
        if self.shortened and len(self.numbers) <= MOST_BY_BITS:
            byte, bit = _byte_and_bit(asked)
            found = self._bits[byte] & bit > 0
        else:
            found = is_known(asked, self.numbers)
        for other in self.others:
            found |= other.holds(digests)
        return found

    @cached_property
    def _bits(self) -> UInt8[Array, "bytes"]:
        """A bit for each shortened number, set for those of the names: faster than a search in a sorted list."""
        bits = np.zeros((len(self.numbers) << ONE_IN_BITS - 3) or 1, np.uint8)
        np.bitwise_or.at(bits, *_byte_and_bit(self.numbers))
        return bits

    @classmethod
    def joined(cls, sets: Iterable[KnownSet]) -> KnownSet:
        """The names of all of them."""
        first, *others = sets
        return cls(first.numbers, first.shortened, (*first.others, *others))

    @cached_property
    def short(self) -> KnownSet:
        """The same names in shorter numbers. Raises ValueError: they are several sets."""
        if self.others:
            raise ValueError("the names of one list are needed")
        return (
            self
            if self.shortened
            else KnownSet(np.sort(_short(self.numbers, len(self))), shortened=True)
        )

    def to_bytes(self) -> bytes:
        """The shortened numbers as a Rice code (``rice_code.py``)."""
        return write_rising(self.short.numbers.astype(np.int64))

    @classmethod
    def read(cls, data: bytes) -> KnownSet:
        """Read what ``to_bytes`` wrote.

        Raises:
            ValueError: the bytes are cut short or damaged.
        """
        numbers, _ = read_rising(data, 0)
        made = cls(numbers.astype(np.uint64), shortened=True)
        if (len(numbers) and numbers[-1] >= len(numbers) << ONE_IN_BITS) or made.to_bytes() != data:
            raise ValueError("the known names aren't as namegen writes them")
        return made


def _short(digests: UInt64[Array, "names"], count: int) -> UInt64[Array, "names"]:
    """Whole numbers below 256 times the count, in the order of the digests. Of a digest 32 bits are enough, and the
    product with a count of as many bits fits into 64.
    """
    return ((digests >> np.uint64(32)) * np.uint64(count)) >> np.uint64(32 - ONE_IN_BITS)


def _byte_and_bit(
    numbers: UInt64[Array, "names"],
) -> tuple[UInt64[Array, "names"], UInt8[Array, "names"]]:
    return numbers >> np.uint64(3), np.uint8(1) << (numbers & np.uint64(7)).astype(np.uint8)


def scramble(numbers: UInt64[Array, "*shape"]) -> UInt64[Array, "*shape"]:
    """64 bits that look random for each number (splitmix64, Steele, Lea and Flood, 2014)."""
    mixed = numbers * np.uint64(0x9E3779B97F4A7C15) + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))


LEGAL_FORMS_FILE = Path(__file__).with_name("legal_forms.txt")
USUAL_CASE_FILE = Path(__file__).with_name("usual_case.txt")
SEPARATORS = ","  # what stands between words, beside white space
_SEPARATED = {ord(separator): " " for separator in SEPARATORS}

MAX_ENDINGS, MAX_ENDING = 10_000, 100  # the legal forms that come with namegen: 92, of up to 23


@dataclass(frozen=True)
class Normalization:
    """A rule of when two names are the same.

    Endings are left out again and again as long as a word stays: of `The Acme Co., Ltd.` first `Ltd.`, then `Co.`.
    They are whole words, one or several: `Costco` does not end with `co`, and `S. A.` is `SA`.

    Args:
        endings: what does not count at the end of a name, each as ``normalize`` gives it.
            At most MAX_ENDINGS, of at most MAX_ENDING characters: all their tails are kept.
        whole_too: a name is also known if it is known with its endings: for digests some of which were made by a rule
            without endings, as those of a blend are.

    >>> companies = normalization_of("company")
    >>> companies.normalize("The Acme Co., Ltd."), NAMES.normalize("The Acme Co., Ltd."), companies.normalize("Co.")
    ('theacme', 'theacmecoltd', 'co')
    """

    endings: tuple[str, ...] = ()
    whole_too: bool = False

    def __post_init__(self) -> None:
        if len(self.endings) > MAX_ENDINGS or max(map(len, self.endings), default=0) > MAX_ENDING:
            raise SettingsError(
                f"the endings that do not count are {len(self.endings):,}, the longest of "
                f"{max(map(len, self.endings)):,} characters: expected at most {MAX_ENDINGS:,}, of at most "
                f"{MAX_ENDING} characters"
            )

    @cached_property
    def lookup(self) -> tuple[frozenset[str], frozenset[str]]:
        """The endings, and all that they end with: what cannot grow into one needs no further look."""
        endings = frozenset(filter(None, self.endings))
        return endings, frozenset(
            ending[place:] for ending in endings for place in range(len(ending))
        )

    def without_endings(self, name: str) -> str:
        """The words of a name that count, with a space between them; none of punctuation alone.

        >>> normalization_of("company").without_endings("Barnes & Noble L.P.")
        'Barnes Noble'
        """
        if not self.endings:
            return name
        words = [
            (word, form) for word in name.translate(_SEPARATED).split() if (form := bare(word))
        ]
        kept = left([form for _, form in words], *self.lookup)
        return " ".join(word for word, _ in words[:kept]) or name

    def normalize(self, name: str) -> str:
        """The form of a name in which nothing is left of what does not count; the same for two names that are one."""
        return normalize(self.without_endings(name))

    def digests(self, names: Iterable[str]) -> UInt64[Array, "names"]:
        """The digest of each name, in the order of the names, repeats kept."""
        return digests(map(self.without_endings, names))

    def known_set(self, names: Iterable[str]) -> KnownSet:
        """The digests of a list, each once: what a checkpoint keeps.

        >>> len(normalization_of("company").known_set(["ACME CORP", "Acme, Inc.", "Aramark"]))
        2
        """
        return KnownSet(np.unique(self.digests(dict.fromkeys(names))))

    def common_words(self, names: Iterable[str]) -> set[str]:
        """Words, as ``normalize`` gives them, that stand in two names of several words: alone, they are no new name.

        >>> normalization_of("company").common_words(["Ace Energy Corp", "Bank of Acme", "SUN ENERGY INC", "Ace Inc"])
        {'energy'}
        """
        count: Counter[str] = Counter()
        for name in names:
            if " " in name and len(words := self.without_endings(name).split()) > 1:
                count.update(set(map(bare, words)) - {""})
        return {word for word, names_with_it in count.items() if names_with_it > 1}

    def are_known(
        self, names: Iterable[str], known: KnownSet, marks: UInt64[Array, "names"] | None = None
    ) -> Bool[Array, "names"]:
        """Which of the names are among the known ones.

        Args:
            names: to be read more than once.
            known: as ``known_set`` makes them: in rising order.
            marks: the digests of the names, where they are made already.
        """
        found = known.holds(self.digests(names) if marks is None else marks)
        return found | known.holds(digests(names)) if self.whole_too else found


NAMES = Normalization()
known_set = NAMES.known_set


def joint(rules: Iterable[Normalization]) -> Normalization:
    """The rule for names of several lists together: no name is new that one of the lists has by its own rule.

    >>> joint([NAMES, normalization_of("company")]).whole_too, joint([NAMES, NAMES]) == NAMES
    (True, True)
    """
    different = tuple(dict.fromkeys(rules))
    if len(different) == 1:
        return different[0]
    return Normalization(
        tuple(sorted({ending for rule in different for ending in rule.endings})), whole_too=True
    )


def bare(word: str) -> str:
    """A word as ``normalize`` gives it; empty where it is nothing but punctuation."""
    return normalize(word).translate(REMOVAL)


def left(words: Sequence[str], endings: frozenset[str], tails: frozenset[str]) -> int:
    """How many words are left without the endings; at least one, if there is one.

    Args:
        words: of a name, normalized.
        endings: each of one or several words, written as one.
        tails: all that endings end with.
    """
    count = len(words)
    while count > 1:
        place = end = count
        joined = ""
        while place > 1 and (joined := words[place - 1] + joined) in tails:
            place -= 1
            if joined in endings:
                end = place
        if end == count:
            break
        count = end
    return count


def legal_forms() -> tuple[str, ...]:
    """Legal forms of companies as one usually writes them, from ``legal_forms.txt``."""
    return _lines(LEGAL_FORMS_FILE)


@cache
def usual_spellings() -> tuple[Mapping[str, str], ...]:
    """From the forms of words to their letters as one writes them: of legal forms; of others (``usual_case.txt``)."""
    return _spellings(legal_forms()), _spellings(_lines(USUAL_CASE_FILE))


def _spellings(texts: Iterable[str]) -> Mapping[str, str]:
    words = [word for text in texts for word in text.split()]  # of two spellings the first
    return {bare(word): "".join(filter(str.isalpha, word)) for word in reversed(words)}


def _lines(file: Path) -> tuple[str, ...]:
    lines = file.read_text(encoding="utf-8").splitlines()
    return tuple(line for line in lines if line and not line.startswith("#"))


@cache
def normalization_of(name_type: str) -> Normalization:
    """The rule for a kind of list: one of ``settings.NAME_TYPES``."""
    if name_type == "plain":
        return NAMES
    return Normalization(tuple(sorted({normalize(form) for form in legal_forms()})))
