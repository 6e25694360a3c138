"""Export of a trained network, of either engine, as a ``.tflite`` that has been held against its source.

``contents.py`` makes the file's bytes; here they are opened in the LiteRT runtime, compared with the NumPy engine at
every prefix of a list of names, and only then written. TensorFlow is not needed.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import cast

import numpy as np

from namegen.backends.opening import check_export, engine_to_export, logits_of
from namegen.backends.tflite.contents import contents_of, to_bytes_of
from namegen.backends.tflite.layers import OPERATIONS
from namegen.backends.tflite.runtime import TFLiteModel, find_interpreter
from namegen.backends.tflite.weights import quantizable
from namegen.core.checkpoint.checkpoint import Checkpoint
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.vocabulary import BOUNDARY
from namegen.core.engine import Engine, LanguageModel, State
from namegen.core.evaluation.evaluator import AccuracyEvaluator, Metrics, probe
from namegen.core.generation.generator import Generator
from namegen.core.generation.sampling import pick
from namegen.core.models import all_log_probabilities
from namegen.core.network.architecture import exportable
from namegen.errors import CheckpointError, NamesError, OutputError, SettingsError, setting
from namegen.files import check_output, write_whole
from namegen.types import Array, Float, Float64, Int, Int32

DRAWN_NAMES, SEED = 1000, 0  # the names that a file is checked with, where none are given
MAX_CHARACTERS = 200_000  # of all of them, should none of them end: 1,000 names of up to 200
# How far a file may be from its source: in its logits; for int8, in its loss in nats per character.
TOLERANCES = {"none": 1e-4, "float16": 1e-2, "int8": 1e-2}
# Of the drawn names, those that the loop in the file must spell and score as its steps do; rounding costs a few.
LOOP_SHARE, SCORE_TOLERANCE = 0.9, 1e-3  # nats


@dataclass(frozen=True)
class ExportReport:
    """What was exported, and how near it is to its source."""

    out: str
    quantize: str
    bytes: int
    names: int  # that it was checked with
    left_out: int  # names given that hold characters which the model does not know
    prefixes: int  # the names' distinct ones, behind each beginning
    largest_logit_difference: float  # over all ids at all distinct prefixes of the names
    before: Metrics  # of the source, on the names
    after: Metrics  # of the file
    seconds: float
    quantized: tuple[str, ...] = ()  # the weights that are stored in 16 or 8 bits
    quantizable: int = 0  # how many arrays of weights are large enough for that
    known_names: int = 0  # that the file carries

    def to_dict(self) -> dict[str, object]:
        """The object of ``export-tflite --json``."""
        return {**asdict(self), "before": self.before.to_dict(), "after": self.after.to_dict()}


def export_tflite(
    checkpoint: Checkpoint,
    path: Path | str,
    *,
    quantize: str = "none",
    names: Sequence[str] | None = None,
    force: bool = False,
    without_names: bool = False,
) -> ExportReport:
    """Write a checkpoint as a ``.tflite``, if the file gives what the checkpoint gives.

    Args:
        checkpoint: from either engine.
        path: the file.
        quantize: ``none`` (float32); ``float16``, as many weights in half precision as the tolerance allows; ``int8``,
            weights in 8 bits.
        names: what it is checked with; None: 1,000 drawn from the model itself, always the same; fewer long ones.
        force: overwrite a file that exists.
        without_names: leave out the digests of the names that the model learned from (ten bits each); then the file
            cannot say which names are new.

    Raises:
        OutputError: the file exists or cannot be written, the cell is unknown or was changed, or what was made differs
            too much: then nothing is left behind, and what was there is kept.
        EngineError: LiteRT is not installed.
        CheckpointError: an engine trained it that computes something else.
        SettingsError: an unknown quantisation. NamesError: none of the names can be read by the model.
    """
    started = time.perf_counter()
    if quantize not in TOLERANCES:
        raise SettingsError(f"quantize is {quantize!r}: expected one of {', '.join(TOLERANCES)}")
    path = check_output(path, example="model.tflite", force=force)
    if path.suffix != ".tflite":
        raise OutputError(
            f"{path} does not end with .tflite, as namegen expects: give a name such as model.tflite"
        )
    find_interpreter()
    network = exportable(checkpoint.network, OPERATIONS, "a .tflite")
    source = engine_to_export(checkpoint, "the model")
    # The operators have to compute what the NumPy engine does, whatever the quantisation.
    plain = TFLiteModel(
        to_bytes_of(contents_of(replace(checkpoint, probe=None, known_names=None), "none"))
    )
    check_export(checkpoint, "the model", "a .tflite", partial(logits_of, plain))
    checkpoint = replace(checkpoint, probe=probe(source, network.beginnings[0]))
    if without_names:
        checkpoint = replace(checkpoint, known_names=None)
    beginnings = checkpoint.beginnings
    numbers = beginnings.numbers + checkpoint.max_length
    count = min(DRAWN_NAMES, MAX_CHARACTERS // numbers)
    uniforms = np.random.default_rng(SEED).random((count, numbers))
    if names is None:
        tokens = Generator(source, checkpoint.vocabulary, beginnings=beginnings).draw_one_by_one(
            uniforms
        )
        names = checkpoint.vocabulary.decode_all(tokens)
    known = [name for name in names if not checkpoint.vocabulary.unknown(name)]
    if not known:
        raise NamesError(
            f"none of the {len(names):,} names has only characters that the model knows: "
            "give names like those that it was trained on"
        )
    behind_each = [token for token in beginnings.tokens for _ in known]
    tree = PrefixTree.from_names(known * len(beginnings.tokens), checkpoint.vocabulary, behind_each)

    large = quantizable(network, quantize)
    half = weights_in_half(checkpoint, source, tree) if quantize == "float16" else ()
    content = to_bytes_of(contents_of(checkpoint, quantize, half))
    try:
        model = TFLiteModel(content)
    except CheckpointError as error:
        # The network itself was compared already: what is opened differs by its weights' precision alone.
        reason = (
            str(error)
            if quantize == "none"
            else "its weights are too inexact to give the results of this model"
        )
        raise disagreement(quantize, reason) from error
    pair = Pair(source, model)
    before = AccuracyEvaluator(pair).evaluate(tree)
    after = AccuracyEvaluator(model).evaluate(tree)
    figure, found = "largest difference of logits", pair.largest_difference
    if quantize == "int8":
        figure = "difference of the loss in nats per character"
        found = abs(after.loss_nats_per_char - before.loss_nats_per_char)
    if not found <= TOLERANCES[quantize]:  # a NaN is too far
        raise disagreement(
            quantize, f"{figure} {found:.2g}, expected at most {TOLERANCES[quantize]:g}"
        )
    check_parts_and_loop(checkpoint, model, uniforms)
    write_whole(path, content)
    return ExportReport(
        out=str(path),
        quantize=quantize,
        bytes=len(content),
        names=len(known),
        left_out=len(names) - len(known),
        prefixes=tree.nodes,
        largest_logit_difference=pair.largest_difference,
        before=before,
        after=after,
        seconds=time.perf_counter() - started,
        quantized=half if quantize == "float16" else large,
        quantizable=len(large),
        known_names=0 if model.metadata.known_names is None else len(model.metadata.known_names),
    )


def weights_in_half(checkpoint: Checkpoint, source: Engine, tree: PrefixTree) -> tuple[str, ...]:
    """The kernels that can be rounded to half precision, together, with the logits still near enough to the source.

    A recurrent network reads its own rounding errors again at every character, so in one that was trained well not all
    can. Those that cost least for each number saved come first.
    """

    def error(names: Sequence[str]) -> float:
        rounded = type(source)(checkpoint.network, None, threads=1)
        rounded.set_state(rounded_to_half(checkpoint, names).parameters)
        pair = Pair(source, rounded)
        AccuracyEvaluator(pair).evaluate(tree)
        return pair.largest_difference

    limit = 0.9 * TOLERANCES["float16"]  # the rest is for the runtime's own rounding
    kernels = quantizable(checkpoint.network, "float16")
    chosen: list[str] = []
    for name in sorted(kernels, key=lambda name: error([name]) / checkpoint.parameters[name].size):
        if error([*chosen, name]) <= limit:
            chosen.append(name)
    return tuple(sorted(chosen, key=kernels.index))


def rounded_to_half(checkpoint: Checkpoint, names: Sequence[str]) -> Checkpoint:
    """The same checkpoint with some of its parameters rounded to what half precision can hold."""
    rounded = {
        name: checkpoint.parameters[name].astype(np.float16).astype(np.float32) for name in names
    }
    return replace(checkpoint, parameters={**checkpoint.parameters, **rounded})


class Pair:
    """Two models that read the same, one beside the other: a LanguageModel that gives the first one's logits and keeps
    the largest difference to the second one's.
    """

    def __init__(self, first: LanguageModel, second: LanguageModel) -> None:
        self.models, self.vocabulary_size = (first, second), first.vocabulary_size
        self.largest_difference = 0.0

    def initial_state(self, rows: int) -> list[State]:
        """Both states."""
        return [model.initial_state(rows) for model in self.models]

    def step(
        self, tokens: Int32[Array, "B"], state: State
    ) -> tuple[Float[Array, "B V"], list[State]]:
        """Read with both, and compare."""
        (first, first_state), (second, second_state) = (
            model.step(tokens, part)
            for model, part in zip(self.models, cast(list[State], state), strict=True)
        )
        difference = np.abs(first - second).max()
        self.largest_difference = float(
            np.maximum(self.largest_difference, difference)
        )  # keeps a NaN, as max does not
        return first, [first_state, second_state]

    def select(self, state: State, rows: Int[Array, "K"]) -> list[State]:
        """Gather rows of both states."""
        return [
            model.select(part, rows)
            for model, part in zip(self.models, cast(list[State], state), strict=True)
        ]


def disagreement(quantize: str, reason: str) -> OutputError:
    """The error for a file that is not good enough; another quantisation is advised where one was chosen."""
    advice = (
        "use another version of LiteRT"
        if quantize == "none"
        else f"choose another {setting('quantize')}"
    )
    return OutputError(
        f"the .tflite ({quantize}) differs from its source: {reason}; no file was written, {advice}"
    )


def check_parts_and_loop(
    checkpoint: Checkpoint, model: TFLiteModel, uniforms: Float[Array, "n T"]
) -> None:
    """Raise OutputError if the file does not give back the rest of its source, or draws otherwise by its own loop."""
    metadata = model.metadata
    if metadata.to_plain() != checkpoint.to_export().to_plain():
        raise OutputError(
            "the .tflite does not give back the metadata of its source; no file was written"
        )
    apart = Generator(model, metadata.vocabulary, beginnings=metadata.beginnings).draw_one_by_one(
        uniforms
    )
    tokens, scores = model.generate_tokens(uniforms)
    first = metadata.beginnings.ids[
        pick(uniforms[:, 0], np.tile(metadata.beginnings.shares, (len(uniforms), 1)))
    ]
    near = np.isclose(scores, scores_of(model, first, apart), atol=SCORE_TOLERANCE)
    same = ((tokens == apart).all(axis=1) & near).mean()
    if not same >= LOOP_SHARE:
        raise disagreement(
            model.quantize,
            f"its sampling loop gives only {same:.1%} of the names that its steps give, with their log-probabilities, "
            f"expected at least {LOOP_SHARE:.0%}",
        )


def scores_of(
    model: LanguageModel, first: Int32[Array, "n"], tokens: Int32[Array, "n T"]
) -> Float64[Array, "n"]:
    """The log-probability of each row behind its first token, up to its first boundary, in nats."""
    last, state = first, model.initial_state(len(tokens))
    each = np.zeros(tokens.shape)
    for place, column in enumerate(tokens.T):
        logits, state = model.step(last, state)
        each[:, place] = all_log_probabilities(logits)[np.arange(len(tokens)), column]
        last = column
    each[:, 1:] *= tokens[:, :-1] != BOUNDARY
    total: Float64[Array, "n"] = each.sum(axis=1)
    return total
