"""The constraints; ConstraintList, which has those of one search; NameFilter, which checks finished names.

Names are compared with other names ignoring letter case, spaces and punctuation, and for companies also legal forms.
"""

from __future__ import annotations

import operator
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from typing import NamedTuple, TypeVar
from unicodedata import is_normalized

import numpy as np

from namegen.core.data.normalization import NAMES, KnownSet, Normalization, is_known, normalize
from namegen.core.data.patterns import patterns_of
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
from namegen.errors import SettingsError, counted, setting
from namegen.types import Array, Bool, Int32, Int64, UInt64

MAX_DISTANCE = 3
BLOCK_PAIRS = 20_000_000  # pairs of names that are compared together; each takes one byte


class WellFormed(Constraint):
    """A name that could be in a list: not empty, no space at either end, and in Unicode's NFC.

    Names in lists are trimmed and composed (é is one character). A model that can return another form of a name can
    also return the name itself, with a different probability.

    Args:
        combines: whether the model's characters can form strings that aren't in NFC.

    >>> WellFormed().accepts("Anna"), WellFormed().accepts("Anna "), WellFormed(combines=True).accepts("Zoe\u0308")
    (True, False, False)
    """

    key = "not_a_name"
    advice = (MORE_VARIETY,)
    always = True
    rarely_rejects = True

    def __init__(self, combines: bool = False) -> None:
        super().__init__(None)
        self.combines = combines

    def accepts(self, name: str) -> bool:
        """Return whether the name could be in a list."""
        if name == "" or name != name.strip():
            return False
        return not self.combines or is_normalized("NFC", name)

    def rejects(self, finished: Finished) -> Bool[Array, "names"]:
        """Return which names couldn't be in a list: those with a space at either end, and the empty one.

        Calling ``accepts`` for each name would take longer, and is necessary only if strings may not be in NFC.
        """
        if self.combines:
            return super().rejects(finished)
        names = finished.names
        stripped = map(str.strip, names)
        has_outer_space = map(operator.ne, names, stripped)
        rejected = np.fromiter(has_outer_space, bool, count=len(names))
        if not all(names):
            is_empty = map(operator.not_, names)
            rejected |= np.fromiter(is_empty, bool, count=len(names))
        return rejected


class MinLength(Constraint, Tracker):
    """The fewest characters of a name. It's its own tracker.

    Raises:
        SettingsError: the number is negative.
    """

    key = setting_name = "min_length"
    about = "length"
    empty_accepts_all = True
    advice = (f"lower {setting(setting_name)}", MORE_VARIETY)
    value: int

    def __init__(self, value: int) -> None:
        super().__init__(value)
        if value < 0:
            raise SettingsError(
                f"{setting(self.setting_name)} is {value}: expected a whole number of at least 0"
            )

    def tracker(self, vocabulary: Vocabulary, longest: int) -> Tracker:
        """Return the tracker, which rejects short names before they're decoded. Any prefix can become long enough."""
        return self

    def rejects_names(
        self, tokens: Int32[Array, "K depth"], states: Int64[Array, "K"]
    ) -> Bool[Array, "K"]:
        """Reject all names or none, as they have the same length."""
        return np.full(len(tokens), tokens.shape[1] < self.value)

    def accepts(self, name: str) -> bool:
        """Return whether the name is long enough."""
        return len(name) >= self.value


class UsualLength(MinLength):
    """The fewest characters of a name if the user sets none; it depends on the model's list."""

    always = True
    advice = (MORE_VARIETY, f"lower {setting('min_length')}")


class UsualPatterns(Constraint):
    """A name has no feature that no name of the model's list has, such as a letter three times in a row.

    >>> UsualPatterns(("^Xx",)).accepts("Anna"), UsualPatterns(("^Xx",)).accepts("AnNa")
    (True, False)
    """

    key = "patterns"
    advice = (MORE_VARIETY,)
    always = True
    rarely_rejects = True
    value: tuple[str, ...]

    def accepts(self, name: str) -> bool:
        """Return whether the list has all patterns of the name."""
        return patterns_of(name) <= set(self.value)


class MaxLength(Constraint, Tracker):
    """The most characters of a name. It's its own tracker."""

    key = setting_name = "max_length"
    about = "length"
    advice = (f"raise {setting(setting_name)}",)
    always = True
    rarely_rejects = True
    value: int

    def check(self, vocabulary: Vocabulary, constraints: ConstraintList) -> None:
        """Raise SettingsError if the minimum length or the required strings need longer names than this maximum."""
        limit = f"the {counted(self.value, 'character')} that a name may have: raise {setting(self.setting_name)}"
        min_length = constraints.get(MinLength)
        if min_length is not None and min_length.value > self.value:
            raise SettingsError(
                f"{min_length.shown} asks for more than {limit}, or lower {setting(min_length.setting_name)}"
            )
        if constraints.shortest > self.value:
            shown = ", ".join(constraint.shown for constraint in constraints.texts)
            raise SettingsError(
                f"{shown}: a name needs {constraints.shortest:,} characters for that, more than {limit}"
            )

    def tracker(self, vocabulary: Vocabulary, longest: int) -> Tracker:
        """Return the tracker, which rejects prefixes that are too long."""
        return self

    def rejects_prefixes(
        self, tokens: Int32[Array, "K depth"], states: Int64[Array, "K"]
    ) -> Bool[Array, "K"]:
        """Reject all prefixes or none, as they have the same length."""
        return np.full(len(tokens), tokens.shape[1] > self.value)

    def rejects(self, finished: Finished) -> Bool[Array, "names"]:
        """Return which names are too long."""
        lengths = np.fromiter(map(len, finished.names), np.int64, count=len(finished))
        return lengths > self.value


class ExcludedWords(Constraint):
    """Words that no name contains.

    Letter case, spaces and punctuation are ignored, in the words and in the name. A word that consists of punctuation
    is looked for exactly. Empty words exclude nothing. A word after ``=`` is excluded only as a whole word: as the
    whole name, or between spaces or hyphens.

    >>> constraint = ExcludedWords(["ass", "Bob", "=ann"])
    >>> [constraint.accepts(name) for name in ("M. Assaf", "B-o-b", "Basil", "Anna", "Mary Ann", "Ann-Lee")]
    [False, False, True, True, False, False]
    """

    key = setting_name = "exclude_words"
    empty_accepts_all = True
    advice = (f"shorten the list of {setting(setting_name)}",)
    value: frozenset[str]

    def __init__(self, value: Iterable[str]) -> None:
        super().__init__(frozenset(value))
        words = {word.strip().casefold() for word in self.value}
        anywhere = {word for word in words if not word.startswith("=")}
        with_equals_sign = words - anywhere
        self._whole_words = {normalize(word[1:]) for word in with_equals_sign} - {""}
        # The words excluded anywhere, by length, so that ten thousand words take no longer than ten.
        self._words_by_length: dict[int, set[str]] = {}
        for word in anywhere | {normalize(word) for word in anywhere}:
            if word:
                self._words_by_length.setdefault(len(word), set()).add(word)

    def check(self, vocabulary: Vocabulary, constraints: ConstraintList) -> None:
        """Raise SettingsError if a required string contains an excluded word."""
        for constraint in constraints.texts:
            if self._contains_word(constraint.value):
                raise SettingsError(
                    f"{constraint.shown} contradicts {setting(self.setting_name)}: it contains a banned word"
                )

    def accepts(self, name: str) -> bool:
        """Return whether the name contains none of the words."""
        if self._has_excluded_whole_word(name):
            return False
        return not self._contains_word(name)

    def _has_excluded_whole_word(self, name: str) -> bool:
        """Return whether the name, or a word between its spaces and hyphens, is excluded as a whole word."""
        if not self._whole_words:
            return False
        parts = re.split(r"[\s-]+", name)
        whole_words = map(normalize, [name, *parts])
        return not self._whole_words.isdisjoint(whole_words)

    def _contains_word(self, text: str) -> bool:
        """Return whether a string contains an excluded word, with or without its spaces and punctuation."""
        for form in {text.casefold(), normalize(text)}:
            for length, words in self._words_by_length.items():
                starts = range(len(form) - length + 1)
                substrings = (form[start : start + length] for start in starts)
                if not words.isdisjoint(substrings):
                    return True
        return False


class NoProfanity(Constraint):
    """A name without profanity (``core/data/profanity.py``)."""

    key = "no_profanity"
    setting_name = "allow_profanity"
    advice = (f"allow profanity with {setting(setting_name, True)}",)
    always = True
    rarely_rejects = True

    def __init__(self) -> None:
        super().__init__(False)

    def check(self, vocabulary: Vocabulary, constraints: ConstraintList) -> None:
        """Raise SettingsError if a required string is profanity whatever characters are next to it."""
        for constraint in constraints.texts:
            if self._is_always_profane(constraint, vocabulary):
                raise SettingsError(
                    f"{constraint.shown} contains profanity: change it, or {self.advice[0]}"
                )

    def _is_always_profane(self, constraint: TextConstraint, vocabulary: Vocabulary) -> bool:
        """Return whether a required string is profanity whatever characters are before and after it."""
        text = constraint.value
        if not are_profane([text])[0]:
            return False
        neighbors = self._possible_neighbors(constraint, vocabulary)
        if len(text) > MAX_STRETCH:  # no profanity reaches both of its ends
            neighbors = [pair for pair in neighbors if "" in pair]
        texts_in_names = [f"{before}{text}{after}" for before, after in neighbors]
        return bool(are_profane(texts_in_names).all())

    def _possible_neighbors(
        self, constraint: TextConstraint, vocabulary: Vocabulary
    ) -> list[tuple[str, str]]:
        """Return the characters that can be before and after a required string; "" at an end of the name."""
        before = [""]
        if not isinstance(constraint, StartsWith):
            before += vocabulary.characters
        after = [""]
        if not isinstance(constraint, EndsWith):
            after += vocabulary.characters
        return list(product(before, after))

    def rejects(self, finished: Finished) -> Bool[Array, "names"]:
        """Return which names contain profanity."""
        return are_profane(finished.names)


class New(Constraint):
    """A name that isn't in the list that the model was trained on.

    Args:
        value: the names of that list.
    """

    key = "new"
    setting_name = "allow_seen"
    about = "list"
    advice = (MORE_VARIETY, f"allow names of the list with {setting(setting_name, True)}")
    value: KnownSet

    def __init__(self, value: KnownSet) -> None:
        super().__init__(value)
        self.rarely_rejects = len(value) == 0

    def rejects(self, finished: Finished) -> Bool[Array, "names"]:
        """Return which names are in the list."""
        return finished.are_known(self.value)


class ExcludedNames(Constraint):
    """A name that isn't in a list of the user's.

    Args:
        value: the names of that list.
        normalization: when two names are equal.
    """

    key = setting_name = "exclude_names"
    about = "list"
    advice = (f"shorten the list of {setting(setting_name)}",)
    value: list[str]

    def __init__(self, value: Iterable[str], normalization: Normalization = NAMES) -> None:
        super().__init__(list(value))
        self.known = normalization.known_set(self.value)
        self.rarely_rejects = len(self.known) == 0

    def rejects(self, finished: Finished) -> Bool[Array, "names"]:
        """Return which names are in the list."""
        return finished.are_known(self.known)


class Distinct(Constraint):
    """A name that the same search hasn't found before. Each search has its own constraint."""

    key = "distinct"
    setting_name = "allow_repeats"
    about = "list"
    advice = ("ask for fewer", MORE_VARIETY, f"allow more with {setting(setting_name, True)}")

    def __init__(self) -> None:
        super().__init__(False)
        self.reserved = ReservedNames()

    def rejects(self, finished: Finished) -> Bool[Array, "names"]:
        """Return which names were found before."""
        return self.reserved.holds(finished.hashes)


class MinDistance(Constraint):
    """A name that differs from each name of a list by at least a number of edits.

    The distance is Levenshtein's (1966): how many characters have to be inserted, deleted or replaced. It's measured
    between normalized names, which have no spaces, punctuation or upper case, and for companies no legal form.

    >>> far = MinDistance(2, ["Anna", "Bob"])
    >>> far.rejects(Finished(["ANNE", "Hanna", "Bo b", "Robert"])).tolist()     # 1, 1 and 0 edits; 4
    [True, True, True, False]

    Args:
        value: the distance, 1 to 3.
        names: the names of the list.
        normalization: how names are normalized.

    Raises:
        SettingsError: the distance is out of its range.
    """

    key = setting_name = "min_distance"
    about = "list"
    advice = (f"lower {setting(setting_name)}",)
    rarely_rejects = True  # true at a distance of 1; kept at others so that seeds keep their names
    value: int

    def __init__(
        self, value: int, names: Iterable[str], normalization: Normalization = NAMES
    ) -> None:
        super().__init__(value)
        if not 1 <= value <= MAX_DISTANCE:
            raise SettingsError(
                f"{setting(self.setting_name)} is {value}: expected a whole number from 1 to {MAX_DISTANCE}"
            )
        self._normalize = normalization.normalize
        self._listed = sorted({self._normalize(name) for name in names}, key=len)
        self._listed_lengths = np.array(list(map(len, self._listed)))  # (listed,) ascending

    def rejects(self, finished: Finished) -> Bool[Array, "names"]:
        """Return which names are too similar to a listed name. Each is compared with those of about its length."""
        forms = np.array([self._normalize(name) for name in finished.names], object)  # (names,)
        lengths = np.fromiter(map(len, forms), np.int64, count=len(forms))  # (names,)
        is_near = np.zeros(len(forms), bool)
        for length in np.unique(lengths).tolist():
            listed = self._listed_of_about(length)
            rows = np.flatnonzero(lengths == length)
            rows_at_once = max(1, BLOCK_PAIRS // max(1, len(listed)))
            for start in range(0, len(rows), rows_at_once):
                block = rows[start : start + rows_at_once]
                is_near[block] = self._are_near(forms[block].tolist(), listed)
        return is_near

    def _listed_of_about(self, length: int) -> list[str]:
        """Return the listed names whose length is near enough to this one. An edit changes it by at most one."""
        most_edits = self.value - 1  # of a name that is too similar
        shortest = length - most_edits
        longest = length + most_edits
        first, end = np.searchsorted(self._listed_lengths, (shortest, longest + 1))
        return self._listed[first:end]

    def _are_near(self, forms: Sequence[str], listed: Sequence[str]) -> Bool[Array, "names"]:
        """Return which of some normalized names are too similar to a listed name, by their Levenshtein distance."""
        from rapidfuzz.distance import Levenshtein
        from rapidfuzz.process import cdist

        most_edits = self.value - 1  # of a name that is too similar
        distances = cdist(
            forms,
            listed,
            scorer=Levenshtein.distance,
            score_cutoff=most_edits,
            dtype=np.uint8,
        )  # (names, listed); most_edits + 1 if it's more
        is_near: Bool[Array, "names"] = np.any(distances <= most_edits, axis=1)
        return is_near


class ReservedNames:
    """Names that this search won't find again, as hashes with 8 bytes per name."""

    def __init__(self) -> None:
        self._hashes: UInt64[Array, "reserved"] = np.zeros(0, np.uint64)  # ascending

    def add(self, hashes: UInt64[Array, "names"]) -> None:
        """Add hashes that aren't there yet."""
        hashes = np.concatenate((self._hashes, np.sort(hashes)))
        self._hashes = np.sort(hashes, kind="stable")  # merges the two sorted halves in one pass

    def holds(self, hashes: UInt64[Array, "names"]) -> Bool[Array, "names"]:
        """Return which of the hashes are there."""
        return is_known(hashes, self._hashes)


AnyConstraint = TypeVar("AnyConstraint", bound=Constraint)

TEXTS = (StartsWith, Contains, EndsWith)  # in the order in which a name has them
# All constraints by key, in the order in which a name is checked. Those that take the least time come first. A draw is
# counted for the first constraint that rejects it. (WellFormed has no setting; its draws are only counted.)
CONSTRAINTS: dict[str, type[Constraint]] = {
    constraint.key: constraint
    for constraint in (
        WellFormed,
        MinLength,
        MaxLength,
        *TEXTS,
        Matches,
        UsualPatterns,
        ExcludedWords,
        NoProfanity,
        New,
        ExcludedNames,
        Distinct,
        MinDistance,
    )
}


class ConstraintList:
    """The constraints of a search, in the order in which they're checked; at most one of a class.

    Constraints that accept every name are left out. A constraint that isn't in ``CONSTRAINTS`` is checked last.

    >>> [constraint.key for constraint in ConstraintList([EndsWith("ck"), StartsWith("Mc"), MinLength(0)])]
    ['starts_with', 'ends_with']
    """

    def __init__(self, constraints: Iterable[Constraint] = ()) -> None:
        effective = [constraint for constraint in constraints if not _accepts_all(constraint)]
        position = {key: index for index, key in enumerate(CONSTRAINTS)}
        effective.sort(key=lambda constraint: position.get(constraint.key, len(position)))
        self._constraints = tuple(effective)

    def __iter__(self) -> Iterator[Constraint]:
        return iter(self._constraints)

    def get(self, constraint_class: type[AnyConstraint]) -> AnyConstraint | None:
        """Return the constraint of a class; None if there isn't one."""
        for constraint in self:
            if isinstance(constraint, constraint_class):
                return constraint
        return None

    @property
    def shortest(self) -> int:
        """How many characters a name needs at least, so that it has all required strings, which may overlap.

        >>> ConstraintList([StartsWith("Mc"), EndsWith("ck")]).shortest
        3
        """
        required = {constraint.key: constraint.value for constraint in self.texts}
        return shortest_text(
            start=required.get(StartsWith.key, ""),
            inside=required.get(Contains.key, ""),
            end=required.get(EndsWith.key, ""),
        )

    @property
    def texts(self) -> list[TextConstraint]:
        """The constraints for a string that each name has."""
        constraints = map(self.get, TEXTS)
        return [constraint for constraint in constraints if constraint is not None]

    def check(self, vocabulary: Vocabulary) -> None:
        """Check before anything is drawn that the constraints don't contradict each other.

        Raises:
            SettingsError: no name can satisfy the constraints. The message names the contradicting settings.
        """
        # max_length comes last, since raising it resolves no other contradiction.
        for constraint in sorted(self, key=lambda each: isinstance(each, MaxLength)):
            constraint.check(vocabulary, self)


def _accepts_all(constraint: Constraint) -> bool:
    """Return whether a constraint's value is empty, so that every name satisfies it."""
    return constraint.empty_accepts_all and not constraint.value


class AcceptedNames(NamedTuple):
    """The names that a filter accepts."""

    rows: Int64[Array, "accepted"]  # their rows among all names
    names: Finished
    rejected: Counter[str]  # draws of the other names, by the first constraint that rejects them


class NameFilter:
    """Checks finished names against all constraints, whatever was checked during the search.

    Args:
        constraints: the constraints.
        normalization: when two names are equal.
    """

    def __init__(self, constraints: ConstraintList, normalization: Normalization = NAMES) -> None:
        self.constraints = constraints
        self.normalization = normalization
        distinct = constraints.get(Distinct)
        # The names that this search won't find again; None: it may find all names again.
        self.reserved: ReservedNames | None = None if distinct is None else distinct.reserved

    @property
    def lets_all_through(self) -> bool:
        """Whether the constraints accept nearly all draws."""
        return all(constraint.rarely_rejects for constraint in self.constraints)

    def keep(self, names: list[str], counts: Int64[Array, "names"]) -> AcceptedNames:
        """Return the names that all constraints accept, and count the draws that each constraint rejects.

        Args:
            names: distinct names.
            counts: draws of each name.
        """
        rejected_draws: Counter[str] = Counter()
        rows = np.arange(len(names))  # of the names accepted so far
        accepted = Finished(names, self.normalization)
        for constraint in self.constraints:
            is_rejected = constraint.rejects(accepted)  # (accepted,)
            if is_rejected.any():
                rejected_draws[constraint.key] += int(counts[rows[is_rejected]].sum())
                rows = rows[~is_rejected]
                accepted = accepted.select(~is_rejected)
        return AcceptedNames(rows, accepted, rejected_draws)
