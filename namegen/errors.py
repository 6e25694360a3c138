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
    ├── GenerationError           a wish for names cannot be met
    ├── FetchError                a public source cannot be read
    ├── ResultsError              the results of a comparison or a sweep cannot be read
    └── SettingsError             exit code 2: a value is of the wrong type or out of its range

A message says what came, what was expected, and what to do. Where it speaks of a setting it uses ``setting``, so that
each reader meets the name that they can type: ``min_length`` in Python, ``--min-length`` on the command line.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import ClassVar, TypeAlias

# NUL can stand in no list, path or option, so no text from outside is ever taken for a setting.
_SETTING = re.compile("\0(\\w+)(?:=([^\0]*))?\0")

OF_ALL_PARTS = ("temperature", "top_k", "top_p", "seed")
LONGEST_REASON = 200  # characters of what a foreign exception says
LONGEST_MESSAGE = 2_000  # bytes of a whole message in UTF-8, whatever a file or an argument brings into it
MAX_NAME_COMPARED = 100  # characters of a name for which a near one is sought

_GAP = " … "

NameOf: TypeAlias = Callable[[str, str | None], str]  # a setting's name, and the value it should have → how to say it


def setting(name: str, value: object = None) -> str:
    """The name of a setting for a message, with the value that it should have if one is given.

    >>> str(NamegenError(f"raise {setting('max_length')}, or give {setting('allow_seen', True)}"))
    'raise max_length, or give allow_seen=True'
    """
    return f"\0{name}\0" if value is None else f"\0{name}={value}\0"


def as_in_python(name: str, value: str | None) -> str:
    """How a program says a setting."""
    return name if value is None else f"{name}={value}"


def shortened(message: str, most: int = LONGEST_MESSAGE) -> str:
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
        begins = len(asked) > 2 and one.startswith(asked)
        return 0 if begins else OSA.distance(asked, one)

    found = min(known, key=lambda one: distance(one.casefold()), default=None)
    return found if found is not None and distance(found.casefold()) <= max(1, len(asked) // 4) else None


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
        return self.told(as_in_python)


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
        told = error.told(lambda name, value: setting(name if name in OF_ALL_PARTS else f"{part}_{name}", value))
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


@contextmanager
def engine_at_work(engine: str, doing: str, then: str) -> Iterator[None]:
    """While it lasts, whatever an engine raises of its own is told as the engine's, as an EngineFailedError.

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
        raise EngineFailedError(
            f"the engine {engine} failed {doing} with {type(error).__name__} ({said}){then}"
        ) from error


class TrainingError(NamegenError):
    """Training cannot go on; what was saved before stays as it is."""


class GenerationError(NamegenError):
    """A wish for names cannot be met, in whole or in part."""


class FetchError(NamegenError):
    """A public source of names cannot be read."""


class ResultsError(NamegenError):
    """The results of a comparison or a sweep cannot be read."""


class SettingsError(NamegenError):
    """A value is of the wrong type, out of its range, or contradicts another.

    ``field``: the one setting whose value is wrong, where it is one.
    """

    exit_code: ClassVar[int] = 2

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field
