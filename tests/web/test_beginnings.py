"""A network of labelled names in the page: it begins each name as Python does.

The page's arithmetic needs no page, so a Node will do where there is no browser.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from namegen.backends import load_engine
from namegen.core.data.vocabulary import BOUNDARY
from namegen.core.engine import Engine
from namegen.core.generation.generator import Generator
from namegen.core.network.checkpoint import Checkpoint
from namegen.core.settings import CELLS
from namegen.web.export import ENGINE, PageModel, describe, write_page
from tests.labelled import labelled_checkpoint
from tests.web.conftest import find_chromium

FOLDER = Path(__file__).parents[2] / "namegen" / "web"
NODE = """
const byId = (id) => (elements[id] ??= { replaceChildren(...children) { this.children = children; } });
const elements = {};
const element = (tag, properties, ...children) => children.join("");
%s
const { descriptions, argument } = JSON.parse(require("fs").readFileSync(0, "utf-8"));
const models = descriptions.map((description) => new Model(description));
const modelOf = (name) => models.find((model) => model.name === name);
globalThis.namegen = { Model, Search, Watch, drawName, modelOf, elements };
process.stdout.write(JSON.stringify((%s)(argument)));
"""
Evaluate = Callable[[str, Any], Any]


def models() -> list[PageModel]:
    """Of each cell."""
    return [PageModel(cell, labelled_checkpoint(cell, (12, 8))) for cell in CELLS]


def in_node(node: str, expression: str, argument: Any) -> Any:
    scripts = "\n".join((FOLDER / name).read_text(encoding="utf-8") for name in (*ENGINE, "watch.js"))
    given = json.dumps({"descriptions": [describe(model.label, model, "") for model in models()], "argument": argument})
    done = subprocess.run([node, "-e", NODE % (scripts, expression)], input=given, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def evaluate(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Evaluate:
    """Runs JavaScript with the page's scripts: in Node, else in the browser."""
    node = shutil.which("node")
    if node is not None:
        return partial(in_node, node)
    if find_chromium() is None and not os.environ.get("CI"):
        pytest.skip("there is neither node nor chromium")
    file = tmp_path_factory.mktemp("web") / "labelled.html"
    write_page(models(), file)
    page = request.getfixturevalue("browser").new_page()
    page.goto(file.as_uri())
    return page.evaluate  # type: ignore[no-any-return]


def engine_of(checkpoint: Checkpoint) -> Engine:
    engine: Engine = load_engine("numpy")(checkpoint.network, None, threads=1, dtype="float64")
    engine.set_state(checkpoint.parameters)
    return engine


DRAW_NAMES = """([name, uniforms, temperature]) => {
    const usual = { n: 1, seed: 1, temperature, first: "", shortest: 1, longest: 99, onlyNew: false };
    const search = new namegen.Search(namegen.modelOf(name), usual);
    return uniforms.map((row) => {
        let k = 0;
        search.nextNumber = () => row[k++];
        const { last } = namegen.drawName(search.begin(), search.nextNumber, temperature, row.length - 2);
        return last && last.text;
    });
}"""


@pytest.mark.parametrize(("cell", "temperature"), [*((cell, 1.0) for cell in CELLS), ("gru", 0.7)])
def test_the_same_uniform_numbers_give_the_same_names(cell: str, temperature: float, evaluate: Evaluate) -> None:
    """The first of each row chooses the label. All of 1,000 names equal those of the NumPy engine in float64."""
    checkpoint, uniforms = labelled_checkpoint(cell, (12, 8)), np.random.default_rng(6).random((1000, 14))
    found = evaluate(DRAW_NAMES, [cell, uniforms.tolist(), temperature])
    generator = Generator(engine_of(checkpoint), checkpoint.vocabulary, beginnings=checkpoint.beginnings)
    tokens = generator.draw_one_by_one(uniforms, temperature=temperature)
    names = checkpoint.vocabulary.decode_all(tokens)
    assert found == [name if BOUNDARY in row else None for name, row in zip(names, tokens, strict=True)]
    assert len(set(found)) > 300
    swapped = replace(checkpoint.beginnings, shares=checkpoint.beginnings.shares[::-1])
    other = Generator(engine_of(checkpoint), checkpoint.vocabulary, beginnings=swapped)
    assert (other.draw_one_by_one(uniforms, temperature=temperature) != tokens).any()


@pytest.mark.parametrize("temperature", [1.0, 0.6])
def test_first_letters_weigh_the_labels(temperature: float, evaluate: Evaluate) -> None:
    """Each way to write them, of each label, by its share times the probability of the letters behind it."""
    checkpoint = labelled_checkpoint("gru", (12, 8))
    found = evaluate(
        """([letters, temperature]) => namegen.modelOf("gru").beginnings(letters, temperature)
            .map(({ prefix, chance }) => [prefix.root.token, prefix.text, chance])""",
        ["jo", temperature],
    )
    engine, beginnings, expected = engine_of(checkpoint), checkpoint.beginnings, {}
    for token, text, _ in found:
        state, last = engine.initial_state(1), token
        score = np.log(beginnings.shares[beginnings.tokens.index(token)])
        for character in checkpoint.vocabulary.encode(text).tolist():
            logits, state = engine.step(np.array([last], np.int32), state)
            scaled = logits[0] / temperature
            score += scaled[character] - np.logaddexp.reduce(scaled)
            last = character
        expected[token, text] = np.exp(score)
    assert {token for token, *_ in found} == set(beginnings.tokens)
    total = sum(expected.values())
    for token, text, chance in found:
        assert chance == pytest.approx(expected[token, text] / total, rel=1e-9)


def test_a_search_finds_names_of_both_labels_and_the_view_says_which(evaluate: Evaluate) -> None:
    found = evaluate(
        """() => {
            const wish = { n: 200, seed: 3, temperature: 1, first: "", shortest: 1, longest: 20, onlyNew: true };
            const search = new namegen.Search(namegen.modelOf("lstm"), wish);
            while (!search.done) search.tryOnce();
            return search.found.map(({ name, beginning }) => [name, beginning]);
        }""",
        None,
    )
    checkpoint = labelled_checkpoint("lstm", (12, 8))
    labels = Counter(beginning for _, beginning in found)
    assert set(labels) == set(checkpoint.beginnings.tokens)
    assert labels[checkpoint.beginnings.tokens[0]] / 200 == pytest.approx(0.6, abs=0.15)


def test_at_temperature_0_each_label_has_its_one_name(evaluate: Evaluate) -> None:
    found = evaluate(
        """() => {
            const wish = { n: 9, seed: 3, temperature: 0, first: "", shortest: 1, longest: 20, onlyNew: false };
            const search = new namegen.Search(namegen.modelOf("lstm"), wish);
            while (!search.done) search.tryOnce();
            return [search.tries, search.found.map(({ name }) => name)];
        }""",
        None,
    )
    checkpoint = labelled_checkpoint("lstm", (12, 8))
    generator = Generator(engine_of(checkpoint), checkpoint.vocabulary, beginnings=checkpoint.beginnings)
    tokens = generator.draw_one_by_one(np.array([[0.1] * 22, [0.9] * 22]), temperature=0.0)
    assert found[0] == 40
    assert set(found[1]) == set(checkpoint.vocabulary.decode_all(tokens))


def test_the_view_of_a_drawing_says_whose_name_it_is() -> None:
    """A page in little: the elements that the view fills are plain objects here, so Node alone will do."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("there is no node")
    found = in_node(
        node,
        """() => {
            const model = namegen.modelOf("gru");
            const view = Object.create(namegen.Watch.prototype);
            Object.assign(view, { pause() {}, go() {}, label: (token) => `<${token}>`, temperature: 1 });
            return model.roots.map(({ prefix }) => {
                view.show(model, { beginning: prefix.token, tokens: [3, 4], numbers: [0.1, 0.2, 0.3] }, 1);
                view.step = 0;
                view.showSentence(view.prefixes[0], view.prefixes[0].chances(1), 3, 0.1);
                return [view.given, view.prefixes.length, namegen.elements.sentence.children.join("")];
            });
        }""",
        None,
    )
    assert [row[:2] for row in found] == [[0, 3], [0, 3]]
    assert [row[2].split(" the random")[0] for row in found] == [
        "At the start of a name of first",
        "At the start of a name of last",
    ]
