"""Test that a web page reads any address safely: settings stay within their limits, and no text is run as code.

The tests open the page once and call its address reader many times.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from random import Random
from urllib.parse import quote, quote_plus

import pytest

from namegen.core.checkpoint.checkpoint import Checkpoint
from namegen.core.checkpoint.ngram_set import NgramSet
from namegen.core.checkpoint.score_rule import ScoreRule
from namegen.core.data.prefix_tree import PrefixTree
from namegen.web.description import PageModel
from namegen.web.export import engine_text, write_page
from tests.harm.effort import tries
from tests.requirements import require
from tests.web.conftest import Opener, at_random, browser, opened  # noqa: F401  # fixtures

WEB = Path(__file__).parents[2] / "namegen" / "web"
LABELS = ("Finnish", "São Tomé", "a&b=c#", "</script>", "__proto__", "\U0001f600")
MODELS = ("plain", "labelled", "constructor", "a+b %41")
PAGE_SCRIPTS = ("dom.js", "models.js", "settings.js")
KEYS = (
    *("model", "label", "with", "withlabel", "share", "seed", "n", "temperature", "unfiltered"),
    *("new", "first", "contains", "ends", "shortest", "longest", "MODEL", "__proto__"),
)
NUMBERS = ("-2", "0", "7", "1e3", "0x10", "NaN", "٣", "1_000", "4294967296", "-0", "1n", "5e-324")
ODD = (
    "",
    "any",
    "%zz",
    "%ff%fe",
    "+",
    "[7]",
    "<img src=x onerror=alert(1)>",
    "\u202eabc",
    "9" * 400,
    "x" * 5000,
)
# Runs the scripts that read an address, with a test address instead of the page's own address.
READER = """(addresses) => {
"use strict";
const location = { hash: "" };
%s
const isSound = ({ type, initial, least = -Infinity, most = Infinity, mostOnPage = most, choices }, value) => {
  if (value === initial) return true;
  if (type === "flag") return typeof value === "boolean";
  if (type === "choice") return choices.includes(value);
  if (type === "count" || type === "number") return value >= least && value <= mostOnPage;
  return typeof value === "string" && value.length <= 40;
};
const problems = [];
for (const given of addresses) {
  try {
    const read = readAddress(given);
    const hasLabel = (name, label) => findLabels(label, labelsOf(descriptionOf(name))).length > 0;
    const sound =
      descriptionOf(read.model) !== undefined &&
      (read.other === null || (descriptionOf(read.other) !== undefined && read.other !== read.model)) &&
      (read.label === null || hasLabel(read.model, read.label)) &&
      (read.otherLabel === null || hasLabel(read.other, read.otherLabel)) &&
      Number.isInteger(read.share) && read.share >= 0 && read.share <= 100 &&
      Number.isInteger(read.seed) && read.seed >= 0 && read.seed < 2 ** 32 &&
      Object.entries(CONTROLS).every(([name, option]) => isSound(option, read[name])) &&
      Object.keys(read).sort().join() === Object.keys(defaultSettings(read.model, 0)).sort().join();
    if (!sound) problems.push([given, "is read as", JSON.stringify(read)]);
    Object.assign(settings, read);
    const again = JSON.stringify(readAddress(writeAddress()), Object.keys(read).sort());
    if (again !== JSON.stringify(read, Object.keys(read).sort())) problems.push([given, JSON.stringify(read), again]);
    for (const model of descriptions) {
      Object.assign(settings, read);
      switchModel(model.name, read.other);
      readAddress(writeAddress());
    }
  } catch (error) {
    problems.push([given, String(error)]);
  }
}
return problems;
}"""


def address(rng: Random) -> str:
    """Return an address with known and unknown keys, and with valid and invalid values."""
    pairs = [
        (key, rng.choice((*NUMBERS, *ODD, *MODELS, *LABELS)))
        for key in rng.choices(KEYS, k=rng.randint(0, 5))
    ]
    pairs += [
        ("model", rng.choice(MODELS)),
        ("with", rng.choice(MODELS)),
        ("label", rng.choice(LABELS)),
    ]
    pairs = rng.sample(pairs, rng.randint(0, len(pairs)))
    quoting = rng.choice((quote, quote_plus, str))
    return "#" + "&".join(f"{key}={quoting(value)}" for key, value in pairs)


def filtering(checkpoint: Checkpoint) -> Checkpoint:
    """Return a model without labels that filters its names."""
    tree = PrefixTree.from_names(["abc", "cab"], checkpoint.vocabulary)
    ngrams = NgramSet.from_tree(tree, checkpoint.vocabulary)
    rule = ScoreRule(
        mean_level=0.0, mean_slope=-1.0, spread_level=1.0, spread_slope=0.0, threshold=0.0
    )
    return replace(checkpoint, shortest_name=2, ngrams=ngrams, score_rules=(rule,))


@pytest.fixture(scope="module")
def page_of_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    require("jinja2")
    checkpoints = [
        at_random("gru", "abcé", LABELS if place % 2 else ()) for place in range(len(MODELS))
    ]
    checkpoints[0] = filtering(checkpoints[0])
    out = tmp_path_factory.mktemp("addresses") / "names.html"
    write_page([PageModel(name, one) for name, one in zip(MODELS, checkpoints, strict=True)], out)
    return out


def test_any_address_is_read_as_valid_settings(
    page_of_models: Path,
    opened: Opener,  # noqa: F811
) -> None:
    page = opened(page_of_models)
    addresses = [address(Random(seed)) for seed in range(tries("addresses of a page"))]
    scripts = [(WEB / name).read_text(encoding="utf-8") for name in PAGE_SCRIPTS]
    sources = "\n".join([engine_text(), *scripts])
    problems = page.evaluate(READER.replace("%s", sources), addresses)
    assert problems == [], (len(problems), problems[:3])
