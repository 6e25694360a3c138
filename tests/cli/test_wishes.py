"""``namegen generate`` with wishes: each flag reaches the names, and each mistake is one sentence."""

from __future__ import annotations

import csv

import pytest


def test_every_wish_is_kept(program, run_folder):
    program.write("avoid.txt", "Anna\nBob\n")
    program.write("banned.txt", "OO\nx\n")
    names = program("generate", "run", "-n", 400, "--seed", 1).done().out.split()
    beginning, end = names[0][:1], names[1][-1:]
    wishes = ("--starts-with", beginning, "--ends-with", end, "--min-length", 3, "--max-length", 12, "--seed", 2)
    more = ("--matches", ".*[a-z].*", "--avoid", "avoid.txt", "--banned", "banned.txt", "--min-distance", 2)
    found = program("generate", "run", "-n", 3, *wishes, *more).done().out.split("\n")[:-1]
    assert len(found) == 3
    for name in found:
        assert name.startswith(beginning)
        assert name.endswith(end)
        assert 3 <= len(name) <= 12
        assert "oo" not in name.lower()
        assert "x" not in name.lower()
    contained = program("generate", "run", "-n", 5, "--contains", beginning).done().out.split("\n")[:-1]
    assert all(beginning in name for name in contained)


def test_the_likeliest_come_in_order_and_the_same_each_time(program, run_folder):
    entries = program("generate", "run", "--best", 15, "--json").done().json
    assert len(entries) == 15
    scores = [entry["log_probability"] for entry in entries]
    assert scores == sorted(scores, reverse=True)
    assert all(entry["new"] for entry in entries)
    text = program("generate", "run", "--best", 15).done().out.split("\n")[:-1]
    assert text == [entry["name"] for entry in entries]
    alphabetical = program("generate", "run", "--best", 15, "--sort", "alphabetical").done().out.split("\n")[:-1]
    assert alphabetical == sorted(text, key=lambda name: (name.casefold(), name))
    dealt = program("generate", "run", "--best", 15, "--sort", "random", "--seed", 3).done().out.split("\n")[:-1]
    assert sorted(dealt) == sorted(text)
    assert dealt != text
    drawn = program("generate", "run", "-n", 15, "--sort", "likely", "--seed", 3, "--json").done().json
    scores = [entry["log_probability"] for entry in drawn]
    assert scores == sorted(scores, reverse=True)


def test_csv_has_a_heading_and_no_formula(program):
    program.write("names.txt", "=SUM(A1)\n@home\n-x\n" * 20)
    program(
        "train", "names.txt", "--validation", 0, "--effort", "quick", "--epochs", 2, "--no-plot", "--out", "run"
    ).done()
    out = program("generate", "run", "-n", 60, "--format", "csv").done().out
    rows = list(csv.DictReader(out.splitlines()))
    assert len(rows) == 60
    assert set(rows[0]) == {"name", "log_probability", "new"}
    assert {row["new"] for row in rows} == {"true"}
    assert not any(row["name"].startswith(("=", "+", "-", "@")) for row in rows)
    assert any(row["name"].startswith("'") for row in rows)


def test_fewer_than_asked_are_printed_in_order_with_a_sentence(program, run_folder):
    for wish in (("-n", 40, "--sort", "alphabetical", "--temperature", 0), ("--best", 40)):
        run = program("generate", "run", "--allow-seen", "--max-length", 1, *wish)
        assert run.code == 1
        found = run.out.split("\n")[:-1]
        assert all(len(name) == 1 for name in found)
        assert f"names found: {len(found)} of 40" in run.err
        assert "Traceback" not in run.err


def test_an_empty_list_avoids_nobody(program, run_folder):
    program.write("empty.txt", "\ufeff \n\n")
    for file in ("empty.txt", "/dev/null"):
        run = program("generate", "run", "-n", 5, "--avoid", file, "--min-distance", 3, "--banned", file).done()
        assert run.out.count("\n") == 5


def test_a_bundled_list_can_be_avoided_by_its_name(program, run_folder):
    assert program("generate", "run", "-n", 5, "--avoid", "mlb-first", "--min-distance", 2).done().out.count("\n") == 5


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--min-length", 9, "--max-length", 5), "--min-length 9 contradicts --max-length 5"),
        (("--min-length", 100_000), "raise --max-length"),
        (("--starts-with", "\x1b[31m"), "which the model has never seen"),
        (("--contains", "<b>"), "'<>'"),
        (("--matches", "a(b"), "missing ) at position 4"),
        (("--matches", "((((a{100}){100}){100}){100})"), "too large an expression"),
        (("--matches", "a{1000000}"), "too large an expression"),
        (("--min-distance", 2), "give them with --avoid"),
        (("--min-distance", 4), "--min-distance"),
        (("--min-length", -1), "--min-length"),
        (("--best", 0), "--best"),
        (("--best", 5, "-n", 5), "--best cannot be combined with -n"),
        (("--best", 5, "--top-k", 5), "--best cannot be combined with --top-k"),
        (("--best", 5, "--seed", 5), "--best cannot be combined with --seed"),
        (("--best", 5, "--sort", "likely", "--temperature", 1, "--seed", 5), "combined with --seed, --temperature"),
        (("--temperature", 0, "--top-k", 5), "--temperature 0 cannot be combined with --top-k"),
        (("--temperature", 0, "--top-p", 0.5, "--top-k", 5), "cannot be combined with --top-k, --top-p"),
        (("--json", "--format", "csv"), "--json contradicts --format csv"),
        (("--sort", "backwards"), "--sort"),
    ],
)
def test_what_cannot_be_is_exit_code_2_and_named(program, run_folder, arguments, said):
    run = program("generate", "run", *arguments)
    assert (run.code, run.out) == (2, "")
    assert said in run.err
    assert "Traceback" not in run.err
    assert "\x1b" not in run.err


def test_a_file_that_is_not_there_is_an_error(program, run_folder):
    program("generate", "run", "--avoid", "nobody.txt").refused("nobody.txt")


def test_an_expression_that_explodes_ends_in_a_sentence(program, run_folder):
    """However it is meant: an answer, or a sentence within some seconds."""
    wish = ("--matches", "(.|..|...)+(?<!.)", "--min-length", 12, "--max-length", 300)
    run = program("generate", "run", "-n", 3, *wish, "--temperature", 1)
    assert run.code == 1
    assert "--matches" in run.err
    assert "Traceback" not in run.err
