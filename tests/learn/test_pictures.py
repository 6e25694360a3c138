"""The pictures of the course show the numbers that they are given."""

from __future__ import annotations

import importlib.util
import io
from pathlib import Path
from types import ModuleType

import matplotlib.image
import numpy as np
import pytest
from matplotlib.colors import to_rgb

from namegen.drawings.style import BLUE, VERMILION

PATH = Path(__file__).parents[2] / "docs" / "learn" / "pictures.py"


@pytest.fixture(scope="module")
def pictures() -> ModuleType:
    spec = importlib.util.spec_from_file_location("pictures", PATH)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def share(picture: object, colour: str) -> float:
    """Which share of the picture has nearly that colour."""
    pixels = matplotlib.image.imread(io.BytesIO(picture._repr_png_()))[..., :3]  # type: ignore[attr-defined]
    return float((np.abs(pixels - np.array(to_rgb(colour))).max(axis=2) < 0.02).mean())


def test_states_are_blue_below_zero_and_vermilion_above(pictures: ModuleType) -> None:
    for value, colour, other in ((1, VERMILION, BLUE), (-1, BLUE, VERMILION)):
        picture = pictures.states("ab", np.full((2, 8), value))
        assert share(picture, colour) > 0.3 > 0.01 > share(picture, other)


def test_an_open_gate_is_dark_and_a_chance_too(pictures: ModuleType) -> None:
    for draw in (
        lambda value: pictures.gates("abc", np.full((3, 20), value), ""),
        lambda value: pictures.sampling("abc", np.full((30, 3), value), [0] * 30, ""),
    ):
        assert share(draw(1.0), BLUE) > 0.3 > 0.05 > share(draw(0.0), BLUE)


def test_a_label_of_the_path_keeps_away_from_both_arrows(pictures: ModuleType) -> None:
    corner = pictures._away(np.zeros(2), np.array([[-1.0, 0.0], [0.0, -2.0]]))
    np.testing.assert_allclose(corner, [np.sqrt(0.5)] * 2)
    on_a_line = pictures._away(np.zeros(2), np.array([[-1.0, 0.0], [2.0, 0.0]]))
    np.testing.assert_allclose(on_a_line, [0, 1], atol=1e-12)
    np.testing.assert_allclose(pictures._away(np.zeros(2), np.array([[0.0, 3.0]])), [0, -1])


def test_each_is_a_png_and_the_same_each_time(pictures: ModuleType, tmp_path: Path) -> None:
    """What a notebook keeps must not change from run to run."""
    rng = np.random.default_rng(0)
    h = rng.uniform(-1, 1, (4, 2))

    drawn = [
        pictures.states("Anna", h),
        pictures.path("Anna", h),
        pictures.gates("Anna", np.abs(h), "a gate"),
        pictures.gradients("Anna", np.abs(h[:, 0]), "one line"),
        pictures.gradients("Anna", {"one": np.abs(h[:, 0]), "two": np.abs(h[:, 1])}, "two lines"),
        pictures.curves({"one": h[:, 0], "two": h[:, 1]}, "curves", "epoch", "nats", level=("zero", 0.0)),
    ]
    assert {repr(picture) for picture in drawn} == {"a picture"}
    pngs = [picture.png for picture in drawn]
    assert all(png.startswith(b"\x89PNG") for png in pngs)
    assert len(set(pngs)) == len(pngs)
    pictures.path("Anna", h).save(tmp_path / "path.png")
    assert (tmp_path / "path.png").read_bytes() == pngs[1]
