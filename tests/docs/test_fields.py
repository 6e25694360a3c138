"""``docs/use/comparison.md`` describes each field of ``results.json``, and nothing that is not there."""

from __future__ import annotations

import json
import re
import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "use" / "comparison.md"
RESULTS = ROOT / "docs" / "results" / "results.json"
tool = runpy.run_path(str(ROOT / "docs" / "tools" / "make_fields.py"))


def described(text: str) -> dict[str, dict[str, str]]:
    """Path of an object → field → meaning, as the page has them."""
    part = text.partition("<!-- fields -->\n")[2].partition("<!-- end of fields -->")[0]
    found: dict[str, dict[str, str]] = {"": {}}
    head = ""
    for line in part.split("| --- | --- |\n")[1].strip().splitlines():
        names, _, meaning = line.strip("| ").partition(" |")
        if names.startswith("in `"):
            head = names.removeprefix("in `").removesuffix("`:")
            found[head] = {}
        else:
            found[head] |= dict.fromkeys(re.findall(r"`(\w+)`", names), meaning.strip())
    return found


def objects(value: Any, path: str, page: dict[str, dict[str, str]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every object of a document with the path under which the page describes it; its entries are read by the page."""
    if isinstance(value, list):
        for one in value:
            yield from objects(one, f"{path}[]", page)
    elif isinstance(value, dict) and path not in page:
        for one in value.values():
            yield from objects(one, f"{path}.*", page)
    elif isinstance(value, dict):
        yield path, value
        for field, inner in value.items():
            place = f"{path}.{field}".removeprefix(".")
            meaning = page[path].get(field, "")
            elsewhere = re.search(r"fields as of `(.*)`", meaning)
            if elsewhere and inner is not None:
                inside = inner[0] if isinstance(inner, list) and inner else inner
                yield from objects(inside, elsewhere[1], page)
            elif "fields below" in meaning:
                yield from objects(inner, place, page)


def test_the_page_is_made_from_the_classes() -> None:
    text = PAGE.read_text("utf-8")
    assert tool["filled"](text) == text, "run `make docs`"


def test_every_field_of_a_measured_document_is_described_where_it_stands_and_nothing_else_is() -> None:
    page = described(PAGE.read_text("utf-8"))
    found = list(objects(json.loads(RESULTS.read_text("utf-8")), "", page))
    assert {"", "lists[]", "lists[].facts.ceiling", "lists[].trainings[].timing"} <= {path for path, _ in found}
    for path, value in found:
        assert set(value) <= set(page[path]), path
        absent = {name: page[path][name] for name in set(page[path]) - set(value)}
        later = {name for name, meaning in absent.items() if "missing" in meaning}
        assert set(absent) == later, path
