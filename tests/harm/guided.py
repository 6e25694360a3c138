"""``python -m tests.harm.guided READER``: bytes that atheris makes, led by which branches of a reader they take.

The other attacks know the formats; this one is told nothing, and finds out what leads further inside. It is not needed
to develop namegen: ``test_guided.py`` runs it where atheris is installed. A crash leaves its input beside, as libFuzzer
does; ``python -m tests.harm.guided READER FILE`` tries that one again. Further arguments are libFuzzer's.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

from namegen.errors import NamegenError

LONGEST_MESSAGE = 2000  # bytes


def of_lists(data: bytes) -> None:
    """The first byte says which kind of list it is."""
    from namegen.core.data.corpus import Corpus

    kind = ("text", "table", "json")[data[0] % 3] if data else "text"
    Corpus.from_bytes(data[1:], source="names", kind=kind, label_column="2" if data[:1] > b"\x80" else None)  # type: ignore[arg-type]


def of_configs(data: bytes) -> None:
    """A config, and the grid of a sweep."""
    from namegen.config import read_config, write_config
    from namegen.experiments.sweep.grid import read_grid

    path = _file(data, ".toml")
    for read in (read_grid, lambda path: write_config(read_config(path))):
        read(path)


def of_models(data: bytes) -> None:
    """A checkpoint; without a checksum that fits, as far as that is verified."""
    from namegen.core.network.checkpoint import Checkpoint

    Checkpoint.load(_file(data, ".safetensors"))


def of_documents(data: bytes) -> None:
    """The documents inside the files, their checksum verified already: whatever the JSON says."""
    from namegen.backends.tflite.contents import TFLiteDocument
    from namegen.core.network.checkpoint import CheckpointDocument
    from namegen.core.training.run_state import StateDocument
    from namegen.documents import from_plain, read_json

    for kind in (CheckpointDocument, StateDocument, TFLiteDocument):
        try:
            from_plain(kind, read_json(data))
        except ValueError as error:
            _short(error)


def of_expressions(data: bytes) -> None:
    """An expression and, after a line's end, a name."""
    from namegen.core.generation.wishes.matches import Pattern

    expression, _, name = data.decode(errors="replace").partition("\n")
    pattern = Pattern(expression)
    if pattern.prunes:
        pattern.alike(name)
    assert pattern.lengths[0] >= 0
    if pattern.matches(name):
        assert pattern.may_begin(name[: len(name) // 2])


def of_templates(data: bytes) -> None:
    """A template of people, filled in."""
    from namegen.core.generation.people import Person, check_template

    template = data.decode(errors="replace")
    check_template(template)
    Person("Anna", "Bo").written(template)


READERS: dict[str, Callable[[bytes], None]] = {
    "lists": of_lists,
    "configs": of_configs,
    "models": of_models,
    "documents": of_documents,
    "expressions": of_expressions,
    "templates": of_templates,
}


@cache
def _folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="namegen-guided-"))


def _file(data: bytes, ending: str) -> Path:
    path = _folder() / f"file{ending}"
    path.write_bytes(data)
    return path


def _short(error: Exception) -> None:
    assert len(str(error).encode(errors="replace")) <= LONGEST_MESSAGE, str(error)[:300]


def main() -> None:
    """Fuzz the reader that the first argument names."""
    import atheris

    read = READERS[sys.argv.pop(1)]

    def one(data: bytes) -> None:
        try:
            read(data)
        except NamegenError as error:
            _short(error)

    with atheris.instrument_imports(include=["namegen", "tomllib"], enable_loader_override=False):
        one(b"")  # whatever it imports
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
