"""The JavaScript module finds the same names as Python, in Node and in a browser, and explains mistakes."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from namegen import api
from namegen.api import read_checkpoint
from namegen.core.checkpoint.checkpoint import Checkpoint
from namegen.core.checkpoint.metadata import Label, bytes_to_text
from namegen.core.data.normalization import hash_name
from namegen.core.data.profanity import are_profane
from namegen.core.network.cells import CELLS
from namegen.models import GROUPS, shipped_path
from namegen.web.description import PageModel
from namegen.web.export import FORMAT_VERSION, request_options, write_module
from tests.labelled import FIRST, LAST, NAMES, labelled_checkpoint
from tests.reading import engine_of, logits_behind
from tests.web.conftest import by_heart, scored
from tests.web.reference import SeededSearch
from tests.web.running import Run, in_browser, in_node

GENERATE = "({ load }, json, [name, options]) => load(json, name).generate(options)"
SENTENCES = """({ load, blend }, json, codes) => {
    const first = load(json), labelled = load(json, "labelled"), silent = load(json, "silent");
    const parted = load(json, "parted");
    return codes.map((code) => {
        try { return eval(code); } catch (error) { return { kind: error instanceof Error, said: error.message }; }
    });
}"""
WRONG = [
    (
        "first.generate({ tempreture: 1 })",
        "There is no option “tempreture”. The options are n, startsWith, ",
    ),
    (
        "first.generate(5)",
        "The options must be an object, such as { n: 5 }.",
    ),
    ("first.generate({ n: 0 })", "n must be a whole number from 1 to 100,000, not 0."),
    (
        "first.generate({ temperature: -1 })",
        "temperature must be a number of at least 0, such as 0.8, not -1.",
    ),
    (
        "first.generate({ endsWith: 'x'.repeat(1001) })",
        "endsWith must be a string of up to 1,000 characters, but it has 1,001.",
    ),
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
        "parted.next('M', { label: 'A, B' })",
        '“A, B” matches several labels. Pass one of “"a, b",female”, “,male”.',
    ),
    ("labelled.next('M')", "What comes next depends on the label. Pass a label, such as “first”."),
    ("first.next('Mж')", "No name of this model contains the character “ж”. Use other letters."),
    (
        "load(json, 'nobody')",
        "The data contain no model “nobody”, only “shipped”, “simple_rnn”",
    ),
    (
        "load({ ...JSON.parse(json), version: 2 })",
        f"The data have version 2, but this module reads version {FORMAT_VERSION}. Export both again.",
    ),
    ("first.nameAt(1.5, 0)", "seed must be a whole number of at least 0, not 1.5."),
    (
        "labelled.nameAt(1, 0)",
        "The names of “labelled” can’t be listed in advance. Use generate instead.",
    ),
    ("blend([first])", "blend needs a list of two or more models from load."),
    (
        "blend([first, labelled])",
        "To blend “labelled”, choose one of its labels.",
    ),
    (
        "blend([first, first], { weights: [1] })",
        "weights must be a list with a number for each model, which sum to 1.",
    ),
]
NAN = bytes_to_text(np.float32(np.nan).tobytes())
# Changes to a model's data.
DAMAGES = [
    "one.formula.operations[0].name = '__proto__'",
    "one.tensors['output.bias'] = '~~~~~'",
    "delete one.tensors['rnn.0.kernel']",
    "metadata.known_names = metadata.known_names.slice(5)",
    "metadata.ngrams = 5",
    "metadata.ngrams = ''",
    "metadata.ngrams = metadata.ngrams.slice(0, -5)",
    "metadata.ngrams += '00000'",
    "metadata.words = metadata.known_names.slice(5)",
    "delete metadata.labels",
    "delete one.formula",
]
# Changes after which the network computes other values, or none.
WRONG_NETWORKS = [
    "one.tensors['output.bias'] = '0'.repeat(one.tensors['output.bias'].length)",
    "one.tensors['rnn.0.kernel'] = one.tensors['rnn.0.kernel'].slice(50)",
    f"one.tensors['output.bias'] = '{NAN}'.repeat(metadata.vocabulary.length + 1)",
    f"metadata.probe = null; one.tensors['output.bias'] = '{NAN}'.repeat(metadata.vocabulary.length + 1)",
]
CHANGED = """(_, json, changes) => changes.map((change) => {
    const content = JSON.parse(json), one = content.models[1], { metadata } = one;
    eval(change);
    return content;
})"""
REFUSALS = """({ load }, json, contents) => contents.map((content) => {
    try { return load(content, "simple_rnn").generate({ n: 3 }); } catch (error) {
        return error.message;
    }
})"""
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


ENTRIES = "({ load }, json, [name, options]) => load(json, name).entries(options)"


# ---- the same names as in Python ----


@pytest.mark.parametrize("cell", CELLS)
def test_names_match_python(cell: str, node: Run, models: dict[str, Checkpoint]) -> None:
    names = node(GENERATE, [cell, {"n": 12, "seed": 7}])
    assert names == SeededSearch(models[cell], seed=7).names(12)
    unfiltered = node(
        GENERATE, [cell, {"n": 12, "seed": 7, "unfiltered": True, "temperature": 1.3}]
    )
    expected = SeededSearch(models[cell], seed=7, unfiltered=True).names(12, temperature=1.3)
    assert unfiltered == expected


@pytest.mark.parametrize("name", ["shipped", "one rule"])
def test_names_match_python_in_node_and_in_the_browser(
    name: str, run: Run, models: dict[str, Checkpoint]
) -> None:
    assert run(GENERATE, [name, {"n": 5, "seed": 5}]) == SeededSearch(models[name], 5).names(5)


def test_constraints_are_satisfied(node: Run, models: dict[str, Checkpoint]) -> None:
    """The names are distinct and new, and don't depend on anything but the seed and the options."""
    options = {"n": 10, "seed": 3, "startsWith": "mc", "endsWith": "N", "contains": "e"}
    options |= {"minLength": 6, "maxLength": 9, "excludeWords": ["AR", "=mcqueen", "-l-l-"]}
    names = node(GENERATE, ["shipped", options])
    assert names == node(GENERATE, ["shipped", options])
    assert len({name.casefold() for name in names}) == 10
    known = models["shipped"].known_names.short  # type: ignore[union-attr]
    for name in map(str.lower, names):
        assert re.fullmatch("mc(?=.*e).*n", name)
        assert 6 <= len(name) <= 9
        assert not re.search("ar|ll", name)
        assert hash_name(name) not in known


def test_filtering_does_not_affect_known_names(node: Run) -> None:
    """Among new and known names, each new name is replaced by a filtered one."""
    options = {"n": 200, "seed": 6, "allowSeen": True, "maxLength": 9}
    filtered, unfiltered = (
        node(ENTRIES, ["shipped", {**options, "unfiltered": value}]) for value in (False, True)
    )
    assert [entry["isNew"] for entry in filtered] == [entry["isNew"] for entry in unfiltered]
    known, new = (
        [
            [entry["name"] for entry in entries if entry["isNew"] is kind]
            for entries in (filtered, unfiltered)
        ]
        for kind in (False, True)
    )
    assert known[0] == known[1]
    assert 20 < len(known[0]) < 180
    assert len(set(new[0]) & set(new[1])) < len(new[0]) / 5


def test_the_default_minimum_length_applies_only_to_new_names(
    node: Run, models: dict[str, Checkpoint]
) -> None:
    shortest = models["shipped"].shortest_name
    options = {"n": 60, "seed": 6, "allowSeen": True, "maxLength": 4, "temperature": 1.2}
    lengths: dict[bool, set[int]] = {True: set(), False: set()}
    for entry in node(ENTRIES, ["shipped", options]):
        lengths[entry["isNew"]].add(len(entry["name"]))
    assert (lengths[True], min(lengths[False])) == ({shortest}, 3)


def test_profane_names_are_returned_only_if_allowed(node: Run) -> None:
    options = {"n": 12, "seed": 2, "startsWith": "cock", "unfiltered": True, "allowSeen": True}
    polite, all_names = (
        node(GENERATE, ["shipped", {**options, "allowProfanity": value}]) for value in (False, True)
    )
    assert not are_profane(polite).any()
    assert 0 < are_profane(all_names).sum() < 12


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


def test_entries_say_which_names_miss_the_threshold(node: Run) -> None:
    options = {"n": 30, "seed": 1, "startsWith": "z"}
    good = [entry["isGood"] for entry in node(ENTRIES, ["shipped", options])]
    assert set(good) == {True, False}
    assert good == sorted(good, reverse=True)
    options = {"n": 5, "seed": 1, "unfiltered": True}
    assert {entry["isGood"] for entry in node(ENTRIES, ["shipped", options])} == {None}


FICTION = ["rivers", "mountains", "planets", "stars", *GROUPS["fantasy"], *GROUPS["things"]]
QUICK = ("dwarves", "orcs", "taverns")


@pytest.mark.parametrize(
    "name",
    [
        *QUICK,
        *(pytest.param(name, marks=pytest.mark.slow) for name in FICTION if name not in QUICK),
    ],
)
def test_good_names_have_the_same_seeded_order_as_in_python(name: str, tmp_path: Path) -> None:
    write_module([PageModel(name, read_checkpoint(shipped_path(name)))], tmp_path / "names.mjs")
    code = """({ load }, json, [seed, most]) => {
        const model = load(json), { goodNames } = model;
        const count = Math.min(most, goodNames.length);
        return { goodNames, order: Array.from({ length: count }, (_, index) => model.nameAt(seed, index)) };
    }"""
    result = in_node(tmp_path)(code, [9, 200])
    model = api.load(name)
    assert tuple(result["goodNames"]) == model.good_names
    count = min(200, len(model.good_names))
    assert result["order"] == [model.name_at(9, index) for index in range(count)]
    assert len(set(result["order"])) == count > 50


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
    tokens = [0, *checkpoint.vocabulary.encode("Mc").tolist()]
    logits = logits_behind(engine_of(checkpoint, "float64"), tokens)[-1] / 0.5
    chances = np.exp(logits - np.logaddexp.reduce(logits))
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
    assert all(one["kind"] for one in found)
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
        r"Found only \d+ of 1,000 names\. No more matching names turned up in [\d,]+ tries\. .*",
        said,
    )
    assert said.startswith(f"Found only {len(names)} of")
    assert names
    assert {len(name) for name in names} == {1}


def test_damaged_data_is_rejected(node: Run) -> None:
    messages = node(REFUSALS, node(CHANGED, DAMAGES))
    assert messages == ["The model “simple_rnn” is damaged. Export it again."] * len(DAMAGES)


def test_models_that_fail_the_self_test_are_rejected(node: Run) -> None:
    """The changed parameters no longer produce the stored logits."""
    changed = node(CHANGED.replace("models[1]", "models[0]"), WRONG_NETWORKS)
    rejected = node(REFUSALS.replace("simple_rnn", "shipped"), changed)
    said = "“shipped” can’t be used here: it computes other values than the backend “numpy”"
    assert [message[: len(said)] for message in rejected] == [said] * len(WRONG_NETWORKS)


# ---- limits of searches ----

SEARCHES = """({ load, Model, Search, defaultRequest }, json, constraints) => constraints.map((constraint) => {
    const model = new Model(JSON.parse(json).models.find(({ name }) => name === "simple_rnn"));
    let reads = 0;
    const { network } = model, step = network.step.bind(network);
    network.step = (...given) => { reads += 1; return step(...given); };
    const usual = { ...defaultRequest(), seed: 1, maxLength: 30, label: "first", unfiltered: true };
    const search = new Search(model, { ...usual, ...constraint });
    const before = reads;
    search.run();
    const { problem, draws, letters, names } = search;
    return { problem, before, draws, letters, names: names.length };
})"""


def test_searches_stop_at_their_limits(folder: Path, tmp_path: Path) -> None:
    """Count the network's steps, the draws and the letters of searches that find few names or none."""
    text = (folder / "names.mjs").read_text(encoding="utf-8")
    exports = "\nexport { Model, Search, defaultRequest };\n"
    (tmp_path / "names.mjs").write_text(text + exports, encoding="utf-8")
    shutil.copy(folder / "names.json", tmp_path)
    possible = [
        # With 1,000 letters, 64 start prefixes would require 64,000 steps of the network.
        {"startsWith": "a" * 1000, "maxLength": 1000, "n": 1},
        # In large requests, only names that were found raise the limit.
        {"n": 100_000, "maxLength": 1, "allowSeen": True, "temperature": 3},
        {"n": 1000, "contains": "zzqx"},
        {"maxLength": 1000, "minLength": 999, "temperature": 100, "n": 100, "allowSeen": True},
    ]
    long, few, rare, endless = in_node(tmp_path)(SEARCHES, possible)
    assert 1000 < long["before"] <= 5100
    assert 20 < few["names"] <= 30
    assert 100_000 <= few["letters"] < 131_000
    assert 100_000 <= rare["letters"] < 100_100
    assert endless["names"] == 0
    assert 100_000 <= endless["letters"] <= 101_001


# ---- the table of options ----


def test_the_table_of_options_uses_the_names_of_python() -> None:
    """A name in JavaScript is the name in Python, except for capitals instead of underscores."""
    for name, option in request_options().items():
        in_python = re.sub("[A-Z]", lambda match: f"_{match[0].lower()}", name)
        assert option["python"] == in_python.replace("letter_case", "case")
