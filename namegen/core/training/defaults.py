"""The settings that a run chooses by the size of its list, if you don't specify them.

By default, they make the best names within a minute or two: one wide layer with gates, dropout, and label smoothing
towards the n-gram baseline. With ``quick``, they are those of the original project's network, which trains in seconds.

The choices depend only on the training set, never on the backend, the machine or the clock.
``docs/use/training.md`` has the measurements behind them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from namegen.core.data.corpus import FEWEST_NAMES, SHORT_LIST
from namegen.core.data.list_parts import ListParts
from namegen.core.network.cells import CELLS
from namegen.core.settings import NetworkSettings, Recipe, TrainingSettings
from namegen.core.training.label_smoothing import fits_in_memory

RECURRENT = "rnn"  # the architecture that the choices are for; others have their own defaults

LONG_NAMES = 12  # characters on average, the STOP counted: such names are made of words, which a network has to keep
LONGER_THAN_PHRASES = (
    20  # characters: such names, as of companies, hold more than the three words of a phrase
)
USUAL_BATCH = 128  # names of a step
SHORT_NAMES = (
    5  # characters: fewer tell so little of what follows that counting knows next to nothing
)
USUAL_LENGTH = 10  # characters: the longer the names of a short list, the longer they take to learn
SOME_NAMES = 1_000  # different ones: of fewer a wide layer would learn each by heart
# Different names: from so many on a wider layer has enough to learn from, and from so many on it can hardly learn them
# by heart, so that less is dropped.
MANY_NAMES, VERY_MANY_NAMES = 5_000, 15_000
DROPPED_WITHOUT_GATES = (
    1.0  # gates keep what matters, a plain layer has nothing to keep by: less of it is dropped
)
FULL_WIDTH = 128  # units: a narrower layer, which somebody asked for, drops less


@dataclass(frozen=True)
class Choice:
    """What suits a kind of list.

    Attributes:
        cell, width: of the one layer.
        smoothing: how far the targets lean on ngram.
        dropped: over the length of the names, the share of the recurrent weights that is dropped, at most half.
        output_share: over that share, the one of the units before the output.
        readings: of each different name.
        batch_size: names of a step at most.
        steps: of an epoch at least, if a step can have so few names.
        learning_rate: Adam's at its peak; None: that of the cell.
        updates: of the parameters at least, however few names there are.
        most_characters: that are read in all, unless that is less than one epoch.
    """

    cell: str
    width: int
    smoothing: float = 0.5
    dropped: float = 2.8
    output_share: float = 0.5
    readings: int = 40
    batch_size: int = USUAL_BATCH
    steps: int = 100
    learning_rate: float | None = None
    updates: int = 1_000
    most_characters: int = 4_000_000


FEW = Choice("gru", 128)
# Nothing is held out, so nothing stops it, and nothing is dropped: what a network of so few names gives beside the like
# of the list, the score keeps out.
SHORT = replace(FEW, dropped=0.0, readings=60, updates=0)
# Phrases of a short list: a network that leans on the n-gram baseline, or learns by heart, does not put their words
# together anew. So nothing is smoothed, and as much is dropped as of more names.
FEW_PHRASES = replace(FEW, smoothing=0.0, readings=60, updates=0)
# From a base model there is less to learn, and smoothing would take back what it knows.
FROM_BASE = replace(SHORT, smoothing=0.0, readings=30, learning_rate=0.002)
MORE_FROM_BASE = replace(
    FROM_BASE, smoothing=0.3, dropped=1.5, output_share=0.0
)  # of enough names to hold some out
MANY = Choice("lstm", 192, smoothing=0.3)
MANY_SHORT = Choice("lstm", 192, smoothing=0.1, output_share=1.0, readings=24)
VERY_MANY = Choice("lstm", 224, dropped=1.5)
# Read by the widest layer and learned by heart the soonest.
LONG = Choice("lstm", 256, most_characters=2_500_000)
# Two or three words, as colours have. Names of one step share more prefixes the more of them there are, so larger steps
# read very many phrases sooner. Words that come again and again (colours) want less dropped than words of one name
# (full names of people): with 0.7 both are level with Kneser–Ney.
PHRASES = replace(LONG, cell="gru", width=192, readings=48, most_characters=18_000_000)
VERY_MANY_PHRASES = replace(
    PHRASES, width=256, dropped=0.7, readings=40, batch_size=512, steps=50, learning_rate=0.01
)


@dataclass(frozen=True)
class ListSize:
    """How large a list is, as the choices see it.

    Attributes:
        names: that an epoch reads.
        distinct: different ones.
        listed: different ones of the whole list, what is held out counted.
        characters: that an epoch predicts, the STOP of every name counted.
        prefixes: different ones.
        vocabulary: ``V``.
        phrases: whether it is a short list of phrases.
    """

    names: int
    distinct: int
    listed: int
    characters: int
    prefixes: int
    vocabulary: int
    phrases: bool = False

    @classmethod
    def of(cls, parts: ListParts, *, phrases: bool = False) -> ListSize:
        """Of what an epoch reads of a list."""
        tree, listed = parts.batches.tree, len(parts.distinct_names)
        read = (
            parts.batches.name_count,
            tree.distinct_name_count,
            listed,
            tree.characters,
            tree.nodes,
        )
        return cls(*read, parts.vocabulary.size, phrases)

    @property
    def length(self) -> float:
        """Characters of a name on average, the STOP counted."""
        return self.characters / self.names


def settled(recipe: Recipe, parts: ListParts, *, phrases: bool = False) -> Recipe:
    """The recipe with nothing left open: first by the list, then by the number of names and the network."""
    size = ListSize.of(parts, phrases=phrases)
    return with_defaults(recipe, size).resolved(name_count=size.names)


def with_defaults(recipe: Recipe, size: ListSize) -> Recipe:
    """The recipe with the defaults of its list. Settings that were specified stay."""
    if not recipe.training.quick and recipe.network.architecture == RECURRENT:
        return _standard(recipe, size)
    return replace(recipe, network=_plain(recipe.network), training=recipe.training.plain)


def _plain(network: NetworkSettings) -> NetworkSettings:
    """The plain network; an architecture without cells is told widths, and no cell."""
    return (
        network.plain
        if network.architecture == RECURRENT
        else replace(network, hidden=network.plain.hidden)
    )


def _standard(recipe: Recipe, size: ListSize) -> Recipe:
    training, network, choice = recipe.training, recipe.network, _choice(size)
    if network.uses_base_model and size.listed < SHORT_LIST:
        choice = FROM_BASE if size.listed < FEWEST_NAMES else MORE_FROM_BASE
    cell, hidden = network.cell or choice.cell, network.hidden or (choice.width,)
    batch_size = training.batch_size or _batch_size(size, choice)
    dropped = _dropped(size, choice, cell, max(hidden))
    default_rate = training.optimizer == "adam" and not training.lr_steps
    training = _given_or(
        training,
        recurrent_dropout=dropped,
        layer_dropout=dropped / 2 if len(hidden) > 1 else 0.0,
        output_dropout=dropped * choice.output_share,
        label_smoothing=choice.smoothing if fits_in_memory(size.prefixes, size.vocabulary) else 0.0,
        batch_size=batch_size,
        epochs=_epochs(size, choice, batch_size),
        learning_rate=choice.learning_rate or CELLS[cell].learning_rate if default_rate else None,
    )
    return replace(recipe, network=replace(network, cell=cell, hidden=hidden), training=training)


def _given_or(training: TrainingSettings, **values: int | float | None) -> TrainingSettings:
    """The settings with values for what nothing was said of."""
    missing: dict[str, Any] = {
        name: value for name, value in values.items() if getattr(training, name) is None
    }
    return replace(training, **missing)


def _choice(size: ListSize) -> Choice:
    """By the length of the names and by how many there are."""
    if size.listed < FEWEST_NAMES or size.phrases:
        choice, longer = (
            FEW_PHRASES if size.phrases else SHORT,
            max(1.0, size.length / USUAL_LENGTH),
        )
        return replace(choice, readings=round(choice.readings * longer))
    if size.length >= LONG_NAMES and size.distinct >= SOME_NAMES:
        if size.length >= LONGER_THAN_PHRASES:
            return LONG
        return VERY_MANY_PHRASES if size.distinct >= VERY_MANY_NAMES else PHRASES
    if size.distinct >= VERY_MANY_NAMES:
        return VERY_MANY
    if size.distinct >= MANY_NAMES:
        return MANY_SHORT if size.length < SHORT_NAMES else MANY
    return FEW


def _dropped(size: ListSize, choice: Choice, cell: str, width: int) -> float:
    """The share of the recurrent weights.

    The longer the names, the more of them has to be kept, and the less can be spared; a narrow layer has little to
    spare at all.
    """
    by_length = DROPPED_WITHOUT_GATES if cell == "simple_rnn" else choice.dropped
    return round(min(0.5, by_length / size.length) * min(1.0, width / FULL_WIDTH), 2)


def _batch_size(size: ListSize, choice: Choice) -> int:
    """The power of two that makes as many steps an epoch as the choice wants, or a few more."""
    fitting = max(size.names // choice.steps, 16)
    return min(choice.batch_size, 1 << (fitting.bit_length() - 1))


def _epochs(size: ListSize, choice: Choice, batch_size: int) -> int:
    """As many as the choice reads each different name; more where that is fewer updates than the choice wants, fewer
    where it is more characters than the choice has. Each name is read once at least.
    """
    updates = -(-size.names // batch_size)
    wanted = max(choice.readings * size.distinct / size.names, choice.updates / updates)
    return max(1, round(min(wanted, choice.most_characters / size.characters)))
