"""The page computes the same as Python: names, probabilities, normalized names, hashes and filters."""

from __future__ import annotations

import json
import math
import random
import sys
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from namegen import api
from namegen.core.checkpoint.checkpoint import Checkpoint
from namegen.core.data.labels import StartTokens
from namegen.core.data.normalization import (
    hash_name,
    known_set,
    legal_forms,
    normalization_of,
    normalize,
)
from namegen.core.data.profanity import are_profane
from namegen.core.data.vocabulary import END_TOKEN, Vocabulary
from namegen.core.engine import LanguageModel
from namegen.core.generation.constraints.claimed import Unclaimed
from namegen.core.generation.generator import Generator
from namegen.core.generation.letter_case import title
from namegen.core.models.mixture import MixtureModel
from namegen.core.network.architecture import RecurrentNetwork
from namegen.documents import to_plain
from namegen.lists import BUNDLED, load_bundled
from namegen.lists.claimed import claimed_starts
from namegen.web.description import PageModel, describe, normalization_tables
from namegen.web.export import write_page
from tests.labelled import labelled_checkpoint
from tests.reading import engine_of, logits_behind
from tests.web.conftest import at_random, visits

LONGEST = 23
UNIFORMS = np.random.default_rng(6).random((200, LONGEST + 1))
MODELS = {
    "latin": at_random("gru", "abcdefg"),
    "other": at_random("lstm", "defghéж\N{GRINNING FACE}", hidden=(8,)),
    "three": at_random("simple_rnn", "aceg가", ("first", "<i>second</i>", "third")),
    **{f"labelled {cell}": labelled_checkpoint(cell, (12, 8)) for cell in ("gru", "lstm")},
}
MODELS["known"] = replace(MODELS["latin"], known_names=known_set(["face", "cafe"]))


@pytest.fixture(scope="module")
def page(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Open a page that all tests of this module share."""
    file = tmp_path_factory.mktemp("web") / "names.html"
    write_page([PageModel(name, checkpoint) for name, checkpoint in MODELS.items()], file)
    with visits(browser) as open_page:
        yield open_page(file)


class Behind:
    """A model for one label. It replaces the default start token with the start token of the label."""

    def __init__(self, model: LanguageModel, token: int) -> None:
        self.model, self.token = model, token
        self.vocabulary_size, self.initial_state, self.select = (
            model.vocabulary_size,
            model.initial_state,
            model.select,
        )

    def step(self, tokens: Any, state: Any) -> Any:
        return self.model.step(
            np.where(tokens == END_TOKEN, self.token, tokens).astype(np.int32), state
        )


def model_of(checkpoint: Checkpoint, label: str | None) -> LanguageModel:
    engine = engine_of(checkpoint, "float64")
    if label is None:
        return engine
    place = [one.name for one in checkpoint.labels].index(label)
    return Behind(engine, checkpoint.start_tokens.tokens[place])


def names_of(
    model: LanguageModel,
    vocabulary: Vocabulary,
    temperature: float,
    start_tokens: StartTokens | None = None,
) -> list[str | None]:
    generator = Generator(model, vocabulary, start_tokens=start_tokens or StartTokens.single())
    tokens = generator.draw_one_by_one(UNIFORMS, temperature=temperature)
    names = vocabulary.decode_all(tokens)
    return [name if END_TOKEN in row else None for name, row in zip(names, tokens, strict=True)]


def drawn(page: Any, start: str, temperature: float) -> list[str | None]:
    """Draw names on the page. ``start`` is a JavaScript expression for the prefix that they start from."""
    found: list[str | None] = page.evaluate(
        f"""([uniforms, temperature]) => uniforms.map((row) => {{
            let k = 0;
            const next = () => row[k++], {{ prefix }} = namegen.drawName(
                {start}, next, {{ temperature }}, row.length - 1);
            return prefix && prefix.text;
        }})""",
        [UNIFORMS.tolist(), temperature],
    )
    return found


LATIN, OTHER, THIRD = ("latin", None), ("other", None), ("three", "third")


@pytest.mark.parametrize(
    ("start", "parts", "share", "temperature"),
    [
        ('namegen.modelOf("latin").roots[0].prefix', [LATIN], 0, 1.0),
        ('namegen.modelOf("latin").roots[0].prefix', [LATIN], 0, 0.0),
        ('namegen.modelOf("other").roots[0].prefix', [OTHER], 0, 0.7),
        (
            'namegen.modelOf("three").startPrefixes("", { temperature: 1 }, "third")[0].prefix',
            [THIRD],
            0,
            1.0,
        ),
        (
            'namegen.blendOf("latin", null, "other", null, 30).roots[0].prefix',
            [LATIN, OTHER],
            30,
            0.6,
        ),
        (
            'namegen.blendOf("latin", null, "other", null, 30).roots[0].prefix',
            [LATIN, OTHER],
            30,
            0.0,
        ),
        (
            'namegen.blendOf("three", "third", "other", null, 85).roots[0].prefix',
            [THIRD, OTHER],
            85,
            1.0,
        ),
        ('namegen.blendOf("latin", null, "other", null, 100).roots[0].prefix', [OTHER], 0, 1.0),
    ],
)
def test_equal_random_numbers_give_equal_names(
    start: str, parts: list[tuple[str, str | None]], share: int, temperature: float, page: Any
) -> None:
    """The page draws the same 200 names as the NumPy backend. A blend with other weights gives other names."""
    found = drawn(page, start, temperature)
    read = [model_of(MODELS[name], label) for name, label in parts]
    vocabularies = [MODELS[name].vocabulary for name, _ in parts]

    def expected(share: int) -> list[str | None]:
        if len(read) == 1:
            return names_of(read[0], vocabularies[0], temperature)
        mixture = MixtureModel(read, vocabularies, [1 - share / 100, share / 100])
        return names_of(mixture, mixture.vocabulary, temperature)

    assert found == expected(share)
    if temperature:
        assert len(set(found)) > 30
        assert len(read) == 1 or found != expected(share + 10)


def chance_of(checkpoint: Checkpoint, beginning: int, text: str, temperature: float) -> float:
    tokens = checkpoint.vocabulary.encode(text).tolist()
    logits = logits_behind(model_of(checkpoint, None), [beginning, *tokens[:-1]]) / temperature
    return math.exp(
        sum(
            row[token] - np.logaddexp.reduce(row) for row, token in zip(logits, tokens, strict=True)
        )
    )


@pytest.mark.parametrize(("name", "temperature"), [("labelled gru", 1.0), ("labelled lstm", 0.6)])
def test_start_prefixes_have_the_right_probabilities(
    name: str, temperature: float, page: Any
) -> None:
    """A start's probability is proportional to the share of its label times the probability of its letters."""
    ways = page.evaluate(
        """([name, temperature]) => namegen.modelOf(name).startPrefixes("ja", { temperature })
            .map(({ prefix, probability }) => [prefix.shortenedTo(0).token, prefix.text, probability])""",
        [name, temperature],
    )
    checkpoint = MODELS[name]
    roots = zip(checkpoint.start_tokens.tokens, checkpoint.start_tokens.shares, strict=True)
    expected = {
        (token, text): share * chance_of(checkpoint, token, text, temperature)
        for token, share in roots
        for text in ("Ja", "JA", "ja", "jA")
        if not checkpoint.vocabulary.unknown(text)
    }
    assert {(token, text) for token, text, _ in ways} == expected.keys()
    for token, text, share in ways:
        assert share == pytest.approx(expected[token, text] / sum(expected.values()), rel=1e-9)


def test_searches_find_names_of_both_labels(page: Any) -> None:
    """At temperature 0, each label has only one name."""
    code = """(constraint) => {
        const usual = { ...namegen.defaultRequest(), seed: 3, minLength: 1, maxLength: 20 };
        const search = new namegen.Search(namegen.modelOf("labelled lstm"), { ...usual, ...constraint });
        search.run();
        return [search.draws, search.names.map(({ name, label }) => [name, label])];
    }"""
    checkpoint = MODELS["labelled lstm"]
    _, found = page.evaluate(code, {"n": 200})
    labels = Counter(start for _, start in found)
    assert set(labels) == {0, 1}
    assert labels[0] / 200 == pytest.approx(0.6, abs=0.15)
    tries, found = page.evaluate(code, {"n": 9, "temperature": 0, "allowSeen": True})
    generator = Generator(
        model_of(checkpoint, None), checkpoint.vocabulary, start_tokens=checkpoint.start_tokens
    )
    tokens = generator.draw_one_by_one(np.array([[0.1] * 22, [0.9] * 22]), temperature=0.0)
    assert tries == 40
    assert {name for name, _ in found} == set(checkpoint.vocabulary.decode_all(tokens))


def test_blends_ignore_networks_that_do_not_know_a_letter(page: Any) -> None:
    """Only the second network knows ж, so it determines what follows. No network knows both a and ж."""
    chances, ways = page.evaluate(
        """() => {
            const blend = namegen.blendOf("latin", null, "other", null, 30);
            const [{ prefix }] = blend.startPrefixes("ж", { temperature: 1 });
            const other = namegen.modelOf("other").startPrefixes("ж", { temperature: 1 })[0].prefix;
            const mixed = Object.fromEntries(blend.characters.map((one, id) => [one, prefix.output.probabilities[id]]));
            const alone = other.model.characters.map((one, id) => mixed[one] - other.output.probabilities[id]);
            return [[mixed.a, ...alone], blend.startPrefixes("aж", { temperature: 1 }).length];
        }"""
    )
    assert chances == pytest.approx([0] * len(chances), abs=1e-12)
    assert ways == 0


# Letters with unusual case folding, decomposition or composition, or that normalization removes.
HARD_LETTERS = (
    "AaIiİıſsSßẞﬁﬀΣσςΐΰ´¨`ǰŉªºKÅ℡①Ⅷᾳᾼᾈᾀ가각각한ꭰᎠᏸᏰ𐐀𐐨½…ΩΩ-'’‘ .·&/()_^$+<>\u0301\u0308\u0331\u0345\u0338\u00ad"
    "\u200d\u200e\u200f\ufe0f\u3000\u00a0\U0001f469\U0001f467\U0001f3fdがガｶﾞ゛שלוםמחمدéÉe"
)
RANDOM_LETTERS = "".join(
    random.Random(3).sample(
        [
            chr(c)
            for c in range(sys.maxunicode + 1)
            if unicodedata.category(chr(c)) not in ("Cn", "Cs", "Co")
        ],
        3000,
    )
)


@pytest.mark.parametrize("alphabet", ["world-given", "companies", "hard", "random"])
def test_normalization_and_hashes_match_python(alphabet: str, page: Any) -> None:
    """Compare random names with the characters of built-in lists, and with more difficult characters."""
    rng = random.Random(11)
    if alphabet in BUNDLED:
        names = list(load_bundled(alphabet).names)
        characters = Vocabulary.from_names(names).characters
        names = rng.sample(names, 200)
    else:
        characters, names = {"hard": HARD_LETTERS, "random": RANDOM_LETTERS}[alphabet], []
    names += ["".join(rng.choices(characters, k=rng.randint(1, 12))) for _ in range(400)]
    # BLAKE2b hashes blocks of 128 bytes.
    names += [characters[-1] * length for length in (127, 128, 129, 300)]
    removal, folding = normalization_tables(characters)
    found = page.evaluate(
        """(text) => {
            const [removal, folding, names] = JSON.parse(text);
            const normalizer = new namegen.Normalizer({ removal, folding });
            return names.map((name) => {
                const normal = normalizer.normalize(name);
                return [normal, namegen.blake2b64(new TextEncoder().encode(normal)).toString()];
            });
        }""",
        json.dumps([removal, folding, names]),
    )
    assert [tuple(pair) for pair in found] == [
        (normalize(name), str(hash_name(name))) for name in names
    ]


def test_profanity_matches_python(page: Any) -> None:
    """Compare profane and other names from built-in lists, and random combinations of letters and profane words."""
    rng = random.Random(13)
    listed = [
        name for one in ("mlb-first", "mlb-last", "companies") for name in load_bundled(one).names
    ]
    names = [
        name for name, rude in zip(listed, are_profane(listed), strict=True) if rude
    ] + rng.sample(listed, 300)
    pieces = [
        "cock",
        "Shit",
        "F\u00daCK",
        "fag",
        "ass",
        "coc",
        "k",
        "n",
        "y",
        "",
        *" -",
        *HARD_LETTERS,
    ]
    names += ["".join(rng.choices(pieces, k=rng.randint(0, 4))) for _ in range(2_000)]
    found = page.evaluate("(text) => JSON.parse(text).map(namegen.isProfane)", json.dumps(names))
    assert found == are_profane(names).tolist()
    assert 100 < sum(found) < 1_500


@pytest.mark.parametrize("alphabet", ["companies", "hard"])
def test_legal_forms_are_removed_as_in_python(alphabet: str, page: Any) -> None:
    """Compare names of companies, and random combinations of legal forms and unusual letters."""
    rng = random.Random(12)
    words = [word for form in legal_forms() for word in (form, form.upper())] + [
        "&",
        "Acme",
        "co,",
        " ",
        "\t",
        "Ü",
    ]
    if alphabet == "hard":
        words += list(HARD_LETTERS)
    names = [
        "".join(
            rng.choices([" ", ",", ""], weights=[6, 1, 1])[0] + word
            for word in rng.choices(words, k=5)
        )
        for _ in range(800)
    ] + rng.sample(list(load_bundled("companies").names), 200)
    vocabulary = Vocabulary.from_names(names)
    network = RecurrentNetwork(vocabulary.size, "gru", (2,))
    rule = normalization_of("company")
    initial = network.initial_parameters("glorot", rng=np.random.default_rng(0))
    parameters = {name: values.astype(np.float32) for name, values in initial.items()}
    description = describe(
        "",
        PageModel(
            "",
            Checkpoint(
                network=network, vocabulary=vocabulary, parameters=parameters, endings=rule.endings
            ),
        ),
        "",
    )
    found = page.evaluate(
        "(text) => { const [model, names] = JSON.parse(text); const normalizer = new namegen.Normalizer(model);"
        "return names.map((name) => normalizer.normalize(name)); }",
        json.dumps([{**to_plain(description), "endings": rule.endings}, names]),
    )
    assert found == [rule.normalize(name) for name in names]
    assert sum(form != normalize(name) for form, name in zip(found, names, strict=True)) > 500


def test_company_case_and_rejection_match_python(page: Any) -> None:
    rng = random.Random(3)
    listed = load_bundled("companies").names[::30]
    names = [
        *listed,
        *map(str.lower, listed[::4]),
        *map(str.upper, listed[::3]),
        "Shell PLC of the USA",
        ", ACME Inc",
    ]
    names += [name.replace(rng.choice(name), "", 1) for name in listed] + [
        ".",
        "Oak Oak Oil",
        "The The Oil",
        "Natinal Oil",
        "Health Care Oil",
    ]
    names += [f"The {name[:5]} {name[5:]}" for name in listed]
    model = api.load_shipped("companies")
    claimed = claimed_starts("companies")[::2]
    assert model.checkpoint is not None
    described = describe("", PageModel("", model.checkpoint), "")
    found = page.evaluate(
        "(text) => { const [described, names] = JSON.parse(text); const model = new namegen.Model(described);"
        "const write = (name) => namegen.writeInCase(name, 'title', model.normalizer);"
        "return names.map((name) => [write(name), model.isRejectedCompany(name)]) }",
        json.dumps([{**to_plain(described), "claimed": "\n".join(claimed)}, names]),
    )
    constraint = Unclaimed(claimed, model.normalization, model.vocabulary)
    assert found == [
        [title(name, model.normalization), not constraint.accepts(name)] for name in names
    ]
    assert 0.2 < sum(refused for _, refused in found) / len(found) < 0.8


def test_names_are_new_if_no_model_knows_them(page: Any) -> None:
    found = page.evaluate(
        """(names) => {
            const model = namegen.modelOf("labelled gru"), { normalizer } = model;
            const blend = (other) => namegen.blendOf(other, null, "labelled gru", "last", 40);
            const [both, silent] = [blend("known"), blend("other")];
            return names.map((name) => [model.isNew(normalizer.normalize(name)), both.isNew(name), silent.isNew(name)]);
        }""",
        ["david", "DAVID", "face", "xqzzk"],
    )
    assert found == [
        [False, False, None],
        [False, True, None],
        [True, False, None],
        [True, True, None],
    ]
