"""Write ``docs/results/quality.md`` and its picture from ``quality.json``.

With ``--check`` only say whether the text is up to date. No figure is written by hand, and nothing is measured here.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Literal

from benchmarks.pages import RESULTS, read, write_or_check
from namegen.documents import Count, Measure

FORMAT: Literal["namegen quality"] = "namegen quality"
COUNTING = "counting"
SPLIT_SEED = 1  # the rule of `standard` was made on others


@dataclass(frozen=True)
class Model:
    """A model on one list.

    Attributes:
        name: what the table calls it.
        nats: a character of the test names, mean of the seeds.
        parameters: numbers that were trained.
        seeds: how many runs.
        spread: of the seeds, from the best to the worst.
        seconds: of the processor that one training took, on one core, loading and counting left out; mean of the seeds.
        epochs: mean of the seeds.
        against_counting: nats more than counting; below 0 the model is the better one.
        low, high: where 95 % of such differences lie when names and seeds are drawn anew.
        seen_nats, unseen_nats: a character of the test names that were learned from as well, and of the others; 0 where
            there are none.
    """

    name: str
    nats: Measure
    parameters: Count = 0
    seeds: Count = 1
    spread: Measure = 0.0
    seconds: Measure = 0.0
    epochs: Measure = 0.0
    against_counting: float = 0.0
    low: float = 0.0
    high: float = 0.0
    seen_nats: Measure = 0.0
    unseen_nats: Measure = 0.0


@dataclass(frozen=True)
class QualityList:
    """All models of one list, counting first.

    Attributes:
        name: of the list.
        test_names: different names of the test part.
        models: in the order of the table.
        seen_share: of the lines of the test part, those that stand in the training part too.
    """

    name: str
    test_names: Count
    models: tuple[Model, ...]
    seen_share: Measure = 0.0


@dataclass(frozen=True)
class Quality:
    """All lists."""

    lists: tuple[QualityList, ...] = ()
    format: Literal["namegen quality"] = FORMAT


HEAD = """\
# Quality: how well networks predict test names

Written by `make quality` from `quality.json`. Each list is split in three, by a hash of the names: a tenth chooses the
network's best epoch and the n-gram (modified Kneser–Ney or Witten–Bell, orders 2 to 8, repeats kept or damped), another
tenth are the test names, and the rest is learned. The split is that of the seed {split_seed}. The rule by which
`standard` chooses its settings was made on other splits. The first trainings on this one showed that much dropping
harms networks on the US names. This was then measured on the validation part of the seed 0, and the rule was changed
accordingly.

- *Nats*: the loss for each character of the test names, the end of each name counted; mean of the seeds, with the range
  from the best seed to the worst. Less is better.
- *Against counting*: the nats minus those of the n-gram on the same names; below 0 the network is better. Brackets have
  the interval of 95 %, by bootstrap over names and seeds (2,000 times).
- *Seconds*: processor time of one training on one core, without loading the list and without counting; another training
  ran beside it on the other core.
- `quick` is the original project's network and its training, `standard` the default. The other networks are trained
  with what the default chooses for their cell, width and list, or with nothing dropped. So if its width is in the
  table, `standard` is one of them.
- `best` is `--effort best`. The mixture of its teachers and counting has a row of its own, and so have other networks
  that they taught (*taught*). Its seconds include everything: teachers, lesson, student. Its rule was made on the split
  of the seed 0.
- The Transformer is that of `examples/transformer_engine`, in PyTorch: four blocks of 64, a tenth dropped, 25 epochs.

![Nats a character against parameters and against seconds](quality.png)"""


DEFAULT = "standard"
LEAK = """\
makemore, and projects that follow it, split such names in this way: a line for each girls' name and for each boys'
name, and a random tenth of the lines for the test. Of the test lines {share:.0%} stand in the training part as well, so
a model is rewarded for what it has learned by heart. The last two columns have the nats of these lines and of the
others. Compare the others with the tables above, and the mean of both with what is published elsewhere."""


def page(document: Quality) -> str:
    """The whole document."""
    return "\n\n".join([HEAD.format(split_seed=SPLIT_SEED), *(_part(one) for one in document.lists)]) + "\n"


def _part(of_list: QualityList) -> str:
    leaks = of_list.seen_share > 0
    columns = ["model", "parameters", "seeds", "epochs", "seconds", "nats (range)", "against counting"]
    columns += ["lines that were learned", "other lines"] if leaks else []
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
        said += f" On these names {best.name} turned out {found.nats - best.nats:.3f} nats better."
    return said


def main() -> None:
    """Write the files, or check the text."""
    from benchmarks.quality_plot import draw_quality

    document = read(Quality, RESULTS / "quality.json")
    write_or_check(RESULTS, "quality", page(document))
    if "--check" not in sys.argv:
        draw_quality(document, RESULTS / "quality.png")


if __name__ == "__main__":
    main()
