"""Compare how often names are generated with how often they're in the list, by length, as in the original's blog.

    python -m benchmarks.frequencies     # trains two small networks in half a minute

The networks are the blog's first two Keras networks (``configs/blog-rnn32-*.toml``), trained with the NumPy backend.
Each network generates 10,000 names. Prints the rows of the table in ``docs/results/original.md``, and draws a plot for
each list.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from benchmarks.pages import NONE, RESULTS
from namegen import api
from namegen.api.model import open_checkpoint
from namegen.drawings.style import BLUE, QUIET, drawing_style, new_figure, save_figure
from namegen.lists import load_bundled
from namegen.settings_toml import read_config
from namegen.threads import limit_threads

CONFIGS = {"mlb-first": "configs/blog-rnn32-first.toml", "mlb-last": "configs/blog-rnn32-last.toml"}
GENERATED_NAMES = 10_000
NEVER_GENERATED = 0.5  # where names that were never generated are drawn on the logarithmic axis
LENGTHS = range(2, 10)  # the eight panels of the blog


def generate(config: str) -> list[str]:
    """Train a network with a config, and generate names with it."""
    result = api.train(config=read_config(Path(config)))
    model = open_checkpoint(result.checkpoint, config)
    return model.generate(
        GENERATED_NAMES,
        allow_seen=True,
        allow_repeats=True,
        allow_profanity=True,
        temperature=1.0,
        seed=0,
    )


def correlation(listed: Sequence[int], generated: Sequence[int]) -> str:
    """Format Pearson's correlation of how often names are listed and generated, if both counts vary."""
    if len(set(listed)) < 2 or len(set(generated)) < 2:
        return NONE
    return f"{np.corrcoef(listed, generated)[0, 1]:.2f}"


def draw_plot(list_name: str, listed: Mapping[str, int], generated: Mapping[str, int]) -> None:
    """Draw a panel for each length, with a point for each name of the list."""
    ratio = sum(generated.values()) / sum(listed.values())
    highest = max(listed.values())
    with drawing_style():
        figure = new_figure(8.0, 9.0)
        figure.suptitle(f"{list_name}: how often each name was generated, by how often it's listed")
        panels = figure.subplots(4, 2, sharex=True, sharey=True).flat
        for axes, length in zip(panels, LENGTHS, strict=True):
            # On the line, names are generated exactly as often as in the list.
            axes.plot([1, highest], [ratio, highest * ratio], color=QUIET, linewidth=1)
            names = [name for name in listed if len(name) == length]
            times_listed = [listed[name] for name in names]
            times_generated = [generated.get(name, NEVER_GENERATED) for name in names]
            axes.scatter(times_listed, times_generated, s=8, color=BLUE)
            axes.set(xscale="log", yscale="log", title=f"{length} characters")
            for axis in (axes.xaxis, axes.yaxis):
                axis.set_major_formatter("{x:g}")
                axis.set_minor_formatter("")
        figure.supxlabel("times in the list (on the line: generated exactly in proportion)")
        figure.supylabel(f"times among {GENERATED_NAMES:,} generated names (lowest row: never)")
        save_figure(figure, RESULTS / f"{list_name}-frequencies.png")


def main() -> None:
    """Measure the frequencies, print the table and draw the plots."""
    limit_threads(1)
    rows = {length: [f"{length}"] for length in LENGTHS}
    for list_name, config in CONFIGS.items():
        listed = Counter(load_bundled(list_name).names)
        generated = Counter(generate(config))
        for length in LENGTHS:
            for counts in (listed, generated):
                same_length = sum(count for name, count in counts.items() if len(name) == length)
                rows[length].append(f"{100 * same_length / counts.total():.1f}")
            names = [name for name in listed if len(name) == length]
            pair = [listed[name] for name in names], [generated[name] for name in names]
            rows[length].append(correlation(*pair))
        draw_plot(list_name, listed, generated)
    for cells in rows.values():
        print(f"| {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
