"""Check the options, output and files of ``namegen train``."""

from __future__ import annotations

import pytest

from namegen.core.checkpoint.checkpoint import Checkpoint
from namegen.settings_toml import read_config
from tests.cli.conftest import FAST, read_history

METRICS = {"loss_nats_per_char", "bits_per_char", "accuracy_argmax", "accuracy_sampled"}


def test_each_run_writes_its_files_to_a_new_folder(program, names):
    for folder in ("names-numpy", "names-numpy-2"):
        assert program("train", names, *FAST, "--quiet").done().err == ""
        files = {path.name for path in (program.folder / "runs" / folder).iterdir()}
        models = {"model.safetensors", "model.known_names.safetensors"}
        assert files == models | {"state.safetensors", "history.csv", "config.toml"}
    rows = read_history(program.folder / "runs" / "names-numpy")
    assert [row["epoch"] for row in rows] == ["1", "2"]
    assert {row["sample_is_new"] for row in rows} <= {"True", "False"}


def test_the_summary_fits_in_80_columns(program, names):
    run = program("train", names, *FAST[:-1], "--out", "run", "--test", 0.1).done()
    assert max(map(len, run.out.split("\n"))) <= 80
    assert max(map(len, run.err.split("\n"))) <= 120
    for word in (
        " n-gram, order ",
        "ceiling",
        "on the test names",
        "plot: run/history.png",
        "generate run",
    ):
        assert word in run.out
    assert "epoch 2/2" in run.err  # the last epoch is always printed
    assert "(ceiling " in run.err
    assert run.err.count("epoch 1/2") == 0  # other epochs are printed only if training takes longer
    assert (program.folder / "run" / "history.png").read_bytes().startswith(b"\x89PNG")


def test_json_output_has_the_expected_fields(program, names):
    result = program("train", names, *FAST, "--json", "--out", "run", "--test", 0.1).done().json
    fields = "out backend seed epochs best_epoch seconds chars_per_second training validation test"
    assert list(result) == fields.split()
    assert (result["out"], result["backend"], result["seed"], result["epochs"]) == (
        "run",
        "numpy",
        0,
        2,
    )
    assert set(result["training"]) == METRICS
    assert set(result["validation"]) == METRICS | {"ceiling", "baseline", "seen_percent"}
    assert set(result["validation"]["baseline"]) == METRICS | {"order", "smoothing", "duplicates"}
    assert set(result["test"]) == METRICS | {"ceiling", "baseline"}
    assert result["validation"]["seen_percent"] == 0
    none = program("train", names, *FAST, "--json", "--validation", 0).done().json
    assert (none["validation"], none["test"]) == (None, None)


def test_options_override_the_config_and_are_saved(program, names):
    program.write("config.toml", '[training]\nepochs = 7\nseed = 5\n[network]\ncell = "gru"\n')
    options = (
        "--config config.toml --epochs 2 --hidden 8,6 --batch-size 50 --optimizer momentum --momentum 0.8 "
        "--clip-norm 1 --lr-schedule steps --lr-steps 0:0.1,1:0.05 --initializer xavier --no-bptt --validation 0.2 "
        "--split by-row --duplicates sqrt --patience 3 --monitor accuracy --threads 1 --no-plot --out run "
        "--max-name-length 90 --quick"
    )
    run = program("train", names, *options.split()).done()
    assert "what the config sets: cell, epochs" in run.err
    config = read_config(program.folder / "run" / "config.toml")
    assert (config.training.epochs, config.training.seed, config.network.cell) == (2, 5, "gru")
    assert (config.network.hidden, config.data.split, config.run.plot) == ((8, 6), "by-row", False)
    assert (config.training.lr_steps, config.training.bptt) == (
        ((0, 0.1), (1, 0.05)),
        False,
    )
    checkpoint = Checkpoint.load(program.folder / "run" / "model.safetensors")
    assert (checkpoint.network.cell, checkpoint.network.hidden) == ("gru", (8, 6))


ODD = ["Zoë", "שרה", "عبد", "👩\u200d👧", "x", "한국", "O'Neil-Łukasz,Jr.", "[b]"]


@pytest.mark.parametrize(("names", "some"), [(ODD, 5), (["a", "b", "c"], 3), (["Anna"], 1)])
def test_odd_names_work(program, names, some):
    program.write("names.txt", "\ufeff" + "\r\n".join(names * 10) + "\r\n\r\n")
    run = program("train", "names.txt", *FAST, "--validation", 0, "--out", "run").done()
    assert "1 empty line was dropped" in run.err
    assert (
        len(program("generate", "run", "-n", some, "--allow-seen", "--max-length", 40).lines())
        == some
    )
    assert program("evaluate", "run", "names.txt", "--json").done().json["left_out"] == 0


WRONG = """
--epochs 0: --epochs is 0
--hidden 32;32: such as 32,32
--hidden 0,8: --hidden is 0, 8
--options 4: such as heads=4
--lr-steps 0.1: EPOCH:RATE
--lr-schedule steps: --lr-steps together with the schedule steps
--cell elman: 'elman'
--learning-rate nan: --learning-rate is nan
--validation 0.5 --test 0.5: --validation and --test together
--momentum 0.5: --momentum has no effect
--lr-schedule constant --warmup 0.1: --warmup has no effect
--seed 1180591620717411303424: --seed is
--clip-norm inf: --clip-norm is inf
--backend kears: did you mean keras?
more.txt: unexpected extra argument
--unknown: --unknown
--config c.toml: did you mean training.epochs?
"""


def test_the_summary_shows_new_names_if_any_are_possible(program):
    """The suggested command also returns new names. With only the letter A, every new name would be too long."""
    for name, has_new in (("Aerindel", True), ("A", False)):
        program.write("one.txt", name)
        out = program("train", "one.txt", "--no-plot", "--out", name).done().out
        assert ("new names: " in out) == has_new
        assert "only 1 distinct name, " in out
        run = program(*out.rpartition("To invent names: namegen ")[2].split())
        if has_new:
            assert len(run.lines()) == 20
        else:
            run.refused("no other name is possible")


def test_usage_errors_have_exit_code_2(program, names):
    program.write("c.toml", "[training]\nepoch = 3\n")
    for wrong in WRONG.strip().splitlines():
        arguments, said = wrong.split(": ")
        program("train", names, *arguments.split()).refused(said, code=2)
    program("train", names, "--threads", 0).refused("--threads is 0", code=2)
    assert not (program.folder / "runs").exists()


def test_a_diverging_run_keeps_the_last_good_model(program, names):
    diverging = "--optimizer sgd --lr-schedule steps --lr-steps 0:0.01,3:1e39 --epochs 6"
    run = program("train", names, *diverging.split(), "--no-plot", "--out", "run")
    run.refused("much too large, in epoch 4", "--learning-rate")
    checkpoint = Checkpoint.load(program.folder / "run" / "model.safetensors")
    assert 1 <= checkpoint.training["best_epoch"] <= 3
    run = program(
        "train", names, "--optimizer", "sgd", "--learning-rate", "1e39", *FAST, "--out", "never"
    )
    run.refused("in epoch 1")
    assert not (program.folder / "never" / "model.safetensors").exists()
