"""How long the attacks last: a few tries with every test, more on every landing, an hour with ``make fuzz``."""

from __future__ import annotations

import os

VARIABLE = "NAMEGEN_HARM"


def tries(*, few: int, landing: int, hour: int) -> int:
    """How many times something is tried, by the environment variable NAMEGEN_HARM.

    Args:
        few: in ``make test``, where nothing is set; all attacks together take at most 20 seconds there.
        landing: in ``make harm``, which continuous integration runs: at most two minutes.
        hour: in ``make fuzz``.

    Raises:
        ValueError: NAMEGEN_HARM is none of these three words.
    """
    counts = {"few": few, "landing": landing, "hour": hour}
    wanted = os.environ.get(VARIABLE, "few")
    if wanted not in counts:
        raise ValueError(f"{VARIABLE} is {wanted!r}: expected one of {', '.join(counts)}")
    return counts[wanted]
