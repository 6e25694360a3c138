"""Imports LiteRT: its interpreter, and the schema of ``.tflite`` files that it contains.

All other files in this folder import LiteRT from here, so that the error explains how to install it.
"""

from __future__ import annotations

from namegen.errors import EngineError, missing_library

try:
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema
    from ai_edge_litert.interpreter import Interpreter
except ModuleNotFoundError as error:
    raise EngineError(missing_library("a .tflite", error.name, "tflite")) from error

__all__ = ["Interpreter", "flatbuffers", "schema"]
