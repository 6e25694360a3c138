"""How far teaching is, for those who want to be told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias, runtime_checkable

if TYPE_CHECKING:
    from namegen.core.teaching.weighing import Weighing
    from namegen.core.training.run import TrainingRun


@dataclass(frozen=True)
class TeacherAtWork:
    """A teacher that is being trained; ``epochs`` is 0 as long as it has not begun."""

    name: str
    epoch: int = 0
    epochs: int = 0


OnTeachers: TypeAlias = Callable[[Sequence[TeacherAtWork]], None]


@runtime_checkable
class TeachingWatcher(Protocol):
    """Who is told how teaching goes, up to where the student begins; from there on a ``Listener`` is."""

    def on_beginning(self, run: TrainingRun) -> None:
        """The list is read and split, and its teachers are about to be trained or opened."""
        ...

    def on_teachers(self, at_work: Sequence[TeacherAtWork]) -> None:
        """How far each teacher is; told again and again."""
        ...

    def on_weighed(self, names: Sequence[str], weighing: Weighing) -> None:
        """How much each teacher will be heard."""
        ...

    def on_lesson(self, names: int, prefixes: int) -> None:
        """How much the student will read."""
        ...


class SilentWatcher:
    """A watcher that says nothing."""

    def on_beginning(self, run: TrainingRun) -> None:
        """Nothing."""

    def on_teachers(self, at_work: Sequence[TeacherAtWork]) -> None:
        """Nothing."""

    def on_weighed(self, names: Sequence[str], weighing: Weighing) -> None:
        """Nothing."""

    def on_lesson(self, names: int, prefixes: int) -> None:
        """Nothing."""
