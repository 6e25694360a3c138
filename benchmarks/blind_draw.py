"""The names of a blind reading: of each source a file, and ``figures.json`` with what is measured of them."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from namegen.threads import limit_threads

limit_threads(1)

import numpy as np  # noqa: E402  # reads the limit above as it starts

from benchmarks.blind_page import CHANGED, DRAWS, NEW, REAL, Drawn  # noqa: E402
from benchmarks.labels import costs  # noqa: E402
from benchmarks.lists import load  # noqa: E402
from benchmarks.pages import write  # noqa: E402
from namegen import api  # noqa: E402
from namegen.core.data.batching import ListParts  # noqa: E402
from namegen.core.data.fourgrams import FourGrams  # noqa: E402
from namegen.core.evaluation.evaluator import AccuracyEvaluator  # noqa: E402
from namegen.core.generation.choosing import measure_bars, usual_shortest  # noqa: E402
from namegen.core.generation.generator import Generator  # noqa: E402
from namegen.core.generation.sampling import SamplingSettings  # noqa: E402
from namegen.core.generation.wishes.wish import Finished  # noqa: E402
from namegen.core.generation.wishes.wishlist import MinDistance  # noqa: E402
from namegen.core.models import all_log_probabilities  # noqa: E402
from namegen.core.models.mixture import MixtureModel  # noqa: E402
from namegen.core.models.ngram import KNESER_NEY, UNSMOOTHED, NgramModel  # noqa: E402
from namegen.core.network.bars import EVERY_NAME, FIRST, SHARES, Bars  # noqa: E402
from namegen.core.training.preparation import data_for  # noqa: E402
from namegen.settings_toml import Config  # noqa: E402

SEED = 16  # of what is drawn; the training's is 0
CHAIN_ORDER = 5  # tokens of its n-grams: each follows from the four before it
ENOUGH = 100  # names of a source: where 10,000 draws give fewer, it is drawn more often
LETTERS, COMMONEST, BY_DEFAULT = 3, 10, 1_000  # of the figures of beginnings
RANDOM_ONES = 20  # times that names are taken at random, to see what chance makes of their lengths


def new_names(generator: Generator, n: int, longest: int, temperature: float = 1.0) -> dict[str, float]:
    """The new and distinct names of n draws, each with its merit."""
    walk, judge = generator.prepare(n, longest, None, False, False)
    sampling = SamplingSettings(temperature, max_length=longest)
    draws = walk.draw(n, rng=np.random.default_rng(SEED), sampling=sampling)
    rows, kept, _ = judge.keep(draws.names(generator.vocabulary), draws.counts)
    _, once = np.unique(kept.digests, return_index=True)
    return {kept.names[place]: float(draws.merit[rows[place]]) for place in once.tolist()}


def merits(model: api.LoadedModel, names: Sequence[str]) -> dict[str, float]:
    """The merit of each name under a model without labels (``core/generation/choosing.py``)."""
    if not names:
        return {}
    tokens, first = model.vocabulary.encode_all([name[:FIRST] for name in names])[0], np.zeros(len(names))
    lengths, rows = np.array([len(name[:FIRST]) for name in names]), np.arange(len(names))
    ids = np.zeros((len(names), FIRST), np.int32)  # a boundary behind a shorter name
    ids[np.arange(FIRST) < lengths[:, None]] = tokens
    state, last = model.model.initial_state(len(names)), np.zeros(len(names), np.int32)
    for place in range(FIRST):
        logits, state = model.model.step(last, state)
        first += np.where(place <= lengths, all_log_probabilities(logits)[rows, ids[:, place]], 0.0)
        last = ids[:, place]
    whole = costs(model, list(names), 0)
    return {name: -whole[name] - float(of_first) / 2 for name, of_first in zip(names, first, strict=True)}


def above(names: Mapping[str, float], bars: Bars, share: float) -> list[str]:
    """Those that reach the bar of their length."""
    bar = bars.at(share)[0]
    return [name for name, score in names.items() if len(name) < len(bar) and score >= bar[len(name)]]


def attested(model: api.LoadedModel, names: Sequence[str]) -> list[str]:
    """Those whose 4-grams all stand in the list that the model learned from."""
    if model.fourgrams is None:
        return list(names)
    known = FourGrams(model.fourgrams, model.vocabulary, known_names=model.known_names)
    keeps = np.ones(len(names), bool)
    for length in set(map(len, names)):
        rows = [row for row, name in enumerate(names) if len(name) == length]
        tokens, _ = model.vocabulary.encode_all([names[row] for row in rows])
        keeps[rows] = known.allows_whole(tokens.reshape(-1, length), np.zeros(len(rows), int))
    return [name for name, keep in zip(names, keeps.tolist(), strict=True) if keep]


def changed(names: Iterable[str], letters: Sequence[str], rng: random.Random) -> list[str]:
    """Each name with one letter replaced by another, in the letter case of the one before.

    >>> changed(["Al"], "al", random.Random(0)) in (["Ll"], ["Aa"])
    True
    """
    made = []
    for name in names:
        places = [place for place, letter in enumerate(name) if letter.isalpha()]
        if places:
            place = rng.choice(places)
            other = rng.choice([letter for letter in letters if letter != name[place].lower()])
            upper = other.upper() if name[place].isupper() else other
            made.append(name[:place] + upper + name[place + 1 :])
    return made


def beginnings(names: Sequence[str]) -> float:
    """The share of the names that the ten commonest beginnings of three letters hold, letter case aside."""
    counts = Counter(name[:LETTERS].casefold() for name in names)
    return sum(count for _, count in counts.most_common(COMMONEST)) / len(names)


def divergence(some: Iterable[str], others: Iterable[str]) -> float:
    """Jensen–Shannon divergence of the lengths of names, in bits."""
    counts = [Counter(map(len, names)) for names in (some, others)]
    longest = max(max(count) for count in counts) + 1
    p, q = (np.array([count[length] for length in range(longest)]) / count.total() for count in counts)
    m = (p + q) / 2
    return float(sum(np.sum(one[one > 0] * np.log2(one[one > 0] / m[one > 0])) for one in (p, q)) / 2)


def divergence_beyond_chance(some: Sequence[str], others: Sequence[str], rng: random.Random) -> float:
    """``divergence``, less the mean of equally large random samples of the others; at least 0."""
    by_chance = [divergence(rng.sample(others, len(some)), others) for _ in range(RANDOM_ONES)]
    return max(0.0, divergence(some, others) - sum(by_chance) / RANDOM_ONES)


def trained(parts: ListParts, corpus: object, path: Path) -> api.LoadedModel:
    """The default network of a list; trained where it does not lie there yet."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        api.train(corpus).checkpoint.save(path.with_suffix(".part"))
        os.replace(path.with_suffix(".part"), path)
    model = api.load(path)  # with the first bits of the digests of its names alone; the list itself says which are new
    return replace(model, known_names=model.sameness.known_set(parts.distinct_names))


def draw_all(of_list: str, folder: Path, old_temperature: float) -> None:
    """Write all sources of a list. Raises SystemExit for a list that a sheet cannot be made of."""
    corpus, config = load(of_list), Config()
    parts = ListParts.from_corpus(corpus, data_for(corpus, config.recipe), seed=config.training.seed)
    if parts.labels or parts.held_out is None:
        raise SystemExit(f"{of_list} has labels, or is too short to hold names out: give a longer list without labels")
    model = trained(parts, corpus, folder / "model.safetensors")
    vocabulary, longest, share, bars = model.vocabulary, model.default_max_length, model.choose, model.bars
    assert bars is not None
    generator, tree = model.generator, parts.batches.tree

    chain = replace(generator, model=NgramModel(tree, vocabulary.size, CHAIN_ORDER, UNSMOOTHED))
    counted = (one for one in NgramModel.each(tree, vocabulary.size) if one.smoothing == KNESER_NEY)
    best = min(counted, key=lambda one: AccuracyEvaluator(one).evaluate(parts.held_out).loss_nats_per_char)
    both = MixtureModel((model.model, best), (vocabulary, vocabulary))
    mixture = replace(generator, model=both)
    shortest = usual_shortest(parts.training)
    mixture_bars = measure_bars(mixture, shortest=shortest, longest=parts.longest_name, rng=np.random.default_rng(0))
    assert mixture_bars is not None

    learned, sameness, rng = parts.learned_names, model.sameness, random.Random(SEED)
    held_out = vocabulary.decode_all(parts.held_out.sequences().tokens)
    known = sameness.are_known(held_out, sameness.known_set(learned)).tolist()
    held_out = [name for name, is_known in zip(held_out, known, strict=True) if not is_known]
    rng.shuffle(held_out)
    letters = sorted({letter for name in learned for letter in name.lower() if letter.isalpha()})
    wrong = list(dict.fromkeys(changed(held_out[1::2], letters, rng)))
    listed = sameness.are_known(wrong, sameness.known_set(parts.distinct_names)).tolist()

    drawn_by: dict[str, Callable[[int], Sequence[str]]] = {
        NEW: lambda n: attested(model, above(new_names(generator, n, longest), bars, share)),
        "old": lambda n: list(new_names(generator, n, longest, old_temperature)),
        "chain": lambda n: list(new_names(chain, n, longest)),
        "chain-chosen": lambda n: above(merits(model, list(new_names(chain, n, longest))), bars, share),
        "mixture-chosen": lambda n: attested(model, above(new_names(mixture, n, longest), mixture_bars, share)),
        REAL: lambda n: held_out[::2],
        CHANGED: lambda n: [name for name, is_listed in zip(wrong, listed, strict=True) if not is_listed],
    }
    sources, draws = {}, {}
    for source, draw in drawn_by.items():
        names = sources[source] = draw(DRAWS[0])
        draws[source] = n = DRAWS[0]
        while len(names) < ENOUGH and n < DRAWS[-1] and source not in (REAL, CHANGED):
            draws[source] = n = DRAWS[DRAWS.index(n) + 1]
            names = draw(n)
        if source == NEW:
            given = names = model.generate(len(names), seed=SEED, letter_case="as-learned")
        (folder / f"{source}.txt").write_text("".join(f"{name}\n" for name in names), encoding="utf-8")
    near = MinDistance(2, learned, sameness)
    curve: dict[str, list[int]] = {}
    for n in DRAWS:
        free = new_names(generator, n, longest)
        for wished in (*SHARES, EVERY_NAME):
            offered = list(free) if wished == EVERY_NAME else attested(model, above(free, bars, wished))
            curve.setdefault(f"{wished:g}", []).append(len(offered))
        curve.setdefault("chain", []).append(len(new_names(chain, n, longest)))
    figures = Drawn(
        list=Path(of_list).stem,
        names=len(parts.distinct_names),
        share=share,
        old_temperature=old_temperature,
        new={source: len(names) for source, names in sources.items()},
        draws=draws,
        beginnings=beginnings(model.generate(BY_DEFAULT, seed=SEED)),
        list_beginnings=beginnings(parts.distinct_names),
        near=float(near.refuses(Finished(given)).mean()),
        held_out_near=float(near.refuses(Finished(held_out)).mean()),
        length_bits=divergence_beyond_chance(given, list(new_names(generator, DRAWS[0], longest)), rng),
        curve={wished: tuple(counts) for wished, counts in curve.items()},
    )
    write(folder / "figures.json", figures)
