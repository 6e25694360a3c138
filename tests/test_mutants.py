"""A recorded mistake is found where its line stands today, and put in there."""

from __future__ import annotations

import pytest

from benchmarks.mutants_record import Mistake, Tree, page, read

OLD = "def f(x):\n    if x:\n        return 1\n\n\ndef g(x):\n    return 1\n"
MOVED = "class A:\n    def f(self, x):\n        if x:\n            return 1\n        return 1\n"
MISTAKE = Mistake("a.py", "f", "return 1", "return 2")


@pytest.mark.parametrize(
    ("texts", "place"),
    [
        ({"a.py": OLD}, ("a.py", 3)),
        ({"a.py": "", "b.py": MOVED}, ("b.py", 4)),
        ({"x/a.py": OLD, "b.py": MOVED}, ("x/a.py", 3)),
        ({"b.py": OLD, "c.py": MOVED}, None),
        ({"a.py": OLD.replace("f(x)", "h(x)")}, None),
    ],
)
def test_a_line_is_known_by_its_function_wherever_it_is(texts: dict[str, str], place: tuple[str, int] | None) -> None:
    assert Tree(texts).line_of(MISTAKE) == place


def test_a_mistake_keeps_the_indentation_of_its_line_and_the_second_of_two_is_the_second() -> None:
    second = Mistake("b.py", "f", "return 1", "return 2", nth=1)
    assert Tree({"b.py": MOVED}).line_of(second) == ("b.py", 5)
    assert second.put_into(MOVED, 5) == MOVED[: -len("return 1\n")] + "return 2\n"


def test_every_survivor_of_the_record_is_on_its_page() -> None:
    record = read()
    survivors = [one for one in record if one.noticed is False]
    assert page(record).count("\n  - ") == len(survivors)
    assert all(one.before != one.after for one in record)
    assert all(one.reason.endswith(".") for one in survivors if one.reason)
