"""A list of faulty engines. Each has one mistake and names the checks that have to catch it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from namegen.backends.numpy_engine.engine import NumpyEngine
from namegen.core.data.batching import Batch
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.settings import TrainingSettings
from namegen.testing import VOCABULARY

N = NumpyEngine
# The names of checks.
MODEL = "as a language model"
LOSSES = "losses"
STREAM = "stream"
TRAINING = "same training"
GRADIENTS = "gradients"


class Sound(NumpyEngine):
    """A correct engine: the NumPy engine with methods that a fault can override."""

    moves = "adam"  # the optimizer whose update goes through ``move``
    clipping = None

    def __init__(self, network, training, *, threads, dtype="float32"):
        super().__init__(
            *self.arguments(network, training), **self.more(threads=threads, dtype=dtype)
        )
        inner, self.norm = (
            self.model.loss_and_gradient,
            self.training and self.training.clip_norm,
        )
        self.model.loss_and_gradient = lambda batch, masks: self.gradient(inner, batch, masks)
        if self.training is not None and self.clipping:
            self.training = replace(self.training, clip_norm=None)
        if self.training is not None and self.training.optimizer == self.moves:
            optimizer, update = self.optimizer, self.optimizer.update
            optimizer.update = lambda w, g, rate: self.move(optimizer, update, w, g, rate)
        self.made()

    def step(self, tokens, state):
        logits, after = super().step(self.tokens(tokens), state)
        return self.logits(logits), after

    def train_epoch(self, steps):
        steps = list(steps)
        return self.losses(
            super().train_epoch(self.stream([self.each(step) for step in steps])), steps
        )

    def gradient(self, inner, batch, masks):
        loss = inner(self.batch(batch), masks)
        self.model.gradient *= self.scale(batch)
        if self.clipping and self.norm is not None:
            self.clipping(self.model, self.norm)
        return loss

    def arguments(self, network, training):
        return network, training

    def more(self, **more):
        return more

    def made(self):
        pass

    def move(self, optimizer, update, w, g, rate):
        update(w, g, rate)

    def losses(self, losses, steps):
        return losses

    def scale(self, batch):
        return 1

    def itself(self, what):
        return what

    tokens = logits = stream = each = batch = itself


@dataclass(frozen=True)
class Fault:
    """An engine with one mistake.

    Attributes:
        what: the mistake.
        checks: the names of the checks. Each of them catches the mistake on its own.
        engine: the engine class.
        cell: a cell for which the mistake has an effect.
    """

    what: str
    checks: tuple[str, ...]
    engine: type
    cell: str = "gru"


FAULTS: list[Fault] = []


def fault(what, *checks, cell="gru", **parts):
    """Add a ``Sound`` engine with overridden attributes to ``FAULTS``."""
    FAULTS.append(Fault(what, checks, type("Faulty", (Sound,), parts), cell))


def renamed(step, change):
    """Return the step with changed names. Steps with targets or labels stay unchanged."""
    rows = step.batch.sequences()
    if step.batch.targets is not None or rows.start_tokens.any():
        return step
    names = np.repeat(VOCABULARY.decode_all(rows.tokens), rows.counts).tolist()
    return replace(step, batch=Batch(PrefixTree.from_names(change(names), VOCABULARY)))


def rated(step, rate):
    return replace(step, learning_rate=rate)


def as_byte(tokens):
    return tokens.astype(np.uint8).astype(np.int32)


# Language models


def overwrite(self, tokens, state):
    logits, after = N.step(self, tokens, state)
    for before, new in zip(state, after, strict=True):
        before[0][:] = new[0]
    return logits, after


fault("a step writes over the state that it was given", MODEL, step=overwrite)
fault(
    "select ignores repeats",
    MODEL,
    select=lambda self, s, k: N.select(self, s, np.resize(np.unique(k), len(k))),
)
fault(
    "select takes row 256 for row 0",
    MODEL,
    select=lambda self, state, rows: N.select(self, state, rows % 256),
)
fault(
    "the logits of a row depend on other rows",
    MODEL,
    logits=lambda self, logits: logits + logits.mean(axis=0),
)
fault("float32 gives float64", MODEL, logits=lambda self, logits: logits.astype(np.float64))
fault(
    "logits are widened",
    LOSSES,
    TRAINING,
    logits=lambda self, x: x.astype(np.float32).astype(x.dtype),
)
fault(
    "a step reads bytes",
    TRAINING,
    tokens=lambda self, tokens: as_byte(tokens),
)
fault("requires is a text", "attributes", requires="numpy")


def first_label(self, tokens):
    return np.minimum(tokens, np.int32(self.network.vocabulary_size))


def first_root(self, step):
    tree = step.batch.tree
    return replace(
        step, batch=Batch(replace(tree, token=first_label(self, tree.token)), step.batch.targets)
    )


fault("a step takes every beginning for the first label's", LOSSES, tokens=first_label)
fault(
    "training takes every beginning for the first label's",
    LOSSES,
    TRAINING,
    each=first_root,
)

# The state


def wipe_and_set(self, state):
    self.model.parameters["output.kernel"].fill(0)
    N.set_state(self, state)


def keep_moments(self, state):
    kept = (
        {slot: values.copy() for slot, values in self.optimizer.slots.items()}
        if self.optimizer
        else {}
    )
    N.set_state(self, state)
    if "optimizer.step" not in state and self.optimizer:
        self.optimizer.slots.update(kept)


def forget(self, state):
    N.set_state(self, state)
    for values in self.optimizer.slots.values() if self.optimizer else ():
        values.fill(0)


def random_millionth(self, losses, steps):
    self.model.vector *= 1 + 1e-6 * np.random.default_rng().normal(size=self.model.vector.shape)
    return losses


fault(
    "get_state gives references",
    "states",
    get_state=lambda self: N.get_state(self) | self.model.parameters,
)
fault("the optimizer goes on behind a state without it", "resuming", set_state=keep_moments)
fault("moments are not restored", "resuming", TRAINING, set_state=forget)
fault(
    "a slot has a name of its own",
    "states",
    get_state=lambda self: N.get_state(self) | {"optimizer.momentum": np.zeros(1, np.float32)},
)
fault("a state that is refused has been taken in part", "states", set_state=wipe_and_set)
fault(
    "it trains without settings",
    "reading only",
    arguments=lambda self, n, one: (n, one or TrainingSettings()),
)
fault("it has random numbers of its own", "determinism", losses=random_millionth)
fault("warming up takes a step", "determinism", warm_up=lambda self, step: self.train_epoch([step]))
fault(
    "threads are ignored",
    "determinism",
    more=lambda self, threads, dtype: {"threads": 2, "dtype": dtype},
)

# The stream of steps


def plain_if_first_is(self, steps):
    plain = bool(steps) and steps[0].batch.targets is None
    return [replace(step, batch=Batch(step.batch.tree)) for step in steps] if plain else steps


fault(
    "losses are means",
    LOSSES,
    losses=lambda self, x, s: replace(x, loss_sum=x.loss_sum / x.characters),
)
fault(
    "a last step without another is lost",
    STREAM,
    stream=lambda self, steps: steps[: len(steps) // 2 * 2],
)
fault(
    "two steps are swapped",
    STREAM,
    stream=lambda self, s: [s[k ^ 1 if k ^ 1 < len(s) else k] for k in range(len(s))],
)
fault(
    "the last 128 steps alone count",
    TRAINING,
    cell="simple_rnn",
    stream=lambda self, s: s[-128:],
)
fault(
    "the rate is that of the settings",
    "settings of core",
    TRAINING,
    each=lambda self, step: rated(step, self.training.peak_learning_rate),
)
fault(
    "it reads a setting of core",
    "settings of core",
    made=lambda self: self.training and self.training.seed,
)
fault(
    "it moves with the gradient",
    GRADIENTS,
    each=lambda self, step: rated(step, -step.learning_rate),
)
fault(
    "names are cut at 20",
    LOSSES,
    TRAINING,
    each=lambda self, step: renamed(step, lambda names: [x[:20] for x in names]),
)
fault("repeats are no weights", LOSSES, TRAINING, each=lambda self, step: renamed(step, set))
fault(
    "the first step decides about targets",
    STREAM,
    TRAINING,
    stream=plain_if_first_is,
)

# Loss, targets and masks


def with_targets(change):
    return lambda self, batch: (
        batch if batch.targets is None else Batch(*change(batch.tree, batch.targets))
    )


def mask_gradients_alone(self, inner, batch, masks):
    loss = inner(batch, {})
    for name, mask in masks.items():
        self.model.gradients[name] *= mask
    return loss


fault(
    "targets are ignored",
    LOSSES,
    TRAINING,
    each=lambda self, step: replace(step, batch=Batch(step.batch.tree)),
)
fault(
    "targets count once",
    LOSSES,
    TRAINING,
    batch=with_targets(lambda tree, x: (replace(tree, count=np.ones_like(tree.count)), x)),
)
fault("the gradient is a thousandth too long", TRAINING, GRADIENTS, scale=lambda self, batch: 1.001)
fault("masks are ignored", LOSSES, TRAINING, each=lambda self, step: replace(step, masks={}))
fault("gradients alone are masked", TRAINING, LOSSES, gradient=mask_gradients_alone)

# Clipping


def clip_in_float32(self, model, norm):
    with np.errstate(all="ignore"):
        length = np.sqrt(np.square(model.gradient).sum())
        if length > norm:
            model.gradient *= norm / length


fault("it does not clip", TRAINING, cell="simple_rnn", clipping=lambda self, model, norm: None)
fault("squares are summed in float32", TRAINING, clipping=clip_in_float32)

# Optimizers


def correction(t):
    return np.sqrt(1 - 0.999**t) / (1 - 0.9**t)


def small_epsilon(self, optimizer, update, w, g, rate):
    before = w.copy()
    update(w, g, rate)
    m, v = optimizer.slots.values()
    w[:] = before - rate * correction(optimizer.step) * m / (np.sqrt(v) + 1e-8)


def uncorrected(self, optimizer, update, w, g, rate):
    update(w, g, rate / correction(optimizer.step + 1))


def decay(self, optimizer, update, w, g, rate):
    w *= 1 - 1e-6 * rate
    update(w, g, rate)


def epsilon_outside(self, optimizer, update, w, g, rate):
    before = w.copy()
    update(w, g, rate)
    w[:] = before - rate * g / (np.sqrt(optimizer.slots["v"]) + 1e-7)


for what, move, moves in (
    ("Adam's ε is 1e-8", small_epsilon, "adam"),
    ("Adam's moments are not corrected", uncorrected, "adam"),
    ("RMSprop divides by √v+ε", epsilon_outside, "rmsprop"),
    ("weights decay", decay, "sgd"),
):
    fault(what, TRAINING, cell="simple_rnn", move=move, moves=moves)

# Cells, layers and time


def layers(**attributes):
    def made(self):
        for layer in self.model.recurrent:
            vars(layer).update(attributes)

    return made


def leave_third(self, inner, batch, masks):
    loss = inner(batch, masks)
    for name, values in self.model.gradients.items():
        values *= "rnn.2" not in name
    return loss


fault("the third layer is not trained", TRAINING, gradient=leave_third)
fault("gradients always go through time", TRAINING, made=layers(bptt=True))
fault("gradients never go through time", TRAINING, GRADIENTS, made=layers(bptt=False))
