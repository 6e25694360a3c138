"""Room: arrays that live as long as what works in them, so that no step waits for fresh memory."""

from __future__ import annotations

import math

import numpy as np

from namegen.types import Array


class Room:
    """Gives arrays by name. The next one of a name takes the place of the last, whose numbers are then lost.

    Memory that a program gets anew has to be cleared by the system first, page by page, which takes longer than to
    compute what goes there; and what was just used is still in the processor's cache.

    Args:
        dtype: of all of them.

    >>> room = Room("float32")
    >>> first, second = room.get("h", 2, 3), room.get("h", 1, 4)
    >>> second.shape, np.shares_memory(first, second)
    ((1, 4), True)
    """

    def __init__(self, dtype: np.dtype | str) -> None:
        self._dtype = dtype
        self._flat: dict[str, Array] = {}

    def get(self, name: str, *shape: int) -> Array:
        """An array of that shape, whole in memory, holding anything."""
        size = math.prod(shape)
        flat = self._flat.get(name)
        if flat is None or len(flat) < size:
            flat = self._flat[name] = np.empty(size + size // 4, self._dtype)
        return flat[:size].reshape(shape)
