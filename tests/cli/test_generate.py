"""Check the output of ``namegen generate`` with every constraint, order, model and format."""

from __future__ import annotations

import csv
import json
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import zip_longest

import pytest

from namegen.cli import formats
from namegen.cli.display import Display
from namegen.cli.formats import Output, Row
from namegen.core.checkpoint.checkpoint import Checkpoint
from namegen.errors import GenerationError, safe_cell
from namegen.lists import load_bundled
from tests.cli.conftest import invoke

ALL = ("--allow-seen", "--allow-repeats")


def test_names_are_new_and_distinct_by_default(program, run_folder, some_names):
    listed = set(some_names.casefold().split("\n"))
    run = program("generate", "run", "-n", 50).done()
    names = run.out.splitlines()
    assert len(set(names)) == len(names) == 50
    assert listed.isdisjoint(map(str.casefold, names))
    assert run.err == ""
    names = program("generate", "run", "-n", 3000, *ALL, "--seed", 1).lines()
    assert len(names) == 3000 > len(set(names))
    assert not listed.isdisjoint(map(str.casefold, names))
    first, again = (program("generate", "run", "--seed", 7).lines() for _ in range(2))
    assert first == again
    assert program("generate", "run").lines() != program("generate", "run").lines()


def test_twenty_names_from_the_newest_run_by_default(program, run_folder):
    assert program("generate").done().err == "model: taverns (`namegen models` lists the others)\n"
    (program.folder / "runs").mkdir()
    run_folder.rename(program.folder / "runs" / "names-numpy")
    run = program("generate").done()
    assert (run.out.count("\n"), run.err) == (20, "model: runs/names-numpy\n")
    assert program("generate", "--quiet").done().err == ""


def test_a_command_is_not_a_model(program):
    message = "places is a command, not a model: run `namegen places`"
    program("generate", "taverns", "places").refused(message, code=2)
    program.write("places", "Al\n")
    program("generate", "places").refused("places is not a model file")


def test_a_run_folder_may_have_the_ending_of_a_list(program, run_folder):
    run_folder.rename(program.folder / "run.csv")
    assert len(program("generate", "run.csv", "-n", 3).lines()) == 3
    program.write("names.csv", "name\nAl\n")
    program("generate", "names.csv").refused("run `namegen train names.csv` first")


def test_sampling_options_and_letter_case_are_applied(program, run_folder):
    options = (("--temperature", 0), ("--top-k", 1), ("--top-p", 0.0001))
    bold, *others = (program("generate", "run", "-n", 40, *one, *ALL).lines() for one in options)
    assert len(set(bold)) == 1
    assert others == [bold, bold]
    with_ma = ("generate", "run", "-n", 10, "--seed", 1, "--starts-with", "Ma")
    original = program(*with_ma).lines()
    assert all(name.startswith("Ma") for name in original)
    assert program(*with_ma, "--case", "upper").lines() == [name.upper() for name in original]
    assert program("generate", "run", "--most-likely", 3, "--case", "lower").done().out.islower()


def test_every_constraint_is_satisfied(program, run_folder):
    program.write("avoid.txt", "Anna\nBob\n")
    program.write("banned.txt", "OO\nx\n")
    program.write("empty.txt", "\ufeff \n\n")
    line = (
        "generate run -n 3 --starts-with M --ends-with a --min-length 3 --max-length 12 --seed 2 --matches .*[a-z].* "
        "--contains n --exclude-names avoid.txt --exclude-words banned.txt --min-distance 2"
    )
    names = program(*line.split()).lines()
    assert len(names) == 3
    for name in names:
        assert re.fullmatch("(?=.*n)M.{1,10}a", name)
        assert not re.search("oo|x", name.casefold())
    for file in ("empty.txt", "/dev/null", "mlb-first"):  # an empty list excludes no names
        line = f"generate run -n 5 --exclude-names {file} --exclude-words empty.txt"
        assert len(program(*line.split()).lines()) == 5
    program("generate", "run", "--exclude-names", "nobody.txt").refused("nobody.txt")
    # namegen's own output can be excluded, also if it has more columns than the names.
    again = ("generate", "run", "-n", 5, "--seed", 2)
    names = program(*again).lines()
    for form in ("json", "jsonl", "csv"):
        program(*again, "--scores", "--format", form, "--out", f"given.{form}").done()
        assert not set(names) & set(program(*again, "--exclude-names", f"given.{form}").lines())


def test_names_are_sorted_by_probability_or_letters_or_shuffled(program, run_folder):
    drawn = ("-n", 15, "--sort", "likely", "--seed", 3)
    for options in (drawn, ("--most-likely", 15)):
        entries = program("generate", "run", *options, "--scores", "--json").done().json
        scores = [entry["log_probability"] for entry in entries]
        assert scores == sorted(scores, reverse=True)
        assert [entry["new"] for entry in entries] == [True] * 15
    best = program("generate", "run", "--most-likely", 15).lines()
    assert best == [entry["name"] for entry in entries]
    in_order = program("generate", "run", "--most-likely", 15, "--sort", "alphabetical").lines()
    assert in_order == sorted(best, key=lambda name: (name.casefold(), name))
    shuffled = ("generate", "run", "--most-likely", 15, "--sort", "random", "--seed", 3)
    assert best != program(*shuffled).lines() == program(*shuffled).lines()


def test_fewer_names_than_requested_are_printed_with_an_error(program, run_folder):
    names = ["Ann", "Bob", "Lee"]
    these = ("--allow-seen", "--min-length", 2, "--matches", "|".join(names))
    for number in (("-n", 40, "--sort", "alphabetical"), ("--most-likely", 40)):
        run = program("generate", "run", *number, *these, "--json")
        assert (run.code, sorted(entry["name"] for entry in run.json)) == (1, names)
        assert re.search("found 3 of (the )?40", run.err)
        assert "Traceback" not in run.err


WRONG = """
-n 0: '-n'
-n 1000000000000: '-n'
--temperature -1: --temperature
--top-k 0: --top-k
--top-p 1.5: --top-p
--max-length 0: --max-length
--seed -1: --seed
--exclude-names a.txt --exclude-names b.txt: --exclude-names was passed 2 times
--threads 0: --threads
--backend jax: 'jax'
--min-length 9 --max-length 5: --min-length 9 asks for more than the 5 characters
--min-length 99: raise --max-length, or lower --min-length
--allow-repeats --min-length 99: a name may have
--starts-with \x1b[31m: --starts-with
--contains <b>: '<>'
--matches a(b: position 4
--matches ((((a{100}){100}){100}){100}): --matches
--min-distance 2: --exclude-names
--min-distance 4: --min-distance
--most-likely 0: --most-likely
--most-likely 5 -n 5: combined with -n
--most-likely 5 --sort likely --temperature 1 --seed 5: combined with --seed, --temperature
--temperature 0 --top-p 0.5 --top-k 5: combined with --top-k, --top-p
--json --format csv: --json contradicts --format csv
--blend-weights 1: --blend-weights
mlb-last --blend-weights 0.7,0.5: --blend-weights 0.7,0.5 sums to 1.2
mlb-last --blend-weights 1: 1 weights for 2 models
mlb-last --blend-weights much,little: --blend-weights
mlb-last --label Finnish: --label
"""


def test_impossible_options_are_rejected_with_exit_code_2(program, run_folder):
    for wrong in WRONG.strip().splitlines():
        arguments, _, said = wrong.rpartition(": ")
        run = program("generate", "run", *arguments.split()).refused(said, code=2)
        assert "\x1b" not in run.err


# --- standard output --------------------------------------------------------------------------------------------------


def test_names_are_printed_until_the_pipe_is_closed(program, run_folder):
    before = "import namegen.core.generation.search as search; search.CHUNK_NAMES = 50_000"
    process = program.spawn("generate", "run", "-n", 900_000_000, *ALL, before=before)
    assert process.stdout.readline()
    assert process.poll() is None
    process.stdout.close()
    process.stdout = None
    told = process.communicate(timeout=60)[1]  # contains progress lines if the search took long
    assert process.returncode == 0
    assert [line for line in told.splitlines() if not line.endswith("names drawn")] == []


def test_text_from_a_model_is_safe_to_show(program):
    program.write("names.csv", 'name\n"a\x1b[31mb"\n"\u202ec"\n=Zoë\n' * 30)
    line = "train names.csv --validation 0 --epochs 2 --no-plot --out run"
    program(*line.split()).done()
    drawn = ("generate", "run", "-n", 80, *ALL, "--seed", 1)
    assert any("\x1b" in entry["name"] for entry in program(*drawn, "--json").json)
    for form in ("text", "json", "csv"):
        out = program(*drawn, "--format", form).done().out
        assert not {"\x1b", "\u202e"} & set(out)
        assert "1b" in out
        assert "202e" in out
    c_locale = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    for settings, shown in (({"PYTHONIOENCODING": "ascii"}, "\\xeb"), (c_locale, "ë")):
        other = program.spawn(*drawn, env={**os.environ, **settings})
        out, err = other.communicate(timeout=60)
        assert (other.returncode, err) == (0, "")
        assert shown in out


# --- models -----------------------------------------------------------------------------------------------------------


def test_missing_known_names_are_reported(program, run_folder):
    checkpoint = Checkpoint.load(run_folder / "model.safetensors")
    replace(checkpoint, known_names=None).save(program.folder / "bare.safetensors")
    bare = ("generate", "bare.safetensors", "-n", 3)
    program(*bare).refused("can't tell which names are new", "--allow-seen")
    entries = program(*bare, "--allow-seen", "--scores", "--json").done().json
    assert [entry["new"] for entry in entries] == [None] * 3


def test_a_blend_mixes_characters_but_excludes_both_lists(program):
    blend = "generate mlb-first japanese-given --blend-weights 0.6,0.4 --unfiltered -n 80 --seed 1"
    done = program(*blend.split())
    names = done.lines()
    note = "no letters in common"
    assert note in done.err
    assert (
        note
        not in program("generate", "mlb-first", "mlb-last", "japanese-given", "-n", 1).done().err
    )
    assert 10 < sum(re.search("[\u3041-\u30ff]", name) is not None for name in names) < 60
    for of_list in ("mlb-first", "japanese-given"):
        listed = map(str.casefold, load_bundled(of_list).names)
        assert set(map(str.casefold, names)).isdisjoint(listed)


def test_models_with_labels_can_be_blended(small):
    labels = ("--label", "Finnish", "--label", "Italian")
    result = invoke("generate", "world-given", "world-family", *labels, "-n", 6, "--seed", 1)
    assert result.exit_code == 0, result.stderr
    assert len(set(result.stdout.splitlines())) == 6


# --- which names are returned -----------------------------------------------------------------------------------------


def test_unfiltered_names_come_from_the_models_own_distribution(program):
    """By default, the best names are returned, so two runs share many. With --allow-repeats, nothing is filtered."""
    few = set(program("generate", "mlb-last", "-n", 40, "--seed", 2).lines())
    some = program("generate", "mlb-last", "-n", 1_000, "--seed", 1).lines()
    unfiltered = program("generate", "mlb-last", "-n", 1_000, "--seed", 1, "--unfiltered").lines()
    assert len(few.intersection(some)) > 10 > len(few.intersection(unfiltered))
    repeats = ("generate", "mlb-last", "-n", 200, "--seed", 1, "--allow-repeats")
    assert program(*repeats).lines() == program(*repeats, "--unfiltered").lines()


# --- formats ----------------------------------------------------------------------------------------------------------


COLUMNS = {
    "generate world-given --scores": ("name", "log_probability", "new", "label"),
    "companies --scores": ("name", "log_probability", "new"),
    "players": ("name", "first", "last", "suffix"),
    "people --household 2": ("name", "given", "family", "origin", "gender", "household"),
}


@pytest.mark.parametrize("command", COLUMNS)
def test_every_format_has_the_same_rows(command, small):
    def out(*more: object) -> str:
        result = invoke(*command.split(), "-n", 5, "--seed", 1, *more)
        assert result.exit_code == 0, result.output
        return result.stdout

    names = out("--format", "text").splitlines()
    assert len(names) == 5
    array = json.loads(out("--json"))
    assert [entry["name"] for entry in array] == names
    assert [tuple(entry) for entry in array] == [COLUMNS[command]] * 5
    assert all(entry.get("log_probability", -1) < 0 for entry in array)
    assert [json.loads(line) for line in out("--format", "jsonl").splitlines()] == array
    head, *rows = csv.reader(out("--format", "csv").splitlines())
    assert tuple(head) == COLUMNS[command]
    words = {"True": "true", "None": ""}
    assert rows == [
        [str(words.get(repr(cell), safe_cell(cell))) for cell in entry.values()] for entry in array
    ]


def test_each_name_gets_its_most_likely_label(small):
    """It's one of the requested labels, and the same as in ``score --labels``, for drawn and most likely names."""
    asked = ("--label", "Finnish", "--label", "Italian", "--label", "Swahili")

    def rows(*more: object) -> list[dict[str, str]]:
        result = invoke("generate", "world-given", *asked, *more, "--json", "--quiet")
        return json.loads(result.stdout)

    drawn, best = rows("-n", 12, "--seed", 1), rows("--most-likely", 6)
    names = [row["name"] for row in drawn + best]
    line = ("score", "--model", "world-given", *asked, "--labels", "--json", "--", *names)
    scores = json.loads(invoke(*line).stdout)["scores"]
    likeliest = [next(iter(score["labels"])) for score in scores]
    assert [row["label"] for row in drawn + best] == likeliest
    assert len(set(likeliest)) > 1
    upper = rows("-n", 12, "--seed", 1, "--case", "upper")
    assert [row["label"] for row in upper] == likeliest[:12], "the letter case changed the label"


HARD = ["=1+1", "+1", "-1", "@a", "＝1", "＋1", "－1", "＠a", "a;=1+1", "Zoë", "a\x1b[31m"]
HARD += ["b; @c", 'say "a", b', "{} %s"]
VALUES = (0.5, True, None, 3, "x", -1.5, None)


def written(
    form: str, capsys: pytest.CaptureFixture[str], rows: int = 2, error: str | None = None
) -> str:
    """Write some rows as two batches, followed by an error, and return the output."""

    def batches() -> Iterator[Iterable[Row]]:
        for start in range(rows):
            yield zip(HARD[start::2], VALUES, strict=True)
        if error is not None:
            raise GenerationError(error)

    with suppress(GenerationError), Display() as display:
        Output(form, None, with_scores=False).write_rows(("a", "b"), batches(), display)
    return capsys.readouterr().out


def test_each_format_escapes_cells_in_its_own_way(capsys):
    text, lines, array, table = (written(form, capsys) for form in ("text", "jsonl", "json", "csv"))
    assert "\x1b" not in text + lines + array + table
    entries = json.loads(array)
    assert [entry["a"] for entry in entries] == [*HARD[::2], *HARD[1::2]]
    assert [entry["b"] for entry in entries] == [0.5, True, None, 3, "x", -1.5, None] * 2
    assert [json.loads(line) for line in lines.splitlines()] == entries
    cells = [row[0] for row in csv.reader(table.splitlines())][1:]
    safe = {"a;=1+1": "a;'=1+1", "b; @c": "b;' @c", "a\x1b[31m": "a\\x1b[31m"}
    assert sorted(cells) == sorted(
        f"'{name}" if name[0] in "=+-@＝＋－＠" else safe.get(name, name) for name in HARD
    )
    assert text.splitlines()[0] == "=1+1"  # spreadsheets don't open text output


def test_a_json_array_is_closed_after_generation_errors(capsys):
    assert len(json.loads(written("json", capsys, error="no more"))) == len(HARD)
    assert json.loads(written("json", capsys, rows=0, error="none")) == []
    assert json.loads(written("json", capsys, rows=0)) == []


def test_a_terminal_shows_short_lists_side_by_side(monkeypatch, small):
    """Names are ordered from top to bottom. Long lists and other formats have one name per line."""
    names = invoke("generate", "mlb-last", "-n", 41, "--seed", 1).stdout.splitlines()
    monkeypatch.setattr("click.testing._NamedTextIOWrapper.isatty", lambda _: True, raising=False)
    table = invoke("generate", "mlb-last", "-n", 41, "--seed", 1).stdout.splitlines()
    assert max(map(len, table)) <= 80
    assert len(table) < 12
    columns = zip_longest(*(row.split() for row in table))
    assert [name for column in columns for name in column if name] == names
    impossible = invoke("generate", "mlb-last", "-n", 9, "--matches", "Lee|Diaz", "--allow-seen")
    assert (impossible.exit_code, impossible.stdout.count("\n")) == (1, 1)
    assert sorted(impossible.stdout.split()) == ["Diaz", "Lee"]
    monkeypatch.setattr(formats, "MAX_SIDE_BY_SIDE", 3)
    for more in (("-n", 4), ("-n", 3, "--format", "text"), ("-n", 3, "--json")):
        lines = invoke("generate", "mlb-last", *more).stdout.splitlines()
        assert len(lines) >= int(more[1])
