"""One or more trained models as a single web page that works wherever a browser opens it, or as a JavaScript module.

The page contains everything: the parameters of each model, its metadata, the arithmetic in plain JavaScript,
the style. It makes no network requests, and its Content-Security-Policy forbids them. A module is the page's engine,
the same for every model; its ``load`` reads the data, which are in a second file. ``docs/guides/web-page.md`` describes the
page and the format of its data, ``docs/guides/javascript.md`` how a program uses a module.

    PageModel ─► describe ─► JSON ─┬────────────────► names.json
    page.html, page.css, *.js ─────┴─► page ─► write_page
    the page's engine, module.js ────────────────────► names.mjs
"""

from __future__ import annotations

import json
import os
import unicodedata
from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path

import numpy as np

from namegen import __version__
from namegen.backends.opening import check_export, logits_of
from namegen.constraints import claimed_beginnings
from namegen.core.checkpoint.checkpoint import Checkpoint
from namegen.core.checkpoint.metadata import MetadataDocument, bytes_to_text
from namegen.core.data.normalization import REMOVAL, SEPARATORS, usual_spellings
from namegen.core.data.profanity import FNV_START, MAX_STRETCH, profanity_credit, read_hashes
from namegen.core.generation.family_forms import FEMALE_ENDINGS
from namegen.core.network.architecture import exportable
from namegen.documents import schema, to_plain
from namegen.errors import OutputError, short
from namegen.files import check_output, is_folder, write_whole
from namegen.lists import BUNDLED, credit_of
from namegen.web.arithmetic import OPERATIONS, PageDescription, PageNetwork

MAX_PAGE = 20_000_000  # bytes, of a module's data too; a phone opens as much within seconds, and mail takes it
# These need no page: a module is made of them.
ENGINE = (
    "network.js",
    "rice_code.js",
    "seen.js",
    "scoring.js",
    "companies.js",
    "names.js",
    "search.js",
    "data.js",
)
SCRIPTS = ("people.js", "form.js", "watch.js", "page.js")
FORMAT, FORMAT_VERSION = "namegen-names", 14  # of a module's data
_FOLDER = Path(__file__).parent


@dataclass(frozen=True, eq=False)
class PageModel:
    """A model that goes into a page, or to a module.

    Attributes:
        label: its name, in the page's address.
        checkpoint: the model itself.
        credit: whom its list comes from and under which licence; None: what is known of bundled lists.
        title: what readers see; "" for the label.
        notice: the text of that licence, which goes wherever the model goes; None: that of bundled lists.
    """

    label: str
    checkpoint: Checkpoint
    credit: str | None = None
    title: str = ""
    notice: str | None = None


def write_page(models: Sequence[PageModel], out: Path | str, *, force: bool = False) -> int:
    """Write a page with the models in it, whole or not at all.

    Args:
        models: at least one; the page opens with the first.
        out: the file to write.
        force: write over a file that exists.

    Returns:
        The size of the page in bytes.

    Raises:
        OutputError: the file exists, is a folder, cannot be written, or would be too large for a page; or the page
            lacks an operation of a model's cell.
    """
    out = check_output(out, example="names.html", force=force)
    return write_whole(out, page(models).encode())


def page(models: Sequence[PageModel]) -> str:
    """The text of a page with the models in it.

    Raises:
        OutputError: it would be too large for a page, the page lacks an architecture or an operation, or
            computes something else of it than Python.
        CheckpointError: an engine trained a model that computes something else than the page's formulas.
    """
    import jinja2
    from markupsafe import Markup

    descriptions = checked_descriptions(models, "a page")
    style = read_part("page.css")
    # One function around all scripts: nothing of them is global but what page.js names.
    script = "\n".join(
        ('(() => {\n"use strict";', engine_text(), *map(read_part, SCRIPTS), "})();")
    )
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, keep_trailing_newline=True
    )
    rendered: str = environment.from_string(read_part("page.html")).render(
        title=f"Invented names: {', '.join(description.title for description in descriptions)}",
        version=__version__,
        style=Markup(style),
        style_hash=_hash(style),
        script=Markup(script),
        script_hash=_hash(script),
        data=Markup(script_json(list(map(to_plain, descriptions)))),
    )
    return rendered


def checked_descriptions(models: Sequence[PageModel], target: str) -> list[PageDescription]:
    """All models as a page holds them, each held against what Python computes of it.

    Args:
        models: each gets a name and a title of its own.
        target: what they go into, as a message calls it: ``a page``.

    Raises:
        OutputError: there are none; they would be too large; there is no such architecture or operation; or they
            give something else than Python.
        CheckpointError: an engine trained a model that computes something else than these formulas.
    """
    if not models:
        raise OutputError(f"{target} holds no model: give one at least")
    networks = [exportable(model.checkpoint.network, OPERATIONS, target) for model in models]
    _check_size(models, target)
    labels = distinct_labels(model.label for model in models)
    titles = distinct_labels(model.title or model.label for model in models)
    descriptions = [
        describe(label, model, title)
        for label, model, title in zip(labels, models, titles, strict=True)
    ]
    for model, description, network in zip(models, descriptions, networks, strict=True):
        check_export(
            model.checkpoint,
            model.label,
            target,
            partial(logits_of, PageNetwork(description, network)),
        )
    return descriptions


def describe(label: str, model: PageModel, title: str) -> PageDescription:
    """One model as a page holds it."""
    checkpoint = model.checkpoint
    training, characters = checkpoint.training, checkpoint.vocabulary.characters
    removal, folding = normalization_tables(characters)
    cell = exportable(checkpoint.network, OPERATIONS, "a page").cell_class
    credit = credit_of(training) if model.credit is None else model.credit
    notices = dict.fromkeys(
        one.licence_text for one in BUNDLED.values() if one.attribution in credit
    )
    half = checkpoint.is_half
    return PageDescription(
        name=label,
        title=title,
        credit=credit,
        notice="\n".join(notices) if model.notice is None else model.notice,
        spaces="".join(filter(str.isspace, characters)),
        separators="".join(one for one in characters if one.isspace() or one in SEPARATORS),
        removal=removal,
        folding=folding,
        claimed="\n".join(claimed_beginnings(training.get("list", ""))),
        spellings=usual_spellings() if checkpoint.endings else (),
        forms=FEMALE_ENDINGS if training.get("list") == "world-family" else {},
        cell=cell.title,
        formula=cell.formula,
        tensors={
            name: bytes_to_text(np.asarray(values, "<f2" if half else "<f4").tobytes())
            for name, values in checkpoint.parameters.items()
        },
        half=half,
        metadata=checkpoint.to_export().to_plain(),
    )


def normalization_tables(characters: str) -> tuple[dict[str, str], dict[str, str]]:
    """What ``core/data/normalization.py`` removes and folds, for all that names of these characters can come to.

    JavaScript has no case folding, and a browser may know another version of Unicode. A table for all of Unicode would
    be larger than most models; a model's own alphabet, with all that its characters decompose and fold to, is small.

    Returns:
        Two tables, each with the characters that it changes only: character → what stands for it after removal;
        character → its case folded.

    >>> normalization_tables("Ab-")
    ({'-': ''}, {'A': 'a'})
    """
    removal, folding = {}, {}
    pending, done = set(characters), set[str]()
    while pending:
        character = pending.pop()
        done.add(character)
        removed, folded = character.translate(REMOVAL), character.casefold()
        if removed != character:
            removal[character] = removed
        if folded != character:
            folding[character] = folded
        forms = {unicodedata.normalize(form, character) for form in ("NFC", "NFD", "NFKC", "NFKD")}
        pending |= set("".join((removed, folded, *forms))) - done
    return dict(sorted(removal.items())), dict(sorted(folding.items()))


def script_json(value: object) -> str:
    r"""JSON that may stand inside a ``<script>`` element: no ``<``, and nothing beyond ASCII.

    >>> script_json("</script>")
    '"\\u003c/script>"'
    """
    return json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":")).replace(
        "<", "\\u003c"
    )


def distinct_labels(labels: Iterable[str]) -> list[str]:
    """The labels, numbered where one repeats, and without half characters, which no page can hold.

    >>> distinct_labels(["a", "b", "a"])
    ['a', 'b', 'a (2)']
    """
    taken: list[str] = []
    for label in labels:
        clean = label.encode("utf-8", "replace").decode() or "model"
        number, candidate = 1, clean
        while candidate in taken:
            number += 1
            candidate = f"{clean} ({number})"
        taken.append(candidate)
    return taken


def _check_size(models: Sequence[PageModel], target: str) -> None:
    """Refuse what is too large before it is built: a network can have billions of parameters."""
    sizes = [(_embedded_bytes(model), model.label) for model in models]
    total, (largest, label) = sum(size for size, _ in sizes), max(sizes)
    if total <= MAX_PAGE:
        return
    advice = "export a model with narrower layers, or one trained on a shorter list"
    if len(models) > 1:
        advice = f"leave a model out ({label} takes {largest / 1e6:,.1f} MB)"
    limit = f"the {MAX_PAGE / 1e6:,.0f} MB that it can carry"
    raise OutputError(f"{target} would have {total / 1e6:,.1f} MB, more than {limit}: {advice}")


def _embedded_bytes(model: PageModel) -> int:
    """About what a model weighs in a page, whose text has five characters for four bytes."""
    checkpoint = model.checkpoint
    bytes_per_parameter = 2 if checkpoint.is_half else 4
    names = 0 if checkpoint.known_names is None else len(checkpoint.known_names)
    return 5 * bytes_per_parameter * checkpoint.network.parameter_count // 4 + 3 * names // 2


def _hash(text: str) -> str:
    """How a Content-Security-Policy names the one script, and the one style, that it allows."""
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"


def engine_text() -> str:
    """The part that page and module have in common, in JavaScript."""
    schemas = {"model": schema(PageDescription), "metadata": schema(MetadataDocument)}
    hashes = [bytes_to_text(np.asarray(one, "<u4").tobytes()) for one in read_hashes()]
    rude = {"hashes": hashes, "start": FNV_START, "longest": MAX_STRETCH}
    constants = (
        f"const SCHEMAS = {script_json(schemas)};",
        f"/*!\n{profanity_credit()} */",
        f"const PROFANITY = {script_json(rude)};\n",
    )
    return "\n".join((*map(read_part, ENGINE), *constants))


def read_part(file: str) -> str:
    """The text of one of the files that a page or a module is made of."""
    return (_FOLDER / file).read_text(encoding="utf-8")


def data_path(out: Path) -> Path:
    """Where the models of a module go: beside it, by its name.

    >>> data_path(Path("site/names.mjs")).name
    'names.json'
    """
    return out.with_suffix(".json")


def write_module(
    models: Sequence[PageModel], out: Path | str, *, force: bool = False
) -> dict[Path, int]:
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
    out = check_output(out, example="names.mjs", force=force)
    data = data_path(out)
    if is_folder(data, OutputError):
        raise OutputError(
            f"{short(data)}, for the models of {short(out)}, is a folder: give the module another name"
        )
    check_output(data, example="names.json", force=force)
    if os.path.realpath(out) == os.path.realpath(data):
        raise OutputError(
            f"{short(out)} and {short(data)} are links to one file: give the module another name"
        )
    contents = {out: module_text().encode(), data: model_data(models).encode()}
    return {path: write_whole(path, content) for path, content in contents.items()}


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
