"""What a model's document says of itself, shown by those that show it: the catalogue, an evaluation, a page.

No reader reads the cards beside the shipped models; what stands in them comes from this document.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from namegen.cli import cli
from namegen.core.network.checkpoint import read_tensors
from namegen.errors import NamegenError
from tests.harm.attack import attack, shapes_unchecked
from tests.harm.effort import tries
from tests.harm.forging import Random, forged_document, places, write_forged
from tests.harm.material import NAMES, model_file

COMMANDS = (
    ["models"],
    ["models", "--json"],
    ["score", "model.safetensors", "Anna"],
    ["generate", "model.safetensors", "-n", "2", "--json"],
    ["export-web", "model.safetensors", "--out", "page.html", "--force"],
    ["evaluate", "model.safetensors", "names.txt"],
    ["export-vocabulary", "model.safetensors", "vocabulary.json", "--force"],
)


def random(seed: int) -> Random:
    """The numbers of one attempt."""
    return np.random.default_rng([23, seed])


TEXTS = (
    "\x1b[31m\u202e",
    "x" * 100_000,
    "a\nb",
    "\x85\u2028",
    "</script><img src=x>",
    "=1+1",
    "",
    "/etc/\x00",
    "\U0001f600" * 999,
)


def said_of_itself(document: dict[str, Any], rng: Random) -> dict[str, Any]:
    """Other values anywhere, most of which the schema refuses; or texts and numbers that it takes, which are shown."""
    kind = rng.integers(4)
    if kind == 0:
        return forged_document(document, rng)
    if kind == 1:
        return {**document, "training": forged_document(document["training"], rng)}
    training, labels = dict(document["training"]), [dict(label) for label in document["labels"]]
    for name in ("list", "split", "backend", "more"):
        if rng.random() < 0.5:
            training[name] = TEXTS[rng.integers(len(TEXTS))]
    for name in ("names", "distinct_names", "epochs", "best_epoch", "seed"):
        if rng.random() < 0.3:
            training[name] = [0, 1, 2**53 + 1, 2**63 - 1][rng.integers(4)]
    for name in ("training", "validation"):
        if rng.random() < 0.3:
            figure = [None, 0.0, -1e300, 1e300, 5e-324][rng.integers(5)]
            training[name] = {"accuracy_argmax": figure, "loss_nats_per_char": figure, TEXTS[rng.integers(9)]: 1.0}
    for label in labels[: rng.integers(3)]:
        label["name"] = TEXTS[rng.integers(len(TEXTS))]
    return {**document, "training": training, "labels": labels}


def test_what_a_model_says_of_itself_is_shown_or_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "model.safetensors"
    monkeypatch.setattr("namegen.models.shipped_path", lambda name: path)
    monkeypatch.setattr("namegen.models.SHIPPED", ("mlb-first",))
    (tmp_path / "names.txt").write_text("\n".join(NAMES), encoding="utf-8")
    sound = [read_tensors(model_file(labelled=labelled)) for labelled in (True, False)]
    assert {"list", "names"} <= sound[0][1]["training"].keys()
    assert len(places(sound[0][1])) > 20

    def call(seed: int) -> None:
        shapes_unchecked()
        tensors, document = sound[seed % 2]
        write_forged(path, tensors, said_of_itself(document, random(seed)))
        command = COMMANDS[seed % len(COMMANDS)]
        result = CliRunner().invoke(cli, command, catch_exceptions=False)
        assert result.exit_code in (0, 1), result.output[:300]
        assert len(result.stderr.encode(errors="replace")) <= 3000, result.stderr[:300]
        if "--json" in command and result.exit_code == 0:
            json.loads(result.stdout)
        else:
            assert all(one.isprintable() for one in result.stdout.split("\n")), result.stdout[:300]
        assert all(one.isprintable() for one in result.stderr.split("\n")), result.stderr[:300]
        if result.exit_code:
            assert result.stderr.rstrip("\n").split("\n")[-1].startswith("namegen: "), result.stderr
            raise NamegenError("refused")

    tally = attack(call, range(tries(few=14, landing=140, hour=1_500)))
    assert min(tally.returned, tally.refused) > 0
