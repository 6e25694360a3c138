"""Wishes of strangers end in names or a sentence; and sentences made by grammars are read as they were meant.

The library ``regex`` and plain questions about every short name are the references; ``grammars.py`` has the grammars.
"""

from __future__ import annotations

import warnings
from typing import Any

import pytest
import regex

from namegen.api.model import load
from namegen.core.data.sameness import normalise
from namegen.core.generation import arrivals, bands, generator
from namegen.core.generation.generator import Generator, likeliest
from namegen.core.generation.people import Person, check_template
from namegen.core.generation.wishes.matches import Pattern
from namegen.errors import GenerationError, SettingsError, of_part
from namegen.models import shipped_path
from namegen.wishes import make_wishes
from tests.core.generation.exact import SmallModel, all_names
from tests.core.generation.wishes.test_neighbours import edit_distance
from tests.harm import grammars
from tests.harm.attack import attack, shapes_unchecked
from tests.harm.effort import tries
from tests.harm.grammars import sampled
from tests.harm.material import model_file

LONGEST = 4
MODEL = SmallModel(grammars.LETTERS)
EVERY_NAME = [name for name in all_names(MODEL, LONGEST) if name]


def by_regex(expression: str) -> Any:
    """As the library itself compiles it; None: it does not know it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        try:
            return regex.compile(expression)
        except regex.error:
            return None


def test_expressions_match_what_they_match_in_the_library_by_itself() -> None:
    """And no beginning of a name that matches is pruned, none is mixed up with another."""
    names = sampled(grammars.short_names, 60)

    def call(expression: str) -> None:
        reference, pattern = by_regex(expression), Pattern(expression)
        if reference is None:
            return
        alike = pattern.alike("".join(sorted({*"".join(names)}))) if pattern.prunes else {}
        for name in names:
            matches = reference.fullmatch(name) is not None
            assert pattern.matches(name) == matches, name
            assert pattern.matches(name.translate(alike)) == matches or not pattern.prunes, name
            if matches:
                assert all(pattern.may_begin(name[:length]) for length in range(len(name) + 1)), name

    expressions = sampled(grammars.shared_expressions, tries("expressions"))
    known = sum(by_regex(expression) is not None for expression in expressions)
    assert known > 0.9 * len(expressions)  # else nothing is compared
    assert attack(call, expressions).returned > 0.9 * len(expressions)


def holds(name: str, asked: dict[str, Any]) -> bool:
    """Whether a name keeps the wishes, each as a plain question."""
    form = normalise(name)
    avoided = [normalise(other) for other in asked.get("avoid", [])]
    banned = [word.strip().casefold() for word in asked.get("banned", [])]
    expression = by_regex(asked.get("matches", "(?s).*"))
    assert expression is not None
    return (
        asked.get("min_length", 1) <= len(name)
        and name.startswith(asked.get("starts_with", ""))
        and name.endswith(asked.get("ends_with", ""))
        and asked.get("contains", "") in name
        and expression.fullmatch(name) is not None
        and not any(word in name.casefold() for word in banned if word)
        and not any(normalise(word) in form for word in banned if normalise(word))
        and all(form != other and edit_distance(form, other) >= asked.get("min_distance", 0) for other in avoided)
    )


def test_wishes_together_give_every_name_that_keeps_them_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """A contradiction is said only where no name of any length keeps them all."""
    monkeypatch.setattr(bands, "MOST_LOGITS", 2_000_000)
    of_all = Generator(MODEL, MODEL.vocabulary)

    def call(asked: dict[str, Any]) -> None:
        shapes_unchecked()
        expected = {name for name in EVERY_NAME if holds(name, asked)}
        found: list[str] = []
        refused: SettingsError | None = None
        try:
            for batch in likeliest(
                of_all, len(EVERY_NAME), max_length=LONGEST, allow_seen=True, wishes=make_wishes(None, **asked)
            ):
                found += batch.names
        except GenerationError:
            pass  # there are no more
        except SettingsError as error:
            refused = error
        # Of names that are the same but for case and punctuation the likeliest comes, once.
        assert set(found) <= expected
        assert sorted(map(normalise, found)) == sorted({normalise(name) for name in expected}), refused
        if refused is not None:
            raise refused

    def sensible(asked: dict[str, Any]) -> bool:
        known = "matches" not in asked or by_regex(asked["matches"]) is not None
        return known and ("min_distance" not in asked or "avoid" in asked)

    wishes = sampled(grammars.combined_wishes.filter(sensible), tries("wishes together"))
    assert attack(call, wishes, seconds=10).returned > len(wishes) // 2


def test_templates_are_filled_in_as_they_read() -> None:
    values = {"given": "{family}", "family": "O'Neil", "origin": "}{"}
    person = Person(values["given"], values["family"], values["origin"])

    def call(template: str) -> None:
        expected = grammars.braces(template, values)
        try:
            check_template(template)
        except SettingsError:
            assert expected is None
            raise
        assert person.written(template) == expected

    templates = sampled(grammars.templates, 2 * tries("wishes together"))
    tally = attack(call, templates)
    assert min(tally.returned, tally.refused) > 0


# --- wishes that hardly any name keeps --------------------------------------------------------------------------------


def test_any_wishes_end_in_names_or_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """A search ends after so many names and prefixes: here sooner, so that many wishes are tried."""
    monkeypatch.setattr(generator, "TRIES", 2_000)
    monkeypatch.setattr(arrivals, "MOST_PREFIXES", 20_000)
    monkeypatch.setattr(generator, "MOST_PREFIXES", 20_000)
    models = [load(model_file(labelled=labelled)) for labelled in (True, False)]

    def call(place: int) -> None:
        shapes_unchecked()
        with of_part("given"):
            make_wishes("mlb-first", **wished[place])
        longest = [None, None, 10, 1, 1000][place % 7 % 5]
        ask = models[place % 2].generate if place % 5 else models[place % 2].best
        ask(2, max_length=longest, allow_seen=bool(place % 2), **wished[place])

    wished = sampled(grammars.wild_wishes, tries("wishes and"))
    assert attack(call, range(len(wished)), seconds=5).refused


# Expressions that hardly any name matches, or none, and of which the first letters do not tell that.
HOPELESS = ("([a-zA-Z]+)*x{4}", ".*(zq|qz).*(xj|jx).*", r"(.)\1{2}.*(.)\2{2}", ".*[aeiou]{6}", "(ab|cd|ef){3,}z")


@pytest.mark.parametrize(("way", "seconds"), [("best", 5), ("generate", 30)])
def test_a_hopeless_search_ends_within_the_bounds_that_are_shipped(way: str, seconds: float) -> None:
    """The other test shortens them; here a shipped model is asked for what it hardly has."""
    attempts = tries("hopeless")
    model = load(shipped_path("mlb-first"))

    def call(expression: str) -> None:
        shapes_unchecked()
        getattr(model, way)(2, matches=expression)

    attack(call, HOPELESS[:attempts], seconds=seconds)


def test_labels_and_names_to_score() -> None:
    model = load(model_file(labelled=True))

    def call(seed: int) -> None:
        (model.labelled, model.score, model.label_chances)[seed % 3](grammars.HARD_TEXTS[seed // 3])

    assert attack(call, range(3 * len(grammars.HARD_TEXTS))).returned
