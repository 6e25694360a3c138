"""The TypeScript compiler accepts a correct program that uses the module, and reports mistakes."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from namegen.web.description import PageModel
from namegen.web.export import write_module
from tests.labelled import labelled_checkpoint
from tests.requirements import require_program

COMPILER = Path(__file__).parents[2] / "node_modules" / "typescript" / "bin" / "tsc"
PROGRAM = """
import { blend, load, type Entry, type NameModel, type Options } from "./names.mjs";

const options: Options = { n: 5, startsWith: "Jo", label: null, letterCase: "title", excludeWords: ["ass"] };
const model: NameModel = load("{}", "gru");
const names: string[] = model.generate(options);
const entries: Entry[] = model.entries({ seed: 1, allowSeen: true });
const labels: readonly string[] = model.labels;
const isNew: boolean | null = model.isNew(names[0] ?? "");
const next: number[] = model.next("J", { temperature: 0.8 }).map(({ probability }) => probability);
const good: readonly string[] = model.goodNames;
const third: string = model.nameAt(7, 2);
const areGood: (boolean | null)[] = entries.map(({ isGood }) => isGood);
const both: NameModel = blend([model, model], { weights: [0.3, 0.7], labels: ["first", null] });
export { areGood, both, entries, good, isNew, labels, next, third };
"""
WRONG = {
    "model.generate({ tempreture: 1 })": "'tempreture' does not exist in type 'Options'",
    "model.generate({ letterCase: 'Title' })": "is not assignable to type",
    "model.generate({ n: '5' })": "Type 'string' is not assignable to type 'number'",
    "model.title = 'x'": "it is a read-only property",
    "model.isNew(null)": "Argument of type 'null' is not assignable",
    "model.source": "Property 'source' does not exist on type",
    "load()": "Expected 1-2 arguments, but got 0",
}


@pytest.fixture(scope="module", params=["names.mjs", "names.js"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Export a module and its type declarations."""
    place = tmp_path_factory.mktemp("types")
    write_module([PageModel("gru", labelled_checkpoint())], place / request.param)
    (place / "package.json").write_text('{"type": "module"}')
    (place / "module name").write_text(request.param)
    return place


def compiler_messages(folder: Path, program: str) -> str:
    """Compile a program in strict mode, and return the messages. They're empty if the program is correct."""
    node = require_program("node")
    if not COMPILER.is_file():
        if os.environ.get("CI"):
            pytest.fail(
                "TypeScript isn't installed, and in continuous integration every test must run"
            )
        pytest.skip("TypeScript isn't installed: run `make check-javascript`")
    module = (folder / "module name").read_text()
    (folder / "program.mts").write_text(program.replace("names.mjs", module), encoding="utf-8")
    options = ["--strict", "--noEmit", "--module", "nodenext", "--target", "es2022"]
    options += ["--noUncheckedIndexedAccess", "--exactOptionalPropertyTypes"]
    command = [node, str(COMPILER), *options, "program.mts"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def test_correct_programs_compile_without_messages(folder: Path) -> None:
    assert compiler_messages(folder, PROGRAM) == ""


def test_mistakes_are_reported(folder: Path) -> None:
    lines = [f"{code};" for code in WRONG]
    messages = compiler_messages(folder, "\n".join([PROGRAM, *lines]))
    assert messages.count("error TS") == len(WRONG)
    for message in WRONG.values():
        assert message in messages
