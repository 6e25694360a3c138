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
the name that they can type: ``min_length`` in Python, and ``--min-length`` on the command line.

``quote``, ``short``, ``shown`` and ``printable`` make untrusted text safe for a message.
"""

from __future__ import annotations

import re
import reprlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar, TypeAlias, TypeVar

# Settings are marked with NUL, which no list, path or option can contain, so untrusted text can't look like a setting.
_SETTING = re.compile("\0(?P<name>\\w+)(?:=(?P<value>[^\0]*))?\0")

OF_ALL_PARTS = (
    "temperature",
    "top_k",
    "top_p",
    "seed",
)  # settings of whole names, see ``add_part_to_settings``
LONGEST_REASON = 200  # the maximum length of another library's error message, in characters
MAX_MESSAGE = 2_000  # the maximum length of a whole message, in bytes of UTF-8
MAX_NAME_COMPARED = 100  # characters; ``nearest`` ignores longer names

_ELLIPSIS = " … "  # replaces the middle of a long message

T = TypeVar("T")
# A setting's name, and the value that it should have → the text for a message.
NameOf: TypeAlias = Callable[[str, str | None], str]


def setting(name: str, value: object = None) -> str:
    """Mark a setting in a message, so that users see the name that they can type, with an optional value.

    >>> str(NamegenError(f"raise {setting('max_length')}, or use {setting('allow_seen', True)}"))
    'raise max_length, or use allow_seen=True'
    """
    marked_text = name if value is None else f"{name}={value}"
    return f"\0{marked_text}\0"  # ``NamegenError.message_with`` replaces this


def shortened(message: str, max_bytes: int = MAX_MESSAGE) -> str:
    """Shorten a message to at most ``max_bytes`` bytes of UTF-8, by replacing its middle with an ellipsis.

    The start of a message contains the problem, and its end the advice. Every error message passes through this
    function, in case it contains a long value that wasn't shortened.

    >>> shortened("there is no model " + "x" * 3000 + ": use another", 60)
    'there is no model xxxxxxxxx … xxxxxxxxxxxxxx: use another'
    """
    data = message.encode("utf-8", "surrogatepass")
    if len(data) <= max_bytes:
        return message
    bytes_per_end = (max_bytes - len(_ELLIPSIS.encode())) // 2
    start = data[:bytes_per_end].decode("utf-8", "ignore")
    end = data[-bytes_per_end:].decode("utf-8", "ignore")
    # A complete setting has a NUL at each end. Remove a setting that was cut.
    if start.count("\0") % 2 == 1:
        start = start[: start.rindex("\0")]
    if end.count("\0") % 2 == 1:
        end = end[end.index("\0") + 1 :]
    return start + _ELLIPSIS + end


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that a user probably meant, to suggest it in a message, or None if no name is similar.

    A similar name starts with ``name``, or its edit distance is at most a quarter of the name's length. Letter case
    doesn't matter.

    >>> nearest("mlb-Frist", ["mlb-first", "mlb-last"]), nearest("Polish", ["Spanish"])
    ('mlb-first', None)
    """
    name = name.casefold()
    if len(name) > MAX_NAME_COMPARED:
        return None
    from rapidfuzz.distance import OSA

    closest = None
    max_distance = max(1, len(name) // 4)
    for known_name in known:
        is_start = len(name) > 2 and known_name.casefold().startswith(name)
        distance = 0 if is_start else OSA.distance(name, known_name.casefold())
        if distance <= max_distance:
            closest = known_name
            max_distance = distance - 1  # only a closer name replaces it
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

    def message_with(self, name_of: NameOf) -> str:
        """Return the message, with each setting as ``name_of`` writes it.

        >>> NamegenError(f"{setting('seed')} is -1").message_with(lambda name, value: f"--{name}")
        '--seed is -1'
        """
        message = super().__str__()
        with_names = _SETTING.sub(lambda match: name_of(match["name"], match["value"]), message)
        return shortened(with_names)

    def __str__(self) -> str:
        """Return the message, with settings written as Python arguments."""
        return self.message_with(lambda name, value: name if value is None else f"{name}={value}")


@contextmanager
def add_part_to_settings(part: str) -> Iterator[None]:
    """Add the part of a name to the settings in errors: ``min_length`` becomes ``given_min_length``.

    Settings that apply to all parts, such as ``temperature``, keep their names.

    >>> with add_part_to_settings("given"):
    ...     raise SettingsError(f"{setting('min_length')} is -1")
    Traceback (most recent call last):
    namegen.errors.SettingsError: given_min_length is -1
    """

    def with_part(name: str, value: str | None) -> str:
        applies_to_all_parts = name in OF_ALL_PARTS
        return setting(name if applies_to_all_parts else f"{part}_{name}", value)

    try:
        yield
    except SettingsError as error:
        raise SettingsError(error.message_with(with_part), field=error.field) from error
    except GenerationError as error:
        raise GenerationError(error.message_with(with_part)) from error


class NamesError(NamegenError):
    """A list of names can't be read, or isn't suitable for the task."""


class CheckpointError(NamegenError):
    """A model file is damaged, isn't a model, has a newer format, or contradicts its description."""


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
    """A backend failed with an unexpected error. Files that were already saved are unchanged."""


def gathered(batches: Iterable[Iterable[T]]) -> list[T]:
    """Collect all batches in one list. If a GenerationError is raised, its ``found`` contains the items so far.

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
    """Turn unexpected errors of a backend into an EngineFailedError, which names the file and the line.

    Args:
        engine: the name of the backend.
        doing: what the backend does, such as ``in epoch 3``.
        then: the end of the message, with the consequences and what to do.

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

        message = str(error).strip() or "no message"
        reason = message.splitlines()[0][:LONGEST_REASON]
        [frame] = traceback.extract_tb(error.__traceback__, -1)
        file = "/".join(Path(frame.filename).parts[-2:])
        raise EngineFailedError(
            f"the backend {engine} failed {doing} with {type(error).__name__} ({reason}) in {file}, line "
            f"{frame.lineno}{then}"
        ) from error


class TrainingError(NamegenError):
    """Training can't continue. Files that were already saved are unchanged."""


class GenerationError(NamegenError):
    """There are no names, or too few, that satisfy the constraints."""

    #: The names that were generated before the error, if the function returns a list.
    found: Sequence[object] = ()


class ResultsError(NamegenError):
    """The results of a comparison can't be read."""


class SettingsError(NamegenError):
    """A value has the wrong type, is out of range, or contradicts another value.

    Args:
        message: the message.
        field: the setting whose value is wrong, or None if there are several.
    """

    exit_code: ClassVar[int] = 2

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


# Control characters (which move the cursor, change colors or ring), line and paragraph separators, characters that
# override the writing direction, and lone surrogates. Scripts and emoji need joiners, LRM and RLM, so these are safe.
UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
MAX_SHOWN = 40  # the maximum length of a value in a message, in characters
MAX_PATH_SHOWN = 200
# Reads only the part of a value that is shown, because values can be huge or deeply nested.
_SHORT_REPR = reprlib.Repr()
_SHORT_REPR.maxlevel = MAX_SHOWN
_SHORT_REPR.maxdict = MAX_SHOWN
_SHORT_REPR.maxlist = MAX_SHOWN
_SHORT_REPR.maxtuple = MAX_SHOWN
_SHORT_REPR.maxset = MAX_SHOWN
_SHORT_REPR.maxfrozenset = MAX_SHOWN
_SHORT_REPR.maxstring = 2 * MAX_SHOWN
_SHORT_REPR.maxlong = 2 * MAX_SHOWN
_SHORT_REPR.maxother = 2 * MAX_SHOWN
# The start of a formula in a spreadsheet, also in full-width characters, at the start of a cell. In many locales, a
# semicolon or a tab also starts a cell, even inside quotes.
FORMULA = re.compile(r"(^|[;\t])(\s*[=+\-@＝＋－＠])")


def quote(text: str, longest: int = 40) -> str:
    r"""Quote untrusted text for a message. Control characters are escaped, and long text is cut.

    >>> quote("a\x1b[31m"), len(quote("x" * 1000))
    ("'a\\x1b[31m'", 42)
    """
    return repr(cut(text, longest))


def short(path: object, longest: int = MAX_PATH_SHOWN) -> str:
    """Return a path as messages show it. A long path is shortened.

    >>> short("runs/first"), len(short("x" * 4096))
    ('runs/first', 200)
    """
    return cut(str(path), longest)


def shown(value: object) -> str:
    """Format any untrusted value for a message. Control characters are escaped, and long values are cut.

    >>> shown((32, 32)), shown("x" * 1000) == quote("x" * 1000), len(shown([0] * 1000))
    ('[32, 32]', True, 40)
    """
    if isinstance(value, str):
        return quote(value, MAX_SHOWN)
    if isinstance(value, tuple):
        value = list(value)  # shown in brackets, as in a config file
    return cut(_SHORT_REPR.repr(value), MAX_SHOWN)


def reason_of(error: Exception) -> str:
    """Return the message of an error. For a system error, leave out its number and path."""
    system_message = getattr(error, "strerror", None)
    return str(system_message or error)


def cut(text: str, max_length: int) -> str:
    """Cut a string to at most ``max_length`` characters. If it's cut, it ends with an ellipsis."""
    if len(text) <= max_length:
        return text
    return text[: max_length - 1] + "…"


def printable(text: str) -> str:
    r"""Escape the control characters in untrusted text, such as a name or a path.

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
    if count == 1:
        return f"1 {thing}"
    return f"{count:,} {thing}s"


def safe_cell(value: T) -> T | str:
    """Return a value for a table cell. An apostrophe prevents spreadsheets from running strings as formulas.

    >>> safe_cell("=1+1"), safe_cell("a;=1+1"), safe_cell("Ann-Lee"), safe_cell(-1.5)
    ("'=1+1", "a;'=1+1", 'Ann-Lee', -1.5)
    """
    if isinstance(value, str):
        return FORMULA.sub(r"\1'\2", value)
    return value


DISTRIBUTION = "namegen-rnn"  # on PyPI, namegen is a different project
_PYPROJECT = Path(__file__).parents[1] / "pyproject.toml"
_EXTRA = re.compile(r"""\bextra\s*==\s*["']([^"']+)["']""")


def missing_library(what: str, library: str | None, *extras: str) -> str:
    """Return the message for a missing library, with the command that installs it.

    Args:
        what: the feature that needs the library. The message starts with it.
        library: the missing library, which is the ``name`` of the ModuleNotFoundError.
        extras: the extras that the library belongs to. The command installs all libraries of these extras.

    >>> missing_library("the Faker provider", "faker", "faker")
    "the Faker provider needs faker, which is not installed: install it with: pip install 'Faker>=37'"
    """
    return f"{what} needs {library}, which is not installed: install it with: {install_command(*extras)}"


def install_command(*extras: str) -> str:
    """Return the command that installs the libraries of some extras.

    >>> install_command("faker")
    "pip install 'Faker>=37'"
    """
    quoted_libraries: list[str] = []
    for extra in extras:
        quoted_libraries += [f"'{library}'" for library in requirements(extra)]
    return " ".join(["pip install", *quoted_libraries])


def requirements(extra: str) -> tuple[str, ...]:
    """Return the libraries in an extra, with their versions.

    They are read from the installed package, or else from pyproject.toml.

    >>> requirements("faker")
    ('Faker>=37',)
    """
    from importlib.metadata import PackageNotFoundError, requires

    try:
        lines = requires(DISTRIBUTION) or []
    except PackageNotFoundError:
        # namegen isn't installed as a package.
        import tomllib

        document = tomllib.loads(_PYPROJECT.read_text(encoding="utf-8"))
        return tuple(document["project"]["optional-dependencies"][extra])
    libraries: list[str] = []
    for line in lines:
        library, _, marker = line.partition(";")
        if extra in _EXTRA.findall(marker):
            libraries.append(library.strip())
    return tuple(libraries)
