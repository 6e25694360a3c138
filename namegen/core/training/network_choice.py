"""Which network an engine trains, by the settings."""

from __future__ import annotations

from namegen.core.engine import EngineClass
from namegen.core.network.architecture import Network
from namegen.core.network.recurrent_network import as_recurrent
from namegen.core.settings import NetworkSettings
from namegen.errors import EngineError


def architecture_for(engine_class: EngineClass, settings: NetworkSettings) -> str:
    """The name of the architecture that the settings ask for, or else of the engine's usual one."""
    return settings.architecture or engine_class.architectures[0].architecture


def network_for(
    engine_class: EngineClass, settings: NetworkSettings, vocabulary_size: int, *, labels: int = 0
) -> Network:
    """The network that the settings describe, of the architecture that they name, or else the engine's usual one.

    Raises:
        EngineError: the engine does not train that architecture, or that cell of it.
        SettingsError: the architecture does not have what a setting asks for.
    """
    known = {architecture.architecture: architecture for architecture in engine_class.architectures}
    name = architecture_for(engine_class, settings)
    if name not in known:
        raise EngineError(
            f"the engine {engine_class.name} does not train the architecture {name!r}: choose one of "
            f"{', '.join(known)}, or another engine"
        )
    network = known[name].from_settings(settings, vocabulary_size, labels=labels)
    recurrent = as_recurrent(network)
    if recurrent is not None and recurrent.cell not in engine_class.cells:
        raise EngineError(
            f"the engine {engine_class.name} has no cell {recurrent.cell}: choose one of "
            f"{', '.join(sorted(engine_class.cells))}, or another engine"
        )
    return network
