"""Write ``docs/results/labels.md`` from ``labels.json``. With ``--check``, only check that it's up to date."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.pages import RESULTS, read, table, write_or_check


@dataclass(frozen=True)
class LabelResult:
    """The results of one label. Losses are in nats per character on the test set, averaged over seeds."""

    label: str
    training_names: int
    test_names: int
    shared: float  # the loss of the shared model
    single: float  # the loss of the model that was trained on this label only

    @property
    def difference(self) -> float:
        """The shared model's loss minus the single model's."""
        return self.shared - self.single


@dataclass(frozen=True)
class LabelledList:
    """The results of one list."""

    name: str
    seeds: int  # the number of training runs of each model
    shared: float  # the loss of the shared model
    single: float  # the loss of the single models
    ngram: float  # the loss of the best n-gram baseline, with or without labels
    low: float  # the lower end of the 95% confidence interval of ``shared - single``
    high: float  # the upper end
    labels: tuple[LabelResult, ...]
    # The shares of names that the classifier assigns to the right label.
    real: float  # of real names
    new: float | None  # of the shared model's new names; None if it wasn't measured
    unfiltered: float  # of names from the model's own distribution


@dataclass(frozen=True)
class Labels:
    """The results of all lists."""

    lists: tuple[LabelledList, ...] = ()


HEAD = """\
# Labels: one shared model, or one model for each origin?

If your names have labels, such as their origin, you can train a single model on all the names, or a separate
model for each label. This page compares the two approaches, using the built-in lists of given names and family
names ([models and lists](../reference/models.md)). The labels are origins only, without genders. To learn how to
use labels, see [Names by origin or any label](../guides/labels.md). To repeat the measurement, run `make labels`,
which takes about an hour. The page doesn't name a machine, because it contains no times.

- The **shared** model is trained on the names of all origins, along with their labels. Each **single** model is
  trained on the names of just one origin. All models use the default settings, except that they start from random
  weights (`--base-model none`), because namegen's base model knows some of the test names. With the default
  fine-tuning, the single models of short lists would probably do better.
- Each list is split by name into a training set (60%), a validation set (10%) and a test set (30%). The tables
  show the loss on the test set in nats per character, averaged over three seeds. The 95% confidence interval in
  parentheses comes from a bootstrap over seeds and names. The rows for single origins have no intervals, so small
  differences can be due to chance.
- To find out how well the generated names fit their labels, we use a **classifier**, a naive Bayes model of
  letter n-grams (1 to 4 letters). We train it on one half of the test set, and then use it to guess the origins of
  generated names and of the names in the other half.

**The result:** For given names, the shared model makes better predictions, and origins with few names benefit
most. For family names, separate models are slightly better on average, but most origins with few names (13 of 17
with fewer than 300 training names) still benefit from a shared model. The classifier recognizes the origin of
unfiltered names less often than the origin of real names, so they fit their labels less well."""
SHOWN = 10  # labels with the largest gains and losses


def page(document: Labels) -> str:
    """Write the whole page."""
    parts = [HEAD]
    for results in document.lists:
        test_names = sum(label.test_names for label in results.labels)
        seeds = "1 seed" if results.seeds == 1 else f"{results.seeds} seeds"
        difference = results.shared - results.single
        losses = [
            ("shared", f"{results.shared:.3f}"),
            ("single", f"{results.single:.3f}"),
            ("n-gram baseline", f"{results.ngram:.3f}"),
            ("shared − single", f"{difference:+.3f} ({results.low:+.3f} to {results.high:+.3f})"),
        ]
        accuracies = [("real names", f"{results.real:.1%}")]
        if results.new is not None:
            accuracies.append(("names of the shared model", f"{results.new:.1%}"))
        accuracies.append(("unfiltered names of the shared model", f"{results.unfiltered:.1%}"))
        by_gain = sorted(results.labels, key=lambda label: label.difference)
        parts += [
            f"## {results.name}: {len(results.labels)} origins, {test_names:,} test names, {seeds}",
            table(("model", "test loss"), losses),
            table(("names", "assigned to the right origin"), accuracies),
            f"These {SHOWN} origins benefit most from the shared model:",
            _origin_table(by_gain[:SHOWN]),
            f"These {SHOWN} origins benefit least:",
            _origin_table(by_gain[-SHOWN:]),
        ]
    return "\n\n".join(parts) + "\n"


def _origin_table(labels: Sequence[LabelResult]) -> str:
    """Compare the losses of some origins, in one row each."""
    rows = []
    for label in labels:
        losses = [f"{label.shared:.3f}", f"{label.single:.3f}", f"{label.difference:+.3f}"]
        rows.append([label.label, f"{label.training_names:,}", *losses])
    return table(("origin", "training names", "shared", "single", "difference"), rows)


if __name__ == "__main__":
    write_or_check("labels", page(read(Labels, RESULTS / "labels.json")))
