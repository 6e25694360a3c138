"""Split namegen's lead over PyTorch into the part that sharing between names explains, and the rest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter
from statistics import median

from benchmarks.document import Comparison, Performance, Sharing, format_median
from benchmarks.performance_tables import Row, format_ratio, untitled_table

LEAD_HEADS = ("", "prefixes a character", "repeats", "common prefixes", "engine", "lead")


@dataclass(frozen=True)
class Lead:
    """namegen's lead over PyTorch in training a network on a list.

    Attributes:
        work: the network and the list.
        batch_size: namegen's batch size.
        sharing: how much names have in common in batches of this size.
        ratios: namegen's speed divided by PyTorch's, one per round.
    """

    work: str
    batch_size: int
    sharing: Sharing
    ratios: tuple[float, ...]

    @property
    def without_sharing(self) -> float:
        """The lead that would remain if names had nothing in common."""
        return median(self.ratios) / self.sharing.total_factor

    def table_row(self) -> Row:
        """Return the row of the table."""
        prefixes_per_character = self.sharing.prefixes / self.sharing.characters
        engine_ratios = [ratio * prefixes_per_character for ratio in self.ratios]
        return (
            f"{self.work}, batch {self.batch_size}",
            f"{prefixes_per_character:.2f}",
            f"{self.sharing.repeats_factor:.2f}",
            f"{self.sharing.prefixes_factor:.2f}",
            format_median(engine_ratios, format_ratio),
            format_median(self.ratios, format_ratio),
        )


def compute_leads(document: Performance) -> list[Lead]:
    """Compute the leads in all comparisons of training speed."""
    leads: list[Lead] = []
    for section in document.sections:
        for comparison in section.comparisons:
            leads += _leads_of_comparison(comparison)
    return leads


def _leads_of_comparison(comparison: Comparison) -> Iterator[Lead]:
    """Yield the lead of each subject that processes each prefix once."""
    sharing_by_size = {sharing.batch_size: sharing for sharing in comparison.sharing}
    # The titles of some stored results also contain namegen's batch size.
    work, _, _ = comparison.title.partition(", namegen batch")
    for subject, batch_size in comparison.shares.items():
        rival = comparison.best(comparison.rival)
        yield Lead(
            work=work,
            batch_size=batch_size,
            sharing=sharing_by_size[batch_size],
            ratios=comparison.against(subject, rival),
        )


def lead_table(leads: Sequence[Lead]) -> str:
    """Make a table with one row per lead."""
    return untitled_table(LEAD_HEADS, [lead.table_row() for lead in leads])


def lead_sentence(leads: Sequence[Lead]) -> str:
    """Describe the range of the leads without sharing, and the range of the effect of sharing."""
    lowest = min(leads, key=attrgetter("without_sharing"))
    highest = max(leads, key=attrgetter("without_sharing"))
    factors = [lead.sharing.total_factor for lead in leads]
    return (
        f"Without sharing between names, namegen's speed would range from {lowest.without_sharing:.2f} times the speed "
        f"of PyTorch ({_describe(lowest)}) to {highest.without_sharing:.2f} times ({_describe(highest)}). Sharing "
        f"multiplies this speed by {min(factors):.2f} to {max(factors):.2f}."
    )


def _describe(lead: Lead) -> str:
    return f"{lead.work}, batch {lead.batch_size:,}"
