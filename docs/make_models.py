"""Train the models that ship with the package, each by the command that ``docs/models.md`` states (`make models`).

Writes ``namegen/models/NAME.safetensors``, its licence and its card, and ``docs/models.md``. It takes minutes, and on
another machine the numbers may differ in their last digits.
"""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from namegen import api
from namegen.lists import BUNDLED
from namegen.models import shipped_path

DOCUMENT = Path(__file__).with_name("models.md")
# What is not the default was chosen by the held-out loss.
COMMANDS = {
    "mlb-first": "namegen train mlb-first",
    "mlb-last": "namegen train mlb-last --cell lstm --hidden 64 --epochs 16",
    "companies": "namegen train companies --cell lstm --hidden 128 --epochs 24",
    "japanese-given": "namegen train japanese-given --cell lstm --hidden 48 --epochs 20",
}
PARTS: dict[str, dict] = {}  # of each training, what --json says of the held-out part
HEAD = """\
# The models that come with namegen

This file and the models are made by `make models`, from the commands below. `namegen models` lists them; each goes by
its name wherever a MODEL is asked for. "New" means: not in the list, held-out names included. It does not mean that
nobody bears the name, and it says nothing about trademarks.

The figures are of the held-out tenth of each list, names that training has not seen (split `unique`). The ceiling is
the best that any model could reach on those very names; the n-gram is an interpolated one fitted on the same training
names, the best of orders 2 to 6, with their repeats as they stand and, in brackets, damped as the network reads them.
"""


def card(name: str) -> str:
    """The text about one model."""
    model, bundled = api.load(name), BUNDLED[name]
    checkpoint = model.checkpoint
    if checkpoint is None:
        raise SystemExit(f"{name} has no checkpoint")
    training, network = checkpoint.training, checkpoint.network
    figures = training["validation"]
    samples = "\n".join(f"    {sample}" for sample in model.generate(10, seed=0))
    return f"""\
## {name}

    {COMMANDS[name]}

- List: {bundled.description}; {training["names"]:,} names, {training["distinct_names"]:,} distinct
- Licence: {bundled.licence}. {bundled.credit}
- Network: {network.summary}; {network.parameter_count:,} parameters; {model_size(name):,} bytes with the
  digests of the known names
- Held out: {figures["loss_nats_per_char"]:.3f} nats a character, the likeliest character right in
  {100 * figures["accuracy_argmax"]:.1f} %, a drawn one in {100 * figures["accuracy_sampled"]:.1f} %
{comparison(name)}
`namegen generate {name} -n 10 --seed 0`:

{samples}
"""


def comparison(name: str) -> str:
    """The ceiling and the n-gram of the held-out part, as the training said them."""
    part = PARTS[name]
    top, bar, damped = part["ceiling"], part["baseline"], part["baseline"]["damped"]
    differs = damped and damped["loss_nats_per_char"] != bar["loss_nats_per_char"]  # only where names repeat
    also = f" (damped: {damped['loss_nats_per_char']:.3f})" if differs else ""
    return (
        f"- Ceiling of those names: {top['loss_nats_per_char']:.3f} nats, {100 * top['accuracy_argmax']:.1f} %; "
        f"n-gram of order {bar['order']}: {bar['loss_nats_per_char']:.3f} nats{also}, "
        f"{100 * bar['accuracy_argmax']:.1f} %\n"
    )


def model_size(name: str) -> int:
    """Bytes of the file."""
    return shipped_path(name).stat().st_size


def main() -> int:
    """Train, copy, describe."""
    with tempfile.TemporaryDirectory() as folder:
        for name, command in COMMANDS.items():
            out = Path(folder) / name
            arguments = [sys.executable, "-m", *shlex.split(command), "--no-plot", "--json", "--out", str(out)]
            print(command, file=sys.stderr)
            result = subprocess.run(arguments, check=True, stdout=subprocess.PIPE)
            PARTS[name] = json.loads(result.stdout)["validation"]
            shutil.copyfile(out / "model.safetensors", shipped_path(name))
            shipped_path(name).with_suffix(".LICENSE.txt").write_text(BUNDLED[name].licence_text, encoding="utf-8")
    cards = {name: card(name) for name in COMMANDS}
    for name, text in cards.items():
        shipped_path(name).with_suffix(".md").write_text(text.replace("## ", "# ", 1), encoding="utf-8")
    DOCUMENT.write_text("\n".join([HEAD, *cards.values()]), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
