"""Every error that namegen raises on purpose, as one tree.

    NamegenError                  exit code 1: one sentence for the user, never a traceback
    ├── NamesError                a list of names cannot be read, or does not do for the task
    ├── CheckpointError           a model file is damaged, foreign, or does not fit its description
    ├── OutputError               a result cannot be written, or would overwrite something
    ├── EngineError               a backend is missing or refuses a network
    ├── TrainingError             training cannot go on (the loss is not finite)
    ├── GenerationError           a wish for names cannot be met
    ├── FetchError                a public source cannot be read
    └── SettingsError             exit code 2: a value is of the wrong type or out of its range

A message says what came, what was expected, and what to do.
"""

from __future__ import annotations

from typing import ClassVar


class NamegenError(Exception):
    """The root: catch it to catch everything that namegen reports on purpose."""

    exit_code: ClassVar[int] = 1


class NamesError(NamegenError):
    """A list of names cannot be read, or does not do for the task."""


class CheckpointError(NamegenError):
    """A model file is damaged, foreign, of a newer format, or does not fit its own description."""


class OutputError(NamegenError):
    """A result cannot be written where it was asked for, or would overwrite something."""


class EngineError(NamegenError):
    """A backend is unknown, lacks its library, or does not implement the network asked for."""


class TrainingError(NamegenError):
    """Training cannot go on; what was saved before stays as it is."""


class GenerationError(NamegenError):
    """A wish for names cannot be met, in whole or in part."""


class FetchError(NamegenError):
    """A public source of names cannot be read."""


class SettingsError(NamegenError):
    """A value is of the wrong type, out of its range, or contradicts another."""

    exit_code: ClassVar[int] = 2
