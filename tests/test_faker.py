"""The provider for Faker: names of a pool, which Faker's seed chooses."""

from __future__ import annotations

import pickle
from collections import defaultdict
from collections.abc import Iterator

import pytest

from namegen import api, models
from namegen.core.data.normalization import normalize
from namegen.errors import CheckpointError, GenerationError, SettingsError
from namegen.lists import load_bundled, players
from tests.requirements import require
from tests.small_models import small_models

pytestmark = pytest.mark.usefixtures("small")
KINDS = [
    f"invented_{kind}"
    for kind in ("first_name", "last_name", "name", "company", "given_name", "family_name")
]
KINDS += ["invented_person", "invented_place"]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    require("faker")
    monkeypatch.setattr(models, "_FOLDER", small_models())
    monkeypatch.setattr("namegen.faker.POOL", 64)
    monkeypatch.setattr("namegen.faker.SMALL_POOL", 32)
    monkeypatch.setattr("namegen.faker._SHARED_POOLS", defaultdict(dict))


def make():
    from faker import Faker

    from namegen.faker import NamegenProvider

    fake = Faker()
    fake.add_provider(NamegenProvider)
    return fake


def some(fake, n: int = 5) -> list[str]:
    return [getattr(fake, kind)() for _ in range(n) for kind in KINDS]


def test_faker_s_seed_decides_whatever_was_asked_for_before():
    from faker import Faker

    fake = make()
    Faker.seed(1)
    first = some(fake)
    fake.name()
    Faker.seed(1)
    assert some(fake) == first
    Faker.seed(2)
    assert some(fake) != first
    fake.seed_instance(7)
    names = some(fake)
    fake.seed_instance(7)
    fake.first_name()
    assert some(fake) != names  # the other providers use the same numbers


def test_a_pool_is_drawn_once_and_all_of_it_is_given(monkeypatch: pytest.MonkeyPatch):
    from namegen.faker import Entry, NamegenProvider

    pools: list[list[Entry]] = []
    new_pool = NamegenProvider._new_pool

    def noted(self: NamegenProvider, kind: str) -> list[Entry]:
        pools.append(new_pool(self, kind))
        return pools[-1]

    monkeypatch.setattr(NamegenProvider, "_new_pool", noted)
    fake = make()
    fake.seed_instance(1)
    names = {fake.invented_last_name() for _ in range(1_000)}
    assert [names] == [{entry.first for entry in pool} for pool in pools]
    people = {fake.unique.invented_person() for _ in range(300)}
    other = make()
    assert {other.invented_last_name() for _ in range(9)} <= names
    [_, pool] = pools
    assert people <= {f"{entry.first} {family}" for entry in pool for family in entry.seconds}
    assert len(people) == 300 > 4 * len(pool)


def test_where_there_are_few_names_they_come_again(monkeypatch: pytest.MonkeyPatch):
    from faker import Faker

    from namegen.faker import NamegenProvider

    def few(self: object, kind: str) -> Iterator[str]:
        yield from ["Ann", "Bo"] if kind else []
        raise GenerationError("no more")

    monkeypatch.setattr(NamegenProvider, "_names", few)
    provider = NamegenProvider(Faker())
    assert {provider.invented_last_name() for _ in range(50)} == {"Ann", "Bo"}
    with pytest.raises(GenerationError, match="no more"):
        provider.invented()


def test_a_faker_is_pickled_after_its_first_names():
    fake = make()
    fake.seed_instance(5)
    some(fake, 1)
    fake.invented()
    copy = pickle.loads(pickle.dumps(fake))  # noqa: S301  # our own
    assert (some(copy), copy.invented()) == (some(fake), fake.invented())


def test_what_a_provider_is_given_holds_for_its_names():
    from faker import Faker

    from namegen.faker import NamegenProvider

    def given(**arguments) -> list[str]:
        fake = Faker()
        fake.add_provider(NamegenProvider(fake, **arguments))
        fake.seed_instance(4)
        return [fake.invented(), fake.invented_name()]

    path = small_models() / "companies.safetensors"
    plain = given(model=path)
    assert plain == given(model=api.load(path))
    assert [name.upper() for name in plain] == given(model=path, letter_case="upper") != plain
    assert given(model=path, temperature=0.6) != plain
    for name, wrong in (("temperature", -1.0), ("letter_case", "big"), ("gender", "Female")):
        with pytest.raises(SettingsError, match=rf"{name} (is|must be) "):
            given(**{name: wrong})
    with pytest.raises(CheckpointError, match="there is no model"):
        given(model="nowhere")


def test_the_names_are_new():
    fake = make()
    fake.seed_instance(3)
    for kind, real in (
        ("invented_first_name", load_bundled("mlb-first").names),
        ("invented_last_name", load_bundled("mlb-last").names),
        ("invented_company", load_bundled("companies").names),
        ("invented_name", [player.full_name for player in players()]),
    ):
        names = {normalize(getattr(fake, kind)()) for _ in range(40)}
        assert len(names) > 20
        assert not names & {normalize(name) for name in real}, kind


def test_an_origin_is_that_of_given_names_family_names_and_people():
    from faker import Faker

    from namegen.faker import NamegenProvider

    for origins, gender, labels in (
        ("Italian", "female", ["Italian,female"]),
        (["Italian", "Estonian"], None, ["Italian", "Estonian"]),
    ):
        provider = NamegenProvider(Faker(), origin=origins, gender=gender)
        given = set(api.load("world-given").for_labels(*labels).generate(64, seed=0))
        people = api.generate_people(64, origins=origins, gender=gender, seed=0)
        pairs = {
            f"{one.given} {two.family}"
            for one in people
            for two in people
            if (one.origin, one.gender) == (two.origin, two.gender)
        }
        assert {provider.invented_given_name() for _ in range(12)} <= given
        assert {provider.invented_person() for _ in range(12)} <= pairs
    assert NamegenProvider(Faker(), origin="American", gender="male")._labels == ["English,male"]
    [country] = api.places_of().labels[:1]
    places = NamegenProvider(Faker(), country=country, origin="Italian")
    pool = set(api.places_of(country).generate(64, seed=0))
    assert {places.invented_place() for _ in range(12)} <= pool
    unknown = NamegenProvider(Faker(), origin="Italien")
    with pytest.raises(SettingsError, match="did you mean 'Italian'"):
        unknown.invented_person()
