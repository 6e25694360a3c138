"""``import namegen``: light, and all that a program needs."""

from __future__ import annotations

import doctest
import subprocess
import sys

import pytest

import namegen
from namegen import api
from namegen.config import Config, merge
from namegen.errors import NamegenError


def run(code: str) -> str:
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return answer.stdout.strip()


def test_importing_loads_nothing_heavy():
    code = "import sys, namegen; namegen.__version__, namegen.NamegenError, dir(namegen); print(*sys.modules)"
    assert not {"numpy", "click", "rich", "keras", "tensorflow", "namegen.api"} & set(run(code).split())


def test_load_is_there_without_an_engine_of_a_library():
    code = "import sys, namegen; namegen.load, namegen.train; print(*sys.modules)"
    assert not {"keras", "tensorflow", "matplotlib", "click", "rich", "urllib3", "faker"} & set(run(code).split())


def test_the_functions_are_those_of_the_api():
    assert namegen.load is api.load
    assert namegen.train is api.train
    assert namegen.NamegenError is NamegenError
    assert {"load", "train", "NamegenError", "__version__"} <= set(dir(namegen))
    from namegen import load

    assert load is api.load


def test_what_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="'namegen' has no attribute 'generate'"):
        _ = namegen.generate
    assert not hasattr(namegen, "nothing")


def test_one_exception_catches_all():
    with pytest.raises(namegen.NamegenError, match="no model"):
        namegen.load("no-such-model")


def test_the_examples_run():
    assert doctest.testmod(namegen).failed == 0


def test_what_train_gives_back_can_be_loaded():
    names = ["Anna", "Annika", "Hanna", "Johanna", "Susanna"] * 8
    result = namegen.train(names, config=merge(Config(), {"training.epochs": 2, "data.validation": 0.0}))
    model = namegen.load(result)
    assert model.checkpoint is result.checkpoint
    assert len(model.generate(3, seed=1, allow_seen=True)) == 3
