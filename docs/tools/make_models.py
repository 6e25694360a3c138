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
        "some origins than of others; the model knows those better. It has Latin script only: Greek, Bulgarian, "
        "Russian and Ukrainian names are transliterated, origins of other scripts are missing. An origin says where "
        "the library files a name, not who bears it."
        for kind in ("given", "family")
    },
    "world-places": "The list has at most the 500 largest places of each of 99 countries, in Latin letters; names "
    "of other scripts are transliterated, each country's in a way of its own.",
}
SHELF_TABLE_HEAD = """\
| model | list | names | network | bytes |
| --- | --- | ---: | --- | ---: |"""
SHELF_HEAD = """\
## The shelf

Small models for fiction and games, all described in [one card](../../namegen/models/shelf.md). Their lists were written
for namegen, and lists and models are in the public domain (CC0).

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
# The models that come with namegen

`namegen models` lists them; give a model's name wherever a command takes a MODEL. Behind its name is its card: use,
limits and bias, how it was trained, its licence, and the loss of each label. `make models` trains the models and writes
this page and the cards; `make docs` writes the pages alone.

"New" means: not in the list, held-out names included. It does not mean that nobody bears the name, and it says nothing
about trademarks.

The losses, in nats per character, are those of the held-out tenth of each list, which training has not seen (split
`unique`); in brackets, how often the likeliest character is right. The ceiling is the best that any model could reach
on those very names. The n-gram baseline is the best n-gram of the same training names: by Witten–Bell or modified
Kneser–Ney, of orders 2 to 8, with duplicates counted fully or by their square root. The size includes the name hashes.

| model | list | names (distinct) | network | parameters | kB | loss | n-gram baseline | ceiling |
| --- | --- | ---: | --- | ---: | ---: | ---: | ---: | ---: |"""


def checkpoint_of(model: api.LoadedModel) -> Checkpoint:
    """Where it came from: no shipped model is without."""
    assert model.checkpoint is not None
    return model.checkpoint


@cache
def load(name: str) -> api.LoadedModel:
    """A model, read once."""
    return api.load(name)


def card_path(name: str) -> Path:
    """The card of a model; the models of the shelf share one."""
    path = SHELF_PATH if name in SHELF else shipped_path(name)
    return path.with_suffix(".md")


def table_row(name: str) -> str:
    """A line about a model."""
    model, found = load(name), references(name)
    training, network = checkpoint_of(model).training, checkpoint_of(model).network
    losses = " | ".join(
        f"{one['loss_nats_per_char']:.3f} ({100 * one['accuracy_argmax']:.1f} %)"
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
    """A paragraph, or an item of a list."""
    return fill(text, 120, subsequent_indent=indent, break_on_hyphens=False, break_long_words=False)


def samples(name: str) -> str:
    """Names that the model invents; ``check`` does not compare them."""
    return wrapped(
        f"`namegen generate {name} -n 10 --seed 0`: {' · '.join(load(name).generate(10, seed=0))}"
    )


def card(name: str) -> str:
    """A model's card in the form of the model hubs: a head in YAML, then its use, its limits and its origin."""
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

`{name}` is a character-level recurrent network that comes with namegen and invents names, a letter at a time.

    namegen generate {name}{labelled} -n 10
    namegen export-tflite {name} model.tflite
    namegen export-web {name} --module names.mjs

In Python `namegen.load("{name}").generate(10)`, in JavaScript `load(json).generate({{ n: 10 }})`:
[a model in an app](../../docs/guides/javascript.md). This page is made from the model itself (`make docs`).

{samples(name)}

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
- By default, new names are returned only if their score is in the top 1% of the model's new names. `--unfiltered` draws
  from the model's own distribution, which gives wilder names.
- It can give back names of its list, and it carries a digest of each, so anyone who has it can test whether a certain
  name was in the list. The list is public.

## Bias

{wrapped(f"{LEANS[name]} What is rare in the list is rare in the model's names.")}

## How it was trained

{how_trained(name)}
- List: {bundled.description}; {training["names"]:,} names, {training["distinct_names"]:,} distinct
{wrapped(f"- Source: {bundled.credit}", "  ")}
- Network: {network.summary}; {network.parameter_count:,} parameters; {model_size(name):,} bytes with the hashes
{label_smoothing(training)}
## Evaluation

The figures are for the held-out tenth of the list (split `unique`: none of these names was learned). These names also
chose the epoch that was kept, and the n-gram, so both do a little better on them than on others. The ceiling is the
best that any model could reach on those very names.

| | nats per character | perplexity | argmax accuracy | sampled accuracy |
| --- | --- | --- | --- | --- |
| this model | {row(**figures)} |
| {bar.summary} | {row(**bar.metrics.to_dict())} |
| ceiling | {row(**found.ceiling.to_dict())} |
{labels(name, model) if model.labels else ""}
## Licence

{bundled.licence}, the same as that of its list. Pass this notice on with the model:

```text
{bundled.licence_text.strip()}
```
"""


def shelf_card() -> str:
    """The card of all models of the shelf."""
    total = sum(map(model_size, SHELF))
    sections = "\n".join(section for group in GROUPS for section in shelf_sections(group))
    return f"""\
---
{shelf_head()}
---

# The shelf

{len(SHELF)} small models for fiction and games. Each is a character-level recurrent network that learned from a short
list. The lists were written for namegen, and lists and models are in the public domain (CC0 1.0).

    namegen generate taverns -n 10
    namegen generate elves -n 10
    namegen export-web taverns elves --module names.mjs

This page is made from the models themselves (`make docs`).

## The models

All models together have {total:,} bytes, with the name hashes.

{sections}
## Intended use

Use them to name characters, places and things in stories, games and examples.

## Limits

- **New means: not in the list**, ignoring letter case, spaces and punctuation. A person, a book or a product may have
  the name all the same, and it may be a trademark. The lists avoid names of known works and brands.
- The lists are short, so the models learn a style, not a language. The longer you generate, the more the names resemble
  each other.
- A model carries a hash of each name of its list. The lists are public.

## Bias

The lists are in English, and one author's idea of how such names sound.

## How they were trained

<!-- not run (namegen train): these are {len(SHELF)} commands -->

    {COMMANDS["taverns"]}

The other models were trained with the same options.

## Licence

CC0 1.0, the same as that of the lists. `{SHELF_PATH.with_suffix(".LICENSE.txt").name}` has the full text.
"""


def shelf_head() -> str:
    """The data for a hub about all models of the shelf."""
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
    """A table of the group's models on the shelf, and new names of each; nothing if there are no such models."""
    names = [name for name in GROUPS[group] if name in SHELF]
    if not names:
        return []
    rows = [f"### {group.capitalize()}", "", SHELF_TABLE_HEAD, *map(shelf_row, names), ""]
    for name in names:
        rows += [samples(name), ""]
    return ["\n".join(rows)]


def shelf_row(name: str) -> str:
    """A line of a table about the shelf."""
    checkpoint = checkpoint_of(load(name))
    names = checkpoint.training["names"]
    return (
        f"| `{name}` | {BUNDLED[name].description} | {names} | {checkpoint.network.summary} | "
        f"{model_size(name):,} |"
    )


def how_trained(name: str) -> str:
    """Give the command that trains the model."""
    return f"<!-- not run (namegen train): it trains for minutes -->\n\n    {COMMANDS[name]}\n"


def label_smoothing(training: TrainingSummary) -> str:
    """Describe the label smoothing in a line, if there was any."""
    share = training["settings"]["label_smoothing"]
    if not share:
        return ""
    return f"- Label smoothing: {share:.0%} of each target comes from an n-gram (`--label-smoothing`)\n"


def head(name: str, network: str, figures: Mapping[str, float]) -> str:
    """The data for a hub. Strings are written as JSON, which YAML reads as well."""
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
        f"          name: {words(f'{bundled.description}: the held-out tenth', ensure_ascii=False)}",
        "          split: validation",
        "        metrics:",
        "          - type: loss",
        "            name: nats per character",
        f"            value: {figures['loss_nats_per_char']:.3f}",
        "          - type: perplexity",
        "            name: perplexity a character",
        f"            value: {math.exp(figures['loss_nats_per_char']):.2f}",
        "          - type: accuracy",
        "            name: likeliest character right",
        f"            value: {figures['accuracy_argmax']:.3f}",
    ]
    return "\n".join(lines)


def row(
    loss_nats_per_char: float, accuracy_argmax: float, accuracy_sampled: float | None, **_: object
) -> str:
    """Cells of the table."""
    drawn = "–" if accuracy_sampled is None else f"{100 * accuracy_sampled:.1f} %"
    perplexity = math.exp(loss_nats_per_char)
    return f"{loss_nats_per_char:.3f} | {perplexity:.2f} | {100 * accuracy_argmax:.1f} % | {drawn}"


def called(name: str) -> str:
    """What the labels of a list are: origin, country."""
    return str(BUNDLED[name].label_column).partition(",")[0]


@cache
def by_label(name: str) -> str:
    """What each label of a model costs, on names that the training held out, the best first."""
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
        f"By {called(name)}, nats per character of the held-out names (names learned, held out): {'; '.join(each)}."
    )


def labels(name: str, model: api.LoadedModel) -> str:
    """The same, and names of some labels."""
    some = [
        f"- {origin}: {', '.join(model.for_labels(origin).generate(6, seed=0))}"
        for origin in LABELS_SHOWN
        if origin in askable(model.labels)
    ]
    return "\n".join(["", by_label(name), "\nNames of some of them:\n", *some, ""])


@cache
def split(name: str) -> ListParts:
    """The parts of a list as the training had them."""
    return ListParts.from_corpus(load_bundled(name), DataSettings(), seed=0)


@cache
def references(name: str) -> HeldOutReferences:
    """The ceiling and the n-gram of the names that the training held out."""
    parts = split(name)
    if parts.held_out is None:
        raise SystemExit(f"nothing of {name} is held out")
    return HeldOutReferences(parts.held_out, parts)


def model_size(name: str) -> int:
    """Bytes of the files."""
    path = shipped_path(name)
    return path.stat().st_size + known_names_path(path).stat().st_size


def train(names: Sequence[str]) -> None:
    """Train models, and copy each and its licence to where it ships."""
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
    """Every text about the models as it should be."""
    others = [name for name in SHIPPED if name not in SHELF]
    table = "\n".join([HEAD, *map(table_row, others)])
    shelf_table = "\n".join([SHELF_HEAD, *map(shelf_row, SHELF)])
    texts = {DOCUMENT: f"{table}\n\n{shelf_table}\n"}
    for name in SHIPPED:
        texts[card_path(name)] = shelf_card() if name in SHELF else card(name)
    return texts


def without_names(text: str) -> str:
    """A document without the names that a model drew: on another machine a rounding may draw others."""
    text = re.sub(r"(?<=--seed 0`: ).*?\n\n", "", text, flags=re.DOTALL)
    return re.sub(rf"^- (?:{'|'.join(LABELS_SHOWN)}): .*\n", "", text, flags=re.MULTILINE)


def check() -> int:
    """Say which documents are not what the models say."""
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
    """Train, unless the cards alone are asked for; describe."""
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
