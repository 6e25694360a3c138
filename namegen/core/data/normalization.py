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

from namegen.errors import SettingsError
from namegen.types import Array, Bool, UInt, UInt8, UInt64

# Punctuation, spaces, control characters, invisible joiners and direction marks, and accents without a letter. Letters,
# digits, combining marks and symbols (emoji) remain, because they distinguish names.
_REMOVED_CATEGORIES = {"Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Zs", "Zl", "Zp", "Cc", "Cf", "Sk"}
_EMPTY_HASH = blake2b(digest_size=8)

COUNT_BYTES = 4  # how many bytes a file has for the number of hashes
ONE_IN_BITS = 8  # with shortened hashes, about one in 2⁸ other names is taken for a known name
# Up to this many shortened hashes are looked up in a bitmap, which has 32 bytes per name.
MOST_BY_BITS = 1 << 20


class _Removal(dict[int, str | None]):
    """A table for ``str.translate`` that decides about each character when it first occurs."""

    def __missing__(self, code: int) -> str | None:
        character = chr(code)
        self[code] = None if _is_removed(character) else character
        return self[code]


def _is_removed(character: str) -> bool:
    """Whether a character doesn't distinguish names."""
    if character.isascii():
        return not character.isalnum()
    is_variation_selector = "\ufe00" <= character <= "\ufe0f"
    return is_variation_selector or unicodedata.category(character) in _REMOVED_CATEGORIES


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
    if (
        name.isascii()
    ):  # nearly every name; this is faster than the general case, with the same result
        lowered = name.lower()
        if lowered.isalnum():
            return lowered
        return lowered.translate(REMOVAL) or lowered
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
    """Return which numbers, such as hashes of names, are among the known numbers. The known numbers are sorted.

    >>> is_known(hash_names(["BOB", "Zed"]), known_set(["Bob", "Al"]).numbers).tolist()
    [True, False]
    """
    if len(known) == 0:
        return np.zeros(len(candidates), dtype=bool)
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
        """Return which of the names with these hashes are known."""
        if self.shortened:
            hashes_here = _shorten(hashes, len(self.numbers))
        else:
            hashes_here = hashes
        if self.shortened and len(self.numbers) <= MOST_BY_BITS:
            byte, bit = _locate_in_bitmap(hashes_here)
            known = (self._bits[byte] & bit) > 0  # (names,)
        else:
            known = is_known(hashes_here, self.numbers)  # (names,)
        for other in self.others:
            known |= other.holds(hashes)
        return known

    @cached_property
    def _bits(self) -> UInt8[Array, "bytes"]:
        """A bitmap of the shortened hashes. It's faster than a search in a sorted array."""
        size = (len(self.numbers) << ONE_IN_BITS) // 8
        bits = np.zeros(max(size, 1), np.uint8)
        byte, bit = _locate_in_bitmap(self.numbers)
        np.bitwise_or.at(bits, byte, bit)
        return bits

    @classmethod
    def joined(cls, sets: Iterable[KnownSet]) -> KnownSet:
        """Combine sets. A name is known if it's in any of them."""
        first, *others = sets
        return cls(first.numbers, first.shortened, (*first.others, *others))

    @cached_property
    def short(self) -> KnownSet:
        """The same names with shortened hashes.

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
        """Write the shortened hashes as bytes.

        First come their count (four bytes, little-endian) and the low byte of each number. A bitmap with two bits per
        number follows: the bit k + h is 1 if the k-th number without its low byte is h.
        """
        numbers = self.short.numbers.astype(np.int64)
        low_bytes = (numbers & 255).astype(np.uint8)
        bits = np.zeros(2 * len(numbers), np.uint8)
        bits[np.arange(len(numbers)) + (numbers >> 8)] = 1
        head = len(numbers).to_bytes(COUNT_BYTES, "little")
        return head + low_bytes.tobytes() + np.packbits(bits, bitorder="little").tobytes()

    @classmethod
    def read(cls, data: bytes) -> KnownSet:
        """Decode the result of ``to_bytes``.

        Raises:
            ValueError: The bytes are cut short or damaged.
        """
        count = int.from_bytes(data[:COUNT_BYTES], "little")
        low_bytes = np.frombuffer(data[COUNT_BYTES : COUNT_BYTES + count], np.uint8).astype(
            np.int64
        )
        bitmap = np.frombuffer(data[COUNT_BYTES + count :], np.uint8)
        bits = np.flatnonzero(np.unpackbits(bitmap, bitorder="little"))
        if len(data) < COUNT_BYTES or len(bits) != count:
            raise ValueError("the known names are cut short")
        numbers = (bits - np.arange(count) << 8) | low_bytes
        known = cls(numbers.astype(np.uint64), shortened=True)
        is_rising = (numbers[:-1] <= numbers[1:]).all()
        is_below_limit = count == 0 or numbers[-1] < count << ONE_IN_BITS
        if not (is_rising and is_below_limit and known.to_bytes() == data):
            raise ValueError("the known names aren't as namegen writes them")
        return known


def _shorten(hashes: UInt64[Array, "names"], count: int) -> UInt64[Array, "names"]:
    """Scale hashes to whole numbers below 256 times the count, in the same order.

    Only the upper 32 bits are used, so that the product with a count of up to 32 bits fits into 64 bits.
    """
    return ((hashes >> np.uint64(32)) * np.uint64(count)) >> np.uint64(32 - ONE_IN_BITS)


def _locate_in_bitmap(
    numbers: UInt64[Array, "names"],
) -> tuple[UInt64[Array, "names"], UInt8[Array, "names"]]:
    """Locate numbers in a bitmap: return the index of each number's byte, and its bit in that byte."""
    byte = numbers >> np.uint64(3)
    bit = np.uint8(1) << (numbers & np.uint64(7)).astype(np.uint8)
    return byte, bit


def scramble(numbers: UInt64[Array, "*shape"]) -> UInt64[Array, "*shape"]:
    """Hash numbers: the results look like 64 random bits (splitmix64, Steele, Lea and Flood, 2014)."""
    mixed = numbers * np.uint64(0x9E3779B97F4A7C15) + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))


SEPARATORS = ","  # besides white space, these characters separate words
_SEPARATED = {ord(separator): " " for separator in SEPARATORS}

# namegen's own list has 92 legal forms with up to 23 characters.
MAX_ENDINGS = 10_000
MAX_ENDING = 100  # characters


@dataclass(frozen=True)
class Normalization:
    """A rule that decides when two names are the same.

    The rule can ignore endings, such as the legal forms of companies. They are removed one after another, as long as at
    least one word remains: first `Ltd.` of `The Acme Co., Ltd.`, then `Co.`. An ending consists of one or more whole
    words: `Costco` doesn't end with `co`, and `S. A.` is the same as `SA`.

    Raises:
        SettingsError: There are more than MAX_ENDINGS endings, or one has more than MAX_ENDING characters.

    >>> companies = normalization_of("company")
    >>> companies.normalize("The Acme Co., Ltd."), NAMES.normalize("The Acme Co., Ltd."), companies.normalize("Co.")
    ('theacme', 'theacmecoltd', 'co')
    """

    endings: tuple[str, ...] = ()  # the ignored endings, each as ``normalize`` returns it
    # Also recognize names that are known with their endings, because some hashes come from a rule without endings.
    also_with_endings: bool = False

    def __post_init__(self) -> None:
        longest = max(map(len, self.endings), default=0)
        if len(self.endings) > MAX_ENDINGS or longest > MAX_ENDING:
            raise SettingsError(
                f"there are {len(self.endings):,} ignored endings with up to {longest:,} characters: give at most "
                f"{MAX_ENDINGS:,} endings with at most {MAX_ENDING} characters"
            )

    @cached_property
    def _lookup(self) -> tuple[frozenset[str], int]:
        """The endings, and the length of the longest one."""
        endings = frozenset(filter(None, self.endings))
        return endings, max(map(len, endings), default=0)

    def words_without_endings(self, words: Sequence[str]) -> int:
        """Return how many words of a name remain without its endings. At least one word remains if there is one.

        Args:
            words: The normalized words of the name.
        """
        endings, longest = self._lookup
        count = len(words)
        while True:
            # Find the longest ending at the end. If it has several words, they are joined.
            remaining = count
            tail = ""
            for index in range(count - 1, 0, -1):
                tail = words[index] + tail
                if len(tail) > longest:
                    break
                if tail in endings:
                    remaining = index
            if remaining == count:
                return count
            count = remaining

    def without_endings(self, name: str) -> str:
        """Return the words of a name without its endings and without punctuation between words.

        >>> normalization_of("company").without_endings("Barnes & Noble L.P.")
        'Barnes Noble'
        """
        if not self.endings:
            return name
        bare_words = [(word, bare(word)) for word in name.translate(_SEPARATED).split()]
        words = [word for word, form in bare_words if form]
        forms = [form for word, form in bare_words if form]
        return " ".join(words[: self.words_without_endings(forms)]) or name

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
        """Return the normalized words that occur in at least two names with several words.

        Such a word on its own isn't a new name.

        >>> normalization_of("company").common_words(["Ace Energy Corp", "Bank of Acme", "SUN ENERGY INC", "Ace Inc"])
        {'energy'}
        """
        name_count: Counter[str] = Counter()  # how many names have a word
        for name in names:
            words = self.without_endings(name).split() if " " in name else []
            if len(words) > 1:
                name_count.update(set(map(bare, words)) - {""})
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
    """Return the usual letters of words by their normalized forms: of legal forms, and of ``usual_case.txt``."""
    spellings = []
    for texts in (legal_forms(), _read_lines("usual_case.txt")):
        words = " ".join(texts).split()
        words.reverse()  # so that the first spelling of a word overwrites later ones
        spellings.append({bare(word): "".join(filter(str.isalpha, word)) for word in words})
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
