"""The few calls that a program needs: ``train`` a model, ``load`` one, ``evaluate`` it.

The command line uses them too. ``finding.py``: which file a model is; ``model.py``: a trained model in use;
``players.py``, ``people.py``: whole names; ``blending.py``: several as one; ``training.py``: making one;
``evaluation.py``: how good it is. ``teaching.py``: being taught, by ``teachers.py``, which trains them in processes,
each in a run folder (``runs.py``); ``watching.py``: who is told of it.
"""

from namegen.api.blending import blend
from namegen.api.evaluation import Evaluation, ListCeiling, evaluate, list_ceiling
from namegen.api.finding import RUNS, find_model
from namegen.api.model import (
    TFLITE_SUFFIX,
    LoadedModel,
    load,
    load_shipped,
    open_checkpoint,
    read_checkpoint,
)
from namegen.api.people import invent_people, load_people_inventor
from namegen.api.players import invent_players, load_player_inventor
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
    "invent_players",
    "list_ceiling",
    "load",
    "load_people_inventor",
    "load_player_inventor",
    "load_shipped",
    "open_checkpoint",
    "read_checkpoint",
    "resume",
    "train",
]
