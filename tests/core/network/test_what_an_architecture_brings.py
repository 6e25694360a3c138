"""What an architecture of a third party has to bring, and how each part of it is used."""

from __future__ import annotations

import inspect

from namegen.core.network.architecture import Network


def test_it_is_made_by_its_class_and_says_its_shapes_and_what_it_is_without_a_call() -> None:
    """Whoever derives from it, and leaves out a decorator, is told so by a type checker only if the base has it."""
    assert Network.__abstractmethods__ == {"from_settings", "parameter_shapes", "summary"}
    assert inspect.ismethod(Network.from_settings)
    assert Network.from_settings.__self__ is Network
    assert isinstance(Network.parameter_shapes, property)
    assert isinstance(Network.summary, property)


def test_labels_are_given_by_name_and_all_else_in_either_way() -> None:
    """Of two numbers side by side one could not see which is which."""
    kinds = {name: one.kind for name, one in inspect.signature(Network.from_settings).parameters.items()}
    either, by_name = inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY
    assert kinds == {"settings": either, "vocabulary_size": either, "labels": by_name}
