"""``evaluate``, ``ceiling`` and ``describe``."""

from __future__ import annotations

import pytest

METRICS = {"loss_nats_per_char", "bits_per_char", "accuracy_argmax", "accuracy_sampled"}


def test_ceiling_gives_the_figures_of_the_list(program):
    program.write("names.txt", "Al\nAli\nAl\n")
    result = program("ceiling", "names.txt", "--json").done().json
    assert set(result) == METRICS | {"names", "distinct_names", "distinct_prefixes", "characters"}
    sizes = {name: result[name] for name in ("names", "distinct_names", "distinct_prefixes", "characters")}
    assert sizes == {"names": 3, "distinct_names": 2, "distinct_prefixes": 4, "characters": 10}
    assert result["accuracy_argmax"] == pytest.approx(0.9)
    text = program("ceiling", "names.txt").done().out
    assert "90.0%" in text
    assert "nats/char" in text


def test_what_stands_for_a_list_left_out_is_said(program):
    run = program("ceiling").done()
    assert run.err == "names: mlb-first\n"
    assert program("ceiling", "--quiet").done().err == ""
    assert program("ceiling", "mlb-first").done().err == ""


def test_a_model_of_a_bundled_list_is_evaluated_on_that(program):
    left_out = program("evaluate", "japanese-given").done()
    assert left_out.err == "names: japanese-given, which the model learned from\n"
    assert left_out.out == program("evaluate", "japanese-given", "japanese-given").done().out


def test_standard_input_is_read(program):
    assert program("ceiling", "-", "--json", stdin=b"Bob\n\nAl\n").done().json["names"] == 2


def test_evaluate_gives_the_figures_of_a_model(program, run_folder):
    result = program("evaluate", "run", "names.txt", "--json").done().json
    assert set(result) == METRICS | {"names", "left_out", "ceiling", "model"}
    assert set(result["ceiling"]) == METRICS
    assert (result["names"], result["left_out"], result["model"]) == (300, 0, "run")
    assert result["loss_nats_per_char"] > result["ceiling"]["loss_nats_per_char"]
    text = program("evaluate", "run", "names.txt").done().out
    assert max(map(len, text.split("\n"))) <= 80
    assert "ceiling of this list" in text


def test_evaluate_leaves_out_what_the_model_cannot_read_and_says_so(program, run_folder):
    program.write("more.txt", "Hank\nЖанна\n佐藤\n")
    run = program("evaluate", "run", "more.txt", "--json").done()
    assert (run.json["names"], run.json["left_out"]) == (1, 2)
    assert "left out: 2 of 3 names" in run.err
    program.write("foreign.txt", "Жанна\n")
    program("evaluate", "run", "foreign.txt").refused("every name has characters that run does not know")


def test_evaluate_reads_names_longer_than_any_in_training(program, run_folder):
    program.write("long.txt", "a" * 900 + "\n")
    assert program("evaluate", "run", "long.txt", "--json").done().json["names"] == 1


def test_describe_fits_80_columns(program):
    for name in ("mlb-first", "companies", "japanese-given"):
        from unicodedata import east_asian_width

        text = program("describe", name).done().out
        widths = [sum(2 if east_asian_width(c) in "WF" else 1 for c in line) for line in text.split("\n")]
        assert max(widths) <= 80
    assert "Bill" in program("describe").done().out
    assert "Commonest names" not in program("describe", "companies").done().out  # each stands once


def test_describe_as_json_is_the_description(program):
    program.write("names.txt", "Al\nAlan\nBob\nAl\n")
    result = program("describe", "names.txt", "--json").done().json
    assert (result["entries"], result["distinct"], result["lengths"]) == (4, 3, {"2": 2, "3": 1, "4": 1})


def test_describe_shows_no_control_characters(program):
    program.write("names.csv", 'n\n"\x1b[31mred"\n"\x1b[31mred"\nblue\n')
    assert "\x1b" not in program("describe", "names.csv").done().out
    assert "\x1b" not in program("ceiling", "names.csv").done().out


def test_describe_counts_labels(program):
    program.write("two.csv", "name,origin\nAino,Finnish\nPia,Finnish\nPia,Italian\nEzio,\x1b[31m\n")
    run = program("describe", "two.csv", "--label-column", "origin", "--json").done()
    assert next(iter(run.json["labels"].items())) == ("Finnish", 2)
    assert sum(run.json["labels"].values()) == 4
    text = program("describe", "two.csv", "--label-column", "origin").done().out
    labels = text[text.index("Labels") :]
    assert "Finnish" in labels
    assert "50.0%" in labels
    assert "\x1b" not in text
    assert "Labels" not in program("describe", "two.csv", "--column", "name").done().out
    many = "".join(f"{letter}{other},{letter}\n" for letter in "abcdefghijklmnopqrst" for other in "uv")
    program.write("many.csv", "name,of\n" + many)
    assert "5 others" in program("describe", "many.csv", "--label-column", "of").done().out


def test_describe_draws_where_it_is_told_to(program, some_names):
    program.write("names.txt", some_names)
    run = program("describe", "names.txt", "--plot", "drawn.png").done()
    assert "drawn: drawn.png" in run.err
    assert (program.folder / "drawn.png").read_bytes().startswith(b"\x89PNG")
    program("describe", "names.txt", "--plot", "names.txt").refused(".png or .svg", code=2)
    assert (program.folder / "names.txt").read_text(encoding="utf-8") == some_names
    assert "cannot write" in program("describe", "names.txt", "--plot", "nowhere/drawn.png").err


def test_describe_draws_over_nothing_unless_it_is_told_to(program):
    program.write("names.txt", "Al\nBob\n")
    drawn = program.write("mine.svg", "precious")
    program("describe", "names.txt", "--plot", "mine.svg").refused("mine.svg exists already", "--force")
    assert drawn.read_text() == "precious"
    program("describe", "names.txt", "--plot", "mine.svg", "--force").done()
    assert "<svg" in drawn.read_text(encoding="utf-8")
    program("describe", "names.txt", "--force").refused("--plot", code=2)


def test_one_name_is_no_names(program):
    program.write("one.txt", "Al\n")
    assert "one.txt: 1 name, all distinct" in program("describe", "one.txt").done().out
    text, result = program("ceiling", "one.txt").done().out, program("ceiling", "one.txt", "--json").done()
    assert "-0.0" not in text + result.out


def test_describe_works_on_the_smallest_lists(program):
    for names in ("a\n", "a\na\n", "a\nb\n"):
        program.write("names.txt", names)
        assert "name" in program("describe", "names.txt").done().out
