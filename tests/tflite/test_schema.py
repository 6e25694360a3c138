"""The numbers of ``schema.py`` and the tables of ``graph.py`` are those of the schema that LiteRT ships."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from pathlib import Path

import numpy as np
import pytest

from namegen.backends.tflite.graph import IDENTIFIER, Op, Options, Type
from tests.tflite.conftest import CELLS

Exported = Callable[..., Path]


@pytest.mark.parametrize(("ours", "theirs"), [(Op, "BuiltinOperator"), (Type, "TensorType")])
def test_numbers(ours: type[IntEnum], theirs: str) -> None:
    from ai_edge_litert import schema_py_generated as schema

    names = vars(getattr(schema, theirs))
    assert {one.name: names[one.name] for one in ours} == {one.name: one.value for one in ours}


def test_tables_of_options() -> None:
    from ai_edge_litert import schema_py_generated as schema

    names = vars(schema.BuiltinOptions)
    for one in Options:
        assert names["".join(map(str.capitalize, one.name.split("_"))) + "Options"] == one.value


@pytest.mark.parametrize("quantize", ["none", "float16", "int8"])
@pytest.mark.parametrize("cell", CELLS)
def test_every_field_that_is_written_is_read_again(cell: str, quantize: str, exported: Exported) -> None:
    """By LiteRT's own reading of the tables, whose fields have names."""
    from ai_edge_litert import schema_py_generated as schema

    content = exported(cell, quantize).read_bytes()
    assert content[4:8] == IDENTIFIER
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(content, 0))
    assert (model.version, model.description) == (3, b"namegen")
    assert [entry.name for entry in model.metadata] == [b"namegen", b"namegen.known_names"]
    graphs = dict(enumerate(model.subgraphs))
    assert [graphs[one.subgraphIndex].name for one in model.signatureDefs] == [b"vocabulary", b"step", b"generate"]
    assert [graph.name for graph in graphs.values()][:3] == [b"generate", b"step", b"vocabulary"]
    for code in model.operatorCodes:
        assert code.deprecatedBuiltinCode == min(code.builtinCode, 127)
    for graph in graphs.values():
        count = len(graph.tensors)
        for operator in graph.operators:
            assert set(operator.outputs) <= set(range(count))
            assert set(operator.inputs) <= set(range(-1, count))
        for tensor in graph.tensors:
            assert tensor.hasRank
            shape = [] if tensor.shape is None else list(tensor.shape)
            signature = shape if tensor.shapeSignature is None else list(tensor.shapeSignature)
            assert [max(size, 1) for size in signature] == shape
            data = model.buffers[tensor.buffer].data
            if data is not None and len(data):
                sizes = {Type.FLOAT32: 4, Type.FLOAT16: 2, Type.INT32: 4, Type.BOOL: 1, Type.INT8: 1}
                assert len(data) == sizes[Type(tensor.type)] * int(np.prod(shape, dtype=int))
            if tensor.quantization is not None:
                assert len(tensor.quantization.scale) == len(tensor.quantization.zeroPoint)
                assert tensor.quantization.quantizedDimension == 0


def test_data_stand_where_the_runtime_may_read_them_in_place(exported: Exported) -> None:
    """At multiples of 16 bytes, as the schema asks."""
    from ai_edge_litert import schema_py_generated as schema

    content = exported("gru", "int8").read_bytes()
    model = schema.Model.GetRootAsModel(content, 0)
    whole, places = np.frombuffer(content, np.uint8), []
    for k in range(model.BuffersLength()):
        if model.Buffers(k).DataLength():
            data = model.Buffers(k).DataAsNumpy()
            places.append(data.__array_interface__["data"][0] - whole.__array_interface__["data"][0])
    assert len(places) > 10
    assert all(place % 16 == 0 for place in places)
