"""The provider for Faker: Faker's seed decides, whatever was asked for before."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from namegen import models
from namegen.core.data.digests import normalise
from namegen.lists import load_bundled, players
from tests.requirements import require
from tests.small_models import small_models

KINDS = ("invented_first_name", "invented_last_name", "invented_name", "invented_company")


def forget() -> None:
    from namegen import faker as provider

    for cached in (provider._inventor, provider._model):
        cached.cache_clear()


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    require("faker")
    monkeypatch.setattr(models, "_FOLDER", small_models())
    forget()
    yield
    forget()


def make():
    from faker import Faker

    from namegen.faker import NamegenProvider

    fake = Faker()
    fake.add_provider(NamegenProvider)
    return fake


def some(fake, n: int = 5) -> list[str]:
    return [getattr(fake, kind)() for _ in range(n) for kind in KINDS]


@pytest.mark.usefixtures("small")
def test_the_seed_decides():
    from faker import Faker

    fake = make()
    Faker.seed(1)
    first = some(fake)
    fake.name()
    Faker.seed(1)
    assert some(fake) == first
    Faker.seed(2)
    assert some(fake) != first
    forget()
    Faker.seed(1)
    assert some(fake) == first


@pytest.mark.usefixtures("small")
def test_the_seed_of_an_instance_decides_about_it_alone():
    one, other = make(), make()
    one.seed_instance(7)
    other.seed_instance(7)
    assert some(one) == some(other)
    one.seed_instance(7)
    names = some(one, 2)
    other.seed_instance(7)
    assert [getattr(other, kind)() for kind in KINDS] == names[:4]
    assert other.first_name()
    assert [getattr(other, kind)() for kind in KINDS] != names[4:]  # the other providers use the same numbers


@pytest.mark.usefixtures("small")
def test_unique_names_are_unique():
    fake = make()
    fake.seed_instance(1)
    names = [fake.unique.invented_last_name() for _ in range(200)]
    assert len(set(names)) == 200


@pytest.mark.usefixtures("small")
def test_the_names_are_new():
    fake = make()
    fake.seed_instance(3)
    for kind, real in (
        ("invented_first_name", load_bundled("mlb-first").names),
        ("invented_last_name", load_bundled("mlb-last").names),
        ("invented_company", load_bundled("companies").names),
        ("invented_name", [player.full_name for player in players()]),
    ):
        names = {normalise(getattr(fake, kind)()) for _ in range(60)}
        assert len(names) > 40
        assert not names & {normalise(name) for name in real}, kind


def test_names_from_the_models_that_come_with_the_package():
    require("faker")
    fake = make()
    forget()
    fake.seed_instance(1)
    assert len(set(some(fake, 20))) > 75
