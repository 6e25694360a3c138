"""The Python API, which the command line also uses.

    model.py       load a model, and generate and score names
    people.py      invent people
    players.py     invent baseball players
    name_parts.py  turn models into sources of given, family, first and last names
    places.py      invent towns and villages
    good_names.py  the good names of a model in a seeded order
    training.py    train a model, and resume a run
    evaluation.py  evaluate a model

``training.py`` loads additional libraries, so it's imported only when one of its functions is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from namegen.api.evaluation import Evaluation as Evaluation
from namegen.api.evaluation import ListCeiling as ListCeiling
from namegen.api.evaluation import evaluate as evaluate
from namegen.api.evaluation import list_ceiling as list_ceiling
from namegen.api.model import RUNS as RUNS
from namegen.api.model import TFLITE_SUFFIX as TFLITE_SUFFIX
from namegen.api.model import LoadedModel as LoadedModel
from namegen.api.model import blend as blend
from namegen.api.model import find_model as find_model
from namegen.api.model import load as load
from namegen.api.model import load_shipped as load_shipped
from namegen.api.model import open_checkpoint as open_checkpoint
from namegen.api.model import read_checkpoint as read_checkpoint
from namegen.api.people import generate_people as generate_people
from namegen.api.people import generate_people_batches as generate_people_batches
from namegen.api.places import generate_places as generate_places
from namegen.api.places import places_of as places_of
from namegen.api.players import generate_players as generate_players
from namegen.api.players import generate_players_batches as generate_players_batches

if TYPE_CHECKING:
    from namegen.api.training import resume as resume
    from namegen.api.training import train as train


def __getattr__(name: str) -> object:
    """Import the functions of ``training.py`` on demand (PEP 562)."""
    if name in ("resume", "train"):
        return getattr(import_module("namegen.api.training"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
