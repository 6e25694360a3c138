"""Check the project's rules for imports, messages and documents."""

from __future__ import annotations

import ast
import doctest
import importlib
import re
import sys
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests.programs import run
from tests.requirements import require

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "namegen"
DOOR = PACKAGE / "__init__.py"  # provides the public names, which it loads when they're used
# The empty name is namegen itself, which contains the version.
GROUND = {"errors", "events", "types", "files", "threads", "documents", ""}
# These modules are separate layers, because the settings use them, and the other networks use the settings.
CELLS, INITIALIZERS = "core.network.cells", "core.network.initializers"
DATA = GROUND | {
    CELLS,
    INITIALIZERS,
    "core.optimizers",
    "core.schedules",
    "core.settings",
    "core.data",
}
NETWORK = DATA | {"core.network"}
CHECKPOINT = NETWORK | {"core.checkpoint"}
ENGINE = CHECKPOINT | {"core.engine"}
MODELS = ENGINE | {"core.models"}
EVALUATION = MODELS | {"core.evaluation"}
SCORING = EVALUATION | {"core.scoring"}
GENERATION = SCORING | {"core.generation"}
PEOPLE = GENERATION | {"core.people"}
CORE = PEOPLE | {"core.training", "core"}

# For each layer: the other layers that it may import, and the libraries that it may import.
FLOORS: dict[str, tuple[set[str], set[str]]] = {
    "": ({"errors"}, set()),
    "errors": (set(), {"rapidfuzz"}),
    "documents": ({"errors"}, {"msgspec"}),
    "events": ({"documents"}, {"msgspec"}),
    "types": (set(), {"numpy", "jaxtyping"}),
    "files": ({"errors"}, set()),
    "threads": ({"errors"}, {"threadpoolctl"}),
    "core": (set(), set()),
    "core.optimizers": (set(), set()),
    "core.schedules": (set(), set()),
    CELLS: ({"errors"}, set()),
    INITIALIZERS: (set(), {"numpy"}),
    "core.settings": (
        GROUND | {CELLS, INITIALIZERS, "core.optimizers", "core.schedules"},
        {"msgspec"},
    ),
    "core.data": (GROUND | {"core.settings"}, {"numpy", "msgspec"}),
    "core.network": (DATA, {"numpy"}),
    "core.checkpoint": (NETWORK | {"core.engine"}, {"numpy", "safetensors"}),
    "core.engine": (NETWORK, set()),
    "core.models": (ENGINE, {"numpy"}),
    "core.evaluation": (MODELS, {"numpy"}),
    "core.scoring": (EVALUATION, {"numpy"}),
    "core.generation": (SCORING, {"numpy", "rapidfuzz", "regex"}),
    "core.training": (GENERATION, {"numpy"}),
    "core.people": (GENERATION, {"numpy"}),
    "lists": (PEOPLE, set()),
    "models": (GROUND, set()),
    "bundled_configs": ({"files", "errors"}, set()),
    "settings_toml": (GROUND | {"core.settings", "bundled_configs"}, set()),
    "backends": (ENGINE, set()),
    "backends.numpy_engine": (ENGINE, {"numpy"}),
    "backends.base": (ENGINE, {"numpy"}),
    "backends.quiet": (set(), set()),
    "backends.opening": (EVALUATION | {"backends"}, {"numpy"}),
    "backends.keras_engine": (
        ENGINE | {"backends.quiet", "backends.opening"},
        {"numpy", "keras", "tensorflow"},
    ),
    "backends.tflite": (
        GENERATION | {"backends.quiet", "backends.opening", "backends.numpy_engine"},
        {"numpy", "ai_edge_litert", "flatbuffers"},
    ),
    "web": (
        PEOPLE | {"backends.opening", "lists", "models"},
        {"numpy", "jinja2", "markupsafe"},
    ),
    "pseudonymize": (DATA, set()),
    "api": (
        CORE
        | {"settings_toml", "lists", "models"}
        | {"backends", "backends.opening", "backends.tflite"},
        {"numpy"},
    ),
    "faker": (PEOPLE | {"api", "models"}, {"numpy", "faker", "msgspec"}),
    "testing": (ENGINE | {"backends.numpy_engine"}, {"numpy", "threadpoolctl"}),
    "drawings": (CORE, {"numpy", "matplotlib"}),
    "experiments": (
        CORE
        | {
            "settings_toml",
            "bundled_configs",
            "lists",
            "models",
            "backends",
            "backends.opening",
            "backends.tflite",
        }
        | {"api", "drawings"},
        {"numpy", "matplotlib", "jinja2", "msgspec", "distributed"},
    ),
    "cli": (
        CORE
        | {
            "settings_toml",
            "bundled_configs",
            "lists",
            "models",
            "pseudonymize",
            "api",
            "drawings",
            "experiments",
            "web",
        }
        | {"backends", "backends.keras_engine", "backends.tflite"},
        {"click", "msgspec", "rich"},
    ),
    "__main__": ({"cli"}, set()),
}


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def floor_of(module: str) -> str:
    parts = module.split(".")[1:]
    if ".".join(parts) in (CELLS, INITIALIZERS):
        return ".".join(parts)
    return ".".join(parts[:2]) if parts[:1] in (["backends"], ["core"]) else ".".join(parts[:1])


def imports(tree: ast.AST, *, late: bool, types: bool = True) -> Iterator[str]:
    """Yield the modules that a file imports.

    Args:
        tree: the code of the file.
        late: whether to include imports inside functions.
        types: whether to include imports for type checkers, if ``late`` is true.
    """
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from modules_imported_from(node)
        elif is_for_type_checkers(node):
            if late and types:
                yield from imports(node, late=late, types=types)
        elif late or not isinstance(node, ast.FunctionDef):
            yield from imports(node, late=late, types=types)


def modules_imported_from(node: ast.ImportFrom) -> Iterator[str]:
    """Yield the modules of a ``from`` import, which may itself be the name of a module."""
    assert node.level == 0, "imports are absolute"
    for alias in node.names:
        name = f"{node.module}.{alias.name}"
        yield name if is_module(name) else str(node.module)


def is_module(name: str) -> bool:
    path = ROOT / name.replace(".", "/")
    return path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()


def is_for_type_checkers(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.If)
        and isinstance(node.test, ast.Name)
        and node.test.id == "TYPE_CHECKING"
    )


def test_layers_only_import_the_layers_below_them() -> None:
    """Imports inside functions and for type checkers count too."""
    for path in modules():
        floor = floor_of(module_name(path))
        assert floor in FLOORS, f"namegen/{floor} is new: add it to FLOORS"
        floors, libraries = FLOORS[floor]
        for imported in imports(parsed(path), late=path != DOOR):
            top = imported.partition(".")[0]
            if top == "namegen":
                assert floor_of(imported) in floors | {floor}, (
                    f"{module_name(path)} imports {imported}"
                )
            elif top not in sys.stdlib_module_names:
                assert top in libraries, f"{module_name(path)} imports {imported}"


def test_layers_have_no_circular_imports() -> None:
    graph = {floor: floors_below for floor, (floors_below, _) in FLOORS.items()}
    TopologicalSorter(graph).prepare()


def test_modules_have_no_circular_imports() -> None:
    """Imports inside functions count, but imports for type checkers don't."""
    graph = {
        module_name(path): {
            name
            for name in imports(parsed(path), late=True, types=False)
            if name.startswith("namegen.")
        }
        for path in modules()
        if path != DOOR
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"a circle of imports: {' → '.join(error.args[1])}")


def run_python(code: str, folder: Path) -> str:
    done = run([sys.executable, "-c", code], folder, PYTHONWARNINGS="default")
    assert done.returncode == 0, done.stderr
    return done.stdout


LIGHT_USES = """
import sys, namegen
import namegen.core.engine, namegen.backends, namegen.lists, namegen.settings_toml
import namegen.api, namegen.testing
from namegen.cli import cli
for words in (
    "--help",
    "train --help",
    "export-tflite --help",
    "lists",
    "ceiling companies",
    "train japanese-given --epochs 1 --hidden 2 --no-plot --quiet",
    "generate -n 2",
):
    cli(words.split(), standalone_mode=False)
namegen.api.train(["Al", "Alan", "Bob", "Bo", "Cy", "Dan"] * 9)
print("loaded", *sorted({"keras", "tensorflow", "matplotlib", "ai_edge_litert"} & set(sys.modules)))
"""


def test_light_commands_load_no_heavy_libraries(tmp_path: Path) -> None:
    assert run_python(LIGHT_USES, tmp_path).splitlines()[-1].strip() == "loaded"


def with_examples() -> list[Path]:
    return [
        path
        for path in modules()
        if re.search(r"^ *>>> ", path.read_text(encoding="utf-8"), re.MULTILINE)
    ]


@pytest.mark.parametrize("path", with_examples(), ids=module_name)
def test_examples_in_docstrings_run(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for library in ("keras", "tensorflow", "ai_edge_litert", "faker"):  # libraries of the extras
        if library in FLOORS.get(floor_of(module_name(path)), (set(), set()))[1]:
            require(library)
    monkeypatch.chdir(tmp_path)
    results = doctest.testmod(importlib.import_module(module_name(path)))
    assert results.attempted
    assert not results.failed


def documents() -> list[Path]:
    paths = [
        *ROOT.glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
        *PACKAGE.rglob("*.md"),
        *ROOT.glob("examples/*/*.md"),
    ]
    return sorted(path for path in paths if path.name != "LICENSE.md")


def test_files_in_documents_exist() -> None:
    """Check paths in backticks that start with a folder of the project."""
    folders = r"namegen|docs|tests|configs|benchmarks|examples|\.ci"
    for path in documents():
        for name in re.findall(rf"`((?:{folders})/[\w./-]*\w/?)`", path.read_text("utf-8")):
            assert (ROOT / name).exists(), f"{path} mentions {name}"
