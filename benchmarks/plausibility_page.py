"""Write ``docs/results/plausibility.md`` from ``plausibility.json``; with ``--check`` only see if it is up to date."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from benchmarks.pages import RESULTS, read, write_or_check
from namegen.documents import Count, Measure, Percent

FORMAT: Literal["namegen plausibility"] = "namegen plausibility"
AS_LEARNED, AS_DRAWN, AS_CHAIN = "temperature 1", "its own temperature", "as new as the chain of order 4"


@dataclass(frozen=True)
class Judged:
    """A model's new names at one temperature.

    Attributes:
        name: of the model.
        drawn: which temperature that is.
        temperature: its value.
        by_network, by_counting: per cent of the new names that are plausible under each judge.
        new_and_distinct: different new names among the 10,000 drawn.
        distance: edits to the nearest name that it learned, median.
    """

    name: str
    drawn: str
    temperature: Measure
    by_network: Percent
    by_counting: Percent
    new_and_distinct: Count
    distance: Measure


@dataclass(frozen=True)
class JudgedList:
    """All models of one list.

    Attributes:
        name: of the list.
        judges_learned, models_learned: different names in each half.
        models: in the order of the table.
    """

    name: str
    judges_learned: Count
    models_learned: Count
    models: tuple[Judged, ...]


@dataclass(frozen=True)
class Plausibility:
    """All lists."""

    lists: tuple[JudgedList, ...] = ()
    format: Literal["namegen plausibility"] = FORMAT


HEAD = """\
# Plausibility: could these names stand in the list?

Written by `make plausibility` from `plausibility.json`. A hash cuts the distinct names of each list in two halves. Two
judges learn one half: a network of the effort `standard`, and Kneser–Ney counting of order 5. The models learn the
other half, and draw 10,000 names each. The columns:

- *Plausible*: a judge finds a new name plausible if its log-probability a character is above that of the oddest tenth
  of real names (those of the half that the models learned). So nine in ten real names are plausible.
- *New and distinct*: the names among the 10,000 that the model has not learned, each counted once.
- *Edits*: how many edits a new name is away from the nearest name that the model has learned; the median.

A Markov chain of order 4 chooses each character by the four before it, as often as it followed them in the list.

*Its own temperature* is the one at which a model draws unless you give another. It is found when the model is trained,
with a judge that has counted half of what the model learned; for `best`, the first teacher is a second judge
([generating.md](../use/generating.md)). Here the judges know the other half of the list, so this temperature is a
guess."""


def page(document: Plausibility) -> str:
    """The whole document."""
    return "\n\n".join([HEAD, *map(_part, document.lists)]) + "\n"


def _part(of_list: JudgedList) -> str:
    rows = [
        "| model | drawn with | plausible: network | plausible: counting | new and distinct | edits |",
        "| --- | --- | --- | --- | --- | --- |",
        *(
            f"| {one.name} | {one.drawn}{'' if one.temperature == 1 else f': {one.temperature:g}'} "
            f"| {one.by_network:.1f} % | {one.by_counting:.1f} % | {one.new_and_distinct:,} | {one.distance:g} |"
            for one in of_list.models
        ),
    ]
    title = f"## {of_list.name}: models learned {of_list.models_learned:,} names, judges {of_list.judges_learned:,}"
    return "\n\n".join([title, "\n".join(rows), _sentence(of_list)])


def _sentence(of_list: JudgedList) -> str:
    """The networks beside the chain, where they make as many new names."""
    chain = [one for one in of_list.models if one.name == "Markov chain, order 4"]
    rivals = [one for one in of_list.models if one.drawn == AS_CHAIN]
    if not chain or not rivals:
        return ""
    said = ", ".join(f"`{one.name}` {one.by_network:.1f} %" for one in rivals)
    return (
        f"If all draw as many new names as the chain of order 4, these shares are plausible for the network judge: "
        f"the chain {chain[0].by_network:.1f} %, {said}."
    )


if __name__ == "__main__":
    write_or_check(RESULTS, "plausibility", page(read(Plausibility, RESULTS / "plausibility.json")))
