"""Mistakes between the loss and the optimizer: what is predicted, targets, masks, what is divided by."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

import numpy as np

from namegen.backends.numpy_engine.engine import NumpyEngine
from namegen.core.data.batching import Batch
from namegen.core.engine import StepLosses
from tests.conformance.faults.fault import caught_by


@caught_by("targets", "same with masks and targets")
class IgnoresTargets(NumpyEngine):
    """What should follow is always what follows in the names."""

    def train_epoch(self, steps):
        return super().train_epoch(replace(step, batch=Batch(step.batch.tree)) for step in steps)


class ChangesTheGradient(NumpyEngine):
    """What the faults below have in common: ``change`` sees a batch's loss and gradient, and gives another loss."""

    def __init__(self, network, training, *, threads, dtype="float32"):
        super().__init__(network, training, threads=threads, dtype=dtype)
        inner = self.model.masked_loss_and_gradient
        self.model.masked_loss_and_gradient = lambda batch, masks: self.change(inner, batch, masks)

    def change(self, inner, batch, masks):
        raise NotImplementedError


@caught_by("targets", "same with masks and targets")
class CountsTargetsOnce(ChangesTheGradient):
    """A node with a target counts once, however many names pass it."""

    def change(self, inner, batch, masks):
        if batch.targets is None:
            return inner(batch, masks)
        tree = replace(batch.tree, count=np.ones_like(batch.tree.count))
        return inner(Batch(tree, batch.targets), masks)


@caught_by("targets", "same with masks and targets")
class TakesTheLikeliestTarget(ChangesTheGradient):
    """Of a distribution the likeliest character alone is the target."""

    def change(self, inner, batch, masks):
        if batch.targets is None:
            return inner(batch, masks)
        hard = np.eye(batch.targets.shape[1], dtype=np.float32)[batch.targets.argmax(axis=1)]
        return inner(Batch(batch.tree, hard), masks)


@caught_by("targets")
class ScalesTargetsToOne(ChangesTheGradient):
    """Targets are divided by their sum, which float32 does not have at exactly 1."""

    def change(self, inner, batch, masks):
        if batch.targets is None:
            return inner(batch, masks)
        loss = inner(batch, masks)
        sums = batch.targets.sum(axis=1, dtype=np.float64)
        return loss / float((sums * batch.tree.count).sum() / batch.tree.count.sum())


@caught_by("same with masks and targets")
class DerivesTargetsExactly(ChangesTheGradient):
    """The gradient of a node with a target is n (Σ target · softmax − target): another one where Σ target is not 1."""

    def change(self, inner, batch, masks):
        backward = self.model.loss.backward

        def scaled():
            d_logits = backward()
            if batch.targets is not None:
                share = batch.tree.count[:, None] / batch.characters
                excess = batch.targets.sum(axis=1, dtype=np.float64)[:, None] - 1
                d_logits += excess * (d_logits + share * batch.targets)
            return d_logits

        self.model.loss.backward = scaled
        try:
            return inner(batch, masks)
        finally:
            self.model.loss.backward = backward


@caught_by("same training")
class DividesByNames(ChangesTheGradient):
    """The gradient is that of the loss divided by the names, not by the characters."""

    def change(self, inner, batch, masks):
        loss = inner(batch, masks)
        self.model.gradient *= batch.characters / batch.tree.name_count
        return loss


@caught_by("same training")
class DividesWithoutStops(ChangesTheGradient):
    """The gradient is that of the loss divided by the characters without STOPs."""

    def change(self, inner, batch, masks):
        loss = inner(batch, masks)
        self.model.gradient *= batch.characters / (batch.characters - batch.tree.name_count)
        return loss


@caught_by("masks", "same with masks and targets", "same with single masks")
class IgnoresMasks(NumpyEngine):
    """Masks are ignored, ones that do not fit too."""

    def train_epoch(self, steps):
        return super().train_epoch(replace(step, masks={}) for step in steps)


@caught_by("masks")
class KeepsWhatIsMasked(NumpyEngine):
    """The masked value takes the parameter's place for good."""

    def train_epoch(self, steps):
        steps = list(steps)
        for step in steps:
            for name, mask in step.masks.items():
                if name in self.model.parameters and mask.ndim == 2:
                    self.model.parameters[name] *= mask
        return super().train_epoch(steps)


@caught_by("same with masks and targets", "same with single masks")
class MasksNoGradients(ChangesTheGradient):
    """The parameter is masked, its gradient is not."""

    def change(self, inner, batch, masks):
        kept = {name: self.model.parameters[name].copy() for name in masks}
        for name, mask in masks.items():
            self.model.parameters[name] *= mask
        loss = inner(batch, {})
        for name, values in kept.items():
            self.model.parameters[name][...] = values
        return loss


@caught_by("same with masks and targets", "same with single masks", "masks")
class MasksGradientsAlone(ChangesTheGradient):
    """The gradient is masked, the parameter is not."""

    def change(self, inner, batch, masks):
        loss = inner(batch, {})
        for name, mask in masks.items():
            self.model.gradients[name] *= mask
        return loss


@caught_by("same with single masks")
class MasksKernelsOnly(ChangesTheGradient):
    """Masks of biases and of the first layer's kernel are ignored: no setting drops there."""

    def change(self, inner, batch, masks):
        dropped = {name for shapes in self.network.mask_shapes.values() for name in shapes}
        return inner(batch, {name: mask for name, mask in masks.items() if name in dropped})


@caught_by("same with single masks")
class MasksByRowsOnly(ChangesTheGradient):
    """A mask of one row is taken for one factor: it is not spread over the rows as it stands."""

    def change(self, inner, batch, masks):
        return inner(
            batch,
            {name: mask[:, :1] if mask.ndim == 2 and len(mask) == 1 else mask for name, mask in masks.items()},
        )


@caught_by("same training", "step losses")
class LeavesOutTheLastCharacter(NumpyEngine):
    """The softmax of training is over all characters but the last."""

    def __init__(self, network, training, *, threads, dtype="float32"):
        super().__init__(network, training, threads=threads, dtype=dtype)
        forward = self.model.loss.forward

        def without_last(logits, batch):
            logits[:, -1] -= 1e3 * (batch.targets is None)
            return forward(logits, batch)

        self.model.loss.forward = without_last


@caught_by("step losses", "same training")
class PredictsNoStops(NumpyEngine):
    """The STOP of a name has no loss and no gradient."""

    def train_epoch(self, steps):
        def without_stops(batch):
            tree = batch.tree
            inner = tree.edge_token != 0
            edges = {name: getattr(tree, name)[inner] for name in ("edge_node", "edge_token", "edge_count")}
            return Batch(replace(tree, **edges), batch.targets)

        steps = list(steps)
        losses = super().train_epoch(replace(step, batch=without_stops(step.batch)) for step in steps)
        counts = [step.batch.characters for step in islice(steps, len(losses.loss_sum))]
        return StepLosses(losses.loss_sum, np.array(counts, np.int64))
