"""Test the files that ``export_tflite`` writes, its reports and its errors."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from namegen.backends.tflite import export
from namegen.backends.tflite.contents import contents_of
from namegen.backends.tflite.export import export_tflite
from namegen.backends.tflite.runtime import TFLiteModel
from namegen.cli import cli
from namegen.core.checkpoint.self_test import self_test_logits
from namegen.core.data.vocabulary import Vocabulary
from namegen.errors import NamesError, OutputError, install_command
from tests.own_cells import ForeignNetwork
from tests.reading import engine_of
from tests.tflite.conftest import CheckpointOf, Exported


def tables(path: Path) -> Any:
    """Parse the file with LiteRT's schema."""
    from ai_edge_litert import schema_py_generated as schema

    return schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(path.read_bytes(), 0))


def run(*arguments: object) -> Any:
    return CliRunner().invoke(cli, ["export-tflite", *map(str, arguments)])


def test_files_use_built_in_operators_and_compact_weights(
    exported: Exported, checkpoint: CheckpointOf
) -> None:
    """Each weight is stored only once for all signatures, in 4 bytes, 2 bytes or mostly 1 byte."""
    weights = checkpoint("gru").network.parameter_count
    for quantize, bytes_per_weight in (("none", 4), ("float16", 2), ("int8", 1)):
        model = tables(exported("gru", quantize))
        assert all(code.customCode is None for code in model.operatorCodes)
        used = {tensor.buffer for graph in model.subgraphs for tensor in graph.tensors}
        buffers = [model.buffers[number].data for number in used]
        size = sum(len(data) for data in buffers if data is not None)
        assert bytes_per_weight * weights <= size < 1.3 * bytes_per_weight * weights + 1500


class TestReport:
    def test_the_default_comparison_uses_generated_names(
        self, tmp_path: Path, checkpoint: CheckpointOf
    ) -> None:
        """The names are always the same. If the source has no self-test logits, the export computes them."""
        source = replace(checkpoint("gru"), probe=None)
        first, second = (export_tflite(source, tmp_path / f"{k}.tflite") for k in range(2))
        assert (first.names, first.left_out) == (1000, 0)
        assert 500 < first.prefixes < 10_000
        assert 0 < first.largest_logit_difference < 1e-4
        for metric in ("loss_nats_per_char", "accuracy_argmax", "accuracy_sampled"):
            before = getattr(first.before, metric)
            assert getattr(first.after, metric) == pytest.approx(before, abs=1e-5)
        assert (first.before, first.prefixes) == (second.before, second.prefixes)
        written = TFLiteModel.load(tmp_path / "0.tflite").metadata.probe
        np.testing.assert_allclose(
            written, self_test_logits(engine_of(source), 0), rtol=1e-5, atol=1e-6
        )

    def test_given_names_are_used_and_unreadable_ones_counted(self, tmp_path, checkpoint) -> None:
        report = export_tflite(
            checkpoint("lstm"), tmp_path / "a.tflite", names=["Bob", "Bob", "Ann", "Þór", "雪"]
        )
        assert (report.names, report.left_out, report.prefixes) == (3, 2, 7)
        with pytest.raises(NamesError, match="none of the 1 names"):
            export_tflite(checkpoint("lstm"), tmp_path / "b.tflite", names=["雪"])
        assert os.listdir(tmp_path) == ["a.tflite"]

    def test_float16_only_rounds_weights_within_the_tolerance(
        self, tmp_path, checkpoint, monkeypatch
    ) -> None:
        kernels = [name for name in checkpoint("simple_rnn").parameters if name.endswith("kernel")]
        sizes = []
        for limit, expected in ((1.0, range(5, 6)), (1.5e-3, range(1, 5))):
            monkeypatch.setitem(export.TOLERANCES, "float16", limit)
            report = export_tflite(
                checkpoint("simple_rnn"), tmp_path / "a.tflite", quantize="float16", force=True
            )
            assert len(report.quantized) in expected
            assert set(report.quantized) <= set(kernels)
            assert report.largest_logit_difference <= limit
            sizes.append(report.bytes)
        assert sizes == sorted(sizes)


class TestErrorsWriteNothing:
    @pytest.mark.parametrize(
        ("quantize", "figure"),
        [("float16", "difference of logits"), ("int8", "difference of the loss")],
    )
    def test_if_the_results_differ_too_much(
        self, quantize, figure, tmp_path, checkpoint, monkeypatch
    ) -> None:
        """The old file is kept."""
        monkeypatch.setitem(export.TOLERANCES, quantize, -1.0)
        (tmp_path / "a.tflite").write_bytes(b"what was there")
        with pytest.raises(
            OutputError, match=rf"differs from its source.*{figure}.* [\d.e-]+, expected at most -1"
        ):
            export_tflite(
                checkpoint("simple_rnn"), tmp_path / "a.tflite", quantize=quantize, force=True
            )
        assert (tmp_path / "a.tflite").read_bytes() == b"what was there"
        assert os.listdir(tmp_path) == ["a.tflite"]

    @pytest.mark.parametrize("changed", ["rnn.1.recurrent_kernel", "vocabulary"])
    def test_if_weights_or_characters_are_wrong(
        self, changed, tmp_path, checkpoint, monkeypatch
    ) -> None:
        """One weight differs by 0.01, or all characters are different."""
        right, real = checkpoint("lstm"), export.contents_of
        if changed == "vocabulary":
            other = Vocabulary(
                "".join(chr(ord(character) + 1) for character in right.vocabulary.characters)
            )
            wrong: dict[str, Any] = {"vocabulary": other}
        else:
            values = right.parameters[changed].copy()
            values.flat[0] += 1e-2
            wrong = {"parameters": {**right.parameters, changed: values}}
        monkeypatch.setattr(
            export, "contents_of", lambda source, *how: real(replace(source, **wrong), *how)
        )
        with pytest.raises(
            OutputError,
            match=r"differs from its source|would compute other values|the metadata of its source",
        ):
            export_tflite(right, tmp_path / "a.tflite")
        assert os.listdir(tmp_path) == []

    @pytest.mark.parametrize("place", [0, 1])
    def test_if_the_sampling_loop_differs(self, place, tmp_path, checkpoint, monkeypatch) -> None:
        """Either the names or their log-probabilities are different."""
        real = TFLiteModel.generate_tokens
        monkeypatch.setattr(
            TFLiteModel,
            "generate_tokens",
            lambda self, uniforms: [
                part + (k == place) for k, part in enumerate(real(self, uniforms))
            ],
        )
        with pytest.raises(OutputError, match=r"sampling loop gives only 0\.0%"):
            export_tflite(checkpoint("simple_rnn"), tmp_path / "a.tflite")
        assert os.listdir(tmp_path) == []

    def test_if_weights_are_nan(self, tmp_path, checkpoint) -> None:
        right = checkpoint("simple_rnn")
        broken = {name: np.full_like(values, np.nan) for name, values in right.parameters.items()}
        with pytest.raises(OutputError, match="weights that are NaN or infinite"):
            contents_of(replace(right, parameters=broken, probe=None), "int8")
        with pytest.raises(OutputError, match="weights that are NaN or infinite"):
            export_tflite(replace(right, parameters=broken, probe=None), tmp_path / "a.tflite")
        assert os.listdir(tmp_path) == []

    def test_if_the_cell_has_an_unsupported_operation(
        self, tmp_path: Path, checkpoint: CheckpointOf
    ) -> None:
        known = checkpoint("simple_rnn")
        unknown = replace(known, network=ForeignNetwork(known.vocabulary.size))
        with pytest.raises(OutputError, match=r"a \.tflite cannot hold the cell 'foreign'"):
            export_tflite(unknown, tmp_path / "a.tflite")
        assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("needed", [False, True])
def test_the_export_needs_litert_but_not_tensorflow(
    needed: bool, tmp_path: Path, checkpoint: CheckpointOf
) -> None:
    checkpoint("gru").save(tmp_path / "a.safetensors")
    missing = ("tensorflow", "keras", *(["ai_edge_litert"] if needed else []))
    code = (
        f"import sys\nfor name in {missing}: sys.modules[name] = None\n"
        "sys.argv[0] = 'namegen'\nfrom namegen.cli import main\nmain()"
    )
    command = [
        sys.executable,
        "-c",
        code,
        "export-tflite",
        str(tmp_path / "a.safetensors"),
        "--quiet",
    ]
    result = subprocess.run(command, capture_output=True, text=True, timeout=100)
    assert (result.returncode, result.stderr.count("\n")) == (int(needed), int(needed))
    assert (install_command("tflite") in result.stderr) == needed
    assert sorted(os.listdir(tmp_path)) == ["a.safetensors", *([] if needed else ["a.tflite"])]


def test_json_output_and_exit_codes(tmp_path: Path, checkpoint: CheckpointOf) -> None:
    model, out = tmp_path / "a.safetensors", tmp_path / "b.tflite"
    checkpoint("gru").save(model)
    (tmp_path / "names.txt").write_text("Bob\nAnn\n雪\n", encoding="utf-8")
    result = run(model, out, "--names", tmp_path / "names.txt", "--quantize", "int8", "--json")
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    found = [document[name] for name in ("out", "quantize", "names", "left_out", "known_names")]
    assert found == [str(out), "int8", 2, 1, len(checkpoint("gru").known_names)]
    assert (
        set(document["before"])
        == set(document["after"])
        >= {"loss_nats_per_char", "accuracy_argmax"}
    )
    assert "skipped 1 of 3" in result.stderr
    without = run(model, out, "--force", "--quiet", "--without-names", "--quantize", "int8")
    assert without.exit_code == 0
    assert re.search(r"known names +none, so it can't tell which names are new\n", without.stdout)
    result = CliRunner().invoke(cli, ["generate", str(out), "--backend", "numpy"])
    assert (result.exit_code, result.stdout) == (2, "")
    assert "--backend has no effect" in result.stderr
    assert run(model, out).exit_code == run(model, tmp_path).exit_code == 1
    assert run(out, tmp_path / "c.tflite").exit_code == 1  # a .tflite can't be exported
    assert run(model, out, "--quantize", "int4").exit_code == 2
