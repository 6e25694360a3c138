"""The whole network as a plain loop: one name after the other, one character after the other. Begin to read here.

Nothing here is fast and nothing is hidden. The other files of this folder compute the same for many names at once, and
faster: their loss must be the sum of what this file finds name by name, their gradient its sum divided by the
characters, and their training must go step by step as this one does (``tests/numpy_engine/test_plain.py``). To see it
learn some names and invent others:

    python -m namegen.backends.numpy_engine.plain

Characters become numbers, their ids, from 1 on. Id 0 is the boundary: it is read as START and predicted as STOP. With
``V`` ids and a state of ``H`` units, all that the network learns is in five arrays. They have the names that they have
in a model's file, and here a letter each:

    rnn.0.kernel            K  (V, H)   from the character that is read to the state
    rnn.0.recurrent_kernel  U  (H, H)   from the state before to the state
    rnn.0.bias              b  (H,)
    output.kernel           W  (H, V)   from the state to a logit for each id
    output.bias             c  (V,)

Every step reads one character, changes the state h, and says how probable each character is as the next:

    h = tanh(K[read] + h U + b)
    p = softmax(h W + c)
    loss = −log p[next]

Chapters 1 and 2 of the course (``docs/learn``) explain each line but those of Adam. The arrays of parameters, gradients
and running means are in dicts of one order, that of the table.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import numpy as np

from namegen.types import Array, Float

Tensors: TypeAlias = dict[str, Array]
START = STOP = 0
BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-7  # of Adam
NAMES = [
    "Anna",
    "Hanna",
    "Nina",
    "Lina",
    "Lena",
    "Elena",
    "Helena",
    "Maria",
    "Mia",
    "Lea",
    "Emma",
    "Ella",
    "Nora",
]


class Step(NamedTuple):
    """What the way back must know of one step.

    Attributes:
        read: the id that was read.
        next: the id that followed.
        before: the state before, ``(H,)``.
        h: the state after, ``(H,)``.
        p: the probability of each id as the next, ``(V,)``.
    """

    read: int
    next: int
    before: Array
    h: Array
    p: Array


def new_parameters(V: int, H: int, rng: np.random.Generator) -> Tensors:
    """Small random numbers; zeros for the biases."""
    return {
        "rnn.0.kernel": rng.normal(0, 0.5, (V, H)),
        "rnn.0.recurrent_kernel": rng.normal(0, 0.5, (H, H)),
        "rnn.0.bias": np.zeros(H),
        "output.kernel": rng.normal(0, 0.5, (H, V)),
        "output.bias": np.zeros(V),
    }


def softmax(logits: Float[Array, "V"]) -> Float[Array, "V"]:
    """Probabilities. The largest logit is taken away from each, which changes nothing, so that exp cannot overflow."""
    exponentials = np.exp(logits - logits.max())
    p: Array = exponentials / exponentials.sum()
    return p


def read(
    parameters: Tensors, before: Float[Array, "H"], token: int
) -> tuple[Float[Array, "H"], Float[Array, "V"]]:
    """Read one id: the state after it, and the probability of each id as the next."""
    K, U, b, W, c = parameters.values()
    h = np.tanh(K[token] + before @ U + b)
    return h, softmax(h @ W + c)


def forward(parameters: Tensors, name: Sequence[int]) -> tuple[float, list[Step]]:
    """Through a name from START on: its loss in nats, STOP included, and what each step leaves for the way back."""
    h = np.zeros(len(parameters["rnn.0.recurrent_kernel"]))
    loss, steps = 0.0, []
    for token, following in zip([START, *name], [*name, STOP], strict=True):
        before = h
        h, p = read(parameters, before, token)
        loss -= math.log(p[following])
        steps.append(Step(token, following, before, h, p))
    return loss, steps


def backward(parameters: Tensors, steps: list[Step]) -> Tensors:
    """Back through a name, from its last step to its first: the derivative of its loss by every parameter.

    This is backpropagation through time. ``d_h`` is the derivative of the loss by ``h``, and so on. A state is read
    twice, by its own logits and by the next step, so its derivative is the sum of two. Each comment is the line of the
    way there that is undone.
    """
    gradient = {name: np.zeros_like(values) for name, values in parameters.items()}
    d_K, d_U, d_b, d_W, d_c = gradient.values()
    _, U, _, W, _ = parameters.values()
    d_later = np.zeros(len(U))  # nothing comes after the last step
    for token, following, before, h, p in reversed(steps):
        d_logits = p.copy()
        d_logits[following] -= 1  # p = softmax(logits); loss = −log p[next]
        d_W += np.outer(h, d_logits)  # logits = h W + c
        d_c += d_logits  # logits = … + c
        d_h = W @ d_logits + d_later  # logits = h W + …; next step: before = h
        d_a = d_h * (1 - h**2)  # h = tanh(a)
        d_K[token] += d_a  # a = K[read] + …
        d_U += np.outer(before, d_a)  # a = … + before U + …
        d_b += d_a  # a = … + b
        d_later = U @ d_a  # a = … + before U + …
    return gradient


def loss_and_gradient(parameters: Tensors, names: Sequence[Sequence[int]]) -> tuple[float, Tensors]:
    """Over a list of names: the sum of their losses, and the gradient of that sum divided by the characters."""
    characters = sum(len(name) + 1 for name in names)
    total, gradient = 0.0, {name: np.zeros_like(values) for name, values in parameters.items()}
    for name in names:
        loss, steps = forward(parameters, name)
        total += loss
        for key, values in backward(parameters, steps).items():
            gradient[key] += values / characters
    return total, gradient


class Adam:
    """Kingma and Ba, 2015: each number moves by the mean of its gradients, divided by their usual size.

    m and v are running means of the gradient and of its square. They begin at zero, so after t steps they are only
    about 1 − β₁ᵗ and 1 − β₂ᵗ times what they should be: the factor makes that good for m / √v.
    """

    def __init__(self, parameters: Tensors) -> None:
        self.step = 0
        self.m = {name: np.zeros_like(values) for name, values in parameters.items()}
        self.v = {name: np.zeros_like(values) for name, values in parameters.items()}

    def update(self, parameters: Tensors, gradient: Tensors, learning_rate: float) -> None:
        """One step, which changes the parameters."""
        self.step += 1
        factor = learning_rate * math.sqrt(1 - BETA_2**self.step) / (1 - BETA_1**self.step)
        for name, g in gradient.items():
            m, v = self.m[name], self.v[name]
            m += (1 - BETA_1) * (g - m)
            v += (1 - BETA_2) * (g**2 - v)
            parameters[name] -= factor * m / (np.sqrt(v) + EPSILON)


def draw(parameters: Tensors, rng: np.random.Generator, longest: int = 20) -> list[int]:
    """A new name: each character is drawn with its probability, and then read, until STOP is drawn."""
    h, token = np.zeros(len(parameters["rnn.0.recurrent_kernel"])), START
    drawn: list[int] = []
    while len(drawn) < longest:
        h, p = read(parameters, h, token)
        token = int(rng.choice(len(p), p=p))
        if token == STOP:
            break
        drawn.append(token)
    return drawn


def train_and_draw(
    names: Sequence[str], *, epochs: int = 100, count: int = 10, seed: int = 0
) -> list[str]:
    """Train a network of 16 units on names, all of them in each update, and draw some.

    >>> train_and_draw(["Ann", "Anna", "Bo", "Bob"], count=5)
    ['Bob', 'Bo', 'Bob', 'Ann', 'Bob']
    """
    rng = np.random.default_rng(seed)
    characters = sorted(set("".join(names)))
    encoded = [[characters.index(character) + 1 for character in name] for name in names]
    parameters = new_parameters(len(characters) + 1, 16, rng)
    adam = Adam(parameters)
    for _ in range(epochs):
        _, gradient = loss_and_gradient(parameters, encoded)
        adam.update(parameters, gradient, learning_rate=0.03)
    return ["".join(characters[token - 1] for token in draw(parameters, rng)) for _ in range(count)]


if __name__ == "__main__":
    print(*train_and_draw(NAMES, count=20))
