"""Write ``docs/results/quality.md`` and its picture from ``quality.json``.

With ``--check`` only say whether the text is up to date. No figure is written by hand, and nothing is measured here.
"""

from __future__ import annotations

import sys

from benchmarks.pages import RESULTS, write_or_check
from benchmarks.quality_document import COUNTING, Model, Quality, QualityList, read
from benchmarks.quality_plot import draw_quality

HEAD = """\
# Quality: names that nothing was chosen by

Written by `make quality` from `quality.json`. Each list is split in three, by the names themselves: a tenth chooses the
network's best epoch and the n-gram (modified Kneser–Ney or Witten–Bell, orders 2 to 8, repeats kept or damped), another
tenth, which nothing was chosen by, judges, and the rest is learned from. No rule, width or rate of namegen's was chosen
on this split.

- *Nats* are a character of the test names, the STOP of each counted, mean of the seeds, with the range from the best
  seed to the worst; less is better.
- *Against counting* is the difference to the n-gram on the same names; below 0 the network is the better one. In
  brackets is where 95 % of the differences lie when names and seeds are drawn anew (2,000 times).
- *Seconds* are those of the processor for one training on one core, with its references; another training ran beside
  it on the other core.
- `quick` is the original project's network and its training, `standard` the default, and the other networks are trained
  as the default would train them: what it chooses for their cell, width and list, or with nothing dropped. The
  Transformer is that of `examples/transformer_engine`, in PyTorch: four blocks of 64, a tenth dropped, 25 epochs.

![Nats a character against parameters and against seconds](quality.png)"""


LEAK = """\
This is how makemore, and who follows it, splits such names: a line for each name of girls and for each of boys, and a
random tenth of the lines to test with. Of those lines {share:.0%} stand in the training part as well, so that a model
is rewarded for what it has learned by heart. The last columns tell the nats of those lines and of the others apart: the
others can be compared with the tables above, the mean of both with what is published elsewhere."""


def page(document: Quality) -> str:
    """The whole document."""
    return "\n\n".join([HEAD, *(_part(one) for one in document.lists)]) + "\n"


def _part(of_list: QualityList) -> str:
    leaks = of_list.seen_share > 0
    columns = ["model", "parameters", "seeds", "epochs", "seconds", "nats (range)", "against counting"]
    columns += ["lines learned from", "other lines"] if leaks else []
    rows = ["| " + " | ".join(columns) + " |", "| --- " * len(columns) + "|"]
    rows += ["| " + " | ".join(_cells(model, leaks)) + " |" for model in of_list.models]
    title = f"## {of_list.name}, {of_list.test_names:,} test names"
    words = [LEAK.format(share=of_list.seen_share)] if leaks else []
    return "\n\n".join([title, *words, "\n".join(rows), _sentence(of_list)])


def _cells(model: Model, leaks: bool) -> list[str]:
    if model.name == COUNTING:
        cells = [model.name, "–", "–", "–", "–", f"{model.nats:.3f}", "–"]
    else:
        apart = f"{model.against_counting:+.3f} ({model.low:+.3f} to {model.high:+.3f})"
        cells = [model.name, f"{model.parameters:,}", str(model.seeds), f"{model.epochs:.0f}", f"{model.seconds:.0f}"]
        cells += [f"{model.nats:.3f} ({model.spread:.3f})", apart]
    return cells + ([f"{model.seen_nats:.3f}", f"{model.unseen_nats:.3f}"] if leaks else [])


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
    """Write the files, or check the text."""
    document = read(RESULTS / "quality.json")
    write_or_check(RESULTS, "quality", page(document))
    if "--check" not in sys.argv:
        draw_quality(document, RESULTS / "quality.png")


if __name__ == "__main__":
    main()
