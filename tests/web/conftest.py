"""Models for the tests of the web page, and a headless browser that opens the page from a file."""

from __future__ import annotations

import atexit
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from namegen.api.model import open_checkpoint
from namegen.core.checkpoint.checkpoint import Checkpoint
from namegen.core.checkpoint.metadata import Label, shortest_name
from namegen.core.checkpoint.ngram_set import NgramSet
from namegen.core.data.normalization import known_set
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.vocabulary import END_TOKEN, Vocabulary
from namegen.core.network.architecture import RecurrentNetwork
from tests.requirements import require

Opener = Callable[..., Any]

# Prevent the browser from sending requests of its own.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
HOSTILE_NAMES = [
    "<script>alert(1)</script>",
    "</script>",
    '"Q\'uote"',
    "<!--",
    "&amp;",
    "\N{GRINNING FACE}\N{THUMBS UP SIGN}\N{EMOJI MODIFIER FITZPATRICK TYPE-4}",
    "\N{WOMAN}\N{ZERO WIDTH JOINER}\N{GIRL}",
    "שלום",
    "محمد",
    "e\u0301x\u0331",
    "\u200fmark",
    "a\u2028b",
    "{{ 7*7 }}",
    "İstanbul",
    "__proto__",
]


def by_heart(names: Sequence[str]) -> Checkpoint:
    """Construct a network that generates almost only these names. Each of its units represents one prefix.

    A unit is 1 if its prefix has just been read, and −1 otherwise. It computes tanh(20 x + 10 h − 15), where x is 1 if
    the input is the prefix's last character, and h is the unit of the prefix without that character.
    """
    vocabulary = Vocabulary.from_names(names)
    ids = {character: token for token, character in enumerate(vocabulary.characters, start=1)}
    prefixes = sorted({name[:length] for name in names for length in range(len(name) + 1)})
    unit = {prefix: place for place, prefix in enumerate(prefixes)}
    network = RecurrentNetwork(vocabulary.size, "simple_rnn", (len(prefixes),))
    values = {name: np.zeros(shape, np.float32) for name, shape in network.parameter_shapes.items()}
    values["rnn.0.bias"][:] = -15
    for prefix, place in unit.items():
        values["rnn.0.kernel"][ids[prefix[-1]] if prefix else END_TOKEN, place] = 20
        if prefix:
            values["rnn.0.recurrent_kernel"][unit[prefix[:-1]], place] = 10
    for prefix, token in {(name[:k], ids[name[k]]) for name in names for k in range(len(name))} | {
        (name, END_TOKEN) for name in names
    }:
        # A unit that is 1 raises the logit by 8, compared to a unit that is −1.
        values["output.kernel"][unit[prefix], token] = 4
        values["output.bias"][token] += 4
    longest, training = max(map(len, names)), {"list": "by heart", "names": len(names)}
    known = known_set(names)
    return Checkpoint(
        network=network,
        vocabulary=vocabulary,
        parameters=values,
        longest_name=longest,
        training=training,
        known_names=known,
    )


def at_random(
    cell: str, characters: str, labels: Sequence[str] = (), *, hidden: tuple[int, ...] = (10, 6)
) -> Checkpoint:
    """Create a network with random parameters. The characters must be sorted. The labels have 1, 2, 3, … names."""
    vocabulary = Vocabulary(characters)
    network = RecurrentNetwork(vocabulary.size, cell, hidden, labels=len(labels))
    rng = np.random.default_rng(len(characters))
    values = {
        name: rng.normal(size=shape).astype(np.float32)
        for name, shape in network.parameter_shapes.items()
    }
    values["output.bias"][END_TOKEN] += 1  # otherwise, names would be very long
    counted = tuple(Label(label, k) for k, label in enumerate(labels, start=1))
    training = {"list": "none", "names": max(1, len(labels))}
    return Checkpoint(
        network=network,
        vocabulary=vocabulary,
        parameters=values,
        labels=counted,
        longest_name=10,
        training=training,
    )


def scored(checkpoint: Checkpoint, names: Sequence[str], labels: Sequence[int] = ()) -> Checkpoint:
    """Add n-grams and score rules to a model, as if it had been trained on some names.

    Args:
        checkpoint: the model.
        names: the names in its training set.
        labels: the index of each name's label, or nothing for a model without labels.
    """
    vocabulary = checkpoint.vocabulary
    start_tokens = [vocabulary.size + label for label in labels] or None
    tree = PrefixTree.from_names(names, vocabulary, start_tokens)
    ngrams = NgramSet.from_tree(tree, vocabulary, len(checkpoint.labels))
    unmeasured = replace(
        checkpoint, ngrams=ngrams, score_rules=(), shortest_name=shortest_name(names)
    )
    scorer = open_checkpoint(unmeasured, "a").filtering_generator.scorer
    assert scorer is not None
    return replace(unmeasured, score_rules=scorer.rules)


def find_chromium() -> str | None:
    """Return the path of the installed Chromium. The environment variable ``CHROMIUM`` selects another browser."""
    candidates = (os.environ.get("CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome")
    return next(
        (path for candidate in candidates if candidate and (path := shutil.which(candidate))), None
    )


@pytest.fixture(scope="package")
def browser() -> Iterator[Any]:
    """Start a headless Chromium. If it isn't installed, skip the test, or fail it in continuous integration."""
    require("playwright")
    executable = find_chromium()
    if executable is None:
        if os.environ.get("CI"):
            pytest.fail("there is no chromium, and in continuous integration every test must run")
        pytest.skip("there is no chromium: install it, or name one in the variable CHROMIUM")
    chromium = playwright().chromium.launch(executable_path=executable, args=list(FLAGS))
    yield chromium
    chromium.close()


@cache
def playwright() -> Any:
    """Start Playwright. A process can only run one instance at a time, so all tests share it."""
    from playwright.sync_api import sync_playwright

    started = sync_playwright().start()
    atexit.register(started.stop)
    return started


@contextmanager
def visits(browser: Any) -> Iterator[Opener]:
    """Provide a function that opens a page in a new browser context. At the end, check for errors and requests.

    The function accepts the options of a browser context, such as ``viewport``, ``color_scheme`` and
    ``reduced_motion``.
    """
    contexts, troubles = [], []

    def open_page(file: Path, address: str = "", **options: Any) -> Any:
        context = browser.new_context(permissions=["clipboard-read", "clipboard-write"], **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on(
            "console", lambda message: troubles.append(f"console: {message.type} {message.text}")
        )
        page.on("pageerror", lambda error: troubles.append(f"error: {error}"))
        page.on(
            "dialog",
            lambda dialog: (troubles.append(f"dialog: {dialog.message}"), dialog.dismiss()),
        )
        page.on(
            "request",
            lambda request: (
                None
                if request.url.startswith(("data:", "blob:"))
                or request.url.split("#")[0] == file.as_uri()
                else troubles.append(f"request: {request.url[:100]}")
            ),
        )
        page.goto(file.as_uri() + address)
        page.troubles = troubles
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert troubles == []


@pytest.fixture
def opened(browser: Any) -> Iterator[Opener]:
    """Provide ``visits`` for one test."""
    with visits(browser) as open_page:
        yield open_page
