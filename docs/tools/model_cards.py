"""Write the card of a built-in model, in the format of the model hubs."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from model_facts import (
    COMMANDS,
    checkpoint_of,
    load,
    model_size,
    references,
    sample_names,
    wrap_paragraph,
)

from namegen import api
from namegen.core.data.label_parts import askable, by_part
from namegen.core.data.list_formats import split_parts
from namegen.core.settings import DataSettings
from namegen.lists import BUNDLED, load_bundled
from namegen.models import TITLES

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
HEAD = """\
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
"""
INTENDED_USE = """\
## Intended use

Use it to name characters of a story or a game, to create test data, or to get ideas for a name. It's also small
enough to study in a class or by yourself.

Don't use it to guess who has a real name or where it comes from, to tell real names from invented ones, or to make
decisions about people. A score only measures how similar a name is to the names of the list.
"""
LIMITS = """\
## Limits

- **New means that a name isn't in the list**, ignoring case, spaces and punctuation. Someone may still have the name,
  and it may be a trademark.
- The model knows letters and their order. It doesn't know what a name means or how it's pronounced, and offensive
  words are possible.
- By default, namegen returns a new name only if its score is in the top 1%. `--unfiltered` draws from the model's own
  distribution, which gives more unusual names.
- The model can reproduce names of its list. It also contains a hash of each name, so anyone can test whether a name
  is in the list. The list is public.
"""


def model_card(name: str) -> str:
    """Write a model's card."""
    sections = [
        _head(name),
        _introduction(name),
        INTENDED_USE,
        LIMITS,
        _bias_section(name),
        _training_section(name),
        _evaluation_section(name),
    ]
    if load(name).labels:
        sections.append(_label_section(name))
    sections.append(_license_section(name))
    return "\n".join(sections)


def _head(name: str) -> str:
    """Write the head of the card, which model hubs read."""
    bundled = BUNDLED[name]
    checkpoint = checkpoint_of(name)
    metrics = checkpoint.training["validation"]
    cell, *_ = checkpoint.network.summary.split()
    return HEAD.format(
        license=LICENSES[bundled.licence],
        language=LANGUAGES.get(name, "en"),
        cell=cell,
        name=name,
        dataset=json.dumps(f"{bundled.description}, validation set", ensure_ascii=False),
        loss=metrics["loss_nats_per_char"],
        perplexity=math.exp(metrics["loss_nats_per_char"]),
        accuracy=metrics["accuracy_argmax"],
    )


def _introduction(name: str) -> str:
    """Write the title, the commands and sample names."""
    label_option = ""
    if load(name).labels:
        example = "Poland" if label_meaning(name) == "country" else "Irish"
        label_option = f' --label "{example}"'
    return f"""\
# {TITLES[name]}

`{name}` is a character-level recurrent network that comes with namegen. It generates names, one character at a time.

    namegen generate {name}{label_option} -n 10
    namegen export-tflite {name} model.tflite
    namegen export-web {name} --module names.mjs

In Python, use `namegen.load("{name}").generate(10)`. The guides describe [JavaScript](../../docs/guides/javascript.md)
and [phones](../../docs/guides/phone.md). `make docs` generates this page from the model.

{sample_names(name)}
"""


def label_meaning(name: str) -> str:
    """Return what the first part of a list's labels is: an origin or a country."""
    first_column, _, _ = str(BUNDLED[name].label_column).partition(",")
    return first_column


def _bias_section(name: str) -> str:
    """Describe the bias of the model."""
    rare_names = "Names that are rare in the list are also rare in the model's output."
    return f"## Bias\n\n{wrap_paragraph(f'{BIAS[name]} {rare_names}')}\n"


def _training_section(name: str) -> str:
    """Describe how the model was trained, on which list."""
    bundled = BUNDLED[name]
    network = checkpoint_of(name).network
    training = checkpoint_of(name).training
    return f"""\
## How it was trained

<!-- not run (namegen train): trains for minutes -->

    {COMMANDS[name]}

- List: {bundled.description}; {training["names"]:,} names, {training["distinct_names"]:,} distinct
{wrap_paragraph(f"- Source: {bundled.credit}", indent="  ")}
- Network: {network.summary}; {network.parameter_count:,} parameters; {model_size(name):,} bytes with the hashes
{_describe_label_smoothing(training["settings"]["label_smoothing"])}"""


def _describe_label_smoothing(share: float) -> str:
    """Return a list item about the label smoothing, or nothing without it."""
    if not share:
        return ""
    return f"- Label smoothing: {share:.0%} of each target comes from an n-gram (`--label-smoothing`)\n"


def _evaluation_section(name: str) -> str:
    """Compare the model's results with the n-gram baseline and the ceiling."""
    baseline = references(name).baseline
    return f"""\
## Evaluation

The table shows results on the validation set, a tenth of the list. These names also selected the best epoch and the
best n-gram, so the results are slightly better than on other names. The ceiling is the best possible score on these
names.

| | nats per character | perplexity | argmax accuracy | sampled accuracy |
| --- | --- | --- | --- | --- |
{_metrics_row("this model", checkpoint_of(name).training["validation"])}
{_metrics_row(baseline.summary, baseline.metrics.to_dict())}
{_metrics_row("ceiling", references(name).ceiling.to_dict())}
"""


def _metrics_row(model: str, metrics: Mapping[str, Any]) -> str:
    """Write a row of the table of results."""
    loss = metrics["loss_nats_per_char"]
    sampled = metrics["accuracy_sampled"]
    sampled_accuracy = "–" if sampled is None else f"{sampled:.1%}"
    return (
        f"| {model} | {loss:.3f} | {math.exp(loss):.2f} | {metrics['accuracy_argmax']:.1%} | "
        f"{sampled_accuracy} |"
    )


def _license_section(name: str) -> str:
    """Write the license and the notice."""
    bundled = BUNDLED[name]
    return f"""\
## License

The license is {bundled.licence}, like that of the list. Include this notice when you share the model:

```text
{bundled.licence_text.strip()}
```
"""


# --- labels -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class LabelResult:
    """A model's loss on the names of an origin or a country."""

    label: str
    loss: float  # in nats per character, on the validation set
    training_names: float
    validation_names: int

    def __str__(self) -> str:
        """Format the loss and the numbers of names, like ``Irish 1.234 (1,000, 100)``."""
        return (
            f"{self.label} {self.loss:.3f} ({self.training_names:,.0f}, {self.validation_names:,})"
        )


def _label_section(name: str) -> str:
    """List the loss for each label, and sample names for some labels."""
    model = load(name)
    known_labels = askable(model.labels)
    lines = [_label_losses(name), "", "Names of some of them:", ""]
    for label in LABELS_SHOWN:
        if label in known_labels:
            names = model.for_labels(label).generate(6, seed=0)
            lines.append(f"- {label}: {', '.join(names)}")
    return "\n".join(lines) + "\n"


def _label_losses(name: str) -> str:
    """List the loss for each label, starting with the lowest."""
    results = sorted(_evaluate_labels(name), key=lambda result: result.loss)
    losses = "; ".join(str(result) for result in results)
    return wrap_paragraph(
        f"Loss by {label_meaning(name)} in nats per character (training names, validation names): {losses}."
    )


def _evaluate_labels(name: str) -> list[LabelResult]:
    """Evaluate a model on the validation names of each origin or country, the first part of the labels."""
    model = load(name)
    _, validation_set, _ = load_bundled(name).split(DataSettings(), seed=0)
    label_counts = {label.name: label.names for label in checkpoint_of(name).labels}
    first_part_counts, *_ = by_part(label_counts)
    results = []
    for first_part, training_names in first_part_counts.items():
        has_part = [split_parts(label)[0] == first_part for label in validation_set.labels]
        corpus = validation_set.where(np.array(has_part))
        loss = api.evaluate(model, corpus).metrics.loss_nats_per_char
        results.append(LabelResult(first_part, loss, training_names, len(corpus.names)))
    return results
