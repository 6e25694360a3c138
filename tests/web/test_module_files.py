"""Module and models as files: one engine with the page, both whole or neither, and refused where they would not do."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from namegen.cli.export import export_web
from namegen.errors import OutputError
from namegen.web import module as module_file
from namegen.web.export import ENGINE, PageModel, read_part
from namegen.web.module import FORMAT, FORMAT_VERSION, model_data, module_text, write_module
from tests.labelled import labelled_checkpoint
from tests.unknown_cell import network_of_an_unknown_cell
from tests.web.conftest import HOSTILE_NAMES, by_heart
from tests.web.running import in_node

ROOT = Path(__file__).parents[2]


def test_page_and_module_share_one_engine() -> None:
    """Word for word, so that what is proved of the one holds of the other."""
    text = module_text()
    for part in ENGINE:
        assert read_part(part) in text, part
    assert re.findall(r"^export .*?(\w+)\(", text, re.MULTILINE) == ["load", "blend"]
    assert not re.search(r"\b(?:document|window|byId|localStorage|location|fetch)\b[.(]", text)


def test_the_licence_stands_at_its_head() -> None:
    head = module_text().split("*/")[0]
    licence = (ROOT / "LICENSE").read_text(encoding="utf-8").split("---")[0]
    assert " ".join(licence.split()) in " ".join(re.sub(r"^ \*", "", head, flags=re.MULTILINE).split())
    assert "VERSION" not in head


def test_format_and_version_are_those_of_the_script() -> None:
    script = read_part("module.js")
    assert f'const FORMAT = "{FORMAT}";' in script
    assert f"const FORMAT_VERSION = {FORMAT_VERSION};" in script


def test_texts_of_a_list_stay_data(tmp_path: Path) -> None:
    evil = "</script><script>alert(1)</script>\u2028"
    checkpoint = by_heart(HOSTILE_NAMES)
    model = PageModel(evil, replace(checkpoint, training={**checkpoint.training, "list": evil}), evil, evil, evil)
    text = model_data([model])
    assert text.isascii()
    assert "<" not in text
    assert json.loads(text)["models"][0]["notice"] == evil
    write_module([model], tmp_path / "names.mjs")
    assert (tmp_path / "names.mjs").read_text(encoding="utf-8") == module_text()
    names = in_node(tmp_path)("({ load }, json) => load(json).generate({ n: 12, seed: 1, allowSeen: true })")
    assert len(set(names) & set(HOSTILE_NAMES)) >= 8


@pytest.mark.parametrize("taken", ["names.mjs", "names.json"])
def test_a_file_that_exists_is_kept_unless_forced(taken: str, tmp_path: Path) -> None:
    model, out = PageModel("a", labelled_checkpoint()), tmp_path / "names.mjs"
    (tmp_path / taken).write_text("old")
    with pytest.raises(OutputError, match=rf"{taken} exists already.*force=True"):
        write_module([model], out)
    assert [path.name for path in tmp_path.iterdir()] == [taken]
    assert (tmp_path / taken).read_text() == "old"
    sizes = write_module([model], out, force=True)
    assert sizes == {path: path.stat().st_size for path in (out, tmp_path / "names.json")}


@pytest.mark.parametrize("before", [None, "old"])
def test_both_files_or_neither(before: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model, out, data = PageModel("a", labelled_checkpoint()), tmp_path / "names.mjs", tmp_path / "names.json"
    if before is not None:
        data.write_text(before)
    write = module_file.write_whole

    def full(path: Path, content: bytes) -> None:
        if path == out:
            raise OutputError("no room")
        write(path, content)

    monkeypatch.setattr(module_file, "write_whole", full)
    with pytest.raises(OutputError, match="no room"):
        write_module([model], out, force=True)
    assert not out.exists()
    assert (data.read_text() if data.exists() else None) == before


def test_a_link_stays_and_what_it_leads_to_is_taken_back(tmp_path: Path) -> None:
    """Where the module cannot be written, the models that its link leads to were not there before."""
    out, data = tmp_path / "names.mjs", tmp_path / "names.json"
    data.symlink_to(tmp_path / "new.json")
    out.symlink_to(tmp_path / "nowhere" / "names.mjs")
    with pytest.raises(OutputError, match="cannot write"):
        write_module([PageModel("a", labelled_checkpoint())], out, force=True)
    assert {path.name for path in tmp_path.iterdir()} == {"names.mjs", "names.json"}
    assert data.is_symlink()


def test_two_names_of_one_file_are_refused(tmp_path: Path) -> None:
    out, data = tmp_path / "names.mjs", tmp_path / "names.json"
    data.symlink_to(out)
    with pytest.raises(OutputError, match=r"names\.mjs and .*names\.json are links to one file"):
        write_module([PageModel("a", labelled_checkpoint())], out, force=True)
    assert not out.exists()


def test_a_folder_in_the_place_of_the_models_is_told_with_its_reason(tmp_path: Path) -> None:
    (tmp_path / "names.json").mkdir()
    with pytest.raises(OutputError, match=r"names\.json, for the models of .*names\.mjs, is a folder: give the module"):
        write_module([PageModel("a", labelled_checkpoint())], tmp_path / "names.mjs")


def in_node_of(folder: Path) -> Any:
    (folder / "a.mjs").rename(folder / "names.mjs")
    (folder / "a.json").rename(folder / "names.json")
    return in_node(folder)


def test_a_cell_that_the_module_has_no_formulas_for_is_refused(tmp_path: Path) -> None:
    network = network_of_an_unknown_cell(labelled_checkpoint().vocabulary.size)
    unknown = replace(labelled_checkpoint(), network=network, labels=())
    with pytest.raises(OutputError, match="a module cannot hold the cell 'mystery'"):
        write_module([PageModel("a", unknown)], tmp_path / "names.mjs")
    assert not list(tmp_path.iterdir())


def test_parameters_that_the_formulas_do_not_fit_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The comparison with Python is made for a module too: here its second reading has another bias."""
    from namegen.web import export

    class Wrong(export.PageNetwork):
        def __init__(self, description: Any) -> None:
            super().__init__(description)
            self.bias = self.bias + np.linspace(0, 1, len(self.bias))

    monkeypatch.setattr(export, "PageNetwork", Wrong)
    with pytest.raises(OutputError, match="a module would compute other values for a than Python does here"):
        write_module([PageModel("a", labelled_checkpoint())], tmp_path / "names.mjs")
    assert not list(tmp_path.iterdir())


# ---- the command ----


def command(*arguments: str) -> Result:
    return CliRunner().invoke(export_web, arguments)


def test_the_command_writes_module_and_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = command("mlb-first", "--module", "first names.mjs")
    assert result.exit_code == 0
    assert re.fullmatch(r"first names\.mjs and first names\.json: mlb-first; 0\.\d\d MB\n", result.stdout)
    (model,) = json.loads(Path("first names.json").read_text())["models"]
    assert (model["name"], model["title"]) == ("mlb-first", "Baseball first names")
    assert "CC-BY-SA-3.0" in model["credit"]
    assert model["notice"].startswith("The list mlb_players.txt")
    again = command("mlb-first", "--module", "first names.mjs", "--force", "--json")
    size = sum(path.stat().st_size for path in tmp_path.iterdir())
    out = {"out": "first names.mjs", "data": "first names.json", "bytes": size, "models": ["mlb-first"]}
    assert json.loads(again.stdout) == out


@pytest.mark.parametrize("arguments", [(), ("--out", "a.html", "--module", "a.mjs"), ("--module", "a.json")])
def test_the_command_needs_one_place_to_write_to(
    arguments: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert command("mlb-first", *arguments).exit_code == 2
    assert not list(tmp_path.iterdir())


def test_the_command_leaves_out_the_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for arguments in (("--module", "a.mjs"), ("--out", "a.html")):
        assert command("mlb-first", *arguments, "--without-names").exit_code == 0
    (model,) = json.loads(Path("a.json").read_text())["models"]
    assert model["known_names"] is None
    assert '"known_names":null' in Path("a.html").read_text()
    names = in_node_of(tmp_path)("({ load }, json) => load(json).generate({ n: 3, seed: 1, allowSeen: true })")
    assert len(names) == 3
