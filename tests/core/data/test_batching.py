"""Check the trees and the order of batches, and that an epoch can be resumed at any step."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from namegen.core.data.batching import Batch, BatchMaker
from namegen.core.data.list_parts import sqrt_weighted_entries
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.vocabulary import Vocabulary
from tests.core.data.test_prefix_tree import (
    PLAIN,
    WORKED,
    Labelled,
    any_lists,
    assert_same_tree,
    label_of,
    parts_of,
)

LIST = [f"{a}{b}" for a in "abcdefgh" for b in "abcdefgh"]
VOCABULARY = Vocabulary.from_names(LIST)


def entries_of(batch: Batch, vocabulary: Vocabulary) -> Counter[tuple[int, str]]:
    """Count the names of a batch with their labels."""
    found = batch.sequences()
    rows = zip(found.tokens, found.lengths, found.counts, found.start_tokens.tolist(), strict=True)
    return Counter(
        {
            (label_of(b, vocabulary), vocabulary.decode(row[:n])): int(count)
            for row, n, count, b in rows
        }
    )


@given(any_lists, st.data())
@example(WORKED, None)
@example([(PLAIN, ""), (PLAIN, ""), (PLAIN, "a")], None)
def test_the_tree_of_a_batch_contains_its_names(
    entries: Labelled, data: st.DataObject | None
) -> None:
    """A subtree of the whole list's tree has the same arrays and types as a tree built from the batch's names."""
    names, vocabulary, start_tokens = parts_of(entries)
    distinct = sorted(set(entries))
    ranks = st.lists(st.integers(0, len(distinct) - 1), min_size=1, max_size=30)
    chosen = [0, len(distinct) - 1, 0] if data is None else data.draw(ranks)
    batch = BatchMaker.from_names(names, vocabulary, start_tokens).batch(np.array(chosen))
    of_chosen = [distinct[rank] for rank in chosen]
    begins = None if start_tokens is None else [vocabulary.size + label for label, _ in of_chosen]
    assert_same_tree(
        batch.tree, PrefixTree.from_names([name for _, name in of_chosen], vocabulary, begins)
    )
    assert batch.characters == sum(len(name) + 1 for _, name in of_chosen)
    assert batch.sequences() is batch.sequences()


@given(any_lists, st.integers(1, 30), st.integers(0, 3), st.integers(0, 2**63 - 1))
def test_an_epoch_contains_every_entry_once(
    entries: Labelled, batch_size: int, epoch: int, seed: int
) -> None:
    """Duplicates are separate entries. All batches except the last are full, and ``steps`` returns their number."""
    names, vocabulary, start_tokens = parts_of(entries)
    maker = BatchMaker.from_names(names, vocabulary, start_tokens)
    batches = list(maker.epoch(epoch, batch_size=batch_size, seed=seed))
    assert sum((entries_of(batch, vocabulary) for batch in batches), Counter()) == Counter(entries)
    assert maker.name_count == len(names)
    assert len(batches) == maker.steps(batch_size)
    sizes = [batch.tree.name_count for batch in batches]
    assert set(sizes[:-1]) <= {batch_size}
    assert 1 <= sizes[-1] <= batch_size


def epoch_of(epoch: int, seed: int, first_step: int = 0) -> list[Counter[tuple[int, str]]]:
    made = BatchMaker.from_names(LIST, VOCABULARY).epoch(
        epoch, batch_size=10, seed=seed, first_step=first_step
    )
    return [entries_of(batch, VOCABULARY) for batch in made]


def test_the_order_depends_only_on_seed_and_epoch() -> None:
    """It doesn't depend on earlier epochs or on NumPy's global random state."""
    order = np.random.default_rng([11, 4]).permutation(64)
    expected = [
        Counter((PLAIN, LIST[i]) for i in order[start : start + 10]) for start in range(0, 64, 10)
    ]
    maker = BatchMaker.from_names(LIST, VOCABULARY)
    for earlier in range(3):
        list(maker.epoch(earlier, batch_size=7, seed=11))
    np.random.seed(0)
    assert [
        entries_of(batch, VOCABULARY) for batch in maker.epoch(4, batch_size=10, seed=11)
    ] == expected
    for first_step in (0, 1, 5, 6, 7, 8):
        assert epoch_of(4, seed=11, first_step=first_step) == expected[first_step:]
    assert expected not in (epoch_of(5, seed=11), epoch_of(4, seed=12), epoch_of(11, seed=4))


def sqrt_weighted_one_by_one(names: Sequence[str]) -> list[bool]:
    """Return which entries are kept, computed with a plain loop."""
    left = {name: round(math.sqrt(count)) for name, count in Counter(names).items()}
    read = []
    for name in names:
        read.append(left[name] > 0)
        left[name] -= 1
    return read


@given(st.lists(st.sampled_from(["Al", "Bo", "Cy", "Di"]), max_size=60))
@example(["Al"] * 200)
@example(["Al"] * 3 + ["Bo"] * 7)
def test_square_root_weighting_agrees_with_a_plain_loop(names: list[str]) -> None:
    """The first entries of each name are kept."""
    distinct = list(dict.fromkeys(names))
    read = sqrt_weighted_entries(np.array([distinct.index(name) for name in names], np.int64))
    assert read.tolist() == sqrt_weighted_one_by_one(names)
