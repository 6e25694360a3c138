"""RunFolder: the one owner of the files that a training leaves: where each lies, and how it is written.

    config.toml         all settings, resolved; what a training goes on by
    names.txt           the list, if it lies nowhere else; names.csv, where its names have labels
    model.safetensors   the best network so far, ready to use (``core/network/checkpoint.py``)
    known_names.safetensors   the digests of its list, where they are too many to travel with the model
    history.csv         a line an epoch
    history.png         the plot of the training, at its end
    state.safetensors   all that going on needs (``run_state.py``); written last

Every file is written whole or not at all.
"""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from namegen.core.data.corpus import Corpus
from namegen.core.network.checkpoint import Architectures, Checkpoint, own_architectures
from namegen.core.network.known_names import read_known_names, write_known_names
from namegen.core.settings import DataSettings
from namegen.core.training.file_names import (
    CONFIG_FILE,
    HISTORY_FILE,
    KNOWN_NAMES_FILE,
    LABELLED_NAMES_FILE,
    MODEL_FILE,
    NAMES_FILE,
    PLOT_FILE,
    STATE_FILE,
)
from namegen.core.training.history import EpochRecord, history_csv
from namegen.core.training.run_state import SavedState
from namegen.errors import CheckpointError, OutputError, setting
from namegen.files import write_whole

MOST_KNOWN_NAMES = 1_000_000  # distinct names whose digests a model file carries; more go into a file beside it
KEPT_COLUMNS = ("name", "label")


def kept_here(data: DataSettings, corpus: Corpus) -> DataSettings:
    """The settings of a list that ``save_names`` writes into a run's own folder."""
    if not corpus.labels:
        return replace(data, names=NAMES_FILE, column=None, label_column=None)
    column, label_column = KEPT_COLUMNS
    return replace(data, names=LABELLED_NAMES_FILE, column=column, label_column=label_column)


class RunFolder:
    """A folder of one training.

    Args:
        path: the folder, which exists; ``make``, ``make_numbered`` and ``to_resume`` see to that.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def make(cls, path: Path) -> RunFolder:
        """Make a folder that does not exist yet.

        Raises:
            OutputError: it exists, or cannot be made.
        """
        try:
            path.mkdir(parents=True)
        except FileExistsError:
            also = f", or go on with {setting('resume', path)}" if (path / STATE_FILE).is_file() else ""
            raise OutputError(f"{path} exists already: name a folder that does not{also}") from None
        except OSError as error:
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
        stem = re.sub(r"[^\w.-]+", "-", Path(source).stem if "/" in source or "." in source else source).strip("-.")
        name, number = f"{stem or 'names'}-{backend}", 1
        while True:
            path = parent / (name if number == 1 else f"{name}-{number}")
            try:
                path.mkdir(parents=True)
            except FileExistsError as error:
                if not os.path.lexists(path):  # it is the parent that exists and is no folder: a link to nowhere
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
        for needed in (STATE_FILE, CONFIG_FILE):
            try:
                found = (path / needed).is_file()
            except OSError as error:  # a name that is too long, a folder that may not be looked into
                raise CheckpointError(
                    f"cannot look into {str(path)[:80]}: {error.strerror or error}; give a folder that a training has "
                    "left"
                ) from error
            if not found:
                why = f"it has no {needed}" if path.is_dir() else "it is no folder"
                raise CheckpointError(
                    f"{path} is not a run folder that can be resumed, {why}: give a folder that a training has left, "
                    "as it left it"
                )
        return cls(path)

    def remove_left_overs(self) -> None:
        """Take away what a process that was killed in the midst of writing left half written."""
        for left_over in self.path.glob(".*.part"):
            left_over.unlink(missing_ok=True)

    @property
    def config_path(self) -> Path:
        """The settings."""
        return self.path / CONFIG_FILE

    def found_here(self, data: DataSettings) -> DataSettings:
        """Where the list stands: in this folder, wherever that has been moved, if the settings name a file of it."""
        here = data.names in (NAMES_FILE, LABELLED_NAMES_FILE)
        return replace(data, names=str(self.path / data.names)) if here else data

    @property
    def has_names(self) -> bool:
        """Whether the list lies here."""
        return any((self.path / name).is_file() for name in (NAMES_FILE, LABELLED_NAMES_FILE))

    @property
    def plot_path(self) -> Path:
        """The drawing of the training."""
        return self.path / PLOT_FILE

    def save_config(self, text: str) -> None:
        """Write the settings, as TOML. Raises OutputError."""
        write_whole(self.config_path, text.encode())

    def save_names(self, corpus: Corpus) -> None:
        """Write a list that lies nowhere else. Raises OutputError."""
        if not corpus.labels:
            write_whole(self.path / NAMES_FILE, "".join(f"{name}\n" for name in corpus.names).encode())
            return
        table = io.StringIO()
        rows = zip(corpus.names, corpus.labels, strict=True)
        csv.writer(table, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows([KEPT_COLUMNS, *rows])
        write_whole(self.path / LABELLED_NAMES_FILE, table.getvalue().encode())

    def save_model(self, checkpoint: Checkpoint) -> None:
        """Write the best network so far. Raises OutputError."""
        known = checkpoint.known_names
        if known is not None and len(known) > MOST_KNOWN_NAMES:
            beside = self.path / KNOWN_NAMES_FILE
            if not beside.exists():
                write_known_names(beside, known)
            training = {**checkpoint.training, "known_names_file": KNOWN_NAMES_FILE}
            checkpoint = replace(checkpoint, known_names=None, training=training)
        checkpoint.save(self.path / MODEL_FILE)

    def save_state(self, state: SavedState) -> None:
        """Write the history, and then all that going on needs. Raises OutputError."""
        self._save_history(state.progress.history)
        state.save(self.path / STATE_FILE)

    def load_state(self) -> SavedState:
        """All that going on needs. Raises CheckpointError."""
        return SavedState.load(self.path / STATE_FILE)

    def _save_history(self, history: Sequence[EpochRecord]) -> None:
        write_whole(self.path / HISTORY_FILE, history_csv(history).encode())


def read_model(path: Path, architectures: Architectures = own_architectures) -> Checkpoint:
    """Read a model file; digests that lie in a file of their own beside it are read too. Raises CheckpointError."""
    checkpoint = Checkpoint.load(path, architectures)
    named = checkpoint.training.get("known_names_file")
    if checkpoint.known_names is None and isinstance(named, str):
        beside = path.parent / Path(named).name
        if beside.is_file():
            checkpoint = replace(checkpoint, known_names=read_known_names(beside))
    return checkpoint


def _cannot_make(path: Path, error: OSError) -> OutputError:
    return OutputError(f"cannot make the folder {path}: {error.strerror}; choose another with {setting('out')}")
