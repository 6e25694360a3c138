"""Measure how well networks and the n-gram baseline predict the names of a test set: ``make quality``.

    python -m benchmarks.quality                              # all lists and models; takes hours
    python -m benchmarks.quality --lists mlb-first --seeds 1  # one list; a list can also be a file of names

Each list is split into a training set, a validation set (10%) and a test set (10%), with a seed that wasn't used to
choose the default settings. Seeds vary the initial parameters and the order of the names. Two runs are trained in
parallel, with one thread each. Their results are kept in ``build/quality``, so you can stop the command and continue
later. Delete this folder after you have changed how networks are trained.

It writes ``docs/results/quality.json`` with means over the seeds, and with the difference between each model's loss and
the n-gram baseline's. The 95% confidence intervals come from a bootstrap over names and seeds.
``python -m benchmarks.quality_page`` writes the page.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.bootstrap import confidence_interval
from benchmarks.lists import US_FIRST, US_FIRST_LINES, load
from benchmarks.pages import RESULTS, read, write
from benchmarks.quality_page import NGRAM, SPLIT_SEED, Model, Quality, QualityList
from namegen.backends import load_engine
from namegen.core.evaluation.evaluator import AccuracyEvaluator
from namegen.core.evaluation.references import HeldOutReferences
from namegen.core.settings import Config
from namegen.core.training.preparation import PreparedTraining, prepare
from namegen.core.training.trainer import Trainer
from namegen.files import write_whole
from namegen.settings_toml import merge
from namegen.threads import limit_threads

FOLDER = Path("build") / "quality"
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


def results_path(list_name: str, model: str, seed: int) -> Path:
    """Return the file with the results of a training run."""
    title = f"{Path(list_name).name} {model}".lower()
    letters = [letter if letter.isalnum() else "-" for letter in title]
    return FOLDER / f"{''.join(letters)}-{seed}.json"


def prepare_run(list_name: str, model: str, seed: int) -> PreparedTraining:
    """Split a list, and prepare to train a model."""
    settings: Settings = {
        "data.test": 0.1,
        "data.split": "by-row" if list_name == US_FIRST_LINES else "by-name",
        "data.split_seed": SPLIT_SEED,
        "training.seed": seed,
        **MODELS[model],
    }
    engine = load_engine("transformer" if model.startswith("Transformer") else "numpy")
    return prepare(load(list_name), merge(Config(), settings).recipe, engine)


def ensure_results(list_name: str, model: str, seed: int) -> None:
    """Train a model, and store its loss on each name of the test set, unless that's stored already."""
    path = results_path(list_name, model, seed)
    if path.exists():
        return
    limit_threads(1)
    prepared = prepare_run(list_name, model, seed)
    start = time.process_time()
    result = Trainer(prepared).run()
    seconds = time.process_time() - start
    engine = prepared.engine
    engine.set_state({**engine.get_state(), **result.checkpoint.parameters})
    log_probabilities = AccuracyEvaluator(engine).name_log_probabilities(prepared.parts.test)
    results = {
        "nats": (-log_probabilities).tolist(),  # the loss of each distinct test name
        "parameters": sum(array.size for array in result.checkpoint.parameters.values()),
        "seconds": seconds,
        "epochs": result.epochs,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, json.dumps(results).encode())
    print(f"{list_name}, {model}, seed {seed}: {seconds:.0f} s", flush=True)


# --- the summary ------------------------------------------------------------------------------------------------------


def summarize(list_name: str) -> QualityList | None:
    """Summarize all stored runs of a list, or return None if there are none."""
    runs_of_model: dict[str, list[Mapping[str, Any]]] = {}
    for model in MODELS:
        paths = [results_path(list_name, model, seed) for seed in range(99)]
        runs = [json.loads(path.read_bytes()) for path in paths if path.exists()]
        if runs:
            runs_of_model[model] = runs
    if not runs_of_model:
        return None

    # All models have the same split.
    parts = prepare_run(list_name, "standard", seed=0).parts
    assert parts.test is not None
    assert parts.validation is not None
    rows = parts.test.sequences()
    test_names = parts.vocabulary.decode_all(rows.tokens)
    training_names = parts.vocabulary.decode_all(parts.training.sequences().tokens)
    is_seen = np.isin(test_names, training_names)  # (N,)
    counts = rows.counts  # (N,)
    characters = counts * (rows.lengths + 1)  # (N,), with the end tokens
    baseline = HeldOutReferences(parts.validation, parts).baseline
    ngram = baseline.fitted_on(parts.training, parts.vocabulary.size)
    ngram_nats = -AccuracyEvaluator(ngram).name_log_probabilities(parts.test) * counts  # (N,)

    def mean_loss(nats: Any, names: Any) -> float:
        """Return the mean loss per character over seeds and some names; 0 if there are no names."""
        if not names.any():
            return 0.0
        return float(nats[:, names].mean(axis=0).sum() / characters[names].sum())

    all_names = np.ones(len(counts), bool)
    ngram_loss = mean_loss(ngram_nats[None], all_names)
    models = [
        Model(
            NGRAM,
            nats=ngram_loss,
            seen_nats=mean_loss(ngram_nats[None], is_seen),
            unseen_nats=mean_loss(ngram_nats[None], ~is_seen),
        )
    ]
    for name, runs in runs_of_model.items():
        nats = np.array([run["nats"] for run in runs]) * counts  # (S, N)
        low, high = confidence_interval(nats - ngram_nats, characters)
        loss = mean_loss(nats, all_names)
        model_results = Model(
            name=name,
            parameters=runs[0]["parameters"],
            seeds=len(runs),
            nats=loss,
            seconds=float(np.mean([run["seconds"] for run in runs])),
            seen_nats=mean_loss(nats, is_seen),
            unseen_nats=mean_loss(nats, ~is_seen),
            epochs=float(np.mean([run["epochs"] for run in runs])),
            against_ngram=loss - ngram_loss,
            low=low,
            high=high,
        )
        models.append(model_results)
    seen_share = float(counts @ is_seen / counts.sum())
    return QualityList(list_name, len(counts), tuple(models), seen_share)


# --- the command ------------------------------------------------------------------------------------------------------


def train_all(lists: Sequence[str], models: Sequence[str], seeds: int | None, workers: int) -> None:
    """Train the models that have no stored results, in parallel. The first seed of every list comes first."""
    runs = []
    for list_name in lists:
        default_seeds = 5 if list_name == US_FIRST else 3
        for seed in range(seeds or default_seeds):
            for model in models:
                if list_name != US_FIRST_LINES or model in MODELS_FOR_LINES:
                    runs.append((seed, list_name, model))
    runs.sort(key=lambda run: run[0])
    with ProcessPoolExecutor(workers, get_context("spawn"), max_tasks_per_child=1) as pool:
        futures = [pool.submit(ensure_results, name, model, seed) for seed, name, model in runs]
        for future in futures:
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
    arguments = parser.parse_args()
    train_all(arguments.lists, arguments.models, arguments.seeds, arguments.at_once)
    results = {entry.name: entry for entry in read(Quality, arguments.out).lists}
    for list_name in arguments.lists:
        summary = summarize(list_name)
        if summary is not None:
            results[list_name] = summary
    write(arguments.out, Quality(tuple(results.values())))


if __name__ == "__main__":
    main()
