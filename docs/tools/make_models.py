"""Train the models that ship with the package, each by the command on its card (`make models`).

Writes ``namegen/models/NAME.safetensors``, the digests of its list beside it, its licence, its card in the form of the
model hubs, and ``docs/reference/models.md``. The models of the shelf share one card and one license. It takes minutes,
and on another machine the last digits may differ. With names of models, it only trains these. With ``--cards``, it only
writes the cards. With ``--check``, it only checks that they are up to date.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from textwrap import fill

import numpy as np
from make_base import in_half

from namegen import api
from namegen.core.checkpoint.checkpoint import Checkpoint, known_names_path
from namegen.core.checkpoint.metadata import TrainingSummary
from namegen.core.data.label_parts import askable, by_part
from namegen.core.data.list_formats import split_parts
from namegen.core.data.list_parts import ListParts
from namegen.core.evaluation.references import HeldOutReferences
from namegen.core.settings import DataSettings
from namegen.lists import BUNDLED, load_bundled
from namegen.lists.bundled import SHELF
from namegen.models import GROUPS, SHIPPED, TITLES, shipped_path

DOCUMENT = Path(__file__).parents[1] / "reference" / "models.md"
# Models of unlabelled lists are trained with the default settings. The models of the world are narrower: each of them
# takes half a megabyte. The models of the shelf are small, because there are many of them.
COMMANDS = {
    **{
        name: f"namegen train {name}"
        for name in ("mlb-first", "mlb-last", "companies", "japanese-given")
    },
    **{
        f"world-{kind}": f"namegen train world-{kind} --cell gru --hidden {width} --epochs 90 --label-smoothing 0.4 "
        "--recurrent-dropout 0.1 --output-dropout 0"
        for kind, width in (("given", 96), ("family", 96), ("places", 88))
    },
    **{name: f"namegen train {name} --base-model none --hidden 64" for name in SHELF},
}
SHELF_PATH = shipped_path("shelf")  # its suffixes make the names of the card and the licence
# As the hubs write a licence: by its name, or "other" and a name.
LICENCES = {
    "CC-BY-SA-3.0": ("cc-by-sa-3.0", None),
    "CC-BY-4.0": ("cc-by-4.0", None),
    "MIT": ("mit", None),
    "CC0-1.0": ("cc0-1.0", None),
    "public domain (US federal government)": ("other", "public-domain-us-government"),
}
LANGUAGES = {
    "japanese-given": "ja",
    **dict.fromkeys(("world-given", "world-family", "world-places"), "multilingual"),
}
# What each list leans to, and so its model.
LEANS = {
    "mlb-first": "Players of the major leagues are men, and most of them were born in the United States. The list "
    "contains short forms such as Joe and Bill.",
    "mlb-last": "Most players of the major leagues were born in the United States. The list contains many "
    "English, Irish, German and Spanish names, and few names from Africa and Asia.",
    "companies": "The companies are listed on two American exchanges. Most of their words are English, and many "
    "are banks, drug makers, and companies founded to buy others.",
    "japanese-given": "The list is written in hiragana, so names that differ only in their kanji are the same. It "
    "doesn't contain genders.",
    **dict.fromkeys(
        ("world-given", "world-family"),
        "The list comes from a library for test data. It contains typical names, and many more for some "
        "origins than for others, which the model therefore knows better. All names are in Latin script, "
        "and Greek, Bulgarian, Russian and Ukrainian names are transliterated. Origins with other scripts "
        "are missing. An origin describes a name and not the person who has it.",
    ),
    "world-places": "The list contains at most the 500 largest places of each of 99 countries, in Latin letters. "
    "Names in other scripts are transliterated, by the conventions of each country.",
}
SHELF_TABLE_HEAD = """\
| model | list | names | network | bytes |
| --- | --- | ---: | --- | ---: |"""
SHELF_HEAD = """\
## The shelf

These are small models for fiction and games. They share [one model card](../../namegen/models/shelf.md), which
also contains sample names. We wrote the lists for namegen and released both the lists and the models into the
public domain (CC0).

| model | list | names | network | bytes |
| --- | --- | ---: | --- | ---: |"""
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
HEAD = """\
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


def checkpoint_of(model: api.LoadedModel) -> Checkpoint:
    """Return the checkpoint of a built-in model."""
    assert model.checkpoint is not None
    return model.checkpoint


@cache
def load(name: str) -> api.LoadedModel:
    """Load a model once."""
    return api.load(name)


def card_path(name: str) -> Path:
    """Return the path of a model's card. The models of the shelf share one."""
    path = SHELF_PATH if name in SHELF else shipped_path(name)
    return path.with_suffix(".md")


def table_row(name: str) -> str:
    """Return a model's row in the table."""
    model, found = load(name), references(name)
    training, network = checkpoint_of(model).training, checkpoint_of(model).network
    losses = " | ".join(
        f"{one['loss_nats_per_char']:.3f} ({100 * one['accuracy_argmax']:.1f}%)"
        for one in (
            training["validation"],
            found.baseline.metrics.to_dict(),
            found.ceiling.to_dict(),
        )
    )
    card_name = card_path(name).name
    return (
        f"| [{name}](../../namegen/models/{card_name}) | {BUNDLED[name].description} | {training['names']:,} "
        f"({training['distinct_names']:,}) | {network.summary} | {network.parameter_count:,} | "
        f"{model_size(name) / 1000:.0f} | {losses} |"
    )


def wrapped(text: str, indent: str = "") -> str:
    """Wrap a paragraph or an item of a list."""
    return fill(text, 120, subsequent_indent=indent, break_on_hyphens=False, break_long_words=False)


def samples(name: str) -> str:
    """Return some generated names, which ``--check`` doesn't compare."""
    return wrapped(
        f"`namegen generate {name} -n 10 --seed 0`: {' · '.join(load(name).generate(10, seed=0))}"
    )


def card(name: str) -> str:
    """Write a model's card in the form of the model hubs, with a head in YAML."""
    model, bundled, found = load(name), BUNDLED[name], references(name)
    training, network = checkpoint_of(model).training, checkpoint_of(model).network
    figures, bar = training["validation"], found.baseline
    labelled = ""
    if model.labels:
        example = "Poland" if called(name) == "country" else "Irish"
        labelled = f' --label "{example}"'
    return f"""\
---
{head(name, network.summary, figures)}
---

# {TITLES[name]}

`{name}` is a character-level recurrent network that comes with namegen. It generates names, one character at a time.

    namegen generate {name}{labelled} -n 10
    namegen export-tflite {name} model.tflite
    namegen export-web {name} --module names.mjs

In Python, use `namegen.load("{name}").generate(10)`. The guides describe [JavaScript](../../docs/guides/javascript.md)
and [phones](../../docs/guides/phone.md). `make docs` generates this page from the model.

{samples(name)}

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

{wrapped(f"{LEANS[name]} Names that are rare in the list are also rare in the model's output.")}

## How it was trained

{how_trained(name)}
- List: {bundled.description}; {training["names"]:,} names, {training["distinct_names"]:,} distinct
{wrapped(f"- Source: {bundled.credit}", "  ")}
- Network: {network.summary}; {network.parameter_count:,} parameters; {model_size(name):,} bytes with the hashes
{label_smoothing(training)}
## Evaluation

The table shows results on the validation set, a tenth of the list. These names also selected the best epoch and the
best n-gram, so the results are slightly better than on other names. The ceiling is the best possible score on these
names.

| | nats per character | perplexity | argmax accuracy | sampled accuracy |
| --- | --- | --- | --- | --- |
| this model | {row(**figures)} |
| {bar.summary} | {row(**bar.metrics.to_dict())} |
| ceiling | {row(**found.ceiling.to_dict())} |
{labels(name, model) if model.labels else ""}
## License

The license is {bundled.licence}, like that of the list. Include this notice when you share the model:

```text
{bundled.licence_text.strip()}
```
"""


def shelf_card() -> str:
    """Write the card of all models of the shelf."""
    total = sum(map(model_size, SHELF))
    sections = "\n".join(section for group in GROUPS for section in shelf_sections(group))
    return f"""\
---
{shelf_head()}
---

# The shelf

The shelf contains {len(SHELF)} small models for fiction and games. Each is a character-level recurrent network that
was trained on a short list. The lists were written for namegen, and the lists and models are in the public domain
(CC0 1.0).

    namegen generate taverns -n 10
    namegen generate elves -n 10
    namegen export-web taverns elves --module names.mjs

`make docs` generates this page from the models.

## The models

Together, the models have {total:,} bytes, including the hashes of the names.

{sections}
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

<!-- not run (namegen train): there are {len(SHELF)} such commands -->

    {COMMANDS["taverns"]}

The other models were trained with the same options.

## License

The license is CC0 1.0, like that of the lists. `{SHELF_PATH.with_suffix(".LICENSE.txt").name}` contains the full text.
"""


def shelf_head() -> str:
    """Write the head of the shelf's card."""
    return "\n".join(
        [
            "license: cc0-1.0",
            "language:",
            "  - en",
            "library_name: namegen",
            "pipeline_tag: text-generation",
            "tags:",
            "  - names",
            "  - character-level",
            "  - recurrent-neural-network",
            "datasets:",
            *(f"  - {name}" for name in SHELF),
        ]
    )


def shelf_sections(group: str) -> list[str]:
    """Write a table of a group's models on the shelf, and samples of each."""
    names = [name for name in GROUPS[group] if name in SHELF]
    if not names:
        return []
    rows = [f"### {group.capitalize()}", "", SHELF_TABLE_HEAD, *map(shelf_row, names), ""]
    for name in names:
        rows += [samples(name), ""]
    return ["\n".join(rows)]


def shelf_row(name: str) -> str:
    """Return a model's row in the table of the shelf."""
    checkpoint = checkpoint_of(load(name))
    names = checkpoint.training["names"]
    return (
        f"| `{name}` | {BUNDLED[name].description} | {names} | {checkpoint.network.summary} | "
        f"{model_size(name):,} |"
    )


def how_trained(name: str) -> str:
    """Give the command that trains the model."""
    return f"<!-- not run (namegen train): trains for minutes -->\n\n    {COMMANDS[name]}\n"


def label_smoothing(training: TrainingSummary) -> str:
    """Describe the label smoothing in a line, if there was any."""
    share = training["settings"]["label_smoothing"]
    if not share:
        return ""
    return f"- Label smoothing: {share:.0%} of each target comes from an n-gram (`--label-smoothing`)\n"


def head(name: str, network: str, figures: Mapping[str, float]) -> str:
    """Write the head of a card. Its strings are JSON, which YAML can read."""
    bundled = BUNDLED[name]
    licence, licence_name = LICENCES[bundled.licence]
    words = json.dumps
    lines = [
        f"license: {licence}",
        *([f"license_name: {licence_name}"] if licence_name else []),
        "language:",
        f"  - {LANGUAGES.get(name, 'en')}",
        "library_name: namegen",
        "pipeline_tag: text-generation",
        "tags:",
        *(
            f"  - {tag}"
            for tag in ("names", "character-level", "recurrent-neural-network", network.split()[0])
        ),
        "datasets:",
        f"  - {name}",
        "metrics:",
        "  - perplexity",
        "  - accuracy",
        "model-index:",
        f"  - name: {name}",
        "    results:",
        "      - task:",
        "          type: text-generation",
        "          name: the next character of a name",
        "        dataset:",
        f"          type: {name}",
        f"          name: {words(f'{bundled.description}, validation set', ensure_ascii=False)}",
        "          split: validation",
        "        metrics:",
        "          - type: loss",
        "            name: nats per character",
        f"            value: {figures['loss_nats_per_char']:.3f}",
        "          - type: perplexity",
        "            name: perplexity per character",
        f"            value: {math.exp(figures['loss_nats_per_char']):.2f}",
        "          - type: accuracy",
        "            name: argmax accuracy",
        f"            value: {figures['accuracy_argmax']:.3f}",
    ]
    return "\n".join(lines)


def row(
    loss_nats_per_char: float, accuracy_argmax: float, accuracy_sampled: float | None, **_: object
) -> str:
    """Return the cells of a row with metrics."""
    drawn = "–" if accuracy_sampled is None else f"{accuracy_sampled:.1%}"
    perplexity = math.exp(loss_nats_per_char)
    return f"{loss_nats_per_char:.3f} | {perplexity:.2f} | {accuracy_argmax:.1%} | {drawn}"


def called(name: str) -> str:
    """Return the meaning of a list's labels: origin or country."""
    return str(BUNDLED[name].label_column).partition(",")[0]


@cache
def by_label(name: str) -> str:
    """List the validation loss of each label, starting with the lowest."""
    model = load(name)
    _, held_out, _ = load_bundled(name).split(DataSettings(), seed=0)
    learned = by_part({label.name: label.names for label in checkpoint_of(model).labels})[0]
    found = []
    for origin, names in learned.items():
        corpus = held_out.where(
            np.array([split_parts(label)[0] == origin for label in held_out.labels])
        )
        found.append(
            (
                api.evaluate(model, corpus).metrics.loss_nats_per_char,
                origin,
                names,
                len(corpus.names),
            )
        )
    each = (
        f"{origin} {loss:.3f} ({names:,.0f}, {count:,})"
        for loss, origin, names, count in sorted(found)
    )
    return wrapped(
        f"Loss by {called(name)} in nats per character (training names, validation names): {'; '.join(each)}."
    )


def labels(name: str, model: api.LoadedModel) -> str:
    """List the losses by label, and some names with each of them."""
    some = [
        f"- {origin}: {', '.join(model.for_labels(origin).generate(6, seed=0))}"
        for origin in LABELS_SHOWN
        if origin in askable(model.labels)
    ]
    return "\n".join(["", by_label(name), "\nNames of some of them:\n", *some, ""])


@cache
def split(name: str) -> ListParts:
    """Return the training and validation sets of a list."""
    return ListParts.from_corpus(load_bundled(name), DataSettings(), seed=0)


@cache
def references(name: str) -> HeldOutReferences:
    """Return the ceiling and the n-gram baseline of the validation set."""
    parts = split(name)
    if parts.validation is None:
        raise SystemExit(f"nothing of {name} is held out")
    return HeldOutReferences(parts.validation, parts)


def model_size(name: str) -> int:
    """Return the size of a model's files in bytes."""
    path = shipped_path(name)
    return path.stat().st_size + known_names_path(path).stat().st_size


def train(names: Sequence[str]) -> None:
    """Train models, and copy each of them with its license into the package."""
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            out = Path(folder) / name
            arguments = [
                sys.executable,
                "-m",
                *shlex.split(COMMANDS[name]),
                "--no-plot",
                "--out",
                str(out),
            ]
            print(COMMANDS[name], file=sys.stderr)
            subprocess.run(arguments, check=True, stdout=subprocess.DEVNULL)
            trained, shipped = out / "model.safetensors", shipped_path(name)
            shutil.copyfile(known_names_path(trained), known_names_path(shipped))
            in_half(Checkpoint.load(trained)).save(shipped)
            licence = SHELF_PATH if name in SHELF else shipped
            licence.with_suffix(".LICENSE.txt").write_text(
                BUNDLED[name].licence_text, encoding="utf-8"
            )


def documents() -> dict[Path, str]:
    """Return the texts of all cards and of the page."""
    others = [name for name in SHIPPED if name not in SHELF]
    table = "\n".join([HEAD, *map(table_row, others)])
    shelf_table = "\n".join([SHELF_HEAD, *map(shelf_row, SHELF)])
    texts = {DOCUMENT: f"{table}\n\n{shelf_table}\n"}
    for name in SHIPPED:
        texts[card_path(name)] = shelf_card() if name in SHELF else card(name)
    return texts


def without_names(text: str) -> str:
    """Remove the generated names from a document, because they may differ on another machine."""
    text = re.sub(r"(?<=--seed 0`: ).*?\n\n", "", text, flags=re.DOTALL)
    return re.sub(rf"^- (?:{'|'.join(LABELS_SHOWN)}): .*\n", "", text, flags=re.MULTILINE)


def check() -> int:
    """End the program if a document is outdated."""
    stale = [
        str(path.relative_to(DOCUMENT.parents[2]))
        for path, text in documents().items()
        if not path.is_file()
        or without_names(path.read_text(encoding="utf-8")) != without_names(text)
    ]
    if stale:
        print(f"not what the models say: {', '.join(stale)}; run `make docs`", file=sys.stderr)
    return 1 if stale else 0


def main(arguments: list[str]) -> int:
    """Train the models unless only the cards are requested, and write the cards."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="train only these models")
    only = parser.add_mutually_exclusive_group()
    only.add_argument("--cards", action="store_true", help="train nothing")
    only.add_argument("--check", action="store_true", help="write nothing")
    chosen = parser.parse_args(arguments)
    if chosen.check:
        return check()
    if not chosen.cards:
        train(chosen.names or SHIPPED)
    for path, text in documents().items():
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
