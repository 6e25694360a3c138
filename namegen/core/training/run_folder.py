"""RunFolder: the one owner of the files that a training leaves: where each lies, and how it is written.

    config.toml         all settings, resolved; what a training goes on by
    names.csv           the list, if it lies nowhere else
    model.safetensors   the best network so far, ready to use (``core/checkpoint/checkpoint.py``)
    known_names.safetensors   the digests of its list, where they are too many to travel with the model
    history.csv         a line an epoch
    history.png         the plot of the training, at its end
    state.safetensors   all that going on needs; written last

``api.train`` writes the settings when the first state is there: a folder that has them can go on.

Every file is written whole or not at all, and by one process at a time (``sole_use``).

The state's tensors: the engine's own state by canonical name, the best parameters so far as ``best.{parameter}``, and
the probe of the parameters. Its document: where the run stands, and its identity, which must be the same when it goes
on.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from namegen.core.checkpoint.checkpoint import (
    Checkpoint,
    read_tensors,
    write_known_names,
    write_tensors,
)
from namegen.core.data.corpus import Corpus
from namegen.core.settings import DataSettings
from namegen.core.training import (
    CONFIG_FILE,
    HISTORY_FILE,
    KNOWN_FILE,
    MODEL_FILE,
    NAMES_FILE,
    PLOT_FILE,
    STATE_FILE,
)
from namegen.core.training.progress import BestEpoch, EpochRecord, TrainingProgress, history_csv
from namegen.documents import LARGEST_RECORD, Count, Json, Measure, Size, from_plain, to_plain
from namegen.errors import CheckpointError, OutputError, quote, reason_of, setting, short
from namegen.files import (
    is_file,
    is_folder,
    is_link,
    is_taken,
    remove_left_overs,
    sole_use,
    write_whole,
)
from namegen.types import Array, Float32

KIND, BEST_PREFIX, PROBE = "training state", "best.", "probe"
COUNTERS = (
    "epoch",
    "step",
    "loss_sum",
    "characters",
    "seconds",
    "training_seconds",
)  # of a ``TrainingProgress``


@dataclass(frozen=True)
class BestDocument:
    """Which epoch was the best; its parameters are tensors."""

    epoch: Size
    value: float


@dataclass(frozen=True)
class Identity:
    """What must be the same when a run goes on."""

    list: str
    list_name: str
    network: Mapping[str, Json]
    training: Mapping[str, Json]
    data: Mapping[str, Json]


@dataclass(frozen=True)
class StateDocument:
    """What the file's JSON holds, beside its kind, the version and the checksum; see ``TrainingProgress``."""

    epoch: Count
    step: Count
    loss_sum: float
    characters: Count
    seconds: Measure
    training_seconds: Measure
    history: tuple[EpochRecord, ...]
    best: BestDocument | None
    identity: Identity
    engine: str


@dataclass(frozen=True, eq=False)
class SavedState:
    """Where a training was left.

    Attributes:
        engine_state: what ``Engine.get_state`` gave.
        progress: where the run stands.
        identity: the list's fingerprint, the network, the settings.
        engine: which one saved it.
        probe: what it computed (``core/evaluation/evaluator.py``); None: nothing can be checked.
    """

    engine_state: Mapping[str, Array]
    progress: TrainingProgress
    identity: Identity
    engine: str
    probe: Float32[Array, "2 V"] | None

    def save(self, path: Path) -> None:
        """Write the file, whole or not at all. Raises OutputError."""
        progress, best = self.progress, self.progress.best
        tensors = dict(self.engine_state)
        if best is not None:
            tensors |= {BEST_PREFIX + name: values for name, values in best.parameters.items()}
        if self.probe is not None:
            tensors[PROBE] = self.probe
        document = StateDocument(
            **{name: getattr(progress, name) for name in COUNTERS},
            history=tuple(progress.history),
            best=None if best is None else BestDocument(best.epoch, best.value),
            identity=self.identity,
            engine=self.engine,
        )
        write_tensors(path, tensors, {"kind": KIND, **to_plain(document)}, largest=LARGEST_RECORD)

    @classmethod
    def load(cls, path: Path) -> SavedState:
        """The way back. Raises CheckpointError."""
        tensors, plain = read_tensors(path, largest=LARGEST_RECORD)
        if (kind := plain.pop("kind", None)) != KIND:
            raise CheckpointError(
                f"{path} holds a {quote(str(kind))}: expected the state of a training run"
            )
        found = tensors.pop(PROBE, None)
        try:
            document = from_plain(StateDocument, plain)
            _check_together(document, found)
        except ValueError as error:
            raise CheckpointError(
                f"{path} does not hold what a training state has ({error}): take another copy of it"
            ) from error
        parameters = {
            name.removeprefix(BEST_PREFIX): tensors.pop(name)
            for name in list(tensors)
            if name.startswith(BEST_PREFIX)
        }
        best = document.best
        progress = TrainingProgress(
            **{name: getattr(document, name) for name in COUNTERS},
            history=list(document.history),
            best=None if best is None else BestEpoch(best.epoch, best.value, parameters),
        )
        return cls(tensors, progress, document.identity, document.engine, found)


def _check_together(document: StateDocument, probe: Array | None) -> None:
    """Raise ValueError for values that are sound one by one and no training leaves together."""
    epochs = [record.epoch for record in document.history]
    if len(epochs) != document.epoch or epochs != list(range(1, len(epochs) + 1)):
        raise ValueError(
            f"the history has {len(epochs)} records that are not of the epochs 1 to {document.epoch}"
        )
    if (document.best is None) != (document.epoch == 0):
        raise ValueError("there is a best epoch after the first one, and none before")
    if document.best is not None and document.best.epoch > document.epoch:
        raise ValueError(f"the best epoch is {document.best.epoch} of {document.epoch}")
    if (document.step == 0) != (document.characters == 0):
        raise ValueError(f"{document.step} steps have read {document.characters} characters")
    if probe is not None and (probe.dtype != np.float32 or probe.ndim != 2 or len(probe) != 2):
        raise ValueError(f"{PROBE} is not two rows of logits")


LONGEST_STEM = (
    50  # characters of a list's name in a folder's: with any script a name that every system takes
)
KEPT_COLUMNS = ("name", "label")
OWN_FILES = CONFIG_FILE, NAMES_FILE, MODEL_FILE, KNOWN_FILE, HISTORY_FILE, PLOT_FILE, STATE_FILE


def kept_here(data: DataSettings, corpus: Corpus) -> DataSettings:
    """The settings of a list that ``save_names`` writes into a run's own folder."""
    column, label_column = KEPT_COLUMNS
    return replace(
        data, names=NAMES_FILE, column=column, label_column=label_column if corpus.labels else None
    )


class RunFolder:
    """A folder of one training.

    Args:
        path: the folder, which exists; ``make``, ``make_numbered`` and ``to_resume`` see to that.

    Attributes:
        config_path: of the settings.
        plot_path: of the drawing of the training.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.config_path, self.plot_path = path / CONFIG_FILE, path / PLOT_FILE

    @classmethod
    def make(cls, path: Path) -> RunFolder:
        """Make a folder that does not exist yet.

        Raises:
            OutputError: it exists, or cannot be made.
        """
        try:
            path.mkdir(parents=True)
        except FileExistsError:
            also = (
                f", or continue with {setting('resume', path)}"
                if is_file(path / STATE_FILE, None)
                else ""
            )
            raise OutputError(f"{short(path)} exists already: name a new folder{also}") from None
        except (OSError, ValueError) as error:  # ValueError: a NUL in it
            raise _cannot_make(path, error) from error
        return cls(path)

    @classmethod
    def make_numbered(cls, parent: Path, source: str, backend: str) -> RunFolder:
        """Make ``parent/LIST-BACKEND``, or where that exists ``-2``, ``-3`` …; never one that exists.

        Args:
            parent: where runs lie.
            source: what the list is called; of a path the name of the file.
            backend: the engine's name.

        Raises:
            OutputError: it cannot be made.
        """
        stem = re.sub(
            r"[^\w.-]+", "-", Path(source).stem if "/" in source or "." in source else source
        ).strip("-.")
        name, number = f"{stem[:LONGEST_STEM] or 'names'}-{backend}", 1
        while True:
            path = parent / (name if number == 1 else f"{name}-{number}")
            try:
                path.mkdir(parents=True)
            except FileExistsError as error:
                if not is_taken(
                    path
                ):  # it is the parent that exists and is no folder: a link to nowhere
                    raise _cannot_make(parent, error) from error
                number += 1
            except OSError as error:
                raise _cannot_make(parent, error) from error
            else:
                return cls(path)

    @classmethod
    def to_resume(cls, path: Path) -> RunFolder:
        """A folder that a training can go on in.

        Raises:
            CheckpointError: there is nothing to go on from.
        """
        folder = cls(path)
        if not is_folder(path, CheckpointError):
            lacks = "is not a folder"
        elif not folder.has_state:
            lacks = f"has no {STATE_FILE}"
        elif not is_file(path / CONFIG_FILE, CheckpointError):
            lacks = f"has no {CONFIG_FILE}"
        else:
            folder._check_own_files()
            return folder
        raise CheckpointError(
            f"{short(path)} is not a run folder that can be resumed, as it {lacks}: give one of `namegen train`"
        )

    def _check_own_files(self) -> None:
        """A training that goes on writes its files anew, and reads its list: a link in their place, in a folder that
        somebody else has made, would lead both elsewhere, and a pipe would be waited for without end.
        """
        for name in OWN_FILES:
            path = self.path / name
            if is_link(path) or (is_taken(path) and not is_file(path, CheckpointError)):
                what = "a link" if is_link(path) else "not a file"
                raise CheckpointError(
                    f"{short(path)} is {what}: a training goes on in a folder whose files are its own; put a file in "
                    "its place, or take it away"
                )

    @contextmanager
    def sole_use(self) -> Iterator[None]:
        """While it lasts, no other training writes here; what a killed one left half written is taken away.

        Raises:
            FolderInUseError: another one is at work here.
        """
        with sole_use(self.path):
            remove_left_overs(self.path)
            yield

    def found_here(self, data: DataSettings) -> DataSettings:
        """Where the list stands: in this folder, wherever that has been moved, if the settings name a file of it."""
        return (
            replace(data, names=str(self.path / NAMES_FILE)) if data.names == NAMES_FILE else data
        )

    @property
    def has_state(self) -> bool:
        """Whether a training has saved itself here. Raises CheckpointError where that cannot be told."""
        return is_file(self.path / STATE_FILE, CheckpointError)

    def save_config(self, text: str) -> None:
        """Write the settings, as TOML. Raises OutputError."""
        write_whole(self.config_path, text.encode())

    def save_names(self, corpus: Corpus) -> None:
        """Write a list that lies nowhere else. Raises OutputError."""
        table, rows = io.StringIO(), zip(*filter(None, (corpus.names, corpus.labels)), strict=True)
        columns = KEPT_COLUMNS if corpus.labels else KEPT_COLUMNS[:1]
        csv.writer(table, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows([columns, *rows])
        write_whole(self.path / NAMES_FILE, table.getvalue().encode())

    def save_model(self, checkpoint: Checkpoint) -> None:
        """Write the best network so far. Raises OutputError."""
        known, beside = checkpoint.known_names, self.path / KNOWN_FILE
        if known is not None and not is_file(beside, OutputError):
            write_known_names(beside, known)
        checkpoint.save(self.path / MODEL_FILE)

    def save_state(self, state: SavedState) -> None:
        """Write the history, and then all that going on needs. Raises OutputError."""
        write_whole(self.path / HISTORY_FILE, history_csv(state.progress.history).encode())
        state.save(self.path / STATE_FILE)

    def load_state(self) -> SavedState:
        """All that going on needs. Raises CheckpointError."""
        return SavedState.load(self.path / STATE_FILE)


def _cannot_make(path: Path, error: OSError | ValueError) -> OutputError:
    reason = reason_of(error)
    return OutputError(
        f"cannot make the folder {short(path)}: {reason}; choose another with {setting('out')}"
    )
