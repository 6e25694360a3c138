"""What namegen uses of the public schema of ``.tflite`` files: numbers of operators, of types, and of tables' fields.

They never change their meaning: a newer schema only adds to them. ``tests/tflite/test_schema.py`` holds each against
the schema that LiteRT ships.
"""

from __future__ import annotations

from enum import IntEnum

IDENTIFIER = b"TFL3"
VERSION = 3


class Type(IntEnum):
    """Of a tensor's numbers."""

    FLOAT32 = 0
    FLOAT16 = 1
    INT32 = 2
    BOOL = 6
    INT8 = 9


class Op(IntEnum):
    """Operators that LiteRT has built in."""

    ADD = 0
    DEQUANTIZE = 6
    FULLY_CONNECTED = 9
    LOGISTIC = 14
    MUL = 18
    RESHAPE = 22
    SOFTMAX = 25
    TANH = 28
    GATHER = 36
    TRANSPOSE = 39
    SUB = 41
    DIV = 42
    STRIDED_SLICE = 45
    SPLIT = 49
    CAST = 53
    ARG_MAX = 56
    MINIMUM = 57
    LESS = 58
    GREATER = 61
    LESS_EQUAL = 63
    NOT_EQUAL = 72
    SUM = 74
    SHAPE = 77
    REDUCE_MAX = 82
    PACK = 83
    LOGICAL_AND = 86
    UNPACK = 88
    REDUCE_ANY = 91
    FILL = 94
    WHILE = 119
    SELECT_V2 = 123
    CUMSUM = 128
    DYNAMIC_UPDATE_SLICE = 151


class Options(IntEnum):
    """Tables of an operator's options."""

    FULLY_CONNECTED = 8
    SOFTMAX = 9
    ADD = 11
    MUL = 21
    GATHER = 23
    REDUCER = 27
    SUB = 28
    DIV = 29
    STRIDED_SLICE = 32
    SPLIT = 35
    ARG_MAX = 40
    SHAPE = 55
    PACK = 59
    UNPACK = 64
    WHILE = 93
    CUMSUM = 102
