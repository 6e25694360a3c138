"""The card of a shipped model, as the model hubs read one: a head in YAML, then its use, its limits and its origin.

``docs/tools/make_models.py`` writes one for each model into ``docs/use/models/``, from the figures of
``docs/use/models.md``.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass

from namegen.lists import BUNDLED, BundledList
from namegen.models import TITLES

# As the hubs write a licence: by its name, or "other" and a name.
LICENCES = {
    "CC-BY-SA-3.0": ("cc-by-sa-3.0", None),
    "MIT": ("mit", None),
    "public domain (US federal government)": ("other", "public-domain-us-government"),
}
LANGUAGES = {"japanese-given": "ja", "world-given": "multilingual", "world-family": "multilingual"}
# What each list leans to, and so its model.
LEANS = {
    "mlb-first": "The players of the major leagues are men, and most were born in the United States; their short forms "
    "(Joe, Bill) stand in the list as first names.",
    "mlb-last": "Most players of the major leagues were born in the United States: the list has many English, Irish, "
    "German and Spanish names, and few names of Africa and Asia.",
    "companies": "These are companies on two American exchanges: most words are English, and there are many banks, "
    "makers of medicines, and companies founded to buy others.",
    "japanese-given": "The list is in hiragana only, so names that differ only in their kanji are one name. It does "
    "not say who bears them.",
    **{
        f"world-{kind}": "The list comes from a library for test data: it has typical names, not all, and many more of "
        "some origins than of others; the model knows those better. It has Latin script only, so origins that use "
        "another script are missing. An origin says where the library files a name, not who bears it."
        for kind in ("given", "family")
    },
}


@dataclass(frozen=True)
class Figures:
    """Of one way to foretell the held-out names.

    Attributes:
        nats: the loss a character.
        right: the share of characters at which the likeliest was right.
        drawn: at which a drawn one was; None where it is not measured.
    """

    nats: float
    right: float
    drawn: float | None = None


@dataclass(frozen=True)
class Facts:
    """All that a card says.

    Attributes:
        name, command: of the model, and how it was trained.
        network, parameters, size: of the model, in words and numbers; the file's bytes.
        names, distinct: of its list.
        temperature: what names are drawn with.
        model, counting, ceiling: what they make of the held-out names.
        counting_by: how the counting counts, in words.
        samples: names.
        by_label: a table of what each label costs, or "".
    """

    name: str
    command: str
    network: str
    parameters: int
    size: int
    names: int
    distinct: int
    temperature: float
    model: Figures
    counting: Figures
    ceiling: Figures
    counting_by: str
    samples: tuple[str, ...]
    by_label: str

    @property
    def bundled(self) -> BundledList:
        """Its list."""
        return BUNDLED[self.name]


def hub_card(facts: Facts) -> str:
    """The whole card."""
    labelled = ' --label "Irish"' if facts.by_label else ""
    return f"""\
---
{head(facts)}
---

# {TITLES[facts.name]}

`{facts.name}` is a character-level recurrent network that invents names, a letter at a time. It has learned from
{facts.bundled.description}, and comes with namegen.

    namegen generate {facts.name}{labelled} -n 10
    namegen export-tflite {facts.name} model.tflite
    namegen export-web {facts.name} --module names.mjs

In Python `namegen.load("{facts.name}").generate(10)`, in JavaScript `load(json).generate({{ n: 10 }})`:
[a model in an app](../app.md). This page is made from the model itself (`make docs`).

Names drawn with seed 0:

{samples(facts)}

## Intended use

Use it to name what does not exist: characters of a story or a game, test data, or as a first idea for a name. It is
also small enough to study, in a class or by yourself.

Do not use it to guess who bears a real name or where it comes from, to tell real names from invented ones, or for
anything that decides about people. A score says how much a name is like those of the list, nothing else.

## Limits

- **New means: not in the list**, letter case, spaces and punctuation aside. Somebody may bear the name all the same,
  and it may be a trademark.
- It knows letters and their order. It does not know what a name means, how it is spoken, or whether it hurts somebody:
  an offensive word can come out.
- Names are drawn at temperature {facts.temperature:g}, at which nearly all new ones are plausible; above it they get
  wilder.
- It can give back names of its list, and it carries a digest of each, so anyone who has it can test whether a certain
  name was in the list. The list is public.

## Bias

{LEANS[facts.name]} What is rare in the list is rare in the model's names.

## How it was trained

<!-- not run (namegen train): it trains for minutes -->

    {facts.command}

- List: {facts.bundled.description}; {facts.names:,} names, {facts.distinct:,} distinct
- Source: {facts.bundled.credit}
- Network: {facts.network}; {facts.parameters:,} parameters; {facts.size:,} bytes with the digests
- `--effort best`: first several networks and counting learned the list, then the model learned from their weighted mean

## Evaluation

The figures are for the held-out tenth of the list (split `unique`: none of these names was learned). These names also
chose the epoch that was kept, and the n-gram, so both do a little better on them than on others. The ceiling is the
best that any model could reach on those very names.

| | nats per character | perplexity | argmax accuracy | sampled accuracy |
| --- | --- | --- | --- | --- |
| this model | {row(facts.model)} |
| {facts.counting_by} | {row(facts.counting)} |
| ceiling | {row(facts.ceiling)} |
{facts.by_label}
## Licence

{facts.bundled.licence}, the same as that of its list. Pass this notice on with the model:

```text
{facts.bundled.licence_text.strip()}
```
"""


def head(facts: Facts) -> str:
    """The data for a hub. Strings are written as JSON, which YAML reads as well."""
    licence, licence_name = LICENCES[facts.bundled.licence]
    words = json.dumps
    lines = [
        f"license: {licence}",
        *([f"license_name: {licence_name}"] if licence_name else []),
        "language:",
        f"  - {LANGUAGES.get(facts.name, 'en')}",
        "library_name: namegen",
        "pipeline_tag: text-generation",
        "tags:",
        *(f"  - {tag}" for tag in ("names", "character-level", "recurrent-neural-network", facts.network.split()[0])),
        "datasets:",
        f"  - {facts.name}",
        "metrics:",
        "  - perplexity",
        "  - accuracy",
        "model-index:",
        f"  - name: {facts.name}",
        "    results:",
        "      - task:",
        "          type: text-generation",
        "          name: the next character of a name",
        "        dataset:",
        f"          type: {facts.name}",
        f"          name: {words(f'{facts.bundled.description}: the held-out tenth', ensure_ascii=False)}",
        "          split: validation",
        "        metrics:",
        "          - type: loss",
        "            name: nats per character",
        f"            value: {facts.model.nats:.3f}",
        "          - type: perplexity",
        "            name: perplexity a character",
        f"            value: {math.exp(facts.model.nats):.2f}",
        "          - type: accuracy",
        "            name: likeliest character right",
        f"            value: {facts.model.right:.3f}",
    ]
    return "\n".join(lines)


def row(figures: Figures) -> str:
    """Cells of the table."""
    drawn = "–" if figures.drawn is None else f"{100 * figures.drawn:.1f} %"
    return f"{figures.nats:.3f} | {math.exp(figures.nats):.2f} | {100 * figures.right:.1f} % | {drawn}"


def samples(facts: Facts) -> str:
    """As a block."""
    return "\n".join(f"    {name}" for name in facts.samples)
