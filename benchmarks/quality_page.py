"""Write ``docs/results/quality.md`` and its plot from ``quality.json``.

With ``--check``, only check that the page is up to date.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from benchmarks.pages import NONE, RESULTS, read, table, write_or_check

NGRAM = "n-gram"
DEFAULT = "standard"
SPLIT_SEED = 1  # the default settings were tuned on other splits


@dataclass(frozen=True)
class Model:
    """The results of a model on one list. Losses are in nats per character on the test set, averaged over seeds."""

    name: str  # its name in the table
    nats: float  # the loss
    parameters: int = 0
    seeds: int = 1  # the number of training runs
    seconds: float = 0.0  # the CPU time of a training run on one core, without loading the list
    epochs: float = 0.0
    against_ngram: float = (
        0.0  # the loss minus the n-gram baseline's; negative if the model is better
    )
    low: float = 0.0  # the lower end of its 95% confidence interval
    high: float = 0.0  # the upper end
    seen_nats: float = (
        0.0  # the loss on test names that are also in the training set; 0 if there are none
    )
    unseen_nats: float = 0.0  # the loss on the other test names; 0 if all are in the training set


@dataclass(frozen=True)
class QualityList:
    """The results on one list, with the n-gram baseline first."""

    name: str
    test_names: int  # the number of distinct names in the test set
    models: tuple[Model, ...]  # in the order of the table
    seen_share: float = 0.0  # the share of the test lines that are also in the training set

    def find(self, name: str) -> Model | None:
        """Return the results of a model, or None if it wasn't measured on the list."""
        return next((model for model in self.models if model.name == name), None)

    @property
    def title(self) -> str:
        """The head of the list's column."""
        return f"{self.name} ({self.test_names:,} test names)"


@dataclass(frozen=True)
class Quality:
    """The results of all lists."""

    lists: tuple[QualityList, ...] = ()


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

![Loss in nats per character by training time, a panel for each list](quality.png)"""
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
    parts = [HEAD.format(split_seed=SPLIT_SEED)]
    without_leaks = [results for results in document.lists if not results.seen_share]
    names = dict.fromkeys(model.name for results in without_leaks for model in results.models)
    rows = []
    for name in names:
        rows.append([name, *(cell(results.find(name)) for results in without_leaks)])
    parts.append(table(["model", *(results.title for results in without_leaks)], rows, align="---"))
    parts.append("\n".join(f"- {results.name}: {sentence(results)}" for results in without_leaks))
    for results in document.lists:
        if results.seen_share:
            rows = []
            for model in results.models:
                losses = [f"{model.seen_nats:.3f}", f"{model.unseen_nats:.3f}"]
                rows.append([model.name, cell(model), *losses])
            heads = ["model", results.title, "lines in the training set", "other lines"]
            parts.append(LEAK.format(share=results.seen_share))
            parts += [table(heads, rows, align="---"), sentence(results)]
    parts.append(DISTILLATION)
    return "\n\n".join(parts) + "\n"


def cell(model: Model | None) -> str:
    """Format the loss of a model and its difference from the n-gram baseline."""
    if model is None:
        return NONE
    if model.name == NGRAM:
        return f"{model.nats:.3f}"
    return f"{model.nats:.3f} ({model.against_ngram:+.3f}, {model.low:+.3f} to {model.high:+.3f})"


def sentence(results: QualityList) -> str:
    """Compare the default with the n-gram baseline, and with the best model that has as many seeds."""
    default = results.find(DEFAULT)
    if default is None:
        return f"`{DEFAULT}` wasn't measured on this list."
    if default.low <= 0 <= default.high:
        text = f"There's no significant difference between `{DEFAULT}` and the n-gram baseline."
    else:
        direction = "lower" if default.high < 0 else "higher"
        difference = f"{abs(default.against_ngram):.3f} nats {direction}"
        text = f"The loss of `{DEFAULT}` is {difference} than that of the n-gram baseline."
    networks = [model for model in results.models if model.name != NGRAM]
    rivals = [model for model in networks if model.seeds >= default.seeds]
    best = min(rivals, key=lambda model: model.nats)
    if best.nats < default.nats:
        nats = f"{default.nats - best.nats:.3f} nats"
        text += f" {best.name} was {nats} better still on these names."
    return text


# --- the plot ---------------------------------------------------------------------------------------------------------


def draw_plot(document: Quality, path: Path) -> None:
    """Draw the loss of each network by its training time, in a panel for each list without leaks."""
    from namegen.drawings.style import QUIET, drawing_style, new_figure, save_figure

    lists = [results for results in document.lists if not results.seen_share]
    with drawing_style():
        figure = new_figure(9.5, 2.5 * len(lists))
        panels = figure.subplots(len(lists), 1, sharex=True, squeeze=False)[:, 0]
        for axes, results in zip(panels, lists, strict=True):
            networks = [model for model in results.models if model.name != NGRAM]
            # A color for each kind of network, which is the first word of its name.
            kinds = dict.fromkeys(model.name.split()[0].strip(":,") for model in networks)
            for kind in kinds:
                members = [model for model in networks if model.name.startswith(kind)]
                seconds = [model.seconds for model in members]
                losses = [model.nats for model in members]
                axes.plot(seconds, losses, "o", label=kind)
            ngram = results.find(NGRAM)
            if ngram is not None:
                axes.axhline(ngram.nats, color=QUIET, linestyle="--", label=NGRAM)
            axes.set(xscale="log", title=results.name, ylabel="nats per character")
            axes.xaxis.set_major_formatter("{x:g}")
        panels[-1].set_xlabel("seconds of training on one core")
        panels[0].legend(ncols=7, loc="lower left", bbox_to_anchor=(0, 1.2))
        save_figure(figure, path)


def main() -> None:
    """Write the page and its plot, or check the page."""
    document = read(Quality, RESULTS / "quality.json")
    if write_or_check("quality", page(document)):
        draw_plot(document, RESULTS / "quality.png")


if __name__ == "__main__":
    main()
