"""Export of a trained network as a .tflite file that's checked before it's written.

``contents.py`` creates the file's bytes. This module opens them in the LiteRT runtime, compares the results with the
NumPy backend's at every prefix of a list of names, and writes the file only if they agree. It doesn't need TensorFlow.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from namegen.backends.opening import NOT_EXPORTABLE, check_export, logits_of, open_network
from namegen.backends.tflite.contents import contents_of, to_bytes_of
from namegen.backends.tflite.runtime import TFLiteModel
from namegen.backends.tflite.weights import quantizable
from namegen.core.checkpoint.checkpoint import Checkpoint
from namegen.core.checkpoint.self_test import self_test_logits
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.vocabulary import END_TOKEN
from namegen.core.engine import Engine, LanguageModel
from namegen.core.evaluation.evaluator import AccuracyEvaluator, Metrics
from namegen.core.evaluation.prefix_reader import read_prefixes
from namegen.core.generation.generator import Generator
from namegen.core.generation.sampling import pick
from namegen.core.models import all_log_probabilities
from namegen.errors import NamesError, OutputError, SettingsError, setting
from namegen.files import check_output, write_whole
from namegen.types import Array, Float64

DRAWN_NAMES = 1000  # how many names the check draws
MAX_CHARACTERS = 200_000  # of all drawn names together, if none of them ends: 1,000 names of 200
SEED = 0
# The largest difference from the source: of the logits, or for int8 of the loss in nats per character.
TOLERANCES = {"none": 1e-4, "float16": 1e-2, "int8": 1e-2}
FLOAT16_SHARE = 0.9  # of the tolerance; the rest is for rounding in the runtime
# The share of the drawn names that must be the same with the sampling loop and the steps. Rounding changes a few.
LOOP_SHARE = 0.9
LOG_PROBABILITY_TOLERANCE = 1e-3  # nats


@dataclass(frozen=True)
class ExportReport:
    """What was exported, and how close the file is to its source."""

    out: str
    quantize: str
    bytes: int  #: the file's size
    names: int  #: how many names the file was checked with
    left_out: int  #: names with characters that the model doesn't know
    prefixes: int  #: distinct prefixes of the names, for each start token
    largest_logit_difference: float  #: over all prefixes and token ids
    before: Metrics  #: of the source, on the names
    after: Metrics  #: of the file
    seconds: float
    quantized: tuple[str, ...] = ()  #: the weight arrays that are stored in 16 or 8 bits
    quantizable: int = 0  #: how many weight arrays are large enough for that
    known_names: int = 0  #: how many known names the file contains

    def to_dict(self) -> dict[str, object]:
        """Convert the report to plain values, which ``export-tflite --json`` prints."""
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
    """Export a checkpoint as a .tflite file.

    namegen only writes the file if it computes the same logits as the checkpoint.

    Args:
        checkpoint: the trained network, from any backend.
        path: the file to write.
        quantize: ``none`` stores all weights as float32. ``float16`` stores as many weights in half precision as the
            tolerance allows. ``int8`` stores large weight arrays in 8 bits.
        names: names for the check. By default, 1,000 names are drawn from the model, always the same ones, and fewer
            if they may be long.
        force: overwrite an existing file.
        without_names: don't store the hashes of the training names (ten bits per name). The file then can't recognize
            which names are new.

    Raises:
        OutputError: the file exists or can't be written, the cell is unknown or was changed, or the results differ too
            much. In each case, nothing is written, and an existing file stays as it was.
        CheckpointError: the backend that trained the network doesn't compute the stored logits.
        SettingsError: ``quantize`` is unknown.
        NamesError: the model can't read any of the names.
    """
    started = time.perf_counter()
    if quantize not in TOLERANCES:
        raise SettingsError(f"quantize is {quantize!r}: expected one of {', '.join(TOLERANCES)}")
    path = check_output(path, example="model.tflite", force=force)
    if path.suffix != ".tflite":
        raise OutputError(
            f"{path} doesn't end with .tflite: choose a file name such as model.tflite"
        )

    # Check that an unquantized .tflite would compute the same as the backend.
    network_alone = replace(checkpoint, probe=None, known_names=None)
    unquantized = TFLiteModel(to_bytes_of(contents_of(network_alone, "none")))
    source = open_network(checkpoint, "the model", advice=NOT_EXPORTABLE)
    check_export(
        checkpoint, "the model", "a .tflite", lambda tokens: logits_of(unquantized, tokens)
    )

    # Choose the names to check the file with. Without a list, draw them.
    vocabulary = checkpoint.vocabulary
    start_tokens = checkpoint.start_tokens
    numbers_per_name = start_tokens.numbers + checkpoint.max_length
    drawn_names = min(DRAWN_NAMES, MAX_CHARACTERS // numbers_per_name)
    uniforms = np.random.default_rng(SEED).random((drawn_names, numbers_per_name))
    if names is None:
        generator = Generator(source, vocabulary, start_tokens=start_tokens)
        names = vocabulary.decode_all(generator.draw_one_by_one(uniforms))
    readable = [name for name in names if not vocabulary.unknown(name)]
    if not readable:
        raise NamesError(
            f"none of the {len(names):,} names has only characters that the model knows: "
            "pass names like those in its training list"
        )
    # The names, once after each start token.
    token_of_name = np.repeat(start_tokens.tokens, len(readable)).tolist()
    tree = PrefixTree.from_names(readable * len(start_tokens.tokens), vocabulary, token_of_name)

    # Write the file in memory, and open it in LiteRT. A file whose weights are quantized doesn't give quite the same
    # logits as its source, so it contains its own for the self-test.
    checkpoint = replace(checkpoint, probe=None)
    if without_names:
        checkpoint = replace(checkpoint, known_names=None)
    quantized = large = quantizable(checkpoint.network, quantize)
    half: tuple[str, ...] = ()
    if quantize == "float16":
        quantized = half = weights_in_half(checkpoint, source, tree)
    without_probe = TFLiteModel(to_bytes_of(contents_of(checkpoint, quantize, half)))
    probe = self_test_logits(without_probe, checkpoint.network.start_tokens[0])
    checkpoint = replace(checkpoint, probe=probe)
    content = to_bytes_of(contents_of(checkpoint, quantize, half))
    model = TFLiteModel(content)

    # Compare it with the source, and write it if they agree.
    before = AccuracyEvaluator(source).evaluate(tree)
    after = AccuracyEvaluator(model).evaluate(tree)
    logit_difference = largest_difference(source, model, tree)
    if quantize == "int8":
        loss_difference = abs(after.loss_nats_per_char - before.loss_nats_per_char)
        check_close(quantize, "difference of the loss in nats per character", loss_difference)
    else:
        check_close(quantize, "largest difference of logits", logit_difference)
    if model.metadata.to_plain() != checkpoint.to_export().to_plain():
        raise OutputError(
            "the .tflite doesn't contain the metadata of its source; no file was written"
        )
    check_loop(model, uniforms)
    write_whole(path, content)
    known_names = model.metadata.known_names
    return ExportReport(
        out=str(path),
        quantize=quantize,
        bytes=len(content),
        names=len(readable),
        left_out=len(names) - len(readable),
        prefixes=tree.nodes,
        largest_logit_difference=logit_difference,
        before=before,
        after=after,
        seconds=time.perf_counter() - started,
        quantized=quantized,
        quantizable=len(large),
        known_names=0 if known_names is None else len(known_names),
    )


def weights_in_half(checkpoint: Checkpoint, source: Engine, tree: PrefixTree) -> tuple[str, ...]:
    """Choose the kernels to store in half precision, so that the logits stay close to the source's.

    A recurrent network feeds its rounding errors back at every character, so a well-trained one can't have all kernels
    in half precision. Kernels with the smallest error per weight are chosen first.

    Args:
        checkpoint: the trained network.
        source: a backend that reads the checkpoint.
        tree: the names to measure the errors with.
    """
    rounded = type(source)(checkpoint.network, None, threads=1)

    def error_of(names: list[str]) -> float:
        """Return the largest difference of logits if these kernels are rounded."""
        parameters = dict(checkpoint.parameters)
        for name in names:
            parameters[name] = parameters[name].astype(np.float16).astype(np.float32)
        rounded.set_state(parameters)
        return largest_difference(source, rounded, tree)

    # 1. Sort the kernels by their error per weight, if only this kernel is rounded.
    kernels = quantizable(checkpoint.network, "float16")
    error_per_weight = {
        name: error_of([name]) / checkpoint.parameters[name].size for name in kernels
    }
    # 2. Choose each kernel that keeps the error of all chosen ones within the tolerance.
    chosen: list[str] = []
    for name in sorted(kernels, key=error_per_weight.__getitem__):
        if error_of([*chosen, name]) <= FLOAT16_SHARE * TOLERANCES["float16"]:
            chosen.append(name)
    return tuple(name for name in kernels if name in chosen)


def largest_difference(first: LanguageModel, second: LanguageModel, tree: PrefixTree) -> float:
    """Return the largest difference of two models' logits, at all prefixes of a tree. It can be NaN."""
    largest = 0.0
    pairs = zip(read_prefixes(first, tree), read_prefixes(second, tree), strict=True)
    for chunk, other_chunk in pairs:
        difference = np.abs(chunk.logits - other_chunk.logits).max()
        largest = float(np.maximum(largest, difference))  # max would lose a NaN
    return largest


def disagreement(quantize: str, reason: str) -> OutputError:
    """Return the error for a file whose results differ too much from the source's."""
    advice = f"choose another {setting('quantize')}"
    if quantize == "none":
        advice = "use another version of LiteRT"
    return OutputError(
        f"the .tflite ({quantize}) differs from its source: {reason}; no file was written, {advice}"
    )


def check_close(quantize: str, metric: str, difference: float) -> None:
    """Raise OutputError if the difference of a file and its source is too large, or NaN."""
    is_close = difference <= TOLERANCES[quantize]  # False for NaN
    if not is_close:
        expected = f"expected at most {TOLERANCES[quantize]:g}"
        raise disagreement(quantize, f"{metric} {difference:.2g}, {expected}")


def check_loop(model: TFLiteModel, uniforms: Float64[Array, "n numbers"]) -> None:
    """Check that a file's sampling loop draws what its steps draw, with the same probabilities.

    Args:
        model: the file.
        uniforms: uniform random numbers, one row per name.

    Raises:
        OutputError: it doesn't.
    """
    tokens, log_probabilities = model.generate_tokens(uniforms)  # (n, T), (n,)
    # 1. Draw the same names with single steps.
    start_tokens = model.metadata.start_tokens
    generator = Generator(model, model.metadata.vocabulary, start_tokens=start_tokens)
    expected_tokens = generator.draw_one_by_one(uniforms)  # (n, T)
    # 2. Compute their log-probabilities, given their start tokens, up to the first end token.
    shares = np.tile(start_tokens.shares, (len(uniforms), 1))  # (n, start tokens)
    last = start_tokens.ids[pick(uniforms[:, 0], shares)]  # (n,)
    rows = np.arange(len(uniforms))
    state = model.initial_state(len(uniforms))
    expected = np.zeros(len(uniforms))  # (n,)
    is_unfinished = np.ones(len(uniforms), bool)  # (n,)
    for column in expected_tokens.T:
        logits, state = model.step(last, state)
        log_probability = all_log_probabilities(logits)[rows, column]  # (n,)
        expected += np.where(is_unfinished, log_probability, 0)
        is_unfinished &= column != END_TOKEN
        last = column
    # 3. Compare them.
    has_same_tokens = (tokens == expected_tokens).all(axis=1)
    has_same_probability = np.isclose(log_probabilities, expected, atol=LOG_PROBABILITY_TOLERANCE)
    same_share = float((has_same_tokens & has_same_probability).mean())
    if not same_share >= LOOP_SHARE:
        raise disagreement(
            model.quantize,
            f"its sampling loop gives only {same_share:.1%} of the names that its steps give, with their "
            f"log-probabilities, expected at least {LOOP_SHARE:.0%}",
        )
