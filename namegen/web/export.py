"""Export models as a web page or a JavaScript module.

The page is a single file that works wherever a browser opens it. It contains the parameters and the metadata of each
model, the arithmetic in plain JavaScript, and the style. It makes no network requests, and its Content-Security-Policy
forbids them.

A module contains the engine of the page, and is the same for every model. Its ``load`` function reads the data, which
is in a second file. A third file contains the types for TypeScript. The guides ``web-page.md`` and ``javascript.md`` in
``docs/guides`` explain how to use them, and ``docs/reference/file-formats.md`` describes the format of the data.

    PageModel ─► describe ─► JSON ─┬────────────────────────► names.json
    page.html, page.css, *.js ─────┴─► page ─► write_page
    the page's engine, options.js, module.js ────────────────► names.mjs
    module.d.mts, which docs/tools/make_module_types.py wrote ─► names.d.mts
"""

from __future__ import annotations

import json
import os
import re
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from namegen import __version__
from namegen.backends.opening import check_export, logits_of
from namegen.core.checkpoint import tensor_file
from namegen.core.checkpoint.checkpoint import read_model
from namegen.core.checkpoint.metadata import bytes_to_text
from namegen.core.data.list_formats import PASTED
from namegen.core.data.profanity import FNV_START, MAX_STRETCH, profanity_credit, read_hashes
from namegen.core.network.architecture import exportable
from namegen.documents import to_plain
from namegen.errors import OutputError, short
from namegen.files import check_output, is_folder, write_whole
from namegen.models import BASE, shipped_path
from namegen.web.arithmetic import OPERATIONS, PageNetwork
from namegen.web.description import PageDescription, PageModel, describe, distinct_labels

# In bytes. A phone opens a page of this size within seconds, and mail servers accept it.
MAX_PAGE = 20_000_000
# The maximum number of models that a page's title lists.
MOST_TITLES = 3
# The scripts of the engine, which pages and modules share.
ENGINE = (
    "options.js",
    "network.js",
    "base85.js",
    "normalizer.js",
    "blake2b.js",
    "known_names.js",
    "profanity.js",
    "ngram_set.js",
    "scoring.js",
    "patterns.js",
    "listed_companies.js",
    "letter_case.js",
    "labels.js",
    "prefix.js",
    "name_source.js",
    "model.js",
    "blend.js",
    "random_numbers.js",
    "constraints.js",
    "messages.js",
    "search.js",
    "data.js",
)
# The scripts with which a page learns from a list.
LEARNING = (
    "learning/prefix_tree.js",
    "learning/gru.js",
    "learning/adam.js",
    "learning/base_model.js",
    "learning/list.js",
    "learning/sets.js",
    "learning/learn.js",
    "learning/model_file.js",
)
# The other scripts of a page.
SCRIPTS = (
    "dom.js",
    "models.js",
    "people.js",
    "settings.js",
    "model_menu.js",
    "form.js",
    "favorites.js",
    "watch.js",
    "facts.js",
    "learning/own_models.js",
    "page.js",
)
# The other scripts of a module.
MODULE_SCRIPTS = ("good_names.js", "module.js")
# The format of a module's data.
FORMAT = "namegen-names"
FORMAT_VERSION = 16
# The doc comment of a function or class, on separate lines.
DOC_COMMENT = re.compile(r"^ */\*\*(?:(?!\*/).)*\*/\n", re.MULTILINE | re.DOTALL)
_FOLDER = Path(__file__).parent


# --- the page ---------------------------------------------------------------------------------------------------------


def write_page(
    models: Sequence[PageModel], out: Path | str, *, force: bool = False, learns: bool = False
) -> int:
    """Write a web page with one or more models.

    If writing fails, the file keeps its previous content.

    Args:
        models: at least one model. The page shows the first one when it opens.
        out: the file to write.
        force: replace an existing file.
        learns: add the base model, so that readers can learn from their own names. It takes 1.2 MB.

    Returns:
        The size of the page in bytes.

    Raises:
        OutputError: the file exists, is a folder or can't be written; or the page would be too large, or can't compute
            a model's cell.
        CheckpointError: Python doesn't compute what the engine computed that trained a model.
    """
    out = check_output(out, example="names.html", force=force)
    return write_whole(out, page(models, learns=learns).encode())


def page(models: Sequence[PageModel], *, learns: bool = False) -> str:
    """Return the HTML of a page with one or more models. If it ``learns``, it contains the base model.

    Raises:
        OutputError: the page would be too large, or can't compute a model's cell.
        CheckpointError: Python doesn't compute what the engine computed that trained a model.
    """
    from jinja2 import ChainableUndefined, Environment
    from markupsafe import Markup

    descriptions = checked_descriptions(models, "a page")
    all_descriptions = [*descriptions, base_description()] if learns else descriptions
    # Many models share a license, so the page contains each text only once.
    notices = list(dict.fromkeys(each.notice for each in all_descriptions if each.notice))
    plain = [to_plain(replace(each, notice="")) for each in all_descriptions]
    title = "Invented names"
    if len(descriptions) <= MOST_TITLES:
        title += f": {', '.join(each.title for each in descriptions)}"

    style = read_part("page.css")
    engine = "\n".join(['"use strict";', engine_text(), *map(_read_script, LEARNING)])
    # One function contains all other scripts, so that only page.js defines global names.
    scripts = [_read_script(file) for file in SCRIPTS]
    script = "\n".join(['(() => {\n"use strict";', *scripts, "})();"])
    # The template escapes all strings except for Markup.
    environment = Environment(
        autoescape=True,
        undefined=ChainableUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.from_string(read_part("page.html")).render(
        options=request_options(),
        title=title,
        version=__version__,
        style=Markup(style),
        style_hash=_csp_hash(style),
        script=Markup(script),
        script_hash=_csp_hash(script),
        engine=Markup(engine),
        engine_hash=_csp_hash(engine),
        notices=notices,
        learns=learns,
        base=Markup(script_json(plain.pop() if learns else None)),
        data=Markup(script_json(plain)),
    )


def base_description() -> PageDescription:
    """Describe the base model, from which the page fine-tunes models."""
    return describe(BASE, PageModel(BASE, read_model(shipped_path(BASE))), BASE)


def _csp_hash(text: str) -> str:
    """Return the hash by which a Content-Security-Policy allows a script or a style."""
    digest = sha256(text.encode()).digest()
    return f"sha256-{b64encode(digest).decode()}"


# --- the module -------------------------------------------------------------------------------------------------------


def write_module(
    models: Sequence[PageModel], out: Path | str, *, force: bool = False
) -> dict[Path, int]:
    """Write a JavaScript module, its models and its TypeScript types to three files in the same folder.

    If writing a file fails, the file keeps its previous content.

    Args:
        models: at least one model. ``load(json)`` returns the first one.
        out: the module's file, such as ``names.mjs``; the models are written to ``names.json``, and the types to
            ``names.d.mts``.
        force: replace existing files.

    Returns:
        The size of each file in bytes, the module first.

    Raises:
        OutputError: a file exists, is a folder or can't be written; or the data would be too large, or the module can't
            compute a model's cell.
        CheckpointError: Python doesn't compute what the engine computed that trained a model.
    """
    out = check_output(out, example="names.mjs", force=force)
    data = data_path(out)
    types = types_path(out)
    if is_folder(data, OutputError):
        raise OutputError(
            f"{short(data)}, for the models of {short(out)}, is a folder: give the module another name"
        )
    check_output(data, example="names.json", force=force)
    if os.path.realpath(out) == os.path.realpath(data):
        raise OutputError(
            f"{short(out)} and {short(data)} are links to one file: give the module another name"
        )
    check_output(types, example="names.d.mts", force=force)
    contents = {
        out: module_text().encode(),
        data: model_data(models).encode(),
        types: read_part("module.d.mts").encode(),
    }
    return {path: write_whole(path, content) for path, content in contents.items()}


def data_path(out: Path) -> Path:
    """Return the file for a module's models: the module's path with the suffix ``.json``.

    >>> data_path(Path("site/names.mjs")).name
    'names.json'
    """
    return out.with_suffix(".json")


def types_path(out: Path) -> Path:
    """Return the file for a module's types, in the place where TypeScript looks for them.

    >>> types_path(Path("site/names.mjs")).name, types_path(Path("site/names.js")).name
    ('names.d.mts', 'names.d.ts')
    """
    return out.with_suffix(".d.mts" if out.suffix == ".mjs" else ".d.ts")


def module_text() -> str:
    """Return the JavaScript of a module: the license, the engine, and the functions for programs to call."""
    head = read_part("module_head.js").replace("VERSION", __version__, 1)
    data_format = f'const FORMAT = "{FORMAT}";\nconst FORMAT_VERSION = {FORMAT_VERSION};\n'
    scripts = [_read_script(file) for file in MODULE_SCRIPTS]
    return "\n".join([head, engine_text(), *scripts, data_format])


def model_data(models: Sequence[PageModel]) -> str:
    """Return the models as the JSON that a module loads, in the form of ``script_json``.

    Raises:
        OutputError: the data would be too large, or the module can't compute a model's cell.
        CheckpointError: Python doesn't compute what the engine computed that trained a model.
    """
    descriptions = checked_descriptions(models, "a module")
    plain = [to_plain(description) for description in descriptions]
    data = {"format": FORMAT, "version": FORMAT_VERSION, "models": plain}
    return script_json(data) + "\n"


# --- what a page and a module have in common --------------------------------------------------------------------------


def checked_descriptions(models: Sequence[PageModel], target: str) -> list[PageDescription]:
    """Describe all models, and check that JavaScript will compute the same logits as Python.

    Args:
        models: the models. Repeated labels and titles are numbered.
        target: how messages call the export, such as ``a page``.

    Raises:
        OutputError: there are no models, they would be too large, or JavaScript can't compute a model's cell.
        CheckpointError: Python doesn't compute what the engine computed that trained a model.
    """
    if not models:
        raise OutputError(f"{target} needs at least one model")
    networks = [exportable(model.checkpoint.network, OPERATIONS, target) for model in models]
    _check_size(models, target)
    labels = distinct_labels(model.label for model in models)
    titles = distinct_labels(model.title or model.label for model in models)
    descriptions = []
    for model, network, label, title in zip(models, networks, labels, titles, strict=True):
        description = describe(label, model, title)
        compute = partial(logits_of, PageNetwork(description, network))
        check_export(model.checkpoint, model.label, target, compute=compute)
        descriptions.append(description)
    return descriptions


def _check_size(models: Sequence[PageModel], target: str) -> None:
    """Reject models that are too large, before they're encoded: a network can have billions of parameters."""
    sizes = []  # estimates in bytes; five characters encode four bytes
    for model in models:
        checkpoint = model.checkpoint
        bytes_per_parameter = 2 if checkpoint.is_half else 4
        parameter_bytes = bytes_per_parameter * checkpoint.network.parameter_count
        name_count = 0 if checkpoint.known_names is None else len(checkpoint.known_names)
        sizes.append(5 * parameter_bytes // 4 + 3 * name_count // 2)
    total = sum(sizes)
    if total <= MAX_PAGE:
        return
    advice = "export a model with narrower layers, or one trained on a shorter list"
    if len(models) > 1:
        largest = max(sizes)
        label = models[sizes.index(largest)].label
        advice = f"remove a model ({label} takes {largest / 1e6:,.1f} MB)"
    raise OutputError(
        f"{target} would have {total / 1e6:,.1f} MB, more than the limit of {MAX_PAGE / 1e6:,.0f} MB: {advice}"
    )


def engine_text() -> str:
    """Return the JavaScript that pages and modules share."""
    scripts = [_read_script(file) for file in ENGINE]
    options = {
        name: {column: value for column, value in option.items() if column != "help"}
        for name, option in request_options().items()
    }
    hashes = [bytes_to_text(np.asarray(values, "<u4").tobytes()) for values in read_hashes()]
    profanity = {"hashes": hashes, "start": FNV_START, "longest": MAX_STRETCH}
    constants = [
        f"const OPTIONS = {script_json(options)};",
        f"const PASTED = {script_json([pattern.pattern for pattern in PASTED.values()])};",
        f"const MODEL_FILE_VERSION = {tensor_file.FORMAT_VERSION};",
        f"/*!\n{profanity_credit()} */",
        f"const PROFANITY = {script_json(profanity)};\n",
    ]
    return "\n".join([*constants, *scripts])


def request_options() -> dict[str, dict[str, Any]]:
    """Return the table of options by their names in JavaScript. ``options.js`` describes its columns."""
    options: dict[str, dict[str, Any]] = json.loads(read_part("options.json"))
    return options


def read_part(file: str) -> str:
    """Read one of the source files of pages and modules."""
    return (_FOLDER / file).read_text(encoding="utf-8")


def _read_script(file: str) -> str:
    """Read a script without its doc comments, which make up a third of it."""
    return DOC_COMMENT.sub("", read_part(file))


def script_json(value: object) -> str:
    r"""Format a value as JSON that a ``<script>`` element can contain: ASCII without ``<``.

    >>> script_json("</script>")
    '"\\u003c/script>"'
    """
    text = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c")
