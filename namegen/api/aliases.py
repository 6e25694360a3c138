"""Alternative country names in lowercase, such as ``england`` for the United Kingdom."""

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
