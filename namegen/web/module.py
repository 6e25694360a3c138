"""One or more trained models for a JavaScript program: an ES module with the page's engine, and their data beside it.

    page's engine, module.js ─► names.mjs    the same for every model
    PageModel ─► describe ─► JSON ─► names.json              what the module's ``load`` reads

``docs/use/app.md`` says how a program uses them, ``docs/use/web.md`` what is in the data.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from namegen import __version__
from namegen.documents import to_plain
from namegen.errors import OutputError, short
from namegen.files import check_output, is_folder, write_whole
from namegen.web.export import PageModel, checked_descriptions, engine_text, read_part, script_json

FORMAT, FORMAT_VERSION = "namegen-names", 10


def data_path(out: Path) -> Path:
    """Where the models of a module go: beside it, by its name.

    >>> data_path(Path("site/names.mjs")).name
    'names.json'
    """
    return out.with_suffix(".json")


def write_module(models: Sequence[PageModel], out: Path, *, force: bool = False) -> dict[Path, int]:
    """Write a module and, beside it, its models; each of them whole or not at all.

    Args:
        models: at least one; ``load(json)`` gives the first.
        out: the module's file, such as ``names.mjs``; the models go to ``names.json``.
        force: write over files that exist.

    Returns:
        Each file's bytes, the module first.

    Raises:
        OutputError: a file exists, is a folder, or cannot be written; the data would be too large; or the module lacks
            an operation of a model's cell, or computes something else of it than Python.
        CheckpointError: an engine trained a model that computes something else than the module's formulas.
    """
    check_output(out, example="names.mjs", force=force)
    data = data_path(out)
    if is_folder(data, OutputError):
        raise OutputError(f"{short(data)}, for the models of {short(out)}, is a folder: give the module another name")
    check_output(data, example="names.json", force=force)
    if os.path.realpath(out) == os.path.realpath(data):
        raise OutputError(f"{short(out)} and {short(data)} are links to one file: give the module another name")
    contents = {out: module_text().encode(), data: model_data(models).encode()}
    for path, content in contents.items():
        write_whole(path, content)
    return {path: len(content) for path, content in contents.items()}


def module_text() -> str:
    """The module: the page's engine and what a program calls, with the licence at its head."""
    head = read_part("module_head.js").replace("VERSION", __version__, 1)
    format_of_data = f'const FORMAT = "{FORMAT}";\nconst FORMAT_VERSION = {FORMAT_VERSION};\n'
    return "\n".join((head, engine_text(), read_part("module.js"), format_of_data))


def model_data(models: Sequence[PageModel]) -> str:
    """The models as JSON, in ASCII and without any ``<``: it may stand in a page as it is.

    Raises:
        OutputError: too large, or the module would compute something else of a model than Python.
        CheckpointError: see ``write_module``.
    """
    described = list(map(to_plain, checked_descriptions(models, "a module")))
    return script_json({"format": FORMAT, "version": FORMAT_VERSION, "models": described}) + "\n"
