"""Transformer: a small decoder-only Transformer as data, an architecture of its own beside namegen's ``rnn``.

Vaswani et al., 2017, with the norm before each part of a block (Xiong et al., 2020), learned places, and an output of
its own. ``V`` vocabulary, ``L`` labels, ``D`` width, ``C`` context:

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
    """Token and place → blocks of attention and feed-forward → norm → linear layer → softmax.

    Attributes:
        hidden: a width for each block, all the same.
        heads: into how many parts attention divides the width.
        context: how many characters back it looks. Names may be longer: at each place it attends to the last
            ``context`` ones, and every place from there on counts as the last that it knows.

    >>> Transformer(54, hidden=(64, 64)).parameter_shapes["block.1.attention.kernel"]
    (64, 192)
    """

    architecture: ClassVar[str] = "transformer"

    hidden: tuple[int, ...] = (32, 32)
    heads: int = 4
    context: int = 64

    def __post_init__(self) -> None:
        super().__post_init__()
        NetworkSettings(hidden=self.hidden)  # the same checks
        if len(set(self.hidden)) != 1:
            raise SettingsError(
                f"{setting('hidden')} is {', '.join(map(str, self.hidden))}: the blocks of a transformer have one "
                f"width, so give the same for each, such as {', '.join([str(max(self.hidden))] * len(self.hidden))}"
            )
        for name in ("heads", "context"):
            value = getattr(self, name)
            if type(value) is not int or value < 1:
                raise SettingsError(
                    f"{name} in {setting('options')} is {value!r}: expected a whole number of at least 1"
                )
        if self.hidden[0] % self.heads:
            raise SettingsError(
                f"a width of {self.hidden[0]} cannot be divided among {self.heads} heads: change {setting('hidden')}, "
                f"or heads in {setting('options')}"
            )

    @classmethod
    def from_settings(
        cls, settings: NetworkSettings, vocabulary_size: int, *, labels: int = 0
    ) -> Transformer:
        """Its widths, and the options heads and context. Raises SettingsError for a cell and for other options."""
        cls.refuse_options(settings, known=("heads", "context"))
        options: dict[str, Any] = dict(settings.options)
        return cls(vocabulary_size, settings.plain.hidden, labels=labels, **options)

    @property
    def width(self) -> int:
        """``D``."""
        return self.hidden[0]

    @property
    def summary(self) -> str:
        """What it is and its widths."""
        return f"transformer {', '.join(map(str, self.hidden))}"

    @property
    def parameter_shapes(self) -> dict[str, Shape]:
        """The canonical names, in canonical order, with their shapes."""
        D, F = self.width, FEED_FACTOR * self.width
        shapes: dict[str, Shape] = {
            "embedding.kernel": (self.input_size, D),
            "place.kernel": (self.context, D),
        }

        def add(name: str, first: str, shape: Shape) -> None:
            shapes[f"{name}.{first}"], shapes[f"{name}.bias"] = shape, shape[-1:]

        for k in range(len(self.hidden)):
            add(f"block.{k}.attention_norm", "scale", (D,))
            add(f"block.{k}.attention", "kernel", (D, 3 * D))
            add(f"block.{k}.attention_output", "kernel", (D, D))
            add(f"block.{k}.feed_norm", "scale", (D,))
            add(f"block.{k}.feed", "kernel", (D, F))
            add(f"block.{k}.feed_output", "kernel", (F, D))
        add("output_norm", "scale", (D,))
        add("output", "kernel", (D, self.vocabulary_size))
        return shapes

    @property
    def mask_shapes(self) -> dict[str, dict[str, Shape]]:
        """Units between blocks are those that a block reads from the ones before; there is nothing recurrent.

        >>> Transformer(54, hidden=(32, 32)).mask_shapes["layer_dropout"]
        {'block.1.attention.kernel': (32, 1), 'block.1.feed.kernel': (32, 1)}
        """
        readers = [
            f"block.{k}.{part}.kernel"
            for k in range(1, len(self.hidden))
            for part in ("attention", "feed")
        ]
        return {
            "recurrent_dropout": {},
            "layer_dropout": dict.fromkeys(readers, (self.width, 1)),
            "output_dropout": {"output.kernel": (self.width, 1)},
        }

    def initial_parameters(self, init: str, *, rng: np.random.Generator) -> dict[str, Array]:
        """Scales begin at one, biases at zero, embeddings normal with deviation 0.02; ``init`` draws the kernels."""
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
