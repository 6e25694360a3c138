"""Check the shapes of arrays in annotated functions while the tests run. The type checker checks everything else.

A check takes longer than most of these functions. So each test checks the first calls of a function and a few others.
"""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Callable
from dataclasses import is_dataclass
from functools import cache, wraps
from typing import Any

import jaxtyping

MODULES = [
    "namegen.core",
    "namegen.backends",
    "namegen.testing",
    "namegen.web.arithmetic",
    "namegen.faker",
]
FIRST = 10  # the first 10 calls of a function are checked
EVERY = 50  # then every 50th call is checked

calls: Counter[object] = (
    Counter()
)  # the number of calls of each function's code in the current test
_jaxtyped = jaxtyping.jaxtyped


def _sometimes(*, typechecker: Any) -> Callable[[Any], Any]:
    """Return a decorator that replaces jaxtyping's and checks only some of the calls."""

    def decorate(unchecked: Any) -> Any:
        if "Array" not in str(getattr(unchecked, "__annotations__", "")):
            return unchecked
        if inspect.isclass(unchecked) and not is_dataclass(unchecked):
            return _jaxtyped(unchecked, typechecker=typechecker)
        if inspect.isclass(unchecked):
            unchecked_init = unchecked.__init__
            checked_class = _jaxtyped(unchecked, typechecker=typechecker)
            checked_init = checked_class.__init__
            checked_class.__init__ = alternate(unchecked_init, lambda: checked_init)
            return checked_class

        # Adding the checks to a function takes milliseconds, so it's done when the first call is checked.
        return alternate(unchecked, cache(lambda: _jaxtyped(unchecked, typechecker=typechecker)))

    return decorate


def alternate(unchecked: Callable[..., Any], checked: Callable[[], Callable[..., Any]]) -> Any:
    """Return a function that calls one of two others.

    A function in another function is created again and again, so all that share their code are counted together.
    """
    code = unchecked.__code__

    @wraps(unchecked)
    def call(*args: Any, **kwargs: Any) -> Any:
        calls[code] += 1
        is_checked = calls[code] <= FIRST or calls[code] % EVERY == 0
        function = checked() if is_checked else unchecked
        return function(*args, **kwargs)

    return call


def install() -> None:
    """Install the checks. This must run before any module of namegen is imported."""
    jaxtyping.jaxtyped = _sometimes
    jaxtyping.install_import_hook(MODULES, "beartype.beartype")
