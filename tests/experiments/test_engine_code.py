"""The code of an engine: a change of it, or of what it needs, is seen; and none of it is imported to see that."""

from __future__ import annotations

import shutil
import sys
import zipfile
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from namegen.backends import ENGINES
from namegen.experiments import engine_code as looking
from namegen.experiments.engine_code import EngineCode, codes_for_report, engine_code, library_version, versions
from namegen.experiments.machine import code_fingerprint
from namegen.experiments.sweep.grid import training_code
from tests.conformance.test_registry import distribute, site  # noqa: F401  # a fixture

ENGINE = """
raise RuntimeError("imported")
class Helper: requires = ("nothing",)
class Engine:
    requires: tuple[str, ...] = ("rapidfuzz", "no_such_library")
"""


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    engine_code.cache_clear()
    yield
    engine_code.cache_clear()


@pytest.fixture
def code(site: Path) -> Callable[[], EngineCode]:  # noqa: F811
    """The code of the engine ``fast`` as it is now: of a package whose import fails."""
    (site / "fast_names" / "inner").mkdir(parents=True)
    (site / "fast_names" / "__init__.py").write_text("raise RuntimeError('imported')")
    (site / "fast_names" / "inner" / "__init__.py").write_text("")
    (site / "fast_names" / "inner" / "engine.py").write_text(ENGINE)
    distribute(site, "fast-names", "fast = fast_names.inner.engine:Engine")

    def look() -> EngineCode:
        engine_code.cache_clear()
        return engine_code("fast")

    return look


def test_an_edit_of_any_file_of_the_package_is_seen(code: Callable[[], EngineCode], site: Path) -> None:  # noqa: F811
    before = code()
    assert code() == before
    (site / "fast_names" / "notes.txt").write_text("no code")
    assert code() == before
    found = {before.code}
    for changed in ("fast_names/inner/engine.py", "fast_names/__init__.py", "fast_names/inner/kernel.so"):
        with (site / changed).open("a") as stream:
            stream.write("# an edit")
        found.add(code().code)
    (site / "fast_names" / "inner").rename(site / "fast_names" / "outer")
    assert len({*found, code().code}) == 5


def test_what_its_class_requires_is_read_without_importing_it(code: Callable[[], EngineCode]) -> None:
    found = code().versions
    assert set(found) == {"numpy", "rapidfuzz", "no_such_library", "fast-names"}
    assert (found["no_such_library"], found["fast-names"]) == (None, "1.0")
    assert found["rapidfuzz"] == library_version("rapidfuzz")
    assert not [name for name in sys.modules if name.startswith("fast_names")]


def test_a_library_may_go_by_the_name_that_it_is_imported_by(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looking, "packages_distributions", lambda: {"click": ["rapidfuzz"]})
    monkeypatch.setattr(looking, "version", lambda name: "1.2" if name == "rapidfuzz" else lost(name))
    assert (library_version("click"), library_version("no_such_library")) == ("1.2", None)


def lost(name: str) -> str:
    raise PackageNotFoundError(name)


def test_a_class_that_inherits_what_it_requires_is_asked(site: Path) -> None:  # noqa: F811
    (site / "base_names.py").write_text("class Base: requires = ('rapidfuzz',)\n")
    source = "from tests.fake_engine import FakeEngine\nfrom base_names import Base\n"
    (site / "heir_names.py").write_text(f"{source}class Engine(Base, FakeEngine): pass\n")
    distribute(site, "heir-names", "heir = heir_names:Engine")
    assert "rapidfuzz" in engine_code("heir").versions


@pytest.mark.parametrize("path", ["sys:Engine", "no_such_module:Engine", "", ":", "a..b:C", "__main__:Engine"])
def test_an_engine_that_lies_in_no_file_is_no_failure(path: str, site: Path) -> None:  # noqa: F811
    distribute(site, "odd-names", f"odd = {path}")
    found = engine_code("odd")
    assert found.code is None or path == "__main__:Engine"
    assert set(found.versions) == {"numpy", "odd-names"}
    assert engine_code("not registered").code is None


def test_of_an_archive_the_archive_counts(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    archive = site / "all.zip"
    distribute(site, "zip-names", "zipped = zip_names.engine:Engine")
    monkeypatch.syspath_prepend(str(archive))
    found = set()
    for content in ("1", "2"):
        with zipfile.ZipFile(archive, "w") as stream:
            stream.writestr("zip_names/__init__.py", "")
            stream.writestr("zip_names/engine.py", content)
        engine_code.cache_clear()
        found.add(engine_code("zipped").code)
    assert len(found - {None}) == 2


def test_of_a_namespace_only_the_engines_own_package_counts(site: Path) -> None:  # noqa: F811
    for part in ("mine", "others"):
        (site / "shared_space" / part).mkdir(parents=True)
        (site / "shared_space" / part / "__init__.py").write_text("")
    distribute(site, "space-names", "space = shared_space.mine:Engine")
    before = engine_code("space").code
    shutil.rmtree(site / "shared_space" / "others")
    engine_code.cache_clear()
    assert engine_code("space").code == before is not None


def test_a_sweep_knows_a_third_partys_code_from_our_own(code: Callable[[], EngineCode], site: Path) -> None:  # noqa: F811
    ours = code_fingerprint("sweep")
    assert training_code("numpy") == ours
    before = training_code("fast")
    assert before == f"{ours}-{code().code}"
    (site / "fast_names" / "inner" / "engine.py").write_text("")
    code()
    assert training_code("fast") != before


def test_our_own_engines_say_what_they_require(monkeypatch: pytest.MonkeyPatch) -> None:
    """None of them is imported for it."""
    monkeypatch.setattr(looking, "load_engine", None)
    assert set(engine_code("keras").versions) == {"numpy", "keras", "tensorflow"}
    assert set(engine_code("numpy").versions) == {"numpy"}
    assert set(engine_code("tflite").versions) == {"numpy", "ai-edge-litert"}
    found = codes_for_report(ENGINES, "sweep")
    assert {one.code for one in found.values()} == {code_fingerprint("sweep")}
    names = ["python", "namegen", "ai-edge-litert", "keras", "numpy", "tensorflow"]
    assert list(versions(())) == names
