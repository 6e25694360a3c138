"""Every constraint; ConstraintList: those that were made, in the order in which a name is asked; Judge: the last word
on a name.

Names are held against other names in any letter case, spacing and punctuation; of companies, in any legal form.
"""

from __future__ import annotations

import operator
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import product
from typing import TypeVar
from unicodedata import is_normalized

import numpy as np

from namegen.core.data.normalization import NAMES, KnownSet, Normalization, is_known, normalize
from namegen.core.data.profanity import MAX_STRETCH, are_profane
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.generation.constraints.constraint import (
    MORE_VARIETY,
    Constraint,
    Finished,
    Tracker,
)
from namegen.core.generation.constraints.matches import Matches
from namegen.core.generation.constraints.texts import (
    Contains,
    EndsWith,
    StartsWith,
    TextConstraint,
    shortest_text,
)
from namegen.errors import SettingsError, setting
from namegen.types import Array, Bool, Int32, Int64, UInt64

MAX_DISTANCE = 3
BLOCK_PAIRS = 20_000_000  # of names that are measured together: a byte each


class WellFormed(Constraint):
    """A name that a list could hold as it stands: not empty, no space at either end, and in Unicode's NFC.

    Lists are trimmed and composed (é is one character): a model that gives such a text gives the same name in the
    characters of the list, too, with another probability.

    Args:
        combines: whether the model's characters can be put together to texts that are not in NFC.

    >>> WellFormed().keeps("Anna"), WellFormed().keeps("Anna "), WellFormed(combines=True).keeps("Zoe\u0308")
    (True, False, False)
    """

    name = "not_a_name"
    advice = (MORE_VARIETY,)
    always = True
    seldom_refuses = True

    def __init__(self, combines: bool = False) -> None:
        super().__init__(None)
        self.combines = combines

    def keeps(self, name: str) -> bool:
        """It is a name."""
        return (
            bool(name)
            and name == name.strip()
            and (not self.combines or is_normalized("NFC", name))
        )

    def refuses(self, finished: Finished) -> Bool[Array, "names"]:
        """The same of many, without a call of Python for each."""
        if self.combines:
            return super().refuses(finished)
        names = finished.names
        fails = np.fromiter(map(operator.ne, names, map(str.strip, names)), bool, count=len(names))
        return (
            fails
            if all(names)
            else fails | np.fromiter(map(operator.not_, names), bool, count=len(names))
        )


class MinLength(Constraint, Tracker):
    """The fewest characters of a name; its own tracker.

    Raises:
        SettingsError: a negative number.
    """

    name = "min_length"
    about = "length"
    empty_asks_nothing = True
    advice = (f"lower {setting(name)}", MORE_VARIETY)
    value: int

    def __init__(self, value: int) -> None:
        super().__init__(value)
        if value < 0:
            raise SettingsError(
                f"{setting(self.name)} is {value}: expected a whole number of at least 0"
            )

    def tracker(self, vocabulary: Vocabulary, longest: int) -> Tracker:
        """Drops short names before they are written out; no prefix is hopeless."""
        return self

    def refuses_names(
        self, tokens: Int32[Array, "K depth"], places: Int64[Array, "K"]
    ) -> Bool[Array, "K"]:
        """All of a depth that is too small."""
        return np.full(len(tokens), tokens.shape[1] < self.value)

    def keeps(self, name: str) -> bool:
        """The name has so many."""
        return len(name) >= self.value


class UsualLength(MinLength):
    """The fewest characters of a name, from the model's list: nobody set it."""

    always = True
    advice = (MORE_VARIETY, f"lower {setting('min_length')}")


class MaxLength(Constraint, Tracker):
    """The most characters of a name; its own tracker."""

    name = "max_length"
    about = "length"
    advice = (f"raise {setting(name)}",)
    always = True
    seldom_refuses = True
    value: int

    def check(self, vocabulary: Vocabulary, constraints: ConstraintList) -> None:
        """What a name must have has to fit."""
        limit = f"the {self.value:,} characters that a name may have: raise {setting(self.name)}"
        shortest = constraints.get(MinLength)
        if shortest is not None and shortest.value > self.value:
            raise SettingsError(
                f"{shortest.told} asks for more than {limit}, or lower {setting(shortest.name)}"
            )
        if constraints.shortest > self.value:
            told = ", ".join(constraint.told for constraint in constraints.texts)
            raise SettingsError(
                f"{told}: a name needs {constraints.shortest:,} characters for that, more than {limit}"
            )

    def tracker(self, vocabulary: Vocabulary, longest: int) -> Tracker:
        """Drops what has become too long."""
        return self

    def refuses_prefixes(
        self, tokens: Int32[Array, "K depth"], places: Int64[Array, "K"]
    ) -> Bool[Array, "K"]:
        """All of a depth that is too large."""
        return np.full(len(tokens), tokens.shape[1] > self.value)

    def refuses(self, finished: Finished) -> Bool[Array, "names"]:
        """Those that are too long."""
        return np.fromiter(map(len, finished.names), np.int64, count=len(finished)) > self.value


class ExcludedWords(Constraint):
    """Words that no name contains.

    Letter case, spaces and punctuation do not count, in the words or in the name. A word of nothing but punctuation is
    looked for as it stands. Empty words forbid nothing. A word behind ``=`` is forbidden as a whole word alone: as the
    name, or between spaces or hyphens.

    >>> constraint = ExcludedWords(["ass", "Bob", "=ann"])
    >>> [constraint.keeps(name) for name in ("M. Assaf", "B-o-b", "Basil", "Anna", "Mary Ann", "Ann-Lee")]
    [False, False, True, True, False, False]
    """

    name = "exclude_words"
    empty_asks_nothing = True
    advice = (f"shorten the list of {setting(name)}",)
    value: frozenset[str]

    def __init__(self, value: Iterable[str]) -> None:
        super().__init__(frozenset(value))
        words = {word.strip().casefold() for word in self.value}
        self._whole = {normalize(word[1:]) for word in words if word.startswith("=")} - {""}
        exact = {word for word in words if not word.startswith("=")}
        forms = {normalize(word) for word in exact}
        self._words: dict[
            int, set[str]
        ] = {}  # by length: looking up every stretch of a name costs the same for
        for form in exact | forms:  # ten words as for ten thousand
            if form:
                self._words.setdefault(len(form), set()).add(form)

    def check(self, vocabulary: Vocabulary, constraints: ConstraintList) -> None:
        """No text that a name must have may contain a banned word."""
        for constraint in constraints.texts:
            if self._contains_one(constraint.value):
                raise SettingsError(
                    f"{constraint.told} contradicts {setting(self.name)}: it contains a banned word"
                )

    def keeps(self, name: str) -> bool:
        """The name contains none of the words, and none of those behind ``=`` as a whole."""
        words = (name, *re.split(r"[\s-]+", name)) if self._whole else ()
        return self._whole.isdisjoint(map(normalize, words)) and not self._contains_one(name)

    def _contains_one(self, text: str) -> bool:
        return any(
            form[start : start + length] in words
            for form in {text.casefold(), normalize(text)}
            for length, words in self._words.items()
            for start in range(len(form) - length + 1)
        )


class NoProfanity(Constraint):
    """A name without rude words (``core/data/profanity.py``)."""

    name = "allow_profanity"
    advice = (f"allow profanity with {setting(name, True)}",)
    always = True
    seldom_refuses = True

    def __init__(self) -> None:
        super().__init__(False)

    def check(self, vocabulary: Vocabulary, constraints: ConstraintList) -> None:
        """No text that each name has may be rude whatever stands beside it."""
        for constraint in constraints.texts:
            before = [""] if isinstance(constraint, StartsWith) else ["", *vocabulary.characters]
            after = [""] if isinstance(constraint, EndsWith) else ["", *vocabulary.characters]
            beside = list(product(before, after))
            if len(constraint.value) > MAX_STRETCH:  # no rude word reaches both of its ends
                beside = [pair for pair in beside if "" in pair]
            if (
                are_profane([constraint.value])[0]
                and are_profane(
                    [f"{first}{constraint.value}{last}" for first, last in beside]
                ).all()
            ):
                raise SettingsError(
                    f"{constraint.told} contains profanity: change it, or {self.advice[0]}"
                )

    def refuses(self, finished: Finished) -> Bool[Array, "names"]:
        """Those that have some."""
        return are_profane(finished.names)


class New(Constraint):
    """A name that is not of the list that the model learned from.

    Args:
        value: the names of that list.
    """

    name = "allow_seen"
    about = "list"
    advice = (MORE_VARIETY, f"allow names of the list with {setting(name, True)}")
    value: KnownSet

    def __init__(self, value: KnownSet) -> None:
        super().__init__(value)
        self.seldom_refuses = len(value) == 0

    def refuses(self, finished: Finished) -> Bool[Array, "names"]:
        """Those of the list."""
        return finished.are_known(self.value)


class ExcludedNames(Constraint):
    """A name that is not one of these, whether or not the model's list has it.

    Args:
        value: the names.
        normalization: the rule that the names to be judged are held to.
    """

    name = "exclude_names"
    about = "list"
    advice = (f"shorten the list of {setting(name)}",)
    value: list[str]

    def __init__(self, value: Iterable[str], normalization: Normalization = NAMES) -> None:
        super().__init__(list(value))
        self.known = normalization.known_set(self.value)
        self.seldom_refuses = len(self.known) == 0

    def refuses(self, finished: Finished) -> Bool[Array, "names"]:
        """Those of the list."""
        return finished.are_known(self.known)


class Distinct(Constraint):
    """A name that was not given before in the same search: each search makes its own."""

    name = "allow_repeats"
    about = "list"
    advice = ("ask for fewer", MORE_VARIETY, f"allow more with {setting(name, True)}")

    def __init__(self) -> None:
        super().__init__(False)
        self.given = Given()

    def refuses(self, finished: Finished) -> Bool[Array, "names"]:
        """Those that were given."""
        return self.given.holds(finished.digests)


class MinDistance(Constraint):
    """A name that is so many edits away from each of some names, at least.

    The distance is Levenshtein's (1966): how many characters have to be inserted, deleted or replaced. It is measured
    between the forms in which letter case, spaces and punctuation do not count, nor, of companies, the legal form.

    >>> far = MinDistance(2, ["Anna", "Bob"])
    >>> far.refuses(Finished(["ANNE", "Hanna", "Bo b", "Robert"])).tolist()     # 1, 1 and 0 edits; 4
    [True, True, True, False]

    Args:
        value: 1 to 3.
        names: those to keep away from.
        normalization: which form of names is compared.

    Raises:
        SettingsError: the distance is something else.
    """

    name = "min_distance"
    about = "list"
    advice = (f"lower {setting(name)}",)
    seldom_refuses = True  # at a distance of 1; it stays so at others, for a seed to give the names that it always gave
    value: int

    def __init__(
        self, value: int, names: Iterable[str], normalization: Normalization = NAMES
    ) -> None:
        super().__init__(value)
        if not 1 <= value <= MAX_DISTANCE:
            raise SettingsError(
                f"{setting(self.name)} is {value}: expected a whole number from 1 to {MAX_DISTANCE}"
            )
        self._normalize = normalization.normalize
        self._forms = sorted({self._normalize(name) for name in names}, key=len)
        self._lengths = np.array(list(map(len, self._forms)))

    def refuses(self, finished: Finished) -> Bool[Array, "names"]:
        """Those that are nearer to one of the names: each is measured against all of about its length."""
        from rapidfuzz.distance import Levenshtein
        from rapidfuzz.process import cdist

        forms = np.array([self._normalize(name) for name in finished.names], object)
        lengths, near = (
            np.fromiter(map(len, forms), np.int64, count=len(forms)),
            np.zeros(len(forms), bool),
        )
        edits = (
            int(self.value) - 1
        )  # of a name that is too near, at most; each changes the length by one at most
        for length in np.unique(lengths):
            first, last = np.searchsorted(self._lengths, (length - edits, length + edits + 1))
            rows, others = np.flatnonzero(lengths == length), self._forms[first:last]
            at_once = max(1, BLOCK_PAIRS // max(1, len(others)))
            for block in (rows[start : start + at_once] for start in range(0, len(rows), at_once)):
                distances = cdist(
                    forms[block],
                    others,
                    scorer=Levenshtein.distance,
                    score_cutoff=edits,
                    dtype=np.uint8,
                )  # (names, others); what is farther is edits + 1
                near[block] = (distances <= edits).any(axis=1)
        return near


class Given:
    """The digests of the names that were given, 8 bytes a name."""

    def __init__(self) -> None:
        self._digests: UInt64[Array, "given"] = np.zeros(0, np.uint64)  # in rising order

    def add(self, digests: UInt64[Array, "names"]) -> None:
        """Take in digests that are not there yet."""
        # A stable sort merges two sorted parts, which takes a pass over them.
        self._digests = np.sort(np.concatenate((self._digests, np.sort(digests))), kind="stable")

    def holds(self, digests: UInt64[Array, "names"]) -> Bool[Array, "names"]:
        """Which of the digests were given."""
        return is_known(digests, self._digests)


AnyConstraint = TypeVar("AnyConstraint", bound=Constraint)

TEXTS = (StartsWith, Contains, EndsWith)  # in the order in which a name has them
# Each by its setting's name, in the order in which a name is asked: what is cheap comes first, and a draw that fails is
# counted under the first constraint that it fails at. (The first one has no setting: not_a_name is only counted.)
CONSTRAINTS: dict[str, type[Constraint]] = {
    constraint.name: constraint
    for constraint in (
        WellFormed,
        MinLength,
        MaxLength,
        *TEXTS,
        Matches,
        ExcludedWords,
        NoProfanity,
        New,
        ExcludedNames,
        Distinct,
        MinDistance,
    )
}


class ConstraintList:
    """The constraints that were made, at most one of a class; those that ask for nothing are left out.

    A constraint that is not in ``CONSTRAINTS`` is asked last.

    >>> [constraint.name for constraint in ConstraintList([EndsWith("ck"), StartsWith("Mc"), MinLength(0)])]
    ['starts_with', 'ends_with']
    """

    def __init__(self, constraints: Iterable[Constraint] = ()) -> None:
        order = {name: place for place, name in enumerate(CONSTRAINTS)}
        made = [
            constraint
            for constraint in constraints
            if not constraint.empty_asks_nothing or constraint.value
        ]
        self._constraints = tuple(
            sorted(made, key=lambda constraint: order.get(constraint.name, len(order)))
        )

    def __iter__(self) -> Iterator[Constraint]:
        return iter(self._constraints)

    def get(self, kind: type[AnyConstraint]) -> AnyConstraint | None:
        """The constraint of a class; None where it was not made."""
        return next((constraint for constraint in self if isinstance(constraint, kind)), None)

    @property
    def shortest(self) -> int:
        """Characters that the texts a name must have need together, at least.

        >>> ConstraintList([StartsWith("Mc"), EndsWith("ck")]).shortest
        3
        """
        text = {constraint.name: constraint.value for constraint in self.texts}
        return shortest_text(*(text.get(kind.name, "") for kind in TEXTS))

    @property
    def texts(self) -> list[TextConstraint]:
        """The constraints for a text that each name has."""
        made = (self.get(kind) for kind in TEXTS)
        return [constraint for constraint in made if constraint is not None]

    def check(self, vocabulary: Vocabulary) -> None:
        """Find contradictions before anything is drawn.

        Raises:
            SettingsError: no name can keep the constraints; the message names those that clash.
        """
        for constraint in sorted(
            self, key=lambda one: isinstance(one, MaxLength)
        ):  # last: no other is met by raising it
            constraint.check(vocabulary, self)


class Judge:
    """Asks finished names about every constraint, whatever the search did on its way.

    Args:
        constraints: what each name must keep.
        normalization: when two names are the same.
    """

    def __init__(self, constraints: ConstraintList, normalization: Normalization = NAMES) -> None:
        self.constraints, self.normalization = constraints, normalization
        distinct = constraints.get(Distinct)
        self.given: Given | None = (
            None if distinct is None else distinct.given
        )  # None: names may be given again

    @property
    def lets_all_through(self) -> bool:
        """Whether nearly every name that is drawn will be given."""
        return all(constraint.seldom_refuses for constraint in self.constraints)

    def keep(
        self, names: list[str], counts: Int64[Array, "names"]
    ) -> tuple[Int64[Array, "kept"], Finished, Counter[str]]:
        """Judge distinct names that were drawn so many times.

        Returns:
            The rows of those that may be given, those names themselves, and the draws refused, by the name of the first
            constraint that refused them.
        """
        refused: Counter[str] = Counter()
        rows, kept = np.arange(len(names)), Finished(names, self.normalization)
        for constraint in self.constraints:
            fails = constraint.refuses(kept)
            if fails.any():
                refused[constraint.name] += int(counts[rows[fails]].sum())
                rows, kept = rows[~fails], kept.select(~fails)
        return rows, kept, refused
