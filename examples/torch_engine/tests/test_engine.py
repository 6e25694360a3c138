"""Run namegen's checks for backends with its recurrent network, once for each cell."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from namegen_torch.engine import TorchEngine

from namegen.backends import load_engine
from namegen.core.network.architecture import RecurrentNetwork
from namegen.core.network.cells import CELLS
from namegen.testing import CONFORMANCE_CHECKS, NETWORK_CHECKS, VOCABULARY


@pytest.mark.parametrize("check", [*CONFORMANCE_CHECKS, *NETWORK_CHECKS])
@pytest.mark.parametrize("cell", CELLS)
def test_it_passes_the_checks_of_namegen(check: str, cell: str) -> None:
    checks = {**CONFORMANCE_CHECKS, **NETWORK_CHECKS}
    checks[check](TorchEngine, cell)


def test_namegen_finds_it_by_its_entry_point() -> None:
    assert load_engine("torch") is TorchEngine


def test_it_uses_the_requested_number_of_threads() -> None:
    for threads in (2, 1):
        TorchEngine(RecurrentNetwork(VOCABULARY.size), None, threads=threads)
        assert torch.get_num_threads() == threads


def test_start_tokens_of_labels_are_read_like_other_tokens() -> None:
    """A network with two labels reads two more tokens, and doesn't predict them."""
    network = RecurrentNetwork(VOCABULARY.size, "gru", (4,), labels=2)
    engine = TorchEngine(network, None, threads=1)
    engine.set_state(network.initial_parameters("glorot", rng=np.random.default_rng(0)))
    logits, _ = engine.step(np.array(network.start_tokens, np.int32), engine.initial_state(2))
    assert logits.shape == (2, VOCABULARY.size)
    assert np.abs(logits[0] - logits[1]).max() > 1e-3
