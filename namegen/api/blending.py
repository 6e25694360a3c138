"""Several models as one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from namegen.api.model import LoadedModel
from namegen.core.data.sameness import joint
from namegen.core.data.vocabulary import Beginnings
from namegen.core.evaluation.mixture import MixtureModel, as_one


def blend(models: Sequence[LoadedModel], weights: Sequence[float] | None = None) -> LoadedModel:
    """Several models as one: each character is drawn from the weighted mean of what they say.

    Two lists blended give names that could stand in either. New are the names that none of the lists has; where a model
    does not say what it learned from, as a ``.tflite`` may not, nobody knows which those are.

    A model of labelled names is heard for names of any label, or of those that ``LoadedModel.labelled`` has chosen.

    Args:
        models: two or more; characters that one of them does not know are left to the others.
        weights: how much each is heard, summing to 1; None: all alike.

    Raises:
        SettingsError: weights that do not fit the models.

    >>> from namegen.api import load
    >>> mixed = blend([load("mlb-first"), load("companies")], weights=[0.7, 0.3])
    >>> len(mixed.generate(5, seed=1))
    5
    """
    read = [as_one(model.model, model.beginnings) for model in models]
    mixture = MixtureModel(
        [model for model, _ in read],
        [model.vocabulary for model in models],
        weights,
        beginnings=[[beginning] for _, beginning in read],
    )
    known = [model.known_names for model in models if model.known_names is not None]
    return LoadedModel(
        " and ".join(model.name for model in models),
        mixture,
        mixture.vocabulary,
        max(model.longest_name for model in models),
        beginnings=Beginnings.single(mixture.vocabulary_size),
        known_names=np.unique(np.concatenate(known)) if len(known) == len(models) else None,
        blended=tuple(model.vocabulary for model in models),
        # A lower one would make the model that is heard more be heard more yet.
        default_temperature=max(model.default_temperature for model in models),
        sameness=joint(model.sameness for model in models),
    )
