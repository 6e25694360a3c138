"""Mistakes with the stream of steps: what is applied, in which order, at which rate, and what is reported."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from types import SimpleNamespace

import numpy as np

from namegen.backends.numpy_engine.engine import NumpyEngine
from namegen.core.data.batching import Batch
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.engine import Step, StepLosses
from namegen.testing import VOCABULARY
from tests.conformance.faults.fault import caught_by
from tests.fake_engine import FakeEngine


def names_of(batch: Batch) -> list[str]:
    """The names of a batch, repeats included."""
    rows = batch.sequences()
    names = VOCABULARY.decode_all(rows.tokens)
    return [name for name, count in zip(names, rows.counts.tolist(), strict=True) for _ in range(count)]


def with_names(step: Step, names: Iterable[str]) -> Step:
    """The same step on other names; one with targets as it is."""
    if step.batch.targets is not None:
        return step
    return replace(step, batch=Batch(PrefixTree.from_names(names, VOCABULARY)))


@caught_by("step losses")
class ReportsMeans(NumpyEngine):
    """Losses are means over the characters, not sums."""

    def train_epoch(self, steps):
        losses = super().train_epoch(steps)
        return StepLosses(losses.loss_sum / losses.characters, losses.characters)


@caught_by("step losses")
class ReportsInFloat32(NumpyEngine):
    """Losses are float32."""

    def train_epoch(self, steps):
        losses = super().train_epoch(steps)
        return SimpleNamespace(loss_sum=losses.loss_sum.astype(np.float32), characters=losses.characters)


@caught_by("step losses")
class RoundsItsLosses(NumpyEngine):
    """Losses are float64, of numbers that were float32 once."""

    def train_epoch(self, steps):
        losses = super().train_epoch(steps)
        return StepLosses(losses.loss_sum.astype(np.float32).astype(np.float64), losses.characters)


@caught_by("step losses")
class CountsNoStops(NumpyEngine):
    """The STOP of every name is left out of the characters."""

    def train_epoch(self, steps):
        steps = list(steps)
        losses = super().train_epoch(steps)
        names = np.array([step.batch.tree.name_count for step in steps], np.int64)
        return StepLosses(losses.loss_sum, losses.characters - names)


@caught_by("few names")
class CountsDistinctNames(NumpyEngine):
    """The characters of a name that repeats are counted once."""

    def train_epoch(self, steps):
        steps = list(steps)
        losses = super().train_epoch(steps)
        counts = [int((step.batch.sequences().lengths + 1).sum()) for step in steps]
        return StepLosses(losses.loss_sum, np.array(counts, np.int64))


@caught_by("step losses", "same training")
class ReportsAfterTheUpdate(NumpyEngine):
    """A step's loss is that after its update."""

    def train_epoch(self, steps):
        losses, steps = [], list(steps)
        for step in steps:
            super().train_epoch([step])
            kept = self.get_state()
            losses.append(super().train_epoch([replace(step, learning_rate=0.0)]).loss_sum)
            self.set_state(kept)
        characters = np.array([step.batch.characters for step in steps], np.int64)
        return StepLosses(np.concatenate([np.zeros(0), *losses]), characters)


def pairs(steps: Iterable[Step]) -> Iterator[list[Step]]:
    """The steps two by two; a last one without another is lost."""
    held: list[Step] = []
    for step in steps:
        held.append(step)
        if len(held) == 2:
            yield held
            held = []


@caught_by("early end", "steps in order")
class DropsAHalfFullPipeline(NumpyEngine):
    """The last step of a stream is dropped where its pipeline is not full."""

    def train_epoch(self, steps):
        return super().train_epoch(step for pair in pairs(steps) for step in pair)


@caught_by("rates", "same training")
class AppliesTheLastStepLater(NumpyEngine):
    """It reads one step ahead and returns before the last one is applied: the next stream begins with it."""

    held = None

    def train_epoch(self, steps):
        steps = list(steps)
        if not steps:
            return super().train_epoch([])
        kept = self.get_state()
        super().train_epoch([])
        losses = super().train_epoch(steps).loss_sum  # what is reported is right
        self.set_state(kept)
        NumpyEngine.train_epoch(self, ([self.held] if self.held else []) + steps[:-1])
        self.held = steps[-1]
        return StepLosses(losses, np.array([step.batch.characters for step in steps], np.int64))


@caught_by("steps in order", "same training")
class SortsItsSteps(NumpyEngine):
    """The steps of a stream are applied from the fewest characters to the most."""

    def train_epoch(self, steps):
        return super().train_epoch(sorted(steps, key=lambda step: step.batch.characters))


@caught_by("steps in order")
class SwapsTwoSteps(NumpyEngine):
    """Of every two steps the second is applied first."""

    def train_epoch(self, steps):
        steps = list(steps)
        for place in range(1, len(steps), 2):
            steps[place - 1 : place + 1] = steps[place], steps[place - 1]
        return super().train_epoch(steps)


@caught_by("same over a long stream", cell="simple_rnn")
class KeepsTheLast128Steps(NumpyEngine):
    """Of a stream only the last 128 steps are applied, and all are reported."""

    def train_epoch(self, steps):
        steps = list(steps)
        losses = super().train_epoch(steps[-128:]).loss_sum
        filled = np.concatenate([np.resize(losses, len(steps) - len(losses)), losses])
        return StepLosses(filled, np.array([step.batch.characters for step in steps], np.int64))


@caught_by("same over a long stream", cell="simple_rnn")
class CountsStepsInAByte(NumpyEngine):
    """Adam's count of steps is a signed byte, which is 1 again behind 127."""

    def __init__(self, network, training, *, threads, dtype="float32"):
        super().__init__(network, training, threads=threads, dtype=dtype)
        if training is not None:
            update = self.optimizer.update

            def counted(w, g, rate):
                self.optimizer.step %= 127
                update(w, g, rate)

            self.optimizer.update = counted


@caught_by("steps in order", "same training")
class AppliesOneRateToTwoSteps(NumpyEngine):
    """Every second step is applied at the rate of the one before it."""

    def train_epoch(self, steps):
        steps = list(steps)
        return super().train_epoch(
            replace(step, learning_rate=steps[place // 2 * 2].learning_rate) for place, step in enumerate(steps)
        )


@caught_by("rates", "steps in order", "same training")
class KeepsItsFirstRate(NumpyEngine):
    """The learning rate of the first step that it ever took is that of all."""

    rate = None

    def train_epoch(self, steps):
        steps = list(steps)
        if self.rate is None and steps:
            self.rate = steps[0].learning_rate
        return super().train_epoch(replace(step, learning_rate=self.rate) for step in steps)


@caught_by("rates")
class IgnoresTheRate(NumpyEngine):
    """The learning rate is constant."""

    def train_epoch(self, steps):
        return super().train_epoch(replace(step, learning_rate=0.01) for step in steps)


@caught_by("settings of core", "same training")
class TakesTheRateOfTheSettings(NumpyEngine):
    """The learning rate is that of the settings, not that of the step."""

    def train_epoch(self, steps):
        rate = 0.0 if self.training is None else self.training.peak_learning_rate
        return super().train_epoch(replace(step, learning_rate=rate) for step in steps)


@caught_by("settings of core")
class DropsByItself(NumpyEngine):
    """It makes masks of its own from the settings."""

    def train_epoch(self, steps):
        rate = 0.0 if self.training is None else self.training.drop_output
        mask = (np.random.default_rng(0).random((self.network.hidden[-1], 1)) >= rate).astype(np.float32)
        return super().train_epoch(replace(step, masks={"output.kernel": mask} if rate else {}) for step in steps)


@caught_by("rates", "same training")
class SkipsStepsOfNoRate(NumpyEngine):
    """A step of the learning rate 0 is left out, and neither reported nor counted by the optimizer."""

    def train_epoch(self, steps):
        return super().train_epoch(step for step in steps if step.learning_rate)


@caught_by("learning", "same training")
class LearnsNothing(FakeEngine):
    """The rate is a millionth of what it should be."""

    def train_epoch(self, steps):
        return super().train_epoch(replace(step, learning_rate=step.learning_rate * 1e-6) for step in steps)


@caught_by("learning")
class Climbs(NumpyEngine):
    """It moves with the gradient, not against it."""

    def train_epoch(self, steps):
        return super().train_epoch(replace(step, learning_rate=-step.learning_rate) for step in steps)


@caught_by("long names", "same with names of all lengths")
class CutsNamesAt20(NumpyEngine):
    """Of each name 20 characters are read."""

    def train_epoch(self, steps):
        return super().train_epoch(with_names(step, [name[:20] for name in names_of(step.batch)]) for step in steps)


@caught_by("long names")
class CutsNamesAt64(NumpyEngine):
    """Of each name 64 characters are read, and all are counted."""

    def train_epoch(self, steps):
        steps = list(steps)
        cut = super().train_epoch(with_names(step, [name[:64] for name in names_of(step.batch)]) for step in steps)
        return StepLosses(cut.loss_sum, np.array([step.batch.characters for step in steps], np.int64))


@caught_by("few names", "same with names of all lengths")
class ReadsEachNameOnce(NumpyEngine):
    """The counts of names that repeat are no weights."""

    def train_epoch(self, steps):
        return super().train_epoch(with_names(step, set(names_of(step.batch))) for step in steps)


@caught_by("few names", crashes=True)
class NeedsTwoNames(NumpyEngine):
    """A batch of one distinct name breaks it."""

    def train_epoch(self, steps):
        steps = list(steps)
        if any(step.batch.tree.distinct_name_count == 1 for step in steps):
            raise IndexError("index 1 is out of bounds for axis 0 with size 1")
        return super().train_epoch(steps)


@caught_by("few names")
class NeedsTwoCharacters(NumpyEngine):
    """Names of one character lose it: the loop ends before the last level of the tree."""

    def train_epoch(self, steps):
        return super().train_epoch(
            with_names(step, [""] * step.batch.tree.name_count) if step.batch.tree.depth == 2 else step
            for step in steps
        )


@caught_by("mixed steps", "same with mixed steps")
class TakesOneForm(NumpyEngine):
    """Whether the first step of a stream has targets decides for all of them."""

    def train_epoch(self, steps):
        steps = list(steps)
        if steps and steps[0].batch.targets is None:
            steps = [replace(step, batch=Batch(step.batch.tree)) for step in steps]
        return super().train_epoch(steps)


@caught_by("mixed steps")
class KeepsMasksOfTheStepBefore(NumpyEngine):
    """A step without masks is applied with those of the one before it."""

    def train_epoch(self, steps):
        steps, masks = list(steps), {}
        for place, step in enumerate(steps):
            masks = dict(step.masks) or masks
            steps[place] = replace(step, masks=masks)
        return super().train_epoch(steps)
