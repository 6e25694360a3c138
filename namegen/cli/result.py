"""What ``namegen train`` says at its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from namegen.cli.measure import HEADINGS, figures
from namegen.cli.terminal import aligned

if TYPE_CHECKING:
    from namegen.core.training_run import RunResult


def summary(result: RunResult) -> str:
    """The figures of the best epoch beside what they are to be compared with, the files, and what to do next."""
    speed = "" if result.chars_per_second is None else f", {result.chars_per_second:,.0f} characters a second"
    lines = [f"epoch {result.best_epoch} of {result.epochs} is the best; {result.seconds:.1f} seconds{speed}", ""]
    rows: list[tuple[str, ...]] = []
    if result.validation is not None and result.part is not None:
        rows = [
            ("on held-out names", *HEADINGS),
            ("this network", *figures(result.validation)),
            (f"n-gram of order {result.part.baseline_order}", *figures(result.part.baseline)),
            ("ceiling", *figures(result.part.ceiling)),
            ("", *[""] * len(HEADINGS)),
        ]
    rows.append(("on the names learned from", *(HEADINGS if not rows else figures(result.training))))
    if len(rows) == 1:
        rows.append(("this network", *figures(result.training)))
    lines.append(aligned(rows))
    if result.out is not None:
        files = sorted(path.name for path in result.out.iterdir() if not path.name.startswith("."))
        lines += ["", f"{result.out}: {', '.join(files)}", f"next: namegen generate {result.out}"]
    return "\n".join(lines)
