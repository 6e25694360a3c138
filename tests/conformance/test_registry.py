"""Test the registry of backends: built-in backends, third-party entry points and error messages."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path

import pytest

from namegen.backends import (
    ENGINES,
    ENTRY_POINT_GROUP,
    EXTRAS,
    advice,
    engine_paths,
    load_engine,
    shadowed,
)
from namegen.backends.numpy_engine.engine import NumpyEngine
from namegen.errors import EngineError, UnknownEngineError
from tests.fake_engine import FakeEngine

FAKE = "tests.fake_engine:FakeEngine"


def install(monkeypatch: pytest.MonkeyPatch, **engines: str) -> None:
    """Pretend that distributions with these entry points are installed."""
    points = [
        importlib.metadata.EntryPoint(name, path, ENTRY_POINT_GROUP)
        for name, path in engines.items()
    ]
    monkeypatch.setattr(
        importlib.metadata,
        "entry_points",
        lambda group: [point for point in points if point.group == group],
    )


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder on the import path. Distributions in it count as installed."""
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def distribute(site: Path, name: str, entry_points: str) -> None:
    """Install a distribution that registers backends in the folder."""
    folder = site / f"{name.replace('-', '_')}-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (folder / "entry_points.txt").write_text(f"[{ENTRY_POINT_GROUP}]\n{entry_points}\n")


def test_third_party_backends_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, zebra=FAKE, fake=FAKE)
    assert load_engine("fake") is FakeEngine
    assert list(engine_paths()) == ["numpy", "keras", "fake", "zebra"]


def test_third_parties_cannot_replace_built_in_backends(site: Path) -> None:
    assert [sentence for sentence in shadowed() if "rival" in sentence] == []
    distribute(site, "rival", f"numpy = {FAKE}\ntflite = {FAKE}")
    assert load_engine("numpy") is NumpyEngine
    # Reports use the name tflite, although it isn't a backend.
    with pytest.raises(UnknownEngineError, match="'tflite'"):
        load_engine("tflite")
    assert "tflite" not in engine_paths()
    sentence, other = (sentence for sentence in shadowed() if "rival" in sentence)
    assert other.startswith("rival registers a backend called tflite")
    assert sentence.startswith("rival registers a backend called numpy, like one of namegen's own")


def test_an_unknown_name_lists_the_known_backends(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, fake=FAKE)
    with pytest.raises(
        UnknownEngineError, match=r"'jax': expected one of numpy, keras, fake$"
    ) as raised:
        load_engine("jax")
    assert raised.value.exit_code == 2
    assert advice("Kears") == "did you mean keras? Expected one of numpy, keras, fake"
    assert advice("fakes").startswith("did you mean fake?")


def test_the_error_shows_how_to_install_a_missing_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ENGINES, "keras", "no_such_library.engine:Engine")
    with pytest.raises(
        EngineError, match=r"no_such_library.*pip install 'keras>=3\.\d+' 'tensorflow>="
    ):
        load_engine("keras")
    assert EXTRAS["keras"] == "keras"


@pytest.mark.parametrize(
    ("path", "said"),
    [
        (
            "tests.fake_engine:Missing",
            r"tests\.fake_engine has no Missing: repair or uninstall fast-names",
        ),
        (
            "tests.fake_engine",
            "'tests.fake_engine', expected module:Class: repair or uninstall fast-names",
        ),
        ("pathlib:Path", "isn't a backend: it has no vocabulary_size, .*train_epoch"),
        (
            "breaks:Engine",
            r"importing breaks raises ValueError \(first line\): repair or uninstall fast-names",
        ),
        ("leaves:Engine", r"importing leaves raises SystemExit \(3\)"),
    ],
)
def test_a_broken_backend_raises_a_one_line_error(site: Path, path: str, said: str) -> None:
    (site / "breaks.py").write_text("raise ValueError('first line\\nsecond line')")
    (site / "leaves.py").write_text("raise SystemExit(3)")
    distribute(site, "fast-names", f"fast = {path}")
    with pytest.raises(EngineError, match=f"^the backend fast .*{said}") as raised:
        load_engine("fast")
    assert "\n" not in str(raised.value)


def test_two_distributions_cannot_register_the_same_name(site: Path) -> None:
    for name in ("zebra-names", "able-names"):
        distribute(site, name, f"fast = {FAKE}")
    distribute(site, "other-names", f"other = {FAKE}")
    said = r"^able-names and zebra-names each register a backend called fast, .*but one$"
    with pytest.raises(EngineError, match=said):
        load_engine("fast")
    assert load_engine("other") is FakeEngine
    assert engine_paths()["fast"] == FAKE  # it stays listed, so that users get the error message
