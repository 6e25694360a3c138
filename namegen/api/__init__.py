"""The few calls that a program needs: ``train`` a model, ``load`` one, ``evaluate`` it.

The command line uses them too. ``model.py``: a trained model in use, from its file on; ``people.py``: whole names;
``training.py``: making a model; ``evaluation.py``: how good it is. ``teaching.py``: being taught, by ``teachers.py``,
which trains them in processes, each in a run folder. What trains is loaded when it is first asked for (PEP 562).
"""

from importlib import import_module
from typing import TYPE_CHECKING

from namegen.api.evaluation import Evaluation, ListCeiling, evaluate, list_ceiling
from namegen.api.model import (
    RUNS,
    TFLITE_SUFFIX,
    LoadedModel,
    blend,
    find_model,
    load,
    load_shipped,
    open_checkpoint,
    read_checkpoint,
)
from namegen.api.people import (
    invent_people,
    invent_people_batches,
    invent_places,
    invent_players,
    invent_players_batches,
    places_of,
)

if TYPE_CHECKING:
    from namegen.api.training import resume, train

__all__ = [
    "RUNS",
    "TFLITE_SUFFIX",
    "Evaluation",
    "ListCeiling",
    "LoadedModel",
    "blend",
    "evaluate",
    "find_model",
    "invent_people",
    "invent_people_batches",
    "invent_places",
    "invent_players",
    "invent_players_batches",
    "list_ceiling",
    "load",
    "load_shipped",
    "open_checkpoint",
    "places_of",
    "read_checkpoint",
    "resume",
    "train",
]


def __getattr__(name: str) -> object:
    if name in ("resume", "train"):
        return getattr(import_module("namegen.api.training"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
