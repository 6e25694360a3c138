"""Lists of strangers: text, tables and JSON, read as any list is, and described."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from namegen.core.data.corpus import Corpus
from namegen.core.data.description import describe
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.settings import DataSettings
from namegen.lists import read_names
from tests.harm.attack import attack
from tests.harm.effort import tries
from tests.harm.forging import LONG, TOKENS, Random, forged_bytes, forged_document, strange

NAMES = ("Anna", "Aino", "Zoë", "O'Neil, Jr.", '"quoted"', "=1+1", "\u05d0\u05d1", "a\x1b[31m", "😀", " ", "")
COLUMNS = (None, None, "name", "origin", "1", "2", "99", "x" * LONG, "\x1b[31m", "")
PIECES = (
    *(name.encode() for name in NAMES),
    *TOKENS,
    b"name,origin\n",
    b"name;origin\n",
    b"name\torigin\r\n",
    b"Anna,Finnish\n",
    b'"An\nna","x"\n',
    b'""',
    b'["Anna", ',
    b'{"name": "Anna", "origin": ',
    b"null",
    b"1914",
    b"a" * 2000,
    b"," * 5000,
    b"\xe2\x80\xa8",
)


def random(seed: int) -> Random:
    """The numbers of one attempt."""
    return np.random.default_rng([18, seed])


def written(rng: Random) -> bytes:
    """Pieces of lists of all kinds, one behind the other."""
    return b"".join(PIECES[place] for place in rng.integers(len(PIECES), size=rng.integers(1, 12)))


def test_lists_of_any_content(tmp_path: Path) -> None:
    sound = [
        "\n".join(NAMES).encode(),
        b"name,origin\nAnna,Finnish\nBo,Danish\n" * 3,
        json.dumps(NAMES).encode(),
        json.dumps([{"name": "Anna", "origin": "Finnish"}, {"name": "Bo", "origin": 1914}]).encode(),
    ]
    objects = {"list": json.loads(sound[3])}

    def call(seed: int) -> None:
        rng = random(seed)
        kind = rng.integers(3)
        if kind == 0:
            data = forged_bytes(sound[rng.integers(4)], rng)
        elif kind == 1:
            data = written(rng)
        else:
            try:
                data = json.dumps(forged_document(objects, rng).get("list")).encode()
            except RecursionError:
                data = b"[" * LONG
        ending = (".txt", ".csv", ".json", ".names")[rng.integers(4)]
        path = tmp_path / f"list{ending}"
        path.write_bytes(data)
        column, label_column = (COLUMNS[rng.integers(len(COLUMNS))] for _ in range(2))
        corpus = read_names(DataSettings(names=str(path), column=column, label_column=label_column))
        assert corpus.names
        told = [corpus.dropped_sentence(), corpus.fingerprint, corpus.label_counts, corpus.vocabulary.size]
        assert told
        describe(corpus.names).to_dict()

    assert attack(call, range(tries(few=12, landing=200, hour=6_500))).returned


def test_names_that_a_program_gives() -> None:
    def call(seed: int) -> None:
        rng = random(seed)
        texts = [text if isinstance(text := strange(rng), str) else NAMES[rng.integers(11)] for _ in range(10)]
        Corpus.from_names(texts[:5], labels=None if seed % 2 else texts[5 : rng.choice([10, 10, 9])])

    assert attack(call, range(tries(few=8, landing=100, hour=1_000))).returned


def test_names_of_lists_that_are_not_there(tmp_path: Path) -> None:
    names = ["", "\0", "x" * LONG, "a/" * 5000, "\x1b[31m", "\udcff", str(tmp_path), "/dev/zero", "mlb-frist", "."]

    def call(name: str) -> None:
        read_names(DataSettings(names=name))

    assert attack(call, names).returned == 0


def test_vocabularies(tmp_path: Path) -> None:
    path = tmp_path / "vocabulary.json"
    Vocabulary("Ano").save(path)
    sound = path.read_bytes()

    def call(seed: int) -> None:
        rng = random(seed)
        if seed % 2:
            path.write_bytes(forged_bytes(sound, rng))
        else:
            try:
                path.write_text(json.dumps(forged_document(json.loads(sound), rng)), encoding="utf-8")
            except RecursionError:
                path.write_bytes(b'{"a":' * LONG)
        vocabulary = Vocabulary.load(path)
        vocabulary.decode(list(range(min(vocabulary.size, 50))))

    assert attack(call, range(tries(few=8, landing=100, hour=3_000))).refused
