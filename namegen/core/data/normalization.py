"""Normalization decides when two names are the same, and hashes names so that their spelling doesn't matter.

Letter case, spaces and punctuation never matter. For companies, legal forms are also ignored: `Acme Corp.` is the same
name as `ACME INC`. ``new``, ``distinct`` and ``exclude_names`` use these rules. A model stores the rule of its list and
a hash of each name, so that it can recognize known names without the list. (The hashes save space. They don't keep
names secret, because anyone can hash a name and look it up.)

Hashes have 64 bits. To recognize N names, whole numbers below 256·N are enough if about one in 256 other names may be
taken for a known name. A file stores such numbers in ten bits each (``KnownSet.to_bytes``).
Source: P. Elias, "Efficient storage and retrieval by content and address of static files", 1974.
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

from namegen.types import Array, Bool, UInt, UInt64

# Punctuation, spaces, control characters, invisible joiners and direction marks, and accents without a letter. Letters,
# digits, combining marks and symbols (emoji) remain, because they distinguish names.
_REMOVED_CATEGORIES = {"Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Zs", "Zl", "Zp", "Cc", "Cf", "Sk"}
_EMPTY_HASH = blake2b(digest_size=8)

COUNT_BYTES = 4  # how many bytes a file has for the number of hashes
ONE_IN_BITS = 8  # with shortened hashes, about one in 2⁸ other names is taken for a known name


class _Removal(dict[int, str | None]):
    """A table for ``str.translate`` that removes the characters that don't distinguish names."""

    def __missing__(self, code: int) -> str | None:
        """Decide about a character when it first occurs: return None to remove it, otherwise the character."""
        character = chr(code)
        if character.isascii():
            is_removed = not character.isalnum()
        else:
            is_variation_selector = "\ufe00" <= character <= "\ufe0f"
            category = unicodedata.category(character)
            is_removed = is_variation_selector or category in _REMOVED_CATEGORIES
        self[code] = None if is_removed else character
        return self[code]


# The dotless ı is the only letter whose capital (I) folds to another letter (i). With it, case wouldn't be ignored.
REMOVAL = _Removal({ord("ı"): "i"})


def normalize(name: str) -> str:
    """Return the form of a name that's independent of letter case, spaces, punctuation and Unicode composition.

    Two names that a reader would call the same have the same form. The form is Unicode's compatibility composition
    (NFKC) with case folding, and without punctuation and spaces. A name that consists only of punctuation keeps it.
    Normalizing a name twice changes nothing.

    >>> normalize("Jean-Luc O'Neil"), normalize("JEAN LUC ONEIL"), normalize("?!")
    ('jeanluconeil', 'jeanluconeil', '?!')
    """
    # Nearly all names are ASCII. This is faster than the general case, with the same result.
    if name.isascii():
        lowered = name.lower()
        if lowered.isalnum():
            return lowered
        return lowered.translate(REMOVAL) or lowered
    # Folding a few rare characters makes others that also have to be folded, so repeat it until nothing changes.
    while True:
        # Remove accents without a letter first, as in O´Brien, because NFKC would turn them into combining accents.
        folded = _fold_case(name.translate(REMOVAL))
        result = folded.translate(REMOVAL) or _fold_case(name)
        if result == name:
            return result
        name = result


def _fold_case(text: str) -> str:
    """Unicode's compatibility caseless form (The Unicode Standard, definition D146)."""
    decomposed = unicodedata.normalize("NFD", text).casefold()
    compatible = unicodedata.normalize("NFKD", decomposed).casefold()
    return unicodedata.normalize("NFKC", compatible)


def hash_name(name: str) -> int:
    """Hash a name: 64 bits of BLAKE2b of its normalized form in UTF-8, as a little-endian number.

    >>> hash_name("de la Cruz") == hash_name("De La Cruz") == hash_name("DeLaCruz")
    True
    """
    state = _EMPTY_HASH.copy()  # faster than a new one
    state.update(normalize(name).encode("utf-8", "surrogatepass"))
    return int.from_bytes(state.digest(), "little")


def hash_names(names: Iterable[str]) -> UInt64[Array, "names"]:
    """Hash names, in their order and with duplicates.

    >>> hash_names(["Bob", "bob", "Al"])[0] == hash_name("BOB")
    np.True_
    """
    return np.fromiter(map(hash_name, names), np.uint64)


def is_known(candidates: UInt[Array, "names"], known: UInt[Array, "known"]) -> Bool[Array, "names"]:
    """Return which numbers, such as hashes of names, are among the known numbers, by binary search.

    Args:
        candidates: the numbers to look up.
        known: the known numbers, sorted. They may repeat.

    >>> is_known(hash_names(["BOB", "Zed"]), known_set(["Bob", "Al"]).numbers).tolist()
    [True, False]
    """
    if len(known) == 0:
        return np.zeros(len(candidates), dtype=bool)
    # The first known number that isn't below the candidate. If there's none, the last known number is different, too.
    index = np.searchsorted(known, candidates)  # (names,)
    nearest = known[np.minimum(index, len(known) - 1)]  # (names,)
    is_equal: Bool[Array, "names"] = nearest == candidates
    return is_equal


@dataclass(frozen=True, eq=False)
class KnownSet:
    """The hashes of known names.

    >>> known = KnownSet.read(known_set(["Ann", "Bob"]).to_bytes())
    >>> known.holds(hash_names(["BOB", "Ann", "Zed"])).tolist()
    [True, True, False]
    """

    numbers: UInt64[Array, "known"]  # the hash of each name, sorted; shortened hashes may repeat
    shortened: bool = False  # whether the hashes are numbers below 256 times their count
    others: tuple[KnownSet, ...] = ()  # more sets; a name is known if it's in any of them

    def __len__(self) -> int:
        return len(self.numbers) + sum(map(len, self.others))

    def __contains__(self, name_hash: int) -> bool:
        return bool(self.holds(np.array([name_hash], np.uint64)).any())

    def holds(self, hashes: UInt64[Array, "names"]) -> Bool[Array, "names"]:
        """Return which of the names with these hashes are known: those in this set or in any of the other sets."""
        hashes_here = _shorten(hashes, len(self.numbers)) if self.shortened else hashes
        known = is_known(hashes_here, self.numbers)  # (names,)
        for other in self.others:
            known |= other.holds(hashes)
        return known

    @classmethod
    def joined(cls, sets: Iterable[KnownSet]) -> KnownSet:
        """Combine sets. A name is known if it's in any of them."""
        first, *others = sets
        return cls(first.numbers, first.shortened, (*first.others, *others))

    @cached_property
    def short(self) -> KnownSet:
        """The same names with shortened hashes, for files: whole numbers below 256 times the number of names.

        Raises:
            ValueError: It's a combination of several sets.
        """
        if self.others:
            raise ValueError(
                "can't shorten the known names of several lists: give those of one list"
            )
        if self.shortened:
            return self
        numbers = _shorten(self.numbers, len(self))
        return KnownSet(np.sort(numbers), shortened=True)

    def to_bytes(self) -> bytes:
        """Write the shortened hashes in ten bits each: eight for the low byte, and two in a bitmap for the rest.

        The N numbers are rising and below 256·N, so without their low bytes, they rise from 0 to below N. The bitmap
        stores how: a 1 for each number, and a 0 for each time that the value rises by 1. For the numbers 5, 300 and
        310, the low bytes are 5, 44 and 54, the rest is 0, 1 and 1, and the bitmap starts with 1 0 1 1. So the k-th
        number is the bit k + rest. In front is N, as four bytes, little-endian.
        """
        numbers = self.short.numbers.astype(np.int64)  # (N,)
        low_bytes = (numbers & 255).astype(np.uint8)
        rest = numbers >> 8
        bitmap = np.zeros(2 * len(numbers), np.uint8)
        bitmap[np.arange(len(numbers)) + rest] = 1
        head = len(numbers).to_bytes(COUNT_BYTES, "little")
        return head + low_bytes.tobytes() + np.packbits(bitmap, bitorder="little").tobytes()

    @classmethod
    def read(cls, data: bytes) -> KnownSet:
        """Decode the result of ``to_bytes``: N, the low byte of each number, and a bitmap for the rest.

        Raises:
            ValueError: The bytes are cut short or damaged.
        """
        count = int.from_bytes(data[:COUNT_BYTES], "little")  # N
        end_of_low_bytes = COUNT_BYTES + count
        low_bytes = np.frombuffer(data[COUNT_BYTES:end_of_low_bytes], np.uint8)
        bitmap = np.frombuffer(data[end_of_low_bytes:], np.uint8)
        positions = np.flatnonzero(np.unpackbits(bitmap, bitorder="little"))
        if len(data) < COUNT_BYTES or len(positions) != count:
            raise ValueError("the known names are cut short")
        # The k-th number is the bit k + rest.
        rest = positions - np.arange(count)  # (N,)
        numbers = rest * 256 + low_bytes
        known = cls(numbers.astype(np.uint64), shortened=True)
        # The bytes may be forged, and the numbers have to be sorted and in range.
        is_rising = (numbers[:-1] <= numbers[1:]).all()
        is_below_limit = count == 0 or numbers[-1] < 256 * count
        if not (is_rising and is_below_limit and known.to_bytes() == data):
            raise ValueError("the known names aren't as namegen writes them")
        return known


def _shorten(hashes: UInt64[Array, "names"], count: int) -> UInt64[Array, "names"]:
    """Scale hashes from 64 bits to whole numbers below 256 times the count, in the same order.

    That's hash / 2⁶⁴ · count · 256. Only the upper 32 bits are used, so that the product with a count of up to 32 bits
    fits into 64 bits.
    """
    upper_bits = hashes >> np.uint64(32)
    return (upper_bits * np.uint64(count)) >> np.uint64(32 - ONE_IN_BITS)


def scramble(numbers: UInt64[Array, "*shape"]) -> UInt64[Array, "*shape"]:
    """Hash numbers: the results look like 64 random bits (splitmix64, Steele, Lea and Flood, 2014)."""
    mixed = numbers * np.uint64(0x9E3779B97F4A7C15) + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))


SEPARATORS = ","  # besides white space, these characters separate words
_SEPARATED = {ord(separator): " " for separator in SEPARATORS}


@dataclass(frozen=True)
class Normalization:
    """A rule that decides when two names are the same.

    The rule can ignore endings, such as the legal forms of companies. They are removed one after another, as long as at
    least one word remains: first `Ltd.` of `The Acme Co., Ltd.`, then `Co.`. An ending consists of one or more whole
    words: `Costco` doesn't end with `co`, and `S. A.` is the same as `SA`.

    >>> companies = normalization_of("company")
    >>> companies.normalize("The Acme Co., Ltd."), NAMES.normalize("The Acme Co., Ltd."), companies.normalize("Co.")
    ('theacme', 'theacmecoltd', 'co')
    """

    endings: tuple[str, ...] = ()  # the ignored endings, each as ``normalize`` returns it
    # Also recognize names that are known with their endings, because some hashes come from a rule without endings.
    also_with_endings: bool = False

    @cached_property
    def _ending_set(self) -> frozenset[str]:
        """The endings, for fast lookups."""
        return frozenset(filter(None, self.endings))

    def words_without_endings(self, words: Sequence[str]) -> int:
        """Return how many words of a name remain without its endings, such as `Inc.` or `Co., Ltd.` of companies.

        The longest ending at the end of the name is removed, then the longest one at the new end, and so on. At least
        one word remains if there is one.

        Args:
            words: The normalized words of the name.

        >>> normalization_of("company").words_without_endings(["the", "acme", "co", "ltd"])
        2
        """
        remaining = len(words)
        while True:
            # Join more and more of the last words, because an ending may consist of several words.
            shortest = remaining
            tail = ""
            for index in range(remaining - 1, 0, -1):
                tail = words[index] + tail
                if tail in self._ending_set:
                    shortest = index
            if shortest == remaining:  # no ending
                return remaining
            remaining = shortest

    def without_endings(self, name: str) -> str:
        """Return the words of a name without its endings and without punctuation between words.

        >>> normalization_of("company").without_endings("Barnes & Noble L.P.")
        'Barnes Noble'
        """
        if not self.endings:
            return name
        # The words, except for those that consist only of punctuation, in their spelling and in their normalized form.
        words = [word for word in name.translate(_SEPARATED).split() if bare(word)]
        forms = [bare(word) for word in words]
        remaining = self.words_without_endings(forms)
        return " ".join(words[:remaining]) or name

    def normalize(self, name: str) -> str:
        """Return the normalized form of a name. Two names are the same if they have the same form."""
        return normalize(self.without_endings(name))

    def hash_names(self, names: Iterable[str]) -> UInt64[Array, "names"]:
        """Hash names, in their order and with duplicates."""
        return hash_names(map(self.without_endings, names))

    def known_set(self, names: Iterable[str]) -> KnownSet:
        """Hash the distinct names of a list.

        >>> len(normalization_of("company").known_set(["ACME CORP", "Acme, Inc.", "Aramark"]))
        2
        """
        return KnownSet(np.unique(self.hash_names(dict.fromkeys(names))))

    def common_words(self, names: Iterable[str]) -> set[str]:
        """Return the normalized words that occur in at least two names of several words.

        Such a word on its own isn't a new name. Endings don't count: `Ace Inc` is one word.

        >>> normalization_of("company").common_words(["Ace Energy Corp", "Bank of Acme", "SUN ENERGY INC", "Ace Inc"])
        {'energy'}
        """
        name_count: Counter[str] = Counter()  # word → how many names have it
        for name in names:
            if " " not in name:
                continue
            words = self.without_endings(name).split()
            if len(words) > 1:
                distinct_words = {bare(word) for word in words} - {""}
                name_count.update(distinct_words)
        return {word for word, count in name_count.items() if count > 1}

    def are_known(
        self, names: Iterable[str], known: KnownSet, hashes: UInt64[Array, "names"] | None = None
    ) -> Bool[Array, "names"]:
        """Return which names are known.

        Args:
            names: The names. They may be iterated twice.
            known: The known names, as ``known_set`` returns them.
            hashes: The result of ``hash_names`` for the names, if it has already been computed.
        """
        if hashes is None:
            hashes = self.hash_names(names)
        are_known = known.holds(hashes)
        if self.also_with_endings:
            are_known |= known.holds(hash_names(names))
        return are_known


NAMES = Normalization()
known_set = NAMES.known_set


def joint(rules: Iterable[Normalization]) -> Normalization:
    """Combine the rules of several lists: a name is new only if it's new for each list by its own rule.

    The combined rule ignores the endings of all lists. It also looks up names with their endings, because the hashes of
    a list without such a rule include them.

    >>> joint([NAMES, normalization_of("company")]).also_with_endings, joint([NAMES, NAMES]) == NAMES
    (True, True)
    """
    distinct = tuple(dict.fromkeys(rules))
    if len(distinct) == 1:
        return distinct[0]
    endings = {ending for rule in distinct for ending in rule.endings}
    return Normalization(tuple(sorted(endings)), also_with_endings=True)


def bare(word: str) -> str:
    """Normalize a word. The result is empty if the word consists only of punctuation."""
    return normalize(word).translate(REMOVAL)


def legal_forms() -> tuple[str, ...]:
    """Return the legal forms of companies in their usual spelling, from ``legal_forms.txt``."""
    return _read_lines("legal_forms.txt")


@cache
def usual_spellings() -> tuple[Mapping[str, str], ...]:
    """Return how words are usually written, such as `LLC` for `llc`: legal forms, and the words of ``usual_case.txt``.

    Both are mappings from the normalized form of a word to its letters in their usual case.
    """
    spellings = []
    for lines in (legal_forms(), _read_lines("usual_case.txt")):
        usual: dict[str, str] = {}
        for word in " ".join(lines).split():
            letters = "".join(filter(str.isalpha, word))
            usual.setdefault(bare(word), letters)  # the first spelling counts
        spellings.append(usual)
    return tuple(spellings)


def _read_lines(file_name: str) -> tuple[str, ...]:
    """Return the lines of a file in this folder that aren't empty or comments."""
    lines = Path(__file__).with_name(file_name).read_text(encoding="utf-8").splitlines()
    return tuple(line for line in lines if line and not line.startswith("#"))


@cache
def normalization_of(name_type: str) -> Normalization:
    """Return the rule for a type of names: one of ``settings.NAME_TYPES``."""
    if name_type == "plain":
        return NAMES
    endings = set(map(normalize, legal_forms()))
    return Normalization(tuple(sorted(endings)))
