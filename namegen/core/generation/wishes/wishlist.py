"""Every wish; Wishlist: those that were made, in the order in which a name is asked; Judge: the last word on a name.

Texts are compared as they stand, upper and lower case told apart, and may overlap. Names are held against other names
in any letter case, spacing and punctuation; of companies, in any legal form.
"""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Iterable, Iterator, Set
from typing import TypeVar
from unicodedata import is_normalized

import numpy as np

from namegen.core.data.sameness import NAMES, KnownSet, Sameness, is_known, normalise
from namegen.core.data.shapes import fits
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.generation.wishes.matches import Matches
from namegen.core.generation.wishes.wish import LONGEST_TEXT, MORE_VARIETY, Finished, Tracker, Wish, composed
from namegen.errors import SettingsError, setting
from namegen.types import Array, Bool, Int32, Int64, UInt64


class WellFormed(Wish):
    """A name that a list could hold as it stands: not empty, no space at either end, and in Unicode's NFC.

    Lists are trimmed and composed (é is one character): a model that gives such a text gives the same name in the
    characters of the list, too, with another probability.

    Args:
        combines: whether the model's characters can be put together to texts that are not in NFC.

    >>> WellFormed().keeps("Anna"), WellFormed().keeps("Anna "), WellFormed(combines=True).keeps("Zoe\u0308")
    (True, False, False)
    """

    name = "not_a_name"
    always = True
    seldom_refuses = True

    def __init__(self, combines: bool = False) -> None:
        super().__init__(None)
        self.combines = combines

    @property
    def advice(self) -> tuple[str, ...]:
        """Make unlikely names likelier."""
        return (MORE_VARIETY,)

    def keeps(self, name: str) -> bool:
        """It is a name."""
        return bool(name) and name == name.strip() and (not self.combines or is_normalized("NFC", name))

    def refuses(self, finished: Finished) -> Bool[Array, "names"]:
        """The same of many, without a call of Python for each."""
        if self.combines:
            return super().refuses(finished)
        names = finished.names
        fails = np.fromiter(map(operator.ne, names, map(str.strip, names)), bool, count=len(names))
        return fails if all(names) else fails | np.fromiter(map(operator.not_, names), bool, count=len(names))


class MinLength(Wish, Tracker):
    """The fewest characters of a name; its own tracker.

    Raises:
        SettingsError: a negative number.
    """

    name = "min_length"
    about = "length"
    value: int

    def __init__(self, value: int) -> None:
        super().__init__(value)
        self.characters = value
        if value < 0:
            raise SettingsError(f"{setting(self.name)} is {value}: expected a whole number of at least 0")

    @property
    def asks_nothing(self) -> bool:
        """Every name has at least 0 characters."""
        return self.characters == 0

    @property
    def advice(self) -> tuple[str, ...]:
        """Lower it, or let the model be more daring: long names are rare at a low temperature."""
        return (f"lower {setting(self.name)}", MORE_VARIETY)

    def tracker(self, vocabulary: Vocabulary, longest: int) -> Tracker:
        """Drops short names before they are written out; no prefix is hopeless."""
        return self

    def refuses_names(self, tokens: Int32[Array, "K depth"], places: Int64[Array, "K"]) -> Bool[Array, "K"]:
        """All of a depth that is too small."""
        return np.full(len(tokens), tokens.shape[1] < self.characters)

    def keeps(self, name: str) -> bool:
        """The name has so many."""
        return len(name) >= self.characters


class MaxLength(Wish, Tracker):
    """The most characters of a name; its own tracker."""

    name = "max_length"
    about = "length"
    always = True
    seldom_refuses = True
    value: int

    def __init__(self, value: int) -> None:
        super().__init__(value)
        self.characters = value

    @property
    def advice(self) -> tuple[str, ...]:
        """Raise it."""
        return (f"raise {setting(self.name)}",)

    def check(self, vocabulary: Vocabulary, wishes: Wishlist) -> None:
        """What a name must have has to fit."""
        limit = f"{setting(self.name, self.characters)}"
        shortest = wishes.get(MinLength)
        if shortest is not None and shortest.characters > self.characters:
            raise SettingsError(
                f"{shortest.told} contradicts {limit}: raise {setting(self.name)}, or lower {setting(shortest.name)}"
            )
        for wish in wishes.texts:
            if len(wish.text) > self.characters:
                raise SettingsError(
                    f"{wish.told} has {len(wish.text)} characters, more than {limit} allows: raise that"
                )
        if wishes.shortest > self.characters:
            raise SettingsError(
                f"{', '.join(wish.told for wish in wishes.texts)} need {wishes.shortest} characters together, more "
                f"than {limit} allows: raise that"
            )

    def tracker(self, vocabulary: Vocabulary, longest: int) -> Tracker:
        """Drops what has become too long."""
        return self

    def refuses_prefixes(self, tokens: Int32[Array, "K depth"], places: Int64[Array, "K"]) -> Bool[Array, "K"]:
        """All of a depth that is too large."""
        return np.full(len(tokens), tokens.shape[1] > self.characters)

    def refuses(self, finished: Finished) -> Bool[Array, "names"]:
        """Those that are too long."""
        return np.fromiter(map(len, finished.names), np.int64, count=len(finished)) > self.characters


class TextWish(Wish):
    """A text that each name has somewhere.

    Args:
        value: the text; an empty one asks for nothing.

    Raises:
        SettingsError: it has more than 10,000 characters, which no search would come through.
    """

    value: str

    def __init__(self, value: str) -> None:
        super().__init__(composed(value))
        self.text: str = self.value
        if len(self.text) > LONGEST_TEXT:
            raise SettingsError(
                f"{setting(self.name)} has {len(self.text):,} characters: expected at most {LONGEST_TEXT:,}"
            )

    @property
    def asks_nothing(self) -> bool:
        """The text is empty."""
        return not self.text

    def check(self, vocabulary: Vocabulary, wishes: Wishlist) -> None:
        """Its characters must be the model's."""
        if unknown := vocabulary.unknown(self.text):
            raise SettingsError(
                f"{self.told} has the characters {unknown!r}, which the model has never seen: use those that its list "
                "has (upper and lower case differ), or train on a list that has them"
            )


class StartsWith(TextWish):
    """How a name begins. The beginning is forced (``PrefixFilter``), so no draw fails at it."""

    name = "starts_with"

    def check(self, vocabulary: Vocabulary, wishes: Wishlist) -> None:
        """No name begins with a space; and one that begins so must be able to match."""
        super().check(vocabulary, wishes)
        if self.text != self.text.lstrip():
            raise _space_at_an_end()
        matches = wishes.get(Matches)
        if matches is not None and not matches.pattern.may_begin(self.text):
            raise SettingsError(f"{self.told} contradicts {matches.told}: no name that begins so matches")

    def keeps(self, name: str) -> bool:
        """The name begins so."""
        return name.startswith(self.text)


class Contains(TextWish):
    """What a name has somewhere."""

    name = "contains"

    def tracker(self, vocabulary: Vocabulary, longest: int) -> Tracker:
        """Drops what has too few characters left to spell it."""
        return Automaton(vocabulary.encode_all([self.text])[0], vocabulary.size, longest, stays=True)

    def keeps(self, name: str) -> bool:
        """The name has it."""
        return self.text in name


class EndsWith(TextWish):
    """How a name ends."""

    name = "ends_with"

    def check(self, vocabulary: Vocabulary, wishes: Wishlist) -> None:
        """No name ends with a space."""
        super().check(vocabulary, wishes)
        if self.text != self.text.rstrip():
            raise _space_at_an_end()

    def tracker(self, vocabulary: Vocabulary, longest: int) -> Tracker:
        """Drops what has too few characters left to spell it."""
        return Automaton(vocabulary.encode_all([self.text])[0], vocabulary.size, longest, stays=False)

    def keeps(self, name: str) -> bool:
        """The name ends so."""
        return name.endswith(self.text)


def _space_at_an_end() -> SettingsError:
    begins, ends = setting(StartsWith.name), setting(EndsWith.name)
    return SettingsError(f"{begins} begins or {ends} ends with a space, and no name does: leave it out")


class Automaton(Tracker):
    """Knows how much of one text the last characters of a prefix have spelled (Knuth, Morris and Pratt, 1977).

    One table look-up a character, and a lower bound on how many characters are still missing.

    Args:
        text: token ids, at least one.
        vocabulary_size: ``V``.
        longest: characters of the longest name that is given.
        stays: once the text is spelled that counts for good (``contains``), otherwise only at the end (``ends_with``).
    """

    def __init__(self, text: Int32[Array, "characters"], vocabulary_size: int, longest: int, *, stays: bool) -> None:
        length = len(text)
        self.longest = longest
        self.table = np.zeros((length + 1, vocabulary_size), np.int64)  # (characters + 1, V): where a character leads
        fallback = 0  # where the text without its first character leads: the longest end that is a beginning too
        for place in range(length + 1):
            self.table[place] = self.table[fallback] if place else 0
            if place < length:
                self.table[place, text[place]] = place + 1
                fallback = int(self.table[fallback, text[place]]) if place else 0
        if stays:
            self.table[length] = length
        self.missing = length - np.arange(length + 1)  # characters that a prefix still needs, at least

    def go_on(self, places: Int64[Array, "K"], tokens: Int32[Array, "K"]) -> Int64[Array, "K"]:
        """A look-up."""
        after: Int64[Array, "K"] = self.table[places, tokens]
        return after

    def refuses_prefixes(self, tokens: Int32[Array, "K depth"], places: Int64[Array, "K"]) -> Bool[Array, "K"]:
        """More is missing than there is room for."""
        refused: Bool[Array, "K"] = self.missing[places] > self.longest - tokens.shape[1]
        return refused

    def refuses_names(self, tokens: Int32[Array, "K depth"], places: Int64[Array, "K"]) -> Bool[Array, "K"]:
        """Something is missing."""
        refused: Bool[Array, "K"] = self.missing[places] > 0
        return refused


def shortest_text(beginning: str, inside: str, end: str) -> int:
    """Characters of the shortest text that begins, ends, and has something in it, as given; overlaps allowed.

    >>> shortest_text("Mac", "", "ack"), shortest_text("ab", "bcd", "de"), shortest_text("a", "x", "b")
    (4, 5, 3)
    """
    whole = _joined(beginning, end)
    if inside in whole:
        return len(whole)
    # If it lies in neither of the two, it reaches beyond both, so it overlaps with each as far as it can.
    return len(_joined(_joined(beginning, inside), end))


def _joined(left: str, right: str) -> str:
    """The shortest text that begins with the one and ends with the other."""
    for overlap in range(min(len(left), len(right)), 0, -1):
        if left.endswith(right[:overlap]):
            return left + right[overlap:]
    return left + right


class Banned(Wish):
    """Words that no name contains.

    Letter case, spaces and punctuation do not count, in the words or in the name. A word of nothing but punctuation is
    looked for as it stands. Empty words forbid nothing.

    >>> wish = Banned(["ass", "Bob"])
    >>> wish.keeps("M. Assaf"), wish.keeps("B-o-b"), wish.keeps("Basil")
    (False, False, True)
    """

    name = "banned"
    value: frozenset[str]

    def __init__(self, value: Iterable[str]) -> None:
        super().__init__(frozenset(value))
        exact = {word.strip().casefold() for word in self.value}
        forms = {normalise(word) for word in exact}
        self._words: dict[int, set[str]] = {}  # by length: looking up every stretch of a name costs the same for
        for form in exact | forms:  # ten words as for ten thousand
            if form:
                self._words.setdefault(len(form), set()).add(form)

    @property
    def asks_nothing(self) -> bool:
        """There are no words."""
        return not self.value

    @property
    def advice(self) -> tuple[str, ...]:
        """Ban fewer words."""
        return (f"shorten the list of {setting(self.name)}",)

    def check(self, vocabulary: Vocabulary, wishes: Wishlist) -> None:
        """No text that a name must have may contain a banned word."""
        for wish in wishes.texts:
            if not self.keeps(wish.text):
                raise SettingsError(f"{wish.told} contradicts {setting(self.name)}: it contains a banned word")

    def keeps(self, name: str) -> bool:
        """The name contains none of the words."""
        return not any(self._in(form) for form in {name.casefold(), normalise(name)})

    def _in(self, text: str) -> bool:
        for length, words in self._words.items():
            for start in range(len(text) - length + 1):
                if text[start : start + length] in words:
                    return True
        return False


class New(Wish):
    """A name that is not of the list that the model learned from.

    Args:
        value: the names of that list.
    """

    name = "allow_seen"
    about = "list"
    value: KnownSet

    def __init__(self, value: KnownSet) -> None:
        super().__init__(value)
        self.known = value
        self.seldom_refuses = len(value) == 0

    @property
    def advice(self) -> tuple[str, ...]:
        """Make unlikely names likelier, or take those of the list."""
        return (MORE_VARIETY, f"allow names of the list with {setting(self.name, True)}")

    def refuses(self, finished: Finished) -> Bool[Array, "names"]:
        """Those of the list."""
        return finished.are_known(self.known)


class Shaped(Wish):
    """A name that is shaped like those of the short list that the model learned from.

    Args:
        value: the shapes of that list (``core/data/shapes.py``).
    """

    name = "not_like_the_list"
    always = True
    value: Set[str]

    @property
    def advice(self) -> tuple[str, ...]:
        """Make unlikely names likelier."""
        return (MORE_VARIETY,)

    def keeps(self, name: str) -> bool:
        """The list has all of its shapes."""
        return fits(name, self.value)


class Avoid(Wish):
    """A name that is not one of these, whether or not the model's list has it.

    Args:
        value: the names.
        sameness: the rule that the names to be judged are held to.
    """

    name = "avoid"
    about = "list"
    value: list[str]

    def __init__(self, value: Iterable[str], sameness: Sameness = NAMES) -> None:
        super().__init__(list(value))
        self.known = sameness.known_set(self.value)
        self.seldom_refuses = len(self.known) == 0

    @property
    def advice(self) -> tuple[str, ...]:
        """Avoid fewer names."""
        return (f"shorten the list of {setting(self.name)}",)

    def refuses(self, finished: Finished) -> Bool[Array, "names"]:
        """Those of the list."""
        return finished.are_known(self.known)


class Distinct(Wish):
    """A name that was not given before in the same search: each search makes its own."""

    name = "allow_repeats"
    about = "list"

    def __init__(self) -> None:
        super().__init__(False)
        self.given = Given()

    @property
    def advice(self) -> tuple[str, ...]:
        """Ask for fewer, make unlikely names likelier, or take repeats."""
        return ("ask for fewer", MORE_VARIETY, f"allow more with {setting(self.name, True)}")

    def refuses(self, finished: Finished) -> Bool[Array, "names"]:
        """Those that were given."""
        return self.given.holds(finished.digests)


class MinDistance(Wish):
    """A name that is so many edits away from each of some names, at least.

    Args:
        value: 1 to 3.
        names: those to keep away from.
        sameness: which form of names is compared.

    Raises:
        SettingsError: the distance is something else.
    """

    name = "min_distance"
    about = "list"
    seldom_refuses = True  # at a distance of 1; it stays so at others, for a seed to give the names that it always gave
    value: int

    def __init__(self, value: int, names: Iterable[str], sameness: Sameness = NAMES) -> None:
        from namegen.core.generation.wishes.neighbours import Neighbours

        super().__init__(value)
        self.near = Neighbours(names, value, sameness)

    @property
    def advice(self) -> tuple[str, ...]:
        """Lower it."""
        return (f"lower {setting(self.name)}",)

    def refuses(self, finished: Finished) -> Bool[Array, "names"]:
        """Those that are nearer to one of the names."""
        return self.near.close_to(finished.names)


class Given:
    """The digests of the names that were given: at most 16 bytes a name, also while they are sorted.

    Sorted parts, each at least twice as long as the one behind it: a digest is moved once for each doubling.
    """

    def __init__(self) -> None:
        self._parts: list[UInt64[Array, "given"]] = []

    def add(self, marks: UInt64[Array, "names"]) -> None:
        """Take in digests that are not there yet."""
        part = np.sort(marks)
        while self._parts and len(self._parts[-1]) < 2 * len(part):
            part = np.concatenate((self._parts.pop(), part))
            part.sort()  # in place
        if len(part):
            self._parts.append(part)

    def holds(self, marks: UInt64[Array, "names"]) -> Bool[Array, "names"]:
        """Which of the digests were given."""
        held = np.zeros(len(marks), bool)
        for part in self._parts:
            held |= is_known(marks, part)
        return held


AnyWish = TypeVar("AnyWish", bound=Wish)

# Each by its setting's name, in the order in which a name is asked: what is cheap comes first, and a draw that fails is
# counted under the first wish that it fails at. (The first one has no setting: not_a_name is only counted.)
WISHES: dict[str, type[Wish]] = {
    wish.name: wish
    for wish in (
        WellFormed,
        MinLength,
        MaxLength,
        StartsWith,
        Contains,
        EndsWith,
        Matches,
        Banned,
        New,
        Avoid,
        Distinct,
        MinDistance,
    )
}


class Wishlist:
    """The wishes that were made, at most one of a class; those that ask for nothing are left out.

    A wish that is not in ``WISHES`` is asked last.

    >>> [wish.name for wish in Wishlist([EndsWith("ck"), StartsWith("Mc"), MinLength(0)])]
    ['starts_with', 'ends_with']
    """

    def __init__(self, wishes: Iterable[Wish] = ()) -> None:
        order = {name: place for place, name in enumerate(WISHES)}
        made = [wish for wish in wishes if not wish.asks_nothing]
        self._wishes = tuple(sorted(made, key=lambda wish: order.get(wish.name, len(order))))

    def __iter__(self) -> Iterator[Wish]:
        return iter(self._wishes)

    def get(self, kind: type[AnyWish]) -> AnyWish | None:
        """The wish of a class; None where it was not made."""
        return next((wish for wish in self if isinstance(wish, kind)), None)

    @property
    def shortest(self) -> int:
        """Characters that the texts a name must have need together, at least.

        >>> Wishlist([StartsWith("Mc"), EndsWith("ck")]).shortest
        3
        """
        text = {wish.name: wish.text for wish in self.texts}
        return shortest_text(*(text.get(kind.name, "") for kind in (StartsWith, Contains, EndsWith)))

    @property
    def texts(self) -> list[TextWish]:
        """The wishes for a text that each name has."""
        made = (self.get(kind) for kind in (StartsWith, Contains, EndsWith))
        return [wish for wish in made if wish is not None]

    def check(self, vocabulary: Vocabulary) -> None:
        """Find contradictions before anything is drawn.

        Raises:
            SettingsError: no name can keep the wishes; the message names those that clash.
        """
        for wish in self:
            wish.check(vocabulary, self)


class Judge:
    """Asks finished names about every wish, whatever the search did on its way.

    Args:
        wishes: what each name must keep.
        sameness: when two names are the same.
    """

    def __init__(self, wishes: Wishlist, sameness: Sameness = NAMES) -> None:
        self.wishes, self.sameness = wishes, sameness
        distinct = wishes.get(Distinct)
        self.given: Given | None = None if distinct is None else distinct.given  # None: names may be given again

    @property
    def lets_all_through(self) -> bool:
        """Whether nearly every name that is drawn will be given."""
        return all(wish.seldom_refuses for wish in self.wishes)

    def keep(
        self, names: list[str], counts: Int64[Array, "names"]
    ) -> tuple[Int64[Array, "kept"], Finished, Counter[str]]:
        """Judge distinct names that were drawn so many times.

        Returns:
            The rows of those that may be given, those names themselves, and the draws refused, by the name of the first
            wish that refused them.
        """
        refused: Counter[str] = Counter()
        rows, kept = np.arange(len(names)), Finished(names, self.sameness)
        for wish in self.wishes:
            fails = wish.refuses(kept)
            if fails.any():
                refused[wish.name] += int(counts[rows[fails]].sum())
                rows, kept = rows[~fails], kept.select(~fails)
        return rows, kept, refused
