"""The constraint that a new company does not begin as a listed one does: its distinguishing word is the company's own.

A company's **beginning** is its first word, a `The` left out, or its first two where the first is free. A word is free
if several names of the list begin with it, none of them is that word alone, and a listed name has it further on, too:
`American`, but not `BlackRock`, with which only that company's own funds begin.

No listed company begins with `Communications` or `Corp`, which stand further on, so no new one does.

A new name is refused if its first word, or its first two written as one, is such a beginning: `Black Rock`. A letter
may be another, too many or missing. To find those, each stands in a set as it is and with one place left open, `a?ple`;
what is asked for is the word as it is, with each letter left open, with each left out, and with an open place between
any two. A free word and a legal form are no name: `American Inc`. Nor is a name that has a word twice in a row, or
begins with a long free word misspelt: `Natinal`.
"""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from namegen.core.data.normalization import SEPARATORS, Normalization, bare
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.generation.constraints.constraint import MORE_VARIETY, Constraint, Tracker
from namegen.core.generation.constraints.texts import StartsWith
from namegen.errors import SettingsError, setting
from namegen.types import Array, Bool, Int32, Int64

if TYPE_CHECKING:
    from namegen.core.generation.constraints.constraint_list import ConstraintList

OPEN = "?"  # stands in no word
LONG = 6  # letters of a free word; what is a letter away from a shorter one may well be another
_SEPARATED = {ord(separator): " " for separator in SEPARATORS}
LISTED = setting("allow_seen", True)


def words_of(name: str) -> list[str]:
    """The words of a name as they are compared, a `The` at its beginning left out.

    >>> words_of("THE GAP, INC."), words_of("The")
    (['gap', 'inc'], ['the'])
    """
    words = [form for word in name.translate(_SEPARATED).split() if (form := bare(word))]
    return words[words[:1] == ["the"] and len(words) > 1 :]


def beginnings(names: Iterable[str], normalization: Normalization) -> tuple[str, ...]:
    """What the names of a list of companies begin with, in order: a word, or two if the first is free; and what they
    have further on alone, which none begins with.

    >>> from namegen.core.data.normalization import normalization_of
    >>> listed = ["American Airlines", "American Tower", "Bank of American Airlines", "The Gap, Inc."]
    >>> beginnings(listed, Normalization())
    ('airlines', 'american airlines', 'american tower', 'bank', 'gap')
    """
    listed = [words for name in names if (words := words_of(normalization.without_endings(name)))]
    begin = Counter(words[0] for words in listed)
    alone = {words[0] for words in listed if len(words) == 1}
    further_on = Counter(word for words in listed for word in words[1:])
    free = {word for word, count in begin.items() if count > 1 and word in further_on} - alone
    first = {" ".join(words[: 2 if words[0] in free else 1]) for words in listed}
    never_first = {word for word, count in further_on.items() if count > 1} - begin.keys()
    return tuple(sorted(first.union(never_first, filter(None, normalization.endings))))


class Unclaimed(Constraint):
    """A name that does not begin as a listed company does.

    Args:
        value: what those begin with; see ``beginnings``.
        normalization: the rule of their list.

    >>> from namegen.core.data.normalization import normalization_of
    >>> constraint = Unclaimed(["american airlines", "blackrock", "gap"], normalization_of("company"))
    >>> names = ("American Gold", "Blackrok Inc", "Black Rock Inc", "Gape Co", "American Inc")
    >>> [constraint.keeps(name) for name in names]
    [True, False, False, False, False]
    >>> [constraint.keeps(name) for name in ("Gold Gold Inc", ".", "Amercan Gold", "American S Gold")]
    [False, False, False, True]
    """

    name = "begins_as_a_listed_company"
    about = "list"
    advice = (MORE_VARIETY, f"allow names of the list with {LISTED}")
    value: tuple[str, ...]

    def __init__(self, value: Iterable[str], normalization: Normalization) -> None:
        super().__init__(tuple(value))
        self._sameness = normalization
        self._free = {
            first for first, _, second in (words.partition(" ") for words in self.value) if second
        }
        self._forms = _filed([words.replace(" ", "") for words in self.value])
        self._first_forms = (
            _filed([one for one in self._free if len(one) >= LONG]) | self._forms
        )  # no Natinal
        self._claimed: dict[
            tuple[str, bool], bool
        ] = {}  # what was asked before: many names begin alike

    def check(self, vocabulary: Vocabulary, constraints: ConstraintList) -> None:
        """No text that a name must begin with may have such a word at its beginning."""
        begins = constraints.get(StartsWith)
        if begins is not None and not self.may_begin(begins.value.rpartition(" ")[0]):
            raise SettingsError(
                f"{begins.told} is how a listed company begins, or nearly: change it, or allow that with {LISTED}"
            )

    def tracker(self, vocabulary: Vocabulary, longest: int) -> Tracker:
        """Drops prefixes as soon as such a beginning has ended."""
        return UnclaimedTracker(self, vocabulary)

    def keeps(self, name: str) -> bool:
        """It may begin so, and is more than a free word, or punctuation; no word stands there twice in a row."""
        words = words_of(self._sameness.without_endings(name))
        joined = "".join(words)
        is_own = (
            joined != "" and joined not in self._free and all(map(operator.ne, words, words[1:]))
        )
        return is_own and self.may_begin(name)

    def may_begin(self, name: str) -> bool:
        """Neither its first word nor its first two are a listed company's."""
        words = words_of(name)
        first, second = "".join(words[:1]), "".join(words[:2])
        first_is_own = first in self._free or not self._is_claimed(first, alone=True)
        return first_is_own and not (words[1:] and self._is_claimed(second, alone=False))

    def _is_claimed(self, word: str, *, alone: bool) -> bool:
        if (word, alone) not in self._claimed:
            forms = self._first_forms if alone else self._forms
            self._claimed[word, alone] = bool(word) and not forms.isdisjoint(_asked(word))
        return self._claimed[word, alone]


class UnclaimedTracker(Tracker):
    """Asks the prefixes that end behind their first or their second word; a place is how many have ended."""

    def __init__(self, constraint: Unclaimed, vocabulary: Vocabulary) -> None:
        self.constraint, self.vocabulary = constraint, vocabulary
        ends = [one.isspace() or one in SEPARATORS for one in vocabulary.characters]
        self._ends_a_word = np.array([False, *ends])

    def go_on(self, places: Int64[Array, "K"], tokens: Int32[Array, "K"]) -> Int64[Array, "K"]:
        """Counts the ends of words."""
        more: Int64[Array, "K"] = places + self._ends_a_word[tokens]
        return more

    def refuses_prefixes(
        self, tokens: Int32[Array, "K depth"], places: Int64[Array, "K"]
    ) -> Bool[Array, "K"]:
        """Those whose words so far are a listed company's beginning."""
        refused = super().refuses_prefixes(tokens, places)
        if tokens.shape[1]:
            [asked] = np.nonzero(self._ends_a_word[tokens[:, -1]] & (places <= 2))
            refused[asked] = [
                not self.constraint.may_begin(text)
                for text in self.vocabulary.decode_all(tokens[asked])
            ]
        return refused


def _filed(words: Sequence[str]) -> set[str]:
    """Words as they are, and with each letter left open."""
    return {word[:at] + OPEN + word[at + 1 :] for word in words for at in range(len(word))}.union(
        words
    )


def _asked(word: str) -> Iterator[str]:
    """What is asked for, of which one is filed if the word is a letter away: one too few, another, one too many."""
    yield word
    for place in range(len(word) + 1):
        yield word[:place] + OPEN + word[place:]
        yield word[:place] + OPEN + word[place + 1 :]
        yield word[:place] + word[place + 1 :]
