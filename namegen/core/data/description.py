"""ListDescription: what a list of names looks like in numbers: lengths, letters, repeats, prefixes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

import numpy as np

from namegen.core.data.prefix_tree import SortedNames
from namegen.core.data.vocabulary import Vocabulary
from namegen.types import Array, Int

MAX_NAMES_SHOWN = 20


@dataclass(frozen=True)
class ListDescription:
    """The numbers behind ``namegen describe``. All mappings are in the order in which they are best drawn.

    Attributes:
        entries: names, repeats counted.
        distinct: different names.
        mean_length, median_length: characters of a name, repeats counted.
        lengths: length → how many entries have it, by rising length, from the shortest to the longest.
        characters: character → how often it stands in the list, the commonest first; letter case kept.
        letters: the same for letters alone, with letter case folded.
        commonest: the commonest names with their counts, at most 20.
        repeats: count → how many different names stand that often in the list, the highest count first: the long tail.
            Reading it downwards gives the frequency of every rank.
        unique_after: characters → how many different names can be told from all others by that many of their first
            characters, but by no fewer.
        never_unique: different names with which another name begins (``Al``, ``Alan``): the end alone tells them.
        labels: label → how many entries have it, the commonest first; {}: the list has none.
    """

    entries: int
    distinct: int
    mean_length: float
    median_length: float
    lengths: dict[int, int]
    characters: dict[str, int]
    letters: dict[str, int]
    commonest: tuple[tuple[str, int], ...]
    repeats: dict[int, int]
    unique_after: dict[int, int]
    never_unique: int
    labels: dict[str, int] = field(default_factory=dict)

    def to_dict(self) -> dict[str, object]:
        """For JSON: numbers that are keys become strings there, and the pairs lists."""
        return asdict(self) | {"commonest": [list(pair) for pair in self.commonest]}


def describe(
    names: Sequence[str], labels: Sequence[str] = (), *, most_names: int = MAX_NAMES_SHOWN
) -> ListDescription:
    """Count what there is to know about a list of names; a million names take seconds.

    Args:
        names: the list, repeats included.
        labels: one for each name, or ().
        most_names: how many of the commonest names to give.

    Raises:
        NamesError: the list is empty.

    >>> description = describe(["Al", "Alan", "Bob", "Al"])
    >>> description.lengths, description.repeats
    ({2: 2, 3: 1, 4: 1}, {2: 1, 1: 2})
    >>> description.unique_after, description.never_unique       # B, Ala; Al begins another name
    ({1: 1, 3: 1}, 1)
    """
    text = "".join(names)
    vocabulary = Vocabulary.from_names([text])
    sorted_names, ranking = SortedNames.ranked(names, vocabulary)
    lengths, counts = ranking.lengths, sorted_names.counts
    often = np.bincount(ranking.tokens, minlength=vocabulary.size)[1:].tolist()
    characters = _by_frequency(dict(zip(vocabulary.characters, often, strict=True)))
    letters: Counter[str] = Counter()
    for character, count in characters.items():
        for folded in filter(str.isalpha, character.casefold()):  # ß counts as two s
            letters[folded] += count
    commonest = np.argsort(-counts, kind="stable")[
        :most_names
    ]  # equal counts stay in the order of the names
    shown = map(names.__getitem__, ranking.representatives[commonest].tolist())
    unique_after, never_unique = _unique_after(sorted_names)
    return ListDescription(
        entries=len(names),
        distinct=len(counts),
        mean_length=float(lengths.mean()),
        median_length=float(np.median(lengths)),
        lengths=_histogram(np.bincount(lengths)),
        characters=characters,
        letters=_by_frequency(letters),
        commonest=tuple(zip(shown, counts[commonest].tolist(), strict=True)),
        repeats=dict(reversed(_histogram(np.bincount(counts)).items())),
        unique_after=unique_after,
        never_unique=never_unique,
        labels=_by_frequency(Counter(labels)),
    )


def _unique_after(names: SortedNames) -> tuple[dict[int, int], int]:
    """A name is told from all others by one character more than it shares with the nearer of its neighbours."""
    shared = np.zeros(
        len(names.lengths) + 1, np.int64
    )  # with the name before; the first and the last stand alone
    shared[1:-1] = names.shared_with_next()
    needed = np.maximum(shared[:-1], shared[1:]) + 1
    told = needed <= names.lengths
    return _histogram(np.bincount(needed[told])), int((~told).sum())


def _by_frequency(counts: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


def _histogram(counts: Int[Array, "values"]) -> dict[int, int]:
    return {value: count for value, count in enumerate(counts.tolist()) if count}
