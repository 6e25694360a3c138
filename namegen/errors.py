"""All errors that namegen raises on purpose, as one tree, and helpers for their messages.

    NamegenError                  exit code 1: one sentence for the user, without a traceback
    ├── NamesError                a list of names can't be read, or isn't suitable for the task
    ├── CheckpointError           a model file is damaged, foreign, or doesn't match its description
    ├── OutputError               a result can't be written, or would overwrite something
    │   └── FolderInUseError      another process is writing to the folder
    ├── EngineError               a backend is missing or doesn't support a network
    │   └── UnknownEngineError    exit code 2: no backend has this name
    ├── EngineFailedError         a backend failed during its work
    ├── TrainingError             training can't continue (the loss isn't finite)
    ├── GenerationError           names can't satisfy a constraint
    ├── ResultsError              the results of a comparison can't be read
    └── SettingsError             exit code 2: a value has the wrong type or is out of range

A message states the problem, what was expected, and what to do. It names settings with ``setting``, so that users see
the name that they can type: ``min_length`` in Python, ``--min-length`` on the command line.

``quote``, ``short``, ``shown`` and ``printable`` make foreign text safe for a message.
"""

from __future__ import annotations

import re
import reprlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar, TypeAlias, TypeVar

# Settings are marked with NUL, which no list, path or option can contain, so foreign text can't look like a setting.
_SETTING = re.compile("\0(\\w+)(?:=([^\0]*))?\0")

OF_ALL_PARTS = ("temperature", "top_k", "top_p", "seed")  # settings of whole names, see ``of_part``
LONGEST_REASON = 200  # characters of a foreign exception's message
MAX_MESSAGE = 2_000  # bytes of a whole message in UTF-8
MAX_NAME_COMPARED = 100  # characters; ``nearest`` ignores longer names

_GAP = " … "

T = TypeVar("T")
# A setting's name, and the value that it should have → the text for a message.
NameOf: TypeAlias = Callable[[str, str | None], str]


def setting(name: str, value: object = None) -> str:
    """Return the name of a setting for a message, with the value that it should have, if there is one.

    >>> str(NamegenError(f"raise {setting('max_length')}, or give {setting('allow_seen', True)}"))
    'raise max_length, or give allow_seen=True'
    """
    return f"\0{name}\0" if value is None else f"\0{name}={value}\0"


def shortened(message: str, most: int = MAX_MESSAGE) -> str:
    """Cut a message to at most ``most`` bytes of UTF-8: to its start, with the problem, and its end, with the advice.

    Every error's message is cut here, in case a long value wasn't cut before.

    >>> shortened("there is no model " + "x" * 3000 + ": give another", 60)
    'there is no model xxxxxxxxx … xxxxxxxxxxxxx: give another'
    """
    data = message.encode("utf-8", "surrogatepass")
    if len(data) <= most:
        return message
    half = (most - len(_GAP.encode())) // 2
    start = data[:half].decode("utf-8", "ignore")
    end = data[-half:].decode("utf-8", "ignore")
    if start.count("\0") % 2:  # the cut is inside a setting
        start = start[: start.rindex("\0")]
    if end.count("\0") % 2:
        end = end[end.index("\0") + 1 :]
    return start + _GAP + end


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that was probably meant, or None.

    It starts with the name, or its edit distance is at most a quarter of the name's length, ignoring letter case.

    >>> nearest("mlb-Frist", ["mlb-first", "mlb-last"]), nearest("Polish", ["Spanish"])
    ('mlb-first', None)
    """
    from rapidfuzz.distance import OSA

    folded = name.casefold()
    if len(folded) > MAX_NAME_COMPARED:
        return None

    def distance(known_name: str) -> int:
        known_folded = known_name.casefold()
        is_prefix = len(folded) > 2 and known_folded.startswith(folded)
        return 0 if is_prefix else OSA.distance(folded, known_folded)

    closest = min(known, key=distance, default=None)
    if closest is None or distance(closest) > max(1, len(folded) // 4):
        return None
    return closest


class NamegenError(Exception):
    """The base class of all errors that namegen raises on purpose. Long messages are ``shortened``.

    >>> import namegen
    >>> try:
    ...     namegen.load("mlb-frist")
    ... except NamegenError as error:
    ...     "did you mean mlb-first?" in str(error)
    True
    """

    exit_code: ClassVar[int] = 1

    def told(self, name_of: NameOf) -> str:
        """Return the message, with the name that ``name_of`` returns for each setting.

        >>> NamegenError(f"{setting('seed')} is -1").told(lambda name, value: f"--{name}")
        '--seed is -1'
        """
        message = super().__str__()
        return shortened(_SETTING.sub(lambda match: name_of(match[1], match[2]), message))

    def __str__(self) -> str:
        """The message, with settings as Python arguments."""
        return self.told(lambda name, value: name if value is None else f"{name}={value}")


@contextmanager
def of_part(part: str) -> Iterator[None]:
    """Add the part of a name to the settings in errors: ``min_length`` becomes ``given_min_length``.

    Settings that apply to all parts, such as ``temperature``, keep their names.

    >>> with of_part("given"):
    ...     raise SettingsError(f"{setting('min_length')} is -1")
    Traceback (most recent call last):
    namegen.errors.SettingsError: given_min_length is -1
    """

    def name_of(name: str, value: str | None) -> str:
        return setting(name if name in OF_ALL_PARTS else f"{part}_{name}", value)

    try:
        yield
    except SettingsError as error:
        raise SettingsError(error.told(name_of), field=error.field) from error
    except GenerationError as error:
        raise GenerationError(error.told(name_of)) from error


class NamesError(NamegenError):
    """A list of names can't be read, or isn't suitable for the task."""


class CheckpointError(NamegenError):
    """A model file is damaged, foreign, of a newer format, or doesn't match its own description."""


class OutputError(NamegenError):
    """A result can't be written to the requested path, or would overwrite something."""


class FolderInUseError(OutputError):
    """Another process or thread is writing to the folder. Its files are unchanged."""


class EngineError(NamegenError):
    """A backend is unknown, its library is missing, or it doesn't support the network."""


class UnknownEngineError(EngineError):
    """No backend has this name."""

    exit_code: ClassVar[int] = 2


class EngineFailedError(NamegenError):
    """A backend raised an error of its own. Files that were saved before are unchanged."""


def gathered(batches: Iterable[Iterable[T]]) -> list[T]:
    """Return all batches as one list. The ``found`` of a GenerationError has the items before it.

    >>> gathered([[1, 2], [3]])
    [1, 2, 3]
    """
    items: list[T] = []
    try:
        for batch in batches:
            items += batch
    except GenerationError as error:
        error.found = items
        raise
    return items


@contextmanager
def engine_at_work(engine: str, doing: str, then: str) -> Iterator[None]:
    """Turn errors of a backend into EngineFailedError, with the file and the line.

    Args:
        engine: the name of the backend.
        doing: its work, such as ``in epoch 3``.
        then: the consequences and what to do, which end the message.

    >>> try:
    ...     with engine_at_work("numpy", "in epoch 3", ": resume the run"):
    ...         raise MemoryError
    ... except EngineFailedError as error:
    ...     print(str(error)[:68])
    the backend numpy failed in epoch 3 with MemoryError (no message) in
    """
    try:
        yield
    except NamegenError:
        raise
    except Exception as error:
        import traceback  # takes 5 ms, so it isn't imported before an error

        first_line = (str(error).strip() or "no message").splitlines()[0]
        [frame] = traceback.extract_tb(error.__traceback__, -1)
        file = "/".join(Path(frame.filename).parts[-2:])
        reason = f"{type(error).__name__} ({first_line[:LONGEST_REASON]})"
        raise EngineFailedError(
            f"the backend {engine} failed {doing} with {reason} in {file}, line {frame.lineno}{then}"
        ) from error


class TrainingError(NamegenError):
    """Training can't continue. Files that were saved before are unchanged."""


class GenerationError(NamegenError):
    """There are no names, or too few, that satisfy the constraints."""

    found: Sequence[object] = ()  # the names that were found, for functions that return a list


class ResultsError(NamegenError):
    """The results of a comparison can't be read."""


class SettingsError(NamegenError):
    """A value has the wrong type, is out of range, or contradicts another value.

    Args:
        message: the message.
        field: the setting whose value is wrong; None if there are several.
    """

    exit_code: ClassVar[int] = 2

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


# Control characters (which move the cursor, change colors or ring), line and paragraph separators, characters that
# override the writing direction, and lone surrogates. Scripts and emoji need joiners, LRM and RLM, so these are safe.
UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
MAX_SHOWN = 40  # characters of a value in a message
MAX_PATH_SHOWN = 200
# Reads only as much of a value as is shown, because foreign values can be huge or nest deeply.
_SHORT = reprlib.Repr()
_SHORT.maxlevel = MAX_SHOWN
_SHORT.maxdict = MAX_SHOWN
_SHORT.maxlist = MAX_SHOWN
_SHORT.maxtuple = MAX_SHOWN
_SHORT.maxset = MAX_SHOWN
_SHORT.maxfrozenset = MAX_SHOWN
_SHORT.maxstring = 2 * MAX_SHOWN
_SHORT.maxlong = 2 * MAX_SHOWN
_SHORT.maxother = 2 * MAX_SHOWN
# The start of a formula in a spreadsheet, also in full-width characters, at the start of a cell. In many locales, a
# semicolon or a tab also starts a cell, even inside quotes.
FORMULA = re.compile(r"(^|[;\t])(\s*[=+\-@＝＋－＠])")


def quote(text: str, longest: int = 40) -> str:
    r"""Quote foreign text for a message, with control characters escaped and long text cut.

    >>> quote("a\x1b[31m"), len(quote("x" * 1000))
    ("'a\\x1b[31m'", 42)
    """
    return repr(cut(text, longest))


def short(path: object, longest: int = MAX_PATH_SHOWN) -> str:
    """Return a path for a message, cut if it's long.

    >>> short("runs/first"), len(short("x" * 4096))
    ('runs/first', 200)
    """
    return cut(str(path), longest)


def shown(value: object) -> str:
    """Return the ``repr`` of any value for a message, with control characters escaped and long values cut.

    >>> shown((32, 32)), shown("x" * 1000) == quote("x" * 1000), len(shown([0] * 1000))
    ('[32, 32]', True, 40)
    """
    if isinstance(value, str):
        return quote(value, MAX_SHOWN)
    if isinstance(value, tuple):
        value = list(value)  # as in a config
    return cut(_SHORT.repr(value), MAX_SHOWN)


def reason_of(error: Exception) -> str:
    """Return the message of a system error without its number and path."""
    return str(getattr(error, "strerror", None) or error)


def cut(text: str, most: int) -> str:
    """Cut a text to ``most`` characters, the last of which is then an ellipsis."""
    return text if len(text) <= most else text[: most - 1] + "…"


def printable(text: str) -> str:
    r"""Escape the control characters of foreign text, such as a name or a path.

    >>> printable("a\x1b[31mb"), printable("Zoë")
    ('a\\x1b[31mb', 'Zoë')
    """
    if text.isprintable():
        return text
    return UNSAFE.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


def counted(count: int, thing: str) -> str:
    """Return a number with its noun, in the singular or plural.

    >>> counted(1, "name"), counted(2_000, "name")
    ('1 name', '2,000 names')
    """
    return f"{count:,} {thing}" if count == 1 else f"{count:,} {thing}s"


def safe_cell(value: T) -> T | str:
    """Return the value of a table's cell, with an apostrophe before text that a spreadsheet would run as a formula.

    >>> safe_cell("=1+1"), safe_cell("a;=1+1"), safe_cell("Ann-Lee"), safe_cell(-1.5)
    ("'=1+1", "a;'=1+1", 'Ann-Lee', -1.5)
    """
    return FORMULA.sub(r"\1'\2", value) if isinstance(value, str) else value


DISTRIBUTION = "namegen-rnn"  # on PyPI, namegen is another project
_PYPROJECT = Path(__file__).parents[1] / "pyproject.toml"
_EXTRA = re.compile(r"""\bextra\s*==\s*["']([^"']+)["']""")


def missing_library(what: str, library: str | None, *extras: str) -> str:
    """Return the message for a missing library, with the command that installs it.

    Args:
        what: the feature that needs the library, which is the subject of the sentence.
        library: the missing library, from ``ModuleNotFoundError.name``.
        extras: the extras that the library belongs to. The command installs all of their libraries.

    >>> missing_library("the Faker provider", "faker", "faker")
    "the Faker provider needs faker, which is not installed: install it with: pip install 'Faker>=37'"
    """
    return f"{what} needs {library}, which is not installed: install it with: {install_command(*extras)}"


def install_command(*extras: str) -> str:
    """Return the command that installs the libraries of some extras.

    >>> install_command("faker")
    "pip install 'Faker>=37'"
    """
    libraries = [f"'{library}'" for extra in extras for library in requirements(extra)]
    return " ".join(["pip install", *libraries])


def requirements(extra: str) -> tuple[str, ...]:
    """Return the libraries of an extra, with versions: of the installed package, or else from pyproject.toml.

    >>> requirements("faker")
    ('Faker>=37',)
    """
    import tomllib
    from importlib.metadata import PackageNotFoundError, requires

    try:
        lines = requires(DISTRIBUTION) or []
    except PackageNotFoundError:
        document = tomllib.loads(_PYPROJECT.read_text(encoding="utf-8"))
        return tuple(document["project"]["optional-dependencies"][extra])
    libraries: list[str] = []
    for line in lines:
        library, _, marker = line.partition(";")
        if extra in _EXTRA.findall(marker):
            libraries.append(library.strip())
    return tuple(libraries)
