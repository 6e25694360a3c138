"""The forms that a family name has for men and for women, by the endings of each language."""

from __future__ import annotations

import re

# How a man's ending becomes a woman's, the first that fits. Names of other origins, and other endings, have one form.
# An ending is a regular expression: the Czech Moravec loses its e (Moravcová), Švec and Kadlec do not.
FEMALE_ENDINGS = {
    "Azerbaijani": "v>va",
    "Bulgarian": "ski>ska cki>cka v>va in>ina",
    "Czech": "ý>á í>í ů>ů něk>ňková těk>ťková děk>ďková ek>ková (?<=[aeiouyáéíóúůýě].)ec>cová [aeo]>ová >ová",
    "Greek": "idis>idou adis>adou os>ou is>i as>a es>e",
    "Icelandic": "son>dóttir",
    "Latvian": "nieks>niece is>e [sš]>a",
    "Polish": "ski>ska cki>cka dzki>dzka",
    "Russian": "v>va in>ina yn>yna iy>aya",
    "Slovak": "ý>á sky>ská cky>cká [ao]>ová >ová",
    "Ukrainian": "yy>a shyn>shyna",
    "Uzbek": "v>va",
}
MENS_TOO = ("a", "e", "i", "í", "ů")  # women's endings that men's names have as well
_RULES = {
    origin: [(re.compile(f"{man}$"), woman) for man, woman in (rule.split(">") for rule in rules.split(" "))]
    for origin, rules in FEMALE_ENDINGS.items()
}


def female_form(family: str, origin: str | None) -> str:
    """What a woman is called whose father or husband has this family name.

    >>> female_form("Kowalski", "Polish"), female_form("Novák", "Czech"), female_form("Nowak", "Polish")
    ('Kowalska', 'Nováková', 'Nowak')
    """
    for ending, woman in _RULES.get(origin or "", ()):
        if ending.search(family):
            return ending.sub(woman, family)
    return family


def is_female(family: str, origin: str | None) -> bool:
    """Whether only women have such a name: a model now and then gives one of them among the men's.

    >>> is_female("Kowalska", "Polish"), is_female("Malá", "Czech"), is_female("Svoboda", "Czech")
    (True, True, False)
    """
    return any(woman not in MENS_TOO and family.endswith(woman) for _, woman in _RULES.get(origin or "", ()))
