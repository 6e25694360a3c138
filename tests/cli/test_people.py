"""``namegen people``: whole people of one origin, as wished for, in every format."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from contextlib import nullcontext, suppress
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from namegen import api, models
from namegen.cli import cli
from namegen.core.data.sameness import normalise
from namegen.core.generation.people import Person, check_template
from namegen.errors import GenerationError, SettingsError
from namegen.lists import load_bundled
from tests.small_models import small_models, some_of


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(models, "_FOLDER", small_models())
    monkeypatch.chdir(tmp_path)


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, ["people", *map(str, arguments)])


def people(n: int, **told: object) -> list[Person]:
    return [person for batch in api.invent_people(n, **told) for person in batch]  # type: ignore[arg-type]


def common() -> list[str]:
    given, family = (api.load(name).labels for name in ("world-given", "world-family"))
    assert set(given) - set(family) == {"Polish"}
    return sorted(set(given) & set(family))


class TestInventing:
    def test_both_names_are_of_one_origin_each_as_likely(self) -> None:
        found = people(1_200, seed=1)
        counts = Counter(person.origin for person in found)
        assert sorted(counts) == common()
        expected = 1_200 / len(counts)
        assert sum((count - expected) ** 2 / expected for count in counts.values()) < 20
        assert len({(person.given, person.family) for person in found}) == 1_200

    def test_the_family_name_is_new_and_the_given_name_as_the_model_has_it(self) -> None:
        found = people(400, seed=2, origins=["Italian"])
        families = {normalise(name) for name in some_of(load_bundled("world-family")).names}
        assert not {normalise(person.family) for person in found} & families
        given = api.load("world-given").labelled("Italian").generate(5, allow_seen=True, seed=0)
        assert given
        fresh = people(100, seed=2, given_wishes={"allow_seen": False})
        known = {normalise(name) for name in some_of(load_bundled("world-given")).names}
        assert not {normalise(person.given) for person in fresh} & known

    def test_names_of_an_origin_have_the_distribution_of_its_beginning(self) -> None:
        """First letters of given names, beside what the model says behind the label."""
        model = api.load("world-given").labelled("Finnish")
        found = people(4_000, seed=3, origins=["Finnish"], temperature=1.0, family_wishes={"allow_seen": True})
        logits, _ = model.model.step(np.array(model.beginnings.tokens, np.int32), model.model.initial_state(1))
        chances = np.exp(logits[0] - logits[0].max())
        chances /= chances[1:].sum()
        counts = Counter(person.given[0] for person in found)
        for letter, count in counts.most_common(5):
            chance = float(chances[model.vocabulary.encode(letter)[0]])
            assert abs(count - 4_000 * chance) < 6 * (4_000 * chance) ** 0.5 + 40  # names that repeat are drawn anew

    @pytest.mark.parametrize("temperature", [0.3, 1.0])
    def test_no_two_have_the_same_whole_name_whatever_their_origins(self, temperature: float) -> None:
        """Where most draws are new people, and where the few that there are have to be dealt."""
        wishes = {"allow_seen": True, "max_length": 4}
        found: list[Person] = []
        with suppress(GenerationError):
            for batch in api.invent_people(
                900, seed=1, temperature=temperature, given_wishes=wishes, family_wishes=wishes
            ):
                found += batch
        assert len(found) > 500
        assert len({person.written().casefold() for person in found}) == len(found)

    def test_a_name_that_another_origin_has_taken_does_not_end_the_search(self) -> None:
        """Both origins have these names: 6 people, and no more."""
        wishes = {"given_wishes": {"matches": "Ain[oa]"}, "family_wishes": {"matches": "Virta(q|x|z)"}}
        found: list[Person] = []
        with suppress(GenerationError):
            for batch in api.invent_people(90, seed=1, origins=["Finnish", "Estonian"], **wishes):  # type: ignore[arg-type]
                found += batch
        assert len({person.written() for person in found}) == len(found) == 6

    def test_a_seed_gives_the_same_people(self) -> None:
        assert people(30, seed=5) == people(30, seed=5) != people(30, seed=6)

    def test_an_origin_that_cannot_keep_the_wishes_is_left_out(self) -> None:
        """At temperature 0 each origin has one family name; where that is not wanted, it has none."""
        family = api.load("world-family")
        likeliest = {
            label: family.labelled(label).generate(1, temperature=0.0, allow_seen=True, seed=0)[0] for label in common()
        }
        keep = sorted(likeliest)[0]
        banned = [name for label, name in likeliest.items() if label != keep]
        wishes = {"avoid": banned, "allow_seen": True}
        found = people(1, seed=1, temperature=0.0, family_wishes=wishes)
        assert found[0].origin not in {label for label, name in likeliest.items() if name in banned}
        with pytest.raises(GenerationError, match="no other name is possible"):
            people(3, seed=1, temperature=0.0, family_wishes={"avoid": list(likeliest.values()), "allow_seen": True})

    @pytest.mark.parametrize("most_pairs", [1_000_000, 1], ids=["few pairs", "as of very many"])
    @pytest.mark.parametrize("n", [2, 6, 40])
    def test_where_wishes_leave_few_people_all_of_them_are_given(
        self, n: int, most_pairs: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("namegen.core.generation.people.MOST_PAIRS", most_pairs)
        wishes = {"given_wishes": {"matches": "Ain[oa]"}, "family_wishes": {"matches": "Virta(q|x|z)"}}
        found: list[Person] = []
        with pytest.raises(GenerationError, match=f"6 people found of {n}") if n > 6 else nullcontext():
            for batch in api.invent_people(n, origins="Finnish", seed=1, **wishes):  # type: ignore[arg-type]
                found += batch
        assert len(found) == len(set(found)) == min(n, 6)
        assert {person.given for person in found} == {"Aino", "Aina"}

    def test_a_wish_that_no_origin_can_keep_is_said_before_anybody_is_given(self) -> None:
        with pytest.raises(GenerationError, match="no other name is possible: relax family_matches"):
            api.invent_people(3, family_wishes={"matches": "Virta", "avoid": ["Virta"]}, seed=1)

    def test_one_inventor_can_be_asked_again(self) -> None:
        inventor = api.load_people_inventor(["Finnish"], given_wishes={"matches": "Aino"})
        for _ in range(2):
            batches = inventor.generate(10, rng=np.random.default_rng(1))
            assert len([person for batch in batches for person in batch]) == 10

    def test_models_without_labels_make_people_of_no_origin(self) -> None:
        [person] = people(1, seed=1, given=api.load("mlb-first"), family=api.load("mlb-last"))
        assert person.origin is None
        with pytest.raises(SettingsError, match="mlb-first knows no labels"):
            people(1, given=api.load("mlb-first"), family=api.load("mlb-last"), origins=["Italian"])

    def test_a_model_without_labels_gives_its_names_for_every_origin(self) -> None:
        found = people(40, seed=1, family=api.load("companies"))
        assert {person.origin for person in found} == set(api.load("world-given").labels)
        assert people(2, seed=1, family="companies", origins="Polish")[0].origin == "Polish"

    def test_each_source_of_random_numbers_decides_one_person(self) -> None:
        inventor = api.load_people_inventor()
        together = inventor.draw_each([np.random.default_rng(seed) for seed in range(12)])
        apart = [inventor.draw_each([np.random.default_rng(seed)])[0] for seed in range(12)]
        assert together == apart
        assert len({person.origin for person in together}) > 1


class TestTemplates:
    def test_a_template_has_the_fields_of_a_person(self) -> None:
        check_template("{{{origin}}} {family}, {given}")
        assert Person("A", "B", "C").written("{{{origin}}} {family}, {given}") == "{C} B, A"
        assert Person("{given}", "{0}").written() == "{given} {0}"

    @pytest.mark.parametrize(
        ("template", "message"),
        [
            ("{first} {family}", "has the field '{first}': expected some of {given}, {family}, {origin}"),
            ("{given.__class__}", "has the field '{given.__class__}'"),
            ("{given!r}", "has a format for {given}, which is not possible"),
            ("{given:>99999999}", "has a format for {given}, which is not possible"),
            ("{}", "has the field '{}'"),
            ("{given", "is not a template"),
            ("given", "has no name in it"),
            ("{origin}", "has no name in it"),
        ],
    )
    def test_any_other_is_refused(self, template: str, message: str) -> None:
        with pytest.raises(SettingsError) as error:
            check_template(template)
        assert message in str(error.value)
        result = run("--template", template)
        assert (result.exit_code, result.stdout) == (2, "")
        assert "--template " in result.stderr


class TestCommand:
    def test_every_format_has_the_columns(self) -> None:
        told = ("-n", 6, "--seed", 1, "--template", "{family}, {given}")
        rows = json.loads(run(*told, "--format", "json").stdout)
        assert list(rows[0]) == ["name", "given", "family", "origin"]
        assert all(row["name"] == f"{row['family']}, {row['given']}" for row in rows)
        lines = run(*told, "--format", "jsonl").stdout.splitlines()
        assert list(map(json.loads, lines)) == rows
        assert list(csv.DictReader(io.StringIO(run(*told, "--format", "csv").stdout))) == rows
        assert run(*told).stdout.splitlines() == [row["name"] for row in rows]

    def test_wishes_of_each_part(self, tmp_path: Path) -> None:
        (tmp_path / "not.txt").write_text("a\n", encoding="utf-8")
        rows = json.loads(
            run(
                *("-n", 8, "--seed", 1, "--format", "json", "--origin", "italian"),
                *("--given-starts-with", "Ma", "--given-max-length", 6, "--family-ends-with", "i"),
                *("--family-min-length", 5, "--family-banned", tmp_path / "not.txt", "--case", "upper"),
            ).stdout
        )
        assert len(rows) == 8
        for row in rows:
            assert row["origin"] == "Italian"
            assert row["given"].startswith("MA")
            assert len(row["given"]) <= 6
            assert row["family"].endswith("I")
            assert len(row["family"]) >= 5
            assert "A" not in row["family"]

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (("--origin", "Klingon"), "--origin is 'Klingon', which world-given does not know"),
            (
                ("--given-min-length", 9, "--given-max-length", 3),
                "--given-min-length 9 contradicts --given-max-length 3",
            ),
            (("--family-starts-with", "Щ"), "--family-starts-with"),
            (("--family", "nobody"), "there is no model 'nobody'"),
            (("--given-avoid", "-", "--family-banned", "-"), "standard input, which can be read only once"),
            (("--format", "csv", "--json"), "--json contradicts"),
        ],
    )
    def test_what_is_wrong_is_said_in_a_sentence(self, arguments: tuple[object, ...], message: str) -> None:
        result = run(*arguments)
        assert result.exit_code in (1, 2)
        assert result.stdout == ""
        assert message in result.stderr
        assert "Traceback" not in result.stderr


def test_players_take_wishes_for_each_part() -> None:
    told = [
        "players",
        "-n",
        "5",
        "--seed",
        "1",
        "--format",
        "json",
        "--first-starts-with",
        "J",
        "--last-ends-with",
        "n",
    ]
    rows = json.loads(CliRunner().invoke(cli, told).stdout)
    assert len(rows) == 5
    assert all(row["first"].startswith("J") and row["last"].endswith("n") for row in rows)


def test_companies_take_every_wish_of_generate() -> None:
    told = ["-n", "5", "--seed", "1", "--starts-with", "B", "--max-length", "20", "--format", "jsonl"]
    [companies, generate] = [
        CliRunner().invoke(cli, [*command, *told]).stdout for command in (["companies"], ["generate", "companies"])
    ]
    assert companies == generate
    assert all(json.loads(line)["name"].startswith("B") for line in companies.splitlines())
