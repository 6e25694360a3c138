"""Check the table of female endings against the built-in list of family names."""

from __future__ import annotations

from collections import defaultdict
from functools import cache

import pytest

from namegen.core.data.label_parts import split_parts
from namegen.core.people.families import FEMALE_ENDINGS, female_form, is_female
from namegen.lists import load_bundled

# The list has few Greek and Uzbek pairs, and some women's names resemble a man's name by chance.
PRECISION = {"Greek": 0.75, "Uzbek": 0.7}


@cache
def names_of_labels() -> dict[tuple[str, ...], set[str]]:
    corpus = load_bundled("world-family")
    names = defaultdict(set)
    for name, label in zip(corpus.names, corpus.labels, strict=True):
        names[tuple(split_parts(label))].add(name)
    return names


@pytest.mark.parametrize(
    "origin", sorted(FEMALE_ENDINGS.keys() - {"Irish"})
)  # the list has no Irish women's names
def test_female_forms_match_womens_names_in_the_list(origin: str) -> None:
    """This holds for nearly all men's names that share a stem with a woman's name in the list."""
    names = names_of_labels()
    forms = {man: female_form(man, origin) for man in names[origin, "male"]}
    women = names[origin, "female"]
    right = [man for man, form in forms.items() if form in women]
    others = women - {*forms.values()}
    wrong = [
        (man, form, woman)
        for man, form in forms.items()
        for woman in others
        if form not in women
        and woman.startswith(man[:-2])
        and len(man) > 4
        and abs(len(woman) - len(form)) <= 1
    ]
    assert right
    assert sum(is_female(man, origin) for man in forms) <= 0.04 * len(forms), (
        "too many men's names count as female"
    )
    assert len(right) >= PRECISION.get(origin, 0.98) * (
        len(right) + len({man for man, _, _ in wrong})
    ), wrong


def test_irish_womens_names_start_with_ní_or_nic() -> None:
    men = (
        "Ó Briain",
        "Ó hEacháin",
        "Ó Néill",
        "Ó Scannláin",
        "Ó Dhúill",
        "Mac Dónaill",
        "Mac Cárthaigh",
        "Tóibín",
    )
    assert [female_form(man, "Irish") for man in men] == [
        *("Ní Bhriain", "Ní Eacháin", "Ní Néill", "Ní Scannláin", "Ní Dhúill"),
        *("Nic Dhónaill", "Nic Cárthaigh", "Tóibín"),
    ]


def test_other_origins_and_endings_have_one_form() -> None:
    assert female_form("Virtanen", "Finnish") == female_form("Virtanen", None) == "Virtanen"
    assert [
        female_form(name, "Czech")
        for name in ("Moravec", "Kadlec", "Vaněk", "Krejčí", "Janků", "Svoboda")
    ] == [*("Moravcová", "Kadlecová", "Vaňková", "Krejčí", "Janků", "Svobodová")]
