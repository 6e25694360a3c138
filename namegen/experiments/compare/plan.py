"""What a comparison measures: every measurement, in order, before the first one is made."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import blake2b
from types import MappingProxyType
from typing import Any

from namegen.backends import engine_paths
from namegen.config_files import bundled_configs
from namegen.core.data.corpus import Corpus
from namegen.errors import NamesError
from namegen.experiments.machine import code_fingerprint, engine_versions, machine

THREADS = 1  # the matrices are too small to share
VALIDATION = 0.2  # as the original split its lists
LIKE_FOR_LIKE = ("SimpleRNN 2×32", "LSTM 2×32")
# A third of the default rate: at 0.015 the rounding of single precision grows from step to step until the curves of two
# engines differ by 0.02 nats for a while, though both end equally good. At this rate it dies away.
LIKE_FOR_LIKE_TRAINING = {"learning_rate": 0.005, "epochs": 40}
NETWORKS: dict[str, dict[str, Any]] = {
    "SimpleRNN 2×32": {"cell": "simple_rnn", "hidden": [32, 32]},
    "LSTM 2×32": {"cell": "lstm", "hidden": [32, 32]},
    "GRU 2×32": {"cell": "gru", "hidden": [32, 32]},
    "SimpleRNN 2×128": {"cell": "simple_rnn", "hidden": [128, 128]},
}
# The original's own networks, as configs: what they are called → the config's name; {} is the kind of list.
ORIGINALS = {
    "scratch 2×32 (original)": "scratch-{}",
    "Keras SimpleRNN 2×32 (original)": "blog-rnn32-{}",
    "Keras LSTM 2×32 (original)": "blog-lstm32-{}",
    "Keras SimpleRNN 2×128 (original)": "blog-rnn128-{}",
}
KINDS = {"mlb-first": "first", "mlb-last": "last", "companies": "companies"}
NUMPY, TFLITE = "numpy", "tflite"
GENERATED_NAMES = 10_000
QUICK_EPOCHS = 10


@dataclass(frozen=True)
class Scope:
    """How much is measured."""

    seeds: int = 3
    quick: bool = False

    @property
    def splits(self) -> tuple[str, ...]:
        """The ways in which a list is split; like for like runs with the first."""
        return ("names",) if self.quick else ("names", "unique")

    @property
    def networks(self) -> tuple[str, ...]:
        """The networks of our own that are trained."""
        return LIKE_FOR_LIKE if self.quick else tuple(NETWORKS)


@dataclass(frozen=True, eq=False)
class Measurement:
    """One thing to measure.

    Attributes:
        kind: a job of ``measure.py``.
        corpus: the list.
        subject: all that the result depends on, beside the list, the code and the machine; plain JSON.
        label: what progress calls it.
        about: how the report finds its way; the result does not depend on it.
        engine: what has to be installed.
        timed: its seconds are told, so nothing else may run beside it.
        of: the measurement whose file it reads.
    """

    kind: str
    corpus: Corpus
    subject: dict[str, Any]
    label: str
    about: dict[str, Any]
    engine: str = NUMPY
    timed: bool = False
    of: Measurement | None = None

    @cached_property
    def key(self) -> str:
        """A hash of what is measured, where, and by which code: the name of its file."""
        what = {
            "kind": self.kind,
            "subject": self.subject,
            "list": self.corpus.fingerprint,
            "of": None if self.of is None else self.of.key,
            "threads": THREADS,
            "machine": machine(),
            "libraries": engine_versions(self.engine),
            "code": code_fingerprint(),
        }
        text = json.dumps(what, sort_keys=True, ensure_ascii=True)
        return f"{self.kind}-{blake2b(text.encode(), digest_size=10).hexdigest()}"

    @property
    def model_file(self) -> str | None:
        """The file that it leaves beside its figures, for the measurements that need a network."""
        suffix = {"training": ".safetensors", "export": ".tflite"}.get(self.kind)
        return None if suffix is None else self.key + suffix


@dataclass
class Outcome:
    """What a comparison has measured.

    Attributes:
        plan: every measurement.
        figures: the results by the measurement's key.
        missing: engine → one sentence about what it lacks and how to get it.
        left_out: the measurement's key → why this one alone could not be made.
        failed: the measurement's key → what it said last.
    """

    plan: list[Measurement]
    figures: dict[str, dict[str, Any]] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)


def make_plan(corpora: list[Corpus], scope: Scope) -> list[Measurement]:
    """Every measurement of a comparison, each once, in the order in which they are made.

    Raises:
        NamesError: a list is too small to split.
    """
    for corpus in corpora:
        _check_size(corpus, scope)
    found: dict[str, Measurement] = {}
    for corpus in corpora:
        for measurement in _of_list(corpus, scope):
            first = found.setdefault(measurement.key, measurement)
            first.about.setdefault("roles", [])
            first.about["roles"] += [role for role in measurement.about["roles"] if role not in first.about["roles"]]
    return list(found.values())


def _check_size(corpus: Corpus, scope: Scope) -> None:
    for split in scope.splits:
        for seed in range(scope.seeds):
            try:
                corpus.split(VALIDATION, split, seed)
            except NamesError as error:
                raise NamesError(
                    f"{corpus.source} has {len(corpus.names):,} names ({len(set(corpus.names)):,} distinct), too few "
                    f"to hold out {VALIDATION:.0%} of them and compare anything: give a longer list"
                ) from error


def _of_list(corpus: Corpus, scope: Scope) -> Iterator[Measurement]:
    source = corpus.source
    yield Measurement("list", corpus, {}, f"{source}: the list", {"roles": ["list"]})
    for split in scope.splits:
        for seed in range(scope.seeds):
            subject = {"split": split, "seed": seed, "validation": VALIDATION}
            about = {"roles": ["reference"], **subject}
            yield Measurement("reference", corpus, subject, f"{source}: ceiling and n-gram, {split} {seed}", about)
    first_split = scope.splits[0]
    for network in LIKE_FOR_LIKE:
        for engine in engine_paths():
            training = _training(corpus, scope, network, engine, first_split, 0, LIKE_FOR_LIKE_TRAINING)
            label, about = f"{training.label}, like for like", {**training.about, "roles": ["like_for_like"]}
            yield replace(training, timed=True, label=label, about=about)
    for split in scope.splits:
        for network in scope.networks:
            for seed in range(scope.seeds):
                yield _training(corpus, scope, network, NUMPY, split, seed)
    if not scope.quick:
        yield from _originals(corpus, scope)
    yield from _generation(corpus, scope)


def _training(
    corpus: Corpus,
    scope: Scope,
    network: str,
    engine: str,
    split: str,
    seed: int,
    more: Mapping[str, Any] = MappingProxyType({}),
) -> Measurement:
    training = {"seed": seed, **more, **({"epochs": QUICK_EPOCHS} if scope.quick else {})}
    config = {"data": {"validation": VALIDATION, "split": split}, "network": NETWORKS[network], "training": training}
    return _train(corpus, network, engine, config)


def _train(corpus: Corpus, network: str, engine: str, config: dict[str, Any]) -> Measurement:
    split, seed = config["data"]["split"], config["training"]["seed"]
    return Measurement(
        "training",
        corpus,
        {"engine": engine, "config": config},
        f"{corpus.source}: {network}, {engine}, {split} {seed}",
        {"roles": ["network"], "network": network, "split": split, "seed": seed},
        engine=engine,
    )


def original_configs(corpus: Corpus) -> dict[str, dict[str, Any]]:
    """The configs of the original's networks, made for this list.

    A list of a kind of its own takes those for first names; the batch of 1,000 prefixes is made of its own names.
    """
    kind = KINDS.get(corpus.source)
    found = {}
    bundled = bundled_configs()
    for network, name in ORIGINALS.items():
        config = tomllib.loads(bundled[name.format(kind or "first")].text)
        config["data"].pop("names", None)
        if kind is None and config["training"]["batch_size"] > 1:
            mean = sum(len(name) + 1 for name in corpus.names) / len(corpus.names)
            config["training"]["batch_size"] = max(round(1000 / mean), 1)
        found[network] = config
    return found


def _originals(corpus: Corpus, scope: Scope) -> Iterator[Measurement]:
    for network, config in original_configs(corpus).items():
        for seed in range(scope.seeds):
            yield _train(corpus, network, NUMPY, {**config, "training": {**config["training"], "seed": seed}})


def _generation(corpus: Corpus, scope: Scope) -> Iterator[Measurement]:
    """Every LanguageModel with the first network; every other network with the NumPy engine."""
    first = LIKE_FOR_LIKE[0]
    split = scope.splits[0]
    trained = {network: _training(corpus, scope, network, NUMPY, split, 0) for network in scope.networks}
    if not scope.quick:
        for network, config in original_configs(corpus).items():
            seeded = {**config, "training": {**config["training"], "seed": 0}}
            trained[network] = _train(corpus, network, NUMPY, seeded)
    for engine in engine_paths():
        yield _draw(corpus, first, trained[first], engine, engine)
    file = Measurement(
        "export", corpus, {}, f"{corpus.source}: export as .tflite", {"roles": ["export"]}, TFLITE, of=trained[first]
    )
    yield file
    for loop in ("step", "generate"):
        yield _draw(corpus, first, file, TFLITE, f"tflite {loop}", loop=loop)
    for network, training in trained.items():
        if network != first:
            yield _draw(corpus, network, training, NUMPY, NUMPY)


def _draw(corpus: Corpus, network: str, of: Measurement, engine: str, model: str, **more: Any) -> Measurement:
    return Measurement(
        "generation",
        corpus,
        {"engine": engine, "names": GENERATED_NAMES, "seed": 0, **more},
        f"{corpus.source}: {GENERATED_NAMES:,} names by {model}, {network}",
        {"roles": ["generation"], "network": network, "model": model},
        engine=engine,
        timed=True,
        of=of,
    )
