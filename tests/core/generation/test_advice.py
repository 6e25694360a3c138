"""Advice: what is said can help, and reads on the command line as it is typed there."""

from __future__ import annotations

from collections import Counter

import pytest

from namegen.cli.terminal import option_name
from namegen.core.data.sameness import known_digests
from namegen.core.generation.generator import advice
from namegen.core.generation.sampling import SamplingSettings
from namegen.core.generation.wishes.wishlist import Distinct, MaxLength, New, WellFormed, Wishlist
from namegen.errors import NamegenError
from namegen.wishes import make_wishes


@pytest.mark.parametrize(
    ("rejected", "wishes", "sampling", "said"),
    [
        ({"max_length": 9}, {}, {}, "raise --max-length"),
        ({"max_length": 9}, {}, {"temperature": 0.0}, "raise --temperature"),
        ({"max_length": 9}, {}, {"temperature": 1e-300}, "raise --temperature"),
        ({"max_length": 9, "matches": 1}, {"matches": "(?=a)b"}, {}, "relax --matches"),
        ({"matches": 9}, {"matches": "b"}, {"temperature": 0.0}, "raise --temperature, or relax --matches"),
        ({"allow_seen": 9}, {}, {}, "raise --temperature, or allow names of the list with --allow-seen"),
        ({"allow_seen": 9}, {}, {"top_k": 1}, "raise --top-k, or allow names of the list with --allow-seen"),
        ({"allow_seen": 9}, {}, {"top_p": 1e-9}, "raise --top-p, or allow names of the list with --allow-seen"),
        ({"not_a_name": 9}, {}, {"top_k": 1, "temperature": 0.0}, "raise --temperature and --top-k"),
        ({"not_a_name": 9}, {}, {"top_k": 5, "top_p": 0.9}, "raise --top-k or --top-p or --temperature"),
        ({"allow_repeats": 9}, {}, {"top_k": 1}, "ask for fewer, raise --top-k, or allow more with --allow-repeats"),
        ({"allow_seen": 9}, {}, None, "allow names of the list with --allow-seen"),
        ({"not_a_name": 9}, {}, None, "ask for fewer"),
        ({}, {}, {}, "ask for fewer"),
    ],
)
def test_the_advice_is_one_that_can_help(
    rejected: dict[str, int], wishes: dict[str, str], sampling: dict[str, float] | None, said: str
) -> None:
    settings = None if sampling is None else SamplingSettings(**sampling)  # type: ignore[arg-type]
    every = [WellFormed(), MaxLength(9), New(known_digests([])), Distinct(), *make_wishes(**wishes)]  # type: ignore[misc]
    assert NamegenError(advice(Counter(rejected), Wishlist(every), settings)).told(option_name) == said


def test_wishes_about_the_text_may_be_relaxed_where_names_run_out() -> None:
    every = Wishlist([MaxLength(9), Distinct(), *make_wishes(starts_with="Mc", min_length=3, banned=["x"])])
    said = str(NamegenError(advice(Counter(allow_repeats=9, max_length=1), every)))
    assert said == (
        "ask for fewer, allow more with allow_repeats=True, relax min_length, relax starts_with, or relax banned"
    )
