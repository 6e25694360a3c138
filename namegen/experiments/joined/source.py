"""What is joined: the results of a comparison or of a sweep, from their folders."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import ascii_uppercase
from typing import Any

from namegen.documents import Json
from namegen.errors import ResultsError, short, shown
from namegen.experiments.compare.document import FORMAT as COMPARISON
from namegen.experiments.compare.document import Comparison
from namegen.experiments.compare.reading import read_comparison, read_results
from namegen.experiments.compare.words import counted
from namegen.experiments.list_names import list_names
from namegen.experiments.machine import EngineCode, code_in_words
from namegen.experiments.sweep.document import Results, results_from_plain
from namegen.experiments.sweep.grid import SEED
from namegen.experiments.sweep.results import FORMAT as SWEEP
from namegen.experiments.sweep.results import FORMAT_VERSION as SWEEP_VERSION
from namegen.experiments.sweep.results import lists_of
from namegen.files import is_folder

RESULTS = "results.json"
KIND = "kind"  # the fact that says what a report is


@dataclass(frozen=True)
class Source:
    """One of the reports that are joined.

    Attributes:
        letter: what the joined report calls it.
        path: its folder, or its file, as it was given.
        results: of a comparison or of a sweep.
    """

    letter: str
    path: str
    results: Comparison | Results

    @property
    def kind(self) -> str:
        """What it is, in words."""
        if isinstance(self.results, Results):
            return "sweep"
        return f"comparison ({look(self.results)})" if self.results.quick else "comparison"

    @property
    def lists(self) -> tuple[str, ...]:
        """What its lists are called."""
        if isinstance(self.results, Results):
            return tuple(list_names(lists_of(self.results)).values())
        return tuple(entry.name for entry in self.results.lists)


def read_sources(paths: Sequence[str]) -> list[Source]:
    """Read the results of each folder; one that is given twice counts once.

    Args:
        paths: folders with a ``results.json``, or such files.

    Raises:
        ResultsError: one cannot be read, is something else, or is damaged.
    """
    files: dict[Path, str] = {}
    for path in paths:
        files.setdefault(_file(path).resolve(), path)
    return [Source(_letter(place), path, _read(path)) for place, path in enumerate(files.values())]


def _letter(place: int) -> str:
    """A to Z, then A2 and so on."""
    number, letter = divmod(place, len(ascii_uppercase))
    return ascii_uppercase[letter] + (str(number + 1) if number else "")


def _file(path: str) -> Path:
    return Path(path) / RESULTS if is_folder(Path(path), ResultsError) else Path(path)


def _read(path: str) -> Comparison | Results:
    file = _file(path)
    try:
        plain = read_results(file)
    except ResultsError as error:
        if not isinstance(error.__cause__, FileNotFoundError):
            raise
        raise ResultsError(
            f"{short(path)} has no {RESULTS}: give the folder of a finished comparison or sweep"
            if file != Path(path)
            else f"cannot read {short(path)}: there is no such file or folder"
        ) from error
    found = plain.get("format") if isinstance(plain, dict) else None
    if not isinstance(plain, dict) or found not in (COMPARISON, SWEEP):
        raise ResultsError(
            f"{short(file)} is not the results of a comparison or a sweep: give a folder that namegen compare-backends "
            "or namegen sweep has made"
        )
    if found == COMPARISON:
        return read_comparison(file)
    if plain.get("format_version") != SWEEP_VERSION:
        raise ResultsError(
            f"{short(file)} has the format version {shown(plain.get('format_version'))}, this namegen reads "
            f"{SWEEP_VERSION}: join it with the namegen that made it"
        )
    try:
        return results_from_plain(plain)
    except ValueError as error:
        raise ResultsError(f"{short(file)} is damaged ({error}): make it anew with namegen sweep") from error


def look(results: Comparison) -> str:
    """For how long a comparison trained: in a quick look networks learn less."""
    if not results.quick:
        return "in full"
    return "a quick look" + ("" if results.quick_epochs is None else f", {counted(results.quick_epochs, 'epoch')}")


# --- where and with what it was measured ------------------------------------------------------------------------------


def facts(source: Source) -> dict[str, str]:
    """Where and with what a report was measured: what it is called → its value, in words."""
    results = source.results
    if isinstance(results, Results):
        machines = [run.machine for run in results.runs if run.machine]
        versions = [run.versions for run in results.runs if run.versions]
        found = {
            name: _each(_machine(one)[name] for one in machines) for name in (_machine(machines[0]) if machines else ())
        }
        names = dict.fromkeys(name for one in versions for name in one)
        found |= {name: _each(one.get(name) for one in versions) for name in names}
        found |= {
            "threads": str(results.base.run.threads or 1),  # as a worker has it: others run beside it
            "seeds": ", ".join(dict.fromkeys(str(seed) for seed in _values(results, SEED))),
            "seed of the split": _each(map(_split_seed, _values(results, "data.split_seed"))),
            "held out": _each(f"{share:.0%}" for share in _values(results, "data.validation")),
            "commit": _each(run.commit for run in results.runs),
        }
    else:
        found = _machine(vars(results.machine))
        found |= {name: version or "–" for name, version in results.versions.items()}
        found |= {
            "threads": str(results.threads),
            "seeds": ", ".join(map(str, results.seeds)),
            "seed of the split": _split_seed(results.split_seed),
            "held out": f"{results.validation:.0%}",
            "commit": " and ".join(results.commits) or "–",
        }
    codes: Mapping[str, EngineCode] = results.engine_codes or {}
    return {KIND: source.kind} | found | {f"engine {name}": code_in_words(code) for name, code in codes.items()}


def _values(results: Results, path: str) -> tuple[Any, ...]:
    """The values that a setting has in a sweep: those of its axis, or the one beside the grid."""
    table, _, name = path.partition(".")
    return tuple(results.axes.get(path, ())) or (getattr(getattr(results.base, table), name),)


def _split_seed(seed: int | None) -> str:
    return "that of each training" if seed is None else str(seed)


def _machine(machine: Mapping[str, Json]) -> dict[str, str]:
    memory = machine.get("memory_gib")
    return {
        "processor": str(machine.get("processor", "–")),
        "cores": str(machine.get("cores", "–")),
        "memory": f"{memory:g} GiB" if isinstance(memory, float | int) else "–",
        "system": str(machine.get("system", "–")),
    }


def _each(values: Iterable[str | None]) -> str:
    """The different values of the runs of a sweep."""
    return " and ".join(dict.fromkeys(value or "–" for value in values))
