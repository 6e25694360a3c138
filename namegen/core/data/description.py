"""Describe a list of names in numbers: its lengths, characters, duplicates and prefixes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace

import numpy as np

from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.sorted_names import SortedNames
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
    distinct_names, _ = SortedNames.ranked(names, vocabulary)
    lengths = distinct_names.lengths  # (distinct,)
    counts = distinct_names.counts  # (distinct,) how often each name occurs

    # The characters. Each character of a distinct name counts as often as the name. Token 0 is the end of a name.
    weights = np.repeat(counts, lengths)  # (characters of all distinct names,)
    token_counts = np.bincount(distinct_names.tokens, weights, minlength=vocabulary.size)  # (V,)
    count_of_character = token_counts[1:].astype(np.int64).tolist()
    characters = _sort_by_frequency(
        dict(zip(vocabulary.characters, count_of_character, strict=True))
    )
    letters: Counter[str] = Counter()
    for character, count in characters.items():
        for letter in character.casefold():  # ß becomes ss
            if letter.isalpha():
                letters[letter] += count

    # The most frequent names.
    by_count = np.argsort(-counts, kind="stable")[:most_names]
    entries = distinct_names.first_entry[by_count].tolist()
    commonest_names = [names[entry] for entry in entries]
    repeats = _to_histogram(np.bincount(counts))

    # A name is unique from the first prefix on that no other distinct name has. In the tree of all prefixes, that's a
    # node with one name, whose parent has several names or is the root (node 0).
    tree = PrefixTree.of(replace(distinct_names, counts=np.ones_like(counts)))
    parent = tree.parent[1:]  # (N − 1,) of all nodes but the root
    parent_is_unique = (tree.count[parent] == 1) & (parent > 0)
    becomes_unique = (tree.count[1:] == 1) & ~parent_is_unique
    needed = tree.depth_of[1:][becomes_unique]  # (unique names,) characters
    all_lengths = np.repeat(lengths, counts)  # (entries,)
    return ListDescription(
        entries=len(names),
        distinct=len(counts),
        mean_length=float(all_lengths.mean()),
        median_length=float(np.median(all_lengths)),
        lengths=_to_histogram(np.bincount(all_lengths)),
        characters=characters,
        letters=_sort_by_frequency(letters),
        commonest=tuple(zip(commonest_names, counts[by_count].tolist(), strict=True)),
        repeats=dict(reversed(repeats.items())),
        unique_after=_to_histogram(np.bincount(needed)),
        never_unique=len(counts) - len(needed),
        labels=_sort_by_frequency(Counter(labels)),
    )


def _sort_by_frequency(counts: Mapping[str, int]) -> dict[str, int]:
    """Sort counts: the most frequent first, and equally frequent ones by name."""
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _to_histogram(counts: Int[Array, "values"]) -> dict[int, int]:
    """Map each value that occurs to its count, in rising order of the values."""
    return {value: count for value, count in enumerate(counts.tolist()) if count}
