"""Test the description of the machine, and the hash of the code that results depend on."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

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

# Modules that the measuring code imports, but that don't affect the results.
CHANGES_NO_FIGURE = {
    "children.py",
    "documents.py",
    "errors.py",
    "events.py",
    "experiments/compare/document.py",  # the format of the results: results in an old format are measured again
    "experiments/machine.py",
    "experiments/sweep/document.py",  # the format of a sweep's runs
    "experiments/sweep/grid.py",  # the key of a run already contains its settings
    "files.py",
    "types.py",
}


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    """Clear the caches before and after a test."""
    for remembered in (code_fingerprint, engine_code):
        remembered.cache_clear()
    yield
    for remembered in (code_fingerprint, engine_code):
        remembered.cache_clear()


def test_all_measuring_code_exists() -> None:
    for part in MEASURING_CODE:
        path = PACKAGE / part
        assert path.is_file() if path.suffix else any(path.rglob("*.py")), part
    assert len(code_fingerprint()) == 16


def test_an_edit_changes_the_fingerprint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "MEASURING_CODE", ("core", "one.py"))
    monkeypatch.setattr(machine, "PACKAGE", tmp_path)
    found = set()
    (tmp_path / "core" / "inner").mkdir(parents=True)
    for file, text in (
        ("one.py", ""),
        ("core/inner/one.py", ""),
        ("core/inner/one.py", "changed"),
        ("one.py", "x"),
    ):
        (tmp_path / file).write_text(text)
        if (tmp_path / "core" / "inner" / "one.py").exists():
            code_fingerprint.cache_clear()
            found.add(code_fingerprint())
    assert len(found) == 3


@pytest.mark.parametrize(
    "first",
    [
        "experiments/compare/measure.py",
        "experiments/compare/measure_generation.py",
        "experiments/compare/measure_list.py",
        "experiments/compare/measure_training.py",
        "experiments/sweep/task.py",
    ],
)
def test_the_fingerprint_includes_all_imported_code(first: str) -> None:
    """It includes all modules that the measuring code imports, except for those listed above."""
    for module in imports(ast.parse((PACKAGE / first).read_text(encoding="utf-8")), late=True):
        if module.startswith("namegen."):
            path = PACKAGE.parent / module.replace(".", "/")
            file = (path if path.is_dir() else path.with_suffix(".py")).relative_to(PACKAGE)
            named = any(file == Path(part) or Path(part) in file.parents for part in MEASURING_CODE)
            assert named or str(file) in CHANGES_NO_FIGURE, (
                f"{first} imports {file}, which isn't in the fingerprint"
            )


def test_the_description_of_the_machine_does_not_identify_it() -> None:
    assert set(vars(machine.machine())) == {"processor", "cores", "memory_gib", "system"}


# --- the code of a backend --------------------------------------------------------------------------------------------


def code_of(engine: str) -> EngineCode:
    engine_code.cache_clear()
    return engine_code(engine)


def test_editing_a_third_party_backend_changes_its_code_hash(site: Path) -> None:  # noqa: F811
    """The package isn't imported, because importing it fails."""
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
    ours = code_fingerprint()
    assert training_codes(["numpy", "fast"]) == {
        "numpy": ours,
        "fast": f"{ours}-{code_of('fast').code}",
    }
    assert not [name for name in sys.modules if name.startswith("fast_names")]


def test_versions_include_the_requirements_of_the_package(site: Path) -> None:  # noqa: F811
    (site / "lone_names.py").write_text("")
    distribute(site, "lone-names", "lone = lone_names:Engine")
    [metadata] = site.glob("*.dist-info/METADATA")
    needs = "".join(
        f"Requires-Dist: {one}\n"
        for one in ("rapidfuzz>=3", "no-such (>1)", "pytest; extra == 'dev'")
    )
    metadata.write_text(f"{metadata.read_text().strip()}\n{needs}")
    found = code_of("lone")
    assert found.code
    assert set(found.versions) == {"numpy", "rapidfuzz", "no-such", "lone-names"}
    assert (found.versions["no-such"], found.versions["lone-names"]) == (None, "1.0")
    assert found.versions["rapidfuzz"] == library_version("rapidfuzz")


@pytest.mark.parametrize("path", ["sys:Engine", "no_such_module:Engine", "", "a..b:C"])
def test_a_backend_without_a_file_has_no_code_hash(path: str, site: Path) -> None:  # noqa: F811
    distribute(site, "odd-names", f"odd = {path}")
    found = code_of("odd")
    assert found.code is None
    assert set(found.versions) == {"numpy", "odd-names"}
    assert code_of("not registered") == EngineCode(None, {"numpy": library_version("numpy")})


def test_built_in_backends_list_their_libraries() -> None:
    needs = {
        "numpy": {"numpy"},
        "keras": {"numpy", "keras", "tensorflow"},
        "tflite": {"numpy", "ai-edge-litert"},
    }
    for engine, libraries in needs.items():
        assert set(engine_code(engine).versions) == libraries
    found = codes_for_report(["numpy", "keras"])
    assert {one.code for one in found.values()} == {code_fingerprint()}
    assert list(versions(())) == [
        "python",
        "namegen",
        "ai-edge-litert",
        "keras",
        "numpy",
        "tensorflow",
    ]
