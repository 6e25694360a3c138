"""Run JavaScript code that uses the module, in Node or in a browser."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from tests import programs
from tests.requirements import require_program

# This address doesn't exist. The browser gets the files from `serve` instead.
ADDRESS = "https://names.test/"
NODE = """
import { readFileSync } from "node:fs";
import * as names from %s;
const { json, argument } = JSON.parse(readFileSync(0, "utf-8"));
process.stdout.write(JSON.stringify(await (%s)(names, json, argument)));
"""
IN_PAGE = """async ([code, argument]) => {
    const names = await import("./names.mjs");
    return await (0, eval)(code)(names, await (await fetch("./names.json")).text(), argument);
}"""
TYPES = {".mjs": "text/javascript", ".json": "application/json", ".html": "text/html"}
# Called with the code of a function, and its third argument. The first two are the module and the models' JSON.
Run = Callable[..., Any]


def in_node(folder: Path) -> Run:
    """Return a function that runs code in Node, with ``names.mjs`` and ``names.json`` from a folder."""
    node = require_program("node")

    def run(code: str, argument: object = None) -> Any:
        given = {"json": (folder / "names.json").read_text(encoding="utf-8"), "argument": argument}
        program = NODE % (json.dumps((folder / "names.mjs").as_uri()), code)
        done = programs.run([node, "--input-type=module", "-e", program], given=json.dumps(given))
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


def serve(page: Any, folder: Path) -> None:
    """Serve the files of a folder to a page at ``ADDRESS``, and block all other requests."""
    page.route("**/*", partial(_fulfil, folder))


def _fulfil(folder: Path, route: Any) -> None:
    path = folder / route.request.url.removeprefix(ADDRESS)
    if route.request.url.startswith(ADDRESS) and path.is_file():
        route.fulfill(body=path.read_bytes(), content_type=TYPES[path.suffix])
    else:
        route.abort()


def in_browser(browser: Any, folder: Path) -> Run:
    """Return a function that runs code in the browser, with ``names.mjs`` and ``names.json`` from a folder."""
    (folder / "empty.html").write_text(
        "<!doctype html><link rel=icon href='data:,'>", encoding="utf-8"
    )
    page = browser.new_page()
    serve(page, folder)
    page.goto(f"{ADDRESS}empty.html")
    return lambda code, argument=None: page.evaluate(IN_PAGE, [f"({code})", argument])
