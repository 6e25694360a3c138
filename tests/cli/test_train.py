"""``namegen train``: what it takes, says, writes."""

from __future__ import annotations

import json

import pytest

from namegen.core.network.checkpoint import Checkpoint
from tests.cli.conftest import FAST, read_history


@pytest.fixture
def names(program, some_names):
    program.write("names.txt", some_names)
    return "names.txt"


def test_a_run_folder_holds_what_it_should_and_is_never_used_twice(program, names):
    for folder in ("names-numpy", "names-numpy-2"):
        program("train", names, *FAST).done()
        files = {path.name for path in (program.folder / "runs" / folder).iterdir()}
        assert files == {"model.safetensors", "state.safetensors", "history.csv", "config.toml"}


def test_the_result_is_readable_at_80_columns(program, names):
    run = program("train", names, *FAST, "--out", "run").done()
    assert max(map(len, run.out.split("\n"))) <= 80
    assert max(map(len, run.err.split("\n"))) <= 120
    for word in ("held-out", " counting, order ", "ceiling", "nats/char", "next: namegen generate run"):
        assert word in run.out
    assert "names to learn from" in run.err
    assert "epoch 2/2" in run.err  # the last epoch is always said
    assert "(ceiling " in run.err
    assert run.err.count("epoch 1/2") == 0  # and one that took no time is not


def test_quiet_says_nothing_beside_the_result(program, names):
    assert program("train", names, *FAST, "--quiet").done().err == ""


def test_json_is_the_object_of_the_design(program, names):
    run = program("train", names, *FAST, "--json", "--out", "run").done()
    metrics = {"loss_nats_per_char", "bits_per_char", "accuracy_argmax", "accuracy_sampled"}
    result = run.json
    assert set(result) == {
        *("out", "backend", "seed", "epochs", "best_epoch", "seconds", "chars_per_second", "training", "validation"),
        "test",
    }
    assert (result["out"], result["backend"], result["seed"], result["epochs"]) == ("run", "numpy", 0, 2)
    assert set(result["training"]) == metrics
    assert set(result["validation"]) == metrics | {"ceiling", "baseline", "seen_percent"}
    assert set(result["validation"]["baseline"]) == metrics | {"order", "smoothing", "repeats"}
    assert result["test"] is None
    assert result["validation"]["seen_percent"] == 0
    alone = program("train", names, *FAST, "--json", "--validation", 0).done().json
    assert alone["validation"] is None


def test_a_test_part_is_judged_beside_counting_and_chooses_nothing(program, names):
    two, three = (
        program("train", names, *FAST, "--json", "--split-seed", 4, *more).done().json for more in ([], ["--test", 0.1])
    )
    assert two["test"] is None
    assert set(three["test"]) == set(three["training"]) | {"ceiling", "baseline"}
    assert three["test"]["baseline"]["order"] == three["validation"]["baseline"]["order"]
    assert three["validation"]["ceiling"] == two["validation"]["ceiling"]  # the same names
    shown = program("train", names, *FAST, "--test", 0.1).done().out
    assert "on the test names" in shown
    assert max(map(len, shown.split("\n"))) <= 80
    program("train", names, *FAST, "--validation", 0.5, "--test", 0.5).refused(
        "--validation and --test together are 1", code=2
    )


def test_options_stand_above_the_config_and_all_is_written_down(program, names):
    program.write("config.toml", '[training]\nepochs = 7\nseed = 5\n[network]\ncell = "gru"\n')
    options = (
        "--config config.toml --epochs 2 --hidden 8,6 --batch-size 50 --optimizer momentum --momentum 0.8 "
        "--clip-norm 1 --schedule steps --rate-steps 0:0.1,1:0.05 --init xavier --no-through-time --validation 0.2 "
        "--split names --repeats damped --patience 3 --best-by accuracy --threads 1 --no-plot --out run "
        "--max-name-length 90"
    )
    program("train", names, *options.split()).done()
    from namegen.config import read_config

    config = read_config(program.folder / "run" / "config.toml")
    assert (config.training.epochs, config.training.seed, config.network.cell) == (2, 5, "gru")
    assert (config.network.hidden, config.network.init) == ((8, 6), "xavier")
    assert (config.training.rate_steps, config.training.through_time) == (((0, 0.1), (1, 0.05)), False)
    assert (config.data.split, config.data.validation, config.data.max_name_length) == ("names", 0.2, 90)
    assert (config.training.best_by, config.training.patience, config.run.plot) == ("accuracy", 3, False)
    checkpoint = Checkpoint.load(program.folder / "run" / "model.safetensors")
    assert (checkpoint.network.cell, checkpoint.network.hidden) == ("gru", (8, 6))


def test_the_same_seed_gives_the_same_model(program, names):
    models = []
    for out, seed in (("a", 1), ("b", 1), ("c", 2)):
        program("train", names, *FAST, "--seed", seed, "--out", out).done()
        models.append(Checkpoint.load(program.folder / out / "model.safetensors").parameters["output.kernel"])
    assert (models[0] == models[1]).all()
    assert not (models[0] == models[2]).all()


def test_standard_input_is_kept_in_the_run_folder(program, some_names):
    program("train", "-", *FAST, "--out", "run", stdin=some_names.encode()).done()
    assert (program.folder / "run" / "names.txt").read_text(encoding="utf-8") == some_names
    program("train", "--resume", "run").done()


def test_history_has_a_line_an_epoch(program, names):
    program("train", names, *FAST, "--out", "run").done()
    rows = read_history(program.folder / "run")
    assert [row["epoch"] for row in rows] == ["1", "2"]
    assert {row["sample_is_new"] for row in rows} <= {"True", "False"}


def test_the_plot_is_drawn_after_training(program, names):
    run = program("train", names, "--epochs", 2, "--out", "run").done()
    assert (program.folder / "run" / "history.png").read_bytes().startswith(b"\x89PNG")
    assert "plot: run/history.png" in run.out


def test_a_list_of_a_csv_column_and_what_was_dropped_is_said(program, some_names):
    rows = "".join(f"{name},x\n" for name in some_names.split())
    program.write("names.csv", f"first,other\n{rows},y\n")
    run = program("train", "names.csv", "--column", "first", *FAST).done()
    assert "1 header row and 1 empty cell were dropped" in run.err


def test_names_of_many_scripts_work(program):
    names = ["Zoë", "Zoe\u0308", "שרה", "عبد", "\U0001f469\u200d\U0001f467", "x", "한국", "O'Neil-Łukasz, Jr.", "[b]"]
    program.write("names.txt", "\ufeff" + "\r\n".join(names * 5) + "\r\n\r\n")
    run = program("train", "names.txt", *FAST, "--validation", 0, "--out", "run").done()
    assert "1 empty line was dropped" in run.err
    assert program("generate", "run", "-n", 5, "--allow-seen").done().out.count("\n") == 5
    assert json.loads(program("evaluate", "run", "names.txt", "--json").done().out)["left_out"] == 0


def test_names_of_one_character_work(program):
    program.write("names.txt", "a\nb\nc\n" * 10)
    program("train", "names.txt", *FAST, "--out", "run", "--validation", 0).done()
    generated = program("generate", "run", "-n", 3, "--allow-seen", "--max-length", 1).done()
    assert sorted(generated.out.split()) == ["a", "b", "c"]


def test_one_repeated_name_works(program):
    program.write("names.txt", "Anna\n" * 40)
    program("train", "names.txt", "--epochs", 3, "--no-plot", "--validation", 0, "--out", "run").done()
    assert program("ceiling", "names.txt", "--json").done().json["accuracy_argmax"] == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--epochs", 0), "--epochs is 0"),
        (("--epochs", "x"), "'--epochs'"),
        (("--hidden", "32;32"), "such as 32,32"),
        (("--hidden", "0"), "--hidden"),
        (("--hidden", ""), "such as 32,32"),
        (("--rate-steps", "0.1"), "EPOCH:RATE"),
        (("--rate-steps", "0:0.1"), "--rate-steps together with the schedule steps"),
        (("--schedule", "steps"), "--rate-steps together with the schedule steps"),
        (("--cell", "elman"), "'elman'"),
        (("--learning-rate", "nan"), "--learning-rate is nan"),
        (("--learning-rate", "-1"), "--learning-rate is -1.0"),
        (("--validation", "1"), "--validation is 1.0"),
        (("--momentum", "1"), "--momentum is 1.0"),
        (("--momentum", "0.5"), "--momentum has no effect, as the optimizer is adam"),
        (("--schedule", "constant", "--warmup", "0.1"), "--warmup has no effect, as the schedule is constant"),
        (("--seed", "-1"), "--seed is -1"),
        (("--seed", str(2**70)), "--seed is"),
        (("--threads", "0"), "--threads is 0"),
        (("--clip-norm", "inf"), "--clip-norm is inf"),
        (("--batch-size", "0"), "--batch-size is 0"),
        (("--max-name-length", "0"), "--max-name-length"),
        (("--config", "nowhere.toml"), "there is no config file"),
        (("more.txt",), "unexpected extra argument"),
        (("--unknown",), "--unknown"),
    ],
)
def test_wrong_usage_is_exit_code_2(program, names, arguments, said):
    program("train", names, *arguments).refused(said, code=2)
    assert not (program.folder / "runs").exists()


def test_every_wrong_setting_is_told_at_once(program, names):
    run = program("train", names, "--epochs", 0, "--threads", 0, "--validation", 3)
    assert run.code == 2
    assert all(option in run.err for option in ("--epochs is 0", "--threads is 0", "--validation is 3"))


def test_unknown_keys_of_a_config_are_refused(program, names):
    program.write("c.toml", "[training]\nepoch = 3\n")
    program("train", names, "--config", "c.toml").refused("training.epoch is unknown", "training.epochs", code=2)


def test_an_unknown_engine_names_the_known_ones(program, names):
    program("train", names, "--backend", "jax").refused("'jax'", "numpy, keras", code=2)


def test_a_loss_that_is_not_finite_keeps_the_last_good_model(program, names):
    diverging = ("--optimizer", "sgd", "--schedule", "steps", "--rate-steps", "0:0.01,3:1e39", "--epochs", "6")
    run = program("train", names, *diverging, "--no-plot", "--out", "run")
    run.refused("much too large, in epoch 4", "try a lower --learning-rate")
    checkpoint = Checkpoint.load(program.folder / "run" / "model.safetensors")
    assert 1 <= checkpoint.training["best_epoch"] <= 3
    assert program("generate", "run", "-n", 2).done()


def test_a_loss_that_is_finite_but_absurd_stops_training_too(program, names):
    run = program("train", names, "--optimizer", "sgd", "--learning-rate", "1e20", *FAST, "--out", "run")
    run.refused("much too large, in epoch 1", "--clip-norm 1")


def test_a_loss_that_is_never_finite_leaves_no_model(program, names):
    program("train", names, "--optimizer", "sgd", "--learning-rate", "1e39", *FAST, "--out", "run").refused("epoch 1")
    assert not (program.folder / "run" / "model.safetensors").exists()


def test_an_effort_beside_a_config_says_what_the_config_decides(program, some_names):
    (program.folder / "names.txt").write_text(some_names)
    (program.folder / "mine.toml").write_text('[network]\ncell = "gru"\nhidden = [4]\n[training]\nepochs = 1\n')
    beside = program("train", "names.txt", "--config", "mine.toml", "--effort", "quick", "--out", "one").done()
    assert "--effort sets only what the config does not; this config sets: cell, hidden, epochs" in beside.err
    alone = program("train", "names.txt", "--config", "mine.toml", "--out", "two").done()
    assert "--effort" not in alone.err
