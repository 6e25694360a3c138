"""Wishes of strangers: regular expressions, texts, lists of words, templates, labels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from namegen.api.model import load
from namegen.core.generation import arrivals, generator
from namegen.core.generation.people import Person, check_template
from namegen.errors import of_part
from namegen.models import shipped_path
from namegen.wishes import make_wishes
from tests.harm.attack import attack, shapes_unchecked
from tests.harm.effort import tries
from tests.harm.forging import LONG, Random
from tests.harm.material import model_file
from tests.harm.run_files import tries_or_skip

ATOMS = (
    *("a", "n", "A", ".", r"\w", r"\d", "[a-z]", "[^a]", r"\p{L}", "é", "\U0001f600", r"\b", "^", "$", "", "|", "(?i)"),
    *(r"\1", "(?=a)", "(?!a)", "(?<=a)", "(?R)", "(?P<x>a)", r"\K", r"\X", "(?>a)", "[[a]--[b]]", "(?e)(a){e<=2}"),
    *("(", ")", "[", "]", "{", "}", "\\", "*", "+", "?", "\0", "\n", "\u202e", "(?x) a # b", r"\N{BULLET}", "(?#a)"),
)
REPEATS = ("", "", "", "*", "+", "?", "*?", "++", "{2}", "{3,}", "{0,5}", "{999}", "{99999999}", "{2,1}", "{e<=1}")
SLOW = ("([a-zA-Z]+)*1", "(a|a)*b", "(.*)*x", "(a?){40}a{40}", "(.+.+)+!", "(?:(?:n+)+)+$a", r"(\w*)*\d")
TEXTS = ("", "a", "Ann", " ", "\0", "\n", "\x1b[31m", "\u202e", "x" * LONG, "é" * 3000, "a" * 40, "\ud800")


def random(seed: int) -> Random:
    """The numbers of one attempt."""
    return np.random.default_rng([20, seed])


def expression(rng: Random, depth: int = 0) -> str:
    """A regular expression, or what nearly is one."""
    if depth == 0 and rng.random() < 0.2:
        return SLOW[rng.integers(len(SLOW))]
    parts = []
    for _ in range(rng.integers(1, 5)):
        if depth < 5 and rng.random() < 0.4:
            part = f"({expression(rng, depth + 1)})"
        else:
            part = ATOMS[rng.integers(len(ATOMS))]
        parts.append(part + REPEATS[rng.integers(len(REPEATS))])
    return ("|" if rng.random() < 0.2 else "").join(parts)


def wished(rng: Random) -> dict[str, Any]:
    """One to three wishes."""
    text = lambda: TEXTS[rng.integers(len(TEXTS))]  # noqa: E731
    makers: dict[str, Any] = {
        "starts_with": text,
        "ends_with": text,
        "contains": text,
        "matches": lambda: expression(rng),
        "min_length": lambda: [-1, 0, 1, 5, 999, 10**6, 2**63, 10**400][rng.integers(8)],
        "banned": lambda: [text() for _ in range(rng.integers(0, 4))],
        "avoid": lambda: [text() for _ in range(rng.integers(0, 4))],
        "min_distance": lambda: int(rng.integers(-1, 5)),
    }
    chosen = rng.choice(list(makers), size=rng.integers(1, 4), replace=False)
    return {str(name): makers[str(name)]() for name in chosen}


def test_names_with_any_wishes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A search ends after so many names and prefixes: here sooner, so that many wishes are tried."""
    monkeypatch.setattr(generator, "TRIES", 2_000)
    monkeypatch.setattr(arrivals, "MOST_PREFIXES", 20_000)
    monkeypatch.setattr(generator, "MOST_PREFIXES", 20_000)
    models = [load(model_file(labelled=labelled)) for labelled in (True, False)]

    def call(seed: int) -> None:
        shapes_unchecked()
        rng = random(seed)
        wishes = wished(rng) if seed % 3 else {"matches": expression(rng)}
        longest = [None, None, 10, 1, 1000][rng.integers(5)]
        if seed % 5:
            models[seed % 2].generate(2, seed=seed, max_length=longest, allow_seen=bool(seed % 2), **wishes)
        else:
            models[seed % 2].best(2, max_length=longest, allow_seen=bool(seed % 2), **wishes)

    assert attack(call, range(tries(few=8, landing=80, hour=3_000)), seconds=5).refused


# Expressions that hardly any name matches, or none, and of which the first letters do not tell that.
HOPELESS = ("([a-zA-Z]+)*x{4}", ".*(zq|qz).*(xj|jx).*", r"(.)\1{2}.*(.)\2{2}", ".*[aeiou]{6}", "(ab|cd|ef){3,}z")


@pytest.mark.parametrize(("way", "seconds"), [("best", 5), ("generate", 30)])
def test_a_hopeless_search_ends_within_the_bounds_that_are_shipped(way: str, seconds: float) -> None:
    """The other test shortens them; here a shipped model is asked for what it hardly has."""
    attempts = tries_or_skip(landing=1, hour=5)
    model = load(shipped_path("mlb-first"))

    def call(expression: str) -> None:
        shapes_unchecked()
        getattr(model, way)(2, matches=expression)

    attack(call, HOPELESS[:attempts], seconds=seconds)


def test_making_wishes_takes_no_time() -> None:
    def call(seed: int) -> None:
        shapes_unchecked()
        rng = random(seed)
        with of_part("given"):
            make_wishes("mlb-first", **(wished(rng) if seed % 2 else {"matches": expression(rng)}))

    assert attack(call, range(tries(few=6, landing=100, hour=4_000))).refused


def test_templates_of_people() -> None:
    pieces = (
        *("{given}", "{family}", "{origin}", "{", "}", "{{", "}}", "{given!r}", "{given:>99999999999}", "{given:.3}"),
        *("{given.__class__}", "{given[0]}", "{0}", "{}", "{given:{family}}", "{x" + "x" * LONG + "}", "\0", "\n", "a"),
        *("{given:>9999999}", "{given!z}", "{given:%}", "x" * LONG, "\x1b[31m"),
    )

    def call(seed: int) -> None:
        rng = random(seed)
        template = "".join(pieces[place] for place in rng.integers(len(pieces), size=rng.integers(1, 5)))
        check_template(template)
        assert len(Person("Anna", "Bo", "Finnish").written(template)) < 10 * LONG

    assert attack(call, range(tries(few=40, landing=400, hour=3_000))).refused


def test_labels_and_names_to_score() -> None:
    model = load(model_file(labelled=True))

    def call(seed: int) -> None:
        text = TEXTS[random(seed).integers(len(TEXTS))]
        (model.labelled, model.score, model.label_chances)[seed % 3](text)

    assert attack(call, range(tries(few=36, landing=100, hour=500))).returned
