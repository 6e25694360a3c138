"""Write ``docs/results/quality.md`` and its plot from ``quality.json``.

With ``--check``, only check that the page is up to date.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from benchmarks.pages import NONE, RESULTS, read, table, write_or_check
from namegen.documents import Count, Measure

FORMAT: Literal["namegen quality"] = "namegen quality"
NGRAM = "n-gram"
SPLIT_SEED = 1  # the default settings were tuned on other splits


@dataclass(frozen=True)
class Model:
    """The results of a model on one list. Means are over seeds."""

    #: What the table calls the model.
    name: str
    #: The mean test loss in nats per character.
    nats: Measure
    #: The number of trained parameters.
    parameters: Count = 0
    #: The number of training runs.
    seeds: Count = 1
    #: The difference between the worst and the best seed.
    spread: Measure = 0.0
    #: The mean CPU time of a training run on one core, without loading the list.
    seconds: Measure = 0.0
    #: The mean number of epochs.
    epochs: Measure = 0.0
    #: The loss minus the n-gram baseline's. Negative if the model is better.
    against_ngram: float = 0.0
    #: The lower end of its 95% confidence interval.
    low: float = 0.0
    #: The upper end.
    high: float = 0.0
    #: The loss on test names that are also in the training set. 0 if there are none.
    seen_nats: Measure = 0.0
    #: The loss on the other test names. 0 if all are in the training set.
    unseen_nats: Measure = 0.0


@dataclass(frozen=True)
class QualityList:
    """The results on one list, with the n-gram baseline first."""

    #: The name of the list.
    name: str
    #: The number of distinct names in the test set.
    test_names: Count
    #: The models in the order of the table.
    models: tuple[Model, ...]
    #: The share of the test lines that are also in the training set.
    seen_share: Measure = 0.0


@dataclass(frozen=True)
class Quality:
    """The results of all lists."""

    lists: tuple[QualityList, ...] = ()
    format: Literal["namegen quality"] = FORMAT


HEAD = """\
# Quality: how well networks predict held-out names

On this page, we compare neural networks with an n-gram baseline, using names that weren't in the training set.
To repeat the comparison, run `make quality`, which takes several hours. It writes `quality.json`, which also
contains the number of parameters, the epochs and the training time for each row.

We split each list by name into a training set, a validation set (10%) and a test set (10%), with a split seed
of {split_seed}. We use the validation set to select the best epoch of each network, and to choose the best
n-gram. The candidates are n-grams of order 2 to 8, with modified Kneser–Ney or Witten–Bell smoothing, and with
full or square-root weighting of duplicates. We tuned the default settings on other splits, with one exception.
After the first runs on US first names, we changed the dropout and measured again with another validation set.

- **Each cell** shows the test loss in nats per character, including the end token, averaged over the seeds. The
  numbers in parentheses are the difference from the n-gram baseline and its 95% confidence interval. A negative
  difference means that the network is better. We computed the intervals from 2,000 bootstrap resamples of names
  and seeds.
- **Seeds**: We trained `quick` and `standard` with three seeds, or five for US first names. For the other rows,
  we used only one seed, so their intervals don't include the variation between seeds.
- **`standard`** is the default network, and **`quick`** is the original project's network. The other networks
  use the default settings for their cell, width and list. For some of them, we also show the results without
  dropout. On US first names, `standard` is an LSTM 224. We measured its variants with an earlier version of
  namegen, in which `standard` was an LSTM 256.
- **The Transformer** comes from `examples/transformer_engine`. It has four blocks of 64 units and was trained
  for 25 epochs with 10% dropout.

The plot shows how much CPU time a single training run takes on one core, not including the time to load the
list.

![Loss in nats per character, by number of parameters and by training time](quality.png)"""
DEFAULT = "standard"
DISTILLATION = """\
## Knowledge distillation

Earlier versions of namegen could also train a network with knowledge distillation. On these lists, distillation
reduced the loss by at most 0.07 nats per character, and training took five to ten times as long. Readers didn't
prefer the resulting names. For companies, they accepted 55% of the distilled network's names and 56% of the
default network's names. For Hebrew given names, they accepted 25% and 40%, with 120 ratings each. That's why
namegen no longer includes knowledge distillation.

Four of the built-in models used to be distilled. We now train them with the default settings and store them in
half precision. As the table shows, this hardly changed their loss:

| model | distilled | now |
| --- | ---: | ---: |
| mlb-first | 2.014 | 2.027 |
| mlb-last | 1.937 | 1.927 |
| companies | 1.336 | 1.349 |
| japanese-given | 2.359 | 2.362 |

Two readers accepted 60% of the new models' names and 64% of the old models' names. With 160 names for each, the
95% confidence interval for the difference is −14 to +5 points. The readers were language models."""
LEAK = """\
## A split with leaks

makemore and the projects based on it split these names in a different way. Girls' and boys' names are on separate
lines, and a random tenth of the lines is used as the test set. As a result, {share:.0%} of the test lines are also in
the training set, which rewards memorization. The last two columns show the loss on these lines and on all other lines.
You can compare the loss on the other lines with the table above, and the overall loss with results published
elsewhere."""


def page(document: Quality) -> str:
    """Write the whole page."""
    with_leaks = [results for results in document.lists if results.seen_share]
    without_leaks = [results for results in document.lists if not results.seen_share]
    parts = [HEAD.format(split_seed=SPLIT_SEED)]
    if without_leaks:
        names = dict.fromkeys(model.name for results in without_leaks for model in results.models)
        rows = [
            [name, *(_cell(find(results, name)) for results in without_leaks)] for name in names
        ]
        parts.append(_text_table(["model", *map(_column_title, without_leaks)], rows))
        sentences = [f"- {results.name}: {_sentence(results)}" for results in without_leaks]
        parts.append("\n".join(sentences))
    for results in with_leaks:
        heads = ["model", _column_title(results), "lines in the training set", "other lines"]
        rows = []
        for model in results.models:
            losses = [f"{model.seen_nats:.3f}", f"{model.unseen_nats:.3f}"]
            rows.append([model.name, _cell(model), *losses])
        leak = LEAK.format(share=results.seen_share)
        parts += [leak, _text_table(heads, rows), _sentence(results)]
    parts.append(DISTILLATION)
    return "\n\n".join(parts) + "\n"


def _text_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Write a table whose columns are aligned on the left, because its cells are long."""
    return table(heads, rows).replace("---:", "---")


def find(results: QualityList, name: str) -> Model | None:
    """Return the results of a model, or None if it wasn't measured on the list."""
    return next((model for model in results.models if model.name == name), None)


def _column_title(results: QualityList) -> str:
    return f"{results.name} ({results.test_names:,} test names)"


def _cell(model: Model | None) -> str:
    """Format the loss of a model and its difference from the n-gram baseline."""
    if model is None:
        return NONE
    if model.name == NGRAM:
        return f"{model.nats:.3f}"
    return f"{model.nats:.3f} ({model.against_ngram:+.3f}, {model.low:+.3f} to {model.high:+.3f})"


def _sentence(results: QualityList) -> str:
    """Compare the default with the n-gram baseline, and with the best model that has as many seeds."""
    default = find(results, DEFAULT)
    if default is None:
        return f"`{DEFAULT}` wasn't measured on this list."
    difference = f"{abs(default.against_ngram):.3f} nats"
    if default.high < 0:
        sentence = (
            f"The loss of `{DEFAULT}` is {difference} lower than that of the n-gram baseline."
        )
    elif default.low > 0:
        sentence = (
            f"The loss of `{DEFAULT}` is {difference} higher than that of the n-gram baseline."
        )
    else:
        sentence = f"There's no significant difference between `{DEFAULT}` and the n-gram baseline."
    networks = [model for model in results.models if model.name != NGRAM]
    rivals = [model for model in networks if model.seeds >= default.seeds]
    best = min(rivals, key=lambda model: model.nats)
    if best.nats < default.nats:
        nats = f"{default.nats - best.nats:.3f} nats"
        sentence += f" {best.name} was {nats} better still on these names."
    return sentence


def main() -> None:
    """Write the page and its plot, or check the page."""
    from benchmarks.quality_plot import draw_quality

    document = read(Quality, RESULTS / "quality.json")
    if write_or_check("quality", page(document)):
        draw_quality(document, RESULTS / "quality.png")


if __name__ == "__main__":
    main()
