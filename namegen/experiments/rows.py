"""What an experiment measures, and the results: a ``Job`` describes a measurement, and a ``Row`` is a finished one.

``rows.jsonl`` contains a row per line. ``results.json`` contains the rows of one comparison or sweep. In field names,
``char`` stands for a character of a name or the end token after it.
"""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterable
from functools import lru_cache
from hashlib import blake2b
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal, TypeAlias

import msgspec
from msgspec import Struct

import namegen
from namegen.backends import registered
from namegen.core.settings import Config
from namegen.errors import ResultsError, cut, reason_of, short
from namegen.files import read_whole

FORMAT_VERSION: Literal[5] = 5
LARGEST_FILE = 1 << 30  # bytes
NUMPY = "numpy"
TFLITE = "tflite"

Kind: TypeAlias = Literal["reference", "training", "generation"]
# Why a network is trained: to compare networks, to compare backends, or only to time a backend once more.
Role: TypeAlias = Literal["network", "backend", "timing"]
Part: TypeAlias = Literal["training", "held_out", "whole"]
Status: TypeAlias = Literal["done", "diverged", "unavailable", "failed"]
Algorithm: TypeAlias = Literal["one_by_one", "count_splitting"]

PARTS: dict[Part, str] = {
    "training": "training set",
    "held_out": "held-out names",
    "whole": "whole list",
}
ALGORITHMS: dict[Algorithm, str] = {
    "one_by_one": "one by one",
    "count_splitting": "count-splitting",
}


class Job(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A measurement."""

    kind: Kind
    list: str  # the name of the list
    fingerprint: str  # a hash of its names
    config: Config  # all settings; the name of the list isn't one of them
    backend: str = NUMPY
    network: str = ""  # its label in reports
    role: Role = "network"
    round: int = 0  # of a timing; 0 is the run whose curves are shown
    names: int = 0  # how many names to generate
    loop: Literal["step", "generate"] | None = None  # the signature of a .tflite that is called
    needs: str = ""  # the key of the training whose network generates names
    axes: dict[str, Any] = {}  # the settings that a sweep varies, by dotted path

    @property
    def key(self) -> str:
        """A hash of everything that the result depends on: what's measured, and the versions of the code."""
        identity = msgspec.to_builtins(self)
        del identity["list"], identity["axes"]
        identity["versions"] = versions(self.backend)
        text = json.dumps(identity, sort_keys=True)
        return blake2b(text.encode(), digest_size=8).hexdigest()

    @property
    def split(self) -> str:
        """The split of the list. Jobs with the same split have the same held-out names."""
        data = self.config.data
        seed = self.seed if data.split_seed is None else data.split_seed
        weighting = data.uses_sqrt_duplicates
        return f"{self.fingerprint} {data.split} {seed} {data.validation} {data.test} {weighting}"

    @property
    def seed(self) -> int:
        """The training seed."""
        return self.config.training.seed

    @property
    def is_timed(self) -> bool:
        """Whether its times are reported, so that nothing else can run at the same time."""
        return self.role != "network" or self.kind == "generation"

    @property
    def label(self) -> str:
        """How progress and error messages name the job."""
        split = self.config.data.split
        if self.axes:
            return describe_axes({**self.axes, "data.names": self.list})
        if self.kind == "reference":
            return f"{self.list}: ceiling and n-gram, split {split}"
        if self.kind == "generation":
            return f"{self.list}: {self.names:,} names, {self.model}, {self.network}"
        details = f"split {split}, seed {self.seed}"
        if self.role != "network":
            details = (
                f"timed, round {self.round + 1}, {self.config.training.batch_size or 'own'} batch"
            )
        return f"{self.list}: {self.network}, {self.backend}, {details}"

    @property
    def model(self) -> str:
        """The backend, with the signature of a ``.tflite``."""
        return f"{self.backend} {self.loop}" if self.loop else self.backend


# --- results ----------------------------------------------------------------------------------------------------------


class Metrics(Struct, frozen=True):
    """The metrics of a model on some names."""

    loss_nats_per_char: float | None  # the mean cross-entropy, or None if it's infinite
    bits_per_char: float | None  # the same in bits
    accuracy_argmax: float  # how often the most likely next character is right
    accuracy_sampled: float  # the expected accuracy of a sampled character


class Groups(Struct, frozen=True):
    """The results of a model on the held-out names, as sums over groups of names (``name_groups.py``).

    The groups of two models contain the same names. Confidence intervals are computed from them (``pairs.py``).
    """

    characters: tuple[int, ...]  # characters to predict
    nats: tuple[float, ...]  # the sum of the negative log-probabilities of all characters
    hits: tuple[int, ...]  # characters that the model considered the most likely
    sampled: tuple[float, ...]  # the sum of the probabilities of the correct characters


class Names(Struct, frozen=True):
    """Statistics of generated names. A name isn't new if it only differs in letter case or punctuation."""

    recreated_percent: float  # generated names that are in the list
    unique_percent: float  # the number of different names, as a percentage of all generated names
    new_percent: float  # generated names that aren't in the training set
    # Plausible names among the different new names (``names.py``); None if that can't be judged.
    plausible_percent: float | None
    duplicates: tuple[
        tuple[str, int], ...
    ]  # the most frequent names that were generated repeatedly
    duplicated_names: int  # how many different names were generated repeatedly
    lengths: dict[str, int]  # maps each number of characters to the number of names
    new_names: tuple[str, ...]  # the first new names
    first_seconds: float | None = None  # the time of the first call, which includes compilation
    seconds: float | None = None  # the time of the fastest later call


class ReferencePart(Struct, frozen=True):
    """The ceiling and the n-gram on one part of a list."""

    names: int
    characters: int
    ceiling: Metrics  # of the part itself as a model
    baseline: Metrics  # of the n-gram, fitted on the same training data as the networks


class Reference(Struct, frozen=True, tag="reference"):
    """What the networks are compared with, for one split of a list."""

    names: int  # in the list, with duplicates
    distinct_names: int
    lengths: dict[str, int]
    seen_percent: float  # held-out names that are also in the training set
    sqrt_duplicates: bool  # whether a name with c entries is trained on only about √c times
    baseline_order: int  # of the n-gram
    parts: dict[Part, ReferencePart]
    baseline_groups: Groups | None
    # The names of the n-gram ("ngram") and of Markov chains of order 4 and 1 ("chain", "pairs").
    generated: dict[str, Names]
    judge_names: int  # the number of names that the judge of plausible names was trained on


class Training(Struct, frozen=True, tag="training"):
    """A trained network."""

    parameters: int
    batch_size: int  # in names
    epochs: int
    best_epoch: int  # the epoch whose network was kept
    history: dict[str, tuple[float | None, ...]]  # the learning curves, one value per epoch
    metrics: dict[Part, Metrics]  # after the best epoch
    groups: Groups | None
    seconds: float  # for training and validating all epochs
    start_up_seconds: float  # from the start of the process until the engine is created
    compilation_seconds: float  # until the engine is warm
    seconds_per_epoch: float  # of the fastest epoch after the first, without validation
    chars_per_second: float  # in that epoch
    peak_memory_mib: float | None  # of the process; None if the system doesn't report it
    load: float | None  # the mean number of processes that needed a core in the last minute


class Generation(Struct, frozen=True, tag="generation"):
    """Names that a network generated, and the speed."""

    algorithms: dict[Algorithm, Names]  # every algorithm that the model supports
    start_up_seconds: float  # from the start of the process until the model is loaded
    peak_memory_mib: float | None
    tflite_bytes: int | None = None  # the size of the exported file


class Machine(Struct, frozen=True):
    """A machine, without anything that identifies a person or a host."""

    processor: str
    cores: int
    system: str  # the operating system and the architecture


class Row(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A job that has ended."""

    key: str
    job: Job
    status: Status  # "unavailable": the backend isn't installed, or doesn't support the job
    why: str = ""  # explains the status
    machine: Machine | None = None
    versions: dict[str, str | None] = {}  # of Python, namegen and the backend's libraries
    model: str = ""  # the file of the network
    result: Reference | Training | Generation | None = None


class Results(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The contents of ``results.json``."""

    format: Literal["namegen experiment"] = "namegen experiment"
    format_version: Literal[5] = FORMAT_VERSION
    command: Literal["compare-backends", "sweep"]
    options: dict[str, Any]  # of a comparison, or the axes of a sweep with their values
    jobs_left: int  # jobs that haven't ended
    rows: tuple[Row, ...]  # in the order of the plan


def read_results(path: Path) -> Results:
    """Read a ``results.json``.

    Raises:
        ResultsError: the file can't be read, has another format, or is damaged.
    """
    try:
        return msgspec.json.decode(read_whole(path, LARGEST_FILE), type=Results)
    except (OSError, ValueError, RecursionError, namegen.errors.NamegenError) as error:
        raise ResultsError(
            f"{short(path)} isn't a results file of this version ({cut(reason_of(error), 200)}): run the comparison "
            "or the sweep again"
        ) from error


# --- where it was measured --------------------------------------------------------------------------------------------


def this_machine() -> Machine:
    """Describe this machine."""
    processor = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:  # not Linux
        lines = []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return Machine(
        processor=models[0] if models else processor,
        cores=os.cpu_count() or 1,
        system=f"{platform.system()} {platform.machine()}",
    )


@lru_cache(maxsize=64)
def versions(backend: str) -> dict[str, str | None]:
    """Return the versions of Python, namegen and the libraries of a backend. A missing library has None.

    >>> versions("numpy")["namegen"] == namegen.__version__
    True
    """
    builtin = {"keras": ("keras", "tensorflow"), "tflite": ("ai-edge-litert",)}
    libraries = ["numpy", *builtin.get(backend, ())]
    for point in registered().get(backend, []):
        if point.dist is not None:
            needed = [line for line in point.dist.requires or [] if "extra ==" not in line]
            libraries += [line.partition(" ")[0].split(">")[0].split("=")[0] for line in needed]
            libraries.append(point.dist.name)
    known = {name: library_version(name) for name in libraries}
    return {"python": platform.python_version(), "namegen": namegen.__version__, **known}


def library_version(name: str) -> str | None:
    """Return the installed version of a library, or None. For TensorFlow, also look for ``tensorflow-cpu`` and similar.

    >>> library_version("no-such-library") is None
    True
    """
    for candidate in (name, f"{name}-cpu", f"{name}-intel"):
        try:
            return version(candidate)
        except (PackageNotFoundError, ValueError):
            continue
    return None


# --- settings in words ------------------------------------------------------------------------------------------------


def describe_axes(axes: dict[str, Any]) -> str:
    """Describe the settings that a sweep varies, in words.

    >>> describe_axes({"training.learning_rate": 0.01, "network.hidden": [32, 32], "training.seed": 1})
    'learning rate 0.01, hidden 32,32, seed 1'
    """
    phrases = []
    for path, value in axes.items():
        name = path.partition(".")[2].replace("_", " ")
        phrases.append(f"{name} {format_value(value)}")
    return ", ".join(phrases)


def format_value(value: object) -> str:
    """Format the value of a setting on one line.

    >>> format_value([32, 32]), format_value([[0, 0.01], [25, 0.005]]), format_value(True)
    ('32,32', '0:0.01,25:0.005', 'yes')
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.15g}"
    if isinstance(value, list | tuple):
        items: Iterable[object] = value
        return ",".join(format_value(item).replace(",", ":") for item in items)
    return str(value)
