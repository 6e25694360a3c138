"""What goes between a comparison and a process that measures: a request there, an answer back, as JSON.

Nothing heavy is imported: a measurement has to pin its threads first.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from namegen.documents import Json, from_plain
from namegen.experiments.compare.measured import (
    ExportResult,
    GenerationResult,
    ListFacts,
    ReferenceResult,
    Result,
    TimingResult,
    TrainingResult,
)
from namegen.experiments.compare.subjects import (
    ExportSubject,
    GenerationSubject,
    ListSubject,
    ReferenceSubject,
    Subject,
    TimingSubject,
    TrainingSubject,
)

if TYPE_CHECKING:
    from namegen.core.data.corpus import Corpus

# kind of measurement → the result that it gives
RESULT_TYPES: dict[str, type[Result]] = {
    ListSubject.kind: ListFacts,
    ReferenceSubject.kind: ReferenceResult,
    TrainingSubject.kind: TrainingResult,
    TimingSubject.kind: TimingResult,
    ExportSubject.kind: ExportResult,
    GenerationSubject.kind: GenerationResult,
}
SUBJECT_TYPES: dict[str, type[Subject]] = {
    one.kind: one
    for one in (ListSubject, ReferenceSubject, TrainingSubject, TimingSubject, ExportSubject, GenerationSubject)
}
About = TypeVar("About")


@dataclass(frozen=True)
class Request(Generic[About]):
    """One measurement to be made.

    Attributes:
        kind: of the measurement.
        subject: what it depends on.
        source: what the list is called.
        names: the list.
        writes: the file that the network goes into; None where the measurement leaves none.
        reads: the file with the network that is measured; None where it needs none.
        threads: as many as it may use.
        started: when its process was started, in seconds of the system's clock; put in by the process itself.
        labels: of the names, one for each; (): the list has none.
    """

    kind: str
    subject: About
    source: str
    names: tuple[str, ...]
    writes: str | None
    reads: str | None
    threads: int
    started: float = 0.0
    labels: tuple[str, ...] = ()

    @property
    def corpus(self) -> Corpus:
        """The list."""
        from namegen.core.data.corpus import Corpus

        return Corpus(self.names, source=self.source, labels=self.labels)


@dataclass(frozen=True)
class Unavailable:
    """Why something cannot be measured here.

    Attributes:
        why: one sentence, with what to do.
        engine: the whole engine lacks its library; False where it only lacks the cell.
    """

    why: str
    engine: bool


@dataclass(frozen=True)
class Answer:
    """What came of a request: one of the two, or neither where the process died."""

    result: Result | None = None
    unavailable: Unavailable | None = None


def read_request(plain: object) -> Request[Subject]:
    """A request from plain values. Raises ValueError: it has another form."""
    request: Request[Any] = from_plain(Request, plain)  # its subject is still plain
    return replace(request, subject=from_plain(SUBJECT_TYPES[request.kind], request.subject))


def read_answer(kind: str, plain: Json) -> Answer:
    """An answer from plain values. Raises ValueError: it has another form."""
    answer = plain if isinstance(plain, dict) else {}
    result, unavailable = answer.get("result"), answer.get("unavailable")
    return Answer(
        None if result is None else read_result(kind, result),
        None if unavailable is None else from_plain(Unavailable, unavailable),
    )


def read_result(kind: str, plain: object) -> Result:
    """A result of this kind of measurement from plain values. Raises ValueError: it has another form."""
    return from_plain(RESULT_TYPES[kind], plain)
