"""The rules that hold the project together: who imports what, what stays light, documents that tell the truth."""

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
DOOR = PACKAGE / "__init__.py"  # gives programs the public names, each loaded on demand
# The last one, "", is namegen itself, which holds the version.
GROUND = {"errors", "events", "types", "files", "threads", "documents", ""}
# Floors of their own: the settings name cells and initializers, and the networks read the settings.
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
GENERATION = EVALUATION | {"core.generation"}
CORE = GENERATION | {"core.training", "core"}

# floor → (the parts of namegen that it may import beside itself, the libraries that it may import)
FLOORS: dict[str, tuple[set[str], set[str]]] = {
    "": ({"errors"}, set()),
    "errors": (set(), {"rapidfuzz"}),
    "documents": ({"errors"}, {"msgspec"}),
    "events": ({"documents"}, {"msgspec"}),
    "types": (set(), {"numpy", "jaxtyping"}),
    "files": ({"errors"}, set()),
    "threads": ({"errors"}, {"threadpoolctl"}),
    "children": ({"documents", "errors", "events", "threads"}, set()),
    "core": (set(), set()),
    "core.optimizers": (set(), set()),
    "core.schedules": (set(), set()),
    CELLS: ({"errors"}, set()),
    INITIALIZERS: (set(), {"numpy"}),
    "core.settings": (GROUND | {CELLS, INITIALIZERS, "core.optimizers", "core.schedules"}, set()),
    "core.data": (GROUND | {"core.settings"}, {"numpy"}),
    "core.network": (DATA, {"numpy"}),
    "core.checkpoint": (NETWORK, {"numpy", "safetensors"}),
    "core.engine": (NETWORK, set()),
    "core.models": (ENGINE, {"numpy"}),
    "core.evaluation": (MODELS, {"numpy"}),
    "core.generation": (EVALUATION, {"numpy", "rapidfuzz", "regex"}),
    "core.training": (GENERATION, {"numpy"}),
    "baseball": (GENERATION, {"numpy"}),
    "lists": (DATA | {"baseball"}, set()),
    "models": (GROUND, set()),
    "bundled_configs": ({"files", "errors"}, set()),
    "settings_toml": (GROUND | {"core.settings", "bundled_configs"}, {"msgspec"}),
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
        {"numpy", "ai_edge_litert"},
    ),
    "web": (
        GENERATION | {"backends.opening", "lists", "models", "constraints"},
        {"numpy", "jinja2", "markupsafe"},
    ),
    "pseudonymize": (DATA, set()),
    "constraints": (GENERATION | {"lists"}, set()),
    "api": (
        CORE
        | {"baseball", "settings_toml", "lists", "models", "constraints"}
        | {"backends", "backends.opening", "backends.tflite", "children"},
        {"numpy"},
    ),
    "faker": (GENERATION | {"api"}, {"numpy", "faker"}),
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
        | {"api", "children", "drawings"},
        {"numpy", "matplotlib", "jinja2", "markupsafe", "distributed"},
    ),
    "cli": (
        CORE
        | {
            "settings_toml",
            "bundled_configs",
            "lists",
            "models",
            "constraints",
            "pseudonymize",
            "api",
            "drawings",
            "experiments",
            "web",
        }
        | {"backends", "backends.keras_engine", "backends.tflite"},
        {"click", "rich"},
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
    """All modules that a file imports; without ``late`` only those that are loaded together with it.

    ``types``: with ``late``, those for the type checker alone too.
    """
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            for alias in node.names:
                found = f"{node.module}.{alias.name}"
                yield found if is_module(found) else str(node.module)
        elif is_for_types_alone(node):
            yield from imports(node, late=late, types=types) if late and types else ()
        elif late or not isinstance(node, ast.FunctionDef):
            yield from imports(node, late=late, types=types)


def is_module(name: str) -> bool:
    path = ROOT / name.replace(".", "/")
    return path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()


def is_for_types_alone(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.If)
        and isinstance(node.test, ast.Name)
        and node.test.id == "TYPE_CHECKING"
    )


def test_a_floor_imports_only_what_stands_below_it() -> None:
    """Late imports and those for the type checker count too."""
    for path in modules():
        own = floor_of(module_name(path))
        assert own in FLOORS, f"namegen/{own} is a new part: give it a line in FLOORS"
        floors, libraries = FLOORS[own]
        for imported in imports(parsed(path), late=path != DOOR):
            top = imported.partition(".")[0]
            if top == "namegen":
                assert floor_of(imported) in floors | {own}, (
                    f"{module_name(path)} imports {imported}"
                )
            elif top not in sys.stdlib_module_names:
                assert top in libraries, f"{module_name(path)} imports {imported}"


def test_the_floors_stand_on_each_other_without_a_circle() -> None:
    assert [
        *TopologicalSorter({floor: below for floor, (below, _) in FLOORS.items()}).static_order()
    ]


def test_no_module_imports_itself_by_a_detour() -> None:
    """Imports inside functions count; those for the type checker alone do not."""
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


# Parts whose messages a program meets, too.
WITHOUT_FLAGS = {
    "",
    "settings_toml",
    "bundled_configs",
    "core",
    "files",
    "lists",
    "models",
    "testing",
}
WITHOUT_FLAGS |= {"children", "experiments", "extras", "locks", "web"}


def test_messages_know_no_command_line() -> None:
    """They name settings (``errors.setting``); how an option is spelt is the command line's own."""
    for path in modules():
        if floor_of(module_name(path)).split(".")[0] in WITHOUT_FLAGS:
            for node in ast.walk(parsed(path)):  # the texts inside of f-strings too
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    named = re.search(r"(?<![\w-])--[a-z]", node.value)
                    of_git = re.fullmatch(
                        r"--[\w=]*", node.value
                    )  # a whole argument of another program
                    assert not named or of_git, f"{module_name(path)} says {node.value!r}"


# Ways of asking whether a path exists: what they raise differs by version of Python and by what is wrong with the path.
ASKING = {
    "exists",
    "is_file",
    "is_dir",
    "is_symlink",
    "lexists",
    "isfile",
    "isdir",
    "islink",
    "getsize",
    "getmtime",
}
ASKING |= {"stat", "lstat", "access"}


def asks_about_paths(tree: ast.AST) -> Iterator[str]:
    """Each ``x.exists()`` and the like; functions of ours that are called by their bare name do not count."""
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in ASKING
        ):
            yield f"line {node.lineno}: {ast.unparse(node)}"


def test_whether_a_path_exists_is_asked_in_one_way() -> None:
    """``namegen/files.py`` has it: ``look``, ``is_file``, ``is_folder``, ``is_there``, ``is_taken``."""
    for path in modules():
        if path != PACKAGE / "files.py":
            assert not list(asks_about_paths(parsed(path))), path


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


def test_what_is_light_loads_no_heavy_library(tmp_path: Path) -> None:
    assert run_python(LIGHT_USES, tmp_path).splitlines()[-1].strip() == "loaded"


def test_importing_namegen_does_not_even_load_numpy(tmp_path: Path) -> None:
    code = (
        "import sys, namegen\nfrom namegen.cli import cli\ncli(['--help'], standalone_mode=False)\n"
    )
    assert run_python(f"{code}print('numpy' in sys.modules)", tmp_path).splitlines()[-1] == "False"


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
    for library in ("keras", "tensorflow", "ai_edge_litert", "faker"):  # what the extras bring
        if library in FLOORS.get(floor_of(module_name(path)), (set(), set()))[1]:
            require(library)
    monkeypatch.chdir(tmp_path)
    results = doctest.testmod(importlib.import_module(module_name(path)))
    assert results.attempted
    assert not results.failed


def documents() -> list[Path]:
    of_folders = [
        *(ROOT / "docs").rglob("*.md"),
        *PACKAGE.rglob("*.md"),
        *ROOT.glob("examples/*/*.md"),
    ]
    tracked = [*ROOT.glob("*.md"), *of_folders]
    return sorted(path for path in tracked if path.name != "LICENSE.md")


def test_files_that_documents_name_exist() -> None:
    """Paths in backticks that begin with a folder of the project."""
    folders = r"namegen|docs|tests|configs|benchmarks|examples|\.ci"
    for path in documents():
        for name in re.findall(rf"`((?:{folders})/[\w./-]*\w/?)`", path.read_text("utf-8")):
            assert (ROOT / name).exists(), f"{path} speaks of {name}"


def test_documents_and_constraints_name_no_server_for_packages() -> None:
    assert "://" not in (ROOT / "constraints.txt").read_text(encoding="utf-8")
    pins = [
        line
        for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
        if line[:1] != "#"
    ]
    assert all(re.fullmatch(r"[\w.-]+==[\w.+!-]+", pin) for pin in pins)


def test_no_package_has_only_one_file() -> None:
    code = {folder: sorted(folder.glob("*.py")) for folder in {path.parent for path in modules()}}
    alone = {
        folder.name
        for folder, files in code.items()
        if len(files) == 1 and not list(folder.glob("*/*.py"))
    }
    assert alone <= {"lists", "models"}  # data with its reader
