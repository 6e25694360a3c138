"""Write the card that all models on the shelf share."""

from __future__ import annotations

from model_facts import COMMANDS, SHELF_PATH, checkpoint_of, model_size, sample_names

from namegen.lists import BUNDLED
from namegen.lists.bundled import SHELF
from namegen.models import GROUPS

TABLE_HEAD = """\
| model | list | names | network | bytes |
| --- | --- | ---: | --- | ---: |"""
CARD = """\
---
license: cc0-1.0
language:
  - en
library_name: namegen
pipeline_tag: text-generation
tags:
  - names
  - character-level
  - recurrent-neural-network
datasets:
{datasets}
---

# The shelf

The shelf contains {count} small models for fiction and games. Each is a character-level recurrent network that
was trained on a short list. The lists were written for namegen, and the lists and models are in the public domain
(CC0 1.0).

    namegen generate taverns -n 10
    namegen generate elves -n 10
    namegen export-web taverns elves --module names.mjs

`make docs` generates this page from the models.

## The models

Together, the models have {total_size:,} bytes, including the hashes of the names.

{models}

## Intended use

Use them to name characters, places and things in stories, games and examples.

## Limits

- **New means that a name isn't in the list**, ignoring case, spaces and punctuation. A person, a book or a product
  may still have the name, and it may be a trademark. The lists avoid names of known works and brands, but a generated
  name can match one by chance.
- The lists are short, so the models learn a style and not a language. The more names you generate, the more similar
  they get.
- A model contains a hash of each name of its list. The lists are public.

## Bias

The lists are in English, and they reflect one author's idea of how such names sound.

## How they were trained

<!-- not run (namegen train): there are {count} such commands -->

    {command}

The other models were trained with the same options.

## License

The license is CC0 1.0, like that of the lists. `{license_file}` contains the full text.
"""


def shelf_card() -> str:
    """Write the card."""
    groups = [_group_section(group) for group in GROUPS if _shelf_models(group)]
    return CARD.format(
        datasets="\n".join(f"  - {name}" for name in SHELF),
        count=len(SHELF),
        total_size=sum(model_size(name) for name in SHELF),
        models="\n\n".join(groups),
        command=COMMANDS["taverns"],
        license_file=SHELF_PATH.with_suffix(".LICENSE.txt").name,
    )


def _shelf_models(group: str) -> list[str]:
    """Return the models of a group that are on the shelf."""
    return [name for name in GROUPS[group] if name in SHELF]


def _group_section(group: str) -> str:
    """Write a table of a group's models, and sample names of each model."""
    names = _shelf_models(group)
    rows = [shelf_row(name) for name in names]
    table = "\n".join([TABLE_HEAD, *rows])
    samples = [sample_names(name) for name in names]
    return "\n\n".join([f"### {group.capitalize()}", table, *samples])


def shelf_row(name: str) -> str:
    """Return a model's row in the table."""
    checkpoint = checkpoint_of(name)
    return (
        f"| `{name}` | {BUNDLED[name].description} | {checkpoint.training['names']} | "
        f"{checkpoint.network.summary} | {model_size(name):,} |"
    )
