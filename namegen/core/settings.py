"""The settings of a run, with their defaults. They're frozen dataclasses that check their values.

Each setting is declared only here: its type, its default, the values that it accepts, and the help text of its option.
``namegen.settings_toml`` reads settings from TOML, and ``namegen.cli.train`` turns them into options.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import Field, asdict, dataclass, field, fields, replace
from typing import Any, cast

from namegen.core.network.cells import CELLS
from namegen.core.network.initializers import INITIALIZERS
from namegen.core.optimizers import OPTIMIZERS
from namegen.core.schedules import SCHEDULES
from namegen.errors import SettingsError, setting, shown

SPLITS = ("by-name", "by-row")
DUPLICATES = ("full", "sqrt")
NAME_TYPES = ("plain", "company")
LETTER_CASES = ("original", "title", "upper", "lower")
SOURCES = ("real", "new", "any")  # a name part is in the model's list, not in it, or either
GENDERS = ("female", "male")
CRITERIA = ("loss", "accuracy")
DROPOUT_SETTINGS = ("recurrent_dropout", "layer_dropout", "output_dropout")
MAX_NAMES = 1_000_000_000  # the largest number of names that can be requested
NOTHING = "none"  # as the base model: start from random weights

# The original project's network.
PLAIN_CELL = "simple_rnn"
PLAIN_HIDDEN = (32, 32)

# The defaults with ``quick``, and for architectures other than rnn. With all duplicates, 80 epochs are 0.3 points worse
# than 120 on last names. With square-root weighting, there is less to memorize, and more than 40 epochs would overfit.
DEFAULT_EPOCHS = 120
DEFAULT_EPOCHS_SQRT = 40
DEFAULT_UPDATES = 3_000  # the minimum number of parameter updates
LARGEST_DEFAULT_BATCH = 128
SMALLEST_DEFAULT_BATCH = 16
STEPS_OF_A_SMALL_LIST = 40  # of an epoch, if that's possible with the smallest batch
WIDTH_OF_DEFAULT = 32  # of the layers that Adam's default learning rate was tuned for

DEFAULT_VALIDATION = 0.1

LIST_LOCATION = ("names", "column", "label_column")


@dataclass(frozen=True)
class About:
    """Everything about a setting except for its type and its default.

    In these texts, ``errors.setting`` marks the names of other settings.
    """

    help: str = ""  # "" for a setting that has no option
    metavar: str = "NAME"  # stands for the value in the help
    default: str = ""  # a description, if the default follows a rule
    # Values in these texts, and how a config writes them.
    in_toml: Mapping[str, str] = field(default_factory=dict)
    choices: Collection[str] = ()  # all accepted values, if they have names
    # Returns whether a value of the right type is accepted.
    holds: Callable[[Any], bool] = lambda value: True
    expected: str = ""  # a description of the accepted values
    # Backends also read the optimizer's hyperparameters, and no other training setting (see ``backend_settings``).
    backend_reads: bool = False

    @classmethod
    def of(cls, settings: type[object], name: str) -> About:
        """Look up a field of a settings dataclass.

        >>> About.of(TrainingSettings, "epochs").expected
        'a whole number from 1 to 1,000,000'
        """
        declarations = fields(cast(Any, settings))
        metadata_of = {declaration.name: declaration.metadata for declaration in declarations}
        return cast(About, metadata_of[name].get("about", cls()))


LIST = "chosen for the list"
COUNT: dict[str, Any] = {
    "metavar": "N",
    "holds": lambda value: value >= 1,
    "expected": "a whole number of at least 1",
}
SHARE: dict[str, Any] = {
    "metavar": "SHARE",
    "holds": lambda value: 0 <= value <= 0.9,
    "expected": "a share from 0 to 0.9",
}
TO_1: dict[str, Any] = {
    "metavar": "SHARE",
    "holds": lambda value: 0 <= value <= 1,
    "expected": "a share from 0 to 1",
}
SEED: dict[str, Any] = {
    "metavar": "N",
    "holds": lambda value: 0 <= value < 2**63,
    "expected": "a whole number from 0 to 2**63 - 1",
}
ABOVE_0: dict[str, Any] = {
    "holds": lambda value: 0 < value < math.inf,
    "expected": "a number above 0",
}


def whole(least: int, most: int) -> dict[str, Any]:
    """Describe a setting that accepts the whole numbers from ``least`` to ``most``."""
    return {
        "metavar": "N",
        "holds": lambda value: least <= value <= most,
        "expected": f"a whole number from {least} to {most:,}",
    }


def one_of(choices: Collection[str]) -> dict[str, Any]:
    """Describe a setting that accepts one of several names."""
    names = ", ".join(choices)
    return {"choices": choices, "holds": choices.__contains__, "expected": f"one of {names}"}


def declared(default: Any, text: str = "", in_words: str = "", **about: Any) -> Any:
    """Declare a setting as a field of a dataclass.

    Args:
        default: The default.
        text: What the setting does.
        in_words: A description of the default, if it follows a rule.
        **about: Other attributes of ``About``.
    """
    metadata = {"about": About(text, default=in_words, **about)}
    if default == {}:
        return field(default_factory=dict, hash=False, metadata=metadata)
    return field(default=default, metadata=metadata)


def reading(name: str) -> str:
    """List the schedules that read a setting.

    >>> reading("learning_rate")
    'constant or one-cycle'
    """
    readers = [key for key, schedule in SCHEDULES.items() if name in schedule.reads]
    return " or ".join(readers)


def with_hyperparameter(name: str) -> str:
    """List the optimizers that have a hyperparameter.

    >>> with_hyperparameter("momentum")
    'momentum'
    """
    optimizers = [key for key, optimizer in OPTIMIZERS.items() if name in optimizer.hyperparameters]
    return " or ".join(optimizers)


class Checked:
    """A base class of settings that checks their values.

    Raises:
        SettingsError: A setting has a value of the wrong type or range. The error's ``field`` is its name.
    """

    def __post_init__(self) -> None:
        for declaration in fields(cast(Any, self)):  # subclasses are dataclasses
            _check_value(declaration, getattr(self, declaration.name))


def _check_value(declaration: Field[Any], value: object) -> None:
    """Raise SettingsError if a setting doesn't accept a value."""
    about: About = declaration.metadata.get("about", About())
    is_unspecified = value is None and declaration.default is None
    if not is_unspecified and not _is_accepted(value, about):
        raise SettingsError(
            f"{setting(declaration.name)} is {_shown_without_brackets(value)}: expected {about.expected}",
            field=declaration.name,
        )


def _is_accepted(value: object, about: About) -> bool:
    """Check whether a setting accepts a value. A value of another type may make the check fail."""
    try:
        return value is not None and about.holds(value)
    except TypeError:
        return False


def _shown_without_brackets(value: object) -> str:
    """Format a setting's value for a message. Lists have no brackets, because options don't have them either."""
    text = shown(value)
    return text.strip("[]") or text


def _are_widths(widths: tuple[int, ...]) -> bool:
    """Check the number of layers and their widths."""
    return 1 <= len(widths) <= 16 and all(1 <= width <= 4096 for width in widths)


def _are_lr_steps(steps: tuple[tuple[int, float], ...]) -> bool:
    """Check that the learning rates are above 0, and that their first epochs rise from 0."""
    first_epochs = [first_epoch for first_epoch, rate in steps]
    rates = [rate for first_epoch, rate in steps]
    are_rates = all(0 < rate < math.inf for rate in rates)
    are_rising = all(before < after for before, after in itertools.pairwise(first_epochs))
    starts_at_0 = not steps or first_epochs[0] == 0
    return are_rates and are_rising and starts_at_0


@dataclass(frozen=True)
class DataSettings(Checked):
    """The list to train on, and how to split it (``core/data/split.py``, ``batching.py``, ``normalization.py``).

    >>> DataSettings(validation=0.2).validation_share
    0.2
    """

    names: str = "mlb-first"  #: a built-in list, a path, or "-" for standard input
    column: str | None = declared(
        None, "The title of the CSV column with the names, or its number, counting from 1."
    )
    label_column: str | None = declared(
        None,
        "The CSV column with a label for each name, such as its origin. For labels of several parts, separate columns "
        "with commas: origin,gender. Quote a title that contains a comma: '\"born, died\"'. Pass '' to ignore labels.",
        "the built-in list's label column, if it has one",
        in_toml={
            "origin,gender": '`"origin,gender"`',
            "'\"born, died\"'": "`'\"born, died\"'`",
            "''": '`""`',
        },
    )
    #: A longer line isn't a name, so the file probably isn't a list.
    max_name_length: int = declared(
        1000, "Reject a list if any of its names has more characters than this.", **COUNT
    )
    validation: float | None = declared(
        None,
        "The share of names to hold out for validation. Pass 0 to hold out none.",
        "0.1; 0 for fewer than 100 distinct names and for short lists of phrases, except with "
        f"{setting('quick', 'True')} or {setting('test')}",
        **SHARE,
    )
    test: float = declared(  # none by default, because every name in the training set helps
        0.0,
        "The share of names to set aside as a test set, which is used only for the final evaluation. Together with "
        f"{setting('validation')}, it can be at most 0.9.",
        **SHARE,
    )
    split: str = declared(
        "by-name",
        "How to hold out names that occur several times. by-name: all copies of a name stay together; by-row: its "
        "copies can end up on both sides.",
        **one_of(SPLITS),
    )
    split_seed: int | None = declared(
        None,
        "The random seed that selects the held-out names.",
        f"the value of {setting('seed')}",
        **SEED,
    )
    duplicates: str | None = declared(
        None,
        "How often to train on a name that occurs c times. full: c times; sqrt: about the square root of c times.",
        f"sqrt; full with {setting('split', 'by-row')}",
        **one_of(DUPLICATES),
    )
    name_type: str | None = declared(
        None,
        "How to compare names. plain: case, spaces and punctuation don't matter; company: legal suffixes such as Inc. "
        "don't matter either.",
        "plain; company for the built-in list companies",
        **one_of(NAME_TYPES),
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        held_out = self.validation_share + self.test
        if held_out > 0.9:
            raise SettingsError(
                f"{setting('validation')} and {setting('test')} together are {held_out:g}: expected "
                "at most 0.9, so that something is left to train on"
            )

    @property
    def validation_share(self) -> float:
        """The share of names in the validation set."""
        return DEFAULT_VALIDATION if self.validation is None else self.validation

    @property
    def identity(self) -> dict[str, str | int | float | bool | None]:
        """The settings that must not change when a run is resumed.

        The list may be moved, and ``name_type`` only affects which names are new.
        """
        excluded = (*LIST_LOCATION, "name_type")
        return {name: value for name, value in asdict(self).items() if name not in excluded}

    @property
    def uses_sqrt_duplicates(self) -> bool:
        """Whether duplicates have square-root weighting."""
        return self.duplicates == "sqrt" or (self.duplicates is None and self.split != "by-row")


@dataclass(frozen=True)
class NetworkSettings(Checked):
    """The network except for its vocabulary: the recurrent cell, the width of each layer, and the initial weights.

    >>> NetworkSettings(hidden=(64,)).plain.hidden
    (64,)
    """

    architecture: str | None = declared(
        None,
        "The network architecture.",
        "rnn; for a third-party backend, its first architecture",
        holds=lambda value: value != "",
        expected="the name of an architecture, such as rnn",
        in_toml={"rnn": '`"rnn"`'},
    )
    cell: str | None = declared(None, "The type of recurrent cell.", LIST, **one_of(tuple(CELLS)))
    hidden: tuple[int, ...] | None = declared(
        None,
        "The number of units in each layer, such as 64 or 32,32.",
        LIST,
        in_toml={"64 or 32,32": "`[64]` or `[32, 32]`"},
        metavar="W,W",
        holds=_are_widths,
        expected="1 to 16 widths, each from 1 to 4096",
    )
    initializer: str = declared(
        "glorot",
        "The distribution of the initial weights. glorot: uniform, with a variance of 2 / (inputs + outputs); normal: "
        "normal, with a standard deviation of 0.1; uniform: from -0.1 to 0.1; xavier: normal, with a variance of "
        "1 / inputs.",
        **one_of(INITIALIZERS),
    )
    base_model: str | None = declared(
        None,
        "The pretrained model to fine-tune: a run folder, a model file or a built-in model. "
        f"Pass {NOTHING} to start from random weights.",
        f"namegen's base model for fewer than 500 names, unless they are phrases; otherwise {NOTHING}",
        metavar="MODEL",
        holds=lambda value: value != "",
        expected=f"a model, or {NOTHING}",
        in_toml={NOTHING: f'`"{NOTHING}"`'},
    )
    options: Mapping[str, int | float | str | bool] = declared(
        {},
        "Settings of a third-party backend's architecture, such as heads=4.",
        metavar="N=V,…",
        in_toml={"heads=4": "`{ heads = 4 }`"},
    )

    @property
    def plain(self) -> NetworkSettings:
        """Fill in unspecified settings with those of the original project's network.

        >>> NetworkSettings(hidden=(8,)).plain.cell
        'simple_rnn'
        """
        return replace(self, cell=self.cell or PLAIN_CELL, hidden=self.hidden or PLAIN_HIDDEN)

    @property
    def uses_base_model(self) -> bool:
        """Whether the network is fine-tuned from a pretrained base model."""
        return self.base_model not in (None, NOTHING)


@dataclass(frozen=True)
class TrainingSettings(Checked):
    """How to train the network. None stands for the default that the field's description explains.

    ``core/training`` has the defaults that depend on the list (``defaults.py``), dropout (``steps.py``) and label
    smoothing (``label_smoothing.py``).

    >>> TrainingSettings(optimizer="sgd").peak_learning_rate
    0.5
    """

    quick: bool = declared(
        False,
        "Train a small network without dropout. On lists of thousands of names, this is much faster, but the names are "
        "less convincing. Settings that you specify take precedence.",
    )
    epochs: int | None = declared(
        None, "The number of times to train on the whole list.", LIST, **whole(1, 1_000_000)
    )
    batch_size: int | None = declared(
        None, "The number of names in each training step.", LIST, **COUNT
    )
    #: Adam scales the steps of each weight, so the same learning rate works for many lists.
    optimizer: str = declared("adam", "The optimizer.", **one_of(OPTIMIZERS), backend_reads=True)
    learning_rate: float | None = declared(
        None,
        "The learning rate. If the rate changes during training, this is its highest value.",
        LIST,
        metavar="RATE",
        **ABOVE_0,
    )
    momentum: float = declared(
        0.9,
        f"The momentum. It has an effect only with {setting('optimizer', with_hyperparameter('momentum'))}.",
        metavar="M",
        holds=lambda value: 0 <= value < 1,
        expected="a number from 0 to below 1",
    )
    #: No limit by default: names are short, so gradients stay small.
    clip_norm: float | None = declared(
        None,
        "Scale down gradients whose norm is larger than this value.",
        "no limit",
        metavar="NORM",
        backend_reads=True,
        **ABOVE_0,
    )
    #: One-cycle takes half the time of a learning rate that only falls.
    lr_schedule: str = declared(
        "one-cycle",
        "How the learning rate changes during training. "
        + "; ".join(f"{name}: {schedule.help}" for name, schedule in SCHEDULES.items())
        + ".",
        **one_of(SCHEDULES),
    )
    warmup: float = declared(
        0.2,
        f"The share of training in which the learning rate rises, with {setting('lr_schedule', reading('warmup'))}.",
        **TO_1,
    )
    lr_steps: tuple[tuple[int, float], ...] = declared(
        (),
        f"The learning rates for {setting('lr_schedule', reading('lr_steps'))}, each with its first epoch (counted "
        "from 0), such as 0:0.01,25:0.005.",
        metavar="E:RATE,…",
        in_toml={"0:0.01,25:0.005": "`[[0, 0.01], [25, 0.005]]`"},
        holds=_are_lr_steps,
        expected="pairs of epoch and rate, with rising epochs from 0 on and rates above 0",
    )
    bptt: bool = declared(
        True,
        "Backpropagate through all characters of a name. "
        f"With {setting('bptt', 'False')}, gradients stop at each character.",
        backend_reads=True,
    )
    recurrent_dropout: float | None = declared(
        None,
        "The share of recurrent weights to drop in each training step (dropout).",
        LIST,
        **SHARE,
    )
    layer_dropout: float | None = declared(
        None,
        "The share of units between layers to drop in each training step (dropout).",
        LIST,
        **SHARE,
    )
    output_dropout: float | None = declared(
        None,
        "The share of units before the output layer to drop in each training step (dropout).",
        LIST,
        **SHARE,
    )
    label_smoothing: float | None = declared(
        None,
        "The share of each training target that comes from the n-gram baseline (label smoothing).",
        LIST,
        **TO_1,
    )
    patience: int | None = declared(
        None, "Stop training after this many epochs without improvement.", "never", **COUNT
    )
    #: The accuracy of an epoch is partly luck, the loss less so. The original project used accuracy.
    monitor: str = declared(
        "loss", "The validation metric that selects the best epoch.", **one_of(CRITERIA)
    )
    seed: int = declared(
        0,
        "The random seed. You get the same network if the seed, the list, all other settings, the backend, the number "
        "of threads and the machine are the same.",
        **SEED,
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        needs_lr_steps = "lr_steps" in SCHEDULES[self.lr_schedule].reads
        if needs_lr_steps != bool(self.lr_steps):
            raise SettingsError(
                f"the schedule is {self.lr_schedule}, with {len(self.lr_steps)} rate steps: set "
                f"{setting('lr_steps')} together with the schedule {reading('lr_steps')}, and only with it"
            )

    @property
    def plain(self) -> TrainingSettings:
        """Turn off dropout and label smoothing, unless they're specified.

        >>> TrainingSettings(output_dropout=0.1).plain.recurrent_dropout
        0.0
        """
        names = (*DROPOUT_SETTINGS, "label_smoothing")
        unspecified: dict[str, Any] = {name: 0.0 for name in names if getattr(self, name) is None}
        return replace(self, **unspecified)

    @property
    def peak_learning_rate(self) -> float:
        """The learning rate, or the optimizer's default."""
        if self.learning_rate is None:
            return OPTIMIZERS[self.optimizer].learning_rate
        return self.learning_rate

    @property
    def clips(self) -> bool:
        """Whether gradients are clipped (``clipped`` of ``core/engine.py``)."""
        return self.clip_norm is not None

    @property
    def of_updates(self) -> TrainingSettings:
        """A copy of the settings in which those that a backend doesn't read have their defaults.

        Two runs can share a compiled program if these copies are equal.

        >>> TrainingSettings(clip_norm=1.0, seed=3).of_updates == TrainingSettings(clip_norm=1.0)
        True
        """
        return type(self)(**self.backend_settings)

    @property
    def backend_settings(self) -> dict[str, Any]:
        """The settings that a backend reads, by name.

        >>> TrainingSettings(seed=3).backend_settings
        {'optimizer': 'adam', 'clip_norm': None, 'bptt': True}
        """
        names = [declaration.name for declaration in fields(self)]
        marked = [name for name in names if About.of(type(self), name).backend_reads]
        return {name: getattr(self, name) for name in marked} | self.hyperparameters

    @property
    def hyperparameters(self) -> dict[str, float]:
        """The optimizer's hyperparameters by name, as its ``update`` takes them.

        >>> TrainingSettings(optimizer="momentum", momentum=0.8).hyperparameters
        {'momentum': 0.8}
        """
        return {name: getattr(self, name) for name in OPTIMIZERS[self.optimizer].hyperparameters}

    @property
    def without_effect(self) -> dict[str, str]:
        """The training settings that have no effect because of other settings, each with the reason.

        >>> TrainingSettings(optimizer="momentum").without_effect
        {}
        >>> TrainingSettings(lr_schedule="constant").without_effect["warmup"]
        'the schedule is constant, not one-cycle'
        """
        return self._unused_by_optimizer | self._unused_by_schedule

    @property
    def _unused_by_optimizer(self) -> dict[str, str]:
        """The hyperparameters that only other optimizers have, each with the reason."""
        return {
            name: f"the optimizer is {self.optimizer}, not {with_hyperparameter(name)}"
            for optimizer in OPTIMIZERS.values()
            for name in optimizer.hyperparameters
            if name not in self.hyperparameters
        }

    @property
    def _unused_by_schedule(self) -> dict[str, str]:
        """The settings that only other schedules read, each with the reason."""
        return {
            name: f"the schedule is {self.lr_schedule}, not {reading(name)}"
            for name in ("learning_rate", "warmup")
            if name not in SCHEDULES[self.lr_schedule].reads
        }


@dataclass(frozen=True)
class Recipe:
    """Everything that determines what a run learns, except for the list.

    >>> recipe = Recipe(network=NetworkSettings(hidden=(128,))).resolved(name_count=3_000)
    >>> recipe.training.batch_size, recipe.training.epochs, recipe.training.peak_learning_rate
    (64, 64, 0.0075)
    """

    data: DataSettings = field(default_factory=DataSettings)
    network: NetworkSettings = field(default_factory=NetworkSettings)
    training: TrainingSettings = field(default_factory=TrainingSettings)

    @property
    def without_effect(self) -> dict[str, str]:
        """The settings that have no effect because of other settings, by dotted path, and the reasons.

        >>> Recipe(DataSettings(validation=0.0)).without_effect["training.monitor"]
        'there are no held-out names, and the training loss decides'
        """
        reasons = {}
        for name, reason in self.training.without_effect.items():
            reasons[f"training.{name}"] = reason
        if self.data.validation == 0:
            reason = "there are no held-out names, and the training loss decides"
            reasons["training.monitor"] = reason
        return reasons | self._unused_by_split

    @property
    def _unused_by_split(self) -> dict[str, str]:
        """The settings of the split that have no effect if no names are held out, each with the reason."""
        if self.data.validation != 0 or self.data.test != 0:
            return {}
        reasons = {"data.split_seed": "no names are held out"}
        if self.data.duplicates is not None:  # otherwise, the default depends on the split
            reasons["data.split"] = "no names are held out, and duplicates are set"
        return reasons

    def resolved(self, *, name_count: int) -> Recipe:
        """Fill in the training settings that depend on the list and the network.

        Args:
            name_count: The number of names in an epoch.
        """
        training = resolve_training(
            self.training,
            name_count,
            self.network,
            uses_sqrt_duplicates=self.data.uses_sqrt_duplicates,
        )
        return replace(self, training=training)


def resolve_training(
    training: TrainingSettings,
    name_count: int,
    network: NetworkSettings | None = None,
    *,
    uses_sqrt_duplicates: bool = False,
) -> TrainingSettings:
    """Fill in the learning rate, the batch size and the number of epochs, unless they're specified.

    Args:
        training: The settings.
        name_count: The number of names in an epoch.
        network: The network, or None to keep the learning rate.
        uses_sqrt_duplicates: Whether duplicates have square-root weighting.

    >>> resolve_training(TrainingSettings(), 21_000).epochs
    120
    """
    if network is not None and _needs_lower_rate(training, network):
        training = replace(training, learning_rate=_rate_of_wide_layers(training, network))
    batch_size = training.batch_size
    if batch_size is None:
        batch_size = _default_batch_size(name_count)
    epochs = training.epochs
    if epochs is None:
        fewest = DEFAULT_EPOCHS_SQRT if uses_sqrt_duplicates else DEFAULT_EPOCHS
        epochs = max(fewest, _epochs_for_updates(name_count, batch_size))
    return replace(training, batch_size=batch_size, epochs=epochs)


def _default_batch_size(name_count: int) -> int:
    """Choose 128 names, or fewer if an epoch would have less than 40 steps. The result is a power of two."""
    fitting = max(name_count // STEPS_OF_A_SMALL_LIST, SMALLEST_DEFAULT_BATCH)
    power_of_two: int = 2 ** (fitting.bit_length() - 1)
    return min(LARGEST_DEFAULT_BATCH, power_of_two)


def _epochs_for_updates(name_count: int, batch_size: int) -> int:
    """Return how many epochs a run needs to update the parameters 3,000 times."""
    updates_per_epoch = math.ceil(name_count / batch_size)
    return math.ceil(DEFAULT_UPDATES / updates_per_epoch)


def _needs_lower_rate(training: TrainingSettings, network: NetworkSettings) -> bool:
    """Check whether Adam's default learning rate is too high, as it is for wide layers without gates."""
    has_default_rate = training.learning_rate is None and not training.lr_steps
    if training.optimizer != "adam" or not has_default_rate:
        return False
    is_recurrent = network.architecture in (None, "rnn")
    plain = network.plain
    is_wide = max(plain.hidden or ()) > WIDTH_OF_DEFAULT
    return is_recurrent and plain.cell == "simple_rnn" and is_wide


def _rate_of_wide_layers(training: TrainingSettings, network: NetworkSettings) -> float:
    """Scale the learning rate down, in proportion to the square root of the widest layer's width."""
    widest = max(network.hidden or PLAIN_HIDDEN)
    return training.peak_learning_rate * math.sqrt(WIDTH_OF_DEFAULT / widest)
