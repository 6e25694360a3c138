"""Write ``docs/results/plausibility.md`` from ``plausibility.json``; with ``--check`` only see if it is up to date."""

from __future__ import annotations

from benchmarks.pages import RESULTS, write_or_check
from benchmarks.plausibility_document import AS_CHAIN, JudgedList, Plausibility, read

HEAD = """\
# Plausibility: could these names stand in the list?

Written by `make plausibility` from `plausibility.json`. The different names of each list are halved by a hash. Two
judges learn one half: a network of the effort `standard`, and Kneser–Ney counting of order 5. The models learn the
other half, and draw 10,000 names each. A new name is *plausible* under a judge if its log-probability a character is
above that of the oddest tenth of real names, those of the half that the models learned; so of real names nine in ten
are. *New and different* are the names among the 10,000 that the model has not learned, each counted once. *Edits* are
those to the nearest name that it has learned, the median. A Markov chain of order 4 chooses each character by the four
before it, as often as it followed them.

*Its own temperature* is what a model is drawn with unless another is asked for. It is found as the model is trained,
with a judge that has counted half of what the model learned, of `best` with its first teacher beside it
([generating.md](../use/generating.md)): so here, where the judges know another half of the list, it is a guess."""


def page(document: Plausibility) -> str:
    """The whole document."""
    return "\n\n".join([HEAD, *map(_part, document.lists)]) + "\n"


def _part(of_list: JudgedList) -> str:
    rows = [
        "| model | drawn with | plausible: network | counting | new and different | edits |",
        "| --- | --- | --- | --- | --- | --- |",
        *(
            f"| {one.name} | {one.drawn}{'' if one.temperature == 1 else f': {one.temperature:g}'} "
            f"| {one.by_network:.1f} % | {one.by_counting:.1f} % | {one.new_and_distinct:,} | {one.distance:g} |"
            for one in of_list.models
        ),
    ]
    title = f"## {of_list.name}, {of_list.models_learned:,} names learned, {of_list.judges_learned:,} by the judges"
    return "\n\n".join([title, "\n".join(rows), _sentence(of_list)])


def _sentence(of_list: JudgedList) -> str:
    """The networks beside the chain, where they make as many new names."""
    chain = [one for one in of_list.models if one.name == "Markov chain, order 4"]
    rivals = [one for one in of_list.models if one.drawn == AS_CHAIN]
    if not chain or not rivals:
        return ""
    said = ", ".join(f"`{one.name}` {one.by_network:.1f} %" for one in rivals)
    return (
        f"Drawn so that as many are new, the network judge finds plausible: the chain of order 4 "
        f"{chain[0].by_network:.1f} %, {said}."
    )


def main() -> None:
    """Write the file, or check it."""
    write_or_check(RESULTS, "plausibility", page(read(RESULTS / "plausibility.json")))


if __name__ == "__main__":
    main()
