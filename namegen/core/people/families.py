"""The forms that a family name has for men and women, by origin.

A rule replaces a man's ending with a woman's: Kowalski becomes Kowalska. Irish rules replace the whole name instead,
because its first word changes and the consonant after it is softened: Ó Briain becomes Ní Bhriain.
"""

from __future__ import annotations

import re

# Rules "man's ending>woman's ending", separated by spaces. The first rule that matches counts. A man's ending is a
# regular expression: the Czech Moravec loses its e (Moravcová), but Švec and Kadlec don't. Names with other endings,
# or of other origins, have one form.
FEMALE_ENDINGS = {
    "Azerbaijani": "v>va",
    "Bulgarian": "ski>ska cki>cka v>va in>ina",
    "Czech": "ý>á í>í ů>ů něk>ňková těk>ťková děk>ďková ek>ková (?<=[aeiouyáéíóúůýě].)ec>cová [aeo]>ová >ová",
    "Greek": "idis>idou adis>adou os>ou is>i as>a es>e",
    "Icelandic": "son>dóttir",
    "Irish": r"^Ó(\s)h([AEIOUÁÉÍÓÚ].*)>Ní\1\2 ^Ó(\s)([BCDFGMPT]|S(?![cfmpt]))(?!h)(.*)>Ní\1\2h\3 ^Ó(\s.*)>Ní\1 "
    r"^Mac(\s)([BDFMPT]|S(?![cfmpt]))(?!h)(.*)>Nic\1\2h\3 ^Mac(\s.*)>Nic\1",
    "Latvian": "nieks>niece is>e [sš]>a",
    "Polish": "ski>ska cki>cka dzki>dzka",
    "Russian": "v>va in>ina yn>yna iy>aya",
    "Slovak": "ý>á sky>ská cky>cká [ao]>ová >ová",
    "Ukrainian": "yy>a shyn>shyna",
    "Uzbek": "v>va",
}
# Origins whose people also have family names as in another origin: many Irish families write their name in English.
ALSO_NAMED_LIKE = {"Irish": "English"}
MENS_TOO = ("a", "e", "i", "í", "ů")  # women's endings that men's names have as well
IRISH_WOMEN = ("Ní ", "Nic ")  # first words of Irish women's names


# By origin, a man's ending and the woman's ending that replaces it.
_RULES: dict[str | None, list[tuple[re.Pattern[str], str]]] = {}
for _origin, _endings in FEMALE_ENDINGS.items():
    _pairs = [rule.split(">") for rule in _endings.split(" ")]
    _RULES[_origin] = [(re.compile(f"{man}$"), woman) for man, woman in _pairs]


def female_form(family: str, origin: str | None) -> str:
    """Return the family name of a woman whose father or husband has this family name.

    >>> female_form("Kowalski", "Polish"), female_form("Novák", "Czech"), female_form("Nowak", "Polish")
    ('Kowalska', 'Nováková', 'Nowak')
    """
    for man, woman in _RULES.get(origin, ()):
        if man.search(family):
            return man.sub(woman, family)
    return family


def is_female(family: str, origin: str | None) -> bool:
    """Return whether only women have this family name. A model of men's names occasionally returns one.

    >>> is_female("Kowalska", "Polish"), is_female("Malá", "Czech"), is_female("Svoboda", "Czech")
    (True, True, False)
    """
    if origin == "Irish":
        return family.startswith(IRISH_WOMEN)
    endings = [woman for _, woman in _RULES.get(origin, ())]
    return any(family.endswith(ending) for ending in endings if ending not in MENS_TOO)
