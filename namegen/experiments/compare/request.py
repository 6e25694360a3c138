"""The request for one measurement, which the main process sends to a child process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from namegen.documents import Json

if TYPE_CHECKING:  # a measurement must limit its threads before heavy libraries are imported
    from namegen.core.data.corpus import Corpus


@dataclass(frozen=True)
class Request:
    """A measurement that a child process makes."""

    kind: str  # of the subject
    subject: Mapping[str, Json]  # as plain values
    source: str  # the name of the list
    names: tuple[str, ...]
    labels: tuple[str, ...] = ()  # one for each name; empty for a list without labels
    output_file: str | None = None  # for the network; None if the measurement produces no network
    input_file: str | None = None  # the network to measure; None if the measurement needs none
    threads: int = 1
    started: float = 0.0  # the start time of the process (Unix time); the process itself sets it

    @property
    def corpus(self) -> Corpus:
        """The list."""
        from namegen.core.data.corpus import Corpus

        return Corpus(self.names, source=self.source, labels=self.labels)

    @property
    def output_path(self) -> Path:
        """The file to write the network to."""
        if self.output_file is None:
            raise ValueError(f"the request for a {self.kind} has no output file: report this")
        return Path(self.output_file)

    @property
    def input_path(self) -> Path:
        """The file to read the network from."""
        if self.input_file is None:
            raise ValueError(f"the request for a {self.kind} has no input file: report this")
        return Path(self.input_file)
