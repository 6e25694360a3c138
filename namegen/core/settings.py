"""What a training is told, with its defaults: frozen dataclasses, each checked as it is made, together a ``Recipe``.

``namegen.config`` reads them from TOML, the command line from its options; core never sees where they came from.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from namegen.errors import SettingsError, setting, shown

CELLS = ("simple_rnn", "gru", "lstm")
INITIALISERS = ("glorot", "normal", "uniform", "xavier")
OPTIMIZERS = ("sgd", "momentum", "rmsprop", "adam")
SCHEDULES = ("constant", "steps", "one-cycle")
SPLITS = ("unique", "names")
REPEATS = ("kept", "damped")
SAMENESSES = ("names", "companies")
LETTER_CASES = ("as-learned", "title", "upper", "lower")
CRITERIA = ("loss", "accuracy")
DROPS = ("drop_recurrent", "drop_between", "drop_output")
EFFORTS = ("quick", "standard", "best")
MOST_NAMES = 1_000_000_000  # that anybody may ask for at a time
COUNTING = "counting"  # the teacher that counts

PLAIN_CELL, PLAIN_HIDDEN = "simple_rnn", (32, 32)

# The rate at the peak of the default schedule. Adam's was the best of 0.01, 0.015, 0.02 and 0.03 for the default
# network, and resolve_training lowers it for wider ones; the others are those that the
# original used, or the usual ones.
DEFAULT_LEARNING_RATES = {"sgd": 0.5, "momentum": 0.5, "rmsprop": 0.005, "adam": 0.015}
# With all repeats, 80 epochs fall 0.3 points short on last names; with damped ones there is less to learn by heart,
# and more epochs only lead away from what holds for new names.
DEFAULT_EPOCHS, DEFAULT_EPOCHS_DAMPED, DEFAULT_UPDATES = 120, 40, 3_000
LARGEST_DEFAULT_BATCH, SMALLEST_DEFAULT_BATCH = 128, 16
BATCHES_OF_A_SMALL_LIST = 40
WIDTH_OF_DEFAULT = 32  # the layers that the default learning rate was chosen for

DEFAULT_VALIDATION = 0.1

WHERE_NAMES_STAND = ("names", "column", "label_column")

SEEDS: tuple[Callable[[int], bool], str] = (lambda v: 0 <= v < 2**63, "a whole number from 0 to 2**63 - 1")


@dataclass(frozen=True)
class DataSettings:
    """Which list is read and how a part of it is held out.

    ``names``: a bundled list's name, a path, or ``-`` for standard input. ``column``: the column of a table.
    ``label_column``: the one with a label for each name, such as its origin; empty: none, of a bundled list either.
    ``validation``: the share that is held out to choose by, 0 for none; None: a tenth, and of a short list none
    (``core/training/effort.py``). ``test``: the share that is held out beside it and that nothing is chosen by.
    ``split``: ``unique`` (no name on both sides) or ``names`` (as the original did it: a name that repeats may stand on
    both sides). ``split_seed``: another one holds out other names. ``repeats``: whether training reads a name as often
    as it stands in the list, or about the square root as often (``core/data/batching.py``).
    ``sameness``: when two names count as one: with ``companies`` their legal forms do not count
    (``core/data/sameness.py``).
    """

    names: str = "mlb-first"
    column: str | None = None
    label_column: str | None = None  # None: as the bundled list has it, else none
    max_name_length: int = 1000
    validation: float | None = None  # None: by the effort and the length of the list, see held_out
    test: float = 0.0
    split: str = "unique"
    split_seed: int | None = None  # None: the training's seed
    repeats: str | None = None  # None: damped with the split unique, kept with names
    sameness: str | None = None  # None: the list's own: companies of the bundled list companies, names of any other

    def __post_init__(self) -> None:
        check(self, "max_name_length", lambda v: v >= 1, "a whole number of at least 1")
        check(self, "validation", lambda v: 0 <= v <= 0.9, "a share from 0 to 0.9")
        check(self, "test", lambda v: 0 <= v <= 0.9, "a share from 0 to 0.9")
        if self.held_out + self.test > 0.9:
            raise SettingsError(
                f"{setting('validation')} and {setting('test')} together are {self.held_out + self.test:g}: expected "
                "at most 0.9, so that something is left to train on"
            )
        check_choice(self, "split", SPLITS)
        check(self, "split_seed", *SEEDS)
        check(self, "repeats", lambda v: v in REPEATS, f"one of {', '.join(REPEATS)}")
        check(self, "sameness", lambda v: v in SAMENESSES, f"one of {', '.join(SAMENESSES)}")

    @property
    def held_out(self) -> float:
        """The share to choose by; a tenth where nothing was said, and no training has decided otherwise."""
        return DEFAULT_VALIDATION if self.validation is None else self.validation

    @property
    def identity(self) -> dict[str, str | int | float | bool | None]:
        """What decides, with the list itself, what training reads: all but where the list lies and what counts as new
        beside it.
        """
        return {name: value for name, value in asdict(self).items() if name not in (*WHERE_NAMES_STAND, "sameness")}

    @property
    def damps_repeats(self) -> bool:
        """Whether training reads a common name less often than it stands in the list."""
        return self.repeats == "damped" or (self.repeats is None and self.split == "unique")


@dataclass(frozen=True)
class NetworkSettings:
    """The network apart from its vocabulary: the recurrent cell, the width of each layer, the initial values.

    ``architecture``: the kind of network. ``options``: settings that an architecture of a third party has beside these;
    namegen's own, ``rnn``, has none.
    """

    architecture: str | None = None  # None: the first that the engine trains; of ours, rnn
    cell: str | None = None  # None: by the effort; plain: simple_rnn
    hidden: tuple[int, ...] | None = None  # None: by the effort; plain: 32, 32
    init: str = "glorot"
    options: Mapping[str, int | float | str | bool] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        check(self, "architecture", lambda v: v != "", "the name of an architecture, such as rnn")
        check(self, "cell", lambda v: v in CELLS, f"one of {', '.join(CELLS)}")
        check_choice(self, "init", INITIALISERS)
        check(
            self,
            "hidden",
            lambda widths: 1 <= len(widths) <= 16 and all(1 <= w <= 4096 for w in widths),
            "1 to 16 widths, each from 1 to 4096",
        )

    @property
    def plain(self) -> NetworkSettings:
        """The same; what nothing was said of is as in the original project's network.

        >>> NetworkSettings(hidden=(8,)).plain.cell
        'simple_rnn'
        """
        return replace(self, cell=self.cell or PLAIN_CELL, hidden=self.hidden or PLAIN_HIDDEN)


@dataclass(frozen=True)
class TrainingSettings:
    """How a network is trained. ``None`` means: by the rule in the field's line.

    ``effort``: ``quick`` trains the network asked for as the original project did, in seconds; ``standard`` chooses
    what nothing was said of by the size of the list (``core/training/effort.py``); ``best`` lets several networks and
    counting teach one (``core/teaching/``), in minutes.

    ``rate_steps`` belongs to the schedule ``steps``: pairs of (first epoch, learning rate), epochs counted from 0.
    ``momentum`` belongs to the optimizer of that name, ``warmup`` (the share of all steps in which the rate rises) to
    the schedule ``one-cycle``. ``drop_*``: the share of what each step leaves out, at random and anew each time
    (``core/training/trainer.py``). ``label_smoothing``: the share of each target that counting gives
    (``core/teaching/lesson.py``).
    """

    effort: str = "standard"
    epochs: int | None = None  # None: 120 (40 with damped repeats), or as many as 3,000 updates take if that is more
    batch_size: int | None = None  # None: 128, smaller for small lists
    optimizer: str = "adam"
    learning_rate: float | None = None  # None: DEFAULT_LEARNING_RATES, less for wide plain layers
    momentum: float = 0.9
    clip_norm: float | None = None  # None: no clipping
    schedule: str = "one-cycle"
    warmup: float = 0.2
    rate_steps: tuple[tuple[int, float], ...] = ()
    through_time: bool = True
    drop_recurrent: float | None = None  # single weights of each recurrent kernel (Merity, Keskar and Socher, 2018)
    drop_between: float | None = None  # units between recurrent layers
    drop_output: float | None = None  # units before the output; None, of all three: by the effort, quick: 0
    label_smoothing: float | None = None  # None: by the effort, quick: 0
    patience: int | None = None  # None: every epoch is trained
    best_by: str = "loss"
    seed: int = 0

    def __post_init__(self) -> None:
        positive, count = "a number above 0", "a whole number of at least 1"
        check_choice(self, "effort", EFFORTS)
        check(self, "epochs", lambda v: 1 <= v <= 1_000_000, "a whole number from 1 to 1,000,000")
        check(self, "batch_size", lambda v: v >= 1, count)
        check_choice(self, "optimizer", OPTIMIZERS)
        check(self, "learning_rate", lambda v: 0 < v < math.inf, positive)
        check(self, "momentum", lambda v: 0 <= v < 1, "a number from 0 to below 1")
        check(self, "clip_norm", lambda v: 0 < v < math.inf, positive)
        check_choice(self, "schedule", SCHEDULES)
        check(self, "warmup", lambda v: 0 <= v <= 1, "a share from 0 to 1")
        check(
            self,
            "rate_steps",
            lambda steps: (
                all(0 < rate < math.inf for _, rate in steps)
                and all(a < b for (a, _), (b, _) in itertools.pairwise(steps))
                and (not steps or steps[0][0] == 0)
            ),
            "pairs of epoch and rate, with rising epochs from 0 on and rates above 0",
        )
        if (self.schedule == "steps") != bool(self.rate_steps):
            raise SettingsError(
                f"the schedule is {self.schedule}, with {len(self.rate_steps)} rate steps: give "
                f"{setting('rate_steps')} together with the schedule steps, and only with it"
            )
        for name in DROPS:
            check(self, name, lambda v: 0 <= v <= 0.9, "a share from 0 to 0.9")
        check(self, "label_smoothing", lambda v: 0 <= v <= 1, "a share from 0 to 1")
        check(self, "patience", lambda v: v >= 1, count)
        check_choice(self, "best_by", CRITERIA)
        check(self, "seed", *SEEDS)

    @property
    def plain(self) -> TrainingSettings:
        """The same; what nothing was said of is neither dropped nor smoothed.

        >>> TrainingSettings(drop_output=0.1).plain.drop_recurrent
        0.0
        """
        nothing: dict[str, Any] = {name: 0.0 for name in (*DROPS, "label_smoothing") if getattr(self, name) is None}
        return replace(self, **nothing)

    @property
    def peak_learning_rate(self) -> float:
        """The learning rate given, or else the optimizer's own default."""
        return DEFAULT_LEARNING_RATES[self.optimizer] if self.learning_rate is None else self.learning_rate

    @property
    def without_effect(self) -> dict[str, str]:
        """The fields that change nothing beside the others, each with the reason.

        >>> TrainingSettings(optimizer="momentum").without_effect
        {}
        >>> TrainingSettings(schedule="constant").without_effect["warmup"]
        'the schedule is constant, not one-cycle'
        """
        found = {}
        if self.optimizer != "momentum":
            found["momentum"] = f"the optimizer is {self.optimizer}, not momentum"
        if self.schedule != "one-cycle":
            found["warmup"] = f"the schedule is {self.schedule}, not one-cycle"
        if self.schedule == "steps":
            found["learning_rate"] = "the schedule is steps, and its rates are those of rate_steps"
        return found


@dataclass(frozen=True)
class TeachingSettings:
    """Who teaches a network. ``teachers``: trained models, by path or name, and ``counting``; none: it learns from the
    list alone, or with the effort ``best`` from teachers that are trained for it. ``drawn``: how many names they draw.
    """

    teachers: tuple[str, ...] = ()
    drawn: int | None = None  # None: by the effort

    def __post_init__(self) -> None:
        check(
            self,
            "teachers",
            lambda v: all(v) and len(set(v)) == len(v) <= 100,
            f"up to 100 models, each once, or {COUNTING}",
        )
        check(self, "drawn", lambda v: 1 <= v <= 100_000_000, "a whole number from 1 to 100,000,000")


@dataclass(frozen=True)
class Recipe:
    """All that decides what a training learns, beside the list itself: what is read, which network, how it is trained,
    who teaches it.

    >>> recipe = Recipe(network=NetworkSettings(hidden=(128,))).resolved(name_count=3_000)
    >>> recipe.training.batch_size, recipe.training.epochs, recipe.training.peak_learning_rate
    (64, 64, 0.0075)
    """

    data: DataSettings = field(default_factory=DataSettings)
    network: NetworkSettings = field(default_factory=NetworkSettings)
    training: TrainingSettings = field(default_factory=TrainingSettings)
    teaching: TeachingSettings = field(default_factory=TeachingSettings)

    @property
    def taught(self) -> bool:
        """Whether teachers say what is to be learned."""
        return bool(self.teaching.teachers)

    @property
    def without_effect(self) -> dict[str, str]:
        """The settings that change nothing beside the others, by table and name, each with the reason.

        >>> Recipe(DataSettings(validation=0.0)).without_effect["training.best_by"]
        'there are no held-out names, and the training loss decides'
        """
        found = {f"training.{name}": reason for name, reason in self.training.without_effect.items()}
        if self.data.validation == 0:
            found["training.best_by"] = "there are no held-out names, and the training loss decides"
            teachers = self.taught or self.training.effort == "best"  # whose names are split once more
            if self.data.test == 0 and not teachers:
                found["data.split_seed"] = "no names are held out"
                if self.data.repeats is not None:  # else the split decides those
                    found["data.split"] = "no names are held out, and repeats are decided already"
        return found

    def resolved(self, *, name_count: int) -> Recipe:
        """The same with everything filled in that depends on the list and the network.

        Args:
            name_count: how many names an epoch reads.
        """
        return replace(
            self, training=resolve_training(self.training, name_count, self.network, damped=self.data.damps_repeats)
        )


def resolve_training(
    training: TrainingSettings, name_count: int, network: NetworkSettings | None = None, *, damped: bool = False
) -> TrainingSettings:
    """Fill in what depends on the list and the network: the learning rate, the batch size, then the epochs.

    Adam's default rate is for plain layers of 32; for wider ones it falls with the square root of their width.

    Batches of 128 names, smaller (a power of two, at least 16) where an epoch would have fewer than 40 of them; as
    many steps as 120 epochs (40 where repeats are damped) or 3,000 updates have, whichever is more.
    """
    batch_size, epochs = training.batch_size, training.epochs
    if network is not None and _too_wide(training, network):
        widest = max(network.hidden or PLAIN_HIDDEN)
        training = replace(training, learning_rate=training.peak_learning_rate * math.sqrt(WIDTH_OF_DEFAULT / widest))
    if batch_size is None:
        fitting = max(name_count // BATCHES_OF_A_SMALL_LIST, SMALLEST_DEFAULT_BATCH)
        batch_size = min(LARGEST_DEFAULT_BATCH, 2 ** (fitting.bit_length() - 1))
    if epochs is None:
        epochs = max(
            DEFAULT_EPOCHS_DAMPED if damped else DEFAULT_EPOCHS, -(-DEFAULT_UPDATES // -(-name_count // batch_size))
        )
    return replace(training, batch_size=batch_size, epochs=epochs)


def _too_wide(training: TrainingSettings, network: NetworkSettings) -> bool:
    """Whether the default rate would be too high; gates take it well at every width."""
    network = network.plain
    default = training.optimizer == "adam" and training.learning_rate is None and not training.rate_steps
    recurrent = network.architecture in (None, "rnn")
    return default and recurrent and network.cell == "simple_rnn" and max(network.hidden or ()) > WIDTH_OF_DEFAULT


def check(settings: object, field: str, holds: Callable[[Any], bool], expected: str) -> None:
    """Raise SettingsError unless the field is None or satisfies ``holds``."""
    value = getattr(settings, field)
    if value is not None and not holds(value):
        raise SettingsError(f"{setting(field)} is {shown(value)}: expected {expected}", field=field)


def check_choice(settings: object, field: str, choices: tuple[str, ...]) -> None:
    """Raise SettingsError unless the field is one of the choices."""
    value = getattr(settings, field)
    if value not in choices:
        raise SettingsError(f"{setting(field)} is {shown(value)}: expected one of {', '.join(choices)}", field=field)
