"""A blend of two models in the page draws the names that Python's mixture draws; so does a model behind one label."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from namegen.backends import load_engine
from namegen.core.data.vocabulary import BOUNDARY, Beginnings, Vocabulary
from namegen.core.engine import LanguageModel
from namegen.core.evaluation.mixture import MixtureModel
from namegen.core.generation.generator import Generator
from namegen.core.network.checkpoint import Checkpoint
from namegen.web.export import PageModel, write_page
from tests.web.conftest import at_random, visits

LONGEST = 12
MODELS = {
    "latin": at_random("gru", "abcdefg"),
    "other": at_random("lstm", "defghéж\N{GRINNING FACE}", hidden=(8,)),
    "labelled": at_random("simple_rnn", "aceg가", ("first", "<i>second</i>", "third")),
}
UNIFORMS = np.random.default_rng(6).random((500, LONGEST + 1))


@pytest.fixture(scope="module")
def page(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """One visit for all tests."""
    file: Path = tmp_path_factory.mktemp("web") / "names.html"
    write_page([PageModel(name, checkpoint) for name, checkpoint in MODELS.items()], file)
    with visits(browser) as open_page:
        yield open_page(file)


class Behind:
    """A model of labelled names as one whose names begin with the boundary: it reads a label's beginning instead."""

    def __init__(self, model: LanguageModel, token: int) -> None:
        self.model, self.token = model, token
        self.vocabulary_size, self.initial_state, self.select = model.vocabulary_size, model.initial_state, model.select

    def step(self, tokens: Any, state: Any) -> Any:
        return self.model.step(np.where(tokens == BOUNDARY, self.token, tokens).astype(np.int32), state)


def model_of(name: str, label: str | None = None) -> LanguageModel:
    checkpoint: Checkpoint = MODELS[name]
    engine: LanguageModel = load_engine("numpy")(checkpoint.network, None, threads=1, dtype="float64")
    engine.set_state(checkpoint.parameters)  # type: ignore[attr-defined]
    if label is None:
        return engine
    place = [one.name for one in checkpoint.labels].index(label)
    return Behind(engine, checkpoint.beginnings.tokens[place])


def names_of(model: LanguageModel, vocabulary: Vocabulary, temperature: float) -> list[str | None]:
    generator = Generator(model, vocabulary, beginnings=Beginnings.single())
    tokens = generator.draw_one_by_one(UNIFORMS, temperature=temperature)
    names = vocabulary.decode_all(tokens)
    return [name if BOUNDARY in row else None for name, row in zip(names, tokens, strict=True)]


def mixed(parts: tuple[tuple[str, str | None], ...], share: int, temperature: float) -> list[str | None]:
    vocabularies = [MODELS[name].vocabulary for name, _ in parts]
    mixture = MixtureModel([model_of(*part) for part in parts], vocabularies, [1 - share / 100, share / 100])
    return names_of(mixture, mixture.vocabulary, temperature)


def drawn(page: Any, source: str, temperature: float) -> list[str | None]:
    """The page's names; ``source``: JavaScript that gives what they are drawn from, and its beginning."""
    found: list[str | None] = page.evaluate(
        f"""([uniforms, temperature]) => {{
            const start = {source};
            return uniforms.map((row) => {{
                let k = 0;
                const {{ last }} = namegen.drawName(start, () => row[k++], temperature, row.length - 1);
                return last && last.text;
            }});
        }}""",
        [UNIFORMS.tolist(), temperature],
    )
    return found


@pytest.mark.parametrize(
    ("source", "parts", "share", "temperature"),
    [
        ('blendOf("latin", null, "other", null, 30)', (("latin", None), ("other", None)), 30, 1.0),
        ('blendOf("latin", null, "other", null, 30)', (("latin", None), ("other", None)), 30, 0.6),
        ('blendOf("latin", null, "other", null, 30)', (("latin", None), ("other", None)), 30, 0.0),
        ('blendOf("labelled", "third", "other", null, 85)', (("labelled", "third"), ("other", None)), 85, 1.0),
        ('blendOf("other", null, "labelled", "first", 50)', (("other", None), ("labelled", "first")), 50, 1.3),
    ],
)
def test_a_blend_draws_the_names_of_the_mixture(
    source: str, parts: tuple[tuple[str, str | None], ...], share: int, temperature: float, page: Any
) -> None:
    found = drawn(page, f"namegen.{source}.start", temperature)
    assert found == mixed(parts, share, temperature)
    if temperature:
        assert len(set(found)) > 50
        assert found != mixed(parts, share + 10, temperature)


@pytest.mark.parametrize(("share", "alone"), [(0, "latin"), (100, "other")])
def test_at_either_end_a_blend_is_one_model(share: int, alone: str, page: Any) -> None:
    found = drawn(page, f'namegen.blendOf("latin", null, "other", null, {share}).start', 1.0)
    assert found == names_of(model_of(alone), MODELS[alone].vocabulary, 1.0)


@pytest.mark.parametrize("label", ["first", "<i>second</i>"])
def test_names_of_a_label_come_from_its_beginning_alone(label: str, page: Any) -> None:
    """No number goes to choosing the label."""
    source = f'namegen.modelOf("labelled").beginnings("", 1, {label!r})[0].prefix'
    found = drawn(page, source, 1.0)
    assert found == names_of(model_of("labelled", label), MODELS["labelled"].vocabulary, 1.0)
    assert found != names_of(model_of("labelled", "third"), MODELS["labelled"].vocabulary, 1.0)


def test_a_network_that_does_not_know_a_letter_is_heard_no_more(page: Any) -> None:
    """Behind ж the first network is silent; of a and ж together nobody has heard."""
    chances, ways = page.evaluate(
        """() => {
            const blend = namegen.blendOf("latin", null, "other", null, 30);
            const [{ prefix }] = blend.beginnings("ж", 1);
            const other = namegen.modelOf("other").beginnings("ж", 1)[0].prefix;
            const told = Object.fromEntries(blend.characters.map((one, id) => [one, prefix.chances(1)[id]]));
            const alone = other.model.characters.map((one, id) => [one, told[one] - other.chances(1)[id]]);
            return [[told.a, ...alone.map(([, difference]) => difference)], blend.beginnings("aж", 1).length];
        }"""
    )
    assert chances == pytest.approx([0] * len(chances), abs=1e-12)
    assert ways == 0


def test_a_blend_calls_new_what_no_list_has(page_file: Path, browser: Any) -> None:
    with visits(browser) as open_page:
        found = open_page(page_file).evaluate(
            """() => {
                const blend = (other) => namegen.blendOf("gru", null, other, null, 40);
                return [blend("lstm").isNew("david"), blend("lstm").isNew("xqzzk"), blend("no-digests").isNew("david")];
            }"""
        )
    assert found == [False, True, None]
