"""The page learns the same as the NumPy backend from the same batches."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from namegen.api import load, read_checkpoint
from namegen.api.training import open_base_model
from namegen.backends.numpy_engine.engine import NumpyEngine, views
from namegen.core.checkpoint.ngram_set import NgramSet
from namegen.core.data.batching import Batch
from namegen.core.data.corpus import Corpus
from namegen.core.data.normalization import NAMES, KnownSet
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.engine import Step
from namegen.core.network.architecture import RecurrentNetwork
from namegen.core.schedules import SCHEDULES, Plan
from namegen.core.settings import TrainingSettings
from namegen.documents import to_plain
from namegen.models import shipped_path
from namegen.web.description import PageModel
from namegen.web.export import LEARNING, base_description, engine_text, read_part, write_page
from tests import programs
from tests.reading import engine_of, logits_behind
from tests.requirements import require_program
from tests.web.conftest import Opener

VILLAGES = ["Ashford", "Brentley", "Castleton", "Dunwick", "Elmsworth", "Farnham", "Thornbury"]
ELVES = ["Aelindra", "Thalorin", "Aelar", "Sylvaris", "Éowë", "Lúthien", "Aelindra", "Elrond ii"]
STARS = ["Vega-7", "Nova Prime", "Altair", "Rigel", "Deneb", "Sirius B", "Capella", "Spica 12"]
EPOCHS = 10
BATCH_SIZE = 4
PEAK = 0.002
JAVASCRIPT_NAMES = {
    "rnn.0.kernel": "kernel",
    "rnn.0.recurrent_kernel": "recurrentKernel",
    "rnn.0.bias": "bias",
    "output.kernel": "outputKernel",
    "output.bias": "outputBias",
}
TRAIN = """({ parameters, batches }) => {
    for (const name of Object.keys(parameters)) parameters[name] = Float64Array.from(parameters[name]);
    const network = new TrainedGru(parameters), adam = new Adam(parameters);
    const trees = batches.map((names) => new PrefixTree(names)), losses = [];
    let first = null, step = 0;
    for (let epoch = 0; epoch < 10; epoch++) {
        let sum = 0;
        for (const tree of trees) {
            const { lossSum, gradient } = network.lossAndGradient(tree);
            first ??= Object.fromEntries(Object.entries(gradient).map(([name, values]) => [name, [...values]]));
            adam.step(gradient, oneCycle(step++, 10 * trees.length, 0.002));
            sum += lossSum;
        }
        losses.push(sum);
    }
    const result = Object.fromEntries(Object.entries(parameters).map(([name, values]) => [name, [...values]]));
    return { losses, gradient: first, parameters: result };
}"""


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the learning part of the page as a module that calls a function, which is in its input."""
    path = tmp_path_factory.mktemp("learning") / "learning.mjs"
    run = """
        import { readFileSync } from "node:fs";
        const [code, argument] = JSON.parse(readFileSync(0, "utf-8"));
        process.stdout.write(JSON.stringify(eval(code)(argument)));
    """
    path.write_text("\n".join([engine_text(), *map(read_part, LEARNING), run]), encoding="utf-8")
    return path


def in_node(script: Path, code: str, argument: object) -> Any:
    """Call a function that uses the learning part of the page."""
    node = require_program("node")
    done = programs.run([node, str(script)], given=json.dumps([f"({code})", argument]))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("names", [VILLAGES, ELVES, STARS], ids=["villages", "elves", "stars"])
def test_fine_tuning_matches_numpy(names: Sequence[str], script: Path) -> None:
    """Compare the losses and the parameters of a whole run, and the gradient of the first batch, in float64."""
    vocabulary = Vocabulary.from_names(names)
    network = RecurrentNetwork(vocabulary.size, "gru", (24,))
    rng = np.random.default_rng(1)
    initial = network.initial_parameters("glorot", rng=rng)
    initial = {
        name: values + 0.1 * rng.normal(size=values.shape) for name, values in initial.items()
    }
    initial = {name: values.astype(np.float32) for name, values in initial.items()}
    training = TrainingSettings(optimizer="adam", learning_rate=PEAK, epochs=EPOCHS)
    engine = NumpyEngine(network, training, threads=1, dtype="float64")
    engine.set_state(initial)
    chunks = [names[start : start + BATCH_SIZE] for start in range(0, len(names), BATCH_SIZE)]
    batches = [Batch(PrefixTree.from_names(chunk, vocabulary)) for chunk in chunks]
    engine.model.loss_and_gradient(batches[0])
    gradient = {
        name: values.copy() for name, values in views(network, engine.model.gradient).items()
    }
    plan = Plan(len(batches), EPOCHS, PEAK, training.warmup, lr_steps=())
    losses = []
    for epoch in range(EPOCHS):
        steps = [
            Step(batch, SCHEDULES["one-cycle"].rate(epoch * len(batches) + k, plan))
            for k, batch in enumerate(batches)
        ]
        losses.append(engine.train_epoch(steps).loss_sum.sum())

    tokenized = [[[0, *vocabulary.encode(name).tolist(), 0] for name in chunk] for chunk in chunks]
    parameters = {
        JAVASCRIPT_NAMES[name]: values.ravel().tolist() for name, values in initial.items()
    }
    learned = in_node(script, TRAIN, {"parameters": parameters, "batches": tokenized})

    assert learned["losses"] == pytest.approx(losses, rel=1e-6)
    for name, values in gradient.items():
        of_page = np.array(learned["gradient"][JAVASCRIPT_NAMES[name]])
        difference = np.abs(of_page - values.ravel()).max()
        assert difference <= 1e-9 * np.abs(values).max(), name
    for name, values in engine.get_state().items():
        if name in JAVASCRIPT_NAMES:
            of_page = learned["parameters"][JAVASCRIPT_NAMES[name]]
            np.testing.assert_allclose(of_page, values.ravel(), atol=1e-6, rtol=0)
    assert losses[-1] < losses[0]


START = """({ base, names }) => {
    const shares = fitLabelShares(base, names, () => {});
    const characters = [...new Set(names.join(""))].sort();
    const parameters = rearrangeParameters(base, characters, shares);
    const { metadata } = describeLearned({ base, names, title: "", characters, shares, parameters });
    const values = Object.fromEntries(Object.entries(parameters).map(([name, list]) => [name, [...list]]));
    return { shares, parameters: values, ngrams: [...metadata.ngrams], knownNames: [...metadata.known_names] };
}"""


def test_the_start_of_a_run_matches_python(script: Path) -> None:
    """Compare the shares of the base model's labels, the initial parameters, the n-grams and the known names."""
    base = open_base_model(None)
    names = [*VILLAGES, "Ash-on-Q"]
    start = in_node(script, START, {"base": to_plain(base_description()), "names": names})
    corpus = Corpus.from_names(names)
    vocabulary = corpus.vocabulary
    shares = base.label_shares(corpus, [])
    np.testing.assert_allclose(start["shares"], shares[0], atol=1e-4)
    parameters = base.parameters(vocabulary, shares, has_labels=False)
    for name, values in parameters.items():
        of_page = start["parameters"][JAVASCRIPT_NAMES[name]]
        np.testing.assert_allclose(of_page, np.ravel(values), atol=1e-4)
    ngrams = NgramSet.from_tree(PrefixTree.from_names(names, vocabulary), vocabulary)
    ngrams = base.ngrams_with(ngrams, vocabulary, shares)
    assert bytes(start["ngrams"]) == ngrams.to_bytes()
    known = KnownSet.read(bytes(start["knownNames"]))
    assert NAMES.are_known(names, known).all()
    known_of_base = base.checkpoint.known_names
    assert known_of_base is not None
    lost = np.setdiff1d(known_of_base.short.numbers, known.numbers)
    assert len(known) == len(known_of_base)
    assert len(lost) <= len(names)


# ---- the page ----


@pytest.fixture(scope="module")
def learning_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("page") / "names.html"
    write_page([PageModel("elves", read_checkpoint(shipped_path("elves")))], out, learns=True)
    return out


def own_models(page: Any) -> list[str]:
    texts: list[str] = page.locator("#own-models .text").all_text_contents()
    return texts


def test_the_page_learns_keeps_and_saves_a_model(
    learning_page: Path, opened: Opener, tmp_path: Path
) -> None:
    page = opened(learning_page, "#seed=1")
    before = page.locator("#names .text").all_text_contents()
    page.fill("#list", "\n".join(VILLAGES))
    page.click("#learn-start")
    page.click("#again")  # the page answers while it learns
    assert page.locator("#names .text").all_text_contents() != before
    page.locator("#own-models .text").wait_for(timeout=60_000)
    page.locator("#names:not([aria-busy])").wait_for(state="attached", timeout=30_000)
    names = page.locator("#names .text").all_text_contents()
    assert len(names) == 20
    assert not set(names) & set(VILLAGES)
    assert page.locator("#models :checked").input_value().startswith("own-")

    with page.expect_download() as download:
        page.click("#own-models .save")
    path = tmp_path / "own.safetensors"
    download.value.save_as(path)
    damaged = tmp_path / "damaged.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    damaged.write_bytes(content)
    page.set_input_files("#file", damaged)
    page.get_by_text("isn’t a model file").wait_for()
    model = load(path)
    assert len(model.generate(5, seed=1)) == 5
    checkpoint = read_checkpoint(path)
    logits = logits_behind(engine_of(checkpoint, "float64"), [0, 1, 2])[-1]
    of_page = page.evaluate(
        """() => {
            const { prefix } = namegen.modelOf(namegen.descriptions.at(-1).name).roots[0];
            return [...prefix.extend(1).extend(2).output.probabilities].map(Math.log);
        }"""
    )
    np.testing.assert_allclose(of_page, logits - np.logaddexp.reduce(logits), atol=1e-6)

    page.reload()
    page.locator("#own-models .text").wait_for()
    assert page.input_value("#list").split("\n") == VILLAGES
    page.locator("#models :checked[value^=own-]").wait_for(state="attached")
    assert page.locator("#names .text").first.text_content() == names[0]
    page.set_input_files("#file", path)
    page.locator("#own-models .text").nth(1).wait_for()
    assert own_models(page) == ["Ashford, Brentley …", "own"]
    page.locator("#own-models .remove").first.click()
    assert own_models(page) == ["own"]
    page.reload()
    page.locator("#own-models .text").wait_for()
    assert own_models(page) == ["own"]


def test_a_model_that_the_browser_cannot_keep_is_not_lost(
    learning_page: Path, opened: Opener
) -> None:
    """The storage may be full or forbidden. Until the page is closed, the model can be used and downloaded."""
    page = opened(learning_page, "#seed=1")
    page.evaluate(
        "Storage.prototype.setItem = indexedDB.open = () => { throw new DOMException('', 'QuotaExceededError'); }; null"
    )
    page.fill("#list", "\n".join(f"{k}. {name}" for k, name in enumerate(VILLAGES, start=1)))
    page.click("#learn-start")
    page.evaluate(
        "window.isAsked = !dispatchEvent(new Event('beforeunload', { cancelable: true })); null"
    )
    assert page.evaluate("isAsked")
    page.get_by_text("This browser doesn’t keep it, so download it").wait_for(timeout=60_000)
    assert own_models(page) == ["Ashford, Brentley …"]  # without the numbers
    with page.expect_download() as download:
        page.click("#own-models .save")
    assert len(load(download.value.path()).generate(3, seed=1)) == 3


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ("\n \n", "The list has no names"),
        ("Ann,Bob\nCid,Dan", "The list has several columns"),
        ("\n".join(map(str, range(2001))), "The list has 2,001 names"),
        ("שלום\nמשה", "can’t learn names with these characters"),
        ("x" * 201, "has more than 200 characters"),
    ],
)
def test_lists_that_cannot_be_learned_are_explained(
    names: str, message: str, learning_page: Path, opened: Opener
) -> None:
    page = opened(learning_page)
    page.evaluate("(text) => { document.getElementById('list').value = text; }", names)
    page.click("#learn-start")
    assert message in page.text_content("#learn-message")


def test_learning_can_be_stopped_and_hostile_files_are_rejected(
    learning_page: Path, opened: Opener, tmp_path: Path
) -> None:
    page = opened(learning_page)
    page.fill("#list", "\n".join([*VILLAGES, "<b>Bo"]))
    page.click("#learn-start")
    page.click("#learn-stop")
    assert page.text_content("#learn-message") == "Stopped. Nothing was learned."
    assert own_models(page) == []
    good = shipped_path("elves").read_bytes()
    for content in (b"", b"\xff" * 100, good[:1000], b"\2" + bytes(7) + b"{}"):
        path = tmp_path / "model.safetensors"
        path.write_bytes(content)
        page.evaluate("document.getElementById('learn-message').textContent = ''")
        page.set_input_files("#file", path)
        page.locator("#learn-message:not(:empty)").wait_for()
        assert "isn’t a model file" in page.text_content("#learn-message")
    assert own_models(page) == []
