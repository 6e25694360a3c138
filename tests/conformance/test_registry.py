"""Test the registry of backends: built-in backends, entry points of other packages and error messages."""

from __future__ import annotations

from pathlib import Path

import pytest

from namegen.backends import ENGINES, ENTRY_POINT_GROUP, advice, engine_paths, load_engine
from namegen.backends.numpy_engine.engine import NumpyEngine
from namegen.errors import EngineError, UnknownEngineError
from tests.fake_engine import FakeEngine

FAKE = "tests.fake_engine:FakeEngine"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder on the import path. Packages in it count as installed."""
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def distribute(site: Path, name: str, entry_points: str) -> None:
    """Install a package that registers backends in the folder."""
    folder = site / f"{name.replace('-', '_')}-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (folder / "entry_points.txt").write_text(f"[{ENTRY_POINT_GROUP}]\n{entry_points}\n")


def test_backends_of_other_packages_are_found(site: Path) -> None:
    distribute(site, "fakes", f"zebra = {FAKE}\nfake = {FAKE}")
    assert load_engine("fake") is FakeEngine
    paths = engine_paths()
    assert list(paths)[:2] == ["numpy", "keras"]
    assert paths["fake"] == paths["zebra"] == FAKE


def test_other_packages_cannot_replace_built_in_backends(site: Path) -> None:
    distribute(site, "rival", f"numpy = {FAKE}\ntflite = {FAKE}")
    assert load_engine("numpy") is NumpyEngine
    # Reports use the name tflite, although it isn't a backend.
    with (
        pytest.warns(UserWarning, match="the backend numpy of rival: namegen already"),
        pytest.warns(UserWarning, match="the backend tflite of rival: namegen already"),
    ):
        assert "tflite" not in engine_paths()


def test_a_name_that_two_packages_register_gives_a_warning(site: Path) -> None:
    distribute(site, "second", "fast = pathlib:Path")
    distribute(site, "first", f"fast = {FAKE}")
    with pytest.warns(UserWarning, match="the backend fast of second: first already"):
        assert load_engine("fast") is FakeEngine


def test_an_unknown_name_lists_the_known_backends() -> None:
    with pytest.raises(UnknownEngineError, match="'jax': expected one of numpy, keras") as raised:
        load_engine("jax")
    assert raised.value.exit_code == 2
    assert advice("Kears").startswith("did you mean keras? Expected one of numpy, keras")


def test_the_error_shows_how_to_install_a_missing_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ENGINES, "keras", "no_such_library.engine:Engine")
    with pytest.raises(EngineError, match=r"no_such_library.*pip install 'keras>=3\.\d+' 'tensor"):
        load_engine("keras")


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("pathlib:Path", "isn't a backend: it has no architectures, .*train_epoch"),
        ("breaks:Engine", r"raises ValueError \(first line\): repair or uninstall fast-names"),
        ("leaves:Engine", r"raises SystemExit \(3\)"),
        ("no_such_library:Engine", r"No module named 'no_such_library'.*: repair or uninstall"),
    ],
)
def test_a_broken_backend_raises_a_one_line_error(site: Path, path: str, message: str) -> None:
    (site / "breaks.py").write_text("raise ValueError('first line\\nsecond line')")
    (site / "leaves.py").write_text("raise SystemExit(3)")
    distribute(site, "fast-names", f"fast = {path}")
    with pytest.raises(EngineError, match=f"^the backend fast .*{message}") as raised:
        load_engine("fast")
    assert "\n" not in str(raised.value)
