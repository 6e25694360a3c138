"""Fault: a mistake, and what catches it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """An engine with one mistake.

    Attributes:
        engine: the class; its docstring says what is wrong.
        cell: for which it shows.
        checks: the names of those that catch it, each by itself.
        crashes: whether it shows by an exception of its own; another one's would be a slip in the fault.
    """

    engine: type
    cell: str
    checks: tuple[str, ...]
    crashes: bool


FAULTS: list[Fault] = []


def caught_by(*checks: str, cell: str = "gru", crashes: bool = False) -> Callable[[type], type]:
    """Note a class among the faults, with the checks that catch it."""

    def note(engine: type) -> type:
        FAULTS.append(Fault(engine, cell, checks, crashes))
        return engine

    return note
