"""Check that ``people``, ``players`` and ``companies`` invent new names that satisfy the constraints."""

from __future__ import annotations

import json
import re
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from namegen import api
from namegen.api.model import open_checkpoint
from namegen.backends.numpy_engine.engine import NumpyEngine
from namegen.core.data.corpus import Corpus
from namegen.core.data.label_parts import parts_of
from namegen.core.data.normalization import normalize
from namegen.core.people.person import Person
from namegen.core.training.preparation import prepare
from namegen.core.training.trainer import Trainer
from namegen.errors import GenerationError, SettingsError
from namegen.lists import load_bundled
from namegen.settings_toml import parse_config
from tests.cli.conftest import invoke
from tests.small_models import some_of

pytestmark = pytest.mark.usefixtures("small")
# Allows six people of each of these origins, and they are the same six.
SIX = {
    "origins": ["Finnish", "Estonian"],
    "given": "any",
    "given_constraints": {"matches": "Ain[oa]"},
    "family_constraints": {"matches": "Virta(q|x|z)"},
}


def people(n: int, **told: Any) -> list[Person]:
    return api.generate_people(n, **told)


def origins_of(name: str) -> set[str]:
    return {origin for origin, _ in parts_of(api.load(name).labels)}


class TestInventing:
    def test_all_origins_are_equally_likely(self) -> None:
        found = people(300, seed=1)
        counts = Counter(person.origin for person in found)
        given, family = map(origins_of, ("world-given", "world-family"))
        assert set(counts) == given & family == given - {"Swahili"}
        expected = len(found) / len(counts)
        assert sum((count - expected) ** 2 / expected for count in counts.values()) < 20
        assert len({(person.given, person.family) for person in found}) == len(found)

    def test_family_names_are_new_and_given_names_are_real(self) -> None:
        found = people(100, seed=2, origins=["Italian"], temperature=0.3)
        corpus = load_bundled("world-given")
        pairs = zip(corpus.names, corpus.labels, strict=True)
        listed = {name for name, label in pairs if label.startswith("Italian")}
        assert {person.given for person in found} <= listed
        families = {normalize(name) for name in some_of(load_bundled("world-family")).names}
        assert not {normalize(person.family) for person in found} & families
        known = {normalize(name) for name in some_of(load_bundled("world-given")).names}
        fresh = people(50, seed=2, temperature=0.3, given="new")
        assert not {normalize(person.given) for person in fresh} & known

    @pytest.mark.parametrize("n", [9, 6])
    def test_all_people_are_returned_if_few_are_possible(self, n: int) -> None:
        found: list[Person] = []
        failure = ""
        try:
            for batch in api.generate_people_batches(n, seed=1, **SIX):  # type: ignore[arg-type]
                found += batch
        except GenerationError as error:
            failure = str(error)
        assert len({person.format() for person in found}) == len(found) == 6
        assert {person.given for person in found} == {"Aino", "Aina"}
        assert ("6 people found of 9" in failure) == (n == 9)

    def test_impossible_constraints_are_reported_before_anyone_is_returned(self) -> None:
        impossible = {"matches": "Virta", "exclude_names": ["Virta"]}
        with pytest.raises(GenerationError, match="no other name is possible: relax family_m"):
            api.generate_people_batches(3, family_constraints=impossible, seed=1)  # type: ignore[arg-type]

    def test_models_without_labels_give_people_without_an_origin(self) -> None:
        models = {"given_model": api.load("mlb-first"), "family_model": api.load("mlb-last")}
        assert people(1, seed=1, **models)[0].origin is None
        with pytest.raises(SettingsError, match="mlb-first has no labels: omit origins"):
            people(1, **models, origins=["Italian"])
        found = people(20, seed=1, family_model=models["family_model"])
        assert {person.origin for person in found} <= origins_of("world-given")


GIVEN = {
    "Polish,female": "Anna Ewa Zofia Marta",
    "Polish,male": "Jan Adam Piotr",
    "Czech,": "Saša Nikola",
    "Twi,male": "Kofi",
}
FAMILY = {
    "Polish,male": "Kowalski Lipski",
    "Polish,": "Nowak Wrona",
    "Czech,male": "Novák",
    "Yoruba,": "Okoro Bello",
}


@cache
def tiny(names: str) -> api.LoadedModel:
    """Train a small model on ``GIVEN`` or ``FAMILY``."""
    labelled = {"given": GIVEN, "family": FAMILY}[names]
    pairs = [(name, label) for label, some in labelled.items() for name in some.split()]
    corpus = Corpus.from_names([name for name, _ in pairs], labels=[label for _, label in pairs])
    recipe = parse_config(
        {"training": {"quick": True, "epochs": 30}, "data": {"validation": 0.0}}
    ).recipe
    return open_checkpoint(Trainer(prepare(corpus, recipe, NumpyEngine)).run().checkpoint, names)


class TestGenders:
    """The labels have two parts, an origin and a gender. The models' lists aren't built into namegen."""

    def people(self, n: int = 12, **told: Any) -> list[Person]:
        how = {
            "given_model": tiny("given"),
            "family_model": tiny("family"),
            "family": "any",
            "seed": 1,
            **told,
        }
        how = {
            "given_constraints": {"max_length": 9},
            "family_constraints": {"max_length": 9},
            **how,
        }
        return people(n, **how)

    def test_family_names_agree_with_the_gender(self) -> None:
        found = self.people(120, origins="Polish", family_constraints={"ends_with": "ski"})
        assert {one.gender for one in found} == {"female", "male"}
        assert all(one.family.endswith("ska" if one.gender == "female" else "ski") for one in found)
        names = Counter(one.given for one in found if one.gender == "female")
        assert names.keys() & set(GIVEN["Polish,female"].split())
        assert not names.keys() & set(GIVEN["Polish,male"].split())

    def test_genders_can_be_requested_and_some_names_are_unisex(self) -> None:
        assert {one.gender for one in self.people(origins="Polish", gender="male")} == {"male"}
        assert {one.gender for one in self.people(origins="Czech")} == {"female", "male"}
        assert {self.people(1, origins="Polish", seed=seed)[0].gender for seed in range(12)} == {
            "female",
            "male",
        }
        with pytest.raises(SettingsError, match="no given names of gender 'female'"):
            self.people(
                given_model=tiny("given").for_labels("Polish,male"),
                origins="Polish",
                gender="female",
            )
        with pytest.raises(SettingsError, match="gender is 'neuter'"):
            self.people(gender="neuter")


def test_output_files_are_complete_and_open_in_spreadsheets(tmp_path: Path) -> None:
    told = ("people", "-n", 6, "--household", 3, "--seed", 1)
    result = invoke(*told, "--out", "town.csv")
    assert (result.exit_code, result.output) == (0, "")
    table = Path("town.csv").read_bytes()
    assert table.decode("utf-8-sig") == invoke(*told, "--format", "csv").stdout
    assert table.startswith(b"\xef\xbb\xbfname,given,family,origin,gender,household\n")
    assert invoke(*told, "--out", "town.csv").exit_code == 1, "an existing file was overwritten"
    few = "people -n 9 --force --given-matches Aino --family-matches Virtanen --family real"
    assert invoke(*few.split(), "--out", "town.csv").exit_code == 1
    assert Path("town.csv").read_bytes() == table
    assert invoke(*told, "--force", "--out", "town.csv", "--format", "json").exit_code == 2
    assert invoke(*told, "--out", "town.xlsx").exit_code == 2
    assert invoke(*told, "--out", "town.txt").exit_code == 0
    assert Path("town.txt").read_text(encoding="utf-8") == invoke(*told, "--format", "text").stdout


def rows_of(*arguments: object) -> list[dict[str, str]]:
    rows: list[dict[str, str]] = json.loads(
        invoke(*arguments, "--seed", 1, "--format", "json").stdout
    )
    return rows


def test_each_part_of_a_name_has_its_own_constraints(tmp_path: Path) -> None:
    (tmp_path / "not.txt").write_text("a\n", encoding="utf-8")
    line = (
        "people -n 8 --given-starts-with Ma --given-max-length 6 --given-contains r --origin italian "
        "--family-ends-with i --family-min-length 5 --family-exclude-words not.txt --case upper"
    )
    rows = rows_of(*line.split(), "--template", "{family}, {given}")
    assert len(rows) == 8
    for row in rows:
        assert row["name"] == f"{row['family']}, {row['given']}"
        assert row["origin"] == "Italian"
        assert re.fullmatch("(?=.*R)MA.{0,4}", row["given"])
        assert re.fullmatch("[^A]{4,}I", row["family"])
    line = "players -n 3 --first-starts-with J --last-ends-with n --last-max-length 7"
    rows = rows_of(*line.split())
    assert len(rows) == 3
    assert all(
        row["first"].startswith("J") and re.fullmatch(".{1,6}n", row["last"]) for row in rows
    )


@pytest.mark.parametrize(
    ("line", "code", "message"),
    [
        (
            "people --origin X",
            2,
            "is 'X', which world-given does not know: expected one of 'Estonian', 'Finnish', ",
        ),
        (
            "people --given-min-length 9 --given-max-length 3",
            2,
            "--given-max-length, or lower --given-min-length",
        ),
        ("people --family-starts-with Щ", 2, "--family-starts-with"),
        ("people --origin Scottish", 2, "--origin is 'Scottish'"),
        ("people --template given", 2, "--template"),
        ("people --template {3}", 2, "'{3}', but a person only has the fields {given}, {family}, "),
        ("people --template {given:9}", 2, "write only {given}"),
        ("people --family-model nobody", 1, "there is no model 'nobody'"),
        (
            "people --given-exclude-names - --family-exclude-words -",
            2,
            "--given-exclude-names - and --family-exclude-words -",
        ),
        ("players --first-exclude-names - --last-exclude-names -", 2, "read only once"),
        *[
            (f"players {wrong}", 2, wrong.split()[0])
            for wrong in ("-n 1000000000", "--seed -1", "--temperature -1")
        ],
        ("companies -n 0", 2, "-n"),
        ("players --temperature 0", 1, "0 of 25 players were found"),
        ("companies --temperature 0", 1, "found 0 of 25"),
    ],
)
def test_invalid_options_are_reported_without_a_traceback(
    line: str, code: int, message: str
) -> None:
    result = invoke(*line.split())
    assert (result.exit_code, result.stdout) == (code, "")
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_a_terminal_shows_each_household_on_its_own_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    told = ("people", "-n", 5, "--household", 2, "--seed", 1)
    names = invoke(*told).stdout.splitlines()
    monkeypatch.setattr("click.testing._NamedTextIOWrapper.isatty", lambda _: True, raising=False)
    lines = invoke(*told).stdout.splitlines()
    assert lines == [", ".join(names[:2]), ", ".join(names[2:4]), names[4]]
    narrow = invoke("people", "-n", 8, "--household", 4, "--seed", 1, wide=40).stdout.splitlines()
    assert max(map(len, narrow)) <= 40
    assert sum(not line.startswith("  ") for line in narrow) == 2


def test_places_are_new_and_from_the_requested_countries() -> None:
    rows = rows_of("places", "--country", "italy", "--country", "Poland", "-n", 16)
    listed = {normalize(name) for name in some_of(load_bundled("world-places")).names}
    assert len(rows) == 16
    assert {row["label"] for row in rows} == {"Italy", "Poland"}
    assert not listed & {normalize(row["name"]) for row in rows}
    said = "--country is 'Polnd', which world-places does not know: did you mean 'Poland'?"
    assert said in invoke("places", "--country", "Polnd").stderr
    with pytest.raises(SettingsError, match="countries is 3: expected one country or a list"):
        api.generate_places(3, countries=3)  # type: ignore[arg-type]
