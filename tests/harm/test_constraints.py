"""Test that any constraints, templates, labels and names lead to a result or to one clear error."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from namegen.api.model import load
from namegen.core.generation import generator
from namegen.core.generation.request import GenerationRequest
from namegen.core.people.person import Person, check_template
from namegen.errors import add_part_to_settings
from tests.harm.attack import attack
from tests.harm.effort import tries
from tests.harm.material import end_sooner, model_file

TEXTS = (
    *("", "a", "Ann", " ", "\0", "\n", "\x1b[31m", "\u202e", "\ud800"),
    *("x" * 100_000, "é" * 3000, "a" * 40),
)
NUMBERS = (-1, 0, 1, 4, 999, 10**6, 2**63, 10**400)
# Parts of regular expressions: common ones, ones that few libraries support, and ones that are very slow to match.
SIGNS = (*"()|*+?^$[]{\\\0", "{1,2}", "{2,}", r"\b", "(?:", "(?i)", r"\1")
SETS = (
    *"abA.",
    "[ab]",
    "[^a]",
    r"\w",
    r"\W",
    "(?=a)",
    "(?!b)",
    "(?<=a)",
    "(?>a)",
    r"(a)\1",
    "(?x) a # b",
)
ODD = (
    r"\p{L}",
    "(?R)",
    r"\K",
    "[[a]--[b]]",
    "(?e)(a){e<=2}",
    r"\N{BULLET}",
    "a{99999999}",
    "a{2,1}",
    "😀",
)
SLOW = ("([a-zA-Z]+)*1", "(a|a)*b", "(a?){40}a{40}", "(?:(?:n+)+)+$a", r"(\w*)*\d")
EXPRESSIONS = (*SETS, *SETS, *SIGNS, *ODD, *SLOW)
# Parts of templates.
FIELDS = ("{given}", "{family}", "{origin}", "{given:}", "{{", "}}", ", ", "x" * 5000, "{given")
BAD_FIELDS = (
    "{}",
    "{0}",
    "{Given}",
    "{given!r}",
    "{given.__class__}",
    "{given[0]}",
    "{family:>99999999999}",
)


def wild_constraints(rng: Random) -> dict[str, Any]:
    """Return one to three constraints with random values."""
    constraints: dict[str, Any] = {
        name: rng.choice(TEXTS) for name in ("starts_with", "ends_with", "contains")
    }
    constraints |= {name: rng.choice(NUMBERS) for name in ("min_length", "min_distance")}
    constraints |= {
        name: rng.choices(TEXTS, k=rng.randint(0, 3)) for name in ("exclude_words", "exclude_names")
    }
    constraints["matches"] = "".join(rng.choices(EXPRESSIONS, k=rng.randint(1, 6)))
    return {name: constraints[name] for name in rng.sample(sorted(constraints), rng.randint(1, 3))}


def test_any_constraints_lead_to_names_or_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """The search limits are lowered, so that the test can try many constraints."""
    end_sooner(monkeypatch)
    monkeypatch.setattr(generator, "MAX_PREFIXES", 20_000)
    models = [load(model_file(labelled=labelled)) for labelled in (True, False)]

    def call(seed: int) -> None:
        constraint_list = wild_constraints(Random(seed))
        with add_part_to_settings("given"):
            GenerationRequest(**constraint_list)
        ask = models[seed % 2].generate if seed % 5 else models[seed % 2].most_likely
        ask(
            2,
            max_length=[None, None, 10, 1, 1000][seed % 7 % 5],
            allow_seen=bool(seed % 2),
            **constraint_list,
        )

    assert attack(call, range(tries("constraints and labels")), seconds=5).refused


def test_templates_are_filled_in_like_format_strings() -> None:
    values = {"given": "{family}", "family": "O'Neil", "origin": "}{"}

    def call(seed: int) -> None:
        rng = Random(seed)
        template = "".join(rng.choices((*FIELDS, *FIELDS, *BAD_FIELDS), k=rng.randint(1, 4)))
        check_template(template)
        written = Person(**values).format(template)
        assert written == template.format(**values)
        assert not any(bad in template.replace("{{", "").replace("}}", "") for bad in BAD_FIELDS)

    tally = attack(call, range(tries("templates of people")))
    assert min(tally.returned, tally.refused) > 0


def test_any_label_or_name_is_used_or_rejected() -> None:
    model = load(model_file(labelled=True))

    def call(seed: int) -> None:
        (model.for_labels, model.score, model.label_probabilities)[seed % 3](TEXTS[seed // 3])

    assert attack(call, range(3 * len(TEXTS))).returned
