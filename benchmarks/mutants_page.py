"""Write ``docs/results/mutants.md`` from ``mutants.json``; with ``--check`` only see if it is up to date."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from benchmarks.mutants_document import Mutants, Survivor, read
from benchmarks.pages import RESULTS, write_or_check

HEAD = """\
# Mutants: do the tests notice a mistake?

Written by `make mutants` from `mutants.json`. Small mistakes are put into the code one at a time, and the tests that
are meant for the file are run. The code is the prefix tree and what it is made of, the NumPy engine, generation and
wishes, and files. A hash chooses the mistakes from all that Cosmic Ray can make there. Unions in annotations are left
out, because they are never run. A mistake that no test notices *survives*. Somebody reads each survivor: either a test
is added, or the reason stands below."""


def page(document: Mutants) -> str:
    """The whole document."""
    survivors = document.survivors
    read_by = [one for one in survivors if one.reason]
    parts = [
        HEAD,
        f"{document.tried:,} were tried; {len(survivors):,} survived ({len(survivors) / document.tried:.1%}), "
        f"{len(read_by):,} of them with a reason.",
    ]
    for file, of_file in groupby(survivors, key=lambda one: one.file):
        parts.append(_part(file, list(of_file)))
    return "\n\n".join(parts) + "\n"


def _part(file: str, survivors: Sequence[Survivor]) -> str:
    entries = []
    for one in survivors:
        reason = one.reason or "Not read yet."
        entries.append(f"Line {one.line}. {reason}\n\n```diff\n{one.change}\n```")
    return "\n\n".join([f"## {file}", *entries])


def main() -> None:
    """Write the file, or check it."""
    write_or_check(RESULTS, "mutants", page(read(RESULTS / "mutants.json")))


if __name__ == "__main__":
    main()
