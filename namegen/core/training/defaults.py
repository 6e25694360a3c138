"""The settings that a run chooses by the size of its list, if you don't specify them.

By default, they make the best names within a minute or two: one wide layer with gates, dropout, and label smoothing
towards the n-gram baseline. With ``quick``, they are those of the original project's network, which trains in seconds.

The choices depend only on the training set, never on the backend, the machine or the clock.
``docs/concepts/training-defaults.md`` has the measurements behind them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

from namegen.core.data.corpus import FEWEST_NAMES, SHORT_LIST
from namegen.core.data.list_parts import ListParts
from namegen.core.network.cells import CELLS
from namegen.core.settings import PLAIN_CELL, Recipe, TrainingSettings
from namegen.core.training.label_smoothing import fits_in_memory

RECURRENT = "rnn"  # the architecture of these presets; others have their own defaults

# The defaults with ``quick``, and for architectures other than rnn. With all duplicates, 80 epochs are 0.3 points worse
# than 120 on last names. With square-root weighting, there is less to memorize, and more than 40 epochs would overfit.
DEFAULT_EPOCHS = 120
DEFAULT_EPOCHS_SQRT = 40
DEFAULT_UPDATES = 3_000  # the minimum number of parameter updates
STEPS_OF_A_SMALL_LIST = 40  # of an epoch, if that's possible with the smallest batch
WIDTH_OF_DEFAULT = 32  # of the layers that Adam's default learning rate was tuned for

# Lengths are in characters, averaged over the names. The end token counts as a character.
SHORT_NAMES = (
    5  # shorter names say so little about the next character that the n-gram baseline is weak
)
USUAL_LENGTH = 10  # the longer the names of a short list, the more epochs they take
LONG_NAMES = 12  # longer names consist of several words, which the network has to remember
LONGER_THAN_PHRASES = (
    20  # longer names, such as those of companies, exceed the three words of a phrase
)

# Numbers of distinct names.
SOME_NAMES = 1_000  # a wide layer would memorize fewer names
MANY_NAMES = 5_000  # enough for a wider layer
VERY_MANY_NAMES = 15_000  # a wider layer can hardly memorize them, so it needs less dropout

USUAL_BATCH = 128  # names in a step
SMALLEST_BATCH = 16
MAX_DROPOUT = 0.5
FULL_WIDTH = 128  # units; narrower layers, which only users specify, have less dropout

# A plain layer has no gates that protect what matters, so it has less dropout than a preset says.
DROPOUT_TIMES_LENGTH_WITHOUT_GATES = 1.0


@dataclass(frozen=True)
class Preset:
    """The settings for one kind of list."""

    cell: str
    width: int  # of the only layer
    label_smoothing: float = 0.5
    dropout_times_length: float = 2.8  # divided by the length of the names: the recurrent dropout
    output_dropout_share: float = 0.5  # output dropout = this share of the recurrent dropout
    passes: int = 40  # how often to train on each distinct name
    batch_size: int = USUAL_BATCH  # at most
    steps: int = 100  # of an epoch; at least, if the smallest batch size allows it
    learning_rate: float | None = None  # Adam's highest; None for the cell's default
    updates: int = 1_000  # in the whole run; at least
    characters: int = 4_000_000  # to train on in the whole run; at most, except in the first epoch


FEW = Preset("gru", 128)

# No validation set, so nothing stops the run early, and no dropout. The network memorizes names, but names that don't
# look like the list are filtered by their score.
SHORT = replace(FEW, dropout_times_length=0.0, passes=60, updates=0)

# A short list of phrases. A network that follows the n-gram baseline or memorizes the list rarely finds new
# combinations of words, so there's no label smoothing, and as much dropout as for more names.
FEW_PHRASES = replace(FEW, label_smoothing=0.0, passes=60, updates=0)

# A fine-tuned network has less to learn, and label smoothing would undo what it knows. A dozen names fit into one step,
# and need more passes.
FINE_TUNED_SHORT = replace(SHORT, label_smoothing=0.0, passes=10, learning_rate=0.002, updates=30)
# With enough names for a validation set.
FINE_TUNED = replace(
    FINE_TUNED_SHORT,
    passes=30,
    label_smoothing=0.3,
    dropout_times_length=1.5,
    output_dropout_share=0.0,
)

MANY = Preset("lstm", 192, label_smoothing=0.3)
MANY_SHORT = Preset("lstm", 192, label_smoothing=0.1, output_dropout_share=1.0, passes=24)
VERY_MANY = Preset("lstm", 224, dropout_times_length=1.5)
LONG = Preset("lstm", 256, characters=2_500_000)  # the widest layer memorizes the names soonest

# Two or three words, such as the names of colors.
PHRASES = replace(LONG, cell="gru", width=192, passes=48, characters=18_000_000)
# The more names a step has, the more prefixes they share, so larger steps are faster. Phrases that repeat the same
# words (colors) need less dropout than full names of people. With 0.7, both are as good as Kneser–Ney.
VERY_MANY_PHRASES = replace(
    PHRASES,
    width=256,
    dropout_times_length=0.7,
    passes=40,
    batch_size=512,
    steps=50,
    learning_rate=0.01,
)


@dataclass(frozen=True)
class ListSize:
    """The size of a list, as far as the defaults depend on it.

    >>> ListSize(300, 300, listed_names=330, characters=2_100, prefixes=1_200, vocabulary_size=40).length
    7.0
    """

    names: int  # in an epoch
    distinct_names: int  # in an epoch
    listed_names: int  # distinct names in the whole list, with the validation and test set
    characters: int  # that an epoch predicts, with the end token of each name
    prefixes: int  # distinct ones, in an epoch
    vocabulary_size: int  # ``V``
    has_phrases: bool = False  # whether it's a short list of phrases

    @classmethod
    def of(cls, parts: ListParts, *, has_phrases: bool = False) -> ListSize:
        """Measure a list that has been split.

        Args:
            parts: The training, validation and test sets.
            has_phrases: Whether it's a short list of phrases.
        """
        tree = parts.batches.tree
        return cls(
            names=parts.batches.name_count,
            distinct_names=tree.distinct_name_count,
            listed_names=len(parts.corpus.distinct_names),
            characters=tree.characters,
            prefixes=tree.nodes,
            vocabulary_size=parts.vocabulary.size,
            has_phrases=has_phrases,
        )

    @property
    def length(self) -> float:
        """The average length of the names in characters, with the end token."""
        return self.characters / self.names


def with_defaults(recipe: Recipe, size: ListSize) -> Recipe:
    """Fill in all settings that aren't specified, for a list of some size.

    Networks of the architecture ``rnn`` get the settings of a preset for lists of this size. With ``quick``, and for
    other architectures, they are those of the original project's network.

    Args:
        recipe: The settings, with the architecture.
        size: The size of the list.

    >>> from namegen.core.settings import NetworkSettings
    >>> size = ListSize(300, 300, listed_names=330, characters=2_100, prefixes=1_200, vocabulary_size=40)
    >>> recipe = with_defaults(Recipe(network=NetworkSettings(architecture="rnn", hidden=(64,))), size)
    >>> recipe.network.cell, recipe.network.hidden, recipe.training.recurrent_dropout
    ('gru', (64,), 0.2)
    """
    is_recurrent = recipe.network.architecture == RECURRENT
    if is_recurrent and not recipe.training.quick:
        return _with_preset(recipe, size)
    network = recipe.network.plain
    if not is_recurrent:  # other architectures have widths, but no cell
        network = replace(network, cell=recipe.network.cell)
    training = recipe.training.plain

    # Adam's default learning rate is too high for wide layers without gates.
    widest = max(network.hidden or ())
    is_wide = is_recurrent and network.cell == PLAIN_CELL and widest > WIDTH_OF_DEFAULT
    if training.optimizer == "adam" and not training.lr_steps and is_wide:
        learning_rate = training.peak_learning_rate * math.sqrt(WIDTH_OF_DEFAULT / widest)
        training = _with_missing(training, learning_rate=learning_rate)

    # A small list gets small batches and more epochs, so that there are enough updates.
    batch_size = training.batch_size or _batch_size(
        size.names, steps=STEPS_OF_A_SMALL_LIST, most=USUAL_BATCH
    )
    updates_per_epoch = math.ceil(size.names / batch_size)
    epochs_for_updates = math.ceil(DEFAULT_UPDATES / updates_per_epoch)
    fewest = DEFAULT_EPOCHS_SQRT if recipe.data.uses_sqrt_duplicates else DEFAULT_EPOCHS
    epochs = max(fewest, epochs_for_updates)
    training = _with_missing(training, batch_size=batch_size, epochs=epochs)
    return replace(recipe, network=network, training=training)


def _with_preset(recipe: Recipe, size: ListSize) -> Recipe:
    """Fill in the defaults of the preset for a list of some size."""
    preset = _preset(size, is_fine_tuned=recipe.network.uses_base_model)
    cell = recipe.network.cell or preset.cell
    hidden = recipe.network.hidden or (preset.width,)
    training = recipe.training

    # The longer the names and the narrower the layers, the less dropout, because the network has more to remember.
    times_length = preset.dropout_times_length
    if cell == PLAIN_CELL:
        times_length = DROPOUT_TIMES_LENGTH_WITHOUT_GATES
    by_length = min(MAX_DROPOUT, times_length / size.length)
    by_width = min(1.0, max(hidden) / FULL_WIDTH)
    dropout = round(by_length * by_width, 2)

    # Enough epochs for the preset's passes and updates, within its number of characters.
    batch_size = training.batch_size or _batch_size(
        size.names, steps=preset.steps, most=preset.batch_size
    )
    updates_per_epoch = math.ceil(size.names / batch_size)
    for_passes = preset.passes * size.distinct_names / size.names
    for_updates = preset.updates / updates_per_epoch
    most = preset.characters / size.characters
    epochs = max(1, round(min(max(for_passes, for_updates), most)))

    targets_fit = fits_in_memory(size.prefixes, size.vocabulary_size)
    training = _with_missing(
        training,
        recurrent_dropout=dropout,
        layer_dropout=dropout / 2 if len(hidden) > 1 else 0.0,
        output_dropout=dropout * preset.output_dropout_share,
        batch_size=batch_size,
        epochs=epochs,
        label_smoothing=preset.label_smoothing if targets_fit else 0.0,
    )
    if training.optimizer == "adam" and not training.lr_steps:
        learning_rate = preset.learning_rate or CELLS[cell].learning_rate
        training = _with_missing(training, learning_rate=learning_rate)
    network = replace(recipe.network, cell=cell, hidden=hidden)
    return replace(recipe, network=network, training=training)


def _with_missing(training: TrainingSettings, **values: float | None) -> TrainingSettings:
    """Set the settings that aren't specified."""
    missing: dict[str, Any] = {
        name: value for name, value in values.items() if getattr(training, name) is None
    }
    return replace(training, **missing)


def _batch_size(names: int, *, steps: int, most: int) -> int:
    """Choose the largest power of two with which an epoch has at least this number of steps."""
    fitting = max(names // steps, SMALLEST_BATCH)
    power_of_two: int = 2 ** (fitting.bit_length() - 1)
    return min(most, power_of_two)


def _preset(size: ListSize, *, is_fine_tuned: bool) -> Preset:
    """Choose the preset for a list of some size."""
    is_short = size.listed_names < FEWEST_NAMES
    if is_fine_tuned and size.listed_names < SHORT_LIST:
        return FINE_TUNED_SHORT if is_short else FINE_TUNED
    if size.has_phrases or is_short:
        preset = FEW_PHRASES if size.has_phrases else SHORT
        longer_by = max(1.0, size.length / USUAL_LENGTH)  # longer names take more passes
        return replace(preset, passes=round(preset.passes * longer_by))
    if size.length >= LONG_NAMES and size.distinct_names >= SOME_NAMES:  # several words
        if size.length >= LONGER_THAN_PHRASES:
            return LONG
        return VERY_MANY_PHRASES if size.distinct_names >= VERY_MANY_NAMES else PHRASES
    if size.distinct_names >= VERY_MANY_NAMES:
        return VERY_MANY
    if size.distinct_names >= MANY_NAMES:
        return MANY_SHORT if size.length < SHORT_NAMES else MANY
    return FEW
