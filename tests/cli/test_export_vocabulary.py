"""``namegen export-vocabulary``: which id stands for which character, for programs without namegen."""

from __future__ import annotations

import json

from namegen import load
from namegen.core.data.vocabulary import Vocabulary


def test_it_lies_beside_the_model_and_plain_json_reads_it(program, run_folder):
    run = program("export-vocabulary", "run").done()
    vocabulary = load(run_folder).checkpoint.vocabulary
    assert run.out == f"run/model.json: {len(vocabulary.characters)} characters\n"
    assert run.err == "out: run/model.json\n"
    document = json.loads((run_folder / "model.json").read_text(encoding="utf-8"))
    assert document == {"format": "namegen vocabulary", "format_version": 1, "characters": vocabulary.characters}
    assert Vocabulary.load(run_folder / "model.json") == vocabulary


def test_of_a_shipped_model_it_lies_here(program):
    run = program("export-vocabulary", "japanese-given", "--json").done()
    path = program.folder / "japanese-given.json"
    size = path.stat().st_size
    count = len(Vocabulary.load(path).characters)
    assert run.json == {"out": "japanese-given.json", "bytes": size, "character_count": count}


def test_what_is_there_is_kept(program):
    program.write("mine.json", "[]")
    (program.folder / "folder").mkdir()
    program("export-vocabulary", "mlb-last", "mine.json").refused("mine.json exists already", "--force")
    program("export-vocabulary", "mlb-last", "folder").refused("name a file, such as folder/model.json")
    assert (program.folder / "mine.json").read_text() == "[]"
    program("export-vocabulary", "mlb-last", "mine.json", "--force").done()
    assert Vocabulary.load(program.folder / "mine.json").characters
