"""Check that the same value, key, pool and context always give the same pseudonym."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import random
import unicodedata
from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

import namegen
from namegen.errors import GenerationError, SettingsError
from namegen.pseudonymize import Pseudonyms

KEY = b"only an example!"
POOL = ["Ada", "Bo", "Cy"]
NAMES = [f"name {number}" for number in range(10_000)]


def test_pseudonyms_follow_the_documented_algorithm() -> None:
    pools, value, context = [POOL, ["Zoë", "Lee"]], "Ann Smith", "trial 7"
    lines = "Ada\nBo\nCy\n\nZoë\nLee\n".encode()
    about = b"namegen pseudonyms 1" + hashlib.sha256(lines).digest() + context.encode()
    k = hmac.new(KEY, about, "sha256").digest()
    place = int(hmac.new(k, value.encode(), "sha256").hexdigest(), 16) % 6
    expected = f"{pools[1][place // 3]}, {pools[0][place % 3]}"
    made = namegen.pseudonyms([value], pool=pools, key=KEY, context=context, template="{2}, {1}")
    assert (list(made), made.pool_hash) == ([expected], hashlib.sha256(lines).hexdigest())
    # These names were computed by an independent implementation of the documented algorithm.
    numbers = list(namegen.pseudonyms([0, 1, 9_999], pool=NAMES, key=KEY))
    assert numbers == ["name 8414", "name 2673", "name 4951"]


@pytest.mark.slow  # it takes some seconds
def test_a_million_pseudonyms_are_the_same_on_all_machines() -> None:
    """The expected hash was computed on one machine with Python 3.11.7 and 3.13.5."""
    pools = [
        [f"{letter}{number}" for number in range(size)]
        for letter, size in (("a", 3000), ("b", 2000), ("c", 500))
    ]
    made = namegen.pseudonyms(
        (f"value {number}" for number in range(1_000_000)), pool=pools, key=KEY
    )
    found = hashlib.sha256(b"".join(f"{name}\n".encode() for name in made))
    assert found.hexdigest().startswith("15369c4d56d9aba9751c8ff00b4efa82")


def test_only_the_value_key_context_and_pool_matter() -> None:
    values = [f"value {number}" for number in range(100)]

    def names(
        key: bytes = KEY, pool: list[str] = NAMES, context: str = "", values: list[str] = values
    ) -> list[str]:
        return list(namegen.pseudonyms(values, pool=pool, key=key, context=context))

    found = dict(zip(values, names(), strict=True))
    random.Random(1).shuffle(mixed := values * 2)
    assert names(values=mixed) == [found[value] for value in mixed]
    assert names(pool=[*NAMES, "", " name 7"]) == names()
    for other in (names(b"another example!"), names(context="else"), names(pool=NAMES[::-1])):
        assert sum(name == found[value] for name, value in zip(other, values, strict=True)) < 3
    assert len(set(names(values=["Zoë", " Zoe\u0308\n", "Zoe\u0308"]))) == 1
    assert names(values=["", " \t"]) == ["", ""]
    assert next(namegen.pseudonyms(itertools.count(), pool=POOL, key=KEY)) in POOL


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100, 257])
def test_whole_numbers_below_n_get_different_names(size: int) -> None:
    made = Pseudonyms(pool=NAMES[:size], key=KEY, unique=True)
    found = [made.of(number) for number in range(size)]
    assert sorted(found) == sorted(NAMES[:size])
    assert size < 100 or sum(name == other for name, other in zip(found, NAMES, strict=False)) < 6
    assert (made.of(f" {size - 1}"), made.expected_shared) == (found[-1], 0)
    others = Pseudonyms([size, f"0{size - 1}", "-1", "٠"], pool=NAMES[:size], key=KEY)
    assert (len(list(others)), others.hashed, others.numbers) == (4, 4, 0)


def test_collisions_are_as_frequent_as_expected() -> None:
    made = Pseudonyms([f"value {number}" for number in range(2_000)], pool=NAMES, key=KEY)
    found = list(made)
    pairs = sum(count * (count - 1) // 2 for count in map(found.count, set(found)))
    assert made.expected_shared == pytest.approx(199.9)
    assert abs(pairs - made.expected_shared) < 4 * sqrt(made.expected_shared)
    first = next(place for place, name in enumerate(found) if name in found[:place])
    strict = Pseudonyms(pool=NAMES, key=KEY, unique=True)
    for _ in range(2):  # repeated values get the same name without an error
        assert [strict.of(f"value {number}") for number in range(first)] == found[:first]
    many = Pseudonyms(map(str, range(-3_000, 0)), pool=[NAMES, NAMES], key=KEY, unique=True)
    assert len(set(many)) == 3_000
    with pytest.raises(GenerationError, match="two values share the name 'name"):
        strict.of(f"value {first}")


@given(st.text("ae\u0301\u0316\u0327\u1e69가ᄀ\u1161", max_size=30))
def test_long_values_are_normalized_as_unicode_defines(text: str) -> None:
    made = Pseudonyms(pool=NAMES, key=KEY)
    long = text + "é" * 1_000
    assert (
        made.of(long)
        == made.of(unicodedata.normalize("NFD", long))
        == made.of(unicodedata.normalize("NFC", long))
    )


def test_a_value_of_a_megabyte_takes_little_time() -> None:
    assert Pseudonyms(pool=POOL, key=KEY).of("e" + "\u0301\u0316" * 250_000) in POOL


@pytest.mark.parametrize(
    ("said", "arguments"),
    [
        ("but is 15 bytes", {"key": KEY[1:]}),
        ("but is of type str", {"key": "only an example!"}),
        *(("pool", {"pool": pool}) for pool in ([], [""], 5, "Ada", [POOL, []], [1])),
        *(("template", {"template": template}) for template in ("", "{2}", "{1} {2}", "{name}")),
        *(("values", {"values": values}) for values in ("Ann", 5)),
        ("a value must be a string or a whole number, not 1.5", {"values": [1.5]}),
    ],
)
def test_invalid_arguments_are_rejected(said: str, arguments: dict[str, object]) -> None:
    with pytest.raises(SettingsError, match=said):
        list(namegen.pseudonyms(**{"values": ["Ann"], "pool": POOL, "key": KEY, **arguments}))  # type: ignore[arg-type]
