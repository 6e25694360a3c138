"""Experiments speak settings, as core does; how an option is spelt is the command line's own."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.test_architecture_rules import PACKAGE, module_name, strings

OPTION_OF_GIT = re.compile(r"--[\w=]*")  # a whole argument of another program


@pytest.mark.parametrize("path", sorted((PACKAGE / "experiments").rglob("*.py")), ids=module_name)
def test_no_message_names_an_option(path: Path) -> None:
    for text in strings(ast.parse(path.read_text(encoding="utf-8"))):
        named = re.search(r"(?<![\w-])--[a-z]", text)
        assert not named or OPTION_OF_GIT.fullmatch(text), f"{module_name(path)} says {text!r}"
