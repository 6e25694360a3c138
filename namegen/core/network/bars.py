"""Bars: how likely a new name has to be in order to be offered, by its length and its label."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from namegen.errors import SettingsError, setting
from namegen.types import Array, Float, Float64

SHARES = (0.02, 0.05, 0.1, 0.33, 0.5)  # of the new names, whose bars are kept
EVERY_NAME = 1.0
# Tokens of a name that count half where names are held against each other: if they counted whole, the likeliest names
# would nearly all begin alike.
FIRST = 3


def check_share(share: float) -> None:
    """Raise SettingsError for a share that no bar can be set for."""
    if not (SHARES[0] <= share <= SHARES[-1] or share == EVERY_NAME):
        raise SettingsError(
            f"{setting('choose', f'{share}')}: expected a share of the new names from {SHARES[0]:g} to "
            f"{SHARES[-1]:g}, or 1 for all of them"
        )


@dataclass(frozen=True, eq=False)
class Bars:
    """The bars of a model.

    Attributes:
        table: the merit given the label, in nats, that each of ``SHARES`` of the new names of each length from 1 on
            reaches; ∞ where none is offered. A row for each label, or one for all names. A name's merit is its
            log-probability, of which the first three tokens count half.
        new_names: that they were measured on, all different; 0 where they were read from a file.

    >>> bars = Bars(np.array([[[-2], [-3], [-4], [-5], [-6]]], np.float16))
    >>> bars.at(0.1).tolist(), Bars.read(bars.to_bytes()).at(0.33).tolist()
    ([[inf, -4.0]], [[inf, -5.0]])
    """

    table: Float[Array, "R S L"]
    new_names: int = 0

    def at(self, share: float) -> Float64[Array, "R lengths"]:
        """The bars of a share, by the number of characters, 0 included.

        Raises:
            SettingsError: none is kept for such a share.
        """
        check_share(share)
        above = min(int(np.searchsorted(SHARES, share)), len(SHARES) - 1)
        below = max(above - 1, 0)
        between = math.log(share / SHARES[below]) / math.log(SHARES[above] / SHARES[below]) if above > below else 1.0
        low, high = self.table[:, below].astype(np.float64), self.table[:, above].astype(np.float64)
        with np.errstate(invalid="ignore"):  # of a length that no share has a bar for: ∞ − ∞
            bars = high if between == 1 else np.where(np.isinf(low), low, low + between * (high - low))
        return np.concatenate((np.full((len(bars), 1), np.inf), bars), axis=1)

    def to_bytes(self) -> bytes:
        """How many lengths there are, in two bytes, then the table; the little end first."""
        lengths = np.array(self.table.shape[2], "<u2").tobytes()
        return lengths + self.table.astype("<f2").tobytes()

    @classmethod
    def read(cls, data: bytes) -> Bars:
        """The way back. Raises ValueError for other bytes."""
        lengths = int.from_bytes(data[:2], "little")
        if len(data) < 2 or lengths < 1 or (len(data) - 2) % (2 * len(SHARES) * lengths):
            raise ValueError("the bars are not whole")
        table = np.frombuffer(data, "<f2", offset=2).reshape(-1, len(SHARES), lengths)
        if not len(table) or np.isnan(table).any() or (table[:, :-1] < table[:, 1:]).any():
            raise ValueError("the bars do not fall as the share grows")
        return cls(table)
