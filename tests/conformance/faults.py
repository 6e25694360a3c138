"""A table of faults: small changes to one sound engine, each with the checks that must catch it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from namegen.backends.numpy_engine.cells import SimpleRNN
from namegen.backends.numpy_engine.engine import NumpyEngine
from namegen.backends.numpy_engine.optimizers import clip
from namegen.core.data.batching import Batch
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.engine import StepLosses
from namegen.core.settings import TrainingSettings
from namegen.testing import VOCABULARY
from tests.fake_engine import FakeEngine

N = NumpyEngine


class Sound(NumpyEngine):
    """The NumPy engine, with places where a fault can put something else."""

    moves = "adam"  # the optimizer whose update ``move`` is
    clipping = None

    def __init__(self, network, training, *, threads, dtype="float32"):
        super().__init__(*self.arguments(network, training), **self.more(threads=threads, dtype=dtype))
        inner, self.norm = self.model.masked_loss_and_gradient, self.training and self.training.clip_norm
        self.model.masked_loss_and_gradient = lambda batch, masks: self.gradient(inner, batch, masks)
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
        return self.losses(super().train_epoch(self.stream([self.each(step) for step in steps])), steps)

    def gradient(self, inner, batch, masks):
        loss = inner(self.batch(batch), self.masks(masks))
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

    tokens = logits = stream = each = batch = masks = itself


@dataclass(frozen=True)
class Fault:
    """An engine with one mistake.

    Attributes:
        what: is wrong.
        checks: the names of those that catch it, each by itself.
        engine: the class.
        cell: for which it shows.
        crashes: whether it shows by an exception of its own; another one's would be a slip in the fault.
    """

    what: str
    checks: tuple[str, ...]
    engine: type
    cell: str = "gru"
    crashes: bool = False


FAULTS: list[Fault] = []


def fault(what, *checks, cell="gru", crashes=False, engine=None, **parts):
    """Put a sound engine with other parts into the table."""
    FAULTS.append(Fault(what, checks, engine or type("Faulty", (Sound,), parts), cell, crashes))


def characters(steps):
    return np.array([step.batch.characters for step in steps], np.int64)


def renamed(step, change):
    """The same step on other names; one with targets as it is."""
    if step.batch.targets is not None:
        return step
    rows = step.batch.sequences()
    names = np.repeat(VOCABULARY.decode_all(rows.tokens), rows.counts).tolist()
    return replace(step, batch=Batch(PrefixTree.from_names(change(names), VOCABULARY)))


def rated(step, rate):
    return replace(step, learning_rate=rate)


def as_byte(tokens):
    return tokens.astype(np.uint8).astype(np.int32)


# Reading

MODEL = "as a language model"


def overwrite(self, tokens, state):
    logits, after = N.step(self, tokens, state)
    for before, new in zip(state, after, strict=True):
        before[0][:] = new[0]
    return logits, after


def reuse(self, logits):
    buffer = vars(self).setdefault("buffers", {}).setdefault(len(logits), np.empty_like(logits))
    buffer[:] = logits
    return buffer


def start_from_ones(self):
    for layer in self.model.recurrent:
        layer.start += 1


def select_first_layer(self, state, rows):
    return [N.select(self, state[:1], rows)[0], *(np.resize(x, (len(x), len(rows), x.shape[2])) for x in state[1:])]


fault("a step writes over the state that it was given", MODEL, step=overwrite)
fault("all steps of so many rows give one array of logits", MODEL, logits=reuse)
fault("select leaves the rows of the second layer", MODEL, select=select_first_layer)
fault("select ignores repeats", MODEL, select=lambda self, s, k: N.select(self, s, np.resize(np.unique(k), len(k))))
fault("select takes row 256 for row 0", MODEL, select=lambda self, state, rows: N.select(self, state, rows % 256))
fault("there is room for 256 rows", MODEL, logits=lambda self, x: x[np.minimum(np.arange(len(x)), 255)])
fault("the logits of a row depend on other rows", MODEL, logits=lambda self, logits: logits + logits.mean(axis=0))
fault("float32 gives float64", MODEL, logits=lambda self, logits: logits.astype(np.float64))
fault("the logit of the boundary is NaN", MODEL, logits=lambda self, x: np.where(np.arange(x.shape[1]), x, np.nan))
fault("logits are widened", "same logits", "step losses", logits=lambda self, x: x.astype(np.float32).astype(x.dtype))
fault("a step reads bytes", "same with a large vocabulary", tokens=lambda self, tokens: as_byte(tokens))
fault("the state before START is ones", "same logits", "same training", made=start_from_ones)
fault("there are no recurrent layers", "same logits", "same training", engine=FakeEngine)
fault("requires is a text", "attributes", requires="numpy")


def first_label(self, tokens):
    return np.minimum(tokens, np.int32(self.network.vocabulary_size))


def first_root(self, step):
    tree = step.batch.tree
    return replace(step, batch=Batch(replace(tree, token=first_label(self, tree.token)), step.batch.targets))


fault("a step takes every beginning for the first label's", "beginnings", tokens=first_label)
fault("training takes every beginning for the first label's", "beginnings", "same with beginnings", each=first_root)

# The state


def put(change):
    """A ``set_state`` that does something more once the state is there."""

    def set_state(self, state):
        N.set_state(self, state)
        change(self, state)

    return set_state


def take_half(self, state):
    name, shape = "output.kernel", self.model.parameters["output.kernel"].shape
    if name in state and state[name].shape == shape:
        self.model.parameters[name][...] = state[name]
    N.set_state(self, state)


def keep_moments(self, state):
    kept = {slot: values.copy() for slot, values in self.optimizer.state.items()} if self.optimizer else {}
    N.set_state(self, state)
    if "optimizer.step" not in state and self.optimizer:
        self.optimizer.state.update(kept)


def forget(*slots):
    def change(self, state):
        for slot in slots:
            if self.optimizer and slot in self.optimizer.state:
                self.optimizer.state[slot].fill(0)

    return put(change)


def random_millionth(self, losses, steps):
    self.model.vector *= 1 + 1e-6 * np.random.default_rng().normal(size=self.model.vector.shape)
    return losses


def forget_bias(self, state):
    for layer in self.model.recurrent:
        layer.parameters["bias"][1] = 0


fault("get_state gives references", "state is a copy", get_state=lambda self: N.get_state(self) | self.model.parameters)
fault("the optimizer goes on behind a state without it", "optimizer restarts", set_state=keep_moments)
fault("moments are not restored", "state round trip", "same after resuming", set_state=forget("m", "v", "u"))
fault(
    "a slot has a name of its own",
    "state names",
    get_state=lambda self: (
        N.get_state(self) | {"optimizer.momentum.output.bias": np.zeros(self.vocabulary_size, np.float32)}
    ),
)
fault("a state that is refused has been taken in part", "unfit states", set_state=take_half)
fault(
    "it trains without settings",
    "reading only",
    arguments=lambda self, n, training: (n, training or TrainingSettings()),
)
fault("it has random numbers of its own", "determinism", losses=random_millionth)
fault("warming up takes a step", "warm up", warm_up=lambda self, step: self.train_epoch([step]))
fault("threads are ignored", "threads", more=lambda self, threads, dtype: {"threads": 2, "dtype": dtype})

# The stream of steps


def plain_if_first_is(self, steps):
    plain = bool(steps) and steps[0].batch.targets is None
    return [replace(step, batch=Batch(step.batch.tree)) for step in steps] if plain else steps


def report(change):
    return lambda self, losses, steps: StepLosses(*change(losses, steps))


LONG, ALL = "long names", "same with names of all lengths"
ORDER, TRAINING, FEW = "steps in order", "same training", "few names"
fault("losses are means", "step losses", losses=report(lambda x, s: (x.loss_sum / x.characters, x.characters)))
fault(
    "losses were float32", "step losses", losses=report(lambda x, s: (np.float64(np.float32(x.loss_sum)), x.characters))
)
fault("a last step without another is lost", ORDER, stream=lambda self, steps: steps[: len(steps) // 2 * 2])
fault("steps are sorted", ORDER, TRAINING, stream=lambda self, s: sorted(s, key=lambda step: step.batch.characters))
fault("two steps are swapped", ORDER, stream=lambda self, s: [s[k ^ 1 if k ^ 1 < len(s) else k] for k in range(len(s))])
fault(
    "the last 128 steps alone are applied",
    "same over a long stream",
    cell="simple_rnn",
    stream=lambda self, s: s[-128:],
    losses=report(lambda x, s: (np.resize(x.loss_sum, len(s)), characters(s))),
)
fault(
    "the first rate is kept",
    "rates",
    ORDER,
    TRAINING,
    each=lambda self, step: rated(step, vars(self).setdefault("first", step.learning_rate)),
)
fault("the rate is constant", "rates", each=lambda self, step: rated(step, 0.01))
fault(
    "the rate is that of the settings",
    "settings of core",
    TRAINING,
    each=lambda self, step: rated(step, self.training.peak_learning_rate),
)
fault("it learns next to nothing", "learning", TRAINING, each=lambda self, step: rated(step, step.learning_rate * 1e-6))
fault("it moves with the gradient", "learning", "gradients", each=lambda self, step: rated(step, -step.learning_rate))
fault("names are cut at 20", LONG, ALL, each=lambda self, step: renamed(step, lambda names: [x[:20] for x in names]))
fault("repeats are no weights", FEW, ALL, each=lambda self, step: renamed(step, set))
fault(
    "one distinct name is too few",
    FEW,
    crashes=True,
    each=lambda self, step: [step][step.batch.tree.distinct_name_count == 1],
)
fault("the first step decides about targets", "mixed steps", "same with mixed steps", stream=plain_if_first_is)

# Loss, targets and masks


def with_targets(change):
    return lambda self, batch: batch if batch.targets is None else Batch(*change(batch.tree, batch.targets))


def mask_gradients_alone(self, inner, batch, masks):
    loss = inner(batch, {})
    for name, mask in masks.items():
        self.model.gradients[name] *= mask
    return loss


BOTH, SINGLE = "same with masks and targets", "same with single masks"
fault("targets are ignored", "targets", BOTH, each=lambda self, step: replace(step, batch=Batch(step.batch.tree)))
fault(
    "targets count once",
    "targets",
    BOTH,
    batch=with_targets(lambda tree, x: (replace(tree, count=np.ones_like(tree.count)), x)),
)
fault(
    "the gradient is without STOPs",
    TRAINING,
    "gradients",
    scale=lambda self, batch: batch.characters / (batch.characters - batch.tree.name_count),
)
fault("the gradient is a thousandth too long", TRAINING, "gradients", scale=lambda self, batch: 1.001)
fault("masks are ignored", "masks", BOTH, SINGLE, each=lambda self, step: replace(step, masks={}))
fault("gradients alone are masked", BOTH, SINGLE, "masks", gradient=mask_gradients_alone)
fault(
    "masks that no setting makes are ignored",
    SINGLE,
    masks=lambda self, masks: {
        name: masks[name] for shapes in self.network.mask_shapes.values() for name in shapes if name in masks
    },
)

# Clipping


def clip_each(self, model, norm):
    for gradient in model.gradients.values():
        clip(gradient.reshape(-1), norm)


def clip_in_float32(self, model, norm):
    with np.errstate(all="ignore"):
        length = np.sqrt(np.square(model.gradient).sum())
        if length > norm:
            model.gradient *= norm / length


def clip_length(self, model, norm):
    model.gradient *= norm / np.linalg.norm(model.gradient)


fault("it does not clip", TRAINING, cell="simple_rnn", clipping=lambda self, model, norm: None)
fault("short gradients are made long", TRAINING, cell="simple_rnn", clipping=clip_length)
fault("each gradient is clipped by itself", TRAINING, cell="simple_rnn", clipping=clip_each)
fault("squares are summed in float32", "same clipping of huge gradients", clipping=clip_in_float32)

# Optimizers


def again(formula):
    """An update whose parameters are computed anew from those before it, the gradient, the rate and what is kept."""

    def move(self, optimizer, update, w, g, rate):
        before = w.copy()
        update(w, g, rate)
        w[:] = before - formula(optimizer, optimizer.state, g, rate, optimizer.step)

    return move


def constant(name, value):
    def move(self, optimizer, update, w, g, rate):
        setattr(optimizer, name, value)
        update(w, g, rate)

    return move


def scaled(factor):
    """An update with another rate; ``t`` counts from 1."""
    return lambda self, optimizer, update, w, g, rate: update(w, g, rate * factor(optimizer.step + 1))


def correction(t):
    return np.sqrt(1 - 0.999**t) / (1 - 0.9**t)


def rate_outside(self, optimizer, update, w, g, rate):
    u = optimizer.state["u"]
    u[:] = optimizer.momentum * u + (1 - optimizer.momentum) * g
    w -= rate * u
    optimizer.step += 1


def decay(self, optimizer, update, w, g, rate):
    w *= 1 - 1e-6 * rate
    update(w, g, rate)


for what, move, moves in (
    ("Adam's ε is 1e-8", constant("epsilon", 1e-8), "adam"),
    (
        "Adam divides by √(v+ε)",
        again(lambda o, s, g, lr, t: lr * correction(t) * s["m"] / np.sqrt(s["v"] + 1e-7)),
        "adam",
    ),
    (
        "Adam's ε stands beside the corrected √v̂",
        again(lambda o, s, g, lr, t: lr * (s["m"] / (1 - 0.9**t)) / (np.sqrt(s["v"] / (1 - 0.999**t)) + 1e-7)),
        "adam",
    ),
    ("Adam's moments are not corrected", scaled(lambda t: 1 / correction(t)), "adam"),
    ("Adam's correction counts from 0", scaled(lambda t: correction(max(t - 1, 1)) / correction(t)), "adam"),
    ("RMSprop divides by √v+ε", again(lambda o, s, g, lr, t: lr * g / (np.sqrt(s["v"]) + o.epsilon)), "rmsprop"),
    ("RMSprop's ρ is 0.99", constant("rho", 0.99), "rmsprop"),
    ("momentum is not damped", lambda self, o, update, w, g, rate: update(w, g / (1 - o.momentum), rate), "momentum"),
    ("momentum keeps no rate", rate_outside, "momentum"),
    ("weights decay", decay, "sgd"),
):
    fault(what, TRAINING, cell="simple_rnn", move=move, moves=moves)

# Cells, layers and time


def stored(there, back):
    """The tensors of the layers stand otherwise in the engine than in its state."""

    def turned(state, change):
        return {name: change(name, values).copy() if "rnn." in name else values for name, values in state.items()}

    return {
        "set_state": lambda self, state: N.set_state(self, turned(state, there)),
        "get_state": lambda self: turned(N.get_state(self), back),
    }


def gates(*order):
    def reorder(order):
        return lambda name, x: np.concatenate([np.split(x, len(order), axis=-1)[gate] for gate in order], axis=-1)

    return stored(reorder(order), reorder(np.argsort(order).tolist()))


def turn_bias(name, values):
    return values[::-1] if name.endswith(".bias") else values


class Softsign(SimpleRNN):
    def forward(self, columns, s, before, after, kept):
        np.divide(columns + s, 1 + np.abs(columns + s), out=after)


class HalfBackward(SimpleRNN):
    def slopes(self, columns, before, after, kept):
        np.subtract(1, after * after / 2, out=columns)


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


def cut_product_alone(self):
    """Without ``through_time`` the gradient still passes by what the cell carries."""
    for layer in self.model.recurrent:
        if layer.through_time:
            continue

        def climb(*arguments, layer=layer, inner=layer._climb):
            whole = layer.parameters
            layer.parameters = dict(whole, recurrent_kernel=np.zeros_like(whole["recurrent_kernel"]))
            inner(*arguments)
            layer.parameters = whole

        layer.through_time, layer._climb = True, climb


LOGITS, CUT = "same logits", "same without through time"
fault("an LSTM's gates stand as i, f, o, c", LOGITS, cell="lstm", **gates(0, 1, 3, 2))
fault("a GRU's gates stand as r, z, h", LOGITS, TRAINING, **gates(1, 0, 2))
fault("a GRU's biases are swapped", LOGITS, TRAINING, **stored(turn_bias, turn_bias))
fault("the state's bias is not read", LOGITS, TRAINING, set_state=put(forget_bias))
fault("the activation is softsign", LOGITS, cell="simple_rnn", made=layers(cell=Softsign()))
fault("a derivative is wrong", TRAINING, "gradients", cell="simple_rnn", made=layers(cell=HalfBackward()))
fault("the third layer is not trained", "same with three layers", gradient=leave_third)
fault(
    "layers stand in reverse",
    "attributes",
    LOGITS,
    crashes=True,
    arguments=lambda self, network, training: (replace(network, hidden=network.hidden[::-1]), training),
)
fault("gradients always go through time", CUT, made=layers(through_time=True))
fault("gradients never go through time", TRAINING, "gradients", made=layers(through_time=False))
fault("c goes on without through_time", CUT, cell="lstm", made=cut_product_alone)
fault("z h goes on without through_time", CUT, made=cut_product_alone)
