"""Check that a model stores the normalization of its list and uses it everywhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from namegen import api
from namegen.api import LoadedModel
from namegen.core.data.normalization import NAMES, normalization_of
from namegen.lists import load_bundled
from namegen.settings_toml import parse_config, read_config

COMPANIES = normalization_of("company")
LISTED = [
    f"{word} {form}"
    for word in ("Acme", "Aon", "Cena", "Enac", "Mona")
    for form in ("Inc", "Corp.", "Co")
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "companies"
    training = {"quick": True, "epochs": 20, "batch_size": 4}
    config = parse_config(
        {"data": {"name_type": "company", "validation": 0.0}, "training": training}
    )
    api.train(LISTED, config=config, out=out)
    return out


@pytest.fixture(scope="module")
def model(folder: Path) -> LoadedModel:
    return api.load(folder)


def forms(names: list[str]) -> list[str]:
    return list(map(COMPANIES.normalize, names))


def test_new_and_distinct_names_use_the_normalization(model: LoadedModel, folder: Path) -> None:
    assert model.normalization == COMPANIES
    assert len(model.metadata.known_names) == 5  # type: ignore[arg-type]
    names = model.generate(60, seed=1)
    assert len(set(forms(names))) == 60
    assert not {*forms(LISTED)} & set(forms(names))
    best = model.most_likely(30)
    assert len(set(forms(best))) == 30
    assert not {*forms(LISTED)} & set(forms(best))
    seen = next(model.generate_batches(40, seed=1, allow_seen=True, allow_repeats=True))
    assert seen.new is not None
    assert seen.new.tolist() == [form not in forms(LISTED) for form in forms(seen.names)]
    assert 0 < seen.new.sum() < 40
    assert read_config(folder / "config.toml").data.name_type == "company"


def test_excluded_names_are_excluded_with_any_suffix(model: LoadedModel) -> None:
    found = model.generate(40, seed=2, allow_seen=True)
    avoided = [COMPANIES.without_endings(name) + " GmbH" for name in found[:20]]
    names = model.generate(40, seed=2, allow_seen=True, exclude_names=avoided)
    assert not set(forms(avoided)) & set(forms(names))
    names = model.generate(20, seed=2, exclude_names=["Acme"], min_distance=2, starts_with="A")
    assert not {"acme", "acm", "ame", "ace", "acmee"} & set(forms(names))


def test_the_companies_list_uses_company_normalization() -> None:
    assert load_bundled("companies").name_type == "company"
    assert load_bundled("mlb-last").name_type == "plain"
    shipped = api.load_shipped("companies").checkpoint
    assert shipped is not None
    assert shipped.known_names is not None
    names = load_bundled("companies").names
    known = COMPANIES.known_set((*names, *COMPANIES.common_words(names)))
    assert shipped.known_names.to_bytes() == known.to_bytes()
    assert api.load_shipped("mlb-first").normalization == NAMES
