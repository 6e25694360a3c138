"""The trained models that ship with the package.

Each model is stored in ``NAME.safetensors``, and the hashes of its list are stored in ``NAME.known_names.safetensors``.
The license is in ``NAME.LICENSE.txt``, and the model card is in ``NAME.md``. The models on the shelf share
``shelf.LICENSE.txt`` and ``shelf.md``.
"""

from __future__ import annotations

from pathlib import Path

GROUPS = {  # group → model → title
    "people": {
        "world-given": "Given names of the world",
        "world-family": "Family names of the world",
        "mlb-first": "Baseball first names",
        "mlb-last": "Baseball last names",
        "japanese-given": "Japanese given names",
    },
    "places": {
        "world-places": "Places of the world",
        "rivers": "Rivers",
        "mountains": "Mountains",
        "planets": "Planets",
        "stars": "Stars",
    },
    "companies": {"companies": "Companies"},
    "fantasy": {
        "elves": "Elves",
        "dwarves": "Dwarves",
        "orcs": "Orcs",
        "dragons": "Dragons",
        "demons": "Demons",
        "gods": "Gods",
        "kingdoms": "Kingdoms",
        "taverns": "Taverns",
        "spells": "Spells",
        "potions": "Potions",
        "swords": "Swords",
        "guilds": "Guilds",
    },
    "things": {
        "ships": "Ships",
        "spaceships": "Spaceships",
        "pets": "Pets",
        "horses": "Horses",
        "bands": "Bands",
        "cocktails": "Cocktails",
        "paint-colors": "Paint colors",
        "perfumes": "Perfumes",
    },
}
TITLES = {name: title for titles in GROUPS.values() for name, title in titles.items()}
GROUP_OF = {name: group for group, titles in GROUPS.items() for name in titles}
SHIPPED = tuple(TITLES)
# The models on the page that `make page` builds. With all models, the page would be larger than 4.5 MB.
PAGE_MODELS = tuple(
    name for name in SHIPPED if name not in ("mlb-first", "mlb-last", "japanese-given")
)
BASE = "base"  # The pretrained model for fine-tuning on short lists. It isn't meant for generating names.
_FOLDER = Path(__file__).parent


def shipped_path(name: str) -> Path:
    """The file of a model that ships with the package."""
    return _FOLDER / f"{name}.safetensors"
