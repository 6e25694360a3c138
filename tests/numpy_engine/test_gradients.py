"""Each backward pass against central differences in float64, and proof that a wrong one is noticed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from namegen.backends.numpy_engine.layers import CELLS, CellState, Linear, Recurrent
from namegen.backends.numpy_engine.loss import SoftmaxCrossEntropy
from namegen.backends.numpy_engine.model import Model
from namegen.backends.numpy_engine.walk import TreeWalk
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.network.architecture import Network

STEP = 1e-5
TOLERANCE = 1e-7  # of the largest derivative, or absolute if that is below 1: far above what rounding leaves

VOCABULARY = Vocabulary("abcde")
TREES = {
    "shared": ["ab", "abc", "abd", "aec", "ab", "b", "bd", "bda", "e", "ab"],
    "unshared": ["abca", "b", "cab", "dd", "eabce"],
    "single": ["a"],
}

trees = pytest.mark.parametrize("tree", TREES)
cells = pytest.mark.parametrize("cell", CELLS)
through_time = pytest.mark.parametrize("through_time", [True, False], ids=["through_time", "no_through_time"])


def make_tree(key: str) -> PrefixTree:
    tree = PrefixTree.from_names(TREES[key], VOCABULARY)
    assert (tree.nodes - 1 < sum(map(len, TREES[key]))) == (key == "shared")
    return tree


def assert_gradient(function: Callable[[], float], variable: np.ndarray, gradient: np.ndarray) -> None:
    """Hold ``gradient`` against central differences of ``function``, one number of ``variable`` after the other."""
    expected = np.empty(variable.shape)
    for place in np.ndindex(variable.shape):
        kept = variable[place]
        variable[place] = kept + STEP
        above = function()
        variable[place] = kept - STEP
        below = function()
        variable[place] = kept
        expected[place] = (above - below) / (2 * STEP)
    assert gradient.shape == variable.shape
    np.testing.assert_allclose(gradient, expected, rtol=0, atol=TOLERANCE * max(1, np.abs(expected).max()))


def make_layer(cell: str, rng: np.random.Generator, through_time: bool = True) -> Recurrent:
    """A layer of width 3 whose gradients are not numbers yet: backward must write every one."""
    shapes = Network(VOCABULARY.size, cell, (3,)).parameter_shapes
    parameters = {name: rng.normal(0, 0.8, shapes[f"rnn.0.{name}"]) for name in ("kernel", "recurrent_kernel", "bias")}
    gradients = {name: np.full(values.shape, np.nan) for name, values in parameters.items()}
    return CELLS[cell](parameters, gradients, through_time=through_time)


def random_state(layer: Recurrent, rng: np.random.Generator) -> CellState:
    return tuple(rng.normal(0, 0.5, array.shape) for array in layer.initial_state(1))


def states_before(
    tree: PrefixTree, initial: list[CellState], step: Callable[[np.ndarray, list[CellState]], list[CellState]]
) -> list[CellState]:
    """The state before every node, one step after the other: what ``through_time=False`` takes for constant.

    ``initial`` has a state a layer, and so has the result, with a row a node.
    """
    before: list[list[CellState]] = [initial]
    after: list[list[CellState]] = []
    for node in range(tree.nodes):
        if node:
            before.append(after[tree.parent[node]])
        after.append(step(np.array([node]), before[node]))
    return [
        tuple(np.concatenate(arrays) for arrays in zip(*(row[layer] for row in before), strict=True))
        for layer in range(len(initial))
    ]


def recurrent_function(
    layer: Recurrent, tree: PrefixTree, inputs: np.ndarray, initial: CellState, weights: np.ndarray
) -> Callable[[], float]:
    """A number made of all outputs of a layer: what its backward must be the derivative of."""
    walk = TreeWalk(tree)
    if layer.through_time:
        return lambda: float((weights * layer.forward(inputs, walk, initial)).sum())
    (frozen,) = states_before(tree, [initial], lambda nodes, state: [layer.step(inputs[nodes], state[0])])
    return lambda: float((weights * layer.step(inputs, frozen)[0]).sum())


@cells
@trees
@through_time
@pytest.mark.parametrize("dense", [False, True], ids=["tokens", "dense"])
def test_recurrent_layers(cell: str, tree: str, through_time: bool, dense: bool) -> None:
    rng = np.random.default_rng(1)
    prefixes = make_tree(tree)
    layer = make_layer(cell, rng, through_time)
    inputs = rng.normal(size=(prefixes.nodes, VOCABULARY.size)) if dense else prefixes.token
    initial = random_state(layer, rng)
    weights = rng.normal(size=(prefixes.nodes, 3))
    function = recurrent_function(layer, prefixes, inputs, initial, weights)

    layer.forward(inputs, TreeWalk(prefixes), initial)
    d_inputs = layer.backward(weights)
    gradients = {name: values.copy() for name, values in layer.gradients.items()}

    for name, values in layer.parameters.items():
        assert_gradient(function, values, gradients[name])
    if dense:
        assert_gradient(function, inputs, d_inputs)
    else:
        assert d_inputs is None


@cells
def test_gradients_are_written_not_added(cell: str) -> None:
    """Two passes leave the gradients of the last one, and the caller's array of derivatives stays as it was."""
    rng = np.random.default_rng(2)
    tree = make_tree("shared")
    layer = make_layer(cell, rng)
    weights = rng.normal(size=(tree.nodes, 3))
    kept = weights.copy()
    found = []
    for _ in range(2):
        layer.forward(tree.token, TreeWalk(tree))
        layer.backward(weights)
        found.append({name: values.copy() for name, values in layer.gradients.items()})
    for name in found[0]:
        np.testing.assert_array_equal(found[0][name], found[1][name])
    np.testing.assert_array_equal(weights, kept)


def test_linear() -> None:
    rng = np.random.default_rng(3)
    parameters = {"kernel": rng.normal(size=(3, 4)), "bias": rng.normal(size=4)}
    layer = Linear(parameters, {name: np.full(values.shape, np.nan) for name, values in parameters.items()})
    inputs, weights = rng.normal(size=(5, 3)), rng.normal(size=(5, 4))

    def function() -> float:
        return float((weights * layer.forward(inputs)).sum())

    function()
    d_inputs = layer.backward(weights)
    gradients = {name: values.copy() for name, values in layer.gradients.items()}
    for name, values in parameters.items():
        assert_gradient(function, values, gradients[name])
    assert_gradient(function, inputs, d_inputs)


@trees
def test_loss(tree: str) -> None:
    """The derivative is of the mean over the characters, where forward gives the sum."""
    prefixes = make_tree(tree)
    logits = np.random.default_rng(4).normal(0, 2, (prefixes.nodes, VOCABULARY.size))
    loss = SoftmaxCrossEntropy()
    loss.forward(logits.copy(), prefixes)  # it consumes them
    d_logits = loss.backward().copy()
    assert_gradient(lambda: loss.forward(logits.copy(), prefixes) / prefixes.characters, logits, d_logits)


def test_loss_of_logits_far_apart() -> None:
    """Logits that exp could not hold give the loss that arithmetic says, and no warning."""
    tree = PrefixTree.from_names(["a"], Vocabulary("a"))
    loss = SoftmaxCrossEntropy()
    assert loss.forward(np.array([[0.0, 5000.0], [-5000.0, 0.0]]), tree) == 5000.0  # a is sure, STOP is hopeless
    np.testing.assert_allclose(loss.backward(), [[0, 0], [-0.5, 0.5]])


def make_model(cell: str, through_time: bool) -> Model:
    """Two layers of different widths whose state before START is not zero."""
    rng = np.random.default_rng(5)
    model = Model(Network(VOCABULARY.size, cell, (3, 2)), through_time=through_time, dtype="float64")
    model.vector[:] = rng.normal(0, 0.7, model.vector.shape)
    for layer in model.recurrent:
        initial = random_state(layer, rng)
        layer.initial_state = lambda rows, initial=initial: tuple(np.repeat(a, rows, axis=0) for a in initial)
    return model


def model_function(model: Model, tree: PrefixTree) -> Callable[[], float]:
    """The loss a character as a function of the parameters; without ``through_time``, of frozen states too."""
    initial = [layer.initial_state(1) for layer in model.recurrent]
    if model.recurrent[0].through_time:
        return lambda: model.loss.forward(model.forward(tree), tree) / tree.characters
    frozen = states_before(tree, initial, lambda nodes, state: model.step(tree.token[nodes], state)[1])
    return lambda: model.loss.forward(model.step(tree.token, frozen)[0], tree) / tree.characters


@cells
@trees
@through_time
def test_model(cell: str, tree: str, through_time: bool) -> None:
    prefixes = make_tree(tree)
    model = make_model(cell, through_time)
    function = model_function(model, prefixes)
    model.gradient.fill(np.nan)
    loss = model.loss_and_gradient(prefixes)
    gradient = model.gradient.copy()
    assert loss / prefixes.characters == pytest.approx(function(), rel=1e-12)
    assert_gradient(function, model.vector, gradient)


@cells
def test_without_through_time_is_another_gradient(cell: str) -> None:
    """The two ways differ by far more than the tolerance, so neither check would pass for the other."""
    tree = make_tree("shared")
    found = []
    for through_time in (True, False):
        model = make_model(cell, through_time)
        model.loss_and_gradient(tree)
        found.append(model.gradient.copy())
    assert np.abs(found[0] - found[1]).max() > 1e4 * TOLERANCE


# What follows breaks one line of a backward pass at a time; the check must notice each.


def scaled(name: str) -> Callable[[Recurrent, np.ndarray], None]:
    """A backward pass with one gradient wrong by a thousandth."""

    def backward(layer: Recurrent, weights: np.ndarray) -> None:
        layer.backward(weights)
        layer.gradients[name] *= 1.001

    return backward


class FirstOnly:
    """``np.add``, but its reduceat takes the first row of each run."""

    def __init__(self, add: np.ufunc) -> None:
        self.reduce = add.reduce

    def reduceat(self, array: np.ndarray, starts: np.ndarray, axis: int = 0) -> np.ndarray:
        return array[starts]


def forgets_siblings(layer: Recurrent, weights: np.ndarray) -> None:
    """A backward pass in which a parent receives what its first child sends, and no more."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(np, "add", FirstOnly(np.add))
        layer.backward(weights)


def forgets_the_past(layer: Recurrent, weights: np.ndarray) -> None:
    """A backward pass that does not go through time where it should."""
    layer.through_time = False
    layer.backward(weights)
    layer.through_time = True


WRONG = {
    "kernel": scaled("kernel"),
    "recurrent_kernel": scaled("recurrent_kernel"),
    "bias": scaled("bias"),
    "siblings": forgets_siblings,
    "past": forgets_the_past,
}


@cells
@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_gradient_is_caught(cell: str, wrong: str) -> None:
    rng = np.random.default_rng(6)
    tree = make_tree("shared")
    layer = make_layer(cell, rng)
    inputs = rng.normal(size=(tree.nodes, VOCABULARY.size))  # dense: that way no sum but the one over children is cut
    initial, weights = random_state(layer, rng), rng.normal(size=(tree.nodes, 3))
    function = recurrent_function(layer, tree, inputs, initial, weights)

    def check(backward: Callable[[Recurrent, np.ndarray], object]) -> None:
        layer.forward(inputs, TreeWalk(tree), initial)
        backward(layer, weights)
        gradients = {name: values.copy() for name, values in layer.gradients.items()}
        for name, values in layer.parameters.items():
            assert_gradient(function, values, gradients[name])

    check(lambda layer, weights: layer.backward(weights))
    with pytest.raises(AssertionError, match="Not equal to tolerance"):
        check(WRONG[wrong])
