"""The JavaScript module finds the same names as Python, in Node and in a browser, and explains mistakes."""

from __future__ import annotations

import re
import shutil
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from namegen.api import read_checkpoint
from namegen.core.checkpoint.checkpoint import Checkpoint
from namegen.core.checkpoint.metadata import Label, Metadata, bytes_to_text
from namegen.core.data.normalization import hash_name
from namegen.core.data.profanity import are_profane
from namegen.core.network.cells import CELLS
from namegen.models import shipped_path
from namegen.web.description import PageModel
from namegen.web.export import write_module
from tests.labelled import FIRST, LAST, NAMES, labelled_checkpoint
from tests.web.by_seed import Drawer, SearchOfSeed, names_of_seed
from tests.web.conftest import by_heart, scored
from tests.web.running import Run, in_browser, in_node

GENERATE = "({ load }, json, [name, options]) => load(json, name).generate(options)"
SENTENCES = """({ load, blend }, json, codes) => {
    const first = load(json), labelled = load(json, "labelled"), silent = load(json, "silent");
    const parted = load(json, "parted");
    return codes.map((code) => {
        try { return eval(code); } catch (error) { return { kind: error.constructor.name, said: error.message }; }
    });
}"""
WRONG = [
    (
        "first.generate({ tempreture: 1 })",
        "There is no option “tempreture”. The options are n, seed, unfiltered, ",
    ),
    (
        "first.generate(new Map([['n', 5]]))",
        "The options must be a plain object, such as { n: 5 }.",
    ),
    (
        "first.generate({ [Symbol('n')]: 5 })",
        "There is no option Symbol(n). The options are n, seed",
    ),
    ("first.generate({ n: 0 })", "n must be a whole number from 1 to 100,000, not 0."),
    (
        "first.generate({ seed: 2 ** 32 })",
        "seed must be a whole number from 0 to 4,294,967,295, not 4294967296.",
    ),
    ("first.generate({ choose: 0.5 })", "There is no option “choose”. The options are n, seed"),
    ("first.generate({ unfiltered: 1 })", "unfiltered must be true or false, not 1."),
    (
        "first.generate({ temperature: -1 })",
        "temperature must be a number of at least 0, such as 0.8, not -1.",
    ),
    (
        "first.generate({ endsWith: 'x'.repeat(1001) })",
        "endsWith must be a string of up to 1,000 characters, but it has 1,001.",
    ),
    ("first.generate({ allowProfanity: 1 })", "allowProfanity must be true or false, not 1."),
    ("first.generate({ allowSeen: 'no' })", "allowSeen must be true or false, not “no”."),
    (
        "first.generate({ letterCase: 'Title' })",
        "letterCase must be one of original, title, upper, lower, not “Title”.",
    ),
    ("labelled.generate({ label: 'x' })", "There is no label “x”. Pass one of “first”, “last”."),
    ("first.generate({ label: 'x' })", "“shipped” has no labels. Remove the option label."),
    (
        "first.generate({ excludeWords: 'ann' })",
        "excludeWords must be a list of strings, not “ann”.",
    ),
    (
        "first.generate({ excludeWords: [1] })",
        "Each word of excludeWords must be a string of up to 1,000 characters, not 1.",
    ),
    (
        "silent.generate()",
        "“silent” can’t tell which names are new, because it doesn’t know its list. Pass allowSeen: true.",
    ),
    (
        "first.generate({ startsWith: 'ж' })",
        "This model doesn’t know the letter “ж”. Try other letters.",
    ),
    (
        "first.generate({ minLength: 9, maxLength: 3 })",
        "No name fits these lengths. Raise the longest length",
    ),
    (
        "parted.generate({ label: 'Female,female', allowSeen: true })",
        'There is no label “Female,female”. Pass one of “"a, b",female”',
    ),
    (
        "parted.next('M', { label: 'A, B' })",
        '“A, B” matches several labels. Pass one of “"a, b",female”, “,male”.',
    ),
    ("labelled.next('M')", "What comes next depends on the label. Pass a label, such as “first”."),
    ("first.next('Mж')", "No name of this model contains the character “ж”. Use other letters."),
    (
        "load(json, 'nobody')",
        "The data contain no model “nobody”, only “shipped”, “simple_rnn”",
    ),
    ("load('names.json')", "The data aren’t valid JSON. Pass the text of the JSON file"),
    (
        "load({ ...JSON.parse(json), version: 2 })",
        "The data have version 2, but this module reads version 15. Export both again.",
    ),
    (
        "load({ ...JSON.parse(json), models: [5] })",
        "The first model is damaged (it is not an object). Export it again.",
    ),
    ("blend([first])", "blend needs a list of two or more models from load."),
    (
        "blend([first, labelled])",
        "To blend “labelled”, choose one of its labels.",
    ),
    (
        "blend([first, first], { weights: [, 1] })",
        "weights must be a list with a number for each model, which sum to 1.",
    ),
    (
        "blend([first, first], { labels: ['x'] })",
        "labels must be a list with a label, or null, for each model.",
    ),
]
NAN = bytes_to_text(np.float32(np.nan).tobytes())
# Changes to a model's data, and the part that the error message reports as damaged.
DAMAGES = {
    "one.formula.operations[0].name = '__proto__'": "its formula",
    "one.formula.operations[0].of[1] = one.formula.gates + one.formula.state_gates + one.formula.states": "its formula",
    "one.formula.operations[0].of.pop()": "its formula",
    "one.formula.after = [-1]": "its formula",
    "one.formula.gates = 0": "its formula",
    "one.formula.gates += 1": "its tensors",
    "metadata.network.hidden = []": "its hidden layers",
    "metadata.network.hidden = [13, 8]": "its tensors",
    "one.tensors['output.bias'] = '\\u0133'.repeat(5)": None,
    "one.tensors['output.bias'] = '~~~~~'": None,
    "delete one.tensors['rnn.0.kernel']": "its tensors",
    f"one.tensors['output.bias'] = '{NAN}'.repeat(metadata.vocabulary.length + 1)": "its tensors",
    "metadata.labels = [{ name: 'x', names: -1 }]": "its “labels”",
    "metadata.labels = [{ name: 'x', names: 1, more: 1 }]": "its “labels”",
    "metadata.labels.forEach((one) => (one.names = 0))": "its labels",
    "metadata.vocabulary = metadata.vocabulary.replace('a', 'b')": "its vocabulary",
    "metadata.known_names = metadata.known_names.slice(5)": "its known names",
    "metadata.probe = '00000'": "its probe",
    "one.folding = { a: 1 }": "its “folding”",
    "metadata.score_rules = {}": "its “score_rules”",
    "metadata.score_rules[0].threshold = null": "its “score_rules”",
    "delete metadata.score_rules[1].mean_slope": "its “score_rules”",
    "metadata.score_rules.push(...metadata.score_rules, metadata.score_rules[0])": "its score rules",
    "metadata.score_rules[0].mean_level = -1e7": "its score rules",
    "metadata.ngrams = 5": "its “ngrams”",
    "metadata.ngrams = ''": "its n-grams",
    "metadata.ngrams = metadata.known_names": "its n-grams",
    "metadata.ngrams = metadata.ngrams.slice(0, -5)": "its n-grams",
    "metadata.ngrams += '00000'": "its n-grams",
    "metadata.ngrams = metadata.ngrams.slice(0, 10) + '~'.repeat(20)": "its n-grams",
    "metadata.ngrams = metadata.ngrams.slice(0, 10) + '00000' + metadata.ngrams.slice(15)": "its n-grams",
    "metadata.ngrams = '\u0133'.repeat(5)": "its n-grams",
    "metadata.words = metadata.known_names.slice(5)": "its words",
    "metadata.shortest_name = 1000": "its shortest name",
    "metadata.longest_name = 1.5": "its “longest_name”",
    "metadata.shapes = []": "its “shapes”",
    "one.more = 1": "its “more”",
    "metadata.more = 1": "its “more”",
    "one.metadata = null": "its “metadata”",
    **{f"delete metadata[{one.name!r}]": f"its “{one.name}”" for one in fields(Metadata)},
}
CHANGED = """(_, json, changes) => changes.map((change) => {
    const content = JSON.parse(json), one = content.models[1], { metadata } = one;
    eval(change);
    return content;
})"""
REFUSALS = """({ load }, json, contents) => contents.map((content) => {
    try { return load(content, "simple_rnn").generate({ n: 3 }); } catch (error) {
        return [error.constructor.name, error.message];
    }
})"""
# The names of constraints in Python and in JavaScript.
OPTIONS = {
    "starts_with": "startsWith",
    "ends_with": "endsWith",
    "contains": "contains",
    "min_length": "minLength",
    "max_length": "maxLength",
    "allow_seen": "allowSeen",
    "allow_profanity": "allowProfanity",
    "exclude_words": "excludeWords",
}
LABEL_OF = [0] * len(FIRST) + [1] * len(LAST)


@pytest.fixture(scope="module")
def models() -> dict[str, Checkpoint]:
    """Return a built-in model, a labeled model of each cell, and variants without score rules or hashes."""
    made = {cell: scored(labelled_checkpoint(cell, (12, 8)), NAMES, LABEL_OF) for cell in CELLS}
    parted = (Label('"a, b",female', 600), Label(",male", 400))
    return {
        "shipped": read_checkpoint(shipped_path("mlb-last")),
        **made,
        "labelled": made["gru"],
        "parted": replace(made["gru"], labels=parted, known_names=None, score_rules=()),
        "silent": replace(made["gru"], known_names=None, ngrams=None, score_rules=()),
        "one rule": replace(made["gru"], score_rules=made["gru"].score_rules[:1]),
    }


@pytest.fixture(scope="module")
def folder(models: dict[str, Checkpoint], tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("module with a space")
    given = [
        PageModel(name, checkpoint, credit="by us; MIT", notice="Text.")
        for name, checkpoint in models.items()
    ]
    write_module(given, place / "names.mjs")
    return place


@pytest.fixture(scope="module", params=["node", "browser"])
def run(folder: Path, request: pytest.FixtureRequest) -> Run:
    if request.param == "node":
        return in_node(folder)
    return in_browser(request.getfixturevalue("browser"), folder)


@pytest.fixture(scope="module")
def node(folder: Path) -> Run:
    return in_node(folder)


def same_in_both(
    run: Run, models: dict[str, Checkpoint], name: str, n: int, seed: int, **constraints: Any
) -> list[str]:
    """Check that the module and Python find the same names in the same order. Return the names."""
    options = {
        OPTIONS.get(constraint, constraint): value for constraint, value in constraints.items()
    }
    found: list[str] = run(GENERATE, [name, {"n": n, "seed": seed, **options}])
    assert found == names_of_seed(models[name], n=n, seed=seed, **constraints)
    assert len({name.casefold() for name in found}) == n
    return found


# ---- the same names as in Python ----


@pytest.mark.parametrize("cell", CELLS)
def test_names_match_python(cell: str, node: Run, models: dict[str, Checkpoint]) -> None:
    found = same_in_both(node, models, cell, 30, 7)
    assert found != names_of_seed(models[cell], n=30, seed=8)


@pytest.mark.parametrize(
    "constraints",
    [
        {"temperature": 1.3},
        {"label": "last"},
        {"starts_with": "j", "max_length": 5},
        {"starts_with": "chr", "n": 6},
        {"exclude_words": ["AR", "=mary", "-n-o-"]},
        {"allow_seen": True},
        {"allow_seen": True, "min_length": 7},
        {"unfiltered": True},
        {"unfiltered": True, "allow_seen": True, "temperature": 0.6},
    ],
)
def test_constraints_on_labeled_names_match_python(
    constraints: dict[str, Any], node: Run, models: dict[str, Checkpoint]
) -> None:
    found = same_in_both(node, models, "gru", constraints.pop("n", 12), 7, **constraints)
    assert found != names_of_seed(models["gru"], n=len(found), seed=8, **constraints)


def test_all_labels_can_share_a_score_rule(node: Run, models: dict[str, Checkpoint]) -> None:
    found = same_in_both(node, models, "one rule", 20, 7)
    assert found != same_in_both(node, models, "gru", 20, 7)


@pytest.mark.parametrize("name", ["silent", "parted"])
def test_models_without_score_rules_return_unfiltered_names(
    name: str, node: Run, models: dict[str, Checkpoint]
) -> None:
    found = same_in_both(node, models, name, 12, 7, allow_seen=True)
    assert found == node(
        GENERATE, [name, {"n": 12, "seed": 7, "allowSeen": True, "unfiltered": True}]
    )


def test_constraints_match_python(run: Run, models: dict[str, Checkpoint]) -> None:
    found = same_in_both(
        run, models, "shipped", 10, 3, starts_with="mc", min_length=6, max_length=9, temperature=0.7
    )
    assert {name[:2].lower() for name in found} == {"mc"}
    found = same_in_both(run, models, "shipped", 8, 4, ends_with="n", contains="e", allow_seen=True)
    assert all(name.endswith("n") and "e" in name.lower() for name in found)
    same_in_both(run, models, "gru", 12, 1, starts_with="j", label="first")


def test_names_from_the_second_pass_match_python(node: Run, models: dict[str, Checkpoint]) -> None:
    search = SearchOfSeed(models["shipped"], n=20, seed=3, contains="q")
    assert search.filled == 20
    assert node(GENERATE, ["shipped", {"n": 20, "seed": 3, "contains": "q"}]) == search.names
    some = SearchOfSeed(models["gru"], n=60, seed=3, max_length=2, label="first")
    assert 0 < some.filled < 60
    assert (
        node(GENERATE, ["gru", {"n": 60, "seed": 3, "maxLength": 2, "label": "first"}])
        == some.names
    )


def test_filtering_does_not_affect_known_names(node: Run, models: dict[str, Checkpoint]) -> None:
    code = "({ load }, json, options) => load(json, 'shipped').entries(options)"
    options = {"n": 200, "seed": 6, "allowSeen": True, "maxLength": 9}
    filtered, unfiltered = (node(code, {**options, "unfiltered": one}) for one in (False, True))
    assert [one["isNew"] for one in filtered] == [one["isNew"] for one in unfiltered]
    known = [
        [one["name"] for one in entries if not one["isNew"]] for entries in (filtered, unfiltered)
    ]
    assert known[0] == known[1]
    assert 20 < len(known[0]) < 180
    new = [{one["name"] for one in entries if one["isNew"]} for entries in (filtered, unfiltered)]
    assert len(new[0] & new[1]) < len(new[0]) / 5


def test_the_default_minimum_length_applies_only_to_new_names(
    node: Run, models: dict[str, Checkpoint]
) -> None:
    shortest = models["shipped"].shortest_name
    assert shortest == 4
    code = "({ load }, json, options) => load(json, 'shipped').entries(options)"
    options = {"n": 60, "seed": 6, "allowSeen": True, "maxLength": 4, "temperature": 1.2}
    of_new, of_known = set(), set()
    for one in node(code, options):
        (of_new if one["isNew"] else of_known).add(len(one["name"]))
    assert (of_new, min(of_known)) == ({shortest}, 3)
    assert {len(one["name"]) for one in node(code, {**options, "minLength": shortest})} == {
        shortest
    }


def test_profane_names_are_returned_only_if_allowed(
    node: Run, models: dict[str, Checkpoint]
) -> None:
    constraints = {"starts_with": "cock", "unfiltered": True, "allow_seen": True}
    polite, every = (
        same_in_both(node, models, "shipped", 12, 2, allow_profanity=rude, **constraints)
        for rude in (False, True)
    )
    assert not are_profane(polite).any()
    rude = int(are_profane(every).sum())
    assert 0 < rude < 12
    assert [name for name in every if not are_profane([name])] == polite[: 12 - rude]


@pytest.mark.slow
@pytest.mark.parametrize(
    "shipped", ["mlb-first", "companies", "japanese-given", "world-given", "world-places"]
)
def test_names_of_built_in_models_match_python(shipped: str, browser: Any, tmp_path: Path) -> None:
    """Test built-in models with different cells, in Node and in the browser."""
    # Without the name of its list, the model doesn't reject the first words of listed companies.
    checkpoint = replace(read_checkpoint(shipped_path(shipped)), training={})
    write_module([PageModel(shipped, checkpoint)], tmp_path / "names.mjs")
    expected = names_of_seed(checkpoint, n=100, seed=5)
    for run in (in_node(tmp_path), in_browser(browser, tmp_path)):
        assert run(GENERATE, [shipped, {"n": 100, "seed": 5, "letterCase": "original"}]) == expected


# ---- the API ----


def test_models_describe_themselves(node: Run, models: dict[str, Checkpoint]) -> None:
    code = "({ load }, json, name) => ({ ...load(JSON.parse(json), name) })"
    assert node(code, "labelled") == {
        "name": "labelled",
        "title": "labelled",
        "credit": "by us; MIT",
        "notice": "Text.",
        "labels": ["first", "last"],
        "characters": models["gru"].vocabulary.characters,
        "filters": True,
        "minLength": models["gru"].shortest_name,
        "maxLength": models["gru"].longest_name,
        "knowsNames": True,
    }


def test_parts_of_a_label_select_all_matching_labels(node: Run) -> None:
    """A label also matches if the requested part is empty in it."""
    code = """({ load }, json, options) => {
        const entries = load(json, "parted").entries({ n: 60, seed: 1, allowSeen: true, ...options });
        return [...new Set(entries.map(({ label }) => label))].sort();
    }"""
    both = ['"a, b",female', ",male"]
    for asked, found in (
        ("a, B", both),
        ("female", both[:1]),
        ('"a, b",male', both[1:]),
        (",Female", both[:1]),
    ):
        assert node(code, {"label": asked}) == found


def test_entries_have_label_and_is_new(node: Run, models: dict[str, Checkpoint]) -> None:
    options = {"n": 100, "seed": 1, "allowSeen": True, "maxLength": 4}
    code = "({ load }, json, options) => load(json, 'gru').entries(options)"
    entries = node(code, options)
    known = models["gru"].known_names.short  # type: ignore[union-attr]
    assert [one["isNew"] for one in entries] == [
        hash_name(one["name"]) not in known for one in entries
    ]
    assert {one["isNew"] for one in entries} == {True, False}
    assert {one["label"] for one in entries} == {"first", "last"}
    assert node(GENERATE, ["gru", options]) == [one["name"] for one in entries]


def test_unfiltered_names_can_be_twice_as_long_as_listed_names(
    node: Run, models: dict[str, Checkpoint]
) -> None:
    """At a high temperature, many names reach the maximum length, so a lower maximum changes the names."""
    constraints = {"n": 30, "seed": 1, "temperature": 3, "unfiltered": True}
    assert node(GENERATE, ["simple_rnn", constraints]) == names_of_seed(
        models["simple_rnn"], **constraints
    )
    shorter = {**constraints, "maxLength": 2 * models["simple_rnn"].longest_name - 1}
    assert node(GENERATE, ["simple_rnn", shorter]) != names_of_seed(
        models["simple_rnn"], **constraints
    )


def test_names_can_be_twice_as_long_as_the_required_prefix(
    node: Run, models: dict[str, Checkpoint]
) -> None:
    text = "ma" * models["gru"].longest_name
    names = "({ load }, json, options) => load(json, 'gru').generate(options)"
    (name,) = node(
        names, {"n": 1, "seed": 1, "startsWith": text, "allowSeen": True, "unfiltered": True}
    )
    assert len(text) <= len(name) <= 2 * len(text)


def test_is_new_matches_python(node: Run, models: dict[str, Checkpoint]) -> None:
    """Letters that aren't in the training list are normalized with JavaScript's own Unicode tables."""
    known = models["shipped"].known_names.short  # type: ignore[union-attr]
    names = [
        "Maddox",
        "MADDOX",
        "Mad\u2013dox",
        "ＭＡＤＤＯＸ",
        " mad\tdox\u200d",
        "Maddöx",
        "Maddoxa",
        "Жук",
        "?!",
        "",
    ]
    found = node("({ load }, json, names) => names.map((name) => load(json).isNew(name))", names)
    assert found == [hash_name(name) not in known for name in names]
    assert found[:6] == [False, False, False, False, False, True]


def test_is_new_ignores_case_if_the_list_has_no_capitals(tmp_path: Path) -> None:
    """Such a model contains no table for capital letters."""
    write_module([PageModel("small", by_heart(["anna", "jürgen"]))], tmp_path / "names.mjs")
    names = ["ANNA", "JÜRGEN", "Jürgen", "ANN", "JURGEN"]
    found = in_node(tmp_path)(
        "({ load }, json, names) => names.map((name) => load(json).isNew(name))", names
    )
    assert found == [False, False, False, True, True]


def test_next_characters_match_python(node: Run, models: dict[str, Checkpoint]) -> None:
    checkpoint = models["shipped"]
    ids = (0, *checkpoint.vocabulary.encode("Mc").tolist())
    chances = Drawer(checkpoint, 0.5).chances(ids)
    found = node("({ load }, json) => load(json).next('Mc', { temperature: 0.5 })")
    assert len(found) == checkpoint.vocabulary.size
    assert found[0]["probability"] == pytest.approx(chances.max(), rel=1e-9)
    assert found[0]["character"] == checkpoint.vocabulary.characters[int(chances.argmax()) - 1]
    (end,) = [one["probability"] for one in found if one["character"] == ""]
    assert end == pytest.approx(chances[0], rel=1e-9)


def test_blends_compute_the_weighted_mean(node: Run) -> None:
    code = """({ load, blend }, json) => {
        const [first, other] = [load(json), load(json, "labelled")];
        const mixed = blend([first, other], { weights: [0.25, 0.75], labels: [null, "last"] });
        const of = (next, letter) => next.find(({ character }) => character === letter).probability;
        const [a, b, c] = [first.next(), other.next("", { label: "last" }), mixed.next()].map((next) => of(next, "M"));
        const { labels, maxLength, title } = mixed;
        return { mean: 0.25 * a + 0.75 * b, c, labels, maxLength, title, names: mixed.generate({ n: 30, seed: 1 }) };
    }"""
    found = node(code)
    assert found["c"] == pytest.approx(found["mean"], rel=1e-12)
    assert (found["labels"], found["title"], len(set(found["names"]))) == (
        [],
        "shipped and labelled",
        30,
    )


def test_blends_return_unfiltered_names(node: Run) -> None:
    """Blends have no score rules."""
    code = """({ load, blend }, json, unfiltered) => {
        const mixed = blend([load(json), load(json, "labelled")], { labels: [null, "last"] });
        const { filters, minLength, maxLength } = mixed;
        return [filters, minLength, maxLength, mixed.generate({ n: 30, seed: 1, unfiltered })];
    }"""
    found = node(code, False)
    assert found == node(code, True)
    assert found[:3] == [False, 1, 2 * 18]


def test_the_module_works_in_a_web_worker(browser: Any, folder: Path) -> None:
    """Web workers have no document and no window."""
    (folder / "worker.mjs").write_text(
        'import { load } from "./names.mjs";\n'
        "onmessage = ({ data }) => postMessage(load(data).generate({ n: 5, seed: 1 }));\n",
        encoding="utf-8",
    )
    ask = """async ({}, json) => {
        const worker = new Worker("./worker.mjs", { type: "module" });
        return await new Promise((done, failed) => {
            worker.onmessage = ({ data }) => done(data);
            worker.onerror = ({ message }) => failed(new Error(message));
            worker.postMessage(json);
        });
    }"""
    run = in_browser(browser, folder)
    assert run(ask) == run(GENERATE, ["shipped", {"n": 5, "seed": 1}])


# ---- errors ----


def test_errors_explain_the_mistake_in_a_short_message(node: Run) -> None:
    found = node(SENTENCES, [code for code, _ in WRONG])
    assert [one["kind"] for one in found] == ["Error"] * len(WRONG)
    wanted = [said for _, said in WRONG]
    assert [one["said"][: len(said)] for one, said in zip(found, wanted, strict=True)] == wanted
    assert max(len(one["said"]) for one in found) < 250


def test_errors_contain_the_names_found_so_far(node: Run) -> None:
    code = """({ load }, json) => {
        try { load(json, "gru").generate({ n: 1000, unfiltered: true, maxLength: 1, seed: 1 }); } catch (error) {
            return [error.message, error.names];
        }
    }"""
    said, names = node(code)
    assert re.fullmatch(
        r"Found only \d+ of 1,000 names\. No more matching names turned up in 30,000 tries\. .*",
        said,
    )
    assert said.startswith(f"Found only {len(names)} of")
    assert names
    assert {len(name) for name in names} == {1}


def test_damaged_data_is_rejected(node: Run) -> None:
    found = dict(zip(DAMAGES, node(REFUSALS, node(CHANGED, list(DAMAGES))), strict=True))
    said = {change: f" ({what})" if what else "" for change, what in DAMAGES.items()}
    assert found == {
        change: ["Error", f"The model “simple_rnn” is damaged{said[change]}. Export it again."]
        for change in DAMAGES
    }


def test_models_that_fail_the_self_test_are_rejected(node: Run, folder: Path) -> None:
    """The test changes the parameters, so they no longer produce the stored logits."""
    code = """({ load }, json) => {
        const content = JSON.parse(json), one = content.models[0];
        one.tensors["output.bias"] = "0".repeat(one.tensors["output.bias"].length);
        return content;
    }"""
    content = node(code)
    refused = "({ load }, _, content) => { try { return load(content); } catch (error) { return error.message; } }"
    assert node(refused, content).startswith(
        "This module can’t run “shipped”: it computes other values than the backend “numpy”, which"
    )


# ---- limits of searches ----

SEARCHES = """({ load, Model, Search }, json, constraints) => constraints.map((constraint) => {
    const model = new Model(JSON.parse(json).models.find(({ name }) => name === "simple_rnn"));
    let reads = 0;
    const { network } = model, step = network.step.bind(network);
    network.step = (...given) => { reads += 1; return step(...given); };
    const usual = { n: 20, seed: 1, temperature: 1, first: "", shortest: 1, longest: 30, label: "first" };
    const search = new Search(model, { ...usual, onlyNew: true, unfiltered: true, ...constraint });
    const before = reads;
    search.runToEnd();
    const { trouble, draws, letters, names } = search;
    return { trouble, before, draws, letters, names: names.length };
})"""


FEW, MANY = (
    {"n": 100_000, "longest": most, "onlyNew": most > 1, "temperature": 3} for most in (1, 2)
)


def test_searches_stop_at_their_limits(folder: Path, tmp_path: Path) -> None:
    """Count the network's steps, the draws and the letters of searches that find few names or none."""
    text = (folder / "names.mjs").read_text(encoding="utf-8") + "\nexport { Model, Search };\n"
    (tmp_path / "names.mjs").write_text(text, encoding="utf-8")
    shutil.copy(folder / "names.json", tmp_path)
    # Impossible constraints are detected without using the network.
    constraints: list[dict[str, object]] = [
        {"first": "a" * 1000},
        {"first": "ab" * 16, "contains": "x"},
    ]
    constraints += [
        {"first": "a", "ends": "b" * 31},
        {"first": "ma", "ends": "ж"},
        {"first": "ma", "ends": "o "},
    ]
    # With 1,000 letters, 64 start prefixes would require 64,000 steps of the network.
    constraints += [
        {"first": "a" * 1000, "longest": 1000, "n": 1},
        {"first": "a" * 79, "longest": 79, "n": 1},
    ]
    # In large requests, only names that were found raise the limit. Otherwise, a request for 100,000 names could take
    # two million draws.
    constraints += [FEW, MANY, *({"n": n, "contains": "zzqx"} for n in (100, 1000, 20))]
    constraints += [
        {"longest": 1000, "shortest": 999, "temperature": 100, "n": 100, "onlyNew": False}
    ]
    *impossible, long, shorter, few, many, hundred, thousand, twenty, endless = in_node(tmp_path)(
        SEARCHES, constraints
    )
    assert [one["trouble"]["why"] for one in impossible] == [
        "lengths",
        "lengths",
        "lengths",
        "letter",
        "space",
    ]
    assert {(one["before"], one["draws"]) for one in impossible} == {(0, 0)}
    assert 1000 < long["before"] <= 5100
    assert shorter["before"] > 64 * 70  # all 64 start prefixes are computed
    assert 20 < few["names"] <= 30
    assert 22_000 < few["draws"] < 60_000
    assert many["names"] > 500
    assert many["draws"] <= 210_000
    assert 80_000 <= thousand["letters"] < 80_100
    assert thousand == hundred
    assert 40_000 <= twenty["letters"] < 40_100
    assert endless["names"] == 0
    assert 50_000 <= endless["letters"] <= 101_001
