"""A comparison as Markdown."""

from __future__ import annotations

from dataclasses import replace

from namegen.experiments.compare.document import Comparison, Trouble
from namegen.experiments.compare.tables.markdown import markdown
from tests.experiments.compare.conftest import RESULTS


def test_every_table_of_the_docs_comes_out_again(documented: Comparison) -> None:
    assert RESULTS.with_name("tables.md").read_text(encoding="utf-8").endswith(f"\n\n{markdown(documented)}\n")


def test_the_name_of_a_list_is_text(comparison: Comparison) -> None:
    hostile = replace(comparison, lists=(replace(comparison.lists[0], name="<b>*x*\x1b"),))
    assert "## &#60;b&#62;\\*x\\*U+001B" in markdown(hostile)


def test_what_a_failed_measurement_says_is_text(comparison: Comparison) -> None:
    trouble = Trouble("<img src=x onerror=alert(1)>", "<script>[a](b)\n# head")
    said = markdown(replace(comparison, missing=(trouble,), left_out=(trouble,), failed=(trouble,)))
    told = "&#60;img src=x onerror=alert(1)&#62;: &#60;script&#62;\\[a\\](b)U+000A# head."
    for begins in ("Missing", "Left out", "Failed"):
        assert f"\n\n{begins}: {told}\n\n" in said
    assert not {"<img", "<script"} & set(said.replace(" ", "\n").split("\n"))
