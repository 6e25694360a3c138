"""Every engine that needs libraries against what the protocol demands and against the NumPy engine; the fake one too.

The NumPy engine's own are in ``tests/numpy_engine/test_engine.py``.
"""

from __future__ import annotations

import numpy as np
import pytest

from namegen.backends import EXTRAS, engine_paths, load_engine
from namegen.core.data.batching import Batch
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.engine import Step
from namegen.core.network.architecture import RecurrentNetwork
from namegen.core.settings import CELLS, TrainingSettings
from namegen.testing import CONFORMANCE_CHECKS, NETWORK_CHECKS
from tests.fake_engine import FakeEngine
from tests.requirements import require

ALL_AT_ONCE = "same with beginnings"  # with masks and targets too: the law of parity, held by every cell
ONLY_READ = ("as a language model", "same logits")
COMPILE_ANEW = (  # programs that no other check needs
    "gradients",
    "targets",
    "masks",
    "mixed steps",
    "beginnings",
    "threads",
    "same training",
    "same after resuming",
    "same with mixed steps",
    "same with single masks",
    "same with three layers",
    "same with a large vocabulary",
    "same with beginnings",
    "same clipping of huge gradients",
)
CHECKS = CONFORMANCE_CHECKS | NETWORK_CHECKS


def cases() -> list[object]:
    """Each engine and check; but one that compiles does so for seconds each time that it trains. Here the SimpleRNN is
    checked, which compiles fastest. The LSTM, whose state has two parts, and what compiles for itself alone are among
    the slow tests. All cells and optimizers train in test_parity.py.
    """
    listed = []
    for name in engine_paths():
        for cell in CELLS if name != "numpy" else ():
            for check in CHECKS:
                quick = check in ONLY_READ or (cell == "simple_rnn" and check not in COMPILE_ANEW)
                if name not in EXTRAS or quick:
                    listed.append(pytest.param(name, cell, check))
                elif cell == "lstm" or check == ALL_AT_ONCE:
                    listed.append(pytest.param(name, cell, check, marks=pytest.mark.slow))
    return listed


@pytest.mark.parametrize(("name", "cell", "check"), cases())
def test_engines(name: str, cell: str, check: str) -> None:
    if name in EXTRAS:
        require(EXTRAS[name])
    engine_class = load_engine(name)
    if cell not in engine_class.cells:
        pytest.skip(f"the engine {name} does not implement {cell}")
    CHECKS[check](engine_class, cell)


@pytest.mark.parametrize("check", CONFORMANCE_CHECKS)
def test_the_fake_engine(check: str) -> None:
    CONFORMANCE_CHECKS[check](FakeEngine, "gru")


def test_the_fake_engine_learns_what_follows_what() -> None:
    """Of names that alternate between two characters it learns just that."""
    engine = FakeEngine(RecurrentNetwork(3), TrainingSettings(), threads=1)
    batch = Batch(PrefixTree.from_names(["abab", "ab"], Vocabulary("ab")))
    engine.train_epoch(Step(batch, 1.0) for _ in range(300))
    state, said = engine.initial_state(1), []
    for token in (0, 1):
        logits, state = engine.step(np.array([token], np.int32), state)
        said.append(int(logits.argmax()))
    assert said == [1, 2]
