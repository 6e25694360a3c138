"""All the code of chapters 1 and 2 in one file: the network as a plain loop, one name and one character at a time.

The program is slow, but nothing is hidden. namegen's engine computes the same for many names at once, and
``tests/learn/test_plain.py`` compares the two. To train the network on a few names and print new ones:

    python docs/learn/plain.py

Each character has a number, its id, starting with 1. Id 0 is the start token when the network reads it, and the end
token when the network predicts it. With ``V`` ids and a state of ``H`` units, everything that the network learns is in
five arrays, which the program keeps in a dict ``p``:

    K      (V, H)   from the character that is read to the state
    U      (H, H)   from the state before to the state
    b      (H,)
    W      (H, V)   from the state to a logit for each id
    b_out  (V,)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import numpy as np

from namegen.types import Array, Float

Tensors: TypeAlias = dict[str, Array]
START = END = 0
# fmt: off
NAMES = [
    "Anna", "Hanna", "Nina", "Lina", "Lena", "Elena", "Helena",
    "Maria", "Mia", "Lea", "Emma", "Ella", "Nora",
]
# fmt: on


class Step(NamedTuple):
    """What the backward pass needs to know about one step."""

    token: int  # the id that was read
    target: int  # the id that followed
    before: Float[Array, "H"]  # the state before
    h: Float[Array, "H"]  # the state after
    probabilities: Float[Array, "V"]  # of each id as the next one


def new_parameters(V: int, H: int, rng: np.random.Generator) -> Tensors:
    """Draw small random numbers for the kernels, and set the biases to zero."""
    return {
        "K": rng.normal(0, 0.5, (V, H)),
        "U": rng.normal(0, 0.5, (H, H)),
        "b": np.zeros(H),
        "W": rng.normal(0, 0.5, (H, V)),
        "b_out": np.zeros(V),
    }


def softmax(logits: Float[Array, "*rows V"]) -> Float[Array, "*rows V"]:
    """Turn each row of logits into probabilities.

    Subtracting the largest logit of a row changes nothing, but prevents an overflow of exp.

    >>> softmax(np.array([1000.0, 1000.0])).tolist()
    [0.5, 0.5]
    """
    exponentials = np.exp(logits - logits.max(axis=-1, keepdims=True))
    probabilities: Array = exponentials / exponentials.sum(axis=-1, keepdims=True)
    return probabilities


def read(
    p: Tensors, token: int, before: Float[Array, "H"]
) -> tuple[Float[Array, "H"], Float[Array, "V"]]:
    """Read one id. Return the state after it, and the probability of each id as the next one."""
    pre = p["K"][token] + before @ p["U"] + p["b"]
    h = np.tanh(pre)
    logits = h @ p["W"] + p["b_out"]
    return h, softmax(logits)


def forward(p: Tensors, name: Sequence[int]) -> tuple[float, list[Step]]:
    """Read a name from the start token to its last character.

    Returns:
        Its loss in nats, including the loss of the end token, and all steps.
    """
    h = np.zeros(len(p["U"]))
    loss = 0.0
    steps = []
    for token, target in zip([START, *name], [*name, END], strict=True):
        before = h
        h, probabilities = read(p, token, before)
        loss -= math.log(probabilities[target])
        steps.append(Step(token, target, before, h, probabilities))
    return loss, steps


def backward(p: Tensors, steps: list[Step]) -> Tensors:
    """Compute the derivative of a name's loss with respect to every parameter, from the last step to the first.

    This is backpropagation through time. ``d_h`` is the derivative of the loss with respect to ``h``, and ``d["K"]``
    with respect to ``p["K"]``. The comment on each line shows the forward line that it undoes.
    """
    d = {array: np.zeros_like(values) for array, values in p.items()}
    d_later = np.zeros(len(p["U"]))  # nothing follows the last step
    for token, target, before, h, probabilities in reversed(steps):
        d_logits = probabilities.copy()
        d_logits[target] -= 1  # loss -= log(softmax(logits)[target])
        d["W"] += np.outer(h, d_logits)  # logits = h @ W + b_out
        d["b_out"] += d_logits  # logits = … + b_out
        d_h = p["W"] @ d_logits + d_later  # logits = h @ W + …; next step: before = h
        d_pre = d_h * (1 - h**2)  # h = tanh(pre)
        d["K"][token] += d_pre  # pre = K[token] + …
        d["U"] += np.outer(before, d_pre)  # pre = … + before @ U + …
        d["b"] += d_pre  # pre = … + b
        d_later = p["U"] @ d_pre  # pre = … + before @ U + …
    return d


def loss_and_gradient(p: Tensors, names: Sequence[Sequence[int]]) -> tuple[float, Tensors]:
    """Compute the loss and the gradient of a list of names.

    Returns:
        The sum of their losses in nats, and the gradient of that sum divided by the number of characters.
    """
    characters = sum(len(name) + 1 for name in names)
    total = 0.0
    gradient = {array: np.zeros_like(values) for array, values in p.items()}
    for name in names:
        loss, steps = forward(p, name)
        total += loss
        for array, values in backward(p, steps).items():
            gradient[array] += values / characters
    return total, gradient


class Adam:
    """The optimizer Adam (Kingma and Ba, 2015), which the chapters don't explain.

    Each parameter moves by the mean of its gradients divided by their usual size. m and v are running means of the
    gradient and of its square. They start at zero, so after t steps they are too small by the factors 1 − 0.9ᵗ and
    1 − 0.999ᵗ. ``update`` corrects m / √v for this.
    """

    def __init__(self, p: Tensors) -> None:
        self.t = 0
        self.m = {array: np.zeros_like(values) for array, values in p.items()}
        self.v = {array: np.zeros_like(values) for array, values in p.items()}

    def update(self, p: Tensors, gradient: Tensors, learning_rate: float) -> None:
        """Make one update, which changes the parameters in place."""
        self.t += 1
        correction = math.sqrt(1 - 0.999**self.t) / (1 - 0.9**self.t)
        for array, g in gradient.items():
            m = self.m[array]
            v = self.v[array]
            m += (1 - 0.9) * (g - m)
            v += (1 - 0.999) * (g**2 - v)
            p[array] -= learning_rate * correction * m / (np.sqrt(v) + 1e-7)


def draw(p: Tensors, rng: np.random.Generator, longest: int = 20) -> list[int]:
    """Draw a new name: draw each character with its probability and read it, until the end token is drawn."""
    h = np.zeros(len(p["U"]))
    token = START
    drawn: list[int] = []
    while len(drawn) < longest:
        h, probabilities = read(p, token, h)
        token = int(rng.choice(len(probabilities), p=probabilities))
        if token == END:
            break
        drawn.append(token)
    return drawn


def train_and_draw(
    names: Sequence[str], *, epochs: int = 100, count: int = 10, seed: int = 0
) -> list[str]:
    """Train a network with 16 units on names, using all names in each update, and draw new ones.

    >>> train_and_draw(["Ann", "Anna", "Bo", "Bob"], count=5)
    ['Bob', 'Bo', 'Bob', 'Ann', 'Bob']
    """
    rng = np.random.default_rng(seed)
    characters = sorted(set("".join(names)))
    encoded = [[characters.index(character) + 1 for character in name] for name in names]
    p = new_parameters(len(characters) + 1, 16, rng)
    adam = Adam(p)
    for _ in range(epochs):
        _, gradient = loss_and_gradient(p, encoded)
        adam.update(p, gradient, learning_rate=0.03)
    drawn = [draw(p, rng) for _ in range(count)]
    return ["".join(characters[token - 1] for token in tokens) for tokens in drawn]


if __name__ == "__main__":
    print(*train_and_draw(NAMES, count=20))
