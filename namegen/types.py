"""The array types that annotations use, with their shapes: ``Float32[Array, "B V"]``.

The letters are explained once, in ``core/README.md``. A type checker reads jaxtyping's own definitions. At run time
jaxtyping is loaded only where it is there already (the tests import it first, and so check the shape of every
argument); everywhere else the annotations cost nothing.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from jaxtyping import (
        Bool,
        Float,
        Float32,
        Float64,
        Int,
        Int8,
        Int32,
        Int64,
        UInt,
        UInt8,
        UInt32,
        UInt64,
    )

    Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]
elif "jaxtyping" in sys.modules:
    from jaxtyping import (
        Bool,
        Float,
        Float32,
        Float64,
        Int,
        Int8,
        Int32,
        Int64,
        UInt,
        UInt8,
        UInt32,
        UInt64,
    )

    Array = np.ndarray
else:
    Array = np.ndarray
    Bool = Float = Float32 = Float64 = Int = Int8 = Int32 = Int64 = UInt = UInt8 = UInt32 = (
        UInt64
    ) = Annotated

__all__ = ["Array", "Bool", "Float", "Float32", "Float64", "Int", "Int8", "Int32", "Int64"]
__all__ += ["UInt", "UInt8", "UInt32", "UInt64"]
