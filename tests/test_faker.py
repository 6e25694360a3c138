"""Check that the Faker provider returns names from its pools, depending on Faker's seed."""

from __future__ import annotations

import pickle
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
def small(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    require("faker")
    from namegen import faker

    monkeypatch.setattr(models, "_FOLDER", small_models())
    monkeypatch.setattr(faker, "POOL_SIZE", 64)
    monkeypatch.setattr(faker, "PEOPLE_PER_ORIGIN", 64)
    monkeypatch.setattr(faker, "COMPANIES", 32)
    pools = (faker._names, faker._players, faker._people, faker._origins)
    for pool in pools:
        pool.cache_clear()
    yield
    for pool in pools:
        pool.cache_clear()


def make():
    from faker import Faker

    from namegen.faker import NamegenProvider

    fake = Faker()
    fake.add_provider(NamegenProvider)
    return fake


def some(fake, n: int = 5) -> list[str]:
    return [getattr(fake, kind)() for _ in range(n) for kind in KINDS]


def test_names_only_depend_on_fakers_seed():
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


def test_a_pool_is_generated_once_and_fully_used(monkeypatch: pytest.MonkeyPatch):
    from namegen import faker

    pools: list[list[str]] = []
    generate = faker._generate_names

    def noted(*arguments) -> list[str]:
        pools.append(generate(*arguments))
        return pools[-1]

    monkeypatch.setattr(faker, "_generate_names", noted)
    fake = make()
    fake.seed_instance(1)
    names = {fake.invented_last_name() for _ in range(1_000)}
    other = make()
    assert {other.invented_last_name() for _ in range(9)} <= names
    assert [names] == [set(pool) for pool in pools]


def test_people_combine_the_names_of_their_origin_and_gender():
    from namegen import faker

    fake = make()
    fake.seed_instance(1)
    profiles = [fake.invented_profile() for _ in range(600)]
    assert len({profile["name"] for profile in profiles}) > 500 > 2 * 3 * 64
    settings = faker.PoolSettings(None, None, None, (), ())
    for origin in faker._origins(settings):
        pool = faker._people(settings, origin).people
        for profile in profiles:
            if profile["origin"] == origin:
                gender = profile["gender"]
                people = [person for person in pool if person.gender == gender]
                assert profile["given"] in {person.given for person in people}
                assert profile["family"] in {person.family for person in people}
    assert {profile["gender"] for profile in profiles} == {"female", "male"}
    assert {profile["origin"] for profile in profiles} == {"Estonian", "Finnish", "Italian"}


def test_profiles_and_people_agree_for_the_same_seed():
    fake = make()
    fake.seed_instance(3)
    profiles = [fake.invented_profile() for _ in range(9)]
    fake.seed_instance(3)
    names = [fake.invented_person() for _ in range(9)]
    assert [profile["name"] for profile in profiles] == names
    assert all(p["name"] == f"{p['given']} {p['family']}" for p in profiles)


def test_the_first_person_only_needs_the_pool_of_one_origin():
    from namegen import faker

    fake = make()
    fake.invented_person()
    assert faker._people.cache_info().currsize == 1


def test_a_pool_may_be_smaller_than_requested(monkeypatch: pytest.MonkeyPatch):
    from namegen import faker

    def few(*names: str) -> Iterator[list[str]]:
        yield list(names)
        raise GenerationError("no more")

    assert faker._available(few("Ann", "Bo")) == ["Ann", "Bo"]
    with pytest.raises(GenerationError, match="no more"):
        faker._available(few())


def test_a_faker_can_be_pickled_after_use():
    fake = make()
    fake.seed_instance(5)
    some(fake, 1)
    fake.invented()
    copy = pickle.loads(pickle.dumps(fake))  # noqa: S301  # trusted data
    assert (some(copy), copy.invented()) == (some(fake), fake.invented())


def test_arguments_of_the_provider_apply_to_its_names():
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


def test_names_are_new():
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


def test_origin_gender_and_country_limit_all_names():
    from faker import Faker

    from namegen.faker import NamegenProvider

    for origins, gender, labels in (
        ("Italian", "female", ["Italian,female"]),
        (["Italian", "Estonian"], None, ["Italian", "Estonian"]),
    ):
        provider = NamegenProvider(Faker(), origin=origins, gender=gender)
        given = set(api.load("world-given").for_labels(*labels).generate(64, seed=0))
        assert {provider.invented_given_name() for _ in range(12)} <= given
        profiles = [provider.invented_profile() for _ in range(24)]
        assert {profile["origin"] for profile in profiles} == set(
            [origins] if isinstance(origins, str) else origins
        )
        assert gender is None or {profile["gender"] for profile in profiles} == {gender}
    [country] = api.places_of().labels[:1]
    places = NamegenProvider(Faker(), country=country, origin="Italian")
    pool = set(api.places_of(country).generate(64, seed=0))
    assert {places.invented_place() for _ in range(12)} <= pool
    unknown = NamegenProvider(Faker(), origin="Italien")
    for name in (unknown.invented_person, unknown.invented_given_name):
        with pytest.raises(SettingsError, match="did you mean 'Italian'"):
            name()
