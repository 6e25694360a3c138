"""Check that pseudonyms only depend on the key, the pools and the value, and that they never merge two values."""

from __future__ import annotations

import hashlib
import hmac
import random
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

import namegen
from namegen.errors import GenerationError
from namegen.pseudonymize import Pseudonyms

KEY = b"only an example!"
POOL = ["Ada", "Bo", "Cy"]
NAMES = [f"name {number}" for number in range(10_000)]
PEOPLE = [f"value {number}" for number in range(404)]


def test_pseudonyms_follow_the_documented_algorithm() -> None:
    pools, value, context = [POOL, ["Zoë", "Lee"]], "Ann Smith", "trial 7"
    lines = "Ada\nBo\nCy\n\nZoë\nLee\n".encode()
    purpose = b"namegen pseudonyms 2" + hashlib.sha256(lines).digest() + context.encode()
    k = hmac.new(KEY, purpose, "sha256").digest()
    index = int(hmac.new(k, value.encode(), "sha256").hexdigest(), 16) % 6
    expected = f"{pools[1][index // 3]}, {pools[0][index % 3]}"
    made = namegen.pseudonyms([value], pool=pools, key=KEY, context=context, template="{2}, {1}")
    assert (list(made), made.pool_hash) == ([expected], hashlib.sha256(lines).hexdigest())


def test_only_the_value_key_context_and_pool_matter() -> None:
    def names(
        values: list[str], key: bytes = KEY, pool: list[str] = NAMES, context: str = ""
    ) -> list[str]:
        return list(Pseudonyms(values, pool=pool, key=key, context=context, allow_collisions=True))

    found = dict(zip(PEOPLE, names(PEOPLE), strict=True))
    mixed = random.Random(1).sample(PEOPLE * 2, 600)
    assert names(mixed) == [found[value] for value in mixed]
    assert names(PEOPLE, pool=[*NAMES, "", " name  7"]) == names(PEOPLE)
    others = [
        names(PEOPLE, key=b"another example!"),
        names(PEOPLE, context="else"),
        names(PEOPLE, pool=NAMES[::-1]),
    ]
    for other in others:
        assert sum(name == found[value] for name, value in zip(other, PEOPLE, strict=True)) < 5
    assert names(["", " \t"]) == ["", ""]


@given(st.text(min_size=1), st.sampled_from(["NFC", "NFD", "NFKC", "NFKD"]))
def test_spaces_and_unicode_forms_dont_make_another_person(text: str, form: str) -> None:
    made = Pseudonyms(pool=NAMES, key=KEY)
    other = unicodedata.normalize(form, text).replace(" ", " \t ")  # type: ignore[arg-type]
    assert made.of(f" {other}\n") == made.of(text)
    assert made.people <= 1


def test_case_matters_unless_it_is_ignored() -> None:
    values = ["Straße", "STRASSE", "strasse"]
    with_case = Pseudonyms(values, pool=NAMES, key=KEY)
    assert len(set(with_case)) == with_case.people == 3
    without_case = Pseudonyms(values, pool=NAMES, key=KEY, ignore_case=True)
    assert len(set(without_case)) == without_case.people == 1


def test_collisions_are_counted_exactly_and_refused() -> None:
    """A pool whose size is a power of two and a template that merges parts are special cases."""
    for pool in (NAMES[:5_000], NAMES[:4_096], [["A", "A B", "C"], ["B C", "C", *NAMES[:99]]]):
        made = Pseudonyms(PEOPLE * 2, pool=pool, key=KEY, allow_collisions=True)
        names = dict(zip(PEOPLE * 2, made, strict=True))
        assert (made.people, made.collisions) == (404, 404 - len(set(names.values())))
        assert made.collisions > 0
        with pytest.raises(GenerationError, match=r"share the name .* 2 pools of"):
            list(Pseudonyms(PEOPLE, pool=pool, key=KEY))


def test_pools_of_the_advised_size_suffice() -> None:
    many = Pseudonyms(PEOPLE, pool=[NAMES[:3_000], NAMES[:3_000]], key=KEY)
    assert len(set(many)) == 404
    assert "8,160,800 names, 2 pools of 2,857 names each, or 3 pools of 202 " in many.advice()
    runs = 200
    failures = 0
    for run in range(runs):
        values = [f"{run} {number}" for number in range(20)]
        made = Pseudonyms(values, pool=[NAMES[:150]] * 2, key=KEY, allow_collisions=True)
        failures += len(set(made)) < 20
    assert failures < 10
