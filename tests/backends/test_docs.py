"""The code in ``docs/develop/engines.md`` is one program that runs, and its entry point is in the right group."""

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


def test_the_program_runs_and_has_learned() -> None:
    """Its own checks are among what runs. Without the last character it would be at 2.8 nats or more."""
    done = run([*STRICT, "".join(blocks("python"))])
    assert done.returncode == 0, done.stderr
    loss, names = done.stdout.splitlines()
    assert 2.2 < float(loss.split()[0]) < 2.6
    assert len(names.split(", ")) == 5


def test_the_checks_of_the_page_are_sharp() -> None:
    """A gradient that is wrong by a thousandth does not pass them."""
    network, engine, *_, checks = blocks("python")
    wrong = engine.replace(
        "d_kernel, tree.token, d_logits", "d_kernel, tree.token, 1.001 * d_logits"
    )
    done = run([*STRICT, network + wrong + checks])
    assert "1 of 23 checks of BigramEngine fail" in done.stderr
    assert "the gradient of output.kernel" in done.stderr


def test_the_entry_point_stands_in_the_group_that_is_read() -> None:
    (text,) = blocks("toml")
    ((name, path),) = tomllib.loads(text)["project"]["entry-points"][ENTRY_POINT_GROUP].items()
    assert name not in ENGINES
    assert f'name = "{name}"' in PAGE
    assert f"class {path.partition(':')[2]}(" in PAGE


def test_the_examples_are_registered_by_the_names_of_their_classes() -> None:
    for folder in sorted((ROOT / "examples").glob("*_engine")):
        project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        ((name, path),) = project["entry-points"][ENTRY_POINT_GROUP].items()
        module, _, engine = path.partition(":")
        source = (folder / f"{module.replace('.', '/')}.py").read_text(encoding="utf-8")
        assert f"class {engine}(" in source
        assert f'name: ClassVar[str] = "{name}"' in source
