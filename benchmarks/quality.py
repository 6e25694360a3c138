"""Measure how well networks and the n-gram baseline predict the names of a test set: ``make quality``.

    python -m benchmarks.quality                              # all lists and models; takes hours
    python -m benchmarks.quality --lists mlb-first --seeds 1  # one list; a list can also be a file of names

Each list is split into a training set, a validation set (10%) and a test set (10%), with a seed that wasn't used to
choose the default settings. Seeds vary the initial parameters and the order of the names. Two runs are trained in
parallel, with one thread each. Their results are kept in ``build/quality``, so you can stop the command and continue
later.

It writes ``docs/results/quality.json`` with means over the seeds, and with the difference between each model's loss and
the n-gram baseline's. The 95% confidence intervals come from a bootstrap over names and seeds.
``python -m benchmarks.quality_page`` writes the page.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from namegen.threads import limit_threads

limit_threads(1)  # before NumPy is imported

import numpy as np  # noqa: E402

from benchmarks.lists import US_FIRST, US_FIRST_LINES, load  # noqa: E402
from benchmarks.pages import RESULTS, read, write  # noqa: E402
from benchmarks.quality_page import NGRAM, SPLIT_SEED, Model, Quality, QualityList  # noqa: E402
from namegen.backends import load_engine  # noqa: E402
from namegen.core.evaluation.evaluator import AccuracyEvaluator  # noqa: E402
from namegen.core.settings import Config  # noqa: E402
from namegen.core.training.preparation import prepare  # noqa: E402
from namegen.core.training.run import TrainingRun  # noqa: E402
from namegen.settings_toml import merge  # noqa: E402
from namegen.types import Array, Float64, Int64  # noqa: E402

FOLDER = Path("build") / "quality"
RESAMPLES = 2_000
LISTS = (US_FIRST, "mlb-first", "mlb-last", "companies", "japanese-given", US_FIRST_LINES)

# --- the models -------------------------------------------------------------------------------------------------------

Settings = dict[str, object]
NO_DROPOUT: Settings = {"training.recurrent_dropout": 0.0, "training.output_dropout": 0.0}
NO_LABEL_SMOOTHING: Settings = {"training.label_smoothing": 0.0}
# The names of the models are stored in quality.json.
MODELS: dict[str, Settings] = {
    "quick: SimpleRNN 2×32": {"training.quick": True},
    "standard": {},
    "standard, nothing smoothed": NO_LABEL_SMOOTHING,
    "standard, nothing dropped": NO_DROPOUT,
    "standard, neither": {**NO_DROPOUT, **NO_LABEL_SMOOTHING},
}
CELLS = {"SimpleRNN": ("simple_rnn", 64, 128), "GRU": ("gru", 64, 128), "LSTM": ("lstm", 64, 256)}
for title, (cell, *widths) in CELLS.items():
    for width in widths:
        one_layer: Settings = {"network.cell": cell, "network.hidden": (width,)}
        MODELS[f"{title} {width}"] = one_layer
        MODELS[f"{title} {width}, nothing dropped"] = {**one_layer, **NO_DROPOUT}
MODELS["Transformer 4×64"] = {
    "network.hidden": (64, 64, 64, 64),  # four blocks of 64 units with four heads, as in makemore
    "training.learning_rate": 0.003,
    "training.batch_size": 128,
    "training.epochs": 25,
    "training.layer_dropout": 0.1,
    "training.output_dropout": 0.1,
}
# The split of US_FIRST_LINES rewards memorization. Three models are enough to show that.
MODELS_FOR_LINES = ("quick: SimpleRNN 2×32", "standard", "Transformer 4×64")

# --- training ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Run:
    """A training run of the benchmark."""

    list_name: str
    model: str
    seed: int

    @property
    def path(self) -> Path:
        """The file with the results of the run."""
        title = f"{Path(self.list_name).name} {self.model}".lower()
        letters = [letter if letter.isalnum() else "-" for letter in title]
        return FOLDER / f"{''.join(letters)}-{self.seed}.npz"


def ensure_results(run: Run) -> None:
    """Train a model, and store its loss on each name of the test set, unless that's stored already."""
    settings: Settings = {
        "data.test": 0.1,
        "data.split": "by-row" if run.list_name == US_FIRST_LINES else "by-name",
        "data.split_seed": SPLIT_SEED,
        "training.seed": run.seed,
        "run.plot": False,
        **MODELS[run.model],
    }
    backend = "transformer" if run.model.startswith("Transformer") else "numpy"
    config = merge(Config(), settings)
    prepared = prepare(load(run.list_name), config.recipe, load_engine(backend))

    # Several models can have the same recipe, because the default settings depend on the list.
    recipe = json.dumps(
        [prepared.network.summary, prepared.corpus.fingerprint, asdict(prepared.recipe)]
    )
    for model in MODELS:
        path = Run(run.list_name, model, run.seed).path
        if path.exists() and str(np.load(path).get("recipe")) == recipe:
            if path != run.path:
                shutil.copyfile(path, run.path)
            return

    start = time.process_time()
    result = TrainingRun(prepared).run()
    seconds = time.process_time() - start
    engine = prepared.engine
    engine.set_state({**engine.get_state(), **result.checkpoint.parameters})
    assert result.references is not None  # there is a validation set
    parts = prepared.parts
    ngram = result.references.baseline.fitted_on(parts.training, parts.vocabulary.size)
    assert parts.test is not None
    rows = parts.test.sequences()
    test_names = parts.vocabulary.decode_all(rows.tokens)
    training_names = parts.vocabulary.decode_all(parts.training.sequences().tokens)
    results = {
        "network": AccuracyEvaluator(engine).name_log_probabilities(parts.test),
        "n-gram": AccuracyEvaluator(ngram).name_log_probabilities(parts.test),
        "counts": rows.counts,
        "lengths": rows.lengths + 1,  # with the end token
        "learned": np.isin(test_names, training_names),
        "parameters": sum(array.size for array in result.checkpoint.parameters.values()),
        "seconds": seconds,
        "epochs": result.epochs,
        "recipe": recipe,
    }
    run.path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = run.path.with_suffix(".part")
    with unfinished.open("wb") as file:
        np.savez_compressed(file, **results)
    os.replace(unfinished, run.path)
    print(f"{run.list_name}, {run.model}, seed {run.seed}: {seconds:.0f} s", flush=True)


# --- the summary ------------------------------------------------------------------------------------------------------


def summarize(list_name: str) -> QualityList | None:
    """Summarize all stored runs of a list, or return None if there are none."""
    runs_of_model: dict[str, list[dict[str, Any]]] = {}
    for model in MODELS:
        paths = [Run(list_name, model, seed).path for seed in range(99)]
        runs = [dict(np.load(path)) for path in paths if path.exists()]
        if runs:
            runs_of_model[model] = runs
    if not runs_of_model:
        return None

    first_run = next(iter(runs_of_model.values()))[0]
    counts = first_run["counts"]  # (names,)
    lengths = first_run["lengths"]  # (names,)
    is_seen = first_run["learned"]  # (names,)
    ngram_loss = -first_run["n-gram"]  # (names,) nats per name

    def mean_loss(losses: Array, names: Array) -> float:
        """Return the mean loss per character over seeds and some names; 0 if there are no names."""
        if not names.any():
            return 0.0
        means = [nats_per_char(loss[names], counts[names], lengths[names]) for loss in losses]
        return float(np.mean(means))

    ngram = Model(
        NGRAM,
        nats=nats_per_char(ngram_loss, counts, lengths),
        seen_nats=mean_loss(ngram_loss[None], is_seen),
        unseen_nats=mean_loss(ngram_loss[None], ~is_seen),
    )
    models = [ngram]
    for name, runs in runs_of_model.items():
        losses = np.array([-run["network"] for run in runs])  # (S, names)
        nats = [nats_per_char(loss, counts, lengths) for loss in losses]
        low, high = confidence_interval(losses - ngram_loss, counts, lengths)
        model_results = Model(
            name=name,
            parameters=int(runs[0]["parameters"]),
            seeds=len(runs),
            nats=float(np.mean(nats)),
            spread=float(max(nats) - min(nats)),
            seconds=float(np.mean([run["seconds"] for run in runs])),
            seen_nats=mean_loss(losses, is_seen),
            unseen_nats=mean_loss(losses, ~is_seen),
            epochs=float(np.mean([run["epochs"] for run in runs])),
            against_ngram=float(np.mean(nats)) - ngram.nats,
            low=low,
            high=high,
        )
        models.append(model_results)
    seen_share = float(counts @ is_seen / counts.sum())
    return QualityList(list_name, len(counts), tuple(models), seen_share)


def nats_per_char(
    loss: Float64[Array, "names"], counts: Int64[Array, "names"], lengths: Int64[Array, "names"]
) -> float:
    """Convert the loss of each name to the mean loss per character.

    Args:
        loss: The loss of each distinct name, in nats.
        counts: How often each name occurs.
        lengths: The lengths of the names.
    """
    return float(counts @ loss / (counts @ lengths))


def confidence_interval(
    differences: Float64[Array, "S names"],
    counts: Int64[Array, "names"],
    lengths: Int64[Array, "names"],
) -> tuple[float, float]:
    """Return the 95% confidence interval of a mean difference per character, by bootstrap over names and seeds.

    Args:
        differences: The difference for each seed and distinct name, in nats.
        counts: How often each name occurs.
        lengths: The lengths of the names.
    """
    rng = np.random.default_rng(0)
    seed_count, name_count = differences.shape
    means = np.empty(RESAMPLES)
    for i in range(RESAMPLES):
        names = rng.integers(0, name_count, name_count)
        seeds = rng.integers(0, seed_count, seed_count)
        mean_of_seeds = differences[seeds].mean(axis=0)  # (names,)
        means[i] = nats_per_char(mean_of_seeds[names], counts[names], lengths[names])
    low, high = np.quantile(means, (0.025, 0.975))
    return float(low), float(high)


# --- the command ------------------------------------------------------------------------------------------------------


def train_all(lists: Sequence[str], models: Sequence[str], seeds: int | None, workers: int) -> None:
    """Train the models that have no stored results, in parallel. The first seed of every list comes first."""
    runs = []
    for list_name in lists:
        default_seeds = 5 if list_name == US_FIRST else 3
        for seed in range(seeds or default_seeds):
            for model in models:
                if list_name != US_FIRST_LINES or model in MODELS_FOR_LINES:
                    runs.append(Run(list_name, model, seed))
    runs.sort(key=lambda run: run.seed)
    with ProcessPoolExecutor(workers, get_context("spawn"), max_tasks_per_child=1) as pool:
        for future in [pool.submit(ensure_results, run) for run in runs]:
            future.result()


def main() -> None:
    """Train the models that have no stored results, and write the document."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.quality",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--lists", nargs="+", default=list(LISTS), metavar="LIST", help=", ".join(LISTS))
    add("--models", nargs="+", choices=MODELS, default=list(MODELS), metavar="MODEL")
    add("--seeds", type=int, help="the number of seeds (default: 5 for US first names, else 3)")
    add("--at-once", type=int, default=2, help="the number of parallel runs (default: 2)")
    add("--out", type=Path, default=RESULTS / "quality.json", help="the file for the results")
    add("--kept", action="store_true", help="only summarize the stored runs, without training")
    arguments = parser.parse_args()
    if not arguments.kept:
        train_all(arguments.lists, arguments.models, arguments.seeds, arguments.at_once)
    results = {entry.name: entry for entry in read(Quality, arguments.out).lists}
    for list_name in arguments.lists:
        summary = summarize(list_name)
        if summary is not None:
            results[list_name] = summary
    write(arguments.out, Quality(tuple(results.values())))


if __name__ == "__main__":
    main()
