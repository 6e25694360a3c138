"""RunFolder: the one owner of the files that a training leaves: where each lies, and how it is written.

    config.toml         all settings, resolved; what a training goes on by
    names.txt           the list, if it lies nowhere else; names.csv, where its names have labels
    model.safetensors   the best network so far, ready to use (``core/network/checkpoint.py``)
    known_names.safetensors   the digests of its list, where they are too many to travel with the model
    history.csv         a line an epoch
    history.png         the plot of the training, at its end
    state.safetensors   all that going on needs (``run_state.py``); written last

``api.train`` writes the settings when the first state is there: a folder that has them can go on.

Every file is written whole or not at all, and by one process at a time (``sole_use``).
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

from namegen.core.data.corpus import Corpus
from namegen.core.network.checkpoint import (
    Architectures,
    Checkpoint,
    TrainingSummary,
    own_architectures,
    read_known_names,
    write_known_names,
)
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
from namegen.errors import CheckpointError, OutputError, setting, short
from namegen.files import is_file, is_folder, is_link, is_taken, remove_left_overs, sole_use, write_whole

LONGEST_STEM = 50  # characters of a list's name in a folder's: with any script a name that every system takes
MOST_KNOWN_NAMES = 1_000_000  # distinct names whose digests a model file carries; more go into a file beside it
KEPT_COLUMNS = ("name", "label")
OWN_FILES = (
    CONFIG_FILE,
    NAMES_FILE,
    LABELLED_NAMES_FILE,
    MODEL_FILE,
    KNOWN_NAMES_FILE,
    HISTORY_FILE,
    PLOT_FILE,
    STATE_FILE,
)


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
            also = f", or continue with {setting('resume', path)}" if is_file(path / STATE_FILE, None) else ""
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
        stem = re.sub(r"[^\w.-]+", "-", Path(source).stem if "/" in source or "." in source else source).strip("-.")
        name, number = f"{stem[:LONGEST_STEM] or 'names'}-{backend}", 1
        while True:
            path = parent / (name if number == 1 else f"{name}-{number}")
            try:
                path.mkdir(parents=True)
            except FileExistsError as error:
                if not is_taken(path):  # it is the parent that exists and is no folder: a link to nowhere
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
            f"{short(path)} is not a run folder that can be resumed, because it {lacks}: give an unchanged folder of "
            "`namegen train`"
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

    def sole_use(self, *, patience: float = 0.0) -> AbstractContextManager[None]:
        """While it lasts, no other training writes here.

        Args:
            patience: seconds to wait for one that does.

        Raises:
            FolderInUseError: another one is at work here.
        """
        return sole_use(self.path, patience=patience)

    def remove_left_overs(self) -> None:
        """Take away what a process that was killed in the midst of writing left half written; only for whoever has sole
        use.
        """
        remove_left_overs(self.path)

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
        """Whether the list lies here. Raises OutputError where that cannot be told."""
        return any(is_file(self.path / name, OutputError) for name in (NAMES_FILE, LABELLED_NAMES_FILE))

    @property
    def has_state(self) -> bool:
        """Whether a training has saved itself here. Raises CheckpointError where that cannot be told."""
        return is_file(self.path / STATE_FILE, CheckpointError)

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
            if not is_file(beside, OutputError):
                write_known_names(beside, known)
            training: TrainingSummary = {**checkpoint.training, "known_names_file": KNOWN_NAMES_FILE}
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
        if is_file(beside, CheckpointError):
            checkpoint = replace(checkpoint, known_names=read_known_names(beside))
    return checkpoint


def _cannot_make(path: Path, error: OSError | ValueError) -> OutputError:
    reason = getattr(error, "strerror", None) or error
    return OutputError(f"cannot make the folder {short(path)}: {reason}; choose another with {setting('out')}")
