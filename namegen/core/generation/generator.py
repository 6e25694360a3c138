"""Generator: draws names from any LanguageModel, one by one or, much faster, by splitting counts.

**One by one**: each name reads its own tokens, one uniform number a token, by the rule of ``sampling.draw``; one more,
the first, chooses its beginning where there are several. Given the same numbers, every engine gives the same names.

**Count-splitting** (``count_splitting.py``): the same distribution at the cost of one step for each *distinct*
prefix. ``generate`` draws so, drops what is not wanted, and draws again until it has enough.

**By arrival** (``arrivals.py``): the same distribution again, without drawing. Where drawing finds next to nothing,
``generate`` goes over to it: it finds all names that there are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import KW_ONLY, dataclass, field, replace
from functools import cached_property, partial

import numpy as np

from namegen.core.data.fourgrams import FourGrams
from namegen.core.data.labels import Beginnings
from namegen.core.data.prefix_tree import SortedNames
from namegen.core.data.sameness import NAMES, KnownSet, Sameness
from namegen.core.data.vocabulary import BOUNDARY, Vocabulary
from namegen.core.engine import LanguageModel
from namegen.core.evaluation.evaluator import AccuracyEvaluator
from namegen.core.generation.arrivals import MAX_PREFIXES, Arrivals
from namegen.core.generation.bands import BandSearch, ByProbability
from namegen.core.generation.count_splitting import MAX_IN_VAIN, Draws, PrefixFilter, Walk
from namegen.core.generation.sampling import SamplingSettings, check_amount, draw, pick
from namegen.core.generation.wishes.claimed import Unclaimed
from namegen.core.generation.wishes.matches import Matches
from namegen.core.generation.wishes.texts import Contains, EndsWith
from namegen.core.generation.wishes.wish import MORE_VARIETY, Wish
from namegen.core.generation.wishes.wishlist import Avoid, Distinct, Judge, MaxLength, New, Shaped, WellFormed, Wishlist
from namegen.core.models.mixture import as_one
from namegen.core.network.bars import EVERY_NAME, Bars, check_share
from namegen.core.settings import LETTER_CASES
from namegen.errors import GenerationError, SettingsError, setting
from namegen.events import Searched, Watcher, Widened, unwatched
from namegen.types import Array, Bool, Float64, Int32, Int64

CHUNK_NAMES = 500_000  # names that are drawn at a time: what bounds the memory of a request for millions
MAX_AT_FIRST = 8_192  # names that are drawn before it is known how many of them are given
MAX_SPARE = 1_000  # names that are drawn beyond what is expected to be enough
FIRST_NAMES = 64  # fewest names that are drawn at a time where some will be dropped
TOGETHER = 200_000  # characters of names that are read behind several beginnings at a time
MAX_LIKELIEST = 1_000_000  # prefixes that a search for the likeliest reads before it gives up: some seconds
TRIES = 25_000  # names drawn for none, or for one: from there on it is cheaper to search for names than to draw them
# For one name that reaches a bar: a search skips what cannot; and as it is not the last word, it may end sooner.
TRIES_ABOVE_BARS, MAX_ABOVE_BARS = 30, 300_000  # names; prefixes
LADDER = (0.1, 0.33, EVERY_NAME)
VARIED = 10_000  # names: who asks for more does not read them
ASK_FOR_FEWER = "ask for fewer"
AS_LEARNED = LETTER_CASES[0]
HOT = 1.5  # above such a temperature, most names are noise
NEARLY_0 = 0.05  # a temperature or a top_p below it leaves the model next to no choice


@dataclass(frozen=True, eq=False)
class NameBatch:
    """Some generated names.

    Attributes:
        names: the names, in random order.
        scores: finds the log-probability of each together with each of the ``R`` beginnings that it may have, under the
            model at temperature 1, nats, STOP included.
        known_names, sameness: what ``new`` goes by.
    """

    names: list[str]
    scores: Callable[[], Float64[Array, "names R"]] = field(repr=False)
    known_names: KnownSet | None = field(default=None, repr=False)
    sameness: Sameness = field(default=NAMES, repr=False)

    @cached_property
    def joint(self) -> Float64[Array, "names R"]:
        """``scores``; found out when they are first asked for: over many beginnings that takes far longer than drawing
        the names did.
        """
        return self.scores()

    @cached_property
    def log_probability(self) -> Float64[Array, "names"]:
        """Of each name, whatever its beginning."""
        summed: Float64[Array, "names"] = np.logaddexp.reduce(self.joint, axis=1)
        return summed

    @property
    def likeliest_beginning(self) -> Int64[Array, "names"]:
        """Of each name, which of the beginnings, by its place."""
        places: Int64[Array, "names"] = self.joint.argmax(axis=1)
        return places

    @cached_property
    def new(self) -> Bool[Array, "names"] | None:
        """Of each, whether the list that the model learned from lacks it; None where the model does not know.

        Found out when it is first asked for: a digest costs about as much as drawing the name did.
        """
        if self.known_names is None:
            return None
        row_of = {name: row for row, name in enumerate(dict.fromkeys(self.names))}
        new = ~self.sameness.are_known(row_of, self.known_names)
        return new[np.fromiter(map(row_of.__getitem__, self.names), np.int64, count=len(self.names))]

    def select(self, rows: Sequence[int]) -> NameBatch:
        """The names of some rows, in their order."""
        places = np.array(rows, np.int64)
        return replace(self, names=[self.names[row] for row in rows], scores=lambda: self.joint[places])


def check_letter_case(case: str | None) -> None:
    """Raise SettingsError for a letter case that there is not; None is the usual one."""
    if case is not None and case not in LETTER_CASES:
        raise SettingsError(f"{setting('letter_case')} is {case!r}: expected one of {', '.join(LETTER_CASES)}")


def in_case(batches: Iterator[NameBatch], case: str | None) -> Iterator[NameBatch]:
    """Batches with their names in a letter case; see ``write`` in ``letter_case.py``."""
    if case == AS_LEARNED:
        return batches
    from namegen.core.generation.letter_case import write

    return (replace(batch, names=[write(name, case, batch.sameness) for name in batch.names]) for batch in batches)


def join_batches(batches: Sequence[NameBatch]) -> NameBatch:
    """Batches of one generator, at least one, as one batch."""
    names = [name for batch in batches for name in batch.names]
    return replace(batches[0], names=names, scores=lambda: np.concatenate([batch.joint for batch in batches]))


@dataclass(frozen=True, eq=False)
class Generator:
    """Draws names from a model.

    Attributes:
        model: any LanguageModel.
        vocabulary: its characters.
        known_names: the names that are not new; None: newness is unknown.
        beginnings: what names begin with, by their shares.
        bars: which names are likely enough to be offered; None: it is not known, so that all are.
        fourgrams: those that an offered name is made of (``core/data/fourgrams.py``); None: any.
        sameness: when two names are the same; ``known_names`` are by this rule.
        rows_per_prefix: how many rows the model reads for one prefix; see ``Walk``.
        shapes: those that names have, unless they may be given more than once (``core/data/shapes.py``); (): any.
        claimed: what no new name begins with (``wishes/claimed.py``).
        searches: how many of them share the prefixes that one may read in vain.
        ladder: larger shares, each taken where the one before has no more names.
    """

    model: LanguageModel
    vocabulary: Vocabulary
    _: KW_ONLY
    known_names: KnownSet | None = None
    beginnings: Beginnings = field(default=Beginnings.single())  # frozen: all may share it
    bars: Bars | None = None
    fourgrams: FourGrams | None = None
    sameness: Sameness = NAMES
    rows_per_prefix: int = 1
    shapes: Collection[str] = ()
    claimed: tuple[str, ...] = ()
    searches: int = 1
    ladder: tuple[float, ...] = LADDER

    def as_one(self) -> Generator:
        """A generator of the same names whose model has one beginning only; itself, where that is so already."""
        if not self.beginnings.several:
            return self
        model, beginning = as_one(self.model, self.beginnings)
        rows = len(self.beginnings.tokens)
        return replace(self, model=model, beginnings=Beginnings.single(beginning), rows_per_prefix=rows)

    def batch(self, names: list[str], log_probability: Float64[Array, "names"]) -> NameBatch:
        """Names of this generator, as they are given; of several beginnings the scores are found when asked for."""
        several = self.beginnings.several
        scores = partial(self._with_each_beginning, names) if several else lambda: log_probability[:, None]
        return NameBatch(names, scores, self.known_names, self.sameness)

    def generate(
        self,
        n: int,
        *,
        rng: np.random.Generator,
        sampling: SamplingSettings | None = None,
        wishes: Wishlist | None = None,
        allow_seen: bool = False,
        allow_repeats: bool = False,
        choose: float = EVERY_NAME,
        watch: Watcher = unwatched,
    ) -> Iterator[NameBatch]:
        """Give n names, in batches as they are found; by default new and distinct ones.

        ``docs/use/generating.md`` says which distribution they have.

        Args:
            n: how many.
            rng: where the random numbers come from.
            sampling: how characters are chosen, and how long a name may be.
            wishes: what each name must keep.
            allow_seen: names of the list too.
            allow_repeats: the same name more than once; otherwise no two that are the same by ``sameness``, such as
                those that differ in letter case, spaces or punctuation only.
            choose: the share of its new names of each length that are offered, the likeliest; 1: all of them. Where
                there are no more, a larger share is taken, in the end all of them (for a text inside, a third).
            watch: told now and then how far the search is, and of a larger share.

        Raises:
            SettingsError: there is no such share, or the wishes contradict each other; at once, before a name is drawn.
            GenerationError: newness is asked of a model that knows no names (at once); or, after those found have been
                given, no more turn up.

        >>> from namegen.core.models.ngram import NgramModel
        >>> from namegen.core.data.prefix_tree import PrefixTree
        >>> names = ["Anna", "Annika", "Hanna", "Hans"]
        >>> vocabulary = Vocabulary.from_names(names)
        >>> model = NgramModel(PrefixTree.from_names(names, vocabulary), vocabulary.size, order=3)
        >>> from namegen.core.generation.wishes.texts import StartsWith
        >>> batches = Generator(model, vocabulary).generate(
        ...     3, rng=np.random.default_rng(0), wishes=Wishlist([StartsWith("Hann")]), allow_seen=True)
        >>> [len(batch.names) for batch in batches]
        [3]
        """
        sampling = sampling or SamplingSettings()
        check_share(choose)
        chosen = choose < EVERY_NAME
        walk, judge = self.prepare(n, sampling.max_length, wishes, allow_seen, allow_repeats, shaped=chosen)
        return self._search(n, rng, sampling, walk, judge, choose, watch)

    def prepare(
        self,
        n: int,
        longest: int,
        wishes: Wishlist | None,
        allow_seen: bool,
        allow_repeats: bool,
        *,
        shaped: bool = False,
    ) -> tuple[Walk, Judge]:
        """Check the wishes, and make what every search for names needs: the walk, and the judge of finished names.

        Args:
            n: how many names.
            longest: characters of the longest name that is given.
            wishes: what each name must keep.
            allow_seen: as in ``generate``.
            allow_repeats: as in ``generate``.
            shaped: whether names have the list's shapes even if they may come again.

        Raises:
            SettingsError, GenerationError: as ``generate`` does at once.
        """
        check_amount(n, "names")
        every: list[Wish] = [WellFormed(self.vocabulary.combines), MaxLength(longest), *(wishes or ())]
        every += [] if allow_repeats else [Distinct()]
        if self.shapes and (shaped or not allow_repeats):
            every.append(Shaped(frozenset(self.shapes)))
        if not allow_seen and self.known_names is not None:
            every.append(New(self.known_names))
        if not allow_seen and self.claimed:
            every.append(Unclaimed(self.claimed, self.sameness))
        wishes = Wishlist(every)
        wishes.check(self.vocabulary)
        if not allow_seen and self.known_names is None and wishes.get(Avoid) is None:
            raise GenerationError(
                "this model does not keep the names it learned from, so it cannot say which are new: give them with "
                f"{setting(Avoid.name)}, or give {setting(New.name, True)}"
            )
        fits = PrefixFilter(wishes, self.vocabulary)
        walk = Walk(self.model, fits, self.beginnings, rows_per_prefix=self.rows_per_prefix)
        return walk, Judge(wishes, self.sameness)

    def _search(
        self,
        n: int,
        rng: np.random.Generator,
        sampling: SamplingSettings,
        every: Walk,
        judge: Judge,
        choose: float,
        watch: Watcher,
    ) -> Iterator[NameBatch]:
        """Draw until there are n names; where next to none turn up, search for the rest; then take a larger share."""
        found = tried = drawn = 0

        def tell(more: int) -> None:
            watch(Searched(found, n, tried + more))

        def tell_read(more: int, read: int) -> None:
            watch(Searched(drawn + more, n, tried, read))

        shares = [EVERY_NAME] if self.bars is None else [choose, *(share for share in self.ladder if share > choose)]
        if shares[0] < EVERY_NAME and self.fourgrams is not None and any(map(judge.wishes.get, (Contains, EndsWith))):
            shares = [share for share in shares if share < EVERY_NAME]  # few of all names with a rare text sound right
        while found < n:
            share, before, tried_before = shares.pop(0), found, tried
            if judge.given is not None:  # where a text or another way of drawing decides how names begin, none waits
                decided = judge.wishes.texts or judge.wishes.get(Matches) or not sampling.natural
                judge.given.varied = share < EVERY_NAME and n <= VARIED and not decided
            bars = None if self.bars is None or share == EVERY_NAME else self.bars.at(share)
            walk = every if bars is None else every.above(bars, self.fourgrams)
            if share > choose:
                watch(Widened(found, n, share))
            in_vain = computed = 0
            rejected: Counter[str] = Counter()  # the draws in vain, by what they failed at
            while found < n:
                certain = judge.lets_all_through and walk is every
                size = round_size(n - found, found - before, tried - tried_before, certain=certain)
                draws = walk.draw(size, rng=rng, sampling=sampling, tell=tell)
                batch, refused = self._choose(draws, n - found, rng, judge)
                found, tried = found + len(batch.names), tried + size
                if batch.names:
                    yield batch
                if size < (TRIES if walk is every else TRIES_ABOVE_BARS) * len(batch.names):
                    in_vain, computed = 0, walk.computed
                    rejected.clear()
                    continue
                in_vain += size
                rejected += draws.rejected + refused  # of counters, what is zero goes
                if (in_vain >= TRIES or walk.computed - computed > MAX_IN_VAIN) and found < n:
                    break
            if found == n:
                return
            # The rest is given without drawing; the error says whether there are no more at all.
            drawn = found
            most = (MAX_ABOVE_BARS if shares else MAX_PREFIXES) // self.searches
            search = Arrivals(walk, judge, sampling, rng, tell_read, most=most)
            for names, log_probability in search.find(n - found):
                found += len(names)
                yield self.batch(names, log_probability)
            if found < n and not shares:
                told = f"names found: {found:,} of {n:,} asked for; "
                if search.bounded:
                    told += f"no more within {tried:,} tries and {search.read:,} prefixes: "
                else:
                    why = ", because only the likeliest characters are taken" if _more_variety(sampling)[1] else ""
                    told += f"no other name is possible{why}: "
                told += advice(rejected, judge.wishes, sampling, fewer=found > 0)
                unlikely = f"; unlikely names come with {setting('choose', 1)}"
                raise GenerationError(told + unlikely * (EVERY_NAME not in (choose, share)))
            if found == before and share > choose:  # a wish is in the way: time for one more search, not for two
                shares = shares[-1:]

    def _choose(self, draws: Draws, n: int, rng: np.random.Generator, judge: Judge) -> tuple[NameBatch, Counter[str]]:
        """The names among the draws that the judge lets through, at most n, in the order of a random deal."""
        rows, kept, refused = judge.keep(draws.names(self.vocabulary), draws.counts)
        counts, order = draws.counts[rows], np.arange(len(rows))
        names = np.array(kept.names, object)  # gathers three times as fast as a loop
        if judge.given is None:
            order = np.repeat(order, counts)
            rng.shuffle(order)
        else:
            # A name that was drawn c times stands, in a random order of all draws, first where the least of c uniform
            # numbers says. Names of one digest are one name, spelled as it first turns up.
            first = -np.expm1(np.log1p(-rng.random(len(rows))) / counts)
            order = order[np.argsort(first)]
            _, once = np.unique(kept.digests[order], return_index=True)
            refused[Distinct.name] += int(counts.sum() - len(once))
            order = order[np.sort(once)]
            chosen = rows[order]
            turn = judge.given.in_turn(names[order].tolist(), draws.beginnings[chosen], draws.first_chances[chosen])
            order = order[turn]
        order = order[:n]
        if judge.given is not None:
            judge.given.add(kept.digests[order])
        return self.batch(names[order].tolist(), draws.log_probability[rows[order]]), refused

    def _with_each_beginning(self, of: list[str]) -> Float64[Array, "names R"]:
        """The log-probability of names together with each beginning; each distinct prefix is read once."""
        ids = self.beginnings.ids
        scores = np.empty((len(of), len(ids)))
        if not of:
            return scores
        tokens, lengths = self.vocabulary.encode_all(of)
        rows = np.zeros((len(of), int(lengths.max())), np.int32)  # as wide as the longest; behind others boundaries
        rows[np.arange(rows.shape[1]) < lengths[:, None]] = tokens
        names, name_of = SortedNames.from_rows(rows, np.ones(len(rows), np.int64))
        evaluator = AccuracyEvaluator(self.model)
        at_once = max(1, TOGETHER // len(names.tokens))  # beginnings: of few names one tree each would take long
        for start in range(0, len(ids), at_once):
            some = ids[start : start + at_once]
            behind = SortedNames(
                np.tile(names.tokens, len(some)),
                np.tile(names.lengths, len(some)),
                np.tile(names.counts, len(some)),
                np.repeat(some, len(names.lengths)),
            )
            given = np.empty(len(behind.lengths))
            # The order of the evaluator's names.
            given[np.argsort(behind.lengths, kind="stable")] = evaluator.name_log_probabilities(behind.tree())
            scores[:, start : start + at_once] = given.reshape(len(some), -1)[:, name_of].T
        return scores + self.beginnings.log_shares

    def draw_one_by_one(self, uniforms: Float64[Array, "n M"], *, temperature: float = 1.0) -> Int32[Array, "n T"]:
        """Draw one name for each row of uniform numbers, one number a token; the reference way.

        Where there are several beginnings (``beginnings.numbers`` is 1), the first number of a row chooses its own, by
        their shares whatever the temperature.

        Returns:
            Token ids, the boundary from the end of each name on; a row without a boundary did not end within its
            numbers.
        """
        n, first = len(uniforms), self.beginnings.numbers
        last = np.full(n, self.beginnings.tokens[0], np.int32)
        if first:
            shares = np.tile(self.beginnings.shares, (n, 1))
            last, uniforms = self.beginnings.ids[pick(uniforms[:, 0], shares)], uniforms[:, first:]
        longest = uniforms.shape[1]
        tokens = np.zeros((n, longest), np.int32)
        alive, state = np.arange(n), self.model.initial_state(max(n, 1))
        for depth in range(longest):
            if len(alive) == 0:
                break
            logits, state = self.model.step(last, state)
            last = draw(uniforms[alive, depth], logits, temperature).astype(np.int32)
            tokens[alive, depth] = last
            rows = np.flatnonzero(last != BOUNDARY)
            if len(rows) < len(alive):
                alive, last, state = alive[rows], last[rows], self.model.select(state, rows)
        return tokens


def round_size(missing: int, found: int, tried: int, *, certain: bool) -> int:
    """How many names to draw next, so that about as many are given as are missing.

    Of a long request the first few thousand draws show how many fail; before that, two draws a name are a safe guess.
    """
    if certain and not tried:
        wanted = missing
    elif found:
        expected = missing * tried / found
        wanted = int(expected + min(0.1 * expected, MAX_SPARE)) + FIRST_NAMES
    else:
        wanted = max(min(2 * missing, MAX_AT_FIRST), 2 * tried, FIRST_NAMES)
    return min(CHUNK_NAMES, wanted)


def likeliest(
    generator: Generator,
    n: int,
    *,
    max_length: int,
    wishes: Wishlist | None = None,
    allow_seen: bool = False,
    allow_repeats: bool = False,
    watch: Watcher = unwatched,
) -> Iterator[NameBatch]:
    """Give the n likeliest names, the likeliest first: exactly those that reading every name would find.

    Args:
        generator: the model, its characters, and the names that are not new.
        n: how many.
        max_length: characters of the longest name that is given.
        wishes: what each name must keep.
        allow_seen: names of the list too.
        allow_repeats: each spelling is a name; otherwise, of names that differ in letter case, spaces or punctuation
            only, the likeliest.
        watch: told now and then how far the search is.

    Raises:
        SettingsError, GenerationError: as ``Generator.generate``; also if there are fewer than n, or the search came
            to its bound, after those found have been given. Those are then still the likeliest.

    >>> from namegen.core.models.ngram import NgramModel
    >>> from namegen.core.data.prefix_tree import PrefixTree
    >>> from namegen.core.data.vocabulary import Vocabulary
    >>> names = ["Anna", "Annika", "Hanna", "Hans"]
    >>> vocabulary = Vocabulary.from_names(names)
    >>> model = NgramModel(PrefixTree.from_names(names, vocabulary), vocabulary.size, order=3)
    >>> next(likeliest(Generator(model, vocabulary), 3, max_length=20, allow_seen=True)).names
    ['Anna', 'Hans', 'Ha']
    """
    walk, judge = generator.as_one().prepare(n, max_length, wishes, allow_seen, allow_repeats)

    def tell(found: int, read: int) -> None:
        watch(Searched(found, n, read=read))

    search = BandSearch(walk, judge, ByProbability(), bound=MAX_LIKELIEST, tell=tell)
    return _likeliest(search, n, generator)


def _likeliest(search: BandSearch, n: int, generator: Generator) -> Iterator[NameBatch]:
    names: list[str] = []
    scores: Float64[Array, "names"] = np.zeros(0)
    for found in search.bands(n):  # each has those of the one before, too
        names, scores = found.names, found.marks["score"]
    if names:
        yield generator.batch(names, scores)
    if len(names) < n:
        told = f"names found: {len(names):,} of {n:,} asked for, the likeliest there are; "
        if search.bounded:
            raise GenerationError(
                f"{told}no more within {search.read:,} prefixes: {advice(search.refused, search.judge.wishes)}"
            )
        raise GenerationError(f"{told}no other name is possible: ask for fewer, or relax a wish")


def advice(
    rejected: Counter[str], wishes: Wishlist, sampling: SamplingSettings | None = None, *, fewer: bool = False
) -> str:
    """What to do about draws that all failed: about what most of them failed at, and about what failed last of all.

    Args:
        rejected: how many failed at which wish, by its name.
        wishes: all that were asked of them.
        sampling: how they were drawn; None: they were not drawn, but searched for.
        fewer: some names were found, so that to ask for fewer is an advice, whatever the draws failed at.

    >>> from namegen.core.generation.wishes.texts import Contains
    >>> from namegen.errors import NamegenError
    >>> str(NamegenError(advice(Counter(contains=5), Wishlist([Contains("xyz")]), SamplingSettings(top_k=1))))
    'raise top_k, or relax contains'
    >>> rejected, wishes = Counter(max_length=9, not_like_the_list=2), Wishlist([MaxLength(4), Shaped({"#0"})])
    >>> str(NamegenError(advice(rejected, wishes, SamplingSettings()))).split(",")[0]
    'raise max_length'
    """
    variety, stuck = _more_variety(sampling) if sampling is not None else ("", False)
    failed = {wish.name: wish for wish in wishes if rejected[wish.name]}
    if len(failed) > 1:
        failed.pop(WellFormed.name, None)
    if stuck or any(wish.about == "text" and not wish.always for wish in failed.values()):
        failed.pop(MaxLength.name, None)  # names that are too long turn up anyway: they are not what is in the way
    most = sorted(failed.values(), key=lambda wish: (-rejected[wish.name], wish.name))[:1]
    last = [wish for wish in failed.values() if wish.about == "list"][-1:]
    steps = [step for wish in most + last for step in wish.advice or (f"relax {setting(wish.name)}",)]
    if stuck and MORE_VARIETY not in steps:
        steps.insert(0, MORE_VARIETY)
    if last:
        relaxable = [wish for wish in wishes if wish.about != "list" and not wish.always and wish not in most]
        steps += [f"relax {setting(wish.name)}" for wish in relaxable]
    if (shaped := wishes.get(Shaped)) is not None and not fewer:  # which each name had to keep, too
        steps += shaped.advice[1:]
    said = dict.fromkeys(variety if step == MORE_VARIETY else step for step in steps)
    doubled = Distinct.advice[-1] if Shaped.advice[-1] in said else ""  # the same setting
    said_at_all = [step for step in said if step not in ("", doubled)]
    if ASK_FOR_FEWER not in said_at_all and (fewer or not said_at_all):
        said_at_all.insert(0, ASK_FOR_FEWER)
    return ", or ".join(filter(None, (", ".join(said_at_all[:-1]), said_at_all[-1])))


def _more_variety(sampling: SamplingSettings) -> tuple[str, bool]:
    """What lets the model choose less likely characters (a hot one: likelier ones); and whether it can choose but the
    likeliest now.

    >>> from namegen.errors import NamegenError
    >>> [str(NamegenError(_more_variety(SamplingSettings(*one))[0])) for one in ((1.0,), (2.0,), (2.0, 5))]
    ['raise temperature', 'lower temperature', 'raise top_k or temperature']
    """
    only_the_likeliest = {
        "temperature": sampling.temperature < NEARLY_0,
        "top_k": sampling.top_k == 1,
        "top_p": sampling.top_p is not None and sampling.top_p < NEARLY_0,
    }
    if any(only_the_likeliest.values()):  # each of them has to go
        return "raise " + " and ".join(setting(name) for name, narrow in only_the_likeliest.items() if narrow), True
    narrowed = {"top_k": sampling.top_k is not None, "top_p": sampling.top_p not in (None, 1), "temperature": True}
    if sampling.temperature > HOT and not (narrowed["top_k"] or narrowed["top_p"]):
        return f"lower {setting('temperature')}", False
    return "raise " + " or ".join(setting(name) for name, can_help in narrowed.items() if can_help), False
