"""The whole network as a plain loop: one name at a time, one character at a time. Start reading here.

This program is slow, but nothing is hidden. The other files in this folder compute the same for many names at once.
``tests/numpy_engine/test_plain.py`` compares them: the engine's loss must be the sum of the losses computed here, its
gradient the sum of these gradients divided by the number of characters, and its updates must be the same. To train the
network on a few names and print new ones:

    python -m namegen.backends.numpy_engine.plain

Each character has a number, its id, starting with 1. Id 0 means START as an input and STOP as a prediction. With ``V``
ids and a state of ``H`` units, all that the network learns is in five arrays. In a model file they have long names;
here each has a letter:

    rnn.0.kernel            K  (V, H)   from the character that is read to the state
    rnn.0.recurrent_kernel  U  (H, H)   from the state before to the state
    rnn.0.bias              b  (H,)
    output.kernel           W  (H, V)   from the state to a logit for each id
    output.bias             c  (V,)

Each step reads one character, updates the state h, and computes the probability p of each id as the next one:

    h = tanh(K[read] + h U + b)
    p = softmax(h W + c)
    loss = −log p[next]

Chapters 1 and 2 of the course (``docs/learn``) explain every line except Adam's. All dicts of parameters, gradients and
running means have the order of the table above.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import numpy as np

from namegen.types import Array, Float

Tensors: TypeAlias = dict[str, Array]
START = STOP = 0
# Adam's constants.
BETA_1 = 0.9
BETA_2 = 0.999
EPSILON = 1e-7
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
    """The results of one step that the backward pass needs."""

    # The id that was read.
    read: int
    # The id that followed.
    next: int
    # The state before.
    before: Float[Array, "H"]
    # The state after.
    h: Float[Array, "H"]
    # The probability of each id as the next one.
    p: Float[Array, "V"]


def new_parameters(V: int, H: int, rng: np.random.Generator) -> Tensors:
    """Draw small random numbers for the kernels, and set the biases to zero."""
    return {
        "rnn.0.kernel": rng.normal(0, 0.5, (V, H)),
        "rnn.0.recurrent_kernel": rng.normal(0, 0.5, (H, H)),
        "rnn.0.bias": np.zeros(H),
        "output.kernel": rng.normal(0, 0.5, (H, V)),
        "output.bias": np.zeros(V),
    }


def softmax(logits: Float[Array, "V"]) -> Float[Array, "V"]:
    """Turn logits into probabilities.

    Subtracting the largest logit from all of them changes nothing, and then exp can't overflow.

    >>> softmax(np.array([1000.0, 1000.0])).tolist()
    [0.5, 0.5]
    """
    exponentials = np.exp(logits - logits.max())
    p: Array = exponentials / exponentials.sum()
    return p


def read(
    parameters: Tensors, before: Float[Array, "H"], token: int
) -> tuple[Float[Array, "H"], Float[Array, "V"]]:
    """Read one id. Return the state after it, and the probability of each id as the next one."""
    K, U, b, W, c = parameters.values()
    h = np.tanh(K[token] + before @ U + b)
    return h, softmax(h @ W + c)


def forward(parameters: Tensors, name: Sequence[int]) -> tuple[float, list[Step]]:
    """Read a name from START to its last character.

    Returns:
        Its loss in nats, including the loss of STOP, and the results of all steps.
    """
    h = np.zeros(len(parameters["rnn.0.recurrent_kernel"]))
    loss = 0.0
    steps = []
    for token, following in zip([START, *name], [*name, STOP], strict=True):
        before = h
        h, p = read(parameters, before, token)
        loss -= math.log(p[following])
        steps.append(Step(token, following, before, h, p))
    return loss, steps


def backward(parameters: Tensors, steps: list[Step]) -> Tensors:
    """Compute the derivative of a name's loss with respect to every parameter, from the last step to the first.

    This is backpropagation through time. ``d_h`` is the derivative of the loss with respect to ``h``, and so on. A
    state is read twice, by its logits and by the next step, so its derivative is the sum of two. The comment on each
    line shows the forward line that it undoes.
    """
    U = parameters["rnn.0.recurrent_kernel"]
    W = parameters["output.kernel"]
    gradient = {name: np.zeros_like(values) for name, values in parameters.items()}
    d_K, d_U, d_b, d_W, d_c = gradient.values()
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
    """Compute the loss and the gradient of a list of names.

    Returns:
        The sum of their losses in nats, and the gradient of that sum divided by the number of characters.
    """
    characters = sum(len(name) + 1 for name in names)
    total = 0.0
    gradient = {name: np.zeros_like(values) for name, values in parameters.items()}
    for name in names:
        loss, steps = forward(parameters, name)
        total += loss
        for key, values in backward(parameters, steps).items():
            gradient[key] += values / characters
    return total, gradient


class Adam:
    """The optimizer Adam (Kingma and Ba, 2015).

    Each parameter moves by the mean of its gradients divided by their usual size. m and v are running means of the
    gradient and of its square. They start at zero, so after t steps they are too small by the factors 1 − β₁ᵗ and
    1 − β₂ᵗ. ``update`` corrects m / √v for this.
    """

    def __init__(self, parameters: Tensors) -> None:
        self.step = 0
        self.m = {name: np.zeros_like(values) for name, values in parameters.items()}
        self.v = {name: np.zeros_like(values) for name, values in parameters.items()}

    def update(self, parameters: Tensors, gradient: Tensors, learning_rate: float) -> None:
        """Make one update, which changes the parameters in place."""
        self.step += 1
        factor = learning_rate * math.sqrt(1 - BETA_2**self.step) / (1 - BETA_1**self.step)
        for name, g in gradient.items():
            m = self.m[name]
            v = self.v[name]
            m += (1 - BETA_1) * (g - m)
            v += (1 - BETA_2) * (g**2 - v)
            parameters[name] -= factor * m / (np.sqrt(v) + EPSILON)


def draw(parameters: Tensors, rng: np.random.Generator, longest: int = 20) -> list[int]:
    """Draw a new name: draw each character with its probability and read it, until STOP is drawn."""
    h = np.zeros(len(parameters["rnn.0.recurrent_kernel"]))
    token = START
    drawn: list[int] = []
    while len(drawn) < longest:
        h, p = read(parameters, h, token)
        token = int(rng.choice(len(p), p=p))
        if token == STOP:
            break
        drawn.append(token)
    return drawn


def train(parameters: Tensors, names: Sequence[Sequence[int]], epochs: int) -> list[float]:
    """Train a network with Adam, using all names in each update. Return the loss before each update."""
    adam = Adam(parameters)
    losses = []
    for _ in range(epochs):
        loss, gradient = loss_and_gradient(parameters, names)
        adam.update(parameters, gradient, learning_rate=0.03)
        losses.append(loss)
    return losses


def encode(names: Sequence[str], characters: Sequence[str]) -> list[list[int]]:
    """Turn each name into the ids of its characters.

    >>> encode(["Al", "Ali"], ["A", "i", "l"])
    [[1, 3], [1, 3, 2]]
    """
    return [[characters.index(character) + 1 for character in name] for name in names]


def train_and_draw(
    names: Sequence[str], *, epochs: int = 100, count: int = 10, seed: int = 0
) -> list[str]:
    """Train a network with 16 units on names, and draw new ones.

    >>> train_and_draw(["Ann", "Anna", "Bo", "Bob"], count=5)
    ['Bob', 'Bo', 'Bob', 'Ann', 'Bob']
    """
    rng = np.random.default_rng(seed)
    characters = sorted(set("".join(names)))
    parameters = new_parameters(len(characters) + 1, 16, rng)
    train(parameters, encode(names, characters), epochs)
    drawn = [draw(parameters, rng) for _ in range(count)]
    return ["".join(characters[token - 1] for token in tokens) for tokens in drawn]


if __name__ == "__main__":
    print(*train_and_draw(NAMES, count=20))
