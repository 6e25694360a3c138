"""Mistakes with clipping: what is measured, in which precision, before or after the masks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from namegen.backends.numpy_engine.engine import NumpyEngine
from namegen.backends.numpy_engine.optimizers import clip
from tests.conformance.faults.fault import caught_by


class ClipsOtherwise(NumpyEngine):
    """What the faults below have in common: it clips in a way of its own, ``clip``, after or before the masks."""

    before_masks = False

    def __init__(self, network, training, *, threads, dtype="float32"):
        self.norm = training and training.clip_norm
        super().__init__(network, training and replace(training, clip_norm=None), threads=threads, dtype=dtype)
        inner = self.model.loss_and_gradient if self.before_masks else self.model.masked_loss_and_gradient

        def clipped(*args):
            loss = inner(*args)
            if self.norm is not None:
                self.clip(self.model, self.norm)
            return loss

        setattr(self.model, inner.__name__, clipped)

    def clip(self, model, norm):
        clip(model.gradient, norm)


@caught_by("same training", cell="simple_rnn")
class DoesNotClip(ClipsOtherwise):
    """It does not clip."""

    def clip(self, model, norm):
        pass


@caught_by("same training", cell="simple_rnn")
class AlwaysScalesToTheNorm(ClipsOtherwise):
    """Short gradients are made as long as the norm."""

    def clip(self, model, norm):
        model.gradient *= norm / np.linalg.norm(model.gradient)


@caught_by("same training", cell="simple_rnn")
class ClipsEachTensor(ClipsOtherwise):
    """Each parameter's gradient is clipped by itself."""

    def clip(self, model, norm):
        for gradient in model.gradients.values():
            clip(gradient.reshape(-1), norm)


@caught_by("same training", cell="simple_rnn")
class ClipsEachValue(ClipsOtherwise):
    """Each number of the gradient is clipped by itself."""

    def clip(self, model, norm):
        np.clip(model.gradient, -norm / 10, norm / 10, out=model.gradient)


@caught_by("same with masks and targets")
class ClipsBeforeMasks(ClipsOtherwise):
    """Gradients are clipped before they are masked."""

    before_masks = True


@caught_by("same clipping of huge gradients")
class ClipsInFloat32(ClipsOtherwise):
    """The squares of gradients are summed in their own precision, where huge ones overflow."""

    def clip(self, model, norm):
        with np.errstate(all="ignore"):
            length = np.sqrt(np.square(model.gradient).sum())
            if length > norm:
                model.gradient *= norm / length


@caught_by("same training", cell="simple_rnn")
class LeavesOutLongGradients(ClipsOtherwise):
    """A gradient that is too long is left out."""

    def clip(self, model, norm):
        if np.linalg.norm(model.gradient) > norm:
            model.gradient.fill(0)
