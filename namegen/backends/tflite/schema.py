"""The numbers that the .tflite schema gives to types, operators and fields, as far as namegen writes them.

Source: ``schema.fbs`` of LiteRT (https://github.com/google-ai-edge/LiteRT). New versions of the
schema only add numbers. ``tests/tflite/test_flatbuffer.py`` compares them with the schema in the LiteRT package.
"""

from __future__ import annotations

from enum import Enum, IntEnum


class Type(IntEnum):
    """The type of a tensor's numbers."""

    FLOAT32 = 0
    FLOAT16 = 1
    INT32 = 2
    BOOL = 6
    INT8 = 9


class Op(Enum):
    """LiteRT's built-in operators: the number of each, and the number of its options table if it has one."""

    ADD = 0, 11
    DEQUANTIZE = 6
    FULLY_CONNECTED = 9, 8
    LOGISTIC = 14
    MUL = 18, 21
    RESHAPE = 22
    SOFTMAX = 25, 9
    TANH = 28
    GATHER = 36, 23
    TRANSPOSE = 39
    SUB = 41, 28
    DIV = 42, 29
    STRIDED_SLICE = 45, 32
    EXP = 47
    SPLIT = 49, 35
    CAST = 53
    ARG_MAX = 56, 40
    MINIMUM = 57
    LESS = 58
    GREATER = 61
    LESS_EQUAL = 63
    NOT_EQUAL = 72
    LOG = 73
    SUM = 74, 27
    SHAPE = 77, 55
    REDUCE_MAX = 82, 27
    PACK = 83, 59
    LOGICAL_AND = 86
    UNPACK = 88, 64
    REDUCE_ANY = 91, 27
    FILL = 94
    ABS = 101
    WHILE = 119, 93
    SELECT_V2 = 123
    CUMSUM = 128, 102
    DYNAMIC_UPDATE_SLICE = 151

    def __init__(self, number: int, options: int | None = None) -> None:
        self.number = number
        self.options = options


# Fields of the file's tables. A class has the name of its table in the schema.


class Model:
    """The root table."""

    VERSION = 0
    OPERATOR_CODES = 1
    SUBGRAPHS = 2
    DESCRIPTION = 3
    BUFFERS = 4
    METADATA = 6
    SIGNATURE_DEFS = 7


class OperatorCode:
    """An operator in a certain version."""

    DEPRECATED_BUILTIN_CODE = 0
    VERSION = 2
    BUILTIN_CODE = 3


class SubGraph:
    """A subgraph."""

    TENSORS = 0
    INPUTS = 1
    OUTPUTS = 2
    OPERATORS = 3
    NAME = 4


class Tensor:
    """A tensor of a subgraph."""

    SHAPE = 0
    TYPE = 1
    BUFFER = 2
    NAME = 3
    QUANTIZATION = 4
    SHAPE_SIGNATURE = 7
    HAS_RANK = 8


class QuantizationParameters:
    """The scales of a tensor."""

    SCALE = 2
    ZERO_POINT = 3


class Operator:
    """An operator of a subgraph."""

    OPCODE_INDEX = 0
    INPUTS = 1
    OUTPUTS = 2
    BUILTIN_OPTIONS_TYPE = 3
    BUILTIN_OPTIONS = 4


class Buffer:
    """The bytes of a tensor or a metadata entry."""

    DATA = 0


class Metadata:
    """A metadata entry."""

    NAME = 0
    BUFFER = 1


class SignatureDef:
    """A subgraph that programs can call by name."""

    INPUTS = 0
    OUTPUTS = 1
    SIGNATURE_KEY = 2
    SUBGRAPH_INDEX = 4


class TensorMap:
    """The name of an input or output of a signature."""

    NAME = 0
    TENSOR_INDEX = 1


# Fields of the operators' options.


class ArgMaxOptions:
    """Options of ARG_MAX."""

    OUTPUT_TYPE = 0


class FullyConnectedOptions:
    """Options of FULLY_CONNECTED."""

    ASYMMETRIC_QUANTIZE_INPUTS = 3


class GatherOptions:
    """Options of GATHER."""

    AXIS = 0
    BATCH_DIMS = 1


class PackOptions:
    """Options of PACK."""

    VALUES_COUNT = 0


class ReducerOptions:
    """Options of REDUCE_MAX."""

    KEEP_DIMS = 0


class ShapeOptions:
    """Options of SHAPE."""

    OUT_TYPE = 0


class SoftmaxOptions:
    """Options of SOFTMAX."""

    BETA = 0


class SplitOptions:
    """Options of SPLIT."""

    NUM_SPLITS = 0


class StridedSliceOptions:
    """Options of STRIDED_SLICE."""

    BEGIN_MASK = 0
    END_MASK = 1


class UnpackOptions:
    """Options of UNPACK."""

    NUM = 0


class WhileOptions:
    """Options of WHILE."""

    COND_SUBGRAPH_INDEX = 0
    BODY_SUBGRAPH_INDEX = 1
