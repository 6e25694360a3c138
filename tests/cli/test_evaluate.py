"""Check the results of ``evaluate``, ``ceiling``, ``describe``, ``score`` and ``export-vocabulary``."""

from __future__ import annotations

import json
import math
import re

import pytest

from namegen import load
from namegen.core.data.vocabulary import Vocabulary
from tests.cli.conftest import invoke

LEARNED = (
    "these results are for the model's training list (except for held-out names), and "
    "don't show how well it predicts new names\n"
)
METRICS = {"loss_nats_per_char", "bits_per_char", "accuracy_argmax", "accuracy_sampled"}


def test_ceiling_prints_the_metrics_of_a_list(program):
    program.write("names.txt", "Al\nAli\nAl\n")
    result = program("ceiling", "names.txt", "--json").done().json
    sizes = {"names": 3, "distinct_names": 2, "distinct_prefixes": 4, "characters": 10}
    assert result == {**{name: result[name] for name in METRICS}, **sizes}
    assert result["accuracy_argmax"] == pytest.approx(0.9)
    assert "90.0%" in program("ceiling", "names.txt").done().out
    assert program("ceiling", "-", "--json", stdin=b"Bob\n\nAl\n").done().json["names"] == 2
    program.write("one.txt", "Al\n")
    for option in ((), ("--json",)):
        assert "-0.0" not in program("ceiling", "one.txt", *option).done().out


# --- evaluate ---------------------------------------------------------------------------------------------------------


def test_evaluate_uses_the_unchanged_training_list_by_default(program, run_folder, trained):
    names = program.folder / "names.txt"
    told = program("evaluate", "run").done()
    assert told.err == f"names: {names}, which the model was trained on\n{LEARNED}"
    title = f"run on 300 names of {names}, which it was trained on "
    assert " ".join(told.out.split()).startswith(title)
    assert told.out == program("evaluate", "run", names).done().out
    (program.folder / "run" / "model.safetensors").rename(program.folder / "bare.safetensors")
    trained(program.folder / "again")
    for line, said in (
        ("bare.safetensors", "was trained on a list called 'names.txt'"),
        ("again --with mlb-first", "as NAMES"),
    ):
        program("evaluate", *line.split()).refused(said, code=2)
    program.write("names.txt", names.read_text() + "Zed\n")
    program("evaluate", "again").refused("names.txt has changed since again was trained on it")
    names.unlink()
    program("evaluate", "again").refused("names.txt, no longer exists", "as NAMES")


def test_evaluate_prints_metrics_and_the_number_of_skipped_names(program, run_folder):
    result = program("evaluate", "run", "names.txt", "--json").done().json
    assert set(result) == METRICS | {"names", "left_out", "ceiling", "model"}
    assert set(result["ceiling"]) == METRICS
    assert (result["names"], result["left_out"], result["model"]) == (300, 0, "run")
    assert result["loss_nats_per_char"] > result["ceiling"]["loss_nats_per_char"]
    program.write("more.txt", "Hank\nЖанна\n佐藤\n" + "a" * 900 + "\n")
    run = program("evaluate", "run", "more.txt", "--json").done()
    assert (run.json["names"], run.json["left_out"]) == (2, 2)
    assert "skipped 2 of 4 names" in run.err
    program.write("foreign.txt", "Жанна\n")
    reason = "every name has characters that run doesn't know"
    program("evaluate", "run", "foreign.txt").refused(reason)


# --- describe ---------------------------------------------------------------------------------------------------------


def test_describe_prints_text_or_json(program):
    program.write("names.txt", "Al\nAlan\nBob\nAl\n")
    result = program("describe", "names.txt", "--json").done().json
    assert (result["entries"], result["distinct"]) == (4, 3)
    assert result["lengths"] == {"2": 2, "3": 1, "4": 1}
    for names, said in (("a\n", "1 name, all distinct"), ("a\na\n", "2 names, 1 distinct")):
        program.write("few.txt", names)
        assert f"few.txt: {said}" in program("describe", "few.txt").done().out


@pytest.mark.parametrize("longest", [1, 40, 41])
def test_describe_counts_every_length(tmp_path, longest):
    names = tmp_path / "names.txt"
    names.write_text("".join(f"{'a' * length}\n" for length in range(1, longest + 1)))
    table = invoke("describe", names).stdout.split("\n\n")[1].splitlines()[1:]
    rows = [re.match(r"(\d+)(?:-(\d+))? +(\d+) ", line) for line in table]
    ranges = [(int(row[1]), int(row[2] or row[1]), int(row[3])) for row in rows if row]
    assert (ranges[0][0], ranges[-1][1]) == (1, longest)
    assert all(count == high - low + 1 for low, high, count in ranges)
    assert sum(count for _, _, count in ranges) == longest


def test_describe_counts_labels_and_escapes_control_characters(program):
    letters = "abcdefghijklmnopqrst"
    rows = [f"{letter}{other},{letter}" for letter in letters for other in "uv"]
    program.write("many.csv", "\n".join(["name,of", *rows, "\x1b[31mEzio,a"]))
    text = program("describe", "many.csv", "--label-column", "of").done().out
    assert "Labels" in text
    assert re.search(r"\ba +3 +7\.3%", text)
    assert "5 others" in text
    assert "\x1b" not in text
    assert "Labels" not in program("describe", "many.csv", "--column", "name").done().out
    labels = program("describe", "many.csv", "--label-column", "of", "--json").json["labels"]
    assert labels == {letter: 3 if letter == "a" else 2 for letter in letters}


def test_describe_saves_a_plot_without_overwriting_files(program, some_names):
    program.write("names.txt", some_names)
    mine = program.write("mine.svg", "precious")
    assert "plot: drawn.png" in program("describe", "names.txt", "--plot", "drawn.png").done().err
    assert (program.folder / "drawn.png").read_bytes().startswith(b"\x89PNG")
    plotted = ("describe", "names.txt", "--plot")
    program(*plotted, "nowhere/drawn.png").refused("cannot write")
    program(*plotted, "mine.svg").refused("mine.svg exists already", "--force")
    program("describe", "names.txt", "--force").refused("--plot", code=2)
    assert mine.read_text() == "precious"
    program(*plotted, "mine.svg", "--force").done()
    assert "<svg" in mine.read_text(encoding="utf-8")


# --- score ------------------------------------------------------------------------------------------------------------


def test_letter_scores_add_up_to_the_score(program, run_folder):
    run = program("score", "run", "David", "Dvdai", "--json").done()
    assert (run.err, run.json["model"]) == ("model: run\n", "run")
    david, other = run.json["scores"]
    letters = [letter["log_probability"] for letter in david["letters"]]
    assert [letter["letter"] for letter in david["letters"]] == [*"David", ""]
    assert math.fsum(letters) == pytest.approx(david["log_probability"])
    assert david["bits_per_char"] == pytest.approx(-david["log_probability"] / math.log(2) / 6)
    assert 0 <= other["percentile"] <= david["percentile"] <= 100
    plain = program("score", "--model", "run", "David", "Al").done()
    first, second = plain.out.split("\n\n")
    assert first.startswith(f"David: bits per character {david['bits_per_char']:.2f}, log-prob")
    assert [line.split()[0] for line in first.split("\n")[1:]] == [*"David", "·"]
    assert first.split("\n")[1].split()[1] == f"{-letters[0] / math.log(2):.1f}"
    assert second.startswith("Al: ")


def test_score_distinguishes_models_from_names(program, run_folder):
    file = program("score", "run/model.safetensors", "Al", "--json").done()
    assert file.json["model"] == "run/model.safetensors"
    (program.folder / "runs").mkdir()
    run_folder.rename(program.folder / "runs" / "names-numpy")
    (program.folder / "Al").mkdir()  # a folder isn't a model
    alone = program("score", "Al", "Ed", "--json").done()
    assert (alone.json["model"], alone.err) == ("runs/names-numpy", "model: runs/names-numpy\n")
    assert [score["name"] for score in alone.json["scores"]] == ["Al", "Ed"]
    assert program("score", "Al", "--quiet").done().err == ""
    program("score", "no/such.safetensors", "Al").refused("there is no model")
    program("score", "friends.txt", "Al").refused("run `namegen train friends.txt` first")
    program("score", "runs/missing", "Al").refused("runs/missing isn't a model", code=2)
    program("score", "companies").refused("'companies' is a model", code=2)
    named = program("score", "--model", "runs/names-numpy", "companies").done()
    assert named.out.startswith("companies: ")


def test_built_in_models_score_names_and_labels(program):
    assert "\n  ␣" in program("score", "companies", "Apple Inc.").done().out
    likely = program("score", "world-given", "Aino", "--labels").lines()
    assert likely[0] == "Aino"
    assert likely[6].split()[1] == "others"
    assert {line.split()[0] for line in likely[7:]} == {"female", "male", "either"}
    one_label = ("--label", "Finnish,female", "--labels")
    program("score", "world-given", "Aino", *one_label).refused("pass several", code=2)


def test_names_that_cannot_be_scored_are_rejected(program, run_folder):
    program("score", "run", "Al", "さくら\x1b").refused("さくら", "the model knows")
    program("score", "run", "").refused("empty")
    assert program("score").code == program("score", "run", "Al", "--backend", "jax").code == 2


# --- export-vocabulary ------------------------------------------------------------------------------------------------


def test_a_vocabulary_is_exported_next_to_its_model(program, run_folder):
    run = program("export-vocabulary", "run").done()
    characters = load(run_folder).vocabulary.characters
    assert run.out == f"run/model.json: {len(characters)} characters\n"
    assert run.err == "out: run/model.json\n"
    assert json.loads((run_folder / "model.json").read_text(encoding="utf-8")) == {
        "format": "namegen vocabulary",
        "format_version": 1,
        "characters": characters,
        "labels": [],
    }
    shipped = program("export-vocabulary", "world-given", "--json").done().json
    path = program.folder / "world-given.json"
    labels = json.loads(path.read_text(encoding="utf-8"))["labels"]
    assert labels == list(load("world-given").labels)
    count = len(Vocabulary.load(path).characters)
    assert shipped == {"out": path.name, "bytes": path.stat().st_size, "character_count": count}
    program("export-vocabulary", "mlb-last", path.name).refused("exists already", "--force")
    program("export-vocabulary", "mlb-last", "run").refused("name a file, such as run/model.json")
    program("export-vocabulary", "mlb-last", path.name, "--force").done()
    assert Vocabulary.load(path).characters != characters
