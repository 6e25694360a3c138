"""Attacks led by what the readers do with them, where atheris is installed; ``guided.py`` says how."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from tests.harm.guided import READERS
from tests.harm.material import model_file
from tests.harm.run_files import tries_or_skip
from tests.test_config import CONFIGS

ROOT = Path(__file__).parents[2]
# What each begins with.
SOUND = {
    "lists": [b"\0Anna\nBo\n", b"\1name,origin\nAnna,Finnish\n", b'\2[{"name": "Anna"}]'],
    "expressions": [b"(?i)[a-c]+(b|c){1,2}?$\nAbc", b"(?=a)\\w*\\b\na"],
    "templates": [b"{given} {family}", b"{{{origin}}}, {given}"],
    "documents": [b'{"kind": "checkpoint", "network": {}, "vocabulary": "ab", "training": {}, "engine": "numpy"}'],
}


@pytest.mark.parametrize("reader", READERS)
def test_no_input_that_is_led_does_harm(reader: str, tmp_path: Path) -> None:
    attempts = tries_or_skip(landing=0, hour=5_000)
    if importlib.util.find_spec("atheris") is None:
        pytest.skip("atheris is not installed: pip install atheris, for a version of Python that it has a wheel for")
    sound = dict(SOUND)
    sound["configs"] = [path.read_bytes() for path in sorted(CONFIGS.glob("*.toml"))]
    sound["models"] = [model_file(labelled=True).read_bytes()]
    seeds = tmp_path / "seeds"
    seeds.mkdir()
    for place, content in enumerate(sound[reader]):
        (seeds / str(place)).write_bytes(content)
    limits = (f"-runs={attempts}", "-timeout=5", "-rss_limit_mb=1500", "-seed=16", "-max_len=20000")
    done = subprocess.run(
        [sys.executable, "-m", "tests.harm.guided", reader, *limits, f"-artifact_prefix={tmp_path}/", str(seeds)],
        cwd=ROOT, capture_output=True, text=True, errors="replace", check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    assert f"Done {attempts}" in done.stderr
