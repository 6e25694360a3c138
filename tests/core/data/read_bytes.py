"""Reading a list from bytes, and what is said where that cannot be done."""

from __future__ import annotations

import pytest

from namegen.core.data.corpus import Corpus, Kind
from namegen.errors import NamesError


def read(data: bytes | str, kind: Kind = "text", column: str | None = None, longest: int = 1000) -> Corpus:
    data = data.encode() if isinstance(data, str) else data
    return Corpus.from_bytes(data, source="list", kind=kind, column=column, max_name_length=longest)


def refusal(data: bytes | str, kind: Kind = "text", column: str | None = None, longest: int = 1000) -> str:
    with pytest.raises(NamesError) as caught:
        read(data, kind, column, longest)
    message = str(caught.value)
    assert message.startswith("list")
    assert "\n" not in message
    assert len(message) < 400
    return message
