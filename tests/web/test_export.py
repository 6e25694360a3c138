"""The page as a file: self-contained, whole or not at all, and refused where it would not do."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from namegen.api import read_checkpoint
from namegen.cli.export import export_web
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.network.checkpoint import Checkpoint
from namegen.core.network.recurrent_network import RecurrentNetwork
from namegen.errors import CheckpointError, OutputError
from namegen.models import SHIPPED, TITLES, shipped_path
from namegen.web import export
from namegen.web.export import PageModel, describe, page, write_page
from tests.unknown_cell import network_of_an_unknown_cell


def checkpoint(names: int = 2000, hidden: tuple[int, ...] = (32, 32), cell: str = "gru") -> Checkpoint:
    """A network that has learned nothing, of the size of those that come with the package."""
    vocabulary = Vocabulary("".join(map(chr, range(33, 95))))
    network = RecurrentNetwork(vocabulary.size, cell, hidden)
    rng = np.random.default_rng(1)
    parameters = {name: rng.normal(size=shape).astype(np.float32) for name, shape in network.parameter_shapes.items()}
    training = {"list": "/somewhere/of/mine/friends.txt", "names": names, "longest_name": 12}
    return Checkpoint(network, vocabulary, parameters, training, np.arange(names, dtype=np.uint64))


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No runs but those that a test makes."""
    monkeypatch.chdir(tmp_path)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(export_web, arguments)


def saved(folder: str, *, cell: str = "gru") -> Path:
    path = Path(folder)
    path.mkdir(parents=True)
    checkpoint(cell=cell).save(path / "model.safetensors")
    return path


def test_nothing_is_loaded_from_elsewhere() -> None:
    text = page([PageModel("a", checkpoint())])
    markup = re.sub(r"<script>.*?</script>|<style>.*?</style>", "", text, flags=re.DOTALL)
    assert not re.findall(r"""\b(?:src|href|action|srcset)\s*=\s*["']?(?!["']?data:)""", markup)
    assert "url(" not in text
    assert "@import" not in text
    addresses = set(re.findall(r"https?://[^\s'\"]*", text))
    assert addresses == {"http://www.w3.org/2000/svg"}  # the name of a language, not a place
    assert "default-src 'none'" in text


def test_the_scripts_and_the_style_hold_nothing_that_ends_their_element() -> None:
    folder = Path(export.__file__).parent
    for file in (*folder.glob("*.js"), folder / "page.css"):
        assert "</" not in file.read_text(encoding="utf-8"), file.name
        assert "<!--" not in file.read_text(encoding="utf-8"), file.name


def test_texts_of_a_model_stay_data() -> None:
    evil = "</script><script>alert(1)</script>\u2028"
    text = page([PageModel(evil, replace(checkpoint(), training={"list": evil, "names": 1}), credit=evil)])
    assert text.count("</script>") == 2
    assert "\u2028" not in text.split("<script", 1)[1]
    assert "&lt;/script&gt;" in text.split("</title>")[0]


def test_the_data_hold_the_checkpoint() -> None:
    """Parameters and digests come back bit for bit; of the list's path only the file's name goes out."""
    from base64 import b64decode

    original = checkpoint()
    description = describe("a", PageModel("a", original), "A")
    for name, values in original.parameters.items():
        assert np.array_equal(np.frombuffer(b64decode(description["tensors"][name]), "<f4"), values.ravel())
    assert np.array_equal(np.frombuffer(b64decode(description["known_names"]), "<u8"), original.known_names)
    assert description["list"] == "friends.txt"
    assert "somewhere" not in json.dumps(description)


def test_all_shipped_models_take_at_most_four_and_a_half_megabytes() -> None:
    models = [PageModel(name, read_checkpoint(shipped_path(name)), title=TITLES[name]) for name in SHIPPED]
    text = page(models)
    print(f"all shipped models: {len(text.encode()) / 1e6:.2f} MB")
    assert len(text.encode()) <= 4_500_000
    assert f"<title>Invented names: {', '.join(TITLES[name] for name in SHIPPED)}</title>" in text


def test_a_page_that_would_be_too_large_is_refused_with_its_size(tmp_path: Path) -> None:
    large = PageModel("large", checkpoint(1_900_000))
    with pytest.raises(OutputError, match=r"would have 20\.4 MB, more than the 20 MB .*: export a model with narrower"):
        write_page([large], tmp_path / "a.html")
    with pytest.raises(OutputError, match=r"leave a model out \(large takes 20\.4 MB\)"):
        page([PageModel("small", checkpoint()), large])
    assert not list(tmp_path.iterdir())


def test_a_network_of_billions_is_refused_before_it_is_built() -> None:
    """Only its description exists here."""
    network = RecurrentNetwork(63, "lstm", (4096,) * 16)
    huge = replace(checkpoint(), network=network, parameters={})
    with pytest.raises(OutputError, match=r"MB, more than the 20 MB"):
        page([PageModel("huge", huge)])


def test_a_cell_that_the_page_has_no_formulas_for_is_refused(tmp_path: Path) -> None:
    unknown = replace(checkpoint(), network=network_of_an_unknown_cell(63))
    with pytest.raises(
        OutputError, match="a page cannot hold the cell 'mystery': expected one of simple_rnn, gru, lstm"
    ):
        write_page([PageModel("a", checkpoint()), PageModel("b", unknown)], tmp_path / "names.html")
    assert not list(tmp_path.iterdir())


def test_the_cells_are_those_of_the_script() -> None:
    script = Path(export.__file__).with_name("network.js").read_text(encoding="utf-8")
    table = script[script.index("const CELLS = {") : script.index("\n};")]
    assert tuple(re.findall(r"^  (\w+)\(layer, x", table, re.MULTILINE)) == export.CELLS


def test_a_file_that_exists_is_kept_unless_forced(tmp_path: Path) -> None:
    model, out = PageModel("a", checkpoint()), tmp_path / "a.html"
    out.write_text("old")
    with pytest.raises(OutputError, match=r"exists already.*force=True"):
        write_page([model], out)
    assert out.read_text() == "old"
    assert write_page([model], out, force=True) == len(out.read_bytes())
    with pytest.raises(OutputError, match="is a folder"):
        write_page([model], tmp_path, force=True)
    with pytest.raises(OutputError, match="cannot write"):
        write_page([model], tmp_path / "missing" / "a.html")


def test_the_command_takes_several_models() -> None:
    saved("runs/first"), saved("runs/second")
    result = run("runs/first", "runs/second/model.safetensors", "--out", "out.html")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith("out.html: first, second; 0.")
    assert "<title>Invented names: first, second</title>" in Path("out.html").read_text()


def test_the_command_calls_a_shipped_model_by_its_title_and_a_run_by_its_name() -> None:
    saved("companies")
    assert run("companies", "./companies", "--out", "out.html").exit_code == 0
    assert "<title>Invented names: Companies, companies</title>" in Path("out.html").read_text()


def test_the_command_takes_the_newest_run_and_says_so() -> None:
    saved("runs/friends-numpy")
    result = run("--out", "out.html", "--json")
    assert result.exit_code == 0
    assert result.stderr == "model: runs/friends-numpy\n"
    size = Path("out.html").stat().st_size
    assert json.loads(result.stdout) == {"out": "out.html", "bytes": size, "models": ["friends-numpy"]}
    assert run("--out", "other.html", "--quiet").stderr == ""


def test_the_command_without_any_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a run nor a shipped model."""
    monkeypatch.setattr("namegen.api.model.shipped_path", lambda name: Path("none") / f"{name}.safetensors")
    for arguments in ((), ("mlb-last",)):
        result = run(*arguments, "--out", "out.html")
        assert isinstance(result.exception, CheckpointError)
        assert "this namegen came without the model" in str(result.exception)
    assert not Path("out.html").exists()


def test_the_command_refuses_what_is_no_model() -> None:
    Path("model.tflite").write_bytes(b"TFL3")
    Path("notes.txt").write_text("no model")
    for argument, words in (
        ("model.tflite", r"already a \.tflite, which cannot be exported: give the run folder"),
        ("nobody", "there is no model 'nobody'"),
        ("notes.txt", "not a model file of namegen"),
    ):
        result = run(argument, "--out", "out.html")
        assert isinstance(result.exception, CheckpointError), argument
        assert re.search(words, str(result.exception)), argument
    assert not Path("out.html").exists()
