"""Describe a list of names in numbers: its lengths, characters, duplicates and prefixes."""

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
    """The results of ``namegen describe``. Mappings are in the order in which they should be shown."""

    entries: int  # names, including duplicates
    distinct: int  # distinct names
    mean_length: float  # characters, including duplicates
    median_length: float
    lengths: dict[int, int]  # length → number of entries, shortest first
    characters: dict[str, int]  # character → number in the list, most frequent first
    letters: dict[str, int]  # the same for letters only, ignoring case
    commonest: tuple[tuple[str, int], ...]  # the most frequent names with their counts
    # Count → number of distinct names that occur so often, highest count first. So it has the frequency of every rank.
    repeats: dict[int, int]
    # n → number of distinct names that differ from all others in their first n characters, but not in n − 1.
    unique_after: dict[int, int]
    never_unique: int  # distinct names that other names start with (``Al``, ``Alan``)
    labels: dict[str, int] = field(
        default_factory=dict
    )  # label → number of entries, most frequent first

    def to_dict(self) -> dict[str, object]:
        """Return the description for JSON, with lists instead of pairs."""
        return asdict(self) | {"commonest": [list(pair) for pair in self.commonest]}


def describe(
    names: Sequence[str], labels: Sequence[str] = (), *, most_names: int = MAX_NAMES_SHOWN
) -> ListDescription:
    """Describe a list of names. A million names take a few seconds.

    Args:
        names: The list, including duplicates.
        labels: The label of each name, or ().
        most_names: How many of the most frequent names to include.

    Raises:
        NamesError: The list is empty.

    >>> description = describe(["Al", "Alan", "Bob", "Al"])
    >>> description.lengths, description.repeats
    ({2: 2, 3: 1, 4: 1}, {2: 1, 1: 2})
    >>> description.unique_after, description.never_unique       # B, Ala; another name starts with Al
    ({1: 1, 3: 1}, 1)
    """
    vocabulary = Vocabulary.from_names(["".join(names)])
    sorted_names, ranking = SortedNames.ranked(names, vocabulary)
    lengths = ranking.lengths  # (entries,)
    counts = sorted_names.counts  # (distinct,)
    token_counts = np.bincount(ranking.tokens, minlength=vocabulary.size)  # (V,)
    character_counts = zip(vocabulary.characters, token_counts[1:].tolist(), strict=True)
    characters = _by_frequency(dict(character_counts))
    commonest = np.argsort(-counts, kind="stable")[:most_names]  # equal counts: by name
    shown = [names[entry] for entry in ranking.representatives[commonest].tolist()]
    unique_after, never_unique = _unique_after(sorted_names)
    return ListDescription(
        entries=len(names),
        distinct=len(counts),
        mean_length=float(lengths.mean()),
        median_length=float(np.median(lengths)),
        lengths=_histogram(np.bincount(lengths)),
        characters=characters,
        letters=_by_frequency(_letters(characters)),
        commonest=tuple(zip(shown, counts[commonest].tolist(), strict=True)),
        repeats=dict(reversed(_histogram(np.bincount(counts)).items())),
        unique_after=unique_after,
        never_unique=never_unique,
        labels=_by_frequency(Counter(labels)),
    )


def _letters(characters: Mapping[str, int]) -> Counter[str]:
    """How often each letter occurs, ignoring case, by the number of each character."""
    letters: Counter[str] = Counter()
    for character, count in characters.items():
        for letter in filter(str.isalpha, character.casefold()):  # ß becomes ss
            letters[letter] += count
    return letters


def _unique_after(names: SortedNames) -> tuple[dict[int, int], int]:
    """``unique_after`` and ``never_unique`` of a description.

    To differ from all others, a name needs one character more than it shares with the nearer neighbor.
    """
    shared = np.zeros(len(names.lengths) + 1, np.int64)  # with the previous name
    shared[1:-1] = names.shared_with_next()
    needed = np.maximum(shared[:-1], shared[1:]) + 1  # (names,)
    is_unique = needed <= names.lengths  # (names,)
    return _histogram(np.bincount(needed[is_unique])), int((~is_unique).sum())


def _by_frequency(counts: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _histogram(counts: Int[Array, "values"]) -> dict[int, int]:
    return {value: count for value, count in enumerate(counts.tolist()) if count}
