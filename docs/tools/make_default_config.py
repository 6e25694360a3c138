"""Write ``configs/default.toml`` and the configuration reference from the descriptions of the settings.

With ``--check``, compare them with the files.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path
from textwrap import fill

from options import is_check_requested, write_or_check

from namegen.backends import ENGINES
from namegen.core.settings import TABLES, About, Config
from namegen.errors import NamegenError
from namegen.settings_toml import write_config

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

The tables below list all settings. [Training defaults](../concepts/training-defaults.md) lists the defaults that are
chosen for the list. Each option has the same name as its setting, but with hyphens. For example, `--label-smoothing`
sets `label_smoothing`. The list (`names`) isn't an option but an argument, and `--no-bptt` and `--no-plot` set the
settings `bptt` and `plot` to `false`.
"""
LIST_OF_NAMES = "The training list: a built-in list, a file of names, or - for standard input."
SECTION_TITLES = {
    "data": "The list",
    "network": "The network",
    "training": "Training",
    "run": "The run",
}


# --- the settings -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Setting:
    """A setting, with its documentation."""

    name: str
    about: About
    stored_default: (
        str  # as TOML; empty if the setting has no default, or if its default follows a rule
    )

    @property
    def description(self) -> str:
        """Its meaning and the accepted values."""
        description = (self.about.help or LIST_OF_NAMES).replace("{}", " or ".join(ENGINES))
        lists_values = "{}" in self.about.help
        if self.about.choices:
            choices = ", ".join(f'`"{choice}"`' for choice in self.about.choices)
            description += f" Value: one of {choices}."
        elif self.about.expected and not lists_values:
            description += f" Value: {self.about.expected}."
        return as_in_config(description, self.about)

    @property
    def default_rule(self) -> str:
        """The rule that the default follows, in words. It's empty if there is no rule."""
        return as_in_config(self.about.default, self.about)


def read_settings() -> dict[str, list[Setting]]:
    """Return the settings of each table, in the order of a config."""
    settings: dict[str, list[Setting]] = {}
    for line in write_config(Config()).splitlines():
        if line.startswith("["):
            table = line.strip("[]")
            settings[table] = []
        elif line:
            settings[table].append(_parse_setting(line, TABLES[table]))
    return settings


def _parse_setting(line: str, settings_class: type) -> Setting:
    """Parse a line of the default config, such as ``momentum = 0.9`` or ``# epochs is not set``."""
    if line.startswith("# "):
        name = line.removeprefix("# ").removesuffix(" is not set")
        stored_default = ""
    else:
        name, _, stored_default = line.partition(" = ")
    return Setting(name, About.of(settings_class, name), stored_default)


def as_in_config(text: str, about: About) -> str:
    """Write the settings and values in a description the way a config does."""
    for choice in about.choices:  # at the start of a clause, as in "plain: …; company: …"
        text = re.sub(rf"(?:^|(?<=[;.] )){choice}(?=[:;]| with| for)", f'`"{choice}"`', text)
    for written, in_toml in about.in_toml.items():
        text = text.replace(written, in_toml)
    return NamegenError(text).message_with(_toml_setting)


def _toml_setting(name: str, value: str | None) -> str:
    """Write a setting, and its value if there is one.

    >>> _toml_setting("quick", "True"), _toml_setting("split", "by-row")
    ('`quick = true`', '`split = "by-row"`')
    """
    if value is None:
        return f"`{name}`"
    if value in ("True", "False"):
        return f"`{name} = {value.lower()}`"
    return f'`{name} = "{value}"`'


# --- the config -------------------------------------------------------------------------------------------------------


def default_config() -> str:
    """Write all settings with their defaults, each below its description."""
    lines = [CONFIG_HEAD]
    for table, settings in read_settings().items():
        lines.append(f"[{table}]")
        for setting in settings:
            lines.append(_comment(setting.description))
            lines.append(f"{_config_line(setting)}\n")
    return "\n".join(lines)


def _comment(text: str) -> str:
    """Wrap a text as a comment."""
    return fill(text, 100, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False)


def _config_line(setting: Setting) -> str:
    """Return a setting and its default, or a comment with the rule for the default."""
    if setting.stored_default:
        return f"{setting.name} = {setting.stored_default}"
    rule = setting.default_rule or "none"
    return fill(f"# {setting.name}: {rule}", 100, subsequent_indent="#     ")


# --- the page ---------------------------------------------------------------------------------------------------------


def reference_page() -> str:
    """Write the reference page, with one table of settings for each table of a config."""
    settings = read_settings()
    parts = [PAGE_HEAD]
    for table, title in SECTION_TITLES.items():
        parts.append(f"## {title}: `[{table}]`\n")
        parts.append("| setting | default | description |\n| --- | --- | --- |")
        parts += [_row(setting) for setting in settings[table]]
        parts.append("")
    return "\n".join(parts)


def _row(setting: Setting) -> str:
    """Return the row of a setting."""
    default = setting.default_rule
    if not default:
        default = f"`{setting.stored_default}`" if setting.stored_default else "none"
    return f"| `{setting.name}` | {default} | {setting.description} |"


def main() -> None:
    """Write the two files, or check them."""
    check = is_check_requested(__doc__, sys.argv[1:])
    write_or_check({DEFAULT_CONFIG: default_config(), PAGE: reference_page()}, check=check)


if __name__ == "__main__":
    main()
