"""Write what ``docs/use/comparison.md`` says of each field of ``results.json``, from the classes that it is read into.

``make docs`` runs it; with ``--check`` it only says whether the page is what it would write. The table has the fields
of each object of the document in their order, explained by what the docstring of the class says of them.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from inspect import getdoc
from itertools import groupby
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from options import check_asked, write_or_check

from namegen.experiments.compare.document import Comparison

PAGE = Path(__file__).parents[1] / "use" / "comparison.md"
BLOCK = re.compile(r"(?<=<!-- fields -->\n).*?(?=<!-- end of fields -->\n)", re.DOTALL)
# A line of a docstring's "Attributes:" that begins a field, or several that are explained together.
ATTRIBUTE = re.compile(r"^    ([a-z_*]+(?:, [a-z_*]+)*): (.*)$")
# Of classes that explain themselves in one sentence.
EXPLAINED = {
    "what": "what is not there",
    "why": "a sentence that says why",
    "training": "of the training part",
    "held_out": "of the held-out part",
    "whole": "of the whole list",
}


def explained(of: type) -> dict[str, str]:
    """Field → what the docstrings of a class and of what it is made of say of it; ``validation_*`` is kept as such."""
    found: dict[str, str] = {}
    for one in reversed(of.__mro__):
        names: list[str] = []
        for line in (getdoc(one) or "").partition("Attributes:\n")[2].splitlines() if is_dataclass(one) else ():
            begins = ATTRIBUTE.match(line)
            if begins:
                names = begins[1].split(", ")
                found |= dict.fromkeys(names, begins[2])
            elif line.startswith("        "):
                found |= {name: f"{found[name]} {line.strip()}" for name in names}
    return found


def meaning(of: type, field: str) -> str:
    """What one field means, as a reader of JSON says it."""
    found = explained(of)
    wild = (text for name, text in found.items() if name.endswith("*") and field.startswith(name[:-1]))
    text = found.get(field) or next(wild, None) or EXPLAINED.get(field)
    if text is None:
        raise SystemExit(f"{of.__name__} does not explain {field}: say it in its docstring, under Attributes")
    return re.sub(r"\bNone\b", "null", text.replace("``", "`")).replace("|", r"\|").removesuffix(".")


def objects(hint: Any, path: str) -> Iterator[tuple[Any, str]]:
    """The objects that a field may hold, each with the path at which it stands."""
    origin, inner = get_origin(hint), get_args(hint)
    if is_dataclass(origin or hint):
        yield hint, path
    elif origin in (Union, UnionType):
        for one in inner:
            yield from objects(one, path)
    elif origin is tuple:
        yield from objects(inner[0], f"{path}[]")
    elif origin in (dict, Mapping):
        yield from objects(inner[1], f"{path}.*")


def members(hint: Any) -> dict[str, Any]:
    """Field → type, of a class or of a generic one made for something."""
    of = get_origin(hint) or hint
    hints = get_type_hints(of)
    inner = get_args(hint)
    return {field.name: inner[0] if inner else hints[field.name] for field in fields(of)}


def tables() -> Iterator[tuple[str, type, list[tuple[str, str]]]]:
    """For each object its first path, its class, and its fields with what they mean."""
    known: dict[Any, str] = {Comparison: ""}
    waiting: list[Any] = [Comparison]
    while waiting:
        hint = waiting.pop(0)
        path, of, rows, below = known[hint], get_origin(hint) or hint, [], []
        for field, of_field in members(hint).items():
            text = meaning(of, field)
            for inner, place in objects(of_field, f"{path}.{field}".removeprefix(".")):
                if inner not in known:
                    known[inner] = place
                    below.append(inner)
                if known[inner] != place:
                    text += f"; fields as of `{known[inner]}`"
                else:
                    text += "; fields below"
            rows.append((field, text))
        waiting = below + waiting  # what stands in an object comes right behind it
        yield path, of, rows


def page_part() -> str:
    """One table of all fields; a row says where those below it stand."""
    lines = ["| field | meaning |", "| --- | --- |"]
    for path, _, rows in tables():
        lines += [f"| in `{path}`: | |"] * bool(path)
        alike = [(text, [field for field, _ in those]) for text, those in groupby(rows, key=lambda row: row[1])]
        lines += [f"| {', '.join(f'`{field}`' for field in those)} | {text} |" for text, those in alike]
    return "\n" + "\n".join(lines) + "\n\n"


def filled(text: str) -> str:
    """The page with its tables made anew."""
    return BLOCK.sub(lambda _: page_part(), text)


def main(arguments: Sequence[str]) -> None:
    """Write the page, or check it."""
    check = check_asked(__doc__, arguments)
    write_or_check({PAGE: filled(PAGE.read_text(encoding="utf-8"))}, check=check)


if __name__ == "__main__":
    main(sys.argv[1:])
