"""A job: one measurement of an experiment, with everything that its result depends on."""

from __future__ import annotations

import platform
import re
from contextlib import suppress
from functools import lru_cache
from hashlib import blake2b
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Literal, TypeAlias

import msgspec
from msgspec import Struct

import namegen
from namegen.backends import registered
from namegen.core.settings import Config

NUMPY = "numpy"
TFLITE = "tflite"  # an exported network, which can generate names but not train
LIBRARIES = {"keras": ("keras", "tensorflow", "tensorflow-cpu"), TFLITE: ("ai-edge-litert",)}

Kind: TypeAlias = Literal[
    "reference",  # measure what networks are compared with: the ceiling and the n-gram
    "network",  # train a network, to compare it with other networks
    "backend",  # train a network, to compare backends
    "generation",  # generate names with a trained network
]


class Job(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A measurement."""

    kind: Kind
    list: str  # the name of the list
    fingerprint: str  # a hash of its names
    config: Config  # all settings; the name of the list isn't one of them
    backend: str = NUMPY
    network: str = ""  # its label in reports
    round: int = 0  # backends take turns in several rounds
    needs: str = ""  # the key of the job that trains the network for a generation
    axes: dict[str, Any] = {}  # the settings that a sweep varies, by dotted path

    @property
    def key(self) -> str:
        """A hash of everything that the result depends on: what's measured, and the versions of the code."""
        identity = msgspec.to_builtins(self)
        del identity["list"], identity["axes"]
        identity["versions"] = versions(self.backend)
        text = msgspec.json.encode(identity, order="sorted")
        return blake2b(text, digest_size=8).hexdigest()

    @property
    def threads(self) -> int:
        """The number of threads that the job uses."""
        return self.config.run.threads or 1

    @property
    def split(self) -> str:
        """How names are held out: by-row or by-name."""
        return self.config.data.split

    @property
    def is_timed(self) -> bool:
        """Whether its times are reported, so that nothing else can run at the same time."""
        return self.kind in ("backend", "generation")

    @property
    def label(self) -> str:
        """How progress and error messages name the job."""
        if self.axes:
            return describe_settings({**self.axes, "data.names": self.list})
        model = f"{self.list}: {self.network}, {self.backend}"
        match self.kind:
            case "reference":
                return f"{self.list}: ceiling and n-gram, split {self.split}"
            case "network":
                return f"{model}, split {self.split}, seed {self.config.training.seed}"
            case "backend":
                return f"{model}, round {self.round + 1}"
            case "generation":
                return f"{model}, generated names"


@lru_cache(maxsize=64)
def versions(backend: str) -> dict[str, str]:
    """Return the versions of Python, namegen and the installed libraries of a backend.

    >>> versions("numpy")["namegen"] == namegen.__version__
    True
    """
    libraries = ["numpy", *LIBRARIES.get(backend, ())]
    point = registered().get(backend)
    if point is not None and point.dist is not None:
        for requirement in point.dist.requires or []:
            libraries += re.findall(r"^[\w.-]+", requirement)
        libraries.append(point.dist.name)
    found = {"python": platform.python_version(), "namegen": namegen.__version__}
    for library in libraries:
        with suppress(PackageNotFoundError):
            found[library] = version(library)
    return found


def describe_settings(values: dict[str, Any]) -> str:
    """Describe settings and their values in words. A setting is named with or without its table.

    >>> describe_settings({"training.learning_rate": 0.01, "network.hidden": [32, 32], "network.cell": "gru"})
    'learning rate 0.01, hidden [32,32], cell gru'
    """
    phrases = []
    for path, value in values.items():
        name = path.rpartition(".")[2].replace("_", " ")
        value_as_json = msgspec.json.encode(value).decode().strip('"')
        phrases.append(f"{name} {value_as_json}")
    return ", ".join(phrases)
