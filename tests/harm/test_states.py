"""States of strangers: a run folder whose state, settings or list are not what the training left."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from namegen.api.training import resume
from namegen.core.network.checkpoint import PROBE, read_tensors
from namegen.core.training.file_names import CONFIG_FILE, LABELLED_NAMES_FILE, STATE_FILE
from tests.harm.attack import attack
from tests.harm.effort import tries
from tests.harm.forging import Random, forged_bytes, forged_document, forged_header, forged_tensors, write_forged
from tests.harm.material import copy_of_run, run_folder

SOUND = -1  # the attempt that changes nothing: what is sound goes on


def random(seed: int) -> Random:
    """The numbers of one attempt."""
    return np.random.default_rng([17, seed])


def test_states_with_a_forged_checksum(tmp_path: Path) -> None:
    tensors, document = read_tensors(run_folder() / STATE_FILE)

    def call(seed: int) -> None:
        rng, folder = random(abs(seed)), copy_of_run(tmp_path / "run")
        changed, about = tensors, document
        if seed == SOUND:
            pass
        elif seed % 3:
            about = forged_document(document, rng)
        else:
            changed = forged_tensors(tensors, rng)
            if seed % 2:
                changed.pop(PROBE, None)
        write_forged(folder / STATE_FILE, changed, about)
        resume(folder, epochs=3)

    tally = attack(call, range(SOUND, tries(few=8, landing=80, hour=5_000)))
    assert tally.returned
    assert tally.refused


def test_states_with_changed_bytes_and_headers(tmp_path: Path) -> None:
    content = (run_folder() / STATE_FILE).read_bytes()

    def call(seed: int) -> None:
        folder = copy_of_run(tmp_path / "run")
        if seed != SOUND:
            forge = forged_header if seed % 2 else forged_bytes
            (folder / STATE_FILE).write_bytes(forge(content, random(seed)))
        resume(folder, epochs=3)

    tally = attack(call, range(SOUND, tries(few=4, landing=40, hour=3_000)))
    assert tally.returned
    assert tally.refused


def test_settings_and_lists_of_a_run_with_changed_bytes(tmp_path: Path) -> None:
    run_folder()  # trained here, and not in each child

    def call(seed: int) -> None:
        path = copy_of_run(tmp_path / "run") / (LABELLED_NAMES_FILE if seed % 2 else CONFIG_FILE)
        if seed != SOUND:
            path.write_bytes(forged_bytes(path.read_bytes(), random(seed)))
        resume(path.parent, epochs=3)

    tally = attack(call, range(SOUND, tries(few=4, landing=40, hour=2_500)))
    assert tally.returned
    assert tally.refused
