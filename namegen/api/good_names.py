"""The good names of a model in a seeded order, so that a game gets one name per seed and index without repeats.

The web page and the JavaScript module follow the same specification:

1. **The good names** are all names that ``LoadedModel.generate`` could return without filling up: new names, with the
   default constraints, that reach the threshold of their score. An exact search finds them: it reads every prefix that
   could become such a name, from the likeliest on. Of two names that are the same (see ``Normalization``), the likelier
   one counts. A page and a module only have shortened hashes of the known names, and take one new name in 256 for a
   known one. Such names aren't good names in Python either, so that all have the same ones.
2. **The key** of a name is a 32-bit hash: FNV-1a over the UTF-8 bytes of ``SEED:NAME``, with the seed as a decimal
   number, followed by the last step of MurmurHash3::

       hash = 2166136261
       for byte in bytes: hash = ((hash ^ byte) * 16777619) mod 2**32
       hash ^= hash >> 16;  hash = (hash * 0x85ebca6b) mod 2**32
       hash ^= hash >> 13;  hash = (hash * 0xc2b2ae35) mod 2**32
       hash ^= hash >> 16

   In JavaScript, ``Math.imul`` multiplies modulo 2**32.
3. **The order** is by key, and for equal keys by the name's UTF-8 bytes. Names get their usual letter case afterwards.

A search that reads more than ``MAX_PREFIXES`` prefixes stops. Then the good names are only those that are likelier than
the prefixes it hasn't read. That happens for large models, but for none of the models for games and stories.
"""

from __future__ import annotations

from functools import lru_cache
from numbers import Integral
from typing import TYPE_CHECKING

from namegen.core.generation.exact import BandSearch, ByProbability
from namegen.core.generation.letter_case import write
from namegen.core.generation.request import GenerationRequest
from namegen.core.settings import checked
from namegen.errors import GenerationError, SettingsError, setting, shown

if TYPE_CHECKING:
    from namegen.api.model import LoadedModel

MAX_NAMES = 10_000
MAX_PREFIXES = 200_000
_MASK = 2**32 - 1


def find_good_names(model: LoadedModel) -> list[str]:
    """Find the good names of a model, the likeliest ones first.

    Raises:
        GenerationError: the model can't score names, or has no good names that an exact search finds.

    >>> from namegen import load
    >>> len(find_good_names(load("taverns"))) > 50
    True
    """
    generator = model.filtering_generator
    names: list[str] = []
    if generator.scorer is not None and generator.scorer.rules:
        walk = generator.prepare(GenerationRequest(n=MAX_NAMES), usual=True)
        search = BandSearch(walk.scored_by(generator.scorer), ByProbability(), budget=MAX_PREFIXES)
        for band in search.bands(MAX_NAMES):  # the last band has the names of all bands before
            names = band.best.names.tolist()
    known_names = model.metadata.known_names
    if known_names is not None:
        are_known = model.normalization.are_known(names, known_names.short).tolist()
        names = [name for name, is_known in zip(names, are_known, strict=True) if not is_known]
    if not names:
        raise GenerationError(
            f"{model.name} has no names that can be listed in advance: choose a label, or generate names instead"
        )
    return names


def name_at(model: LoadedModel, seed: int, index: int) -> str:
    """Return the name at an index of the seeded order of a model's good names; see ``LoadedModel.name_at``."""
    seed = checked(GenerationRequest, "seed", seed)
    if not isinstance(index, Integral) or index < 0:
        raise SettingsError(
            f"{setting('index')} is {shown(index)}: expected a whole number of at least 0"
        )
    names = model.good_names
    if index >= len(names):
        raise GenerationError(
            f"{model.name} has only {len(names):,} good names: use an index below that"
        )
    name = _in_seeded_order(tuple(names), seed)[index]
    return write(name, model.letter_case, model.normalization)


@lru_cache(maxsize=16)
def _in_seeded_order(names: tuple[str, ...], seed: int) -> list[str]:
    """Sort names by their keys. The last few orders are kept, because callers walk along one order."""
    return sorted(names, key=lambda name: (seeded_key(seed, name), name.encode()))


def seeded_key(seed: int, name: str) -> int:
    """Return the key that decides where a name is in the order of a seed.

    >>> seeded_key(7, "Kolgrun"), seeded_key(8, "Kolgrun")
    (3652086258, 938717309)
    """
    value = 2166136261
    for byte in f"{seed}:{name}".encode():
        value = ((value ^ byte) * 16777619) & _MASK
    value ^= value >> 16
    value = (value * 0x85EBCA6B) & _MASK
    value ^= value >> 13
    value = (value * 0xC2B2AE35) & _MASK
    return value ^ (value >> 16)
