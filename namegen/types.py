"""Types for annotations of arrays with shapes, such as ``Float32[Array, "B V"]``.

``core/README.md`` explains the letters. Type checkers read the definitions of jaxtyping. At run time, this module uses
jaxtyping only if it's already loaded. The tests load it first, so that they check the shapes of all arguments.
Otherwise, the annotations have no effect and take no time.
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
