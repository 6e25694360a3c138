"""Where figures were measured; and which code measures: a change makes what is kept stale, and none may be missing."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from namegen.errors import NamegenError
from namegen.experiments import machine
from namegen.experiments.machine import (
    MEASURING_CODE,
    PACKAGE,
    EngineCode,
    code_fingerprint,
    codes_for_report,
    engine_code,
    library_version,
    training_codes,
    versions,
)
from tests.conformance.test_registry import distribute, site  # noqa: F401  # a fixture
from tests.test_architecture_rules import imports

# What measuring code imports and what changes no figure: how things are told, written, found or asked for.
CHANGES_NO_FIGURE = {
    "api/teachers.py",  # tells how far a training is
    "children.py",
    "documents.py",
    "errors.py",
    "events.py",
    "experiments/compare/document.py",  # the form of the figures: what was kept in another one is measured again
    "experiments/machine.py",
    "experiments/sweep/document.py",  # the same of a run
    "experiments/sweep/grid.py",  # which settings a run has stands in its key
    "files.py",
    "types.py",
}


@pytest.fixture
def fresh() -> Iterator[None]:
    """What a test has replaced is not remembered."""
    for remembered in (code_fingerprint, engine_code):
        remembered.cache_clear()
    yield
    for remembered in (code_fingerprint, engine_code):
        remembered.cache_clear()


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
    assert set(vars(machine.machine())) == {"processor", "cores", "memory_gib", "system"}


# --- an engine --------------------------------------------------------------------------------------------------------


def code_of(engine: str) -> EngineCode:
    engine_code.cache_clear()
    return engine_code(engine)


@pytest.mark.usefixtures("fresh")
def test_an_edit_of_any_file_of_a_third_partys_package_is_seen(site: Path) -> None:  # noqa: F811
    """None of it is imported to see that, as importing it fails."""
    inner = site / "fast_names" / "inner"
    inner.mkdir(parents=True)
    (site / "fast_names" / "__init__.py").write_text("raise RuntimeError('imported')")
    (inner / "engine.py").write_text("")
    distribute(site, "fast-names", "fast = fast_names.inner.engine:Engine")
    found = {code_of("fast").code}
    (inner / "notes.txt").write_text("no code")
    assert {code_of("fast").code} == found
    assert [len(str(code)) for code in found] == [16]
    for changed in (inner / "engine.py", site / "fast_names" / "__init__.py", inner / "kernel.so"):
        with changed.open("a") as stream:
            stream.write("# an edit")
        found.add(code_of("fast").code)
    inner.rename(site / "fast_names" / "outer")
    assert len({*found, code_of("fast").code} - {None}) == 5
    ours = code_fingerprint("sweep")
    assert training_codes(["numpy", "fast"]) == {"numpy": ours, "fast": f"{ours}-{code_of('fast').code}"}
    assert not [name for name in sys.modules if name.startswith("fast_names")]


@pytest.mark.usefixtures("fresh")
def test_versions_are_those_of_what_its_distribution_requires(site: Path) -> None:  # noqa: F811
    (site / "lone_names.py").write_text("")
    distribute(site, "lone-names", "lone = lone_names:Engine")
    [metadata] = site.glob("*.dist-info/METADATA")
    needs = "".join(f"Requires-Dist: {one}\n" for one in ("rapidfuzz>=3", "no-such (>1)", "pytest; extra == 'dev'"))
    metadata.write_text(f"{metadata.read_text().strip()}\n{needs}")
    found = code_of("lone")
    assert found.code
    assert set(found.versions) == {"numpy", "rapidfuzz", "no-such", "lone-names"}
    assert (found.versions["no-such"], found.versions["lone-names"]) == (None, "1.0")
    assert found.versions["rapidfuzz"] == library_version("rapidfuzz")


@pytest.mark.usefixtures("fresh")
@pytest.mark.parametrize("path", ["sys:Engine", "no_such_module:Engine", "", "a..b:C"])
def test_an_engine_that_lies_in_no_file_is_no_failure(path: str, site: Path) -> None:  # noqa: F811
    distribute(site, "odd-names", f"odd = {path}")
    found = code_of("odd")
    assert found.code is None
    assert set(found.versions) == {"numpy", "odd-names"}
    assert code_of("not registered") == EngineCode(None, {"numpy": library_version("numpy")})


@pytest.mark.usefixtures("fresh")
def test_our_own_engines_and_what_they_need() -> None:
    needs = {"numpy": {"numpy"}, "keras": {"numpy", "keras", "tensorflow"}, "tflite": {"numpy", "ai-edge-litert"}}
    for engine, libraries in needs.items():
        assert set(engine_code(engine).versions) == libraries
    found = codes_for_report(["numpy", "keras"], "sweep")
    assert {one.code for one in found.values()} == {code_fingerprint("sweep")}
    assert list(versions(())) == ["python", "namegen", "ai-edge-litert", "keras", "numpy", "tensorflow"]
