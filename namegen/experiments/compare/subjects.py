"""What each kind of measurement depends on, beside the list, the code and the machine.

A subject is a plain document: its JSON is part of the key under which a result is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

SplitKind = Literal["names", "unique"]


@dataclass(frozen=True)
class ListSubject:
    """The list itself: nothing to choose."""

    kind: ClassVar[str] = "list"


@dataclass(frozen=True)
class ReferenceSubject:
    """Ceiling and n-gram of one split of the list.

    Attributes:
        split: whether a name may stand on both sides ("names") or not ("unique").
        seed: of the split.
        validation: the share of the list that is held out.
    """

    kind: ClassVar[str] = "reference"
    split: SplitKind
    seed: int
    validation: float


@dataclass(frozen=True)
class TrainingSubject:
    """One network, trained by one engine.

    Attributes:
        engine: its name.
        config: the tables of a config file; what they do not say has its default.
    """

    kind: ClassVar[str] = "training"
    engine: str
    config: Mapping[str, Any]

    @property
    def split(self) -> SplitKind:
        """How the list is split."""
        split: SplitKind = self.config["data"]["split"]
        return split

    @property
    def seed(self) -> int:
        """The seed of the split and of the training."""
        seed: int = self.config["training"]["seed"]
        return seed


@dataclass(frozen=True)
class ExportSubject:
    """The trained network as a ``.tflite``: nothing to choose."""

    kind: ClassVar[str] = "export"


@dataclass(frozen=True)
class GenerationSubject:
    """Names drawn by one model.

    Attributes:
        engine: what reads the network: an engine, or "tflite".
        names: how many are drawn.
        seed: of the drawing.
        loop: of a ``.tflite``, the signature that is called: "step" or "generate"; None for an engine.
    """

    kind: ClassVar[str] = "generation"
    engine: str
    names: int
    seed: int
    loop: Literal["step", "generate"] | None = None

    @property
    def model(self) -> str:
        """What a report calls it."""
        return f"{self.engine} {self.loop}" if self.loop else self.engine


Subject = ListSubject | ReferenceSubject | TrainingSubject | ExportSubject | GenerationSubject
