"""What ``export_tflite`` writes, what it says of it, and when it writes nothing."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from namegen.backends.tflite import export
from namegen.backends.tflite.contents import contents_of
from namegen.backends.tflite.export import Tolerance, export_tflite
from namegen.backends.tflite.runtime import TFLiteModel
from namegen.cli import cli
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.network.checkpoint import Checkpoint
from namegen.core.network.recurrent_network import RecurrentNetwork
from namegen.errors import NamesError, OutputError, SettingsError, install_command
from tests.tflite.conftest import CELLS
from tests.unknown_cell import network_of_an_unknown_cell

CheckpointOf = Callable[[str], Checkpoint]
Exported = Callable[..., Path]
QUANTISATIONS = ("none", "float16", "int8")


def tables(path: Path) -> Any:
    """The tables of the flatbuffer."""
    from ai_edge_litert import schema_py_generated as schema

    return schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(path.read_bytes(), 0))


def weight_bytes(model: Any) -> int:
    """What the tensors hold. (The whole file also has scales and words of varying length: of a small network they can
    take what a smaller kind of number saves.)
    """
    used = {tensor.buffer for graph in model.subgraphs for tensor in graph.tensors}
    return sum(len(model.buffers[buffer].data) for buffer in used if model.buffers[buffer].data is not None)


@pytest.mark.parametrize("cell", CELLS)
class TestTheFile:
    @pytest.mark.parametrize("quantize", QUANTISATIONS)
    def test_built_in_operators_only(self, cell: str, quantize: str, exported: Exported) -> None:
        from ai_edge_litert.schema_py_generated import BuiltinOperator

        codes = tables(exported(cell, quantize)).operatorCodes
        assert len(codes) > 20
        assert [code.customCode for code in codes if code.customCode is not None] == []
        used = {max(code.builtinCode, code.deprecatedBuiltinCode) for code in codes}
        assert BuiltinOperator.WHILE in used
        assert not used & {BuiltinOperator.CUSTOM, BuiltinOperator.DELEGATE}

    def test_weights_are_stored_once_for_all_signatures(
        self, cell: str, exported: Exported, checkpoint: CheckpointOf
    ) -> None:
        weights = 4 * checkpoint(cell).network.parameter_count
        stored = sum(len(buffer.data) for buffer in tables(exported(cell)).buffers if buffer.data is not None)
        stored -= 8 * len(checkpoint(cell).known_names)
        assert weights <= stored < 1.1 * weights + 1500

    def test_quantised_weights_take_less(self, cell: str, exported: Exported) -> None:
        from ai_edge_litert.schema_py_generated import TensorType

        sizes = [weight_bytes(tables(exported(cell, quantize))) for quantize in QUANTISATIONS]
        assert sizes[0] > sizes[1] > sizes[2]
        for quantize, kind in (("float16", TensorType.FLOAT16), ("int8", TensorType.INT8)):
            model = tables(exported(cell, quantize))
            constant = [
                tensor
                for graph in model.subgraphs
                for tensor in graph.tensors
                if tensor.type == kind and model.buffers[tensor.buffer].data is not None
            ]
            assert len({tensor.buffer for tensor in constant}) >= 3


def test_a_network_of_two_layers_of_32_takes_less_than_60_kb(tmp_path: Path) -> None:
    network = RecurrentNetwork(64, "simple_rnn", (32, 32))
    values = network.initial_parameters("glorot", rng=np.random.default_rng(0))
    vocabulary = Vocabulary("".join(map(chr, range(65, 128))))
    checkpoint = Checkpoint(network, vocabulary, {name: value.astype(np.float32) for name, value in values.items()})
    report = export_tflite(checkpoint, tmp_path / "a.tflite")
    assert report.bytes == (tmp_path / "a.tflite").stat().st_size < 60_000
    assert report.seconds < 20


class TestTheReport:
    def test_by_default_the_model_s_own_names_always_the_same(self, tmp_path: Path, checkpoint: CheckpointOf) -> None:
        first, second = (export_tflite(checkpoint("gru"), tmp_path / f"{k}.tflite") for k in range(2))
        assert first.names == 1000
        assert first.left_out == 0
        assert 500 < first.prefixes < 10_000
        assert 0 < first.largest_logit_difference < 1e-4
        assert first.after.loss_nats_per_char == pytest.approx(first.before.loss_nats_per_char, abs=1e-5)
        assert (first.before, first.prefixes) == (second.before, second.prefixes)

    def test_names_given_are_used_and_those_that_cannot_be_read_are_counted(
        self, tmp_path: Path, checkpoint: CheckpointOf
    ) -> None:
        report = export_tflite(checkpoint("lstm"), tmp_path / "a.tflite", names=["Bob", "Bob", "Ann", "Þór", "雪"])
        assert (report.names, report.left_out, report.prefixes) == (3, 2, 7)
        with pytest.raises(NamesError, match="none of the 1 names"):
            export_tflite(checkpoint("lstm"), tmp_path / "b.tflite", names=["雪"])
        assert os.listdir(tmp_path) == ["a.tflite"]

    def test_float16_rounds_only_what_the_tolerance_allows(
        self, tmp_path: Path, checkpoint: CheckpointOf, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        kernels = [name for name in checkpoint("simple_rnn").parameters if name.endswith("kernel")]
        sizes = []
        for limit, expected in ((1.0, range(5, 6)), (1.5e-3, range(1, 5)), (1e-5, range(1))):
            monkeypatch.setitem(export.TOLERANCES, "float16", Tolerance("largest difference of logits", limit))
            report = export_tflite(checkpoint("simple_rnn"), tmp_path / "a.tflite", quantize="float16", force=True)
            assert len(report.in_half_precision) in expected
            assert set(report.in_half_precision) <= set(kernels)
            assert report.largest_logit_difference <= limit
            sizes.append(report.bytes)
        assert sizes == sorted(sizes)


class TestNothingIsWritten:
    @pytest.mark.parametrize(
        ("quantize", "figure"),
        [("none", "difference of logits"), ("float16", "difference of logits"), ("int8", "difference of the loss")],
    )
    def test_where_the_file_disagrees(
        self, quantize: str, figure: str, tmp_path: Path, checkpoint: CheckpointOf, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(export.TOLERANCES, quantize, Tolerance(figure, -1.0))
        with pytest.raises(OutputError, match=rf"differs from its source.*{figure} [\d.e-]+, expected at most -1"):
            export_tflite(checkpoint("simple_rnn"), tmp_path / "a.tflite", quantize=quantize)
        assert os.listdir(tmp_path) == []
        (tmp_path / "a.tflite").write_bytes(b"what was there")
        with pytest.raises(OutputError):
            export_tflite(checkpoint("simple_rnn"), tmp_path / "a.tflite", quantize=quantize, force=True)
        assert (tmp_path / "a.tflite").read_bytes() == b"what was there"
        assert os.listdir(tmp_path) == ["a.tflite"]

    @pytest.mark.parametrize("changed", ["rnn.0.bias", "rnn.1.recurrent_kernel", "output.kernel"])
    def test_where_a_weight_went_wrong_by_a_hundredth(
        self, changed: str, tmp_path: Path, checkpoint: CheckpointOf, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        right = checkpoint("lstm")
        wrong = right.parameters[changed].copy()
        wrong.flat[0] += 1e-2
        real = export.contents_of
        monkeypatch.setattr(
            export,
            "contents_of",
            lambda source, *how: real(replace(source, parameters={**source.parameters, changed: wrong}), *how),
        )
        with pytest.raises(OutputError, match=r"differs from its source|would compute other values for the model"):
            export_tflite(right, tmp_path / "a.tflite")
        assert os.listdir(tmp_path) == []

    def test_where_the_numbers_are_none(self, tmp_path: Path, checkpoint: CheckpointOf) -> None:
        right = checkpoint("simple_rnn")
        broken = {name: np.full_like(values, np.nan) for name, values in right.parameters.items()}
        with pytest.raises(OutputError, match="weights that are NaN, infinite or so large"):
            export_tflite(replace(right, parameters=broken, probe=None), tmp_path / "a.tflite", names=["Bob"])
        assert os.listdir(tmp_path) == []

    def test_where_the_loop_or_the_vocabulary_differ(
        self, tmp_path: Path, checkpoint: CheckpointOf, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        right = checkpoint("simple_rnn")
        with monkeypatch.context() as patch:
            patch.setattr(TFLiteModel, "generate_tokens", lambda self, uniforms: np.ones(uniforms.shape, np.int32))
            with pytest.raises(OutputError, match="sampling loop"):
                export_tflite(right, tmp_path / "a.tflite")
        other = Vocabulary("".join(chr(ord(character) + 1) for character in right.vocabulary.characters))
        real = export.contents_of
        monkeypatch.setattr(export, "contents_of", lambda source, *how: real(replace(source, vocabulary=other), *how))
        with pytest.raises(OutputError, match="vocabulary"):
            export_tflite(right, tmp_path / "a.tflite")
        assert os.listdir(tmp_path) == []

    def test_where_the_cell_is_unknown(self, tmp_path: Path, checkpoint: CheckpointOf) -> None:
        """To the engine that the file is held against, and to the program that the file is made of."""
        known = checkpoint("simple_rnn")
        unknown = replace(known, network=network_of_an_unknown_cell(known.vocabulary.size))
        words = r"a \.tflite cannot hold the cell 'mystery': expected one of simple_rnn, gru, lstm"
        with pytest.raises(OutputError, match=words):
            export_tflite(unknown, tmp_path / "a.tflite")
        with pytest.raises(OutputError, match=words):
            contents_of(unknown, "none")
        assert os.listdir(tmp_path) == []

    def test_where_it_must_not_or_cannot_be(self, tmp_path: Path, checkpoint: CheckpointOf) -> None:
        (tmp_path / "a.tflite").write_bytes(b"what was there")
        (tmp_path / "b.tflite").mkdir()
        for path, words in (
            ("a.tflite", "exists already"),
            ("b.tflite", "is a folder"),
            ("c/a.tflite", "no folder"),
            ("a.txt", "end with .tflite"),
        ):
            with pytest.raises(OutputError, match=words):
                export_tflite(checkpoint("gru"), tmp_path / path)
        with pytest.raises(SettingsError, match="none, float16, int8"):
            export_tflite(checkpoint("gru"), tmp_path / "d.tflite", quantize="int4")
        assert sorted(os.listdir(tmp_path)) == ["a.tflite", "b.tflite"]
        assert (tmp_path / "a.tflite").read_bytes() == b"what was there"

    @pytest.mark.parametrize(
        ("missing", "extras"),
        [(("ai_edge_litert", "tensorflow", "keras"), ("tflite",))],
    )
    def test_where_a_library_is_missing(
        self, missing: tuple[str, ...], extras: tuple[str, ...], tmp_path: Path, checkpoint: CheckpointOf
    ) -> None:
        checkpoint("gru").save(tmp_path / "a.safetensors")
        code = (
            f"import sys\nfor name in {missing}: sys.modules[name] = None\n"
            "sys.argv[0] = 'namegen'\nfrom namegen.cli import main\nmain()"
        )
        command = [sys.executable, "-c", code, "export-tflite", str(tmp_path / "a.safetensors"), "--quiet"]
        result = subprocess.run(command, capture_output=True, text=True, timeout=100)
        assert result.returncode == 1
        assert install_command(*extras) in result.stderr
        assert result.stderr.count("\n") == 1
        assert os.listdir(tmp_path) == ["a.safetensors"]


class TestTheCommand:
    def test_it_needs_no_tensorflow(self, tmp_path: Path, checkpoint: CheckpointOf) -> None:
        checkpoint("gru").save(tmp_path / "a.safetensors")
        code = (
            "import sys\nfor name in ('tensorflow', 'keras'): sys.modules[name] = None\n"
            "sys.argv[0] = 'namegen'\nfrom namegen.cli import main\nmain()"
        )
        command = [sys.executable, "-c", code, "export-tflite", str(tmp_path / "a.safetensors"), "--quiet"]
        result = subprocess.run(command, capture_output=True, text=True, timeout=100)
        assert (result.returncode, result.stderr) == (0, "")
        assert sorted(os.listdir(tmp_path)) == ["a.safetensors", "a.tflite"]

    @pytest.mark.slow
    def test_with_nothing_more_it_takes_the_newest_run(self, tmp_path: Path, checkpoint: CheckpointOf) -> None:
        (tmp_path / "runs" / "a").mkdir(parents=True)
        checkpoint("simple_rnn").save(tmp_path / "runs" / "a" / "model.safetensors")
        command = [sys.executable, "-m", "namegen", "export-tflite"]
        result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=100)
        assert result.returncode == 0, result.stderr
        path = os.path.join("runs", "a", "model.tflite")
        assert result.stderr.splitlines() == [f"model: {os.path.join('runs', 'a')}", f"out: {path}"]
        assert result.stdout.startswith(path)
        for words in ("bytes", "1,000 names", "largest difference of logits", "before", "after"):
            assert words in result.stdout
        again = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=100)
        assert again.returncode == 1
        assert "exists already" in again.stderr

    def test_json_and_exit_codes(self, tmp_path: Path, checkpoint: CheckpointOf) -> None:
        model, out = str(tmp_path / "a.safetensors"), str(tmp_path / "b.tflite")
        checkpoint("gru").save(Path(model))
        (tmp_path / "names.txt").write_text("Bob\nAnn\n雪\n", encoding="utf-8")
        names = ["--names", str(tmp_path / "names.txt")]

        def run(*arguments: str) -> Any:
            return CliRunner().invoke(cli, ["export-tflite", *arguments])

        result = run(model, out, *names, "--quantize", "int8", "--json")
        assert result.exit_code == 0, result.output
        document = json.loads(result.stdout)
        assert (document["out"], document["quantize"], document["names"], document["left_out"]) == (out, "int8", 2, 1)
        assert set(document["before"]) == set(document["after"]) >= {"loss_nats_per_char", "accuracy_argmax"}
        assert "left out: 1 of 3" in result.stderr
        assert run(model, out).exit_code == 1
        assert document["known_names"] == len(checkpoint("gru").known_names)
        without = run(model, out, "--force", "--quiet", "--without-names", "--quantize", "int8")
        assert without.exit_code == 0
        assert re.search(r"digests of names +none: it cannot say which names are new\n", without.stdout)
        result = CliRunner().invoke(cli, ["generate", out, "--backend", "numpy"])
        assert (result.exit_code, result.stdout) == (2, "")
        assert "--backend has no effect" in result.stderr
        assert run(model, str(tmp_path)).exit_code == 1
        assert run(out, str(tmp_path / "c.tflite")).exit_code == 1  # a .tflite is no source
        assert run(model, out, "--quantize", "int4").exit_code == 2
