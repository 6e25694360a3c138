"""Check the statistics of a list by comparing them with plain counting."""

from __future__ import annotations

import json
import statistics
from collections import Counter

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from namegen.core.data.description import describe
from namegen.errors import NamesError


def unique_after_by_brute_force(names: set[str]) -> tuple[dict[int, int], int]:
    found: Counter[int] = Counter()
    never = 0
    for name in names:
        others = names - {name}
        for length in range(1, len(name) + 1):
            if not any(other.startswith(name[:length]) for other in others):
                found[length] += 1
                break
        else:
            never += 1
    return dict(found), never


@given(st.lists(st.text("abcBß", min_size=1, max_size=6), min_size=1, max_size=30))
@example(["Al", "Ala", "Alan", "Bo"])
@example(["Al"])
def test_statistics_agree_with_plain_counting(names: list[str]) -> None:
    description = describe(names, most_names=3)
    assert description.entries == len(names)
    assert description.distinct == len(set(names))
    assert description.mean_length == pytest.approx(statistics.mean(map(len, names)))
    assert description.median_length == statistics.median(map(len, names))
    assert description.lengths == Counter(map(len, names))
    assert list(description.lengths) == sorted(description.lengths)
    assert description.characters == Counter("".join(names))
    assert description.letters == Counter("".join(names).casefold())
    assert list(description.characters.values()) == sorted(
        description.characters.values(), reverse=True
    )
    counts = Counter(names)
    assert [count for _, count in description.commonest] == sorted(counts.values(), reverse=True)[
        :3
    ]
    assert all(counts[name] == count for name, count in description.commonest)
    by_rank = [count for count, many in description.repeats.items() for _ in range(many)]
    assert by_rank == sorted(counts.values(), reverse=True)
    assert (description.unique_after, description.never_unique) == unique_after_by_brute_force(
        set(names)
    )


def test_json_output_works_and_empty_lists_are_rejected() -> None:
    document = json.loads(json.dumps(describe(["Al", "Bo", "Al"], ["x", "y", "x"]).to_dict()))
    assert document["commonest"] == [["Al", 2], ["Bo", 1]]
    assert (document["lengths"], document["labels"]) == ({"2": 3}, {"x": 2, "y": 1})
    with pytest.raises(NamesError, match="no names"):
        describe([])
