"""Where figures were measured; and which code measures: a change makes what is kept stale, and none may be missing."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from namegen.errors import NamegenError
from namegen.experiments import machine
from namegen.experiments.machine import MEASURING_CODE, PACKAGE, code_fingerprint
from tests.test_architecture_rules import imports

# What measuring code imports and what changes no figure: how things are told, written, found or asked for.
CHANGES_NO_FIGURE = {
    "documents.py",
    "errors.py",
    "escaping.py",
    "experiments/compare/measured.py",  # the form of the figures: what was kept in another one is measured again
    "experiments/compare/subjects.py",  # what they say stands in a measurement's key
    "experiments/engine_code.py",
    "experiments/machine.py",
    "experiments/sweep/grid.py",  # which settings a run has stands in its key
    "files.py",
    "types.py",
}


@pytest.fixture
def fresh() -> Iterator[None]:
    """Fingerprints of code that a test has replaced are not remembered."""
    code_fingerprint.cache_clear()
    yield
    code_fingerprint.cache_clear()


@pytest.mark.parametrize("command", MEASURING_CODE)
def test_what_the_fingerprint_names_is_there(command: str) -> None:
    assert all((PACKAGE / part).exists() for part in MEASURING_CODE[command])
    assert len(code_fingerprint(command)) == 16


@pytest.mark.usefixtures("fresh")
@pytest.mark.parametrize("part", ["core/moved.py", "moved"])
def test_a_part_that_is_not_there_is_an_error(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(machine.MEASURING_CODE, "sweep", ("core", part))
    with pytest.raises(NamegenError, match=f"namegen/{part} is not there.*MEASURING_CODE"):
        code_fingerprint("sweep")


@pytest.mark.usefixtures("fresh")
def test_an_edit_changes_the_fingerprint_of_the_commands_that_it_concerns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for part in {part for parts in MEASURING_CODE.values() for part in parts}:
        file = tmp_path / part if part.endswith(".py") else tmp_path / part / "inner" / "one.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("")
    monkeypatch.setattr(machine, "PACKAGE", tmp_path)
    before = {command: code_fingerprint(command) for command in MEASURING_CODE}
    (tmp_path / "experiments" / "sweep" / "task.py").write_text("changed = True")
    code_fingerprint.cache_clear()
    assert code_fingerprint("compare-backends") == before["compare-backends"]
    assert code_fingerprint("sweep") != before["sweep"]
    (tmp_path / "core" / "inner" / "one.py").write_text("changed = True")
    code_fingerprint.cache_clear()
    assert code_fingerprint("compare-backends") != before["compare-backends"]


@pytest.mark.parametrize(
    ("command", "first"),
    [("compare-backends", "experiments/compare/measure.py"), ("sweep", "experiments/sweep/task.py")],
)
def test_no_code_that_measures_is_forgotten(command: str, first: str) -> None:
    """All that the measuring file imports is in the fingerprint, or stands above with those that change no figure."""
    for module in imports(ast.parse((PACKAGE / first).read_text(encoding="utf-8")), late=True):
        if module.startswith("namegen."):
            path = PACKAGE.parent / module.replace(".", "/")
            file = (path if path.is_dir() else path.with_suffix(".py")).relative_to(PACKAGE)
            named = any(file == Path(part) or Path(part) in file.parents for part in MEASURING_CODE[command])
            assert named or str(file) in CHANGES_NO_FIGURE, f"{first} imports {file}, which no fingerprint holds"


def test_the_machine_is_described_without_a_name() -> None:
    assert set(machine.machine()) == {"processor", "cores", "memory_gib", "system"}
