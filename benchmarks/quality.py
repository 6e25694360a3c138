"""How well networks and the n-gram baseline predict the names of a test set: ``make quality``.

    python -m benchmarks.quality                              # every list and model; hours, but it can be stopped
    python -m benchmarks.quality --lists mlb-first --seeds 1  # some of it; a file of names is a list, too

Each list is split into a training set, a validation set (a tenth) and a test set (a tenth), with a seed that wasn't
used to choose the default settings. Seeds vary the initial parameters and the order of the names. Two runs are
trained in parallel, with one thread each. Their results are kept, so the command can be stopped and continued. It
writes ``docs/results/quality.json``: means over the seeds, and each model's loss minus the n-gram baseline's, with a
95% confidence interval (bootstrap over names and seeds). ``python -m benchmarks.quality_page`` writes the page.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

from namegen.threads import limit_threads

limit_threads(1)

import numpy as np  # noqa: E402  # reads the limit above as it starts

from benchmarks.lists import US_FIRST, US_FIRST_LINES, load  # noqa: E402
from benchmarks.pages import RESULTS, read, write  # noqa: E402
from benchmarks.quality_page import NGRAM, SPLIT_SEED, Model, Quality, QualityList  # noqa: E402
from namegen.backends import load_engine  # noqa: E402
from namegen.core.data.list_parts import ListParts, sqrt_weighted_tree  # noqa: E402
from namegen.core.data.prefix_tree import PrefixTree  # noqa: E402
from namegen.core.engine import LanguageModel  # noqa: E402
from namegen.core.evaluation.evaluator import AccuracyEvaluator  # noqa: E402
from namegen.core.models.ngram import NgramModel  # noqa: E402
from namegen.core.training.preparation import PreparedTraining, prepare  # noqa: E402
from namegen.core.training.result import RunResult  # noqa: E402
from namegen.core.training.run import TrainingRun  # noqa: E402
from namegen.settings_toml import Config, merge  # noqa: E402
from namegen.types import Array, Bool, Float64, Int64  # noqa: E402

KEPT = Path("build") / "quality"
LISTS = (US_FIRST, "mlb-first", "mlb-last", "companies", "japanese-given", US_FIRST_LINES)
SEEDS = {US_FIRST: 5}  # elsewhere three
RESAMPLES = 2_000

NOTHING_DROPPED: dict[str, object] = {
    "training.recurrent_dropout": 0.0,
    "training.output_dropout": 0.0,
}
NOTHING_SMOOTHED: dict[str, object] = {"training.label_smoothing": 0.0}
TRANSFORMER: dict[str, object] = {
    "network.hidden": (64, 64, 64, 64),  # makemore's own: four blocks of 64, four heads
    "training.learning_rate": 0.003,
    "training.batch_size": 128,
    "training.epochs": 25,
    "training.layer_dropout": 0.1,
    "training.output_dropout": 0.1,
}


def _networks() -> dict[str, dict[str, object]]:
    """Each cell at two widths, all else as the default has it, and once more with nothing dropped."""
    models: dict[str, dict[str, object]] = {}
    for called, cell, widths in (
        ("SimpleRNN", "simple_rnn", (64, 128)),
        ("GRU", "gru", (64, 128)),
        ("LSTM", "lstm", (64, 256)),
    ):
        for width in widths:
            network = {"network.cell": cell, "network.hidden": (width,)}
            models[f"{called} {width}"] = network
            models[f"{called} {width}, nothing dropped"] = {**network, **NOTHING_DROPPED}
    return models


MODELS: dict[str, dict[str, object]] = {
    "quick: SimpleRNN 2×32": {"training.quick": True},
    "standard": {},
    "standard, nothing smoothed": NOTHING_SMOOTHED,
    "standard, nothing dropped": NOTHING_DROPPED,
    "standard, neither": {**NOTHING_DROPPED, **NOTHING_SMOOTHED},
    **_networks(),
    "Transformer 4×64": TRANSFORMER,
}
# With lines on both sides a network is rewarded for what it has learned by heart: the three tell enough of that.
OF_LINES = ("quick: SimpleRNN 2×32", "standard", "Transformer 4×64")


def kept_at(of_list: str, model: str, seed: int) -> Path:
    """Where a finished run lies."""
    safe = "".join(
        letter if letter.isalnum() else "-" for letter in f"{Path(of_list).name} {model}".lower()
    )
    return KEPT / f"{safe}-{seed}.npz"


def measure(of_list: str, model: str, seed: int) -> None:
    """Train one network, judge it and the n-gram baseline by the test names, and keep what each name costs.

    A recipe that was trained already, under this or another name of the table, is not trained again.
    """
    corpus, config = load(of_list), merge(Config(), {**judged(of_list, seed), **MODELS[model]})
    engine = load_engine("transformer" if model.startswith("Transformer") else "numpy")
    prepared = prepare(corpus, config.recipe, engine)
    recipe = json.dumps([prepared.network.summary, corpus.fingerprint, asdict(prepared.recipe)])
    path = kept_at(of_list, model, seed)
    if (same := _kept_recipe(of_list, recipe, seed)) is not None:
        if same != path:
            shutil.copyfile(same, path)
        return
    start = time.process_time()
    result = TrainingRun(prepared).run()
    seconds = time.process_time() - start
    prepared.engine.set_state({**prepared.engine.get_state(), **result.checkpoint.parameters})
    keep(path, prepared, prepared.engine, result, seconds, recipe)


def judged(of_list: str, seed: int) -> dict[str, object]:
    """The settings that are the same for all models."""
    return {
        "data.test": 0.1,
        "data.split": "by-row" if of_list == US_FIRST_LINES else "by-name",
        "data.split_seed": SPLIT_SEED,
        "training.seed": seed,
        "run.plot": False,
    }


def keep(
    path: Path,
    prepared: PreparedTraining,
    model: LanguageModel,
    result: RunResult,
    seconds: float,
    recipe: str,
) -> None:
    """Write down what each test name costs a model, and the n-gram baseline."""
    test = prepared.parts.test
    assert test is not None  # a tenth of the list
    rows = test.sequences()
    values = {
        "network": AccuracyEvaluator(model).name_log_probabilities(test),
        "n-gram": AccuracyEvaluator(counting(prepared.parts, result)).name_log_probabilities(test),
        "counts": rows.counts,
        "lengths": rows.lengths + 1,
        "learned": np.isin(
            _as_bytes(test), _as_bytes(prepared.parts.training)
        ),  # lines alike stand on both sides
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    parameters = sum(array.size for array in result.checkpoint.parameters.values())
    facts = {
        "parameters": parameters,
        "seconds": seconds,
        "epochs": result.epochs,
        "best_epoch": result.best_epoch,
    }
    with path.with_suffix(".part").open("wb") as file:
        np.savez_compressed(file, **values, **facts, recipe=np.array(recipe))
    os.replace(path.with_suffix(".part"), path)


def _kept_recipe(of_list: str, recipe: str, seed: int) -> Path | None:
    """Where a run of just this recipe lies, under whatever name."""
    for model in MODELS:
        path = kept_at(of_list, model, seed)
        if path.exists() and str(np.load(path).get("recipe")) == recipe:
            return path
    return None


def _as_bytes(tree: PrefixTree) -> Array:
    """The distinct names of a tree, in the order of ``sequences``, as keys to compare."""
    rows = tree.sequences()
    names = [row[:length].tobytes() for row, length in zip(rows.tokens, rows.lengths, strict=True)]
    return np.array(names, dtype=object)


def counting(parts: ListParts, result: RunResult) -> NgramModel:
    """The n-gram that was chosen on the validation part."""
    assert result.references is not None  # a validation part is held out
    found = result.references.baseline
    tree = sqrt_weighted_tree(parts.training) if found.uses_sqrt_duplicates else parts.training
    return NgramModel(tree, parts.vocabulary.size, found.order, found.smoothing)


def summary(of_list: str) -> QualityList | None:
    """All that is kept of a list; None where that is nothing."""
    models, names, seen_share = [], 0, 0.0
    for model in MODELS:
        paths = [path for seed in range(99) if (path := kept_at(of_list, model, seed)).exists()]
        if not paths:
            continue
        runs = [dict(np.load(path)) for path in paths]
        counts, lengths = runs[0]["counts"], runs[0]["lengths"]
        names, seen_share = len(counts), float(counts @ runs[0]["learned"] / counts.sum())
        losses = np.array([-run["network"] for run in runs])  # (S, names), nats of each name
        bar = -runs[0]["n-gram"]
        low, high = interval(losses - bar, counts, lengths)
        if not models:
            seen = runs[0]["learned"]
            models.append(
                Model(
                    NGRAM,
                    nats=nats(bar, counts, lengths),
                    seen_nats=_nats_where(seen, bar[None], counts, lengths),
                    unseen_nats=_nats_where(~seen, bar[None], counts, lengths),
                )
            )
        each = [nats(loss, counts, lengths) for loss in losses]
        models.append(
            Model(
                name=model,
                parameters=int(runs[0]["parameters"]),
                seeds=len(runs),
                nats=float(np.mean(each)),
                spread=float(max(each) - min(each)),
                seconds=float(np.mean([run["seconds"] for run in runs])),
                seen_nats=_nats_where(runs[0]["learned"], losses, counts, lengths),
                unseen_nats=_nats_where(~runs[0]["learned"], losses, counts, lengths),
                epochs=float(np.mean([run["epochs"] for run in runs])),
                against_ngram=float(np.mean(each)) - models[0].nats,
                low=low,
                high=high,
            )
        )
    return QualityList(of_list, names, tuple(models), seen_share) if models else None


def _nats_where(
    which: Bool[Array, "names"],
    losses: Float64[Array, "S names"],
    counts: Int64[Array, "names"],
    lengths: Int64[Array, "names"],
) -> float:
    """A character, of some of the names alone; 0 where there are none of them."""
    if not which.any():
        return 0.0
    return float(np.mean([nats(loss[which], counts[which], lengths[which]) for loss in losses]))


def nats(
    loss: Float64[Array, "names"], counts: Int64[Array, "names"], lengths: Int64[Array, "names"]
) -> float:
    """A character, over names that count so often."""
    return float(counts @ loss / (counts @ lengths))


def interval(
    apart: Float64[Array, "S names"], counts: Int64[Array, "names"], lengths: Int64[Array, "names"]
) -> tuple[float, float]:
    """95 % of the differences a character that names and seeds drawn anew, with replacement, would give."""
    rng = np.random.default_rng(0)
    seeds, names = apart.shape
    found = np.empty(RESAMPLES)
    for i in range(RESAMPLES):
        drawn = rng.integers(0, names, names)
        loss = apart[rng.integers(0, seeds, seeds)].mean(axis=0)
        found[i] = counts[drawn] @ loss[drawn] / (counts[drawn] @ lengths[drawn])
    low, high = np.quantile(found, (0.025, 0.975))
    return float(low), float(high)


def run_all(lists: Sequence[str], models: Sequence[str], seeds: int | None, at_once: int) -> bool:
    """Train what is not kept yet, so many at a time; whether all went well.

    Each training finds out by itself whether its list, its recipe and its seed are kept: a rule that has changed since
    trains anew what it changes. The code of the engine is not looked at.
    """
    wanted = [
        (of_list, model, seed)
        for seed in range(max(SEEDS.values()))
        for of_list in lists
        for model in models
        if seed < (seeds or SEEDS.get(of_list, 3))
        and (of_list != US_FIRST_LINES or model in OF_LINES)
    ]

    def train(job: tuple[str, str, int]) -> bool:
        of_list, model, seed = job
        start = time.perf_counter()
        command = [sys.executable, "-m", "benchmarks.quality", "--one", of_list, model, str(seed)]
        done = subprocess.run(command, check=False)
        print(f"{of_list}, {model}, seed {seed}: {time.perf_counter() - start:.0f} s", flush=True)
        return done.returncode == 0

    with ThreadPoolExecutor(at_once) as pool:
        return all(list(pool.map(train, wanted)))


def main() -> None:
    """Train, keep, summarize."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.quality",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--lists", nargs="+", default=list(LISTS), metavar="LIST", help=", ".join(LISTS)
    )
    parser.add_argument(
        "--models", nargs="+", choices=MODELS, default=list(MODELS), metavar="MODEL"
    )
    parser.add_argument(
        "--seeds", type=int, help="of each list (default: 5 for US first names, else 3)"
    )
    parser.add_argument(
        "--at-once", type=int, default=2, help="runs to train in parallel (default: 2)"
    )
    parser.add_argument(
        "--out", type=Path, default=RESULTS / "quality.json", help="the figures, for quality_page"
    )
    parser.add_argument(
        "--kept", action="store_true", help="train nothing: only write the figures of what is kept"
    )
    parser.add_argument("--one", nargs=3, metavar=("LIST", "MODEL", "SEED"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        of_list, model, seed = arguments.one
        measure(of_list, model, int(seed))
        return
    well = arguments.kept or run_all(
        arguments.lists, arguments.models, arguments.seeds, arguments.at_once
    )
    found = {one.name: one for one in read(Quality, arguments.out).lists} | {
        of_list: one for of_list in arguments.lists if (one := summary(of_list)) is not None
    }
    write(arguments.out, Quality(tuple(found.values())))
    if not well:
        raise SystemExit("some trainings failed, their messages stand above; the others are kept")


if __name__ == "__main__":
    main()
