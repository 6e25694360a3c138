"""The settings of a run, with their defaults. They're frozen dataclasses that check their values.

Each setting is declared only here: its type and range, its default, and the help text of its option.
``namegen.settings_toml`` reads settings from TOML, and ``namegen.cli.train`` turns them into options.
``core/training/defaults.py`` chooses the defaults that depend on the list.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from functools import cache
from typing import Annotated, Any, cast, get_args, get_type_hints

import msgspec
from msgspec import Meta

from namegen.core.network.cells import CELLS
from namegen.core.network.initializers import INITIALIZERS
from namegen.core.optimizers import OPTIMIZERS
from namegen.core.schedules import SCHEDULES
from namegen.errors import SettingsError, setting, shown
from namegen.threads import WIDE, threads_for

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

DEFAULT_VALIDATION = 0.1

LIST_LOCATION = ("names", "column", "label_column")


# --- declarations -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class About:
    """Everything about a setting except for its type and its default.

    In these texts, ``errors.setting`` marks the names of other settings.
    """

    help: str = ""  # "" for a setting that has no option
    default: str = ""  # a description, if the default follows a rule
    # Values in these texts, and how a config writes them.
    in_toml: Mapping[str, str] = field(default_factory=dict)
    # Backends also read the optimizer's hyperparameters, and no other training setting (see ``backend_settings``).
    backend_reads: bool = False
    # The following attributes belong to the type.
    metavar: str = "NAME"  # stands for the value in the help
    choices: Collection[str] = ()  # all accepted values, if they have names
    expected: str = ""  # a description of the accepted values; "" if the type allows all values

    @classmethod
    def of(cls, settings: Any, name: str) -> About:
        """Look up what is declared about a field of a settings dataclass.

        Args:
            settings: The class, or an instance.
            name: The name of the field.

        >>> About.of(TrainingSettings, "epochs").expected
        'a whole number from 1 to 1,000,000'
        """
        [declaration] = [known for known in fields(settings) if known.name == name]
        about: About = declaration.metadata.get("about", cls())
        # The rest belongs to the type. An optional type, such as Count | None, contains the type with the range.
        hint = type_hints(settings)[name]
        types = (hint, *get_args(hint))
        for kind in types:
            for meta in getattr(kind, "__metadata__", ()):
                about = replace(about, expected=meta.description, **meta.extra)
        return about


@cache
def type_hints(settings: Any) -> dict[str, Any]:
    """Return the types of a dataclass's fields, with their ranges."""
    return get_type_hints(settings, include_extras=True)


def described(expected: str, metavar: str = "NAME", **limits: Any) -> Meta:
    """Limit the values of a type, for use in ``Annotated``.

    Args:
        expected: A description of the accepted values.
        metavar: What stands for the value in the help.
        **limits: The limits, as arguments of ``msgspec.Meta``.
    """
    return Meta(description=expected, extra={"metavar": metavar}, **limits)


def whole(least: int, most: int) -> Meta:
    """Limit a type to the whole numbers from ``least`` to ``most``."""
    return described(f"a whole number from {least} to {most:,}", "N", ge=least, le=most)


def one_of(choices: Collection[str]) -> Meta:
    """Limit a type to some strings."""
    return Meta(description=f"one of {', '.join(choices)}", extra={"choices": choices})


Count = Annotated[int, described("a whole number of at least 1", "N", ge=1)]
Seed = Annotated[int, described("a whole number from 0 to 2**63 - 1", "N", ge=0, le=2**63 - 1)]
Share = Annotated[float, described("a share from 0 to 1", "SHARE", ge=0, le=1)]
PartialShare = Annotated[float, described("a share from 0 to 0.9", "SHARE", ge=0, le=0.9)]
IS_POSITIVE = {"gt": 0, "le": sys.float_info.max}
Rate = Annotated[float, described("a number above 0", "RATE", **IS_POSITIVE)]
Norm = Annotated[float, described("a number above 0", "NORM", **IS_POSITIVE)]
Architecture = Annotated[str, described("the name of an architecture, such as rnn", min_length=1)]
Backend = Annotated[str, described("the name of a backend, such as numpy or keras", min_length=1)]
BaseModelName = Annotated[str, described(f"a model, or {NOTHING}", "MODEL", min_length=1)]
Width = Annotated[int, whole(1, 4096)]
Widths = Annotated[
    tuple[Width, ...],
    described("1 to 16 widths, each from 1 to 4096", "W,W", min_length=1, max_length=16),
]
Options = Annotated[
    Mapping[str, int | float | str | bool],
    described("a table of plain values, such as { heads = 4 }", "N=V,…"),
]
RateSteps = Annotated[
    tuple[tuple[int, Rate], ...],
    described(
        "pairs of epoch and rate, with rising epochs from 0 on and rates above 0", "E:RATE,…"
    ),
]

TYPES_IN_WORDS = {int: "a whole number", float: "a number", bool: "true or false", str: "a string"}


def declared(default: Any, text: str = "", in_words: str = "", **about: Any) -> Any:
    """Declare a setting: return a field of a dataclass, with the texts for its option in the field's metadata.

    Args:
        default: The default.
        text: What the setting does.
        in_words: A description of the default, if it follows a rule.
        **about: Other attributes of ``About``.
    """
    metadata = {"about": About(text, default=in_words, **about)}
    if default == {}:  # each instance needs its own dict, and dicts can't be hashed
        return field(default_factory=dict, hash=False, metadata=metadata)
    return field(default=default, metadata=metadata)


class Checked:
    """A base class of frozen dataclasses that check and convert their values.

    A value may be anything that msgspec converts to the type of its field, such as a list for a tuple or 1 for a float.
    NumPy's numbers count as Python's.

    Raises:
        SettingsError: A field has a value of the wrong type or range. The error's ``field`` is its name.
    """

    def __post_init__(self) -> None:
        for declaration in fields(cast(Any, self)):  # subclasses are dataclasses
            name = declaration.name
            value = getattr(self, name)
            converted = checked(type(self), name, value)
            object.__setattr__(self, name, converted)  # the fields are frozen


def checked(settings: Any, name: str, value: Any) -> Any:
    """Convert a value to the type of a field.

    Raises:
        SettingsError: The value has the wrong type or range.

    >>> checked(TrainingSettings, "epochs", 0)
    Traceback (most recent call last):
    namegen.errors.SettingsError: epochs is 0: expected a whole number from 1 to 1,000,000
    """
    about = About.of(settings, name)
    hint = type_hints(settings)[name]
    is_numpy_number = getattr(value, "ndim", None) == 0
    try:
        converted = msgspec.convert(value.item() if is_numpy_number else value, hint)
        if converted is None or not about.choices or converted in about.choices:
            return converted
    except (msgspec.ValidationError, OverflowError):
        pass
    raise wrong_value(settings, name, value)


def wrong_value(settings: Any, name: str, value: object) -> SettingsError:
    """Return the error for a value that a field doesn't accept. It describes the accepted values."""
    hint = type_hints(settings)[name]
    words = [TYPES_IN_WORDS[kind] for kind in (hint, *get_args(hint)) if kind in TYPES_IN_WORDS]
    expected = About.of(settings, name).expected or " or ".join(words)
    # Lists have no brackets, because options don't have them either.
    value_shown = shown(value).strip("[]") or shown(value)
    return SettingsError(f"{setting(name)} is {value_shown}: expected {expected}", field=name)


LIST = "chosen for the list"


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


# --- settings ---------------------------------------------------------------------------------------------------------


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
    max_name_length: Count = declared(
        1000, "Reject a list if any of its names has more characters than this."
    )
    validation: PartialShare | None = declared(
        None,
        "The share of names to hold out for validation. Pass 0 to hold out none.",
        "0.1; 0 for fewer than 100 distinct names and for short lists of phrases, except with "
        f"{setting('quick', 'True')} or {setting('test')}",
    )
    test: PartialShare = declared(  # none by default, because every name in the training set helps
        0.0,
        "The share of names to set aside as a test set, which is used only for the final evaluation. Together with "
        f"{setting('validation')}, it can be at most 0.9.",
    )
    split: Annotated[str, one_of(SPLITS)] = declared(
        "by-name",
        "How to hold out names that occur several times. by-name: all copies of a name stay together; by-row: its "
        "copies can end up on both sides.",
    )
    split_seed: Seed | None = declared(
        None,
        "The random seed that selects the held-out names.",
        f"the value of {setting('seed')}",
    )
    duplicates: Annotated[str, one_of(DUPLICATES)] | None = declared(
        None,
        "How often to train on a name that occurs c times. full: c times; sqrt: about the square root of c times.",
        f"sqrt; full with {setting('split', 'by-row')}",
    )
    name_type: Annotated[str, one_of(NAME_TYPES)] | None = declared(
        None,
        "How to compare names. plain: case, spaces and punctuation don't matter; company: legal suffixes such as Inc. "
        "don't matter either.",
        "plain; company for the built-in list companies",
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

    architecture: Architecture | None = declared(
        None,
        "The network architecture.",
        "rnn; for a third-party backend, its first architecture",
        in_toml={"rnn": '`"rnn"`'},
    )
    cell: Annotated[str, one_of(CELLS)] | None = declared(None, "The type of recurrent cell.", LIST)
    hidden: Widths | None = declared(
        None,
        "The number of units in each layer, such as 64 or 32,32.",
        LIST,
        in_toml={"64 or 32,32": "`[64]` or `[32, 32]`"},
    )
    initializer: Annotated[str, one_of(INITIALIZERS)] = declared(
        "glorot",
        "The distribution of the initial weights. glorot: uniform, with a variance of 2 / (inputs + outputs); normal: "
        "normal, with a standard deviation of 0.1; uniform: from -0.1 to 0.1; xavier: normal, with a variance of "
        "1 / inputs.",
    )
    base_model: BaseModelName | None = declared(
        None,
        "The pretrained model to fine-tune: a run folder, a model file or a built-in model. "
        f"Pass {NOTHING} to start from random weights.",
        f"namegen's base model for fewer than 500 names, unless they are phrases; otherwise {NOTHING}",
        in_toml={NOTHING: f'`"{NOTHING}"`'},
    )
    options: Options = declared(
        {},
        "Settings of a third-party backend's architecture, such as heads=4.",
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
    epochs: Annotated[int, whole(1, 1_000_000)] | None = declared(
        None, "The number of times to train on the whole list.", LIST
    )
    batch_size: Count | None = declared(None, "The number of names in each training step.", LIST)
    #: Adam scales the steps of each weight, so the same learning rate works for many lists.
    optimizer: Annotated[str, one_of(OPTIMIZERS)] = declared(
        "adam", "The optimizer.", backend_reads=True
    )
    learning_rate: Rate | None = declared(
        None,
        "The learning rate. If the rate changes during training, this is its highest value.",
        LIST,
    )
    momentum: Annotated[float, described("a number from 0 to below 1", "M", ge=0, lt=1)] = declared(
        0.9,
        f"The momentum. It has an effect only with {setting('optimizer', with_hyperparameter('momentum'))}.",
    )
    #: No limit by default: names are short, so gradients stay small.
    clip_norm: Norm | None = declared(
        None,
        "Scale down gradients whose norm is larger than this value.",
        "no limit",
        backend_reads=True,
    )
    #: One-cycle takes half the time of a learning rate that only falls.
    lr_schedule: Annotated[str, one_of(SCHEDULES)] = declared(
        "one-cycle",
        "How the learning rate changes during training. "
        + "; ".join(f"{name}: {schedule.help}" for name, schedule in SCHEDULES.items())
        + ".",
    )
    warmup: Share = declared(
        0.2,
        f"The share of training in which the learning rate rises, with {setting('lr_schedule', reading('warmup'))}.",
    )
    lr_steps: RateSteps = declared(
        (),
        f"The learning rates for {setting('lr_schedule', reading('lr_steps'))}, each with its first epoch (counted "
        "from 0), such as 0:0.01,25:0.005.",
        in_toml={"0:0.01,25:0.005": "`[[0, 0.01], [25, 0.005]]`"},
    )
    bptt: bool = declared(
        True,
        "Backpropagate through all characters of a name. "
        f"With {setting('bptt', 'False')}, gradients stop at each character.",
        backend_reads=True,
    )
    recurrent_dropout: PartialShare | None = declared(
        None,
        "The share of recurrent weights to drop in each training step (dropout).",
        LIST,
    )
    layer_dropout: PartialShare | None = declared(
        None,
        "The share of units between layers to drop in each training step (dropout).",
        LIST,
    )
    output_dropout: PartialShare | None = declared(
        None,
        "The share of units before the output layer to drop in each training step (dropout).",
        LIST,
    )
    label_smoothing: Share | None = declared(
        None,
        "The share of each training target that comes from the n-gram baseline (label smoothing).",
        LIST,
    )
    patience: Count | None = declared(
        None, "Stop training after this many epochs without improvement.", "never"
    )
    #: The accuracy of an epoch is partly luck, the loss less so. The original project used accuracy.
    monitor: Annotated[str, one_of(CRITERIA)] = declared(
        "loss", "The validation metric that selects the best epoch."
    )
    seed: Seed = declared(
        0,
        "The random seed. You get the same network if the seed, the list, all other settings, the backend, the number "
        "of threads and the machine are the same.",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        needs_lr_steps = "lr_steps" in SCHEDULES[self.lr_schedule].reads
        if needs_lr_steps != bool(self.lr_steps):
            raise SettingsError(
                f"the schedule is {self.lr_schedule}, with {len(self.lr_steps)} rate steps: set "
                f"{setting('lr_steps')} together with the schedule {reading('lr_steps')}, and only with it"
            )
        first_epochs = [first_epoch for first_epoch, rate in self.lr_steps]
        are_rising = all(before < after for before, after in itertools.pairwise(first_epochs))
        if not are_rising or first_epochs[:1] not in ([], [0]):
            raise wrong_value(type(self), "lr_steps", self.lr_steps)

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
        reasons = {}
        for optimizer in OPTIMIZERS.values():
            for name in optimizer.hyperparameters:
                if name not in self.hyperparameters:
                    with_effect = with_hyperparameter(name)
                    reasons[name] = f"the optimizer is {self.optimizer}, not {with_effect}"
        for name in ("learning_rate", "warmup"):
            if name not in SCHEDULES[self.lr_schedule].reads:
                reasons[name] = f"the schedule is {self.lr_schedule}, not {reading(name)}"
        return reasons


@dataclass(frozen=True)
class RunSettings(Checked):
    """Where and how a network is trained. These settings don't affect what it learns."""

    # The backend numpy needs no other library, and is the fastest backend for small networks.
    backend: Backend = declared(
        "numpy",
        "The backend to train with: {}.",
        in_toml={"numpy or keras": '`"numpy"` or `"keras"`'},
    )
    # None means as many as make training faster, see ``Config.threads``.
    threads: Annotated[int, whole(1, 1024)] | None = declared(
        None,
        "The number of CPU threads to use.",
        "1; with the backend numpy, 2 for a wide layer if two cores are idle",
    )
    plot: bool = declared(True, "Plot the training run as history.png.")


@dataclass(frozen=True)
class Recipe:
    """Everything that determines what a run learns, except for the list.

    >>> Recipe(network=NetworkSettings(hidden=(128,))).network.hidden
    (128,)
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
            if self.data.test == 0:
                reasons["data.split_seed"] = "no names are held out"
                if self.data.duplicates is not None:  # otherwise, the default depends on the split
                    reasons["data.split"] = "no names are held out, and duplicates are set"
        return reasons


@dataclass(frozen=True)
class Config:
    """All settings of a training run.

    >>> Config().training.quick
    False
    """

    data: DataSettings = field(default_factory=DataSettings)  # the list, and how it's split
    network: NetworkSettings = field(default_factory=NetworkSettings)
    training: TrainingSettings = field(default_factory=TrainingSettings)
    run: RunSettings = field(default_factory=RunSettings)

    @property
    def recipe(self) -> Recipe:
        """The settings that affect what is learned: all except ``run``."""
        return Recipe(self.data, self.network, self.training)

    @property
    def threads(self) -> int:
        """The number of threads for a run that has the machine to itself. Parallel runs use one thread each.

        By default, the backend numpy uses 2 threads if a layer is wide and the machine has at least two idle cores. A
        width that isn't known yet counts as wide. Other backends use one thread by default. The number of threads
        affects how sums are rounded, so bit-identical runs need the same number.

        >>> Config(run=RunSettings(threads=3)).threads
        3
        """
        if self.run.threads is not None:
            return self.run.threads
        if self.run.backend != "numpy":
            return 1
        if self.network.hidden is not None:
            return threads_for(max(self.network.hidden))
        if self.training.quick:
            return 1
        return threads_for(WIDE)  # the width depends on the list


TABLES: dict[str, type[object]] = get_type_hints(Config)
