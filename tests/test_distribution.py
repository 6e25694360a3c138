"""Check that the installed package is complete, and that ``import namegen`` is fast and enough for programs."""

from __future__ import annotations

import doctest
import re
import tomllib
from pathlib import Path
from typing import get_args, get_type_hints

import pytest

import namegen
from namegen.backends.tflite import contents as tflite
from namegen.core.checkpoint import tensor_file
from namegen.core.data.vocabulary import VocabularyDocument
from namegen.experiments import rows
from namegen.web import export as page

ROOT = Path(__file__).parent.parent
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_all_packages_are_listed() -> None:
    """The configs, which are in another folder and contain no code, are a package too."""
    folders = {path.parent.relative_to(ROOT) for path in ROOT.glob("namegen/**/*.py")}
    packages = {".".join(folder.parts) for folder in folders}
    assert PYPROJECT["tool"]["setuptools"]["packages"] == sorted(packages | {"namegen.configs"})


def test_no_document_installs_namegen_from_the_package_index() -> None:
    """The package ``namegen`` in the index is another project."""
    for pattern in ("*.md", "docs/**/*.md", "namegen/**/*.md", "namegen/**/*.py"):
        for path in ROOT.glob(pattern):
            text = path.read_text(encoding="utf-8")
            assert "namegen[" not in text, path
            assert not re.search(r"pip install namegen(?!-rnn)", text), path


def test_format_versions_agree_with_the_documentation() -> None:
    """The version of a format never changes in 1.x."""
    (vocabulary,) = get_args(get_type_hints(VocabularyDocument)["format_version"])
    text = (ROOT / "docs" / "develop" / "releasing.md").read_text(encoding="utf-8")
    promised = [int(number) for number in re.findall(r"^\| [^|]+ \| (\d+) \|", text, re.MULTILINE)]
    written = [part.FORMAT_VERSION for part in (tensor_file, tflite, page, rows)]
    assert promised == [*written[:3], vocabulary, *written[3:]]


def test_errors_have_a_common_base_and_examples_run():
    with pytest.raises(namegen.NamegenError, match="no model"):
        namegen.load("no-such-model")
    assert doctest.testmod(namegen).failed == 0
