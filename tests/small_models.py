"""Small models in place of those that come with the package: trained for a moment, on the same lists."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

from namegen import api
from namegen.config import parse_config


@cache
def small_models() -> Path:
    """A folder of models under the names of the shipped ones, each knowing the whole of its list."""
    folder = Path(tempfile.mkdtemp(prefix="namegen-models-"))
    for name in ("mlb-first", "mlb-last", "companies"):
        settings = {
            "network": {"hidden": [24]},
            "training": {"effort": "quick", "epochs": 1, "batch_size": 256},
            "data": {"names": name, "validation": 0.0},
        }
        api.train(config=parse_config(settings)).checkpoint.save(folder / f"{name}.safetensors")
    return folder
