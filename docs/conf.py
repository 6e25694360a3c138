"""The settings of the site, which ``make site`` builds with Sphinx from docs/ and the documents that it links to.

The source folder is the whole project, so relative links between documents work on the site, in a checkout and on
websites that show repositories. The site doesn't fetch inventories, fonts or scripts from other sites.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.addnodes import pending_xref
from sphinx.ext.napoleon import Config, GoogleDocstring
from sphinx.util.nodes import make_refnode

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment
    from sphinx.writers.html5 import HTML5Translator

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
os.environ.setdefault("OMP_NUM_THREADS", "1")  # as for all plots and numbers of the course
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


class ShortArrayType:
    """Replaces a type of jaxtyping, so that ``Float32[Array, "N V"]`` is shown as ``Float32["N V"]``."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __getitem__(self, parameters: tuple[object, str]) -> type:
        """Return a type that is shown without ``Array``."""
        _, shape = parameters
        shown_type = type(self.name, (), {})
        shown_type.__module__ = "builtins"
        shown_type.__qualname__ = f'{self.name}["{shape}"]'
        return shown_type


# The types have to be replaced before other modules of namegen import them.
import namegen.types  # noqa: E402

DTYPES = [name for name in namegen.types.__all__ if name != "Array"]
for dtype in DTYPES:
    setattr(namegen.types, dtype, ShortArrayType(dtype))

project = "namegen"
author = "The namegen maintainers"
copyright = author
release = version = namegen.__version__
root_doc = "docs/index"
include_patterns = [
    "docs/**.md",
    "namegen/core/README.md",
    "namegen/experiments/README.md",
    "namegen/models/*.md",
    "namegen/backends/numpy_engine/README.md",
    "examples/*/README.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "CHANGELOG.md",
]
exclude_patterns = ["docs/learn/notebooks", "docs/learn/tasks", "**/.*"]

extensions = ["myst_nb", "sphinx.ext.autodoc"]
nitpicky = True
# An attribute of a documented class, whose own type is internal.
nitpick_ignore = [("py:class", "namegen.core.generation.fitting.Measurement")]
highlight_language = "none"  # for blocks without a language

myst_enable_extensions = ["dollarmath", "colon_fence"]
myst_heading_anchors = 4  # as on websites that show repositories, so links to headings work on both

nb_execution_mode = "force"
nb_execution_timeout = 300  # seconds, for one cell
nb_execution_raise_on_error = True
nb_merge_streams = True

autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
autodoc_typehints_format = "short"
python_maximum_signature_line_length = 100
# The signature of a class already has the types of its attributes.
NAPOLEON = Config(napoleon_use_rtype=False, napoleon_use_ivar=True, napoleon_attr_annotations=False)
RAISES_HEADING = "\nRaises:\n"
# An error that isn't the first one of its paragraph.
NEXT_ERROR = re.compile(r"(?<=\.) (\w+Error: )")

API_PAGES = "docs/reference/api/"
MODEL_CARDS = "namegen/models/"
NOTATION_PAGE = "namegen/core/README"
FILE_NAME = re.compile(r"[\w./-]+\.md")
# An entry of the table of contents, such as `Train <guides/train>`.
CONTENTS_ENTRY = re.compile(r"^(?P<title>.+) <(?P<root>/?)(?P<path>[\w/-]+)>$", re.MULTILINE)
# Types of namegen that signatures contain and the reference doesn't describe, because users only pass them on.
UNDOCUMENTED_TYPES = {
    "namegen.core.checkpoint.ngram_set.NgramSet",
    "namegen.core.data.normalization.KnownSet",
    "namegen.core.data.normalization.Normalization",
    "namegen.core.evaluation.references.HeldOutReferences",
    "namegen.core.generation.generator.Generator",
    "namegen.core.scoring.scorer.Scorer",
    "namegen.core.generation.constraints.constraint_list.ConstraintList",
    "namegen.core.checkpoint.metadata.TrainingSummary",
    "namegen.core.checkpoint.score_rule.ScoreRule",
    "namegen.core.training.preparation.PreparedTraining",
}

html_theme = "furo"
html_title = "namegen"
html_static_path = ["site"]
html_css_files = ["site.css"]
html_extra_path = ["site/index.html"]
html_copy_source = False
html_use_index = False  # the search is faster and finds more
html_show_sphinx = False
html_math_renderer = "mathml"
# `make links` doesn't check the addresses of servers on the reader's own machine.
linkcheck_ignore = [r"https?://localhost"]
linkcheck_timeout = 20


def read_page_titles() -> dict[str, str]:
    """Return the title of each page in the table of contents, by its path without the suffix."""
    contents = (ROOT / "docs" / "index.md").read_text("utf-8")
    titles = {}
    for entry in CONTENTS_ENTRY.finditer(contents):
        folder = "" if entry["root"] else "docs/"
        if entry["title"] != "Overview":
            titles[folder + entry["path"]] = entry["title"]
    return titles


PAGE_TITLES = read_page_titles()


# --- formulas ---------------------------------------------------------------------------------------------------------


def visit_math(self: HTML5Translator, node: nodes.math) -> None:
    """Write a formula within a line as MathML, which all browsers show without a script."""
    self.body.append(tex2mathml(node.astext(), as_block=False))
    raise nodes.SkipNode


def visit_math_block(self: HTML5Translator, node: nodes.math_block) -> None:
    """Write a formula on a line of its own as MathML."""
    formula = tex2mathml(node.astext(), as_block=True)
    self.body.append(f'<div class="math-block">{formula}</div>\n')
    raise nodes.SkipNode


# --- links ------------------------------------------------------------------------------------------------------------


def resolve_type(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, content: nodes.Element
) -> nodes.Node | None:
    """Link array types to the notation, and show types without a page as plain names.

    For unknown types of namegen, return None, so that Sphinx prints a warning. They may be misspelled.
    """
    target = node.get("reftarget", "")
    if node.get("refdomain") != "py":
        return None
    if target in DTYPES:
        page = app.builder.get_relative_uri(node["refdoc"], NOTATION_PAGE)
        return nodes.reference("", "", content, internal=True, refuri=f"{page}#the-notation")
    is_from_library = not target.startswith("namegen.")
    return content if is_from_library or target in UNDOCUMENTED_TYPES else None


def show_page_titles(app: Sphinx, document: nodes.document) -> None:
    """Replace the texts of links that are file names, which are useful only in a checkout, by titles of pages."""
    if app.env.docname.startswith(MODEL_CARDS):
        mark_as_orphan(app.env)
    for link in document.findall(pending_xref):
        is_page = link.get("refdomain") == "doc"
        if is_page and FILE_NAME.fullmatch(link.astext()):
            show_page_title(link)


def mark_as_orphan(env: BuildEnvironment) -> None:
    """Allow the current page to be missing from the table of contents. The page of all models links to the cards."""
    env.metadata[env.docname]["orphan"] = True


def show_page_title(link: pending_xref) -> None:
    """Show a page's title from the table of contents as the text of a link, or the title on the page itself."""
    title = PAGE_TITLES.get(link["reftarget"])
    link["refexplicit"] = title is not None
    if title is not None:
        link.children = [nodes.inline("", title, classes=["std", "std-doc"])]


def link_code(app: Sphinx, document: nodes.document, page: str) -> None:
    """Link names in code style to the reference, such as ``namegen.load``, so docstrings don't need Sphinx's roles.

    Pages of the reference also link short names of classes, such as ``Config``.
    """
    objects = app.env.domains.python_domain.objects
    class_names = full_class_names(app) if page.startswith(API_PAGES) else {}
    for literal in list(document.findall(nodes.literal)):
        text = literal.astext().removesuffix("()")
        name = class_names.get(text, text)
        is_plain = not isinstance(literal.parent, (nodes.reference, nodes.title))
        if name in objects and is_plain:
            entry = objects[name]
            content = literal.deepcopy()
            link = make_refnode(app.builder, page, entry.docname, entry.node_id, content, name)
            literal.replace_self(link)


def full_class_names(app: Sphinx) -> dict[str, str]:
    """Return the full names of all classes in the reference, by their names without the module."""
    names = {}
    for name, entry in app.env.domains.python_domain.objects.items():
        if entry.objtype in ("class", "exception"):
            names[name.rpartition(".")[2]] = name
    return names


# --- docstrings -------------------------------------------------------------------------------------------------------


def convert_docstring(
    app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]
) -> None:
    """Convert a docstring in the Google style to reStructuredText, in place.

    Properties are skipped, because they have no sections, and napoleon would take text before a colon for a type.
    """
    if what not in ("property", "attribute"):
        google_lines = put_errors_on_lines("\n".join(lines)).splitlines()
        docstring = GoogleDocstring(google_lines, NAPOLEON, app, what, name, obj, options)
        lines[:] = docstring.lines()


def put_errors_on_lines(docstring: str) -> str:
    """Start a line for each error in the section ``Raises``."""
    before, heading, errors = docstring.partition(RAISES_HEADING)
    return before + heading + NEXT_ERROR.sub(r"\n    \1", errors)


def shorten_signature(
    app: Sphinx,
    what: str,
    name: str,
    obj: object,
    options: object,
    arguments: str | None,
    return_type: str | None,
) -> tuple[str | None, str | None]:
    """Write ``...`` for default factories of dataclasses. Sphinx can't parse ``<factory>``."""
    if arguments is not None:
        arguments = arguments.replace("<factory>", "...")
    return arguments, return_type


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the functions of this file. Sphinx calls it."""
    app.add_html_math_renderer("mathml", (visit_math, None), (visit_math_block, None))
    app.connect("missing-reference", resolve_type)
    app.connect("doctree-read", show_page_titles)
    app.connect("doctree-resolved", link_code)
    app.connect("autodoc-process-docstring", convert_docstring)
    app.connect("autodoc-process-signature", shorten_signature)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
