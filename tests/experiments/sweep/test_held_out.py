"""What a sweep's figures stand beside is one n-gram: its order and its figures belong together."""

from __future__ import annotations

import pytest

from namegen.backends.numpy_engine.engine import NumpyEngine
from namegen.core.evaluation.counting import NgramModel
from namegen.core.settings import NetworkSettings, Recipe, TrainingSettings
from namegen.core.training.run import TrainingRun
from namegen.lists import load_bundled
from tests.requirements import require


def test_order_and_figures_are_of_the_n_gram_that_reads_what_the_network_reads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    require("distributed")
    from namegen.experiments.sweep.task import _held_out

    recipe = Recipe(network=NetworkSettings(hidden=(2,)), training=TrainingSettings(epochs=1))
    result = TrainingRun(load_bundled("mlb-first"), recipe, NumpyEngine).run()
    assert result.references is not None
    fitted: list[NgramModel] = []
    best = NgramModel.best.__func__

    def seen(cls: type[NgramModel], *arguments: object) -> object:
        found = best(cls, *arguments)
        fitted.append(found[0])
        return found

    monkeypatch.setattr(NgramModel, "best", classmethod(seen))
    held_out = _held_out(result)
    assert [model.order for model in fitted] == [held_out.baseline_order]
    damped = result.references.baseline_damped
    assert damped is not None
    assert held_out.baseline.loss_nats_per_char == damped.metrics.loss_nats_per_char
