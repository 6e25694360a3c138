"""Check that ``namegen places`` invents towns and villages for the requested countries."""

from __future__ import annotations

import csv
import io

import pytest

from namegen import api
from namegen.core.data.normalization import normalize
from namegen.errors import SettingsError
from namegen.lists import load_bundled
from tests.cli.conftest import invoke


def test_places_are_new_and_from_the_requested_countries() -> None:
    done = invoke(
        "places", "--country", "uk", "--country", "japan", "-n", 16, "--seed", 2, "--format", "csv"
    )
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    listed = {normalize(name) for name in load_bundled("world-places").names}
    assert len(rows) == 16
    assert {row["label"] for row in rows} == {"United Kingdom", "Japan"}
    assert not listed & {normalize(row["name"]) for row in rows}
    assert len(api.generate_places(3, countries="Poland", seed=1)) == 3


def test_unknown_countries_are_rejected_with_a_suggestion() -> None:
    said = "--country is 'Polnd', which world-places does not know: did you mean 'Poland'?"
    assert said in invoke("places", "--country", "Polnd").stderr
    with pytest.raises(
        SettingsError, match=r"countries is 3: expected one country or a list of countries"
    ):
        api.generate_places(3, countries=3)  # type: ignore[arg-type]
