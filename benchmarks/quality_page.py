"""Write ``docs/results/quality.md`` and its picture from ``quality.json``.

With ``--check`` only say whether the text is up to date. No figure is written by hand, and nothing is measured here.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from benchmarks.pages import RESULTS, read, write_or_check
from namegen.documents import Count, Measure

FORMAT: Literal["namegen quality"] = "namegen quality"
COUNTING = "n-gram"
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
        seconds: of the processor that one training took, on one core, loading and the n-gram baseline left out; mean of
            the seeds.
        epochs: mean of the seeds.
        against_ngram: nats more than the n-gram baseline; below 0 the model is the better one.
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
    against_ngram: float = 0.0
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

Written by `make quality` from `quality.json`, which has the parameters, seeds, epochs and seconds of each row too. Each
list is split in three, by a hash of the names: a tenth chooses the network's best epoch and the n-gram (modified
Kneser–Ney or Witten–Bell, orders 2 to 8, duplicates counted fully or by their square root), another tenth are the test
names, and the rest is learned. The split is that of the seed {split_seed}. The rule by which `standard` chooses its
settings was made on other splits, except for dropout on US names: the first runs with this split showed that much
dropout is harmful, which was then measured on the validation set of seed 0.

- A cell has the nats: the loss for each character of the test names, the end of each name counted, mean of the seeds;
  and in brackets the nats minus those of the n-gram on the same names, with the interval of 95 %, by bootstrap over
  names and seeds (2,000 times). Below 0 the network is better than the n-gram baseline.
- `quick` and `standard` have three seeds (of US first names five), other rows one: what another seed would change is
  not in their intervals. So one network may stand in two rows with figures that differ a little: `standard` is the
  LSTM 256 on companies, the GRU 128 on mlb-first.
- `quick` is the original project's network and its training, `standard` the default. The other networks are trained
  with what the default chooses for their cell, width and list, or with nothing dropped. So if its width is in the
  table, `standard` is one of them. On US first names it is an LSTM 224, measured later (`seconds`: on a faster
  machine); its variants are of a time when it was an LSTM 256 ([training.md](../concepts/training-defaults.md)).
- The Transformer is that of `examples/transformer_engine`, in PyTorch: four blocks of 64, a tenth dropped, 25 epochs.

Earlier versions of namegen could also train a network by knowledge distillation. On these lists it lowered the loss by
at most 0.07 nats per character and took five to ten times as long, and readers didn't prefer the names: they accepted
55% of the distilled network's names and 56% of the default's for companies, 25% and 40% for Hebrew given names
(120 marks each). Four of the models that come with namegen used to be distilled. Their successors, trained with the
default settings and stored in half precision, have nearly the same loss (2.027 instead of 2.014 nats per character on
mlb-first, 1.927 instead of 1.937 on mlb-last, 1.349 instead of 1.336 on companies, 2.362 instead of 2.359 on
japanese-given). Two readers accepted 60% of their names and 64% of their predecessors' names (160 names each; 95%
confidence interval of the difference: -14 to +5 points).

The picture has the processor time of one training on one core, without loading the list and without counting, while
another training ran on the other core.

![Nats a character against parameters and against seconds](quality.png)"""


DEFAULT = "standard"
LEAK = """\
## With test names that were learned

makemore, and projects that follow it, split such names in this way: a line for each girls' name and for each boys'
name, and a random tenth of the lines for the test. So {share:.0%} of the test lines stand in the training part as well,
and a model is rewarded for what it has learned by heart. The last two columns have the nats of these lines and of the
others. Compare the others with the table above, and the mean of both with what is published elsewhere."""


def page(document: Quality) -> str:
    """The whole document."""
    parts = [HEAD.format(split_seed=SPLIT_SEED)]
    plain = [one for one in document.lists if not one.seen_share]
    if plain:
        parts += [_table(plain), "\n".join(f"- {one.name}: {_sentence(one)}" for one in plain)]
    for one in document.lists:
        if one.seen_share:
            parts += [LEAK.format(share=one.seen_share), _table([one]), _sentence(one)]
    return "\n\n".join(parts) + "\n"


def _table(lists: Sequence[QualityList]) -> str:
    """A row for each model, a column for each list; of one list with learned lines, two columns more."""
    columns = ["model", *(f"{one.name} ({one.test_names:,} test names)" for one in lists)]
    leaks = [one for one in lists if one.seen_share]
    columns += ["lines that were learned", "other lines"] if leaks else []
    rows = [columns, ["---"] * len(columns)]
    for name in dict.fromkeys(model.name for one in lists for model in one.models):
        found = [next((model for model in one.models if model.name == name), None) for one in lists]
        row = [name, *("–" if model is None else _cell(model) for model in found)]
        row += [
            f"{nats:.3f}"
            for model in found
            if model and leaks
            for nats in (model.seen_nats, model.unseen_nats)
        ]
        rows.append(row)
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _cell(model: Model) -> str:
    if model.name == COUNTING:
        return f"{model.nats:.3f}"
    return f"{model.nats:.3f} ({model.against_ngram:+.3f}, {model.low:+.3f} to {model.high:+.3f})"


def _sentence(of_list: QualityList) -> str:
    """Whether the default is told from the n-gram baseline, and which model turned out best: it was picked on these
    very names, of those that were trained as often.
    """
    found = next((model for model in of_list.models if model.name == DEFAULT), None)
    if found is None:
        return f"`{DEFAULT}` was not measured on this list."
    if found.high < 0:
        said = f"`{DEFAULT}` is {-found.against_ngram:.3f} nats below the n-gram baseline."
    elif found.low > 0:
        said = f"`{DEFAULT}` is {found.against_ngram:.3f} nats above the n-gram baseline."
    else:
        said = f"No difference between `{DEFAULT}` and the n-gram baseline was found."
    rivals = [
        model for model in of_list.models if model.name != COUNTING and model.seeds >= found.seeds
    ]
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
