"""A small model of labeled names, which takes only a moment to train."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np

from namegen.backends.numpy_engine.engine import NumpyEngine
from namegen.core.checkpoint.checkpoint import Checkpoint
from namegen.core.checkpoint.metadata import Label
from namegen.core.data.batching import BatchMaker
from namegen.core.data.normalization import known_set
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.engine import Step
from namegen.core.evaluation.scoring import score_quantiles
from namegen.core.network.architecture import RecurrentNetwork, parameters_of
from namegen.core.settings import TrainingSettings
from namegen.lists import load_bundled

FIRST = load_bundled("mlb-first").names[:600]
LAST = load_bundled("mlb-last").names[:400]
NAMES = (*FIRST, *LAST)
LABELS = (Label("first", len(FIRST)), Label("last", len(LAST)))


@cache
def labelled_checkpoint(cell: str = "simple_rnn", hidden: tuple[int, ...] = (24, 16)) -> Checkpoint:
    """Train a model of first and last names. Each of the two labels has a start token."""
    vocabulary = Vocabulary.from_names(NAMES)
    start_tokens = [vocabulary.size] * len(FIRST) + [vocabulary.size + 1] * len(LAST)
    network = RecurrentNetwork(vocabulary.size, cell, hidden, labels=len(LABELS))
    engine = trained_engine(network, BatchMaker.from_names(NAMES, vocabulary, start_tokens))
    checkpoint = Checkpoint(
        network=network,
        vocabulary=vocabulary,
        parameters=parameters_of(engine.get_state()),
        labels=LABELS,
        longest_name=max(map(len, NAMES)),
        training={"list": "players", "names": len(NAMES)},
        known_names=known_set(NAMES),
    )
    tree = PrefixTree.from_names(NAMES, vocabulary, start_tokens)
    quantiles = score_quantiles(engine, tree, checkpoint.start_tokens)
    return replace(checkpoint, score_quantiles=quantiles)


def trained_engine(network: RecurrentNetwork, batches: BatchMaker) -> NumpyEngine:
    """Train a network for two epochs."""
    engine = NumpyEngine(network, TrainingSettings(), threads=1)
    engine.set_state(network.initial_parameters("glorot", rng=np.random.default_rng(0)))
    for epoch in range(2):
        epoch_batches = batches.epoch(epoch, batch_size=32, seed=0)
        engine.train_epoch(Step(batch, 0.02) for batch in epoch_batches)
    return engine
