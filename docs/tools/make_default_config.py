"""Write ``configs/default.toml`` and the configuration reference from the descriptions of the settings.

With ``--check``, compare them with what's there.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from textwrap import fill

from options import is_check_requested, write_or_check

from namegen.backends import ENGINES
from namegen.core.settings import About
from namegen.errors import NamegenError
from namegen.settings_toml import TABLES, Config, write_config

ROOT = Path(__file__).parents[2]
DEFAULT_CONFIG = ROOT / "configs" / "default.toml"
PAGE = ROOT / "docs" / "reference" / "configuration.md"
CONFIG_HEAD = """\
# The default settings: `namegen train` does the same without a config.
#
# `make docs` writes this file from the descriptions of the settings. Don't edit it by hand.
# A comment such as `# epochs: chosen for the list` is a setting whose default follows a rule.
"""
PAGE_HEAD = """\
# Configuration

A config is a TOML file that contains training settings. Pass it with `--config`. Options on the command line
override its values:

<!-- not run: trains for minutes -->
```
namegen train --config my.toml --epochs 20
```

Your config only needs to contain the settings that you want to change:

```toml
[data]
names = "friends.txt"

[network]
cell = "lstm"
hidden = [96]

[training]
epochs = 40
seed = 7
```

`namegen configs` lists the configs that come with namegen. Each run saves its complete settings to
`config.toml`. To repeat a run, pass that file with `--config`. If a config contains an unknown key, namegen
reports an error and suggests the closest match.

A config for `namegen sweep` also has a `[grid]` table, which lists the values to try. For details, see [Compare
backends and settings](../guides/compare.md).

The tables below list all settings. Each option has the same name as its setting, but with hyphens. For example,
`--label-smoothing` sets `label_smoothing`. """
LIST_OF_NAMES = "The training list: a built-in list, a file of names, or - for standard input."
SECTION_TITLES = {
    "data": "The list",
    "network": "The network",
    "training": "Training",
    "run": "The run",
}


def default_config() -> str:
    """Write all settings with their defaults, each below its description."""
    lines = [CONFIG_HEAD]
    settings_class = Config
    for line in write_config(Config()).splitlines():
        if line.startswith("["):
            settings_class = TABLES[line.strip("[]")]
            lines.append(line)
        elif line:
            lines += _described(line, settings_class)
    return "\n".join(lines)


def _described(line: str, settings_class: type) -> Iterator[str]:
    """Yield a setting's description and its line, both wrapped."""
    name = line.removeprefix("# ").partition(" ")[0]
    about = About.of(settings_class, name)
    description = _description(about)
    if about.expected:
        description += f" Value: {about.expected}."
    yield fill(
        description, 100, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False
    )
    follows_rule = line.startswith("#")
    if follows_rule:
        rule = as_written(about.default or "none")
        line = fill(f"# {name}: {rule}", 100, subsequent_indent="#     ")
    yield f"{line}\n"


def _description(about: About) -> str:
    text = as_written(about.help or LIST_OF_NAMES)
    return text.replace("{}", " or ".join(ENGINES))


def as_written(text: str) -> str:
    """Write the settings that a text names the way a config does.

    Texts name settings in a neutral way, and each kind of message writes them as its reader does.
    """
    return str(NamegenError(text))


def page() -> str:
    """Write the reference page: a table of settings for each table of a config."""
    default_lines = write_config(Config()).splitlines()
    parts = [PAGE_HEAD]
    for table, settings_class in TABLES.items():
        if table not in SECTION_TITLES:
            continue
        parts.append(f"## {SECTION_TITLES[table]}: `[{table}]`\n")
        parts.append("| setting | default | description |\n| --- | --- | --- |")
        parts += [
            _row(settings_class, field.name, default_lines)
            for field in fields(settings_class)
            if _is_in_config(field.name, default_lines)
        ]
        parts.append("")
    return "\n".join(parts)


def _is_in_config(name: str, default_lines: list[str]) -> bool:
    return any(line.removeprefix("# ").startswith(f"{name} ") for line in default_lines)


def _row(settings_class: type, name: str, default_lines: list[str]) -> str:
    about = About.of(settings_class, name)
    default = f"`{_stored_default(name, default_lines)}`"
    if about.default:
        default = as_written(about.default)
    elif default == "``":
        default = "none"
    description = _description(about)
    if about.expected:
        description += f" Value: {about.expected}."
    return f"| `{name}` | {default} | {description} |"


def _stored_default(name: str, default_lines: list[str]) -> str:
    """Return a setting's default as TOML, or nothing if it has none."""
    for line in default_lines:
        key, _, value = line.partition(" = ")
        if key == name:
            return value
    return ""


def main() -> None:
    """Write the two files, or compare them."""
    documents = {DEFAULT_CONFIG: default_config(), PAGE: page()}
    write_or_check(documents, check=is_check_requested(__doc__, sys.argv[1:]))


if __name__ == "__main__":
    main()
