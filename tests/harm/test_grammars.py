"""Sentences of the languages that namegen reads, made by their grammars: what is read is what was meant.

Python's ``re`` and plain questions about every short name are the references; ``grammars.py`` has the grammars.
"""

from __future__ import annotations

import re
import tomllib
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from namegen.api import open_checkpoint
from namegen.config import Config, parse_config, read_config, read_run_config, write_config
from namegen.core.data.sameness import normalise
from namegen.core.generation import bands
from namegen.core.generation.generator import Generator, likeliest
from namegen.core.generation.people import Person, check_template
from namegen.core.generation.wishes.matches import Matches, Pattern
from namegen.core.generation.wishes.wishlist import Wishlist
from namegen.core.network.checkpoint import Checkpoint, Label
from namegen.core.network.recurrent_network import RecurrentNetwork
from namegen.errors import GenerationError, NamegenError, SettingsError
from namegen.experiments.sweep.grid import read_grid
from namegen.wishes import make_wishes
from tests.core.generation.exact import SmallModel, all_names
from tests.core.generation.wishes.test_neighbours import edit_distance
from tests.harm import grammars
from tests.harm.attack import attack, shapes_unchecked
from tests.harm.effort import tries
from tests.harm.grammars import sampled
from tests.labelled import labelled_checkpoint

LONGEST = 4
MODEL = SmallModel(grammars.LETTERS)
EVERY_NAME = [name for name in all_names(MODEL, LONGEST) if name]


def by_re(expression: str) -> re.Pattern[str] | None:
    """As Python's own library compiles it; None: it does not know it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        try:
            return re.compile(expression)
        except re.error:
            return None


def test_expressions_match_what_they_match_in_pythons_own_library() -> None:
    """And no beginning of a name that matches is pruned, none is mixed up with another."""
    names = sampled(grammars.short_names, 60)

    def call(expression: str) -> None:
        reference, pattern = by_re(expression), Pattern(expression)
        if reference is None:
            return
        alike = pattern.alike("".join(sorted({*"".join(names)}))) if pattern.prunes else {}
        for name in names:
            matches = reference.fullmatch(name) is not None
            assert pattern.matches(name) == matches, name
            assert pattern.matches(name.translate(alike)) == matches or not pattern.prunes, name
            if matches:
                assert all(pattern.may_begin(name[:length]) for length in range(len(name) + 1)), name

    expressions = sampled(grammars.shared_expressions, tries(few=30, landing=600, hour=4_000))
    known = sum(by_re(expression) is not None for expression in expressions)
    assert known > 0.9 * len(expressions)  # else nothing is compared
    assert attack(call, expressions).returned > 0.9 * len(expressions)


def holds(name: str, asked: dict[str, Any]) -> bool:
    """Whether a name keeps the wishes, each as a plain question."""
    form = normalise(name)
    avoided = [normalise(other) for other in asked.get("avoid", [])]
    banned = [word.strip().casefold() for word in asked.get("banned", [])]
    expression = by_re(asked.get("matches", "(?s).*"))
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
    generator = Generator(MODEL, MODEL.vocabulary)

    def call(asked: dict[str, Any]) -> None:
        shapes_unchecked()
        expected = {name for name in EVERY_NAME if holds(name, asked)}
        found: list[str] = []
        refused: SettingsError | None = None
        try:
            for batch in likeliest(
                generator, len(EVERY_NAME), max_length=LONGEST, allow_seen=True, wishes=make_wishes(None, **asked)
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
        known = "matches" not in asked or by_re(asked["matches"]) is not None
        return known and ("min_distance" not in asked or "avoid" in asked)

    wishes = sampled(grammars.combined_wishes.filter(sensible), tries(few=15, landing=250, hour=2_000))
    assert attack(call, wishes, seconds=10).returned > len(wishes) // 2


def test_names_of_wild_expressions_keep_them() -> None:
    """An expression that the search prunes by and one that it does not give the same names."""

    def call(expression: str) -> None:
        shapes_unchecked()
        generator = Generator(MODEL, MODEL.vocabulary)
        told: list[set[str]] = []
        for prunes in (True, False):
            wish = Matches(expression)
            wish.pattern.prunes = wish.pattern.prunes and prunes
            names: set[str] = set()
            try:
                for batch in likeliest(generator, 500, max_length=3, allow_seen=True, wishes=Wishlist([wish])):
                    names.update(batch.names)
            except NamegenError:
                pass
            told.append(names)
        assert told[0] == told[1]

    attack(call, sampled(grammars.shared_expressions, tries(few=10, landing=100, hour=1_000)), seconds=10)


def outcome(read: Any, source: object) -> object:
    """What a reader gives, or the kind of its refusal."""
    try:
        return read(source)
    except SettingsError:
        return SettingsError


def test_configs_of_nested_tables(tmp_path: Path) -> None:
    """What a file says is what its tables say; what is read is written so that it is read again."""
    path = tmp_path / "config.toml"

    def call(text: str) -> None:
        shapes_unchecked()
        path.write_bytes(text.encode())
        try:
            tables: dict[str, object] | None = tomllib.loads(text)
        except (ValueError, RecursionError):
            tables = None
        read = outcome(read_config, path)
        assert read == (SettingsError if tables is None else outcome(parse_config, tables))
        if isinstance(read, Config):
            assert parse_config(tomllib.loads(write_config(read))) == read
        for reader in (read_config, read_run_config, read_grid):
            reader(path)

    configs = sampled(grammars.configs, tries(few=20, landing=200, hour=3_000))
    sound = 0
    for text in configs:
        try:
            tomllib.loads(text)
        except ValueError:
            continue
        sound += 1
    assert sound > len(configs) // 2  # else the readers never see a value
    assert attack(call, configs).refused


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

    templates = sampled(grammars.templates, tries(few=40, landing=400, hour=2_000))
    tally = attack(call, templates)
    assert min(tally.returned, tally.refused) > len(templates) // 10


def test_labels_of_any_text_are_found_again(tmp_path: Path) -> None:
    sound = labelled_checkpoint()
    path = tmp_path / "model.safetensors"
    assert isinstance(sound.network, RecurrentNetwork)

    def call(labels: list[str]) -> None:
        shapes_unchecked()
        network = RecurrentNetwork(sound.vocabulary.size, "simple_rnn", (3,), labels=len(labels))
        drawn = network.initial_parameters("glorot", rng=np.random.default_rng(0))
        parameters = {name: values.astype(np.float32) for name, values in drawn.items()}
        counted = tuple(Label(label, place) for place, label in enumerate(labels, start=1))
        replace(sound, network=network, parameters=parameters, labels=counted, score_quantiles=None).save(path)
        model = open_checkpoint(Checkpoint.load(path), "labels")
        assert list(model.labels) == labels
        for label in labels:
            assert model.labelled(label).labels == (label,)
            assert label in model.label_chances("Ann")
            with pytest.raises(SettingsError, match="does not know"):
                model.labelled(f"{label}{label}?")

    assert attack(call, sampled(grammars.label_sets, tries(few=5, landing=100, hour=1_000))).returned
