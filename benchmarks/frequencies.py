"""Compare how often names are generated with how often they're in the list, by length, as in the original's blog.

    python -m benchmarks.frequencies            # trains two small networks in half a minute; run `make docs` afterwards
    python -m benchmarks.frequencies --draw     # only draws the plots again

The networks are the blog's first two Keras networks (``configs/blog-rnn32-*.toml``), trained with the NumPy backend.
Each network generates 10,000 names. Writes ``docs/results/frequencies.json`` and a plot for each list.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from namegen.threads import limit_threads

limit_threads(1)  # before NumPy is imported

import numpy as np  # noqa: E402
from matplotlib.axes import Axes  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402
from matplotlib.ticker import NullFormatter  # noqa: E402

from benchmarks.pages import RESULTS  # noqa: E402
from namegen import api  # noqa: E402
from namegen.documents import from_plain, to_plain  # noqa: E402
from namegen.drawings.style import (  # noqa: E402
    BLUE,
    QUIET,
    drawing_style,
    new_figure,
    number_formatter,
    save_figure,
)
from namegen.lists import load_bundled  # noqa: E402
from namegen.settings_toml import read_config  # noqa: E402

FILE = RESULTS / "frequencies.json"
CONFIGS = {"mlb-first": "configs/blog-rnn32-first.toml", "mlb-last": "configs/blog-rnn32-last.toml"}
GENERATED_NAMES = 10_000
NEVER_GENERATED = 0.5  # where names that were never generated are drawn on the logarithmic axis
LENGTHS = range(2, 10)  # the eight panels of the blog


@dataclass(frozen=True)
class NamesAlike:
    """Distinct names with the same length, the same count in the list, and the same count among the generated names."""

    length: int  # in characters
    listed: int  # how often each of the names is in the list
    drawn: int  # how often each of the names was generated
    names: int  # the number of these names


@dataclass(frozen=True)
class ListFrequencies:
    """The counts of the names of a list and of a network's names."""

    name: str  # the name of the list
    config: str  # the config that the network was trained with
    entries: int  # the number of names in the list, with duplicates
    generated: int  # the number of generated names, with duplicates
    alike: tuple[NamesAlike, ...]  # all names that are in the list or were generated

    def listed_names(self, length: int) -> list[NamesAlike]:
        """Return the names of the list with a given length."""
        return [names for names in self.alike if names.length == length and names.listed > 0]


@dataclass(frozen=True)
class Frequencies:
    """The content of ``frequencies.json``."""

    lists: tuple[ListFrequencies, ...]


def count_names(
    name: str, config: str, listed: Iterable[str], generated: Iterable[str]
) -> ListFrequencies:
    """Count the names of a list and the generated names.

    >>> count_names("a", "b", ["Al", "Al", "Bo"], ["Bo", "Cy"]).alike[0]
    NamesAlike(length=2, listed=0, drawn=1, names=1)
    """
    listed_counts = Counter(listed)
    generated_counts = Counter(generated)
    distinct_names = {*listed_counts, *generated_counts}
    alike = Counter((len(n), listed_counts[n], generated_counts[n]) for n in distinct_names)
    return ListFrequencies(
        name,
        config,
        entries=listed_counts.total(),
        generated=generated_counts.total(),
        alike=tuple(NamesAlike(*key, names=names) for key, names in sorted(alike.items())),
    )


def measure(name: str, config: str) -> ListFrequencies:
    """Train a network, generate names with it, and count them."""
    with tempfile.TemporaryDirectory() as folder:
        run_folder = Path(folder) / "run"
        api.train(config=read_config(Path(config)), out=run_folder)
        model = api.load(run_folder)
    generated = model.generate(
        GENERATED_NAMES,
        allow_seen=True,
        allow_repeats=True,
        allow_profanity=True,
        temperature=1.0,
        seed=0,
    )
    return count_names(name, config, load_bundled(name).names, generated)


def agreement(frequencies: ListFrequencies, length: int) -> float:
    """Return Pearson's correlation of the two counts over the distinct names of the list with a given length.

    It's NaN if there are fewer than two names, or if one of the counts is the same for all names.
    """
    alike = frequencies.listed_names(length)
    weights = np.array([names.names for names in alike], float)  # (A,)
    if weights.sum() < 2:
        return float("nan")
    counts = np.array([(names.listed, names.drawn) for names in alike], float)  # (A, 2)
    deviations = counts - np.average(counts, axis=0, weights=weights)
    covariances = (deviations * weights[:, None]).T @ deviations  # (2, 2), not normalized
    scale = float(np.sqrt(covariances[0, 0] * covariances[1, 1]))
    if scale == 0:
        return float("nan")
    return float(covariances[0, 1]) / scale


# --- the plots --------------------------------------------------------------------------------------------------------


def frequency_plot(frequencies: ListFrequencies) -> Figure:
    """Draw a panel for each length of names. Call it inside ``drawing_style``."""
    figure = new_figure(8.0, 9.0)
    figure.suptitle(
        f"{frequencies.name}: how often each name was generated, by how often it's in the list"
    )
    panels = figure.subplots(4, 2, sharex=True, sharey=True).flat
    for axes, length in zip(panels, LENGTHS, strict=True):
        _draw_expected_counts(axes, frequencies)
        _draw_names(axes, frequencies.listed_names(length))
        _set_logarithmic(axes)
        axes.set_title(f"{length} characters")
    figure.supxlabel("times in the list (on the line: generated exactly in proportion)")
    figure.supylabel(f"times among {frequencies.generated:,} generated names (lowest row: never)")
    return figure


def _draw_expected_counts(axes: Axes, frequencies: ListFrequencies) -> None:
    """Draw a line where names are generated as often as in the list."""
    highest_count = max((names.listed for names in frequencies.alike), default=1)
    ratio = frequencies.generated / frequencies.entries
    axes.plot([1, highest_count], [ratio, highest_count * ratio], color=QUIET, linewidth=1)


def _set_logarithmic(axes: Axes) -> None:
    """Make both axes logarithmic, with plain numbers as labels."""
    axes.set(xscale="log", yscale="log")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(number_formatter())
        axis.set_minor_formatter(NullFormatter())


def _draw_names(axes: Axes, alike: Sequence[NamesAlike]) -> None:
    """Draw a point for all names with the same counts."""
    listed = [names.listed for names in alike]
    generated = [max(names.drawn, NEVER_GENERATED) for names in alike]
    axes.scatter(listed, generated, s=8, color=BLUE)


# --- files ------------------------------------------------------------------------------------------------------------


def read() -> tuple[ListFrequencies, ...]:
    """Read ``frequencies.json``."""
    return from_plain(Frequencies, json.loads(FILE.read_text(encoding="utf-8"))).lists


def write(frequencies: Frequencies) -> None:
    """Write ``frequencies.json``, with one line for each group of names."""
    text = json.dumps(to_plain(frequencies), ensure_ascii=False, separators=(",", ":"))
    FILE.write_text(text.replace("},", "},\n") + "\n", encoding="utf-8")


def main() -> None:
    """Measure the frequencies, and draw the plots."""
    if "--draw" not in sys.argv:
        write(Frequencies(tuple(measure(name, config) for name, config in CONFIGS.items())))
    for frequencies in read():
        for length in LENGTHS:
            print(f"{frequencies.name}, {length} characters: {agreement(frequencies, length):.2f}")
        with drawing_style():
            save_figure(
                frequency_plot(frequencies), RESULTS / f"{frequencies.name}-frequencies.png"
            )


if __name__ == "__main__":
    main()
