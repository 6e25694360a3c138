"""Write ``docs/results/quality.md`` from ``quality.json``; with ``--check`` only say whether it is up to date.

No figure is written by hand, and nothing is measured here.
"""

from __future__ import annotations

from benchmarks.pages import RESULTS, write_or_check
from benchmarks.quality_document import COUNTING, Model, Quality, QualityList, read

HEAD = """\
# Quality: names that nothing was chosen by

Written by `make quality` from `quality.json`. Each list is split in three, by the names themselves: a tenth chooses the
network's best epoch and the n-gram (modified Kneser–Ney or Witten–Bell, orders 2 to 8, repeats kept or damped), another
tenth, which nothing was chosen by, judges, and the rest is learned from. *Nats* are a character of the test names, the
STOP of each counted, mean of the seeds; less is better. *Against counting* is the difference to the n-gram on the same
names; below 0 the network is the better one. In brackets is where 95 % of the differences lie when names and seeds are
drawn anew. *Seconds* are those of one training on one core while others ran beside it: no measure of speed. The rule by
which `standard` chooses was made with an eye on these very parts, so they flatter it a little; docs/training.md has a
split that it was not made on."""


def page(document: Quality) -> str:
    """The whole document."""
    return "\n\n".join([HEAD, *(_part(one) for one in document.lists)]) + "\n"


def _part(of_list: QualityList) -> str:
    rows = [
        "| model | parameters | seeds | epochs | seconds | nats (spread) | against counting |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        *map(_row, of_list.models),
    ]
    title = f"## {of_list.name}, {of_list.test_names:,} test names"
    return "\n\n".join([title, "\n".join(rows), _sentence(of_list)])


def _row(model: Model) -> str:
    if model.name == COUNTING:
        return f"| {model.name} | – | – | – | – | {model.nats:.3f} | – |"
    apart = f"{model.against_counting:+.3f} ({model.low:+.3f} to {model.high:+.3f})"
    return (
        f"| {model.name} | {model.parameters:,} | {model.seeds} | {model.epochs:.0f} | {model.seconds:.0f} "
        f"| {model.nats:.3f} ({model.spread:.3f}) | {apart} |"
    )


def _sentence(of_list: QualityList) -> str:
    """Which model is the best, and whether it is told from counting."""
    networks = [model for model in of_list.models if model.name != COUNTING]
    best = min(networks, key=lambda model: model.nats)
    if best.high < 0:
        return f"The best is {best.name}, {-best.against_counting:.3f} nats below counting."
    if best.low > 0:
        return f"Counting is the best; the best network, {best.name}, is {best.against_counting:.3f} nats above it."
    return f"The best network is {best.name}; no difference to counting was found."


def main() -> None:
    """Write the file, or check it."""
    write_or_check(RESULTS, "quality", page(read(RESULTS / "quality.json")))


if __name__ == "__main__":
    main()
