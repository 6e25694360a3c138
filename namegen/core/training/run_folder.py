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
            raise _already_exists(path) from None
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
        name = f"{_stem(source)}-{backend}"
        number = 1
        path = parent / name
        while not _make_unless_taken(path):
            number += 1
            path = parent / f"{name}-{number}"
        return cls(path)

    @classmethod
    def to_resume(cls, path: Path) -> RunFolder:
        """Open the folder of a run that can be resumed.

        Raises:
            CheckpointError: There's nothing to resume.
        """
        folder = cls(path)
        problem = folder._obstacle_to_resuming()
        if problem:
            raise CheckpointError(
                f"{short(path)} is not a run folder that can be resumed, as it {problem}: pass a folder that "
                "`namegen train` created"
            )
        for name in OWN_FILES:
            _check_own_file(path / name)
        return folder

    def _obstacle_to_resuming(self) -> str:
        """Explain why the folder has no run that can be resumed. Return "" if it has one."""
        if not is_folder(self.path, CheckpointError):
            return "is not a folder"
        if not self.has_state:
            return f"has no {STATE_FILE}"
        if not is_file(self.config_path, CheckpointError):
            return f"has no {CONFIG_FILE}"
        return ""

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
        write_whole(self.path / NAMES_FILE, _names_csv(corpus).encode())

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


def _names_csv(corpus: Corpus) -> str:
    """Format a list as CSV, with a column for the labels if there are any."""
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n", quoting=csv.QUOTE_ALL)
    if corpus.labels:
        writer.writerow([NAME_COLUMN, LABEL_COLUMN])
        writer.writerows(zip(corpus.names, corpus.labels, strict=True))
    else:
        writer.writerow([NAME_COLUMN])
        writer.writerows([name] for name in corpus.names)
    return table.getvalue()


def _check_own_file(path: Path) -> None:
    """Raise CheckpointError if a path in a run folder is a link, a folder or a pipe.

    Someone else may have made the folder. Links could make namegen read or overwrite files elsewhere, and a pipe
    could make it wait forever.
    """
    if is_link(path):
        problem = "a link"
    elif is_taken(path) and not is_file(path, CheckpointError):
        problem = "not a file"
    else:
        return
    raise CheckpointError(
        f"{short(path)} is {problem}, so namegen can't resume the run: replace it with a file, or remove it"
    )


def _stem(source: str) -> str:
    """Turn a list's name or path into the start of a folder's name."""
    is_path = "/" in source or "." in source
    name = Path(source).stem if is_path else source
    stem = re.sub(r"[^\w.-]+", "-", name).strip("-.")
    return stem[:LONGEST_STEM] or "names"


def _make_unless_taken(path: Path) -> bool:
    """Create a folder, and return whether that worked. It doesn't if the path exists already.

    Raises:
        OutputError: The folder can't be created for another reason.
    """
    try:
        path.mkdir(parents=True)
    except FileExistsError as error:
        if is_taken(path):
            return False
        # The parent is what exists, and it isn't a folder but a broken link.
        raise _cannot_make(path.parent, error) from error
    except OSError as error:
        raise _cannot_make(path.parent, error) from error
    return True


def _already_exists(path: Path) -> OutputError:
    """Return the error for a new run in a folder that exists."""
    can_resume = is_file(path / STATE_FILE, None)
    alternative = f", or continue with {setting('resume', path)}" if can_resume else ""
    return OutputError(f"{short(path)} exists already: name a new folder{alternative}")


def _cannot_make(path: Path, error: OSError | ValueError) -> OutputError:
    """Return the error for a folder that can't be created."""
    return OutputError(
        f"can't create the folder {short(path)} ({reason_of(error)}): choose another folder as {setting('out')}"
    )
