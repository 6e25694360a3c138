"""Find a model's most likely names with an exact search (``band_search.py``)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from namegen.core.generation.advice import advice
from namegen.core.generation.constraints.constraint_list import ConstraintList
from namegen.core.generation.exact.band_search import BandSearch, ByProbability
from namegen.core.generation.generator import Generator
from namegen.core.generation.name_batch import NameBatch
from namegen.errors import GenerationError
from namegen.events import ProgressCallback, Searched, ignore_progress

MAX_PREFIXES = 1_000_000  # prefixes that are read before the search gives up: a few seconds


def most_likely(
    generator: Generator,
    n: int,
    *,
    max_length: int,
    constraints: ConstraintList | None = None,
    allow_seen: bool = False,
    allow_repeats: bool = False,
    on_progress: ProgressCallback = ignore_progress,
) -> Iterator[NameBatch]:
    """Return the n most likely names, the most likely first.

    The result is exact: reading every possible name would give the same.

    Args:
        generator: the model, its vocabulary and the known names.
        n: how many names.
        max_length: characters of the longest name that is returned.
        constraints: what each name has to satisfy.
        allow_seen: also return known names.
        allow_repeats: return each spelling of a name. Otherwise, if names differ only in letter case, spaces or
            punctuation, only the most likely one is returned.
        on_progress: called now and then with a ``Searched`` event.

    Raises:
        SettingsError: the constraints contradict each other; raised at once.
        GenerationError: the model doesn't know which names are new (raised at once); or there are fewer than n names,
            or finding them takes too long. The names found have been returned by then; they are the most likely ones.

    >>> from namegen.core.models.ngram import NgramModel
    >>> from namegen.core.data.prefix_tree import PrefixTree
    >>> from namegen.core.data.vocabulary import Vocabulary
    >>> names = ["Anna", "Annika", "Hanna", "Hans"]
    >>> vocabulary = Vocabulary.from_names(names)
    >>> model = NgramModel(PrefixTree.from_names(names, vocabulary), vocabulary.size, order=3)
    >>> next(most_likely(Generator(model, vocabulary), 3, max_length=20, allow_seen=True)).names
    ['Anna', 'Hans', 'Ha']
    """
    walk, name_filter = generator.as_one().prepare(
        n,
        max_length,
        constraints,
        allow_seen=allow_seen,
        allow_repeats=allow_repeats,
    )

    report = _ProgressReport(n, on_progress)
    search = BandSearch(walk, name_filter, ByProbability(), budget=MAX_PREFIXES, report=report.send)
    return _names_of(search, n, generator)


@dataclass(frozen=True)
class _ProgressReport:
    """Sends the progress of an exact search as events."""

    n: int  # names that are wanted
    on_progress: ProgressCallback

    def send(self, name_count: int, prefixes_read: int) -> None:
        """Send an event."""
        self.on_progress(Searched(name_count, self.n, read=prefixes_read))


def _names_of(search: BandSearch, n: int, generator: Generator) -> Iterator[NameBatch]:
    """Run an exact search, and yield all its names as one batch. The last band has the names of all bands before.

    Raises:
        GenerationError: there are too few names. They have been returned by then.
    """
    names: list[str] = []
    for band in search.bands(n):
        names = band.best.names
        log_probability = band.best.scores.log_probability
    if names:
        yield generator.batch(names, log_probability)
    if len(names) < n:
        raise _too_few_names(len(names), n, search)


def _too_few_names(name_count: int, n: int, search: BandSearch) -> GenerationError:
    """Return the error for a search that ended with too few names. It says why, and what to do."""
    if search.gave_up:
        suggestions = advice(search.rejected, search.name_filter.constraints)
        reason = f"then gave up after {search.prefixes_read:,} prefixes: {suggestions}"
    else:
        reason = "and no other name is possible: ask for fewer, or relax a constraint"
    return GenerationError(f"found {name_count:,} of the {n:,} most likely names, {reason}")
