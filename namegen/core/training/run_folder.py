"""The files of a run: where they are, and how they are written and read.

    config.toml                     all settings, resolved; a run is resumed with them
    names.csv                       the list, unless it's in another file
    model.safetensors               the best model so far (``core/checkpoint/checkpoint.py``)
    model.known_names.safetensors   the full hashes of the list's names; the model itself has shorter ones
    history.csv                     one line per epoch
    history.png                     the plot of the run, drawn at its end
    state.safetensors               everything that resuming needs; written last

``api.train`` writes the settings after the first state, so a folder with settings can be resumed.

Each file is written completely or not at all, and by one process at a time (``RunFolder.sole_use``).
``saved_state.py`` describes the content of ``state.safetensors``.
"""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from namegen.core.checkpoint.checkpoint import Checkpoint, write_known_names
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
from namegen.core.training.progress import history_csv
from namegen.core.training.saved_state import SavedState
from namegen.errors import CheckpointError, OutputError, reason_of, setting, short
from namegen.files import (
    exclusive_lock,
    is_file,
    is_folder,
    is_link,
    is_taken,
    remove_left_overs,
    write_whole,
)

# Characters of a list's name in a folder's name. Every file system accepts that many, in any script.
LONGEST_STEM = 50
NAME_COLUMN = "name"
LABEL_COLUMN = "label"
OWN_FILES = (
    CONFIG_FILE,
    NAMES_FILE,
    MODEL_FILE,
    KNOWN_FILE,
    HISTORY_FILE,
    PLOT_FILE,
    STATE_FILE,
)


def kept_here(data: DataSettings, corpus: Corpus) -> DataSettings:
    """Change the settings so that they read the list from ``names.csv`` in the run folder.

    >>> kept_here(DataSettings(names="-"), Corpus.from_names(["Al", "Bo"])).names
    'names.csv'
    """
    return replace(
        data,
        names=NAMES_FILE,
        column=NAME_COLUMN,
        label_column=LABEL_COLUMN if corpus.labels else None,
    )


class RunFolder:
    """The folder of one run.

    Args:
        path: The folder. It exists: see ``make``, ``make_numbered`` and ``to_resume``.

    >>> RunFolder(Path("runs/friends-numpy")).config_path.name
    'config.toml'
    """

    path: Path
    config_path: Path  # the settings
    plot_path: Path  # the plot of the run

    def __init__(self, path: Path) -> None:
        self.path = path
        self.config_path = path / CONFIG_FILE
        self.plot_path = path / PLOT_FILE

    @classmethod
    def make(cls, path: Path) -> RunFolder:
        """Create a folder.

        Raises:
            OutputError: The folder exists already, or can't be created.
        """
        try:
            path.mkdir(parents=True)
        except FileExistsError:
            can_resume = is_file(path / STATE_FILE, None)
            alternative = f", or continue with {setting('resume', path)}" if can_resume else ""
            raise OutputError(
                f"{short(path)} exists already: name a new folder{alternative}"
            ) from None
        except (OSError, ValueError) as error:  # ValueError: the path contains a NUL
            raise _cannot_make(path, error) from error
        return cls(path)

    @classmethod
    def make_numbered(cls, parent: Path, source: str, backend: str) -> RunFolder:
        """Create ``parent/LIST-BACKEND``; if it exists already, ``parent/LIST-BACKEND-2``, and so on.

        Args:
            parent: The folder of all runs.
            source: The list's name, or its path.
            backend: The backend's name.

        Raises:
            OutputError: The folder can't be created.
        """
        is_path = "/" in source or "." in source
        list_name = Path(source).stem if is_path else source
        stem = re.sub(r"[^\w.-]+", "-", list_name).strip("-.")[:LONGEST_STEM] or "names"
        name = f"{stem}-{backend}"
        path = parent / name
        for number in itertools.count(2):
            try:
                path.mkdir(parents=True)
                break
            except OSError as error:
                if not is_taken(path):  # the parent can't be created, or is a broken link
                    raise _cannot_make(parent, error) from error
                path = parent / f"{name}-{number}"
        return cls(path)

    @classmethod
    def to_resume(cls, path: Path) -> RunFolder:
        """Open the folder of a run that can be resumed.

        Raises:
            CheckpointError: There's nothing to resume.
        """
        folder = cls(path)
        problem = ""
        if not is_folder(path, CheckpointError):
            problem = "is not a folder"
        elif not folder.has_state:
            problem = f"has no {STATE_FILE}"
        elif not is_file(folder.config_path, CheckpointError):
            problem = f"has no {CONFIG_FILE}"
        if problem:
            raise CheckpointError(
                f"{short(path)} is not a run folder that can be resumed, as it {problem}: pass a folder that "
                "`namegen train` created"
            )
        # Someone else may have made the folder. Links could make namegen read or overwrite files elsewhere, and a pipe
        # could make it wait forever.
        for name in OWN_FILES:
            own_file = path / name
            is_special = is_taken(own_file) and not is_file(own_file, CheckpointError)
            if is_link(own_file) or is_special:
                problem = "a link" if is_link(own_file) else "not a file"
                raise CheckpointError(
                    f"{short(own_file)} is {problem}, so namegen can't resume the run: replace it with a file, or "
                    "remove it"
                )
        return folder

    @contextmanager
    def sole_use(self) -> Iterator[None]:
        """Lock the folder, and remove files that a killed process left incomplete.

        Raises:
            FolderInUseError: Another process has locked the folder.
        """
        with exclusive_lock(self.path):
            remove_left_overs(self.path)
            yield

    def found_here(self, data: DataSettings) -> DataSettings:
        """Complete the path of a list in this folder, wherever the folder was moved. Other lists keep their paths.

        >>> RunFolder(Path("moved")).found_here(DataSettings(names="names.csv")).names
        'moved/names.csv'
        """
        if data.names != NAMES_FILE:
            return data
        return replace(data, names=str(self.path / NAMES_FILE))

    @property
    def has_state(self) -> bool:
        """Whether the folder has a saved state.

        Raises:
            CheckpointError: The file system can't tell.
        """
        return is_file(self.path / STATE_FILE, CheckpointError)

    def save_config(self, text: str) -> None:
        """Write the settings.

        Args:
            text: The settings as TOML.

        Raises:
            OutputError: The file can't be written.
        """
        write_whole(self.config_path, text.encode())

    def save_names(self, corpus: Corpus) -> None:
        """Write a list that isn't in any other file.

        Raises:
            OutputError: The file can't be written.
        """
        table = io.StringIO()
        writer = csv.writer(table, lineterminator="\n", quoting=csv.QUOTE_ALL)
        if corpus.labels:
            writer.writerow([NAME_COLUMN, LABEL_COLUMN])
            writer.writerows(zip(corpus.names, corpus.labels, strict=True))
        else:
            writer.writerow([NAME_COLUMN])
            writer.writerows([name] for name in corpus.names)
        write_whole(self.path / NAMES_FILE, table.getvalue().encode())

    def save_model(self, checkpoint: Checkpoint) -> None:
        """Write the best model so far, and the full hashes of its known names, unless they're written already.

        Raises:
            OutputError: A file can't be written.
        """
        known_names = checkpoint.known_names
        known_names_path = self.path / KNOWN_FILE
        if known_names is not None and not is_file(known_names_path, OutputError):
            write_known_names(known_names_path, known_names)
        checkpoint.save(self.path / MODEL_FILE)

    def save_state(self, state: SavedState) -> None:
        """Write the history, then the state.

        Raises:
            OutputError: A file can't be written.
        """
        write_whole(self.path / HISTORY_FILE, history_csv(state.progress.history).encode())
        state.save(self.path / STATE_FILE)

    def load_state(self) -> SavedState:
        """Read the state.

        Raises:
            CheckpointError: The state is missing or damaged.
        """
        return SavedState.load(self.path / STATE_FILE)


def _cannot_make(path: Path, error: OSError | ValueError) -> OutputError:
    """Return the error for a folder that can't be created."""
    return OutputError(
        f"can't create the folder {short(path)} ({reason_of(error)}): choose another folder as {setting('out')}"
    )
