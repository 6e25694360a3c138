"""Model files of strangers, and the digests beside them: read, then asked for names and scores."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from namegen.api.model import LoadedModel, load
from namegen.core.generation import arrivals, generator
from namegen.core.network.checkpoint import KIND, KNOWN_NAMES, PROBE, read_tensors, write_tensors
from namegen.core.training.file_names import KNOWN_NAMES_FILE
from namegen.errors import NamegenError
from tests.harm.attack import attack
from tests.harm.effort import tries
from tests.harm.forging import Random, forged_bytes, forged_document, forged_header, forged_tensors, write_forged
from tests.harm.material import model_file


def random(seed: int) -> Random:
    """The numbers of one attempt."""
    return np.random.default_rng([16, seed])


def use(path: Path) -> None:
    """All that is done with a model, whether it is refused or not."""
    model = load(path)
    calls: list[Callable[[LoadedModel], object]] = [
        lambda model: [repr(model), model.list_name, model.labels, model.default_max_length],
        lambda model: model.generate(2, seed=1, allow_seen=True, allow_repeats=True, max_length=30),
        lambda model: model.generate(1, seed=2),
        lambda model: model.score("Anna"),
        lambda model: model.label_chances("Anna"),
    ]
    errors = []
    for call in calls:
        try:
            call(model)
        except NamegenError as error:
            errors.append(error)
    if errors:  # the longest: its length is looked at
        raise max(errors, key=lambda error: len(str(error)))


def test_changed_bytes(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    contents = [model_file(labelled=labelled).read_bytes() for labelled in (True, False)]

    def call(seed: int) -> None:
        path.write_bytes(forged_bytes(contents[seed % 2], random(seed)))
        use(path)

    assert attack(call, range(tries(few=8, landing=150, hour=1_500))).refused


def test_headers_which_are_read_before_the_checksum(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    content = model_file(labelled=True).read_bytes()

    def call(seed: int) -> None:
        path.write_bytes(forged_header(content, random(seed)))
        use(path)

    assert attack(call, range(tries(few=8, landing=150, hour=2_000))).refused


def test_documents_with_a_forged_checksum(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    sound = [read_tensors(model_file(labelled=labelled)) for labelled in (True, False)]

    def call(seed: int) -> None:
        tensors, document = sound[seed % 2]
        write_forged(path, tensors, forged_document(document, random(seed)))
        use(path)

    assert attack(call, range(tries(few=12, landing=150, hour=3_500))).returned


def test_tensors_with_a_forged_checksum(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of them without a probe, which would give away that the numbers are others. A network without an end is
    given up after so many prefixes: here sooner.
    """
    monkeypatch.setattr(generator, "TRIES", 2_000)
    monkeypatch.setattr(arrivals, "MOST_PREFIXES", 20_000)
    path = tmp_path / "model.safetensors"
    sound = [read_tensors(model_file(labelled=labelled)) for labelled in (True, False)]

    def call(seed: int) -> None:
        tensors, document = sound[seed % 2]
        forged = forged_tensors(tensors, random(seed))
        if seed % 4 < 2:
            forged.pop(PROBE, None)
        write_forged(path, forged, document)
        use(path)

    assert attack(call, range(tries(few=12, landing=150, hour=2_000))).returned


def test_known_names_in_a_file_beside_the_model(tmp_path: Path) -> None:
    path, beside = tmp_path / "model.safetensors", tmp_path / KNOWN_NAMES_FILE
    tensors, document = read_tensors(model_file(labelled=True))
    known = {KNOWN_NAMES: tensors.pop(KNOWN_NAMES)}
    document["training"]["known_names_file"] = KNOWN_NAMES_FILE
    write_tensors(path, tensors, document)
    about = {"kind": KIND}
    write_tensors(beside, known, about)
    content = beside.read_bytes()
    assert load(path).known_names is not None

    def call(seed: int) -> None:
        rng, kind = random(seed), seed % 4
        if kind == 0:
            beside.write_bytes(forged_bytes(content, rng))
        elif kind == 1:
            beside.write_bytes(forged_header(content, rng))
        else:
            write_forged(beside, forged_tensors(known, rng), forged_document(about, rng) if kind == 3 else about)
        use(path)

    assert attack(call, range(tries(few=8, landing=100, hour=1_500))).refused


def test_forging_reaches_what_is_inside_a_field() -> None:
    """A forger that never does finds nothing there."""
    document = {"a": 1, "b": {"c": 2, "d": [3, {"e": 4}]}}
    inside = deep = 0
    for seed in range(300):
        inner = forged_document(document, random(seed)).get("b")
        if isinstance(inner, dict):
            inside += inner != document["b"]
            deep += isinstance(inner.get("d"), list) and inner["d"] != document["b"]["d"]
    assert inside > 50
    assert deep > 20
