"""Check that functions reject arguments of wrong types with an error that names the argument."""

from __future__ import annotations

import subprocess
import sys

# Run in another process, because the tests check the types of all arguments in this one.
CALLS = """
import namegen
from namegen import NamegenError, api
m, w = api.load("mlb-first"), api.load("world-given")
people, players = api.generate_people, api.generate_players
for said, call in [
    ("n is '5'", lambda: m.generate("5")), ("letter_case is 5", lambda: m.most_likely(letter_case=5)),
    ("name is 5", lambda: m.score(5)), ("name is None", lambda: m.score(None)), ("label is 5", lambda: w.for_labels(5)),
    ("name is 5", lambda: w.label_probabilities(5)), ("model is 5", lambda: api.load(5)),
    ("backend is 5", lambda: api.load("mlb-first", backend=5)),
    ("threads is 'a'", lambda: api.load(None, threads="a")),
    *(("blend", lambda models=models: api.blend(models)) for models in ("ab", m, [m, 5])),
    *(("weights is", lambda weights=weights: api.blend([m, m], weights)) for weights in ("ab", 5, [None, 1])),
    ("n is '5'", lambda: people("5")), ("seed is 'a'", lambda: people(1, seed="a")),
    ("model", lambda: people(given_model=5)), ("config is 5", lambda: api.train(["Anna"], config=5)),
    ("origins is 5", lambda: people(1, origins=5)), ("temperature is", lambda: people(1, temperature="a")),
    ("given_constraints is 'ab'", lambda: people(1, given_constraints="ab")),
    ("n is '5'", lambda: players("5")),
    ("temperature is", lambda: players(1, temperature="a")), ("seed is", lambda: players(1, seed=1.5)),
    ("last_constraints is 5", lambda: players(1, last_constraints=5)), ("list", lambda: api.evaluate("mlb-first",
    ["Anna"])), ("list", lambda: api.list_ceiling(["Anna"])), ("names", lambda: api.train(5)), ("out", lambda:
    api.resume(5)), ("names is 'Anna'", lambda: api.train("Anna")), ("item 2: the name 5 isn't a string", lambda:
    api.train(["a", 5])), ("out", lambda: api.train(["Anna", "Bob"] * 9, out=5)), ("epochs", lambda: api.train(["Anna"],
    epochs=5)),
]:
    try:
        call()
    except NamegenError as error:
        assert said in str(error), (said, str(error))
        continue
    raise SystemExit(f"nothing was raised: {said}")
import numpy as np
assert m.generate(np.int64(2), seed=np.int64(1), temperature=np.float32(0.5)) == m.generate(2, seed=1, temperature=0.5)
"""


def test_the_error_names_arguments_of_wrong_types() -> None:
    done = subprocess.run(
        [sys.executable, "-c", CALLS], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
