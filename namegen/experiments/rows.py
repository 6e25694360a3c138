"""The results of an experiment: a row is a finished job.

``rows.jsonl`` contains a row per line. ``results.json`` contains the rows of one comparison or sweep. In field names,
``char`` stands for a character of a name or the end token after it.
"""

from __future__ import annotations

import os
import platform
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal, TypeAlias

import msgspec
from msgspec import Struct

from namegen.errors import NamegenError, ResultsError, cut, reason_of, short
from namegen.experiments.jobs import Job
from namegen.files import read_whole

FORMAT_VERSION: Literal[6] = 6
LARGEST_FILE = 1 << 30  # bytes

Part: TypeAlias = Literal["training", "held_out", "whole"]  # of a list
Command: TypeAlias = Literal["compare-backends", "sweep"]
# "diverged": the loss became infinite; "unavailable": the backend isn't installed, or doesn't support the job.
Status: TypeAlias = Literal["done", "diverged", "unavailable", "failed"]


class Metrics(Struct, frozen=True):
    """The metrics of a model on some names."""

    loss_nats_per_char: float | None  # the mean cross-entropy, or None if it's infinite
    accuracy_argmax: float  # how often the most likely next character is right
    accuracy_sampled: float  # the expected accuracy of a sampled character


class Generation(Struct, frozen=True, tag="generation"):
    """Names that a model generated. Differences in letter case and punctuation don't make a name new."""

    recreated_percent: float  # generated names that are in the list
    unique_percent: float  # the number of different names, as a percentage of all generated names
    lengths: dict[str, int]  # maps each number of characters to the number of names
    new_names: tuple[str, ...]  # the first names that aren't in the list
    names_per_second: dict[str, float] = {}  # for each way to draw names


class Reference(Struct, frozen=True, tag="reference"):
    """What networks are compared with, for one split of a list."""

    names: int  # in the list, with duplicates
    distinct_names: int
    lengths: dict[str, int]
    seen_percent: float  # held-out names that are also in the training set
    ceiling: dict[Part, Metrics]  # the best possible metrics
    ngram: dict[Part, Metrics]
    ngram_name: str  # such as 8-gram
    ngram_generation: Generation


class History(Struct, frozen=True):
    """The learning curves of a network: each has one value per epoch, or none if it wasn't kept."""

    epoch: tuple[float, ...] = ()
    seconds: tuple[float, ...] = ()  # since the start of the training
    learning_rate: tuple[float, ...] = ()
    training_loss_nats_per_char: tuple[float, ...] = ()
    # None if there is no validation set
    validation_loss_nats_per_char: tuple[float | None, ...] = ()
    validation_accuracy_argmax: tuple[float | None, ...] = ()
    validation_accuracy_sampled: tuple[float | None, ...] = ()


class Training(Struct, frozen=True, tag="training"):
    """A trained network."""

    parameters: int
    epochs: int
    best_epoch: int  # the epoch whose network was kept
    history: History
    metrics: dict[Part, Metrics]  # after the best epoch
    seconds: float  # for training and validating all epochs
    start_up_seconds: float  # from the start of the process until the network is created
    compilation_seconds: float  # from then until the first step
    seconds_per_epoch: float  # of the fastest epoch after the first, without validation
    peak_memory_mib: float | None  # of the process; None if the system doesn't report it
    load: float | None  # the mean number of processes that needed a core in the last minute


class Machine(Struct, frozen=True):
    """A machine, without anything that identifies a person or a host."""

    processor: str
    cores: int
    system: str  # the operating system and the architecture


class Row(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A job that has ended."""

    key: str
    job: Job
    status: Status
    why: str = ""  # explains the status
    machine: Machine | None = None
    versions: dict[str, str] = {}  # of Python, namegen and the backend's libraries
    model: str = ""  # the file of the network
    result: Reference | Training | Generation | None = None


class Results(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The contents of ``results.json``."""

    format: Literal["namegen experiment"] = "namegen experiment"
    format_version: Literal[6] = FORMAT_VERSION
    command: Command
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
    except (OSError, ValueError, RecursionError, NamegenError) as error:
        raise ResultsError(
            f"{short(path)} isn't a results file of this version ({cut(reason_of(error), 200)}): run the comparison "
            "or the sweep again"
        ) from error


def this_machine() -> Machine:
    """Describe this machine."""
    processor = platform.processor() or platform.machine()
    with suppress(OSError):  # not Linux
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                processor = line.partition(":")[2].strip()
    return Machine(
        processor=processor,
        cores=os.cpu_count() or 1,
        system=f"{platform.system()} {platform.machine()}",
    )
