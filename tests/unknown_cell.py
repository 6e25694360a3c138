"""A network of a cell that namegen itself does not have, as a third party's engine may bring it."""

from __future__ import annotations

from namegen.core.network.architecture import RecurrentNetwork


def network_of_an_unknown_cell(vocabulary_size: int) -> RecurrentNetwork:
    """Made by hand: the settings know no such cell."""
    network = RecurrentNetwork(vocabulary_size, hidden=(6, 5))
    object.__setattr__(network, "cell", "mystery")
    return network
