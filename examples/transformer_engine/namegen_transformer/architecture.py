"""Transformer: the architecture of a small decoder-only Transformer.

It follows Vaswani et al. (2017), with the norm before each part of a block (Xiong et al., 2020), learned position
embeddings, and output weights that aren't shared with the embeddings. The letters are ``V`` vocabulary, ``L`` labels,
``D`` width and ``C`` context:

    embedding.kernel, place.kernel                (V + L, D), (C, D)
    block.{k}.attention_norm.scale and .bias      (D,) each
    block.{k}.attention.kernel and .bias          (D, 3·D), (3·D,): queries, keys and values side by side
    block.{k}.attention_output.kernel and .bias   (D, D), (D,)
    block.{k}.feed_norm.scale and .bias           (D,) each
    block.{k}.feed.kernel and .bias               (D, 4·D), (4·D,)
    block.{k}.feed_output.kernel and .bias        (4·D, D), (D,)
    output_norm.scale and .bias                   (D,) each
    output.kernel and .bias                       (D, V), (V,)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from namegen.core.network.architecture import Network, Shape
from namegen.core.network.initializers import INITIALIZERS
from namegen.core.settings import NetworkSettings
from namegen.errors import SettingsError, setting
from namegen.types import Array

FEED_FACTOR = 4
EMBEDDING_DEVIATION = 0.02


@dataclass(frozen=True)
class Transformer(Network):
    """Tokens and positions → blocks of attention and feed-forward layers → norm → linear layer → softmax.

    Attributes:
        hidden: the width of each block. All blocks have the same width.
        heads: the number of attention heads, which divide the width among them.
        context: the number of positions that each position attends to. Names may be longer: all positions after the
            context share the last position embedding.

    >>> Transformer(54, hidden=(64, 64)).parameter_shapes["block.1.attention.kernel"]
    (64, 192)
    """

    architecture: ClassVar[str] = "transformer"

    hidden: tuple[int, ...] = (32, 32)
    heads: int = 4
    context: int = 64

    def __post_init__(self) -> None:
        super().__post_init__()
        NetworkSettings(hidden=self.hidden)  # checks the widths
        _check_equal_widths(self.hidden)
        _check_option("heads", self.heads)
        _check_option("context", self.context)
        if self.width % self.heads != 0:
            raise SettingsError(
                f"a width of {self.width} can't be divided among {self.heads} heads: change {setting('hidden')}, or "
                f"heads in {setting('options')}"
            )

    @classmethod
    def from_settings(
        cls, settings: NetworkSettings, vocabulary_size: int, *, labels: int = 0
    ) -> Transformer:
        """Read the widths, and the options heads and context. Raises SettingsError for a cell or another option."""
        cls.refuse_options(settings, known=("heads", "context"))
        options: dict[str, Any] = dict(settings.options)
        return cls(vocabulary_size, settings.plain.hidden, labels=labels, **options)

    @property
    def width(self) -> int:
        """``D``."""
        return self.hidden[0]

    @property
    def summary(self) -> str:
        """The architecture and its widths."""
        return f"transformer {_listed(self.hidden)}"

    @property
    def parameter_shapes(self) -> dict[str, Shape]:
        """The canonical names, in canonical order, with their shapes."""
        D = self.width
        block_shapes: dict[str, Shape] = {}
        for k in range(len(self.hidden)):
            block_shapes.update(self._block_shapes(k))
        return {
            "embedding.kernel": (self.input_size, D),
            "place.kernel": (self.context, D),
            **block_shapes,
            **_with_bias("output_norm.scale", (D,)),
            **_with_bias("output.kernel", (D, self.vocabulary_size)),
        }

    def _block_shapes(self, k: int) -> dict[str, Shape]:
        """Return the shapes of the parameters in block ``k``, in canonical order."""
        D = self.width
        F = FEED_FACTOR * D
        return {
            **_with_bias(f"block.{k}.attention_norm.scale", (D,)),
            **_with_bias(f"block.{k}.attention.kernel", (D, 3 * D)),
            **_with_bias(f"block.{k}.attention_output.kernel", (D, D)),
            **_with_bias(f"block.{k}.feed_norm.scale", (D,)),
            **_with_bias(f"block.{k}.feed.kernel", (D, F)),
            **_with_bias(f"block.{k}.feed_output.kernel", (F, D)),
        }

    @property
    def mask_shapes(self) -> dict[str, dict[str, Shape]]:
        """The masks of each dropout rate. ``layer_dropout`` drops units between two blocks.

        >>> Transformer(54, hidden=(32, 32)).mask_shapes["layer_dropout"]
        {'block.1.attention.kernel': (32, 1), 'block.1.feed.kernel': (32, 1)}
        """
        readers: list[str] = []
        for k in range(1, len(self.hidden)):
            readers += [f"block.{k}.attention.kernel", f"block.{k}.feed.kernel"]
        return {
            "recurrent_dropout": {},
            "layer_dropout": dict.fromkeys(readers, (self.width, 1)),
            "output_dropout": {"output.kernel": (self.width, 1)},
        }

    def initial_parameters(self, init: str, *, rng: np.random.Generator) -> dict[str, Array]:
        """Set scales to 1 and biases to 0, draw embeddings with deviation 0.02, and draw the kernels with ``init``."""
        values: dict[str, Array] = {}
        for name, shape in self.parameter_shapes.items():
            if name.endswith(".scale"):
                values[name] = np.ones(shape)
            elif name.endswith(".bias"):
                values[name] = np.zeros(shape)
            elif name in ("embedding.kernel", "place.kernel"):
                values[name] = EMBEDDING_DEVIATION * rng.standard_normal(shape)
            else:
                values[name] = INITIALIZERS[init](shape, rng=rng)
        return values


def _with_bias(name: str, shape: Shape) -> dict[str, Shape]:
    """Return the shapes of a scale or kernel and of its bias, which is as long as the last axis.

    >>> _with_bias("output.kernel", (32, 54))
    {'output.kernel': (32, 54), 'output.bias': (54,)}
    """
    layer = name.rpartition(".")[0]
    return {name: shape, f"{layer}.bias": shape[-1:]}


def _check_equal_widths(hidden: Sequence[int]) -> None:
    """Raise SettingsError if the blocks have different widths."""
    if len(set(hidden)) != 1:
        equal_widths = [max(hidden)] * len(hidden)
        raise SettingsError(
            f"{setting('hidden')} is {_listed(hidden)}: all blocks of a transformer have the same width, so "
            f"use a value such as {_listed(equal_widths)}"
        )


def _check_option(name: str, value: object) -> None:
    """Raise SettingsError if an option isn't a whole number of at least 1."""
    if type(value) is not int or value < 1:
        raise SettingsError(
            f"{name} in {setting('options')} is {value!r}: expected a whole number of at least 1"
        )


def _listed(widths: Sequence[int]) -> str:
    """Join widths with commas, as in the setting ``hidden``."""
    return ", ".join(map(str, widths))
