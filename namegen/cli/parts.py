"""The wishes for a part of a whole name, as options: ``--given-starts-with``, ``--last-matches``."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, cast

import click

from namegen.cli import options
from namegen.cli.generate import OF_FILES, read_texts
from namegen.cli.terminal import Notes

if TYPE_CHECKING:
    from namegen.wishes import WishesOfPart

MOST_CHARACTERS = 1_000_000
# A wish's setting → what its option takes, and what it asks of the names.
WISHES: dict[str, tuple[str, type[str] | options.Whole, str]] = {
    "starts_with": ("TEXT", str, "that begin with TEXT"),
    "ends_with": ("TEXT", str, "that end with TEXT"),
    "contains": ("TEXT", str, "that contain TEXT"),
    "matches": ("REGEX", str, "that match REGEX as a whole"),
    "min_length": ("N", options.Whole(0, MOST_CHARACTERS), "of N characters or more"),
    "max_length": ("N", options.Whole(1, MOST_CHARACTERS), "of N characters or fewer"),
    "banned": ("FILE", str, "that contain no word from FILE"),
    "avoid": ("FILE", str, "that are not in FILE"),
    "min_distance": (
        "D",
        options.Whole(1, 3),
        "that differ by D edits or more from every name of --avoid; without it, of the bundled list",
    ),
}


def part_options(part: str, what: str) -> Callable[[options.Command], options.Command]:
    """Add the options of one part.

    Args:
        part: how its options begin: ``given``.
        what: names of it, in words: ``given names``.
    """

    def add(command: options.Command) -> options.Command:
        for wish, (metavar, kind, asked) in reversed(WISHES.items()):
            told = asked.replace("--avoid", f"--{part}-avoid")
            flag = f"--{part}-{wish.replace('_', '-')}"
            command = click.option(flag, type=kind, metavar=metavar, help=f"Use only {what} {told}.")(command)
        return command

    return add


def part_wishes(given: dict[str, object], part: str, notes: Notes) -> WishesOfPart:
    """Take what was wished of one part out of the options. Raises NamesError: a file cannot be read."""
    wishes = {wish: given.pop(f"{part}_{wish}") for wish in WISHES}
    return cast("WishesOfPart", wishes | read_texts(wishes, notes))


def check_standard_input(**given: object) -> None:
    """Raise UsageError where two files are standard input, which can be read once only."""
    taken = [name for name, value in given.items() if value == "-" and name.endswith(OF_FILES)]
    if len(taken) > 1:
        flags = " and ".join("--" + name.replace("_", "-") + " -" for name in taken)
        raise click.UsageError(
            f"{flags} all read standard input, which can be read only once: give files for the others."
        )
