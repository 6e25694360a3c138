"""The registry: ours, third parties' by entry point, and what it says about an engine that cannot be had."""

from __future__ import annotations

import importlib.metadata

import pytest

from namegen import backends
from namegen.backends import ENGINES, ENTRY_POINT_GROUP, EXTRAS, engine_paths, load_engine
from namegen.backends.numpy_engine.engine import NumpyEngine
from namegen.errors import EngineError
from tests.fake_engine import FakeEngine


def install(monkeypatch: pytest.MonkeyPatch, **engines: str) -> None:
    """As if distributions with these entry points were installed."""
    points = [importlib.metadata.EntryPoint(name, path, ENTRY_POINT_GROUP) for name, path in engines.items()]
    monkeypatch.setattr(backends, "entry_points", lambda group: [point for point in points if point.group == group])


def test_ours() -> None:
    assert list(ENGINES) == ["numpy", "keras"]
    assert load_engine("numpy") is NumpyEngine
    assert NumpyEngine.name == "numpy"


def test_an_engine_of_a_third_party(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, zebra="tests.fake_engine:FakeEngine", fake="tests.fake_engine:FakeEngine")
    assert load_engine("fake") is FakeEngine
    assert list(engine_paths()) == ["numpy", "keras", "fake", "zebra"]


def test_a_third_party_cannot_take_our_names(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, numpy="tests.fake_engine:FakeEngine")
    assert load_engine("numpy") is NumpyEngine


def test_an_unknown_name_lists_the_known(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, fake="tests.fake_engine:FakeEngine")
    with pytest.raises(EngineError, match="'jax': expected one of numpy, keras, fake"):
        load_engine("jax")


def test_a_missing_library_is_named_with_its_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ENGINES, "keras", "no_such_library.engine:Engine")
    with pytest.raises(EngineError, match=r"no_such_library.*pip install 'keras>=3\.\d+' 'tensorflow>="):
        load_engine("keras")
    assert EXTRAS["keras"] == "keras"


def test_a_missing_library_of_a_third_party(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, fast="no_such_library.engine:Engine")
    with pytest.raises(EngineError, match=r"fast needs no_such_library, .*install what no_such_library"):
        load_engine("fast")
