"""Where figures were measured."""

from __future__ import annotations

from namegen.experiments.machine import machine, peak_memory_mib, versions


def test_the_machine_is_described_without_a_name() -> None:
    assert set(machine()) == {"processor", "cores", "memory_gib", "system"}
    assert versions()["python"]
    memory = peak_memory_mib()
    assert memory is None or memory > 20
