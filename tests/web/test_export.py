"""Exported pages and modules are complete, safe and self-contained. namegen rejects models that it can't export."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from namegen.api import read_checkpoint
from namegen.cli import cli
from namegen.cli.export import export_web
from namegen.core.checkpoint.checkpoint import Checkpoint
from namegen.core.data.normalization import known_set
from namegen.core.data.profanity import profanity_credit
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.network.architecture import RecurrentNetwork
from namegen.errors import OutputError
from namegen.models import PAGE_MODELS, TITLES, shipped_path
from namegen.web import export
from namegen.web.description import PageModel
from namegen.web.export import (
    model_data,
    module_text,
    page,
    write_module,
    write_page,
)
from tests.labelled import labelled_checkpoint
from tests.own_cells import ForeignNetwork
from tests.web.conftest import HOSTILE_NAMES, by_heart
from tests.web.running import in_node


def checkpoint(
    names: int = 2000, hidden: tuple[int, ...] = (32, 32), cell: str = "gru"
) -> Checkpoint:
    """Create an untrained network, by default as large as the built-in models."""
    vocabulary = Vocabulary("".join(map(chr, range(33, 95))))
    network = RecurrentNetwork(vocabulary.size, cell, hidden)
    rng = np.random.default_rng(1)
    parameters = {
        name: rng.normal(size=shape).astype(np.float32)
        for name, shape in network.parameter_shapes.items()
    }
    training = {"list": "/somewhere/of/mine/friends.txt", "names": names}
    known = known_set(map(str, range(names)))
    return Checkpoint(
        network=network,
        vocabulary=vocabulary,
        parameters=parameters,
        longest_name=12,
        training=training,
        known_names=known,
    )


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Change to an empty folder, so that commands find only the runs of the test."""
    monkeypatch.chdir(tmp_path)


def run(*arguments: str) -> Result:
    # Pass the group's settings too, because click caches the help option of a command.
    return CliRunner().invoke(export_web, arguments, **cli.context_settings)


def saved(folder: str, *, cell: str = "gru") -> Path:
    path = Path(folder)
    path.mkdir(parents=True)
    checkpoint(cell=cell).save(path / "model.safetensors")
    return path


def test_pages_load_nothing_from_other_servers() -> None:
    # The credit is a comment that contains an address.
    text = page([PageModel("a", checkpoint())]).replace(profanity_credit(), "")
    markup = re.sub(r"<script>.*?</script>|<style>.*?</style>", "", text, flags=re.DOTALL)
    assert not re.findall(r"""\b(?:src|href|action|srcset)\s*=\s*["']?(?!["']?data:)""", markup)
    assert "url(" not in text
    assert "@import" not in text
    addresses = set(re.findall(r"https?://[^\s'\"]*", text))
    # Browsers don't load this address, because it's only the name of an XML namespace.
    assert addresses == {"http://www.w3.org/2000/svg"}
    assert "default-src 'none'" in text


def test_scripts_and_styles_cannot_end_their_element() -> None:
    folder = Path(export.__file__).parent
    for file in (*folder.glob("*.js"), folder / "page.css"):
        assert "</" not in file.read_text(encoding="utf-8"), file.name
        assert "<!--" not in file.read_text(encoding="utf-8"), file.name


def test_the_built_in_page_is_below_5_5_megabytes() -> None:
    """With the base model, from which readers can learn. Without it, the page is below 4.5 MB."""
    models = [
        PageModel(name, read_checkpoint(shipped_path(name)), title=TITLES[name])
        for name in PAGE_MODELS
    ]
    text = page(models, learns=True)
    base = re.search('<script id="base-data" type="application/json">(.*)</script>', text)
    assert base is not None
    assert len(text.encode()) <= 5_480_000
    assert len(text.encode()) - len(base[1]) <= 4_480_000
    assert all(f'"title":"{TITLES[name]}"' in text for name in PAGE_MODELS)


def test_large_pages_are_rejected_with_their_size(tmp_path: Path) -> None:
    large = PageModel("large", checkpoint(hidden=(1_130,)))
    said = r"would have 20\.\d MB, more than the limit of 20 MB: export a model with narrower"
    with pytest.raises(OutputError, match=said):
        write_page([large], tmp_path / "a.html")
    with pytest.raises(OutputError, match=r"remove a model \(large takes 20\.\d MB\)"):
        page([PageModel("small", checkpoint()), large])
    assert not list(tmp_path.iterdir())


def test_the_command_exports_several_models() -> None:
    """By default, the title of a model is its name. ``--title`` sets another one."""
    saved("runs/first-numpy"), saved("runs/second")
    arguments = (
        "runs/first-numpy",
        "runs/second/model.safetensors",
        "--out",
        "out.html",
        "--force",
    )
    result = run(*arguments)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith("out.html: first-numpy, second; 0.")
    for titles, shown in (
        ((), "first, second"),
        (("Orcs",), "Orcs, second"),
        (("A", "B&B"), "A, B&amp;B"),
    ):
        assert (
            run(*arguments, *(one for title in titles for one in ("--title", title))).exit_code == 0
        )
        assert f"<title>Invented names: {shown}</title>" in Path("out.html").read_text()
    assert run(*arguments, *["--title", "A"] * 3).exit_code == 2


EVIL = "</script><script>alert(1)</script>\u2028"


def test_markup_in_model_descriptions_is_escaped(tmp_path: Path) -> None:
    text = page(
        [PageModel(EVIL, replace(checkpoint(), training={"list": EVIL, "names": 1}), credit=EVIL)]
    )
    assert text.count("</script>") == 4
    assert "\u2028" not in text.split("<script", 1)[1]
    assert "&lt;/script&gt;" in text.split("</title>")[0]
    hearts = by_heart(HOSTILE_NAMES)
    model = PageModel(
        EVIL, replace(hearts, training={**hearts.training, "list": EVIL}), EVIL, EVIL, EVIL
    )
    text = model_data([model])
    assert text.isascii()
    assert "<" not in text
    assert json.loads(text)["models"][0]["notice"] == EVIL
    write_module([model], tmp_path / "names.mjs")
    assert (tmp_path / "names.mjs").read_text(encoding="utf-8") == module_text()
    names = in_node(tmp_path)(
        "({ load }, json) => load(json).generate({ n: 12, seed: 1, allowSeen: true })"
    )
    assert len(set(names) & set(HOSTILE_NAMES)) >= 8


WRITERS = {"page": (write_page, "a.html"), "module": (write_module, "a.mjs")}


@pytest.mark.parametrize("what", WRITERS)
def test_cells_with_unsupported_operations_are_rejected(what: str, tmp_path: Path) -> None:
    write, name = WRITERS[what]
    unknown = replace(checkpoint(), network=ForeignNetwork(63))
    with pytest.raises(OutputError, match=f"a {what} cannot hold the cell 'foreign', .* 'maximum'"):
        write([PageModel("a", checkpoint()), PageModel("b", unknown)], tmp_path / name)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("what", "taken"),
    [("page", "a.html"), ("module", "a.mjs"), ("module", "a.json"), ("module", "a.d.mts")],
)
def test_existing_files_are_kept_without_force(what: str, taken: str, tmp_path: Path) -> None:
    write, name = WRITERS[what]
    model, out = [PageModel("a", checkpoint())], tmp_path / name
    (tmp_path / taken).write_text("old")
    with pytest.raises(OutputError, match=rf"{taken} exists already.*force=True"):
        write(model, out)
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [(taken, "old")]
    sizes = write(model, out, force=True)
    of_files = {path: path.stat().st_size for path in tmp_path.iterdir()}
    assert sizes == (of_files if what == "module" else of_files[out])
    with pytest.raises(OutputError, match="is a folder"):
        write(model, tmp_path, force=True)
    with pytest.raises(OutputError, match=r"cannot write|there is no folder"):
        write(model, tmp_path / "missing" / name)


def test_the_module_starts_with_the_license() -> None:
    head = module_text().split("*/")[0]
    licence = (Path(__file__).parents[2] / "LICENSE").read_text(encoding="utf-8").split("---")[0]
    assert " ".join(licence.split()) in " ".join(
        re.sub(r"^ \*", "", head, flags=re.MULTILINE).split()
    )
    assert "VERSION" not in head


def test_models_that_javascript_would_compute_wrongly_are_rejected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before namegen writes a module, it evaluates the exported formulas. This test makes them use a wrong bias."""

    class Wrong(export.PageNetwork):
        def __init__(self, *given: Any) -> None:
            super().__init__(*given)
            self.bias = self.bias + np.linspace(0, 1, len(self.bias))

    monkeypatch.setattr(export, "PageNetwork", Wrong)
    with pytest.raises(
        OutputError, match="a module would compute other values for a than Python does here"
    ):
        write_module([PageModel("a", labelled_checkpoint())], tmp_path / "names.mjs")
    assert not list(tmp_path.iterdir())


def test_the_command_writes_a_module_and_its_data(tmp_path: Path) -> None:
    result = run("mlb-first", "--module", "first names.mjs")
    assert result.exit_code == 0
    assert re.fullmatch(
        r"first names\.mjs, first names\.json, first names\.d\.mts: mlb-first; 0\.\d\d MB\n",
        result.stdout,
    )
    (model,) = json.loads(Path("first names.json").read_text())["models"]
    assert (model["name"], model["title"]) == ("mlb-first", "Baseball first names")
    assert "CC-BY-SA-3.0" in model["credit"]
    assert model["notice"].startswith("The list mlb_players.txt")
    again = run("mlb-first", "--module", "first names.mjs", "--force", "--json")
    size = sum(path.stat().st_size for path in tmp_path.iterdir())
    out = {
        "out": "first names.mjs",
        "data": "first names.json",
        "types": "first names.d.mts",
        "bytes": size,
        "models": ["mlb-first"],
    }
    assert json.loads(again.stdout) == out


@pytest.mark.parametrize(
    "arguments", [(), ("--out", "a.html", "--module", "a.mjs"), ("--module", "a.json")]
)
def test_the_command_requires_exactly_one_valid_output(
    arguments: tuple[str, ...], tmp_path: Path
) -> None:
    assert run("mlb-first", *arguments).exit_code == 2
    assert not list(tmp_path.iterdir())


def test_the_command_can_exclude_the_hashes_of_names(tmp_path: Path) -> None:
    for arguments in (("--module", "names.mjs"), ("--out", "a.html")):
        assert run("mlb-first", *arguments, "--without-names").exit_code == 0
    (model,) = json.loads(Path("names.json").read_text())["models"]
    assert model["metadata"]["known_names"] is None
    assert '"known_names":null' in Path("a.html").read_text()
    names = in_node(tmp_path)(
        "({ load }, json) => load(json).generate({ n: 3, seed: 1, allowSeen: true })"
    )
    assert len(names) == 3
