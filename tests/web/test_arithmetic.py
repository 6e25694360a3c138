"""What the page computes is what Python computes: names, digests, random numbers."""

from __future__ import annotations

import json
import random
import sys
import unicodedata
from itertools import islice
from typing import Any

import numpy as np
import pytest

from namegen.backends import load_engine
from namegen.core.data.sameness import digest, legal_forms, normalise, sameness_of
from namegen.core.data.vocabulary import BOUNDARY, Vocabulary
from namegen.core.generation.generator import Generator
from namegen.core.network.checkpoint import Checkpoint
from namegen.core.network.recurrent_network import RecurrentNetwork
from namegen.core.settings import CELLS
from namegen.lists import BUNDLED, load_bundled
from namegen.web.export import PageModel, describe, normalisation_tables
from tests.web.by_seed import uniforms_of_seed

NAMES, LONGEST = 1000, 23

DRAW_NAMES = """([name, uniforms, temperature]) => {
    const start = namegen.modelOf(name).start;
    return uniforms.map((row) => {
        let k = 0;
        const { last } = namegen.drawName(start, () => row[k++], temperature, row.length - 1);
        return last && last.text;
    });
}"""


def names_of_python(checkpoint: Checkpoint, uniforms: Any, temperature: float, dtype: str) -> list[str | None]:
    engine = load_engine("numpy")(checkpoint.network, None, threads=1, dtype=dtype)
    engine.set_state(checkpoint.parameters)
    tokens = Generator(engine, checkpoint.vocabulary).draw_one_by_one(uniforms, temperature=temperature)
    names = checkpoint.vocabulary.decode_all(tokens)
    return [name if BOUNDARY in row else None for name, row in zip(names, tokens, strict=True)]


@pytest.mark.parametrize("temperature", [1.0, 0.0, 0.7])
@pytest.mark.parametrize("cell", CELLS)
def test_the_same_uniform_numbers_give_the_same_names(
    cell: str, temperature: float, checkpoints: dict[str, Checkpoint], page: Any
) -> None:
    """All of 1,000 names equal those of the NumPy engine in float64; of those in float32, at least 995."""
    uniforms = np.random.default_rng(6).random((NAMES, LONGEST + 1))
    found = page.evaluate(DRAW_NAMES, [cell, uniforms.tolist(), temperature])
    assert found == names_of_python(checkpoints[cell], uniforms, temperature, "float64")
    single = names_of_python(checkpoints[cell], uniforms, temperature, "float32")
    equal = sum(a == b for a, b in zip(found, single, strict=True))
    print(f"{cell}, temperature {temperature}: float64 1000 of 1000 equal, float32 {equal}; {len(set(found))} distinct")
    assert equal >= 995
    if temperature == 1:
        assert len(set(found)) > 300
        assert sum(name is None for name in found) < 300


def test_the_names_of_python_differ_for_other_numbers(checkpoints: dict[str, Checkpoint]) -> None:
    """The comparison above can fail: a different generator's numbers give other names."""
    first, other = (np.random.default_rng(seed).random((50, LONGEST + 1)) for seed in (6, 7))
    checkpoint = checkpoints["gru"]
    assert names_of_python(checkpoint, first, 1.0, "float64") != names_of_python(checkpoint, other, 1.0, "float64")


# Letters that fold, decompose, compose or vanish in ways of their own.
HARD_LETTERS = (
    "AaIiİıſsSßẞﬁﬀΣσςΐΰ´¨`ǰŉªºKÅ℡①Ⅷᾳᾼᾈᾀ가각각한ꭰᎠᏸᏰ𐐀𐐨½…ΩΩ-'’‘ .·&/()_^$+<>\u0301\u0308\u0331\u0345\u0338\u00ad"
    "\u200d\u200e\u200f\ufe0f\u3000\u00a0\U0001f469\U0001f467\U0001f3fdがガｶﾞ゛שלוםמحمدéÉe"
)
RANDOM_LETTERS = "".join(
    random.Random(3).sample(
        [chr(c) for c in range(sys.maxunicode + 1) if unicodedata.category(chr(c)) not in ("Cn", "Cs", "Co")], 3000
    )
)


@pytest.mark.parametrize("alphabet", [*BUNDLED, "hard", "random"])
def test_names_are_normalised_and_digested_as_python_does_it(alphabet: str, page: Any) -> None:
    """For each list's alphabet and harder ones: the same normal form and the same digest of names at random."""
    rng = random.Random(11)
    if alphabet in BUNDLED:
        names = list(load_bundled(alphabet).names)
        characters = Vocabulary.from_names(names).characters
        names = rng.sample(names, 200)
    else:
        characters, names = {"hard": HARD_LETTERS, "random": RANDOM_LETTERS}[alphabet], []
    names += ["".join(rng.choices(characters, k=rng.randint(1, 12))) for _ in range(700)]
    names += [characters[-1] * length for length in (127, 128, 129, 300)]  # more than one block
    removal, folding = normalisation_tables(characters)
    found = page.evaluate(
        """(text) => {
            const [removal, folding, names] = JSON.parse(text);
            const normaliser = new namegen.Normaliser({ removal, folding });
            return names.map((name) => {
                const normal = normaliser.normalise(name);
                return [normal, namegen.blake2b64(new TextEncoder().encode(normal)).toString()];
            });
        }""",
        json.dumps([removal, folding, names]),
    )
    assert [tuple(pair) for pair in found] == [(normalise(name), str(digest(name))) for name in names]


@pytest.mark.parametrize("alphabet", ["companies", "hard"])
def test_legal_forms_are_left_out_as_python_does_it(alphabet: str, page: Any) -> None:
    """Of listed companies, of the words of legal forms mixed at random, and of hard letters between them."""
    rng = random.Random(12)
    words = [word for form in legal_forms() for word in (form, form.upper())] + ["&", "Acme", "co,", " ", "\t", "Ü"]
    if alphabet == "hard":
        words += list(HARD_LETTERS)
    names = [
        "".join(rng.choices([" ", ",", ""], weights=[6, 1, 1])[0] + word for word in rng.choices(words, k=5))
        for _ in range(800)
    ] + rng.sample(list(load_bundled("companies").names), 200)
    characters = Vocabulary.from_names(names).characters
    vocabulary = Vocabulary(characters)
    network = RecurrentNetwork(vocabulary.size, "gru", (2,))
    rule = sameness_of("companies")
    initial = network.initial_parameters("glorot", rng=np.random.default_rng(0))
    parameters = {name: values.astype(np.float32) for name, values in initial.items()}
    description = describe("", PageModel("", Checkpoint(network, vocabulary, parameters, endings=rule.endings)), "")
    found = page.evaluate(
        "(text) => { const [model, names] = JSON.parse(text); const normaliser = new namegen.Normaliser(model);"
        "return names.map((name) => normaliser.normalise(name)); }",
        json.dumps([description, names]),
    )
    assert found == [rule.normalise(name) for name in names]
    assert sum(form != normalise(name) for form, name in zip(found, names, strict=True)) > 500


def test_no_composed_character_is_removed_but_those_in_the_tables() -> None:
    """The tables hold what characters decompose and fold to; what composes again of that is never removed."""
    for code in range(sys.maxunicode + 1):
        character = chr(code)
        if unicodedata.decomposition(character) and unicodedata.normalize("NFKC", character) == character:
            assert normalisation_tables(character)[0].get(character) is None, hex(code)


@pytest.mark.parametrize("cell", CELLS)
def test_a_name_is_seen_exactly_if_the_checkpoint_knows_it(
    cell: str, checkpoints: dict[str, Checkpoint], page: Any
) -> None:
    known = checkpoints[cell].known_names
    assert known is not None
    names = [*load_bundled("mlb-first").names[:300], "Xqzzk", "Zzzyx", "DAVID", "da-vid"]
    found = page.evaluate(
        """([cell, names]) => {
            const model = namegen.modelOf(cell);
            return names.map((name) => model.isNew(model.normalise(name)));
        }""",
        [cell, names],
    )
    assert found == [digest(name) not in known for name in names]
    assert found[-4:] == [True, True, False, False]


@pytest.mark.parametrize("seed", [0, 1, 7, 2**31, 2**32 - 1])
def test_the_random_numbers_are_those_of_the_documented_generator(seed: int, page: Any) -> None:
    found = page.evaluate(
        "(seed) => { const next = namegen.randomNumbers(seed); return Array.from({ length: 1000 }, next); }", seed
    )
    assert found == list(islice(uniforms_of_seed(seed), 1000))
    assert abs(np.mean(found) - 0.5) < 0.05


def test_first_letters_keep_the_distribution(checkpoints: dict[str, Checkpoint], page: Any) -> None:
    """The ways to begin with "ja", letter case aside, come in the proportions of the network's own probabilities."""
    ways = page.evaluate(
        """() => namegen.modelOf("gru").beginnings("ja", 1).map(({ prefix, chance }) => [prefix.text, chance])"""
    )
    assert {text for text, _ in ways} == {"Ja", "JA", "ja", "jA"}
    checkpoint = checkpoints["gru"]
    engine = load_engine("numpy")(checkpoint.network, None, threads=1, dtype="float64")
    engine.set_state(checkpoint.parameters)

    def chance(text: str) -> float:
        state, last, product = engine.initial_state(1), BOUNDARY, 1.0
        for token in checkpoint.vocabulary.encode(text).tolist():
            logits, state = engine.step(np.array([last], np.int32), state)
            product *= float(np.exp(logits[0, token]) / np.exp(logits[0]).sum())
            last = token
        return product

    total = sum(chance(text) for text, _ in ways)
    for text, share in ways:
        assert share == pytest.approx(chance(text) / total, rel=1e-9)
