"""Check that the Faker provider returns names from its pools, depending on Faker's seed."""

from __future__ import annotations

import json
import multiprocessing
import pickle
from collections.abc import Iterator
from pathlib import Path

import pytest

from namegen import api, models
from namegen.core.data.normalization import normalize
from namegen.core.people.families import female_form
from namegen.errors import SettingsError
from namegen.lists import load_bundled, players
from tests.requirements import require
from tests.small_models import small_models

pytestmark = pytest.mark.usefixtures("small")
METHODS = [
    f"invented_{kind}"
    for kind in [
        "first_name",
        "last_name",
        "name",
        "company",
        "given_name",
        "family_name",
        "person",
        "place",
    ]
]


@pytest.fixture(scope="module")
def shared_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pools")


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch, shared_cache: Path) -> Iterator[None]:
    """Use small models, small pools, and a cache folder that the tests of this file share."""
    require("faker")
    from namegen import faker

    monkeypatch.setattr(models, "_FOLDER", small_models())
    monkeypatch.setattr(faker, "POOL_SIZE", 64)
    monkeypatch.setattr(faker, "PEOPLE_PER_ORIGIN", 64)
    monkeypatch.setattr(faker, "COMPANIES", 32)
    monkeypatch.setenv("XDG_CACHE_HOME", str(shared_cache))
    faker._pool.cache_clear()
    yield
    faker._pool.cache_clear()


@pytest.fixture
def empty_cache(small: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Use a cache folder of its own, and return it."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "namegen"


def make(seed: int = 1, **arguments: object):
    from faker import Faker

    from namegen.faker import NamegenProvider

    fake = Faker()
    fake.add_provider(NamegenProvider(fake, **arguments))  # type: ignore[arg-type]
    fake.seed_instance(seed)
    return fake


def some(fake, n: int = 5) -> list[str]:
    return [getattr(fake, method)() for _ in range(n) for method in METHODS]


def test_names_only_depend_on_fakers_seed():
    assert some(make(1)) == some(make(1)) != some(make(2))
    fake = make(7)
    copy = pickle.loads(pickle.dumps(fake))  # noqa: S301  # trusted data
    assert (some(copy), copy.invented()) == (some(fake), fake.invented())


def test_names_are_new():
    fake = make(3)
    for method, real in (
        ("invented_first_name", load_bundled("mlb-first").names),
        ("invented_last_name", load_bundled("mlb-last").names),
        ("invented_company", load_bundled("companies").names),
        ("invented_name", [player.full_name for player in players()]),
    ):
        names = {normalize(getattr(fake, method)()) for _ in range(40)}
        assert len(names) > 20
        assert not names & {normalize(name) for name in real}, method


def test_people_combine_the_names_of_their_origin_and_gender():
    profiles = [make(seed).invented_profile() for seed in range(300)]
    assert len({profile["name"] for profile in profiles}) > 250
    assert {profile["origin"] for profile in profiles} == {"Estonian", "Finnish", "Italian"}
    people = {
        origin: api.generate_people(64, origins=origin, seed=0)
        for origin in ("Estonian", "Finnish", "Italian")
    }
    for profile in profiles:
        alike = [one for one in people[profile["origin"]] if one.gender == profile["gender"]]
        assert profile["given"] in {one.given for one in alike}
        assert profile["family"] in {one.family for one in alike}
        assert profile["name"] == f"{profile['given']} {profile['family']}"
    assert make(3).invented_person() == make(3).invented_profile()["name"]


def test_a_household_shares_an_origin_and_a_family_name():
    fake = make(origin=["Finnish", "Italian"])
    for n in (1, 4, 9):
        household = fake.invented_household(n)
        assert len({person["given"] for person in household}) == n
        assert len({(person["family"], person["origin"]) for person in household}) == 1
    with pytest.raises(SettingsError, match="n is 0"):
        fake.invented_household(0)
    with pytest.raises(SettingsError, match="n is 1000"):
        fake.invented_household(1_000)


@pytest.mark.parametrize("letter_case", [None, "upper"])
@pytest.mark.usefixtures("empty_cache")
def test_the_women_of_a_household_have_their_own_form(
    monkeypatch: pytest.MonkeyPatch, letter_case: str | None
):
    from namegen import faker

    czech = [["Jan", "Novák", "male"], ["Eva", "Malá", "female"]]
    pools = {"origins": [["Czech"]], "people": czech}
    monkeypatch.setattr(faker, "_draw_pool", lambda _, kind, *__: pools[kind])
    household = make(letter_case=letter_case).invented_household(2)
    form = str.upper if letter_case else str
    assert {person["family"] for person in household} == {
        form("Novák"),
        form(female_form("Novák", "Czech")),
    }


def test_arguments_of_the_provider_apply_to_its_names():
    def given(**arguments: object) -> list[str]:
        fake = make(4, **arguments)
        return [fake.invented(), fake.invented_last_name()]

    path = small_models() / "mlb-first.safetensors"
    plain = given(model=path)
    assert plain == given(model=api.load(path))
    assert [name.upper() for name in plain] == given(model=path, letter_case="upper") != plain
    assert given(model=path, temperature=0.6) != plain
    women = make(origin="Italian", gender="female")
    names = set(api.load("world-given").for_labels("Italian,female").generate(64, seed=0))
    assert {women.invented_given_name() for _ in range(12)} <= names
    for _ in range(12):
        profile = women.invented_profile()
        assert (profile["origin"], profile["gender"]) == ("Italian", "female")
    country = api.places_of().labels[0]
    places = set(api.places_of(country).generate(64, seed=0))
    assert {make(country=country).invented_place() for _ in range(12)} <= places
    with pytest.raises(SettingsError, match="did you mean 'Italian'"):
        make(origin="Italien").invented_person()


def test_pools_are_kept_on_disk_and_drawn_only_when_needed(
    empty_cache: Path, monkeypatch: pytest.MonkeyPatch
):
    from namegen import faker

    first = [make(origin="Finnish").invented_person() for _ in range(3)]
    assert len(list(empty_cache.iterdir())) == 2  # the origins, and the people of one origin
    faker._pool.cache_clear()
    with monkeypatch.context() as patch:
        patch.setattr(faker, "_draw_pool", lambda *_: pytest.fail("drawn again"))
        assert [make(origin="Finnish").invented_person() for _ in range(3)] == first
    # An old pool isn't used.
    faker._pool.cache_clear()
    monkeypatch.setattr(faker, "__version__", "0.1")
    assert make(origin="Finnish").invented_person() == first[0]
    assert len(list(empty_cache.iterdir())) == 4


@pytest.mark.parametrize("content", ["", "[", "[]", "5", "[5]", '[["a"]]', '[["a", "b", null]]'])
def test_a_damaged_cache_is_replaced(
    empty_cache: Path, monkeypatch: pytest.MonkeyPatch, content: str
):
    from namegen import faker

    pools = {"origins": [["Finnish"]], "people": [["Aino", "Virta", "female"]] * 64}
    monkeypatch.setattr(faker, "_draw_pool", lambda _, kind, *__: pools[kind])
    expected = make(origin="Finnish").invented_person()
    [path] = empty_cache.glob("people-*.json")
    path.write_text(content)
    faker._pool.cache_clear()
    assert make(origin="Finnish").invented_person() == expected
    assert len(json.loads(path.read_text())) == 64


def first_place(_: int) -> str:
    from namegen import faker

    faker._pool.cache_clear()
    return str(make().invented_place())


def test_several_processes_share_a_cache(empty_cache: Path):
    with multiprocessing.get_context("fork").Pool(3) as processes:
        assert len(set(processes.map(first_place, range(6)))) == 1
    assert [path.suffix for path in empty_cache.iterdir()] == [".json"]
