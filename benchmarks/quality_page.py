"""Write ``docs/results/quality.md`` and its picture from ``quality.json``.

With ``--check`` only say whether the text is up to date. No figure is written by hand, and nothing is measured here.
"""

from __future__ import annotations

import sys

from benchmarks.pages import RESULTS, write_or_check
from benchmarks.quality_document import COUNTING, SPLIT_SEED, Model, Quality, QualityList, read
from benchmarks.quality_plot import draw_quality

HEAD = """\
# Quality: names that nothing was chosen by

Written by `make quality` from `quality.json`. Each list is split in three, by the names themselves: a tenth chooses the
network's best epoch and the n-gram (modified Kneser–Ney or Witten–Bell, orders 2 to 8, repeats kept or damped), another
tenth judges, and the rest is learned from. The split is that of the seed {split_seed}. The rule by which `standard`
chooses was made on others; what the first trainings on this one showed, that much dropping harms networks on the US
names, was then measured on the validation part of the seed 0, and the rule changed by that.

- *Nats*: the loss for each character of the test names, the end of each name counted; mean of the seeds, with the range
  from the best seed to the worst. Less is better.
- *Against counting*: the difference to the n-gram on the same names; below 0 the network is the better one. In
  brackets is where 95 % of the differences lie when names and seeds are drawn anew (2,000 times).
- *Seconds* are those of the processor for one training on one core, without loading the list and without counting;
  another training ran beside it on the other core.
- `quick` is the original project's network and its training, `standard` the default. The other networks are trained as
  the default would train them: what it chooses for their cell, width and list, or with nothing dropped. So `standard`
  is one of them, where its width is in the table.
- `best` is `--effort best`: its teachers and counting, mixed, have a row of their own, and so have other networks that
  they taught (*taught*). Seconds hold all that it takes: teachers, lesson, student. Its rule was made on the split of
  the seed 0.
- The Transformer is that of `examples/transformer_engine`, in PyTorch: four blocks of 64, a tenth dropped, 25 epochs.

![Nats a character against parameters and against seconds](quality.png)"""


DEFAULT = "standard"
LEAK = """\
This is how makemore, and who follows it, splits such names: a line for each name of girls and for each of boys, and a
random tenth of the lines to test with. Of those lines {share:.0%} stand in the training part as well, so that a model
is rewarded for what it has learned by heart. The last columns tell the nats of those lines and of the others apart: the
others can be compared with the tables above, the mean of both with what is published elsewhere."""


def page(document: Quality) -> str:
    """The whole document."""
    return "\n\n".join([HEAD.format(split_seed=SPLIT_SEED), *(_part(one) for one in document.lists)]) + "\n"


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
        cells = [
            model.name,
            f"{model.parameters:,}" if model.parameters else "–",
            str(model.seeds),
            f"{model.epochs:.0f}",
            f"{model.seconds:.0f}",
        ]
        cells += [f"{model.nats:.3f}" + (f" ({model.spread:.3f})" if model.seeds > 1 else ""), apart]
    return cells + ([f"{model.seen_nats:.3f}", f"{model.unseen_nats:.3f}"] if leaks else [])


def _sentence(of_list: QualityList) -> str:
    """Whether the default is told from counting, and which model turned out best: it was picked on these very names, of
    those that were trained as often.
    """
    found = next((model for model in of_list.models if model.name == DEFAULT), None)
    if found is None:
        return f"`{DEFAULT}` was not measured on this list."
    if found.high < 0:
        said = f"`{DEFAULT}` is {-found.against_counting:.3f} nats below counting."
    elif found.low > 0:
        said = f"`{DEFAULT}` is {found.against_counting:.3f} nats above counting."
    else:
        said = f"No difference between `{DEFAULT}` and counting was found."
    rivals = [model for model in of_list.models if model.name != COUNTING and model.seeds >= found.seeds]
    best = min(rivals, key=lambda model: model.nats)
    if best.nats < found.nats:
        said += f" {best.name} turned out {found.nats - best.nats:.3f} nats better than it on these names."
    return said


def main() -> None:
    """Write the files, or check the text."""
    document = read(RESULTS / "quality.json")
    write_or_check(RESULTS, "quality", page(document))
    if "--check" not in sys.argv:
        draw_quality(document, RESULTS / "quality.png")


if __name__ == "__main__":
    main()
