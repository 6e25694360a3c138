"""How a search for names tells how far it is, for whoever waits for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

# Called with the names found so far and with what the search has done for them so far, now and then within a batch
# too: names drawn, and once they are searched for without drawing, or where the likeliest are looked for, prefixes
# read. It should take no time.
OnProgress: TypeAlias = Callable[[int, int], None]
