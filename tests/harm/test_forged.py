"""Test that forged files of every kind are either used or rejected with a clear error."""

from __future__ import annotations

import copy
import json
import shutil
import tempfile
import tomllib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from click.testing import CliRunner

from namegen.api.model import load
from namegen.api.training import resume
from namegen.bundled_configs import bundled_configs
from namegen.cli import cli
from namegen.core.checkpoint.tensor_file import read_tensors
from namegen.core.data.description import describe
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.settings import DataSettings
from namegen.core.training import CONFIG_FILE, KNOWN_FILE, MODEL_FILE, NAMES_FILE, STATE_FILE
from namegen.errors import NamegenError
from namegen.experiments.plan_sweep import read_grid
from namegen.experiments.report import make_report
from namegen.experiments.rows import read_results
from namegen.experiments.run import ROWS as STORED_ROWS
from namegen.experiments.run import RowStore
from namegen.lists import read_names
from namegen.settings_toml import parse_config, read_config, write_config
from tests.harm.attack import attack
from tests.harm.effort import tries
from tests.harm.forging import (
    LONG,
    TOKENS,
    Random,
    forged_bytes,
    forged_document,
    forged_header,
    forged_tensors,
    write_forged,
)
from tests.harm.material import GRID, NAMES, end_sooner, model_file, run_folder

SOUND = -1  # the attempt that changes nothing: a valid file must be accepted
ROOT = Path(__file__).parents[2]
LISTED = ("Anna", "Zoë", "O'Neil, Jr.", '"quoted"', "=1+1", "\u05d0\u05d1", "a\x1b[31m", "😀", " ")
ROWS = [{"name": "Anna", "origin": "Finnish"}, {"name": "Bo", "origin": 1914}]
COLUMNS = (None, "name", "origin", "1", "99", "x" * LONG, "\x1b[31m", "")
KEPT = f"kept/{STORED_ROWS}"
# The pieces that forged text files are made of, in addition to ``TOKENS``.
LINES = (b"name,origin\n", b"name;origin\n", b'"An\nna","x"\n', b'""', b"," * 5000, "Zoë".encode())
SETTINGS = (
    *(b"[training]\n", b"[grid]\n", b"[[data]]\n", b"epochs = 3\n", b"names = ", b"inf\n"),
    *(b"{ a = 1 }\n", b"'''", b"[network]\nhidden = [32, ", b"training.seed = [0, 1]\n"),
    *(b"[[], 1]\n", b"a." * 2000, b"# \x1b[31m\n"),
)
PIECES = {".txt": (*TOKENS, *LINES), ".csv": (*TOKENS, *LINES), ".toml": (*TOKENS, *SETTINGS)}
STORED_ROW = msgspec.json.encode(read_results(ROOT / "docs" / "results" / "results.json").rows[0])


def random(seed: int) -> Random:
    """Return the random numbers for one attempt."""
    return np.random.default_rng([16, abs(seed)])


# --- every kind of file -----------------------------------------------------------------------------------------------


@cache
def sound_files() -> Path:
    """Make a folder with valid files of every kind: runs, lists, configs, and the stored results of commands."""
    folder = Path(tempfile.mkdtemp(prefix="namegen-harm-"))
    shutil.copytree(run_folder(), folder / "run")
    shutil.copytree(run_folder(labelled=False), folder / "plain")
    (folder / "list.txt").write_text("\n".join(LISTED), encoding="utf-8")
    (folder / "list.csv").write_bytes(b"name,origin\nAnna,Finnish\nBo,Danish\n" * 3)
    (folder / "list.json").write_text(json.dumps(ROWS), encoding="utf-8")
    Vocabulary("Ano").save(folder / "vocabulary.json")
    shutil.copy(bundled_configs()["blog-rnn32-first"].path, folder / "config.toml")
    (folder / "grid.toml").write_text(GRID.format(epochs=2), encoding="utf-8")
    shutil.copy(ROOT / "docs" / "results" / "results.json", folder)
    (folder / "kept").mkdir()
    (folder / KEPT).write_bytes(STORED_ROW)
    return folder


def use_model(path: Path) -> None:
    """Load a model and call several of its methods. Raise the error with the longest message."""
    model = load(path.with_name(MODEL_FILE))
    assert [repr(model), model.list_name, model.default_max_length]
    errors = []
    for call in (
        lambda: model.generate(2, seed=1, allow_seen=True, allow_repeats=True, max_length=30),
        lambda: model.generate(2, seed=1, max_length=30),
        lambda: model.score("Anna"),
        lambda: model.labels and model.label_probabilities("Anna"),
    ):
        try:
            call()
        except NamegenError as error:
            errors.append(error)
    if errors:  # `attack` checks the length of the message
        raise max(errors, key=lambda error: len(str(error)))


def use_list(path: Path) -> None:
    """Read a list. If it is forged, also choose random columns, with a seed from the last bytes of the file."""
    content = path.read_bytes()
    column = None if path.suffix == ".txt" else "name"
    label_column = None
    if content != (sound_files() / path.name).read_bytes():
        rng = random(int.from_bytes(content[-8:], "big"))
        column, label_column = (COLUMNS[rng.integers(len(COLUMNS))] for _ in range(2))
    corpus = read_names(DataSettings(names=str(path), column=column, label_column=label_column))
    assert corpus.names
    assert [corpus.dropped_sentence(), corpus.fingerprint, corpus.label_counts, corpus.vocabulary]
    describe(corpus.names).to_dict()


def use_config(path: Path) -> None:
    """Read a config, and check that it survives a round trip."""
    config = read_config(path)
    assert parse_config(tomllib.loads(write_config(config))) == config


READERS: dict[str, Callable[[Path], object]] = {
    f"run/{MODEL_FILE}": use_model,
    f"plain/{MODEL_FILE}": use_model,
    f"run/{KNOWN_FILE}": use_model,
    **dict.fromkeys(
        (f"run/{STATE_FILE}", f"run/{CONFIG_FILE}", f"run/{NAMES_FILE}"),
        lambda path: resume(path.parent, epochs=3),
    ),
    **dict.fromkeys(("list.txt", "list.csv", "list.json"), use_list),
    "vocabulary.json": Vocabulary.load,
    "config.toml": use_config,
    "grid.toml": read_grid,
    KEPT: lambda path: RowStore(path.parent),  # damaged rows are ignored
    "results.json": lambda path: make_report(read_results(path)).markdown(),
}


def forge(path: Path, rng: Random) -> None:
    """Change the bytes of a file, or the document in it.

    For tensor files, change the header, or change the document and the tensors and update the checksum. Half of these
    files have no self-test logits, which would reveal the change.
    """
    content = path.read_bytes()
    kind = rng.integers(5)
    if kind == 0 or (kind == 1 and path.suffix == ".csv"):
        path.write_bytes(forged_bytes(content, rng))
    elif kind == 1 and path.suffix == ".safetensors":
        path.write_bytes(forged_header(content, rng))
    elif path.suffix == ".safetensors":
        tensors, document = read_tensors(path)
        if rng.random() < 0.5:
            tensors.pop("probe", None)  # in a saved state
            document.get("metadata", {})["probe"] = None
        if kind > 2:
            tensors = forged_tensors(tensors, rng)
        if kind < 4:
            document = forged_document(document, rng)
        write_forged(path, tensors, document)
    elif path.suffix in (".json", ".jsonl"):
        lines = content.splitlines() if path.suffix == ".jsonl" else [content]
        forged = [forged_document({"all": json.loads(line)}, rng).get("all") for line in lines]
        path.write_text("\n".join(map(json.dumps, forged)), encoding="utf-8")
    else:
        pieces = PIECES.get(path.suffix, TOKENS)
        chosen = rng.integers(len(pieces), size=rng.integers(1, 12))
        path.write_bytes(b"".join(pieces[index] for index in chosen))


@pytest.mark.parametrize("name", READERS)
def test_a_forged_file_is_used_or_rejected(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A search that finds nothing ends earlier than usual."""
    end_sooner(monkeypatch)
    sound, path = sound_files() / name, tmp_path / name

    def call(seed: int) -> None:
        if sound.parent == sound_files():
            shutil.copy(sound, path)
        else:
            shutil.rmtree(path.parent, ignore_errors=True)
            shutil.copytree(sound.parent, path.parent)
        if seed != SOUND:
            forge(path, random(seed))
        READERS[name](path)

    attempts = tries("each kind of file") // (4 if name == "results.json" else 1)
    assert attack(call, range(SOUND, attempts)).returned


# --- metadata of a model, as commands show it -------------------------------------------------------------------------

COMMANDS = (
    "models",
    "models --json",
    "score model.safetensors Anna",
    "generate model.safetensors -n 2 --json",
    "export-web model.safetensors --out page.html --force",
    "evaluate model.safetensors names.txt",
    "export-vocabulary model.safetensors vocabulary.json --force",
)
TEXTS = (
    "\x1b[31m\u202e",
    "x" * LONG,
    "a\nb",
    "\x85\u2028",
    "</script><img src=x>",
    "=1+1",
    "",
    "a\x00",
)


def with_texts(document: dict[str, Any], rng: Random) -> dict[str, Any]:
    """Return the document with unusual text and numbers that match the schema and that commands show."""
    document = copy.deepcopy(document)
    training = document["metadata"]["training"]
    for name in ("list", "split", "backend", "more"):
        training[name] = TEXTS[rng.integers(len(TEXTS))]
    training["names"] = [0, 2**53 + 1, 2**63 - 1][rng.integers(3)]
    training["validation"] = {"accuracy_argmax": 1e300, "loss_nats_per_char": None}
    for label in document["metadata"]["labels"][: rng.integers(3)]:
        label["name"] = TEXTS[rng.integers(len(TEXTS))]
    return document


def test_any_metadata_of_a_model_is_shown_or_rejected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "model.safetensors"
    monkeypatch.setattr("namegen.models.shipped_path", lambda name: path)
    monkeypatch.setattr("namegen.models.SHIPPED", ("mlb-first",))
    (tmp_path / "names.txt").write_text("\n".join(NAMES), encoding="utf-8")
    sound = [read_tensors(model_file(labelled=labelled)) for labelled in (True, False)]

    def call(seed: int) -> None:
        tensors, document = sound[seed % 2]
        write_forged(path, tensors, with_texts(document, random(seed)))
        command = COMMANDS[seed % len(COMMANDS)]
        result = CliRunner().invoke(cli, command.split(), catch_exceptions=False)
        assert result.exit_code in (0, 1), result.output[:300]
        assert len(result.stderr.encode(errors="replace")) <= 3000, result.stderr[:300]
        is_json = "--json" in command and result.exit_code == 0
        for line in f"{'' if is_json else result.stdout}\n{result.stderr}".split("\n"):
            assert line.isprintable(), result.output[:300]
        if result.exit_code:
            assert result.stderr.rstrip("\n").split("\n")[-1].startswith("namegen: "), result.stderr
            raise NamegenError("refused")

    assert attack(call, range(tries("metadata, shown by commands"))).returned
