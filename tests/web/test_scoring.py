"""JavaScript and Python compute the same scores, read the same n-grams, and apply the same limit to first letters."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from namegen import api
from namegen.api import read_checkpoint
from namegen.core.checkpoint.checkpoint import Checkpoint
from namegen.core.checkpoint.metadata import bytes_to_text
from namegen.core.data.corpus import Corpus
from namegen.core.data.normalization import known_set
from namegen.core.data.patterns import patterns_of
from namegen.core.scoring.opening_limit import OpeningLimit
from namegen.core.scoring.scorer import scorer_of, with_end_weight
from namegen.lists import load_bundled
from namegen.models import shipped_path
from namegen.settings_toml import parse_config
from namegen.web.description import PageModel
from namegen.web.export import write_module
from tests.reading import engine_of, logits_behind
from tests.web.reference import SeededSearch
from tests.web.running import Run, in_node

QUICK = parse_config({"training": {"quick": True, "epochs": 8, "batch_size": 32}})
KINDS, THINGS = (
    ("Old", "Red", "Sly", "Big", "Green", "Merry"),
    ("Fox", "Hen", "Inn", "Mug", "Star", "Barrel"),
)
PHRASES = [f"The {one} {other}" for k, one in enumerate(KINDS) for other in THINGS[k % 2 :: 2]]
PHRASES += [
    f"{one} and {other}"
    for k, one in enumerate(THINGS)
    for other in THINGS[k % 2 :: 2]
    if one != other
]
NUMBERED = [f"{THINGS[k % 5]} {7919 * k % 100_000:05}" for k in range(1, 601)]
LABELLED = [*PHRASES, *NUMBERED]
TRIED = ["mlb-last", "world-given", "elves", "taverns"]
MODELS = [*TRIED, "phrases", "labelled phrases"]
GENERATE = "({ load }, json, [name, options]) => load(json, name).generate(options)"
ENGINE = "KnownNames, Model, OpeningLimit, Threshold, patternsOf"


@pytest.fixture(scope="module")
def checkpoints() -> dict[str, Checkpoint]:
    """Load the built-in models, and train two models on phrases."""
    labels = ["places"] * len(PHRASES) + ["numbers"] * len(NUMBERED)
    labelled = Corpus.from_names(LABELLED, labels=labels)
    return {
        **{name: read_checkpoint(shipped_path(name)) for name in TRIED},
        "phrases": api.train(Corpus.from_names(LABELLED), config=QUICK).checkpoint,
        "labelled phrases": api.train(labelled, config=QUICK).checkpoint,
    }


@pytest.fixture(scope="module")
def node(checkpoints: dict[str, Checkpoint], tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Export a module, together with its internal classes and functions."""
    folder = tmp_path_factory.mktemp("scoring")
    write_module(
        [PageModel(name, checkpoint) for name, checkpoint in checkpoints.items()],
        folder / "names.mjs",
    )
    module = folder / "names.mjs"
    module.write_text(
        f"{module.read_text(encoding='utf-8')}\nexport {{ {ENGINE} }};\n", encoding="utf-8"
    )
    return in_node(folder)


OPEN = "const model = new Model(JSON.parse(json).models.find((one) => one.name === name));"


@pytest.mark.parametrize("name", MODELS)
def test_n_grams_match_python(name: str, node: Run, checkpoints: dict[str, Checkpoint]) -> None:
    code = f"""({{ Model }}, json, name) => {{
        {OPEN}
        const {{ symbol, suffix, firstChild, firstOfOrder, starts }} = model.scorer.ngrams;
        return [...[symbol, suffix, firstChild].map((one) => Array.from(one)), firstOfOrder, starts];
    }}"""
    symbol, suffix, first_child, first_of_order, starts = node(code, name)
    ngrams = checkpoints[name].ngrams
    assert ngrams is not None
    assert tuple(first_of_order) == ngrams.first_of_order
    assert symbol == ngrams.symbol.tolist()
    assert suffix == ngrams.suffix.tolist()
    children = np.diff(first_child)
    parent = np.repeat(np.arange(len(children)), children)
    assert np.array_equal(parent, ngrams.parent[ngrams.labels :])
    assert starts == ngrams.start.tolist()


def some_names(name: str, checkpoint: Checkpoint) -> list[str]:
    """Return names from the list, mixtures of two names, and random strings."""
    rng = np.random.default_rng(3)
    names = list(load_bundled(name).names if name in TRIED else LABELLED)
    listed = [names[row] for row in rng.integers(len(names), size=60).tolist()]
    mixed = [one[: len(one) // 2] + other[len(other) // 2 :] for one, other in pairwise(listed)]
    characters = list(checkpoint.vocabulary.characters)
    noise = ["".join(rng.choice(characters, size)) for size in rng.integers(1, 12, size=40)]
    known = set(checkpoint.vocabulary.characters)
    return [one for one in (*listed, *mixed, *noise, "12 34", "The  Fox ") if set(one) <= known]


@pytest.mark.parametrize("name", MODELS)
def test_scores_match_python(name: str, node: Run, checkpoints: dict[str, Checkpoint]) -> None:
    """Compare log-probabilities, missing n-grams and scores, and which prefixes and names reach the threshold."""
    checkpoint = checkpoints[name]
    names, tokens = some_names(name, checkpoint), checkpoint.start_tokens.tokens[::40]
    longest = checkpoint.longest_name
    names = [one for one in names if len(one) <= longest]
    code = f"""({{ Model, Threshold }}, json, [name, names, tokens, longest]) => {{
        {OPEN}
        const threshold = new Threshold(model.scorer, longest);
        const idOf = new Map(model.characters.map((character, id) => [character, id]));
        return tokens.map((token) => names.map((text) => {{
            let prefix = model.roots.find((root) => root.token === token).prefix;
            let kept = 0;
            for (const character of text) {{
                prefix = prefix.extend(idOf.get(character));
                kept += threshold.canBeReachedFrom(prefix) ? 1 : 0;
            }}
            const {{ endLogProbability }} = prefix;
            const score = model.scorer.scoreOf(prefix);
            const missing = model.scorer.missingInName(prefix);
            return [endLogProbability, missing, score, kept, threshold.isReachedBy(prefix)];
        }}));
    }}"""
    found = node(code, [name, names, tokens, longest])
    for token, rows in zip(tokens, found, strict=True):
        assert rows == [approximate(row) for row in rows_of(checkpoint, token, names, longest)]
    missing = [row[1] for rows in found for row in rows]
    assert min(missing) == 0 < max(missing)


def approximate(row: Sequence[Any]) -> list[Any]:
    """Allow for rounding errors in a row."""
    return [pytest.approx(one, rel=1e-9) if isinstance(one, float) else one for one in row]


def rows_of(
    checkpoint: Checkpoint, token: int, names: Sequence[str], longest: int
) -> list[list[Any]]:
    """Compute the expected rows of the test above, for one start token."""
    scorer = scorer_of(checkpoint)
    assert scorer is not None
    engine, start_tokens, rows = engine_of(checkpoint, "float64"), np.array([token], np.int32), []
    for text in names:
        ids = checkpoint.vocabulary.encode(text).astype(np.int32)
        logits = logits_behind(engine, [token, *ids.tolist()])
        steps = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
        chosen = steps[np.arange(len(ids) + 1), [*ids.tolist(), 0]]
        sums = np.cumsum(chosen)
        tally, kept = scorer.start(start_tokens), 0
        for end in range(1, len(ids) + 1):
            tally = scorer.read(tally, ids[None, :end], start_tokens)
            can_reach = scorer.reaches(
                sums[end - 1 : end],
                length=end,
                tally=tally,
                start_tokens=start_tokens,
                longest=longest,
                are_whole_names=False,
            )
            kept += int(can_reach[0])
        tally = scorer.read(tally, ids[None], start_tokens, are_whole_names=True)
        missing = int(tally.missing[0, 0])
        scored = with_end_weight(sums[-1:], sums[-1:] - chosen[-1:])
        score = scorer.scores(scored, np.array([len(ids)]), np.array([missing]), start_tokens)
        reaches = scorer.reaches(
            scored,
            length=len(ids),
            tally=tally,
            start_tokens=start_tokens,
            longest=longest,
            are_whole_names=True,
        )
        rows.append([float(sums[-1]), missing, float(score[0]), kept, bool(reaches[0])])
    return rows


@pytest.mark.parametrize("name", MODELS)
def test_patterns_match_python(name: str, node: Run, checkpoints: dict[str, Checkpoint]) -> None:
    names = [
        *some_names(name, checkpoints[name]),
        "McgEe",
        "Annna",
        "Pink Pink",
        "Ǆaaa",
        "Brrt",
        "Éé",
    ]
    code = "({ patternsOf }, _, names) => names.map((name) => [...patternsOf(name)].sort())"
    assert node(code, names) == [sorted(patterns_of(each)) for each in names]


def test_the_opening_limit_matches_python(node: Run) -> None:
    rng = np.random.default_rng(4)
    names = [
        "".join(rng.choice(list("abé\N{GRINNING FACE}"), size))
        for size in rng.integers(1, 6, 2_000)
    ]
    labels, chances = rng.integers(0, 3, len(names)), rng.uniform(0, 0.02, len(names))
    code = """({ OpeningLimit }, _, rows) => {
        const limit = new OpeningLimit();
        return rows.map(([text, label, openingProbability]) => limit.admits({ text, label }, openingProbability));
    }"""
    admitted = OpeningLimit().admits(names, labels, chances, most=len(names))
    assert (
        node(code, list(zip(names, labels.tolist(), chances.tolist(), strict=True)))
        == admitted.tolist()
    )
    assert 100 < admitted.sum() < 1_900


@pytest.mark.parametrize("count", [0, 1, 50])
def test_known_names_are_read_as_in_python(count: int, node: Run) -> None:
    """Truncated data are rejected, whatever their length."""
    known = known_set(f"name {number}" for number in range(count))
    code = """({ KnownNames }, _, texts) => texts.map((text) => {
        try { return Array.from(new KnownNames(text).numbers); } catch { return null; }
    })"""
    data = known.to_bytes()
    texts = [bytes_to_text(data[:length]) for length in range(len(data) + 1)]
    numbers = node(code, texts)
    assert numbers[-1] == known.short.numbers.tolist()
    assert numbers[:-1] == [None] * len(data)


@pytest.mark.parametrize("name", ["phrases", "labelled phrases"])
def test_names_of_phrases_match_python(
    name: str, node: Run, checkpoints: dict[str, Checkpoint]
) -> None:
    assert checkpoints[name].words is not None
    expected = SeededSearch(checkpoints[name], seed=5).names(4)
    assert node(GENERATE, [name, {"n": 4, "seed": 5}]) == expected
