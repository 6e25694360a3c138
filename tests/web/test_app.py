"""The programs in ``docs/guides/javascript.md`` run with exported models."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from namegen.api import read_checkpoint
from namegen.models import shipped_path
from namegen.web.description import PageModel
from namegen.web.export import request_options, write_module
from tests.requirements import require_program
from tests.web.running import ADDRESS, serve

PAGE = (Path(__file__).parents[2] / "docs" / "guides" / "javascript.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    (code,) = re.findall(rf"```{language}\n(.*?)```", PAGE, flags=re.DOTALL)
    return str(code)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Export the models that the page's first command exports."""
    place = tmp_path_factory.mktemp("app")
    models = [
        PageModel(one, read_checkpoint(shipped_path(one)), f"of {one}")
        for one in ("mlb-last", "world-given")
    ]
    write_module(models, place / "names.mjs")
    return place


def test_the_node_program_runs(folder: Path) -> None:
    node = require_program("node")
    code = re.sub(r"console\.log\((.*)\);", r"console.log(JSON.stringify(\1));", block("js"))
    (folder / "app.mjs").write_text(code, encoding="utf-8")
    done = subprocess.run(
        [node, "app.mjs"], cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    players, world = map(json.loads, done.stdout.splitlines())
    assert [name[:2] for name in players] == ["Mc"] * 5
    assert len(world) == 5
    assert all(4 <= len(name) <= 8 for name in world)


def test_the_web_page_works(folder: Path, browser: Any) -> None:
    (folder / "app.html").write_text(block("html"), encoding="utf-8")
    page = browser.new_page()
    troubles: list[str] = []
    page.on("console", lambda message: troubles.append(message.text))
    page.on("pageerror", lambda error: troubles.append(str(error)))
    serve(page, folder)
    page.goto(f"{ADDRESS}app.html")
    page.locator("#names li").nth(9).wait_for()
    assert page.locator("#credit").inner_text() == "of mlb-last"
    page.fill("#first", "mc")
    page.click("button")
    names = page.locator("#names li").all_text_contents()
    assert len(names) == 10
    assert {name[:2].lower() for name in names} == {"mc"}
    page.fill("#first", "ж")
    page.click("button")
    assert page.locator("#names li").count() == 0
    assert (
        page.locator("#message").text_content().startswith("This model doesn’t know the letter “ж”")
    )
    data = folder / "names.json"
    data.write_text(data.read_text().replace("of mlb-last", ""))
    page.reload()
    page.locator("#names li").nth(9).wait_for()
    assert not page.locator("#source").is_visible()
    assert troubles == []


def test_the_table_lists_all_options_of_the_module() -> None:
    table = PAGE[PAGE.index("| option |") :].partition("\n\n")[0]
    names = re.findall(
        r"`(\w+)`", "".join(row.split("|")[1] for row in table.splitlines()[2:] if row)
    )
    assert sorted(names) == sorted(request_options())
