"""The provider for Faker: Faker's seed decides, whatever was asked for before."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

import pytest

from namegen import api, models
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.sameness import normalise
from namegen.core.evaluation.evaluator import AccuracyEvaluator
from namegen.errors import CheckpointError, SettingsError
from namegen.lists import load_bundled, players
from tests.requirements import require
from tests.small_models import small_models

KINDS = (
    "invented_first_name",
    "invented_last_name",
    "invented_name",
    "invented_company",
    "invented_given_name",
    "invented_family_name",
    "invented_person",
)


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
    assert [getattr(other, kind)() for kind in KINDS] == names[: len(KINDS)]
    assert other.first_name()
    assert [getattr(other, kind)() for kind in KINDS] != names[len(KINDS) :]  # the other providers use the same numbers


@pytest.mark.usefixtures("small")
def test_what_is_asked_for_in_between_changes_no_name_and_what_is_drawn_ahead_is_of_no_other_seed():
    """The same calls after the same seed give the same names, whatever had been drawn ahead before."""

    def calls(fake) -> list[str]:
        names = some(fake, 4)  # in turn: each kind's numbers lie apart
        names += [fake.invented_company() for _ in range(7)]
        for number in range(6):
            names += [fake.invented_first_name(), *(fake.first_name() for _ in range(number % 3))]
        return names

    fresh = make()
    fresh.seed_instance(5)
    expected = calls(fresh)
    fake = make()
    for before in (1, 10):
        fake.seed_instance(1)
        for _ in range(before):
            fake.invented_first_name(), fake.invented_company()
        fake.seed_instance(5)
        assert calls(fake) == expected


@pytest.mark.parametrize("others", [0, 1, 7])
def test_names_of_a_steady_rhythm_are_drawn_many_at_a_time_and_as_if_alone(others: int):
    from namegen.faker import MOST_AHEAD, Ahead

    together: list[int] = []

    def draw(numbers: Sequence[int]) -> list[str]:
        together.append(len(numbers))
        return [f"name {number}" for number in numbers]

    ahead, source, alone = Ahead(draw), random.Random(1), random.Random(1)
    for _ in range(3000):
        assert ahead.take(source) == f"name {alone.getrandbits(64)}"
        assert [source.random() for _ in range(others)] == [alone.random() for _ in range(others)]
    assert together[:5] == [1, 2, 4, 8, 16]
    assert max(together) == MOST_AHEAD
    assert len(together) < 20
    source.random()  # out of step
    together.clear()
    for step in (1, 2, 3, 1, 2, 3):
        ahead.take(source)
        for _ in range(step):
            source.random()
    assert max(together) <= 2


def test_a_source_that_cannot_be_copied_gives_names_all_the_same():
    from namegen.faker import Ahead

    ahead = Ahead(lambda numbers: list(map(str, numbers)))
    assert len({ahead.take(random.SystemRandom()) for _ in range(5)}) == 5


@pytest.mark.usefixtures("small")
def test_unique_names_are_unique():
    fake = make()
    fake.seed_instance(1)
    names = [fake.unique.invented_last_name() for _ in range(1000)]
    assert len(set(names)) == 1000


@pytest.mark.usefixtures("small")
def test_what_a_provider_is_given_holds_for_its_names():
    from faker import Faker

    from namegen.faker import NamegenProvider

    def given(**arguments) -> list[str]:
        fake = Faker()
        fake.add_provider(NamegenProvider(fake, **arguments))
        fake.seed_instance(4)
        return [fake.invented(), *some(fake, 3)]

    path = small_models() / "companies.safetensors"
    plain = given(model=path)
    assert plain == given(model=api.load(path))
    assert [name.upper() for name in plain] == given(model=path, letter_case="upper") != plain
    assert given(model=path, temperature=0.6) != plain
    with pytest.raises(SettingsError, match="temperature is -1"):
        given(temperature=-1.0)
    with pytest.raises(SettingsError, match="letter_case is 'big'"):
        given(letter_case="big")
    with pytest.raises(CheckpointError, match="there is no model"):
        given(model="nowhere")


@pytest.mark.timeout(1_200)  # every array of 400,000 draws has its shape checked: minutes on a slow machine
@pytest.mark.slow
def test_a_hundred_thousand_unique_names():
    require("faker")
    fake = make()
    forget()
    fake.seed_instance(1)
    for kind in KINDS:
        assert len({getattr(fake.unique, kind)() for _ in range(100_000)}) == 100_000


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


@pytest.mark.usefixtures("small")
def test_an_origin_is_that_of_given_names_family_names_and_people():
    from faker import Faker

    from namegen.faker import NamegenProvider

    fake = Faker()
    fake.add_provider(NamegenProvider(fake, origin="italian"))
    Faker.seed(3)
    given, people = ([getattr(fake, kind)() for _ in range(150)] for kind in ("invented_given_name", "invented_person"))
    model = api.load("world-given")
    token = model.labelled("Italian").beginnings.tokens[0]
    italian, other = (
        sum(
            AccuracyEvaluator(model.model).name_log_probabilities(
                PrefixTree.from_names([name], model.vocabulary, [beginning])
            )[0]
            for name in given
        )
        for beginning in (token, model.labelled("Estonian").beginnings.tokens[0])
    )
    assert italian > other
    assert len(set(people)) > 140
    of_two = NamegenProvider(fake, origin=["Italian", "Estonian"])
    for draw in (of_two.invented_given_name, of_two.invented_person):
        assert len({draw() for _ in range(40)}) > 30
    unknown = NamegenProvider(Faker(), origin="Italien")
    with pytest.raises(SettingsError, match="did you mean 'Italian'"):
        unknown.invented_person()
