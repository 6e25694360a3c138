"""Every error that namegen raises on purpose, as one tree.

    NamegenError                  exit code 1: one sentence for the user, never a traceback
    ├── NamesError                a list of names cannot be read, or does not do for the task
    ├── CheckpointError           a model file is damaged, foreign, or does not fit its description
    ├── OutputError               a result cannot be written, or would overwrite something
    │   └── FolderInUseError      another process writes to that folder at the moment
    ├── EngineError               a backend is missing or refuses a network
    │   └── UnknownEngineError    exit code 2: no backend has that name
    ├── EngineFailedError         a backend broke down in the midst of its work
    ├── TrainingError             training cannot go on (the loss is not finite)
    ├── GenerationError           a constraint for names cannot be met
    ├── ResultsError              the results of a comparison cannot be read
    └── SettingsError             exit code 2: a value is of the wrong type or out of its range

A message says what came, what was expected, and what to do. Where it speaks of a setting it uses ``setting``, so that
each reader meets the name that they can type: ``min_length`` in Python, ``--min-length`` on the command line.

Text from outside is made safe for a message by ``quote``, ``short``, ``shown`` and ``printable``.
"""

from __future__ import annotations

import re
import reprlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar, TypeAlias, TypeVar

# NUL can stand in no list, path or option, so no text from outside is ever taken for a setting.
_SETTING = re.compile("\0(\\w+)(?:=([^\0]*))?\0")

OF_ALL_PARTS = ("temperature", "top_k", "top_p", "seed")
LONGEST_REASON = 200  # characters of what a foreign exception says
MAX_MESSAGE = (
    2_000  # bytes of a whole message in UTF-8, whatever a file or an argument brings into it
)
MAX_NAME_COMPARED = 100  # characters of a name for which a near one is sought

_GAP = " … "

T = TypeVar("T")
NameOf: TypeAlias = Callable[
    [str, str | None], str
]  # a setting's name, and the value it should have → how to say it


def setting(name: str, value: object = None) -> str:
    """The name of a setting for a message, with the value that it should have if one is given.

    >>> str(NamegenError(f"raise {setting('max_length')}, or give {setting('allow_seen', True)}"))
    'raise max_length, or give allow_seen=True'
    """
    return f"\0{name}\0" if value is None else f"\0{name}={value}\0"


def shortened(message: str, most: int = MAX_MESSAGE) -> str:
    """A message of at most so many bytes in UTF-8: of a longer one the beginning and the end, as the one says what came
    and the other what to do. Every error passes here, so a value that was forgotten to be cut is cut now.

    >>> shortened("there is no model " + "x" * 3000 + ": give another", 60)
    'there is no model xxxxxxxxx … xxxxxxxxxxxxx: give another'
    """
    data = message.encode("utf-8", "surrogatepass")
    if len(data) <= most:
        return message
    half = (most - len(_GAP.encode())) // 2
    begins, ends = data[:half].decode("utf-8", "ignore"), data[-half:].decode("utf-8", "ignore")
    if begins.count("\0") % 2:  # in the midst of a setting
        begins = begins[: begins.rindex("\0")]
    if ends.count("\0") % 2:
        ends = ends[ends.index("\0") + 1 :]
    return begins + _GAP + ends


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that was probably meant: one that begins with it, or one a few letters from it, at most a quarter
    of them. None where none is as near in spelling.

    >>> nearest("mlb-Frist", ["mlb-first", "mlb-last"]), nearest("Polish", ["Spanish"])
    ('mlb-first', None)
    """
    from rapidfuzz.distance import OSA

    asked = name.casefold()
    if len(asked) > MAX_NAME_COMPARED:
        return None

    def distance(one: str) -> int:
        return 0 if len(asked) > 2 and one.startswith(asked) else OSA.distance(asked, one)

    found = min(known, key=lambda one: distance(one.casefold()), default=None)
    return (
        found
        if found is not None and distance(found.casefold()) <= max(1, len(asked) // 4)
        else None
    )


class NamegenError(Exception):
    """The root: catch it to catch everything that namegen reports on purpose. Its message is ``shortened``."""

    exit_code: ClassVar[int] = 1

    def told(self, name_of: NameOf) -> str:
        """The message, with each setting named as the reader knows it.

        >>> NamegenError(f"{setting('seed')} is -1").told(lambda name, value: f"--{name}")
        '--seed is -1'
        """
        return shortened(_SETTING.sub(lambda found: name_of(found[1], found[2]), super().__str__()))

    def __str__(self) -> str:
        """The message, with settings named as arguments in Python."""
        return self.told(lambda name, value: name if value is None else f"{name}={value}")


@contextmanager
def of_part(part: str) -> Iterator[None]:
    """While it lasts, an error speaks of the settings of one part: ``min_length`` as ``given_min_length``. How names
    are drawn is a matter of all parts together.

    >>> with of_part("given"):
    ...     raise SettingsError(f"{setting('min_length')} is -1")
    Traceback (most recent call last):
    namegen.errors.SettingsError: given_min_length is -1
    """
    try:
        yield
    except (SettingsError, GenerationError) as error:
        told = error.told(
            lambda name, value: setting(name if name in OF_ALL_PARTS else f"{part}_{name}", value)
        )
        if isinstance(error, SettingsError):
            raise SettingsError(told, field=error.field) from error
        raise GenerationError(told) from error


class NamesError(NamegenError):
    """A list of names cannot be read, or does not do for the task."""


class CheckpointError(NamegenError):
    """A model file is damaged, foreign, of a newer format, or does not fit its own description."""


class OutputError(NamegenError):
    """A result cannot be written where it was asked for, or would overwrite something."""


class FolderInUseError(OutputError):
    """Another process, or another thread, is at work in the folder; nothing of its was touched."""


class EngineError(NamegenError):
    """A backend is unknown, lacks its library, or does not implement the network asked for."""


class UnknownEngineError(EngineError):
    """No backend has the name that was given: a wrong value, as of any other setting."""

    exit_code: ClassVar[int] = 2


class EngineFailedError(NamegenError):
    """A backend raised something of its own in the midst of its work; what was saved before stays as it is."""


def gathered(batches: Iterable[Iterable[T]]) -> list[T]:
    """All of some batches in one list; a GenerationError that ends them has what there was."""
    found: list[T] = []
    try:
        for batch in batches:
            found += batch
    except GenerationError as error:
        error.found = found
        raise
    return found


@contextmanager
def engine_at_work(engine: str, doing: str, then: str) -> Iterator[None]:
    """While it lasts, whatever an engine raises of its own is told as the engine's, with the file and the line, as an
    EngineFailedError.

    Args:
        engine: its name.
        doing: what it was to do, as in ``in epoch 3``.
        then: what has come of that, with what to do, and to whom.
    """
    try:
        yield
    except NamegenError:
        raise
    except Exception as error:
        said = (str(error).strip() or "no message").splitlines()[0][:LONGEST_REASON]
        import traceback  # 5 ms, which a command that nothing fails in need not wait for

        [last] = traceback.extract_tb(error.__traceback__, -1)
        said = f"{type(error).__name__} ({said}) in {'/'.join(Path(last.filename).parts[-2:])}, line {last.lineno}"
        raise EngineFailedError(f"the backend {engine} failed {doing} with {said}{then}") from error


class TrainingError(NamegenError):
    """Training cannot go on; what was saved before stays as it is."""


class GenerationError(NamegenError):
    """A constraint for names cannot be met, in whole or in part. ``found``: of a list that was asked for, what there
    is.
    """

    found: Sequence[object] = ()


class ResultsError(NamegenError):
    """The results of a comparison cannot be read."""


class SettingsError(NamegenError):
    """A value is of the wrong type, out of its range, or contradicts another.

    ``field``: the one setting whose value is wrong, where it is one.
    """

    exit_code: ClassVar[int] = 2

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


# Control characters (they move the cursor, colour, ring), line and paragraph separators, the marks that override the
# direction of writing, half characters. Marks that scripts and emoji are spelt with (joiners, LRM, RLM) stay.
UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
MAX_SHOWN = 40  # characters of a value in a message
MAX_PATH_SHOWN = 200
# Looks no further into a value than will be shown of it: one of a stranger may be huge, or nest without an end.
_SHORT = reprlib.Repr()
_SHORT.maxlevel = _SHORT.maxdict = _SHORT.maxlist = _SHORT.maxtuple = _SHORT.maxset = (
    _SHORT.maxfrozenset
) = MAX_SHOWN
_SHORT.maxstring = _SHORT.maxlong = _SHORT.maxother = 2 * MAX_SHOWN
# What a spreadsheet takes for a formula (East Asian ones in full width, too), at the beginning of a cell: that may be
# behind a semicolon or a tab as well, which separate cells in many locales, whatever stands in quotes.
FORMULA = re.compile(r"(^|[;\t])(\s*[=+\-@＝＋－＠])")


def quote(text: str, longest: int = 40) -> str:
    r"""Text from outside for a message: control characters escaped, long text cut.

    >>> quote("a\x1b[31m"), len(quote("x" * 1000))
    ("'a\\x1b[31m'", 42)
    """
    return repr(cut(text, longest))


def short(path: object, longest: int = MAX_PATH_SHOWN) -> str:
    """A path for a message, cut where it is longer than anybody reads.

    >>> short("runs/first"), len(short("x" * 4096))
    ('runs/first', 200)
    """
    return cut(str(path), longest)


def shown(value: object) -> str:
    """A value of any kind for a message: as ``repr`` has it, control characters escaped, long ones cut.

    >>> shown((32, 32)), shown("x" * 1000) == quote("x" * 1000), len(shown([0] * 1000))
    ('[32, 32]', True, 40)
    """
    value = list(value) if isinstance(value, tuple) else value  # as a config writes it
    return quote(value, MAX_SHOWN) if isinstance(value, str) else cut(_SHORT.repr(value), MAX_SHOWN)


def reason_of(error: Exception) -> str:
    """What a system's error says, without its number and the path."""
    return str(getattr(error, "strerror", None) or error)


def cut(text: str, most: int) -> str:
    """Text that is too long ends in an ellipsis."""
    return text if len(text) <= most else text[: most - 1] + "…"


def printable(text: str) -> str:
    r"""Text from a list, a model or a path with its control characters escaped.

    >>> printable("a\x1b[31mb"), printable("Zoë")
    ('a\\x1b[31mb', 'Zoë')
    """
    return (
        text
        if text.isprintable()
        else UNSAFE.sub(lambda found: found[0].encode("unicode_escape").decode(), text)
    )


def counted(count: int, thing: str) -> str:
    """How many of a thing.

    >>> counted(1, "name"), counted(2_000, "name")
    ('1 name', '2,000 names')
    """
    return f"{count:,} {thing}" if count == 1 else f"{count:,} {thing}s"


def safe_cell(value: T) -> T | str:
    """A cell that no spreadsheet runs: an apostrophe stands before what would be a formula.

    >>> safe_cell("=1+1"), safe_cell("a;=1+1"), safe_cell("Ann-Lee"), safe_cell(-1.5)
    ("'=1+1", "a;'=1+1", 'Ann-Lee', -1.5)
    """
    return FORMULA.sub(r"\1'\2", value) if isinstance(value, str) else value


DISTRIBUTION = (
    "namegen-rnn"  # what is installed; the name namegen is somebody else's on the public index
)
_PYPROJECT = Path(__file__).parents[1] / "pyproject.toml"
_EXTRA = re.compile(r"""\bextra\s*==\s*["']([^"']+)["']""")


def missing_library(what: str, library: str | None, *extras: str) -> str:
    """The sentence for a library that is not there.

    Args:
        what: what needs it, as the subject of the sentence.
        library: the one that was not found, as ``ModuleNotFoundError.name`` says it.
        extras: those that it belongs to; all of their libraries are named, as one rarely goes without the others.
    """
    return f"{what} needs {library}, which is not installed: install it with: {install_command(*extras)}"


def install_command(*extras: str) -> str:
    """What installs the libraries of some extras.

    >>> install_command("faker")
    "pip install 'Faker>=37'"
    """
    return " ".join(
        ["pip install", *(f"'{one}'" for extra in extras for one in requirements(extra))]
    )


def requirements(extra: str) -> tuple[str, ...]:
    """The libraries of an extra with their versions: as installed, or else as the checkout's pyproject.toml says."""
    import tomllib
    from importlib.metadata import PackageNotFoundError, requires

    try:
        lines = requires(DISTRIBUTION) or []
    except PackageNotFoundError:
        document = tomllib.loads(_PYPROJECT.read_text(encoding="utf-8"))
        return tuple(document["project"]["optional-dependencies"][extra])
    found = [line.partition(";") for line in lines]
    return tuple(library.strip() for library, _, marker in found if extra in _EXTRA.findall(marker))
