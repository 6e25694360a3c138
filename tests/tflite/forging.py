"""Files that somebody has changed on purpose: the checksum fits again."""

from __future__ import annotations

from namegen.backends.tflite.contents import BLANK, HEAD, seal


def resealed(content: bytes, old: bytes, new: bytes) -> bytes:
    """The file with a part of it replaced, and a checksum that fits."""
    return sealed_again(blanked(content).replace(old, new))


def blanked(content: bytes) -> bytes:
    """The file with zeros for its checksum."""
    (digits,) = (head[1] for head in HEAD.finditer(content))
    return content.replace(digits, BLANK.encode())


def sealed_again(content: bytes) -> bytes:
    """A file with a checksum of zeros, with the one that fits; as it is where no checksum stands in it any more."""
    try:
        return seal(content)
    except ValueError:
        return content
