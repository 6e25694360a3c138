"""Functions whose annotations name arrays check their shapes while the tests run; the type checker sees to the rest.

A check takes longer than most of these functions do. So each test checks the first calls of a function, and then few.
"""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Callable
from functools import wraps
from typing import Any

import jaxtyping

MODULES = [
    "namegen.core",
    "namegen.backends",
    "namegen.testing",
    "namegen.web.arithmetic",
    "namegen.faker",
]
FIRST, EVERY = (
    10,
    50,
)  # calls of a function: all of the first are checked, and of the others one in so many

calls: Counter[object] = Counter()  # in this test
_jaxtyped = jaxtyping.jaxtyped


def _sometimes(*, typechecker: Any) -> Callable[[Any], Any]:
    """A decorator in place of jaxtyping's own."""

    def decorate(made: Any) -> Any:
        if "Array" not in str(getattr(made, "__annotations__", "")):
            return made
        checked = _jaxtyped(made, typechecker=typechecker)
        if inspect.isclass(made):
            return checked

        @wraps(made)
        def call(*args: Any, **kwargs: Any) -> Any:
            calls[made] += 1
            check = calls[made] <= FIRST or calls[made] % EVERY == 0
            return (checked if check else made)(*args, **kwargs)

        return call

    return decorate


def install() -> None:
    """Before anything of namegen is imported."""
    jaxtyping.jaxtyped = _sometimes
    jaxtyping.install_import_hook(MODULES, "beartype.beartype")
