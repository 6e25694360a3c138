"""The site that ``make site`` builds with Sphinx from docs/ and from the documents elsewhere that it links to.

The source folder is the whole project, so that a relative link between two documents is the same link on the site, in a
checkout, and wherever a repository is shown. Nothing is fetched: no inventories of other sites, no fonts, no scripts.
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
os.environ.setdefault("OMP_NUM_THREADS", "1")  # as every figure in the course was made
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


class Shaped:
    """Stands in for a type of jaxtyping: ``Float32[Array, "N V"]`` is shown as ``Float32["N V"]``."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __getitem__(self, item: tuple[object, str]) -> type:
        shown = type(self.name, (), {})
        shown.__module__, shown.__qualname__ = "builtins", f'{self.name}["{item[1]}"]'
        return shown


# Before any module of namegen is imported that takes its types from there.
import namegen.types  # noqa: E402

DTYPES = [name for name in namegen.types.__all__ if name != "Array"]
for dtype in DTYPES:
    setattr(namegen.types, dtype, Shaped(dtype))

project = "namegen"
author = "The namegen maintainers"
copyright = author
release = version = namegen.__version__
root_doc = "docs/index"
include_patterns = [
    "docs/**.md",
    "namegen/core/README.md",
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
highlight_language = "none"  # of a block that does not say what it is

myst_enable_extensions = ["dollarmath", "colon_fence"]
myst_heading_anchors = 4  # as a repository's own pages have them, so that one link holds in both
suppress_warnings = []
if len(list((ROOT / "docs" / "learn").glob("[0-9]-*.md"))) < 5:
    suppress_warnings.append("toc.not_readable")  # while a chapter is not written yet

nb_execution_mode = "force"
nb_execution_timeout = 300  # seconds, for one cell
nb_execution_raise_on_error = True
nb_merge_streams = True

autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
autodoc_typehints_format = "short"
python_maximum_signature_line_length = 100
# The types of attributes stand in the class's own line already.
NAPOLEON = Config(napoleon_use_rtype=False, napoleon_use_ivar=True, napoleon_attr_annotations=False)
ANOTHER_ERROR, ON_ITS_OWN = re.compile(r"(?<=\.) (\w+Error: )"), r"\n    \1"
API, CARDS = "docs/reference/api/", "namegen/models/"
NOTATION = "namegen/core/README"
# What the contents call the pages: `Train <guides/train>`.
CONTENTS = re.findall(
    r"^(.+) <(/?)([\w/-]+)>$", (ROOT / "docs" / "index.md").read_text("utf-8"), re.MULTILINE
)
PAGE_TITLES = {
    path if top else f"docs/{path}": title for title, top, path in CONTENTS if title != "Overview"
}
# What signatures name of namegen's own and the reference does not describe: it only passes through a program.
WITHOUT_PAGE = {
    "namegen.core.checkpoint.ngram_set.NgramSet",
    "namegen.core.data.normalization.KnownSet",
    "namegen.core.data.normalization.Normalization",
    "namegen.core.data.split.Split",
    "namegen.core.evaluation.references.HeldOutReferences",
    "namegen.core.generation.generator.Generator",
    "namegen.core.generation.scoring.Scorer",
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
html_use_index = False  # the search finds more, and faster
html_show_sphinx = False
html_math_renderer = "mathml"
# What a browser is not sent to while the site is built, and `make links` does not ask.
linkcheck_ignore = [r"https?://localhost"]
linkcheck_timeout = 20


def visit_math(self: HTML5Translator, node: nodes.math) -> None:
    """A formula in a line, as MathML: every browser shows it without a script."""
    self.body.append(tex2mathml(node.astext(), as_block=False))
    raise nodes.SkipNode


def visit_math_block(self: HTML5Translator, node: nodes.math_block) -> None:
    """A formula of its own."""
    self.body.append(f'<div class="math-block">{tex2mathml(node.astext(), as_block=True)}</div>\n')
    raise nodes.SkipNode


def resolve(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, inner: nodes.Element
) -> nodes.Node | None:
    """A shape leads to the notation; a type that the reference does not describe is a name without a link.

    Of namegen's own only those of WITHOUT_PAGE are: so one that is misspelt is a warning.
    """
    target = node.get("reftarget", "")
    if node.get("refdomain") != "py":
        return None
    if target in DTYPES:
        link = app.builder.get_relative_uri(node["refdoc"], NOTATION)
        return nodes.reference("", "", inner, internal=True, refuri=f"{link}#the-notation")
    return inner if not target.startswith("namegen.") or target in WITHOUT_PAGE else None


def name_pages(app: Sphinx, document: nodes.document) -> None:
    """A link whose text is the name of a file, as is right in a checkout, shows what the contents call the page.

    And the card of a model is not in the contents: the page of all models leads to it.
    """
    if app.env.docname.startswith(CARDS):
        app.env.metadata[app.env.docname]["orphan"] = True
    for link in document.findall(pending_xref):
        if link.get("refdomain") == "doc" and re.fullmatch(r"[\w./-]+\.md", link.astext()):
            title = PAGE_TITLES.get(link["reftarget"])
            link["refexplicit"] = title is not None  # of others it is the page's own title
            if title:
                link.children = [nodes.inline("", title, classes=["std", "std-doc"])]


def link_names(app: Sphinx, document: nodes.document, page: str) -> None:
    """What stands as code and is in the reference leads there: ``namegen.load`` anywhere, ``Config`` in its own pages.

    Docstrings are read in a terminal too, so they name things plainly, without Sphinx's roles.
    """
    found = app.env.domains.python_domain.objects
    classes = {
        name.rpartition(".")[2]: name
        for name, entry in found.items()
        if entry.objtype in ("class", "exception")
    }
    for literal in list(document.findall(nodes.literal)):
        text = literal.astext().removesuffix("()")
        name = classes.get(text, text) if page.startswith(API) else text
        if name in found and not isinstance(literal.parent, (nodes.reference, nodes.title)):
            entry = found[name]
            literal.replace_self(
                make_refnode(
                    app.builder, page, entry.docname, entry.node_id, literal.deepcopy(), name
                )
            )


def read_docstring(
    app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]
) -> None:
    """Google's sections become reStructuredText, each error that is raised on a line of its own. A property has no
    sections: there, napoleon would take all before a colon for a type.
    """
    if what not in ("property", "attribute"):
        text, raises, raised = "\n".join(lines).partition("\nRaises:\n")
        lines[:] = [
            *text.splitlines(),
            *f"{raises}{ANOTHER_ERROR.sub(ON_ITS_OWN, raised)}".splitlines(),
        ]
        lines[:] = GoogleDocstring(lines, NAPOLEON, app, what, name, obj, options).lines()


def shown_signature(
    app: Sphinx,
    what: str,
    name: str,
    obj: object,
    options: object,
    arguments: str | None,
    returned: str | None,
) -> tuple[str | None, str | None]:
    """What is made anew for each object is no Python as dataclasses write it, and would be shown as raw text."""
    return arguments and arguments.replace("<factory>", "..."), returned


def setup(app: Sphinx) -> dict[str, Any]:
    """What Sphinx calls."""
    app.add_html_math_renderer("mathml", (visit_math, None), (visit_math_block, None))
    app.connect("missing-reference", resolve)
    app.connect("doctree-read", name_pages)
    app.connect("doctree-resolved", link_names)
    app.connect("autodoc-process-docstring", read_docstring)
    app.connect("autodoc-process-signature", shown_signature)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
