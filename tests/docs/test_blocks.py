"""The commands and programs in the README and the docs are valid. They run, or a comment explains why they don't."""

from __future__ import annotations

import csv
import doctest
import os
import re
import shutil
import sys
from pathlib import Path

import click
import pytest

import namegen
from namegen.cli import cli
from namegen.core.settings import Config
from namegen.lists import load_bundled
from namegen.settings_toml import merge
from tests import programs
from tests.docs.blocks import arguments, read

ROOT = Path(__file__).parents[2]
DOCUMENTS = [
    ROOT / "README.md",
    *sorted(ROOT.glob("docs/**/*.md")),
    *sorted(ROOT.glob("namegen/models/*.md")),
]
# The site and other tests run the cells of the chapters.
CHAPTERS = set(ROOT.glob("docs/learn/[0-9]-*.md"))


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def python(path: Path) -> list[str]:
    """Return the Python blocks that the tests run."""
    blocks = [] if path in CHAPTERS else read(path)
    return [block.text for block in blocks if block.language == "python" and block.runs()]


def program(path: Path) -> str:
    """Return the Python blocks without a prompt (``>>>``), joined into one program."""
    return "\n".join(text for text in python(path) if ">>> " not in text)


def examples(path: Path) -> str:
    """Return the Python blocks that show a prompt (``>>>``) and the output."""
    return "\n".join(text for text in python(path) if ">>> " in text)


def refusal(command: str) -> str | None:
    """Return why namegen would reject a command, or None if the command is valid. The command isn't run."""
    given = arguments(command)
    if not given or given[0].startswith("-"):
        return None
    context = click.Context(cli, info_name="namegen", **cli.context_settings)
    found = cli.get_command(context, given[0])
    if found is None:
        return f"there is no command {given[0]}"
    try:
        found.make_context(given[0], given[1:], parent=context)
    except click.exceptions.Exit:
        return None  # --help
    except click.UsageError as error:
        return error.format_message()
    return None


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_every_command_parses(path: Path) -> None:
    """This includes commands that aren't run, and the examples from ``--help``."""
    shown = [command for block in read(path) for command in block.commands]
    shown += (
        re.findall(r"^- Example: `(.*)`$", path.read_text("utf-8"), re.MULTILINE)
        if path.name == "cli.md"
        else []
    )
    wrong = {command: refused for command in shown if (refused := refusal(command))}
    assert wrong == {}


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_comments_give_a_reason_and_match_a_command(path: Path) -> None:
    """Each comment comes right before a block. A part in parentheses occurs in one of the block's commands."""
    text = path.read_text(encoding="utf-8")
    found = read(path)
    for block in found:
        for part, reason in block.not_run:
            assert len(reason) >= 10, f"{path.name}, line {block.line}: {reason}"
            assert not part or any(part in command for command in block.commands), (
                f"line {block.line}: no command contains {part}"
            )
        assert block.run_by is None or (ROOT / block.run_by).is_file(), (
            f"line {block.line}: there is no file {block.run_by}"
        )
    in_front = sum(len(block.not_run) + (block.run_by is not None) for block in found)
    on_page = len(re.findall(r"<!--\s*not run on this page:", text)) * len(found)
    assert in_front - on_page == len(
        re.findall(r"<!--\s*(?:not run(?: \([^)]*\))?|run by):", text)
    ), "a comment doesn't come right before a block"


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Create a folder with the files that the docs mention, and with ``namegen`` and ``python`` commands."""
    folder = tmp_path_factory.mktemp("prepared")
    for place in (folder / "bin", folder / ".venv" / "bin"):
        place.mkdir(parents=True)
        for name, module in (("namegen", "-m namegen "), ("python", ""), ("python3", "")):
            (place / name).write_text(
                f'#!/bin/sh\nexec "{sys.executable}" {module}"$@"\n', encoding="utf-8"
            )
            (place / name).chmod(0o755)
    names = sorted(set(load_bundled("mlb-first").names))[::25]
    for name in ("friends.txt", "names.txt"):
        (folder / name).write_text("\n".join(names), encoding="utf-8")
    for name in ("my.key", "customers.key", "first.key", "last.key"):
        (folder / name).write_bytes(bytes(range(32)))
        (folder / name).chmod(0o600)
    _, *table = csv.reader(
        (ROOT / "namegen" / "lists" / "world_given.csv").read_text(encoding="utf-8").splitlines()
    )
    rows = [
        f"{name},{origin}"
        for name, origin, _ in table
        if origin in ("Finnish", "Italian", "Polish")
    ]
    (folder / "names.csv").write_text("\n".join(["name,origin", *rows[::20]]), encoding="utf-8")
    customers = [f"{number},{row}" for number, row in enumerate(rows[::20])]
    (folder / "customers.csv").write_text(
        "\n".join(["customer,name,origin", *customers]), encoding="utf-8"
    )
    people = "first name,last name\nAda,Lovelace\nAlan,Turing\n"
    (folder / "people.csv").write_text(people, encoding="utf-8")
    (folder / "reports" / "compare").mkdir(parents=True)
    shutil.copy(ROOT / "docs" / "results" / "results.json", folder / "reports" / "compare")
    quick = merge(Config(), {"training.quick": True, "training.epochs": 2})
    namegen.train(names, backend="numpy", config=quick, out=folder / "runs" / "friends-numpy")
    for name in ("friends", "mlb-first-numpy"):
        shutil.copytree(folder / "runs" / "friends-numpy", folder / "runs" / name)
    return folder


def run(command: list[str], folder: Path) -> programs.Done:
    path = os.pathsep.join((str(folder / "bin"), os.environ.get("PATH", "")))
    return programs.run(command, folder, PATH=path, COLUMNS="80", NO_COLOR="1")


def runnable() -> list[Path]:
    running = {
        path for path in DOCUMENTS for block in read(path) if any(map(block.runs, block.commands))
    }
    return [path for path in DOCUMENTS if path in running or program(path)]


@pytest.mark.slow
@pytest.mark.parametrize("path", runnable(), ids=name_of)
def test_commands_and_programs_run(path: Path, prepared: Path, tmp_path: Path) -> None:
    """Run a document's commands in one folder, in order. Then run its Python blocks as one program."""
    folder = tmp_path / "folder"
    shutil.copytree(prepared, folder)
    for block in read(path):
        for command in filter(block.runs, block.commands):
            done = run(["sh", "-c", command], folder)
            assert done.returncode == 0, (
                f"{path.name}, line {block.line}: {command}\n{done.stdout}\n{done.stderr}"
            )
    if program(path):
        done = run([sys.executable, "-c", program(path)], folder)
        assert done.returncode == 0, f"{path.name}:\n{done.stderr}"


@pytest.mark.slow
@pytest.mark.parametrize("path", [path for path in DOCUMENTS if examples(path)], ids=name_of)
def test_examples_print_the_output_shown(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    results = doctest.DocTestRunner().run(
        doctest.DocTestParser().get_doctest(examples(path), {}, path.name, None, 0)
    )
    assert results.attempted
    assert results.failed == 0
