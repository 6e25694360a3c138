"""Test that the code in ``docs/develop/engines.md`` runs and that all entry points are correct."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

from namegen.backends import ENGINES, ENTRY_POINT_GROUP
from tests.programs import run

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "develop" / "engines.md").read_text(encoding="utf-8")
STRICT = (sys.executable, "-W", "error", "-c")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, flags=re.DOTALL)


def test_the_program_runs_and_learns() -> None:
    """The program includes its own checks. If it ignored the previous character, its loss would be at least 2.8."""
    done = run([*STRICT, "".join(blocks("python"))])
    assert done.returncode == 0, done.stderr
    loss, names = done.stdout.splitlines()
    assert 2.2 < float(loss.split()[0]) < 2.6
    assert len(names.split(", ")) == 5


def test_the_checks_on_the_page_catch_a_wrong_gradient() -> None:
    """The gradient is 0.1% too large."""
    network, engine, *_, checks = blocks("python")
    wrong = engine.replace(
        "d_kernel, tree.token, d_logits", "d_kernel, tree.token, 1.001 * d_logits"
    )
    done = run([*STRICT, network + wrong + checks])
    assert "output.kernel differs" in done.stderr


def test_the_entry_point_is_in_the_right_group() -> None:
    (text,) = blocks("toml")
    ((name, path),) = tomllib.loads(text)["project"]["entry-points"][ENTRY_POINT_GROUP].items()
    assert name not in ENGINES
    assert f'name = "{name}"' in PAGE
    assert f"class {path.partition(':')[2]}(" in PAGE
