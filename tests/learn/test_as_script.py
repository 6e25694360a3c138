"""``as_script.py`` turns a chapter into a program with all of its code, which saves the pictures as files."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests import programs
from tests.docs.test_course import code_of_chapter
from tests.learn.test_pictures import learn

ROOT = Path(__file__).parents[2]
LEARN = ROOT / "docs" / "learn"
CHAPTERS = sorted(LEARN.glob("[0-9]-*.md"))


@pytest.fixture(scope="module")
def as_script() -> ModuleType:
    return learn("as_script")


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)
def test_programs_contain_every_cell_in_order(as_script: ModuleType, chapter: Path) -> None:
    text = chapter.read_text(encoding="utf-8")
    program, end = as_script.program(text, "x"), 0
    compile(program, chapter.stem, "exec")
    cells = code_of_chapter(text)
    assert program.count("\n# --- ") == len(cells) > 5
    for code in cells:
        end = program.index(code, end) + len(code)
    lines = [code.splitlines()[-1] for code in cells]
    assert program.count("a picture: x.") >= sum(line.startswith("pictures.") for line in lines)


def test_chapter_1_runs_and_is_not_overwritten(tmp_path: Path) -> None:
    """The course's folder is in ``PYTHONPATH``, so the program can import modules as if it were in that folder."""

    def run(*arguments: str | Path) -> programs.Done:
        path = os.pathsep.join([str(ROOT), str(LEARN)])
        return programs.run([sys.executable, *arguments], PYTHONPATH=path, MPLBACKEND="Agg")

    script = LEARN / "as_script.py"
    assert run(script, "1", "--out", tmp_path).returncode == 0
    done = run(tmp_path / "1-one-name.py")
    assert done.returncode == 0, done.stderr
    assert "a picture: 1-one-name.3.png" in done.stdout
    assert sorted(path.name for path in tmp_path.glob("*.png")) == [
        f"1-one-name.{number}.png" for number in (1, 2, 3)
    ]

    (tmp_path / "1-one-name.py").write_text("mine = 1\n", encoding="utf-8")
    again = run(script, "1", "--out", tmp_path)
    assert again.returncode == 1
    assert "already exists" in again.stderr
    assert (tmp_path / "1-one-name.py").read_text(encoding="utf-8") == "mine = 1\n"
