"""Train the models that ship with the package, each by the command that ``docs/use/models.md`` states (`make models`).

Writes ``namegen/models/NAME.safetensors``, its licence and its card, ``docs/use/models.md``, and for the model hubs
``docs/use/models/NAME.md``. It takes minutes, and on another machine the numbers may differ in their last digits. With
``--cards`` nothing is trained, with ``--check`` nothing is written either: are the cards what the models say?
"""

from __future__ import annotations

import argparse
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

from model_card import Facts, Figures, hub_card

from namegen import api
from namegen.core.data.batching import ListParts
from namegen.core.evaluation.evaluator import AccuracyEvaluator
from namegen.core.evaluation.references import HeldOutReferences
from namegen.core.settings import DataSettings
from namegen.lists import BUNDLED, load_bundled
from namegen.models import shipped_path

DOCUMENT = Path(__file__).parents[1] / "use" / "models.md"
HUB_CARDS = Path(__file__).parents[1] / "use" / "models"
# Narrower than `best` would have them where that loses little: the first four together take less than 2 MB, the others
# less than 0.9.
COMMANDS = {
    "mlb-first": "namegen train mlb-first --effort best --cell gru --hidden 64",
    "mlb-last": "namegen train mlb-last --effort best --hidden 128",
    "companies": "namegen train companies --effort best",
    "japanese-given": "namegen train japanese-given --effort best --hidden 96",
    "world-given": "namegen train world-given --effort best --cell gru --hidden 80",
    "world-family": "namegen train world-family --effort best --cell gru --hidden 80",
}
ORIGINS_SHOWN = ("English", "Finnish", "Indian", "Irish", "Italian", "Yoruba")
HEAD = """\
# The models that come with namegen

This file and the models are made by `make models`, from the commands below; `make docs` writes this file alone.
`namegen models` lists them; give a model's name wherever a command takes a MODEL. "New" means: not in the list,
held-out names included. It does not mean that nobody bears the name, and it says nothing about trademarks.

The figures are for the held-out tenth of each list, names that training has not seen (split `unique`). The ceiling is
the best that any model could reach on those very names; counting is the best n-gram of the same training names: by
Witten–Bell or modified Kneser–Ney, of orders 2 to 8, with their repeats as they stand or damped.

<!-- not run on this page: minutes each, and `make models` runs them -->
"""


@cache
def load(name: str) -> api.LoadedModel:
    """A model, read once."""
    return api.load(name)


def card(name: str) -> str:
    """The text about one model."""
    model, bundled = load(name), BUNDLED[name]
    checkpoint = model.checkpoint
    if checkpoint is None:
        raise SystemExit(f"{name} has no checkpoint")
    training, network = checkpoint.training, checkpoint.network
    figures = training["validation"]
    samples = "\n".join(f"    {sample}" for sample in model.generate(10, seed=0))
    of_labels = labels(name, model) if model.labels else ""
    return f"""\
## {name}

    {COMMANDS[name]}

- List: {bundled.description}; {training["names"]:,} names, {training["distinct_names"]:,} distinct
- Licence: {bundled.licence}. {bundled.credit}
- Network: {network.summary}; {network.parameter_count:,} parameters; {model_size(name):,} bytes with the
  digests of the known names
- Held-out names: {figures["loss_nats_per_char"]:.3f} nats per character; the likeliest character is right in
  {100 * figures["accuracy_argmax"]:.1f} % of the places, a drawn one in {100 * figures["accuracy_sampled"]:.1f} %
- Names are drawn at temperature {model.default_temperature:g}, at which nearly all new ones are plausible
{comparison(name)}
`namegen generate {name} -n 10 --seed 0`:

{samples}
{of_labels}"""


def card_for_hubs(name: str) -> str:
    """The same in the form of the model hubs."""
    model, found = load(name), references(name)
    checkpoint = model.checkpoint
    if checkpoint is None:
        raise SystemExit(f"{name} has no checkpoint")
    training, network = checkpoint.training, checkpoint.network
    own, (top, bar) = training["validation"], (found.ceiling, found.baseline)
    return hub_card(
        Facts(
            name=name,
            command=COMMANDS[name],
            network=network.summary,
            parameters=network.parameter_count,
            size=model_size(name),
            names=training["names"],
            distinct=training["distinct_names"],
            temperature=model.default_temperature,
            model=Figures(own["loss_nats_per_char"], own["accuracy_argmax"], own["accuracy_sampled"]),
            counting=Figures(bar.metrics.loss_nats_per_char, bar.metrics.accuracy_argmax, bar.metrics.accuracy_sampled),
            ceiling=Figures(top.loss_nats_per_char, top.accuracy_argmax, top.accuracy_sampled),
            counting_by=bar.summary,
            samples=tuple(model.generate(10, seed=0)),
            by_label=by_label(name) if model.labels else "",
        )
    )


@cache
def by_label(name: str) -> str:
    """What each origin of a model costs, on names that the training held out."""
    model, held_out = load(name), split(name).held_out
    if held_out is None:
        raise SystemExit(f"nothing of {name} is held out")
    _, figures = AccuracyEvaluator(model.model).evaluate_each(held_out)
    tokens, counts = (values[: held_out.roots].tolist() for values in (held_out.token, held_out.count))
    label_of = dict(zip(model.beginnings.tokens, model.labels, strict=True))
    learned = {label.name: label.names for label in model.checkpoint.labels} if model.checkpoint else {}
    rows = [
        f"| {label_of[token]} | {learned[label_of[token]]:,} | {count:,} | {found.loss_nats_per_char:.3f} |"
        for token, count, found in sorted(
            zip(tokens, counts, figures, strict=True), key=lambda one: one[2].loss_nats_per_char
        )
    ]
    head = ["| origin | names learned | held out | nats per character |", "| --- | --- | --- | --- |"]
    return "\n".join(["\nBy origin, on the held-out names:\n", *head, *rows, ""])


def labels(name: str, model: api.LoadedModel) -> str:
    """The same table, and names of some origins."""
    some = [
        f"- {origin}: {', '.join(model.labelled(origin).generate(6, seed=0))}"
        for origin in ORIGINS_SHOWN
        if origin in model.labels
    ]
    return "\n".join([by_label(name), "Names of some origins:\n", *some, ""])


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
    return HeldOutReferences(parts.held_out, parts, load_bundled(name).vocabulary.size)


def comparison(name: str) -> str:
    """Both in a line."""
    top, bar = references(name).ceiling, references(name).baseline
    return (
        f"- On the same names, the ceiling: {top.loss_nats_per_char:.3f} nats, {100 * top.accuracy_argmax:.1f} %; "
        f"{bar.summary}: {bar.metrics.loss_nats_per_char:.3f} nats, {100 * bar.metrics.accuracy_argmax:.1f} %\n"
    )


def model_size(name: str) -> int:
    """Bytes of the file."""
    return shipped_path(name).stat().st_size


def train() -> None:
    """Train each model, and copy it and its licence to where it ships."""
    with tempfile.TemporaryDirectory() as folder:
        for name, command in COMMANDS.items():
            out = Path(folder) / name
            arguments = [sys.executable, "-m", *shlex.split(command), "--no-plot", "--out", str(out)]
            print(command, file=sys.stderr)
            subprocess.run(arguments, check=True, stdout=subprocess.DEVNULL)
            shutil.copyfile(out / "model.safetensors", shipped_path(name))
            shipped_path(name).with_suffix(".LICENSE.txt").write_text(BUNDLED[name].licence_text, encoding="utf-8")


def documents() -> dict[Path, str]:
    """Every text about the models as it should be."""
    cards = {name: card(name) for name in COMMANDS}
    texts = {DOCUMENT: "\n".join([HEAD, *cards.values()])}
    for name, text in cards.items():
        texts[shipped_path(name).with_suffix(".md")] = text.replace("## ", "# ", 1)
        texts[HUB_CARDS / f"{name}.md"] = card_for_hubs(name)
    return texts


def without_names(text: str) -> str:
    """A document without the names that a model drew: on another machine a rounding may draw others."""
    text = re.sub(r"(seed 0`?:\n\n)(?:    .*\n)+", r"\1", text)
    return re.sub(rf"^- (?:{'|'.join(ORIGINS_SHOWN)}): .*\n", "", text, flags=re.MULTILINE)


def check() -> int:
    """Say which documents are not what the models say."""
    stale = [
        str(path.relative_to(DOCUMENT.parents[2]))
        for path, text in documents().items()
        if not path.is_file() or without_names(path.read_text(encoding="utf-8")) != without_names(text)
    ]
    if stale:
        print(f"not what the models say: {', '.join(stale)}; run `make docs`", file=sys.stderr)
    return 1 if stale else 0


def main(arguments: list[str]) -> int:
    """Train, unless the cards alone are asked for; describe."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    only = parser.add_mutually_exclusive_group()
    only.add_argument("--cards", action="store_true", help="train nothing")
    only.add_argument("--check", action="store_true", help="write nothing")
    chosen = parser.parse_args(arguments)
    if chosen.check:
        return check()
    if not chosen.cards:
        train()
    HUB_CARDS.mkdir(parents=True, exist_ok=True)
    for path, text in documents().items():
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
