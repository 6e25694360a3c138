"""How often a name is drawn against how often it stands in the list, by the length of the name, as the blog plotted it.

    python -m benchmarks.frequencies            # trains two small networks: half a minute; then `make docs`
    python -m benchmarks.frequencies --draw     # only the pictures, from what was measured

The networks are the blog's first two of Keras (``configs/blog-rnn32-*.toml``), trained by the NumPy engine; each draws
10,000 names. Writes ``docs/results/frequencies.json`` and a picture of each list.
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

limit_threads(1)

import numpy as np  # noqa: E402  # reads the limit above as it starts
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
DRAWN = 10_000
LENGTHS = range(2, 10)  # as the blog's eight panels


@dataclass(frozen=True)
class NamesAlike:
    """Different names that are of one length, stand equally often in the list, and were drawn equally often.

    Attributes:
        length: in characters.
        listed: how often each of them stands in the list.
        drawn: how often each of them was drawn.
        names: how many they are.
    """

    length: int
    listed: int
    drawn: int
    names: int


@dataclass(frozen=True)
class ListFrequencies:
    """A list beside the names that a network drew.

    Attributes:
        name: of the list.
        config: what trained the network.
        entries: names of the list, repeats counted.
        generated: names that were drawn, repeats counted.
        alike: every different name that stands in the list or was drawn.
    """

    name: str
    config: str
    entries: int
    generated: int
    alike: tuple[NamesAlike, ...]


@dataclass(frozen=True)
class Frequencies:
    """``frequencies.json``: a list each."""

    lists: tuple[ListFrequencies, ...]


def counted(name: str, config: str, listed: Iterable[str], drawn: Iterable[str]) -> ListFrequencies:
    """Both lists, counted name by name.

    >>> counted("a", "b", ["Al", "Al", "Bo"], ["Bo", "Cy"]).alike[0]
    NamesAlike(length=2, listed=0, drawn=1, names=1)
    """
    in_list, of_model = Counter(listed), Counter(drawn)
    alike = Counter((len(one), in_list[one], of_model[one]) for one in {*in_list, *of_model})
    rows = tuple(NamesAlike(*key, names) for key, names in sorted(alike.items()))
    return ListFrequencies(name, config, in_list.total(), of_model.total(), rows)


def measure(name: str, config: str) -> ListFrequencies:
    """Train the network of a config, and let it draw."""
    with tempfile.TemporaryDirectory() as folder:
        api.train(config=read_config(Path(config)), out=Path(folder) / "run")
        model = api.load(Path(folder) / "run")
    drawn = model.generate(
        DRAWN, allow_seen=True, allow_repeats=True, allow_profanity=True, temperature=1.0, seed=0
    )
    return counted(name, config, load_bundled(name).names, drawn)


def agreement(of_list: ListFrequencies, length: int) -> float:
    """Pearson's correlation, over the different names of the list that have a length, of how often a name stands in the
    list and how often it was drawn; nan where nothing varies.
    """
    alike = [one for one in of_list.alike if one.length == length and one.listed]
    names = np.array([one.names for one in alike], float)
    counts = np.array([(one.listed, one.drawn) for one in alike], float).reshape(-1, 2)
    if names.sum() < 2:
        return float("nan")
    apart = counts - np.average(counts, axis=0, weights=names)
    products = (apart * names[:, None]).T @ apart  # (2, 2): what varies together
    scale = float(np.sqrt(products[0, 0] * products[1, 1]))
    return float(products[0, 1]) / scale if scale else float("nan")


def picture(of_list: ListFrequencies) -> Figure:
    """A panel for each length, both axes logarithmic; a name of the list that was never drawn is at the lower edge."""
    figure = new_figure(8.0, 9.0)
    figure.suptitle(
        f"{of_list.name}: how often a name was drawn, against how often it stands in the list"
    )
    panels = figure.subplots(4, 2, sharex=True, sharey=True).flat
    for axes, length in zip(panels, LENGTHS, strict=True):
        shown = [one for one in of_list.alike if one.length == length and one.listed]
        most = max((one.listed for one in of_list.alike), default=1)
        share = of_list.generated / of_list.entries
        axes.plot([1, most], [share, most * share], color=QUIET, linewidth=1)
        drawn: Sequence[float] = [max(one.drawn, 0.5) for one in shown]
        axes.scatter([one.listed for one in shown], drawn, s=8, color=BLUE)
        axes.set(xscale="log", yscale="log", title=f"{length} characters")
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(number_formatter())
            axis.set_minor_formatter(NullFormatter())
    figure.supxlabel("times in the list; the line: drawn as often as it should be")
    figure.supylabel(f"times among {of_list.generated:,} names drawn; the lowest row: never")
    return figure


def read() -> tuple[ListFrequencies, ...]:
    """What was measured."""
    return from_plain(Frequencies, json.loads(FILE.read_text(encoding="utf-8"))).lists


def main() -> None:
    if "--draw" not in sys.argv:
        measured = Frequencies(tuple(measure(*one) for one in CONFIGS.items()))
        text = json.dumps(to_plain(measured), ensure_ascii=False, separators=(",", ":"))
        FILE.write_text(text.replace("},", "},\n") + "\n", encoding="utf-8")
    for one in read():
        with drawing_style():
            save_figure(picture(one), RESULTS / f"{one.name}-frequencies.png")


if __name__ == "__main__":
    main()
