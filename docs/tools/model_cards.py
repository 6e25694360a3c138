"""Write the cards of the built-in models, in the format of the model hubs, and the page about models and lists."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from textwrap import fill
from typing import Any

import numpy as np

from namegen import api
from namegen.core.checkpoint.checkpoint import Checkpoint, known_names_path
from namegen.core.data.label_parts import askable, by_part
from namegen.core.data.list_formats import split_parts
from namegen.core.data.list_parts import ListParts
from namegen.core.evaluation.references import HeldOutReferences
from namegen.core.settings import DataSettings
from namegen.lists import BUNDLED, load_bundled
from namegen.lists.bundled import SHELF
from namegen.models import GROUPS, SHIPPED, TITLES, shipped_path

ROOT = Path(__file__).parents[2]
SHELF_PATH = shipped_path("shelf")  # the card and the license have this path with another suffix
WITH_OWN_CARD = [name for name in SHIPPED if name not in SHELF]
WORLD_OPTIONS = "--epochs 90 --label-smoothing 0.4 --recurrent-dropout 0.1 --output-dropout 0"
# Models of unlabelled lists are trained with the default settings. The models of the world are narrower, so that each
# takes half a megabyte. The models on the shelf are small, because there are many of them.
COMMANDS = {
    "mlb-first": "namegen train mlb-first",
    "mlb-last": "namegen train mlb-last",
    "companies": "namegen train companies",
    "japanese-given": "namegen train japanese-given",
    "world-given": f"namegen train world-given --cell gru --hidden 96 {WORLD_OPTIONS}",
    "world-family": f"namegen train world-family --cell gru --hidden 96 {WORLD_OPTIONS}",
    "world-places": f"namegen train world-places --cell gru --hidden 88 {WORLD_OPTIONS}",
    **{name: f"namegen train {name} --base-model none --hidden 64" for name in SHELF},
}
# Each license in the format of the model hubs: a known name, or "other" and a name.
LICENSES = {
    "CC-BY-SA-3.0": "license: cc-by-sa-3.0",
    "CC-BY-4.0": "license: cc-by-4.0",
    "MIT": "license: mit",
    "public domain (US federal government)": "license: other\nlicense_name: public-domain-us-government",
}
LANGUAGES = {
    "japanese-given": "ja",
    "world-given": "multilingual",
    "world-family": "multilingual",
    "world-places": "multilingual",
}
WORLD_BIAS = (
    "The list comes from a library for test data. It contains typical names, and many more for some "
    "origins than for others, which the model therefore knows better. All names are in Latin script, "
    "and Greek, Bulgarian, Russian and Ukrainian names are transliterated. Origins with other scripts "
    "are missing. An origin describes a name and not the person who has it."
)
# The bias of each list, which its model shares.
BIAS = {
    "mlb-first": "Players of the major leagues are men, and most of them were born in the United States. The list "
    "contains short forms such as Joe and Bill.",
    "mlb-last": "Most players of the major leagues were born in the United States. The list contains many "
    "English, Irish, German and Spanish names, and few names from Africa and Asia.",
    "companies": "The companies are listed on two American exchanges. Most of their words are English, and many "
    "are banks, drug makers, and companies founded to buy others.",
    "japanese-given": "The list is written in hiragana, so names that differ only in their kanji are the same. It "
    "doesn't contain genders.",
    "world-given": WORLD_BIAS,
    "world-family": WORLD_BIAS,
    "world-places": "The list contains at most the 500 largest places of each of 99 countries, in Latin letters. "
    "Names in other scripts are transliterated, by the conventions of each country.",
}
LABELS_SHOWN = (
    "English",
    "Finnish",
    "Indian",
    "Irish",
    "Italian",
    "Yoruba",
    "Italy",
    "Japan",
    "Nigeria",
    "Poland",
)
# The names and other strings are JSON, which YAML can read.
CARD = """\
---
{license}
language:
  - {language}
library_name: namegen
pipeline_tag: text-generation
tags:
  - names
  - character-level
  - recurrent-neural-network
  - {cell}
datasets:
  - {name}
metrics:
  - perplexity
  - accuracy
model-index:
  - name: {name}
    results:
      - task:
          type: text-generation
          name: the next character of a name
        dataset:
          type: {name}
          name: {dataset}
          split: validation
        metrics:
          - type: loss
            name: nats per character
            value: {loss:.3f}
          - type: perplexity
            name: perplexity per character
            value: {perplexity:.2f}
          - type: accuracy
            name: argmax accuracy
            value: {accuracy:.3f}
---

# {title}

`{name}` is a character-level recurrent network that comes with namegen. It generates names, one character at a time.

    namegen generate {name}{label_option} -n 10
    namegen export-tflite {name} model.tflite
    namegen export-web {name} --module names.mjs

In Python, use `namegen.load("{name}").generate(10)`. The guides describe [JavaScript](../../docs/guides/javascript.md)
and [phones](../../docs/guides/phone.md). `make docs` generates this page from the model.

{sample_names}

## Intended use

Use it to name characters of a story or a game, to create test data, or to get ideas for a name. It's also small
enough to study in a class or by yourself.

Don't use it to guess who has a real name or where it comes from, to tell real names from invented ones, or to make
decisions about people. A score only measures how similar a name is to the names of the list.

## Limits

- **New means that a name isn't in the list**, ignoring case, spaces and punctuation. Someone may still have the name,
  and it may be a trademark.
- The model knows letters and their order. It doesn't know what a name means or how it's pronounced, and offensive
  words are possible.
- By default, namegen returns a new name only if its score is in the top 1%. `--unfiltered` draws from the model's own
  distribution, which gives more unusual names.
- The model can reproduce names of its list. It also contains a hash of each name, so anyone can test whether a name
  is in the list. The list is public.

## Bias

{bias}

## How it was trained

<!-- not run (namegen train): trains for minutes -->

    {command}

- List: {description}; {names:,} names, {distinct_names:,} distinct
{source}
- Network: {network}; {parameters:,} parameters; {size:,} bytes with the hashes
{label_smoothing}
## Evaluation

The table shows results on the validation set, a tenth of the list. These names also selected the best epoch and the
best n-gram, so the results are slightly better than on other names. The ceiling is the best possible score on these
names.

| | nats per character | perplexity | argmax accuracy | sampled accuracy |
| --- | --- | --- | --- | --- |
{metrics}

{labels}## License

The license is {license_name}, like that of the list. Include this notice when you share the model:

```text
{notice}
```
"""
SHELF_TABLE_HEAD = """\
| model | list | names | network | bytes |
| --- | --- | ---: | --- | ---: |"""
SHELF_CARD = """\
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


PAGE_HEAD = """\
# Models and lists

namegen comes with models and the lists they were trained on. A model and its list have the same name, and you
can use that name in any command that takes a model or a list. To see what's available, run `namegen models` or
`namegen lists`.

Each name in the table links to a model card, which describes the model's intended use, limits, bias, training
and license. To see what some of the lists look like, see [The lists](../results/lists.md).

The loss is measured in nats per character on the validation set, a tenth of the names that the network wasn't
trained on. The number in parentheses is the argmax accuracy. The n-gram baseline is the best n-gram model for
the same names, and the ceiling is the best score that any model could achieve. For details, see
[Metrics](../concepts/metrics.md). The size includes the hashes of the names.

| model | list | names (distinct) | network | parameters | kB | loss | n-gram baseline | ceiling |
| --- | --- | ---: | --- | ---: | ---: | ---: | ---: | ---: |"""
SHELF_HEAD = """\
## The shelf

These are small models for fiction and games. They share [one model card](../../namegen/models/shelf.md), which
also contains sample names. We wrote the lists for namegen and released both the lists and the models into the
public domain (CC0).
"""


# --- facts ------------------------------------------------------------------------------------------------------------


@cache
def load(name: str) -> api.LoadedModel:
    """Load a model once."""
    return api.load(name)


def checkpoint_of(name: str) -> Checkpoint:
    """Return the checkpoint of a model."""
    checkpoint = load(name).checkpoint
    assert checkpoint is not None
    return checkpoint


@cache
def references(name: str) -> HeldOutReferences:
    """Return the ceiling and the n-gram baseline on the validation set of a model's list."""
    parts = ListParts.from_corpus(load_bundled(name), DataSettings(), seed=0)
    assert parts.validation is not None
    return HeldOutReferences(parts.validation, parts)


def model_size(name: str) -> int:
    """Return the size of a model and its hashes in bytes."""
    path = shipped_path(name)
    return path.stat().st_size + known_names_path(path).stat().st_size


def card_path(name: str) -> Path:
    """Return the path of a model's card. All models on the shelf share one."""
    path = SHELF_PATH if name in SHELF else shipped_path(name)
    return path.with_suffix(".md")


def sample_names(name: str) -> str:
    """Return a command and the names that it generates. ``--check`` ignores the names."""
    names = " · ".join(load(name).generate(10, seed=0))
    return wrap(f"`namegen generate {name} -n 10 --seed 0`: {names}")


def wrap(text: str, indent: str = "") -> str:
    """Wrap a paragraph or a list item."""
    return fill(text, 120, subsequent_indent=indent, break_on_hyphens=False, break_long_words=False)


# --- the card of a model ----------------------------------------------------------------------------------------------


def model_card(name: str) -> str:
    """Write a model's card."""
    bundled = BUNDLED[name]
    model = load(name)
    network = checkpoint_of(name).network
    training = checkpoint_of(name).training
    validation = training["validation"]
    loss = validation["loss_nats_per_char"]

    label_column, _, _ = str(bundled.label_column).partition(",")  # an origin or a country
    label_option = ""
    if model.labels:
        example = "Poland" if label_column == "country" else "Irish"
        label_option = f' --label "{example}"'
    label_smoothing = ""
    share = training["settings"]["label_smoothing"]
    if share:
        label_smoothing = f"- Label smoothing: {share:.0%} of each target comes from an n-gram (`--label-smoothing`)\n"
    rare_names = "Names that are rare in the list are also rare in the model's output."
    baseline = references(name).baseline
    metrics = {
        "this model": validation,
        baseline.summary: baseline.metrics.to_dict(),
        "ceiling": references(name).ceiling.to_dict(),
    }
    return CARD.format(
        license=LICENSES[bundled.licence],
        language=LANGUAGES.get(name, "en"),
        cell=network.summary.split()[0],
        name=name,
        dataset=json.dumps(f"{bundled.description}, validation set", ensure_ascii=False),
        loss=loss,
        perplexity=math.exp(loss),
        accuracy=validation["accuracy_argmax"],
        title=TITLES[name],
        label_option=label_option,
        sample_names=sample_names(name),
        bias=wrap(f"{BIAS[name]} {rare_names}"),
        command=COMMANDS[name],
        description=bundled.description,
        names=training["names"],
        distinct_names=training["distinct_names"],
        source=wrap(f"- Source: {bundled.credit}", indent="  "),
        network=network.summary,
        parameters=network.parameter_count,
        size=model_size(name),
        label_smoothing=label_smoothing,
        metrics="\n".join(metrics_row(title, values) for title, values in metrics.items()),
        labels=label_section(name, label_column) if model.labels else "",
        license_name=bundled.licence,
        notice=bundled.licence_text.strip(),
    )


def metrics_row(model: str, metrics: Mapping[str, Any]) -> str:
    """Write a row of the table of results."""
    loss = metrics["loss_nats_per_char"]
    sampled = metrics["accuracy_sampled"]
    sampled_accuracy = "–" if sampled is None else f"{sampled:.1%}"
    return (
        f"| {model} | {loss:.3f} | {math.exp(loss):.2f} | {metrics['accuracy_argmax']:.1%} | "
        f"{sampled_accuracy} |"
    )


def label_section(name: str, label_column: str) -> str:
    """List the loss for each origin or country, the first part of the labels, and sample names for some of them."""
    model = load(name)
    _, validation_set, _ = load_bundled(name).split(DataSettings(), seed=0)
    first_part_counts, *_ = by_part(
        {label.name: label.names for label in checkpoint_of(name).labels}
    )
    results = []
    for first_part, training_names in first_part_counts.items():
        has_part = [split_parts(label)[0] == first_part for label in validation_set.labels]
        corpus = validation_set.where(np.array(has_part))
        loss = api.evaluate(model, corpus).metrics.loss_nats_per_char
        result = f"{first_part} {loss:.3f} ({training_names:,.0f}, {len(corpus.names):,})"
        results.append((loss, result))
    losses = "; ".join(result for _, result in sorted(results))
    explanation = f"Loss by {label_column} in nats per character (training names, validation names)"
    lines = [wrap(f"{explanation}: {losses}."), "", "Names of some of them:", ""]
    for label in LABELS_SHOWN:
        if label in askable(model.labels):
            names = model.for_labels(label).generate(6, seed=0)
            lines.append(f"- {label}: {', '.join(names)}")
    return "\n".join(lines) + "\n\n"


# --- the card of the shelf, and the page ------------------------------------------------------------------------------


def shelf_card() -> str:
    """Write the card that all models on the shelf share."""
    groups = []
    for group, members in GROUPS.items():
        names = [name for name in members if name in SHELF]
        if names:
            table = "\n".join([SHELF_TABLE_HEAD, *map(shelf_row, names)])
            groups += [f"### {group.capitalize()}", table, *map(sample_names, names)]
    return SHELF_CARD.format(
        datasets="\n".join(f"  - {name}" for name in SHELF),
        count=len(SHELF),
        total_size=sum(model_size(name) for name in SHELF),
        models="\n\n".join(groups),
        command=COMMANDS["taverns"],
        license_file=SHELF_PATH.with_suffix(".LICENSE.txt").name,
    )


def shelf_row(name: str) -> str:
    """Return a model's row in the table of the shelf."""
    checkpoint = checkpoint_of(name)
    return (
        f"| `{name}` | {BUNDLED[name].description} | {checkpoint.training['names']} | "
        f"{checkpoint.network.summary} | {model_size(name):,} |"
    )


def models_page() -> str:
    """Write the page about models and lists."""
    lines = [PAGE_HEAD]
    for name in WITH_OWN_CARD:
        checkpoint = checkpoint_of(name)
        training = checkpoint.training
        cells = [
            f"[{name}](../../namegen/models/{card_path(name).name})",
            BUNDLED[name].description,
            f"{training['names']:,} ({training['distinct_names']:,})",
            checkpoint.network.summary,
            f"{checkpoint.network.parameter_count:,}",
            f"{model_size(name) / 1000:.0f}",
        ]
        baseline = references(name).baseline.metrics
        ceiling = references(name).ceiling
        for metrics in (training["validation"], baseline.to_dict(), ceiling.to_dict()):
            accuracy_percent = 100 * metrics["accuracy_argmax"]
            cells.append(f"{metrics['loss_nats_per_char']:.3f} ({accuracy_percent:.1f}%)")
        lines.append(f"| {' | '.join(cells)} |")
    lines += ["", SHELF_HEAD, SHELF_TABLE_HEAD, *map(shelf_row, SHELF)]
    return "\n".join(lines) + "\n"


def make_documents() -> dict[Path, str]:
    """Return all cards and the page about models, by path."""
    documents = {
        ROOT / "docs/reference/models.md": models_page(),
        card_path("taverns"): shelf_card(),
    }
    for name in WITH_OWN_CARD:
        documents[card_path(name)] = model_card(name)
    return documents


def without_sample_names(text: str) -> str:
    """Remove the generated names from a document, because they may be different on another machine."""
    # The rest of a paragraph after the command, and the names in lists of labels.
    text = re.sub(r"(?<=--seed 0`: ).*?\n\n", "", text, flags=re.DOTALL)
    labels = "|".join(LABELS_SHOWN)
    return re.sub(rf"^- (?:{labels}): .*\n", "", text, flags=re.MULTILINE)
