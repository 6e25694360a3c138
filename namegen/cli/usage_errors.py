"""Short, one-line messages about wrong usage, with suggestions. Click's own suggestions are often far off."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress

import click

from namegen.cli.terminal import printable
from namegen.errors import MAX_MESSAGE, nearest, shortened

# Maps options that users may try to their real names. The first lines are names from earlier versions.
SYNONYMS = {
    "--engine": "--backend",
    "--effort": "--quick",
    "--from": "--base-model",
    "--init": "--initializer",
    "--schedule": "--lr-schedule",
    "--rate-steps": "--lr-steps",
    "--through-time": "--bptt",
    "--best-by": "--monitor",
    "--repeats": "--duplicates",
    "--sameness": "--name-type",
    "--best": "--most-likely",
    "--blend": "--blend-weights",
    "--banned": "--exclude-words",
    "--avoid": "--exclude-names",
    "--rude": "--allow-profanity",
    "--scheduler": "--dask",
    "--lr": "--learning-rate",
    "--units": "--hidden",
    "--batch": "--batch-size",
    "--dropout": "--output-dropout",
    "--clip": "--clip-norm",
    "--base": "--base-model",
    "--count": "-n",
    "--number": "-n",
    "--output": "--out",
    "--prefix": "--starts-with",
    "--suffix": "--ends-with",
    "--regex": "--matches",
    "--nationality": "--origin",
    "--country": "--origin",
    "--sex": "--gender",
}
NUMBER_TYPES = (click.types.IntParamType, click.types.FloatParamType)


@contextmanager
def short_usage_errors() -> Iterator[None]:
    """Shorten click's usage errors, which contain the whole argument even if it's long."""
    try:
        yield
    # No command was passed, so the message is the whole help.
    except click.exceptions.NoArgsIsHelpError:
        raise
    except click.UsageError as error:
        message = printable(_message(error))
        raise click.UsageError(
            shortened(message, MAX_MESSAGE - len("Error: ")), error.ctx
        ) from error


def _message(error: click.UsageError) -> str:
    """Return an error's message as a single line."""
    if isinstance(error, click.NoSuchOption) and error.ctx is not None:
        params = error.ctx.command.get_params(error.ctx)
        return no_such_option(error.option_name, params)
    return " ".join(error.format_message().split())  # click writes each choice on a separate line


def no_such_option(name: str, params: Sequence[click.Parameter]) -> str:
    """Return a message about an unknown option, and suggest the option or argument that was probably meant.

    Args:
        name: the unknown option.
        params: the parameters of the command.
    """
    argument = _argument_named(name.removeprefix("--"), params)
    if argument is not None:
        return f"No such option {name!r}: pass {argument.upper()} without it."
    known = _option_names(params)
    similar = _similar_option(name, known)
    if similar is not None:
        return f"No such option {name!r}. Did you mean {similar!r}?"
    longer = _longer_options(name, known)
    if longer:
        return f"No such option {name!r}. Did you mean {' or '.join(map(repr, longer))}?"
    return f"No such option {name!r}."


def _argument_named(name: str, params: Iterable[click.Parameter]) -> str | None:
    """Return the name if an argument has it, in the singular or plural, or None otherwise."""
    arguments = [param.name for param in params if isinstance(param, click.Argument)]
    return name if name in arguments or f"{name}s" in arguments else None


def _option_names(params: Iterable[click.Parameter]) -> list[str]:
    """Return all names of a command's options, such as ``-n`` and ``--no-bptt``."""
    names: list[str] = []
    for param in params:
        if isinstance(param, click.Option):
            names += [*param.opts, *param.secondary_opts]
    return names


def _similar_option(name: str, known: Collection[str]) -> str | None:
    """Return the known option that means the same, or is spelled similarly, or None."""
    synonym = SYNONYMS.get(name)
    if synonym in known:
        return synonym
    return nearest(name, known) if len(name) > 2 else None


def _longer_options(name: str, known: Iterable[str]) -> list[str]:
    """Return the options that end with the same word, such as --min-length for --length."""
    return [option for option in known if option.endswith(name.removeprefix("-"))]


def reject_unknown_command(ctx: click.Context, name: str, commands: Collection[str]) -> None:
    """Raise UsageError if there is no such command, and suggest a similar one."""
    if name in commands or name.startswith("-"):
        return
    similar = nearest(name, commands)
    if similar:
        hint = f"did you mean {similar}?"
    else:
        hint = f"expected one of {', '.join(commands)}"
    ctx.fail(f"there is no command {name[:40]!r}: {hint}")


def reject_repeats(ctx: click.Context, args: Iterable[str]) -> None:
    """Raise UsageError if an option that takes one value is repeated, because click would only use the last value.

    Numbers can be repeated, because the second one may be meant to replace the first.
    """
    typed_params: list[click.Parameter] = []  # in the order of the command line
    with suppress(click.UsageError):  # the command reports other errors
        _, _, typed_params = ctx.command.make_parser(ctx).parse_args([*args])
    if any(param.is_eager for param in typed_params):  # such as --help
        return
    times_typed = Counter(filter(_takes_one_value, typed_params))
    for param, times in times_typed.items():
        if times > 1:
            ctx.fail(f"{param.opts[0]} was passed {times} times: pass it once")


def _takes_one_value(param: click.Parameter) -> bool:
    """Return whether an option takes a single value that isn't a number."""
    if not isinstance(param, click.Option) or param.is_flag or param.multiple:
        return False
    return not isinstance(param.type, NUMBER_TYPES)
