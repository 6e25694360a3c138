"""The checks in the chapters fail if the code has a mistake. Building the site shows that the correct code runs."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests import programs
from tests.docs.test_course import code_of_chapter

ROOT = Path(__file__).parents[2]
LEARN = ROOT / "docs" / "learn"
# Each cell is compiled as "cell NUMBER", so that a traceback shows which cell failed.
RUN = """
import json, sys
namespace = {"__name__": "__main__"}
for number, code in enumerate(json.load(sys.stdin), 1):
    exec(compile(code, f"cell {number}", "exec"), namespace)
"""


def run(cells: list[str]) -> programs.Done:
    """Run the cells in a new process, in the course's folder."""
    command = [sys.executable, "-c", RUN]
    return programs.run(
        command, LEARN, given=json.dumps(cells), MPLBACKEND="Agg", OMP_NUM_THREADS="1"
    )


def test_chapter_2_detects_a_wrong_derivative() -> None:
    right = "d_pre = d_h * (1 - h**2)"
    cells = code_of_chapter((LEARN / "2-gradients.md").read_text(encoding="utf-8"))
    assert sum(right in cell for cell in cells) == 1
    done = run([cell.replace(right, "d_pre = d_h * (1 - h)") for cell in cells])
    assert done.returncode != 0
    assert "assert worst < 1e-8" in done.stderr or "AssertionError" in done.stderr


def test_chapter_3_detects_a_wrong_formula() -> None:
    """The chapter compares the state in its loop with the state that the backend computes."""
    right = "n = np.tanh(x_n + r * s_n)"
    wrong = "n = np.tanh(x_n + s_n)"
    cells = code_of_chapter((LEARN / "3-cells.md").read_text(encoding="utf-8"))
    assert sum(right in cell for cell in cells) == 1
    (comparison,) = (place for place, code in enumerate(cells) if "the same state at" in code)
    done = run([cell.replace(right, wrong) for cell in cells[: comparison + 1]])
    assert "AssertionError" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("d_logits = n * probabilities - tree.counts", "d_logits = probabilities - tree.counts"),
        (
            'np.add.at(d_h, tree.parent[level], d_pre @ p["U"].T)',
            'd_h[tree.parent[level]] += d_pre @ p["U"].T',
        ),
        (
            "softmax(logits[0].astype(np.float64))",
            "softmax(0.8 * logits[0].astype(np.float64))",  # a different temperature
        ),
    ],
)
def test_chapter_4_detects_a_wrong_gradient_or_distribution(right: str, wrong: str) -> None:
    cells = code_of_chapter((LEARN / "4-tree.md").read_text(encoding="utf-8"))
    assert sum(right in cell for cell in cells) == 1
    done = run([cell.replace(right, wrong) for cell in cells])
    assert done.returncode != 0
    assert "AssertionError" in done.stderr


@pytest.mark.slow
def test_the_solution_cell_works_in_chapter_3() -> None:
    """It replaces the example in the chapter, as the text suggests."""
    cells = code_of_chapter((LEARN / "3-cells.md").read_text(encoding="utf-8"))
    trains = next(place for place, code in enumerate(cells) if '"ReLU": ReLUEngine' in code)
    mine = cells[trains].replace('"ReLU": ReLUEngine', '"one gate": OneGateEngine')
    done = run([*cells[:trains], "from tasks.solution_cell import OneGateEngine", mine])
    assert done.returncode == 0, done.stderr
    assert "one gate: validation loss 2." in done.stdout.splitlines()[-1]


@pytest.mark.slow
def test_chapter_5_detects_a_wrong_score() -> None:
    """The wrong version prefers names with unknown n-grams."""
    right = "if ngram not in known_ngrams]"
    wrong = "if ngram in known_ngrams]"
    cells = code_of_chapter((LEARN / "5-any-good.md").read_text(encoding="utf-8"))
    assert sum(right in cell for cell in cells) == 1
    done = run([cell.replace(right, wrong) for cell in cells])
    assert done.returncode != 0
    assert "AssertionError" in done.stderr
