"""What a training is told, with its defaults: frozen dataclasses, each checked as it is made, together a ``Recipe``.

A setting is declared here and nowhere else: its type and default, the values that it takes, and what its option says.
``namegen.settings_toml`` reads them from TOML, ``namegen.cli.train`` makes options of them; core never sees
where they came from.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
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
SOURCES = (
    "real",
    "new",
    "any",
)  # of a part of a name: those of its model's list, none of that list, either
GENDERS = ("female", "male")
CRITERIA = ("loss", "accuracy")
DROPS = ("recurrent_dropout", "layer_dropout", "output_dropout")
EFFORTS = ("quick", "standard")
MOST_ASKED_FOR = 1_000_000_000  # that anybody may ask for at a time
NOTHING = "none"  # in place of a model to begin from

PLAIN_CELL, PLAIN_HIDDEN = "simple_rnn", (32, 32)

# With all repeats, 80 epochs fall 0.3 points short on last names; with damped ones there is less to learn by heart,
# and more epochs only lead away from what holds for new names.
DEFAULT_EPOCHS, DEFAULT_EPOCHS_DAMPED, DEFAULT_UPDATES = 120, 40, 3_000
LARGEST_DEFAULT_BATCH, SMALLEST_DEFAULT_BATCH = 128, 16
BATCHES_OF_A_SMALL_LIST = 40
WIDTH_OF_DEFAULT = 32  # the layers that the default learning rate was chosen for

DEFAULT_VALIDATION = 0.1

WHERE_NAMES_STAND = ("names", "column", "label_column")


@dataclass(frozen=True)
class About:
    """What is known of a setting beside its type and its default.

    Attributes:
        help: what it does, other settings named by ``errors.setting``; "": it has no option of its own.
        metavar: what stands for its value in the help.
        default: the default in words, where a rule decides or an option says it otherwise.
        choices: all values that it takes, where they have names.
        holds: whether it takes a value of its type.
        expected: which values those are, in words.
        backend_reads: whether backends read it. They also read the optimizer's hyperparameters, and
            no other training setting (``TrainingSettings.backend_settings``).
    """

    help: str = ""
    metavar: str = "NAME"
    default: str = ""
    choices: Collection[str] = ()
    holds: Callable[[Any], bool] = lambda value: True
    expected: str = ""
    backend_reads: bool = False

    @classmethod
    def of(cls, kind: type[object], name: str) -> About:
        """That of a field of a settings dataclass.

        >>> About.of(TrainingSettings, "epochs").expected
        'a whole number from 1 to 1,000,000'
        """
        declared = {one.name: one.metadata for one in fields(cast(Any, kind))}
        return cast(About, declared[name].get("about", cls()))


LIST = "chosen for the list"
COUNT: dict[str, Any] = {
    "metavar": "N",
    "holds": lambda v: v >= 1,
    "expected": "a whole number of at least 1",
}
SHARE: dict[str, Any] = {
    "metavar": "SHARE",
    "holds": lambda v: 0 <= v <= 0.9,
    "expected": "a share from 0 to 0.9",
}
TO_1: dict[str, Any] = {
    "metavar": "SHARE",
    "holds": lambda v: 0 <= v <= 1,
    "expected": "a share from 0 to 1",
}
SEED: dict[str, Any] = {
    "metavar": "N",
    "holds": lambda v: 0 <= v < 2**63,
    "expected": "a whole number from 0 to 2**63 - 1",
}
ABOVE_0: dict[str, Any] = {"holds": lambda v: 0 < v < math.inf, "expected": "a number above 0"}


def whole(least: int, most: int) -> dict[str, Any]:
    """What is declared of a whole number between these two, which it may also be."""
    expected = f"a whole number from {least} to {most:,}"
    return {"metavar": "N", "holds": lambda v: least <= v <= most, "expected": expected}


def declared(default: Any, text: str = "", in_words: str = "", **about: Any) -> Any:
    """A field with what is known of it: what it does, its default in words, the other attributes of ``About``."""
    if "choices" in about:
        about |= {
            "expected": f"one of {', '.join(about['choices'])}",
            "holds": about["choices"].__contains__,
        }
    start: dict[str, Any] = (
        {"default_factory": dict, "hash": False} if default == {} else {"default": default}
    )
    return field(**start, metadata={"about": About(text, default=in_words, **about)})


def reading(name: str) -> str:
    """The schedules that read a setting.

    >>> reading("learning_rate")
    'constant or one-cycle'
    """
    return " or ".join(one for one, schedule in SCHEDULES.items() if name in schedule.reads)


def with_hyperparameter(name: str) -> str:
    """The optimizers that have a hyperparameter.

    >>> with_hyperparameter("momentum")
    'momentum'
    """
    return " or ".join(
        one for one, optimizer in OPTIMIZERS.items() if name in optimizer.hyperparameters
    )


class Checked:
    """Settings whose values are looked at as they are made.

    Raises:
        SettingsError: a value of another type or range; its ``field`` is the name.
    """

    def __post_init__(self) -> None:
        for one in fields(cast(Any, self)):  # those that inherit are dataclasses
            value, about = getattr(self, one.name), one.metadata.get("about", About())
            if value is None and one.default is None:
                continue
            try:
                fits = value is not None and about.holds(value)
            except TypeError:
                fits = False
            if not fits:
                told = shown(value).strip("[]") or shown(
                    value
                )  # of several values: each reader writes them otherwise
                raise SettingsError(
                    f"{setting(one.name)} is {told}: expected {about.expected}", field=one.name
                )


@dataclass(frozen=True)
class DataSettings(Checked):
    """Which list is read and how a part of it is held out (``core/data/split.py``, ``batching.py``,
    ``normalization.py``).

    ``names``: a bundled list's name, a path, or ``-`` for standard input. ``label_column``: empty: none, of a bundled
    list either; None: as the bundled list has it. ``validation``: None: a tenth, and of a short list none
    (``core/training/defaults.py``).
    """

    names: str = "mlb-first"
    column: str | None = declared(
        None, "The CSV column that has the names: its title, or its number counted from 1."
    )
    label_column: str | None = declared(
        None,
        "The CSV column that has a label for each name, such as its origin; several columns with commas between, such "
        "as origin,gender, make labels of several parts (quote a column whose name has a comma: '\"born, died\"'); '' "
        "for no labels.",
        "that of a bundled list, if it has one",
    )
    # a longer line is no name, but a sign of a file that is no list
    max_name_length: int = declared(
        1000, "Refuse a list that has a name of more than N characters.", **COUNT
    )
    validation: float | None = declared(
        None,
        "The share of the names to hold out for validation; 0 for none.",
        f"0.1; 0 for fewer than 100 different names, except with {setting('quick', 'True')} or {setting('test')}",
        **SHARE,
    )
    test: float = declared(  # none by default: every name that is learned from counts
        0.0,
        "A further share of the names to hold out for a final test, which decides nothing.",
        **SHARE,
    )
    split: str = declared(
        "by-name",
        "How to hold names out. by-name: all copies of a name stay together; by-row: copies of a repeated name can "
        "land on both sides.",
        choices=SPLITS,
    )
    split_seed: int | None = declared(
        None,
        "The seed that chooses which names are held out.",
        f"that of {setting('seed')}",
        **SEED,
    )
    duplicates: str | None = declared(
        None,
        "How often to train on a name that occurs c times: full: c times; sqrt: about the square root of c times.",
        f"sqrt; full with {setting('split', 'by-row')}",
        choices=DUPLICATES,
    )
    name_type: str | None = declared(
        None,
        "How names are compared. company: legal suffixes such as Inc. are ignored.",
        "plain; company for the bundled list companies",
        choices=NAME_TYPES,
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.held_out + self.test > 0.9:
            raise SettingsError(
                f"{setting('validation')} and {setting('test')} together are {self.held_out + self.test:g}: expected "
                "at most 0.9, so that something is left to train on"
            )

    @property
    def held_out(self) -> float:
        """The share to choose by; a tenth where nothing was said, and no training has decided otherwise."""
        return DEFAULT_VALIDATION if self.validation is None else self.validation

    @property
    def identity(self) -> dict[str, str | int | float | bool | None]:
        """What decides, with the list itself, what training reads: all but where the list lies and what counts as new
        beside it.
        """
        return {
            name: value
            for name, value in asdict(self).items()
            if name not in (*WHERE_NAMES_STAND, "name_type")
        }

    @property
    def uses_sqrt_duplicates(self) -> bool:
        """Whether training reads a common name less often than it stands in the list."""
        return self.duplicates == "sqrt" or (self.duplicates is None and self.split != "by-row")


@dataclass(frozen=True)
class NetworkSettings(Checked):
    """The network apart from its vocabulary: the recurrent cell, the width of each layer, the initial values.

    ``options``: settings that an architecture of a third party has beside these; namegen's own, ``rnn``, has none.
    """

    architecture: str | None = declared(
        None,
        "The kind of network.",
        "the backend's first one; for namegen's own backends, rnn",
        holds=lambda v: v != "",
        expected="the name of an architecture, such as rnn",
    )
    cell: str | None = declared(
        None, "The recurrent cell.", LIST, choices=tuple(CELLS)
    )  # the plain one: simple_rnn
    hidden: tuple[int, ...] | None = declared(  # the plain ones: 32, 32
        None,
        "The number of units of each layer, such as 64 or 32,32.",
        LIST,
        metavar="W,W",
        holds=lambda widths: 1 <= len(widths) <= 16 and all(1 <= w <= 4096 for w in widths),
        expected="1 to 16 widths, each from 1 to 4096",
    )
    initializer: str = declared(
        "glorot", "The initial values of the weights.", choices=INITIALIZERS
    )
    base_model: str | None = declared(
        None,
        f"Fine-tune this pretrained model: a run folder, a model file or a built-in model; {NOTHING}: random weights.",
        "namegen's base model for 100 to 499 names, or 20 to 99 of one dominant origin; otherwise random weights",
        metavar="MODEL",
        holds=lambda v: v != "",
        expected=f"a model, or {NOTHING}",
    )
    options: Mapping[str, int | float | str | bool] = declared(
        {}, "Further settings of a backend's own architecture, such as heads=4.", metavar="N=V,…"
    )

    @property
    def plain(self) -> NetworkSettings:
        """The same; what nothing was said of is as in the original project's network.

        >>> NetworkSettings(hidden=(8,)).plain.cell
        'simple_rnn'
        """
        return replace(self, cell=self.cell or PLAIN_CELL, hidden=self.hidden or PLAIN_HIDDEN)

    @property
    def uses_base_model(self) -> bool:
        """Whether it begins from another model's parameters."""
        return self.base_model not in (None, NOTHING)


@dataclass(frozen=True)
class TrainingSettings(Checked):
    """How a network is trained. ``None`` means: by the rule in the field's own words.

    The defaults of a list are in ``core/training/defaults.py``, what is dropped in ``steps.py`` (of the recurrent
    kernels single weights, as Merity, Keskar and Socher, 2018, do), label smoothing in ``label_smoothing.py``.
    """

    quick: bool = declared(
        False,
        "Use a small network without dropout for the settings you don't specify: it trains in seconds, and its names "
        "aren't as good.",
    )
    # quick: 120 (40 with damped repeats), or as many as 3,000 updates take if that is more
    epochs: int | None = declared(
        None, "The number of epochs: how often to read the whole list.", LIST, **whole(1, 1_000_000)
    )
    batch_size: int | None = declared(
        None, "The number of names in each training step.", LIST, **COUNT
    )
    # adam: a step of its own for each weight, so that one rate does for many lists
    optimizer: str = declared("adam", "The optimizer.", choices=OPTIMIZERS, backend_reads=True)
    learning_rate: float | None = declared(
        None,
        "The learning rate; where the schedule changes it, its highest value.",
        LIST,
        metavar="RATE",
        **ABOVE_0,
    )
    momentum: float = declared(
        0.9,
        f"The momentum, for {setting('optimizer', with_hyperparameter('momentum'))}.",
        metavar="M",
        holds=lambda v: 0 <= v < 1,
        expected="a number from 0 to below 1",
    )
    clip_norm: float | None = declared(  # no limit: names are short, and gradients stay small
        None,
        "The largest allowed gradient norm.",
        "no limit",
        metavar="NORM",
        backend_reads=True,
        **ABOVE_0,
    )
    lr_schedule: str = declared(  # one-cycle takes half the time of a rate that only falls
        "one-cycle",
        "How the learning rate changes during training. "
        + "; ".join(f"{name}: {schedule.help}" for name, schedule in SCHEDULES.items())
        + ".",
        choices=SCHEDULES,
    )
    warmup: float = declared(
        0.2,
        f"The share of the steps in which the learning rate rises, for {setting('lr_schedule', reading('warmup'))}.",
        **TO_1,
    )
    lr_steps: tuple[tuple[int, float], ...] = declared(
        (),
        f"The rate from each epoch on (from 0), for {setting('lr_schedule', reading('lr_steps'))}: 0:0.01,25:0.005.",
        metavar="E:RATE,…",
        holds=lambda steps: (
            all(0 < rate < math.inf for _, rate in steps)
            and all(a < b for (a, _), (b, _) in itertools.pairwise(steps))
            and (not steps or steps[0][0] == 0)
        ),
        expected="pairs of epoch and rate, with rising epochs from 0 on and rates above 0",
    )
    bptt: bool = declared(
        True,
        "Send gradients back through all characters of a name, or only through one.",
        backend_reads=True,
    )
    recurrent_dropout: float | None = declared(
        None,
        "Dropout: the share of the recurrent weights to leave out in each step.",
        LIST,
        **SHARE,
    )
    layer_dropout: float | None = declared(
        None,
        "Dropout: the share of the units between layers to leave out in each step.",
        LIST,
        **SHARE,
    )
    output_dropout: float | None = declared(
        None,
        "Dropout: the share of the units before the output to leave out in each step.",
        LIST,
        **SHARE,
    )
    label_smoothing: float | None = declared(
        None,
        "Label smoothing: the share of each target that comes from the n-gram baseline.",
        LIST,
        **TO_1,
    )
    patience: int | None = declared(
        None, "Stop after N epochs without improvement.", "never", **COUNT
    )
    # loss tells a good epoch from a lucky one; accuracy was the original's rule
    monitor: str = declared(
        "loss", "The held-out figure that decides which epoch is the best.", choices=CRITERIA
    )
    seed: int = declared(
        0, "The random seed: the same seed and backend train the same network.", **SEED
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if ("lr_steps" in SCHEDULES[self.lr_schedule].reads) != bool(self.lr_steps):
            raise SettingsError(
                f"the schedule is {self.lr_schedule}, with {len(self.lr_steps)} rate steps: give "
                f"{setting('lr_steps')} together with the schedule {reading('lr_steps')}, and only with it"
            )

    @property
    def plain(self) -> TrainingSettings:
        """The same; what nothing was said of is neither dropped nor smoothed.

        >>> TrainingSettings(output_dropout=0.1).plain.recurrent_dropout
        0.0
        """
        nothing: dict[str, Any] = {
            name: 0.0 for name in (*DROPS, "label_smoothing") if getattr(self, name) is None
        }
        return replace(self, **nothing)

    @property
    def peak_learning_rate(self) -> float:
        """The learning rate given, or else the optimizer's own default."""
        return (
            OPTIMIZERS[self.optimizer].learning_rate
            if self.learning_rate is None
            else self.learning_rate
        )

    @property
    def clips(self) -> bool:
        """Whether gradients are clipped (``clipped`` of ``core/engine.py``)."""
        return self.clip_norm is not None

    @property
    def of_updates(self) -> TrainingSettings:
        """A copy with the settings that a backend reads. All other settings have their defaults.

        Two runs can share a compiled program if their copies are equal.

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
        """The optimizer's hyperparameters, as its ``update`` takes them.

        >>> TrainingSettings(optimizer="momentum", momentum=0.8).hyperparameters
        {'momentum': 0.8}
        """
        return {name: getattr(self, name) for name in OPTIMIZERS[self.optimizer].hyperparameters}

    @property
    def without_effect(self) -> dict[str, str]:
        """The fields that change nothing beside the others, each with the reason.

        >>> TrainingSettings(optimizer="momentum").without_effect
        {}
        >>> TrainingSettings(lr_schedule="constant").without_effect["warmup"]
        'the schedule is constant, not one-cycle'
        """
        found = {}
        for optimizer in OPTIMIZERS.values():
            for name in optimizer.hyperparameters:
                if name not in self.hyperparameters:
                    found[name] = (
                        f"the optimizer is {self.optimizer}, not {with_hyperparameter(name)}"
                    )
        for name in ("learning_rate", "warmup"):
            if name not in SCHEDULES[self.lr_schedule].reads:
                found[name] = f"the schedule is {self.lr_schedule}, not {reading(name)}"
        return found


@dataclass(frozen=True)
class Recipe:
    """All that decides what a training learns, beside the list itself: what is read, which network, how it is trained.

    >>> recipe = Recipe(network=NetworkSettings(hidden=(128,))).resolved(name_count=3_000)
    >>> recipe.training.batch_size, recipe.training.epochs, recipe.training.peak_learning_rate
    (64, 64, 0.0075)
    """

    data: DataSettings = field(default_factory=DataSettings)
    network: NetworkSettings = field(default_factory=NetworkSettings)
    training: TrainingSettings = field(default_factory=TrainingSettings)

    @property
    def without_effect(self) -> dict[str, str]:
        """The settings that change nothing beside the others, by table and name, each with the reason.

        >>> Recipe(DataSettings(validation=0.0)).without_effect["training.monitor"]
        'there are no held-out names, and the training loss decides'
        """
        found = {
            f"training.{name}": reason for name, reason in self.training.without_effect.items()
        }
        if self.data.validation == 0:
            found["training.monitor"] = "there are no held-out names, and the training loss decides"
            if self.data.test == 0:
                found["data.split_seed"] = "no names are held out"
                if self.data.duplicates is not None:  # else the split decides those
                    found["data.split"] = "no names are held out, and repeats are decided already"
        return found

    def resolved(self, *, name_count: int) -> Recipe:
        """The same with everything filled in that depends on the list and the network.

        Args:
            name_count: how many names an epoch reads.
        """
        return replace(
            self,
            training=resolve_training(
                self.training, name_count, self.network, damped=self.data.uses_sqrt_duplicates
            ),
        )


def resolve_training(
    training: TrainingSettings,
    name_count: int,
    network: NetworkSettings | None = None,
    *,
    damped: bool = False,
) -> TrainingSettings:
    """Fill in what depends on the list and the network: the learning rate, the batch size, then the epochs.

    Adam's default rate is for plain layers of 32; for wider ones it falls with the square root of their width.

    Batches of 128 names, smaller (a power of two, at least 16) where an epoch would have fewer than 40 of them; as
    many steps as 120 epochs (40 where repeats are damped) or 3,000 updates have, whichever is more.
    """
    batch_size, epochs = training.batch_size, training.epochs
    if network is not None and _too_wide(training, network):
        widest = max(network.hidden or PLAIN_HIDDEN)
        training = replace(
            training,
            learning_rate=training.peak_learning_rate * math.sqrt(WIDTH_OF_DEFAULT / widest),
        )
    if batch_size is None:
        fitting = max(name_count // BATCHES_OF_A_SMALL_LIST, SMALLEST_DEFAULT_BATCH)
        batch_size = min(LARGEST_DEFAULT_BATCH, 2 ** (fitting.bit_length() - 1))
    if epochs is None:
        fewest = DEFAULT_EPOCHS_DAMPED if damped else DEFAULT_EPOCHS
        epochs = max(fewest, -(-DEFAULT_UPDATES // -(-name_count // batch_size)))
    return replace(training, batch_size=batch_size, epochs=epochs)


def _too_wide(training: TrainingSettings, network: NetworkSettings) -> bool:
    """Whether the default rate would be too high; gates take it well at every width."""
    network = network.plain
    default = (
        training.optimizer == "adam" and training.learning_rate is None and not training.lr_steps
    )
    recurrent = network.architecture in (None, "rnn")
    return (
        default
        and recurrent
        and network.cell == "simple_rnn"
        and max(network.hidden or ()) > WIDTH_OF_DEFAULT
    )
