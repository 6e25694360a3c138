"""Other names of origins and countries, in lower case, such as ``american`` for English names."""

from __future__ import annotations

ORIGIN_ALIASES = {
    "american": "English",
    "argentinian": "Spanish",
    "australian": "English",
    "austrian": "German",
    "brazilian": "Portuguese",
    "british": "English",
    "canadian": "English",
    "chilean": "Spanish",
    "colombian": "Spanish",
    "flemish": "Dutch",
    "ghanaian": "Twi",
    "hispanic": "Spanish",
    "mexican": "Spanish",
    "nigerian": "Yoruba",
    "peruvian": "Spanish",
    "scottish": "English",
    "swiss": "German",
}
COUNTRY_ALIASES = {
    "america": "United States",
    "bosnia": "Bosnia & Herzegovina",
    "britain": "United Kingdom",
    "czech republic": "Czechia",
    "england": "United Kingdom",
    "great britain": "United Kingdom",
    "holland": "Netherlands",
    "ivory coast": "Côte d’Ivoire",
    "korea": "South Korea",
    "macedonia": "North Macedonia",
    "palestine": "Palestinian Territories",
    "scotland": "United Kingdom",
    "turkey": "Türkiye",
    "u.s.": "United States",
    "uk": "United Kingdom",
    "us": "United States",
    "usa": "United States",
    "wales": "United Kingdom",
}
