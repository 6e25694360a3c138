"""What labels are worth: one model of all origins beside a model of each, and whether an outsider hears them.

    python -m benchmarks.labels                              # both lists, three seeds; an hour, it can be stopped
    python -m benchmarks.labels --lists world-given --seeds 1
    python -m benchmarks.labels --outsider                   # ask the outsider anew, where only the drawing has changed

The list is split by a hash of the names alone, so that all origins of a name fall on one side. Six tenths are learned
from, a tenth chooses the epoch, three tenths judge. One network of the effort `standard` learns all origins with their
labels, others learn one origin each, without labels. What a name costs under both is compared name by name.

An outsider, naive Bayes over the letter groups of a name (1 to 4 letters; scikit-learn), learns the origins of one half
of the names that judge, which no model has seen. It is then asked for the origin of the other half, and of new names
that the shared model generates for the same labels, by default and unfiltered. What is trained is kept under
``build/labels``; ``docs/results/labels.json`` has the figures, and ``python -m benchmarks.labels_page`` makes the
document of it.
"""

from __future__ import annotations

import argparse
import json
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import compress
from pathlib import Path

from namegen.threads import limit_threads

limit_threads(1)

import numpy as np  # noqa: E402  # reads the limit above as it starts

from benchmarks.labels_page import LabelledList, LabelResult, Labels  # noqa: E402
from benchmarks.pages import RESULTS, read, write  # noqa: E402
from benchmarks.quality_page import SPLIT_SEED  # noqa: E402
from namegen import api  # noqa: E402
from namegen.backends import load_engine  # noqa: E402
from namegen.core.data.corpus import Corpus  # noqa: E402
from namegen.core.data.normalization import hash_names  # noqa: E402
from namegen.core.data.prefix_tree import PrefixTree  # noqa: E402
from namegen.core.evaluation.evaluator import AccuracyEvaluator  # noqa: E402
from namegen.core.evaluation.references import HeldOutReferences  # noqa: E402
from namegen.core.settings import DataSettings  # noqa: E402
from namegen.core.training.preparation import prepare  # noqa: E402
from namegen.lists import load_bundled  # noqa: E402
from namegen.settings_toml import Config, merge  # noqa: E402
from namegen.types import Array, Float64, Int64  # noqa: E402

KEPT = Path("build") / "labels"
LISTS = ("world-given", "world-family")
SEEDS = 3
RESAMPLES = 2_000
ALL = ""  # in place of a label: the shared model
SETTINGS: dict[str, object] = {
    "data.validation": 0.1,
    "data.test": 0.3,
    "data.split_seed": SPLIT_SEED,
    "network.base_model": "none",  # it knows names that judge
    "run.threads": 1,
    "run.plot": False,
}


def judging(corpus: Corpus) -> list[tuple[str, str]]:
    """The names that judge, each with its label, once."""
    held_out = set(corpus.split(DataSettings(validation=0.1, test=0.3), seed=SPLIT_SEED)[2].names)
    pairs = dict.fromkeys(zip(corpus.names, corpus.labels, strict=True))
    return [(name, label) for name, label in pairs if name in held_out]


def of_label(corpus: Corpus, label: str) -> Corpus:
    """The names of one label, without it; of ``ALL`` the whole list."""
    if label == ALL:
        return corpus
    names = tuple(name for name, of in zip(corpus.names, corpus.labels, strict=True) if of == label)
    return Corpus(names, f"{corpus.source}, {label}")


def model_of(of_list: str, label: str, seed: int) -> api.LoadedModel:
    """The model of a label, or of all; trained where it is not kept yet."""
    safe = "".join(
        letter if letter.isalnum() else "-"
        for letter in f"{of_list} {label or 'all'} {seed}".lower()
    )
    path = KEPT / f"{safe}.safetensors"
    if not path.exists():
        config = merge(Config(), {**SETTINGS, "training.seed": seed})
        result = api.train(of_label(load_bundled(of_list, labels="origin"), label), config=config)
        KEPT.mkdir(parents=True, exist_ok=True)
        result.checkpoint.save(path.with_suffix(".part"))
        os.replace(path.with_suffix(".part"), path)
        print(of_list, label or "all", seed, f"{result.seconds:.0f} s", flush=True)
    return api.load(path)


def costs(model: api.LoadedModel, names: Sequence[str], beginning: int) -> dict[str, float]:
    """Nats that each of different names costs behind a beginning."""
    tree = PrefixTree.from_names(names, model.vocabulary, [beginning] * len(names))
    scores = AccuracyEvaluator(model.model).name_log_probabilities(tree)
    return dict(
        zip(model.vocabulary.decode_all(tree.sequences().tokens), (-scores).tolist(), strict=True)
    )


def measure_list(of_list: str, seeds: int) -> LabelledList:
    """Everything about one list."""
    corpus = load_bundled(of_list, labels="origin")
    pairs = judging(corpus)
    nats = np.zeros((2, seeds, len(pairs)))  # shared and single
    told = []
    for seed in range(seeds):
        shared = model_of(of_list, ALL, seed)
        for label in corpus.label_counts:
            names = [name for name, of in pairs if of == label]
            single = model_of(of_list, label, seed)
            behind = shared.start_tokens.tokens[shared.labels.index(label)]
            for row, (model, token) in enumerate(
                ((shared, behind), (single, single.start_tokens.tokens[0]))
            ):
                found = costs(model, names, token)
                rows = [place for place, (_, of) in enumerate(pairs) if of == label]
                nats[row, seed, rows] = [found[name] for name in names]
        told.append(told_apart(shared, pairs, seed))
    characters = np.array([len(name) + 1 for name, _ in pairs])
    learned = Counter(corpus.split(merge(Config(), SETTINGS).data, seed=0)[0].labels)
    each = []
    for label in corpus.label_counts:
        here = np.array([of == label for _, of in pairs])
        loss = nats[:, :, here].mean(axis=1).sum(axis=1) / characters[here].sum()
        each.append(
            LabelResult(label, learned[label], int(here.sum()), float(loss[0]), float(loss[1]))
        )
    loss = nats.sum(axis=2) / characters.sum()
    heard = mean_of(told)
    low, high = interval(nats[0] - nats[1], characters, [name for name, _ in pairs])
    return LabelledList(
        name=of_list,
        seeds=seeds,
        shared=float(loss[0].mean()),
        single=float(loss[1].mean()),
        ngram=ngram_loss(corpus),
        low=low,
        high=high,
        labels=tuple(each),
        heard=seeds,
        real=heard.real,
        new=heard.new,
        unfiltered=heard.unfiltered,
    )


def outsider_alone(kept: LabelledList, seeds: int) -> LabelledList:
    """A list's figures with those of the outsider measured anew."""
    pairs = judging(load_bundled(kept.name, labels="origin"))
    told = [told_apart(model_of(kept.name, ALL, seed), pairs, seed) for seed in range(seeds)]
    heard = mean_of(told)
    return replace(kept, heard=seeds, real=heard.real, new=heard.new, unfiltered=heard.unfiltered)


def ngram_loss(corpus: Corpus) -> float:
    """Nats a character of the best n-gram, with labels or without."""
    config = merge(Config(), SETTINGS)
    parts = prepare(corpus, config.recipe, load_engine("numpy")).parts
    assert parts.validation is not None
    test = HeldOutReferences(parts.validation, parts).baseline.test
    assert test is not None
    return test.loss_nats_per_char


def interval(
    difference: Float64[Array, "seeds names"],
    characters: Int64[Array, "names"],
    names: Sequence[str],
) -> tuple[float, float]:
    """95 % of the mean difference a character, by bootstrap over names (all labels of one together) and seeds."""
    _, name = np.unique(names, return_inverse=True)
    of_names = np.stack([np.bincount(name, row) for row in difference])
    lengths = np.bincount(name, characters)
    rng, means = np.random.default_rng(0), []
    for _ in range(RESAMPLES):
        chosen = rng.integers(len(lengths), size=len(lengths))
        seeds = rng.integers(len(difference), size=len(difference))
        means.append(of_names[seeds].mean(axis=0)[chosen].sum() / lengths[chosen].sum())
    low, high = np.quantile(means, (0.025, 0.975))
    return float(low), float(high)


@dataclass(frozen=True)
class Heard:
    """How often the outsider names the right origin.

    Attributes:
        real: of real names that no model has learned.
        new: of new names by default.
        unfiltered: of new names from the model's own distribution.
    """

    real: float
    new: float
    unfiltered: float


def mean_of(told: Sequence[Heard]) -> Heard:
    """Over the seeds."""
    return Heard(
        real=float(np.mean([heard.real for heard in told])),
        new=float(np.mean([heard.new for heard in told])),
        unfiltered=float(np.mean([heard.unfiltered for heard in told])),
    )


def told_apart(shared: api.LoadedModel, pairs: Sequence[tuple[str, str]], seed: int) -> Heard:
    """Let naive Bayes name the origins of names that no model has learned, and of new names."""
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.naive_bayes import MultinomialNB
    from sklearn.pipeline import make_pipeline

    names = list(dict.fromkeys(name for name, _ in pairs))
    odd = ((hash_names(names) >> np.uint64(7)) % 2 == 1).tolist()
    learned, asked = (set(compress(names, half)) for half in (odd, np.logical_not(odd)))
    outsider = make_pipeline(
        CountVectorizer(analyzer="char_wb", ngram_range=(1, 4)), MultinomialNB(alpha=0.1)
    )
    of_learned = [(name, label) for name, label in pairs if name in learned]
    outsider.fit(*zip(*of_learned, strict=True))

    def right(some: Sequence[tuple[str, str]]) -> float:
        names, labels = zip(*some, strict=True)
        return float((outsider.predict(names) == np.array(labels)).mean())

    of_asked = [(name, label) for name, label in pairs if name in asked]
    wanted = Counter(label for _, label in of_asked)

    def new_names(*, unfiltered: bool) -> list[tuple[str, str]]:
        return [
            (name, label)
            for label, count in wanted.items()
            for name in shared.for_labels(label).generate(count, seed=seed, unfiltered=unfiltered)
        ]

    return Heard(
        real=right(of_asked),
        new=right(new_names(unfiltered=False)),
        unfiltered=right(new_names(unfiltered=True)),
    )


def main() -> None:
    """Measure what is asked for, and write the document."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--lists", nargs="+", default=LISTS, choices=LISTS)
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument(
        "--outsider", action="store_true", help="measure nothing but what the outsider hears"
    )
    parser.add_argument("--out", type=Path, default=RESULTS / "labels.json")
    arguments = parser.parse_args()
    document = read(Labels, arguments.out)
    lists = {one.name: one for one in document.lists}
    for of_list in arguments.lists:
        if arguments.outsider:
            if of_list not in lists:
                parser.error(f"{arguments.out} has no figures of {of_list}: measure it whole first")
            lists[of_list] = outsider_alone(lists[of_list], arguments.seeds)
        else:
            lists[of_list] = measure_list(of_list, arguments.seeds)
        write(
            arguments.out,
            replace(document, lists=tuple(lists[name] for name in LISTS if name in lists)),
        )
        print(json.dumps({**vars(lists[of_list]), "labels": None}), flush=True)


if __name__ == "__main__":
    main()
