"""How many invented names could stand in the list, by judges that learned other names of it: ``make plausibility``.

    python -m benchmarks.plausibility                       # every bundled list; an hour, but it can be stopped
    python -m benchmarks.plausibility --lists mlb-first

The different names of a list are halved by a hash. Two judges learn the half A: a network of the effort `standard`, and
Kneser–Ney of order 5. The models that are judged learn the half B. A new name, one that is not in B, is plausible under
a judge if its log-probability a character is above that of the oddest tenth of B's own names. Markov chains are counted
as they come, without smoothing. Each model draws 10,000 names: at temperature 1, at its own drawing temperature, and at
the one at which it makes as many new and different names as the chain of order 4. What is trained is kept under
``build/quality``; ``docs/results/plausibility.json`` has the figures, and ``python -m benchmarks.plausibility_page``
makes the document of it.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from namegen.threads import limit_threads

limit_threads(1)

import numpy as np  # noqa: E402  # reads the limit above as it starts
from rapidfuzz.distance import Levenshtein  # noqa: E402
from rapidfuzz.process import cdist  # noqa: E402

from benchmarks.lists import load  # noqa: E402
from benchmarks.pages import RESULTS, read, write  # noqa: E402
from benchmarks.plausibility_page import (  # noqa: E402
    AS_CHAIN,
    AS_DRAWN,
    AS_LEARNED,
    Judged,
    JudgedList,
    Plausibility,
)
from namegen import api  # noqa: E402
from namegen.core.data.prefix_tree import PrefixTree  # noqa: E402
from namegen.core.data.sameness import digests  # noqa: E402
from namegen.core.data.vocabulary import Vocabulary  # noqa: E402
from namegen.core.generation.generator import Generator  # noqa: E402
from namegen.core.generation.plausibility import ORDER, PlausibilityJudge, halves, new_names  # noqa: E402
from namegen.core.models.ngram import KNESER_NEY, NgramModel  # noqa: E402
from namegen.core.network.record import default_max_length  # noqa: E402
from namegen.settings_toml import Config, merge  # noqa: E402
from namegen.types import Array, Bool, Float64, Int32, Int64  # noqa: E402

KEPT = Path("build") / "quality"
LISTS = ("mlb-first", "mlb-last", "companies", "japanese-given")
DRAWN = 10_000
MEASURED = 1_000  # new names whose nearest name of the list is looked for
EFFORTS = ("quick", "standard", "best")
CHAINS = (3, 4)  # orders: characters that each next one depends on


class MarkovChain:
    """What followed the last characters in a list, as often as it did.

    The state of a row is the context so far as an index into what was seen; the root stands for a name's beginning.
    """

    def __init__(self, names: list[str], vocabulary: Vocabulary, order: int) -> None:
        self.vocabulary_size, self.order = vocabulary.size, order
        tree = PrefixTree.from_names(names, vocabulary)
        self._row: dict[tuple[int, ...], int] = {}
        counts: list[Float64[Array, "V"]] = []
        contexts: list[tuple[int, ...]] = [()] * tree.nodes
        for node in range(tree.nodes):
            before = () if tree.parent[node] < 0 else contexts[tree.parent[node]]
            contexts[node] = (*before, int(tree.token[node]))[-order:]
        for node, token, count in zip(tree.edge_node, tree.edge_token, tree.edge_count, strict=True):
            row = self._row.setdefault(contexts[node], len(counts))
            if row == len(counts):
                counts.append(np.zeros(vocabulary.size))
            counts[row][token] += count
        table = np.array(counts)
        with np.errstate(divide="ignore"):
            self._logits = np.log(table / table.sum(axis=1, keepdims=True))

    def initial_state(self, rows: int) -> list[tuple[int, ...]]:
        """Nothing has been read."""
        return [()] * rows

    def step(
        self, tokens: Int32[Array, "B"], state: list[tuple[int, ...]]
    ) -> tuple[Float64[Array, "B V"], list[tuple[int, ...]]]:
        """The logarithm of how often each token followed."""
        after = [(*before, token)[-self.order :] for before, token in zip(state, tokens.tolist(), strict=True)]
        return self._logits[[self._row[context] for context in after]], after

    def select(self, state: list[tuple[int, ...]], rows: Int64[Array, "K"]) -> list[tuple[int, ...]]:
        """Gather rows."""
        return [state[row] for row in rows.tolist()]


@dataclass(frozen=True, eq=False)
class Subject:
    """A model that is judged."""

    name: str
    generator: Generator


def trained(of_list: str, half: str, effort: str, names: list[str]) -> api.LoadedModel:
    """A network that learned a half of a list; trained once."""
    safe = "".join(letter if letter.isalnum() else "-" for letter in Path(of_list).name.lower())
    folder = KEPT / f"plausible-{safe}-{half}-{effort}"
    config = merge(Config(), {"training.effort": effort, "run.threads": 1, "run.plot": False})
    if (folder / "state.safetensors").is_file():
        api.resume(folder)
    else:
        api.train(names, config=config, out=folder)
    return api.load(folder)


def subjects(of_list: str, names: list[str], vocabulary: Vocabulary) -> Iterator[Subject]:
    """Every model that learned these names."""
    known = np.unique(digests(names))
    for order in CHAINS:
        yield Subject(
            f"Markov chain, order {order}",
            Generator(MarkovChain(names, vocabulary, order), vocabulary, known_names=known),
        )
    for effort in EFFORTS:
        yield Subject(effort, trained(of_list, "b", effort, names).generator)


def judge_list(of_list: str) -> JudgedList:
    """All models of one list."""
    names = list(dict.fromkeys(load(of_list).names))
    vocabulary = Vocabulary.from_names(names)
    a, b = halves(names, bit=1)  # a training halves what it reads once more, by the lowest
    counted = NgramModel(PrefixTree.from_names(a, vocabulary), vocabulary.size, ORDER, KNESER_NEY)
    network = trained(of_list, "a", "standard", a)
    judges = (
        PlausibilityJudge.of(network.model, network.vocabulary, b),
        PlausibilityJudge.of(counted, vocabulary, b),
    )
    longest = default_max_length(max(map(len, b)))
    found: list[Judged] = []
    as_many = 0
    for subject in subjects(of_list, b, vocabulary):
        one = judge(subject, AS_LEARNED, 1.0, judges, b, longest)
        found.append(one)
        if subject.name == f"Markov chain, order {CHAINS[-1]}":
            as_many = one.new_and_distinct
        if subject.name in EFFORTS:
            found.append(judge(subject, AS_DRAWN, subject.generator.temperature, judges, b, longest))
            found.append(judge(subject, AS_CHAIN, same_novelty(subject, as_many, longest), judges, b, longest))
        print(of_list, subject.name, found[-1], flush=True)
    return JudgedList(of_list, len(a), len(b), tuple(found))


def judge(
    subject: Subject,
    drawn: str,
    temperature: float,
    judges: tuple[PlausibilityJudge, PlausibilityJudge],
    learned: list[str],
    longest: int,
) -> Judged:
    """What a model's new names are worth at a temperature."""
    names = new_names(subject.generator, DRAWN, temperature, longest=longest, rng=np.random.default_rng(0))
    by_network, by_counting = (100 * one.share(names) for one in judges)
    some = np.random.default_rng(1).permutation(len(names))[:MEASURED]
    apart = cdist([names[place] for place in some], learned, scorer=Levenshtein.distance).min(axis=1)
    return Judged(subject.name, drawn, temperature, by_network, by_counting, len(names), float(np.median(apart)))


def same_novelty(subject: Subject, as_many: int, longest: int) -> float:
    """The temperature at which a model makes as many new and different names; within a hundredth, from 0.2 to 1.5."""
    return bisect(
        lambda temperature: (
            len(new_names(subject.generator, DRAWN, temperature, longest=longest, rng=np.random.default_rng(0)))
            >= as_many
        )
    )


def bisect(reached: Callable[[float], Bool[Array, ""] | bool], low: float = 0.2, high: float = 1.5) -> float:
    """The lowest temperature that reaches something, where all higher ones do."""
    while high - low > 0.01:
        middle = (low + high) / 2
        low, high = (low, middle) if reached(middle) else (middle, high)
    return round(high, 2)


def main() -> None:
    """Train, judge, keep."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.plausibility",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--lists", nargs="+", default=list(LISTS), metavar="LIST")
    parser.add_argument("--out", type=Path, default=RESULTS / "plausibility.json")
    arguments = parser.parse_args()
    for of_list in arguments.lists:
        found = {one.name: one for one in read(Plausibility, arguments.out).lists} | {of_list: judge_list(of_list)}
        write(arguments.out, Plausibility(tuple(found.values())))


if __name__ == "__main__":
    main()
