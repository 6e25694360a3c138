"""A ``.tflite`` gives what the NumPy engine gives."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from namegen import api
from namegen.backends.tflite.export import export_tflite
from namegen.backends.tflite.runtime import TFLiteModel
from namegen.core.data.corpus import Corpus
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.sameness import known_digests
from namegen.core.engine import LanguageModel
from namegen.core.generation.generator import Generator
from namegen.core.network.checkpoint import Checkpoint
from namegen.errors import CheckpointError, GenerationError, SettingsError
from tests.strategies import HARD_NAMES
from tests.tflite.conftest import CELLS, engine_of, logits_of, train
from tests.tflite.forging import blanked, resealed, sealed_again

CheckpointOf = Callable[[str], Checkpoint]
Exported = Callable[..., Path]


@pytest.mark.parametrize("cell", CELLS)
class TestEachCell:
    def test_logits_at_every_prefix_are_those_of_the_numpy_engine(
        self, cell: str, checkpoint: CheckpointOf, exported: Exported, names: tuple[str, ...]
    ) -> None:
        tree = PrefixTree.from_names(names, checkpoint(cell).vocabulary)
        model = TFLiteModel.load(exported(cell))
        expected = logits_of(engine_of(checkpoint(cell), "float64"), tree)
        assert expected.std() > 1  # they say something
        np.testing.assert_allclose(logits_of(model, tree), expected, rtol=0, atol=1e-4)

    @pytest.mark.parametrize("temperature", [1.0, 0.7, 2.0])
    def test_the_loop_in_the_file_draws_the_names_of_the_numpy_engine(
        self, cell: str, temperature: float, checkpoint: CheckpointOf, exported: Exported
    ) -> None:
        uniforms = np.random.default_rng(5).random((1000, 8))
        model = TFLiteModel.load(exported(cell))
        numpy = Generator(engine_of(checkpoint(cell)), model.vocabulary)
        drawn = model.generate_tokens(uniforms, temperature)
        same = (drawn == numpy.draw_one_by_one(uniforms, temperature=temperature)).all(axis=1)
        assert same.sum() >= 995
        assert len(np.unique(drawn, axis=0)) > 200  # not the same name again and again
        assert 0 < (drawn[:, -1] != 0).sum() < 500  # some names are cut off at the end of their uniform numbers
        ended = np.logical_or.accumulate(drawn == 0, axis=1)
        assert (drawn[ended] == 0).all()

    def test_temperature_0_takes_the_likeliest(self, cell: str, checkpoint: CheckpointOf, exported: Exported) -> None:
        uniforms = np.random.default_rng(6).random((3, 20))
        model = TFLiteModel.load(exported(cell))
        numpy = Generator(engine_of(checkpoint(cell)), model.vocabulary)
        drawn = model.generate_tokens(uniforms, 0.0)
        assert (drawn == drawn[0]).all()
        assert drawn.any()
        np.testing.assert_array_equal(drawn, numpy.draw_one_by_one(uniforms, temperature=0.0))

    @pytest.mark.parametrize(("quantize", "nats"), [("none", 1e-5), ("float16", 1e-3), ("int8", 0.01)])
    def test_evaluate_gives_the_figures_of_the_numpy_engine(
        self,
        cell: str,
        quantize: str,
        nats: float,
        checkpoint: CheckpointOf,
        exported: Exported,
        names: tuple[str, ...],
    ) -> None:
        corpus = Corpus(names, source="names")
        expected = api.evaluate(api.open_checkpoint(checkpoint(cell), "checkpoint"), corpus)
        found = api.evaluate(api.load(str(exported(cell, quantize))), corpus)
        assert (found.names, found.ceiling) == (expected.names, expected.ceiling)
        assert found.metrics.loss_nats_per_char == pytest.approx(expected.metrics.loss_nats_per_char, abs=nats)
        assert found.metrics.accuracy_argmax == pytest.approx(expected.metrics.accuracy_argmax, abs=nats)
        assert found.metrics.accuracy_sampled == pytest.approx(expected.metrics.accuracy_sampled, abs=nats)


def test_it_is_a_language_model_whose_states_are_never_changed(exported: Exported) -> None:
    model: LanguageModel = TFLiteModel.load(exported("lstm"))
    tokens = np.array([0, 1, 2], np.int32)
    logits, state = model.step(tokens, model.initial_state(3))
    kept, kept_logits = [array.copy() for array in state], logits.copy()
    first, _ = model.step(tokens, state)
    model.step(np.zeros(50, np.int32), model.initial_state(50))  # another number of rows in between
    again, _ = model.step(tokens, state)
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(logits, kept_logits)
    for array, before in zip(state, kept, strict=True):
        np.testing.assert_array_equal(array, before)
    repeated, _ = model.step(tokens[[1, 1]], model.select(state, np.array([1, 1])))
    np.testing.assert_allclose(repeated, first[[1, 1]], atol=1e-5)
    assert isinstance(model, LanguageModel)


def test_names_of_any_number_come_out_the_same(exported: Exported) -> None:
    """Also where the last chunk is a short one, and where there are none."""
    model = TFLiteModel.load(exported())
    uniforms = np.random.default_rng(0).random((600, 12))
    whole = model.generate_tokens(uniforms)
    apart = np.concatenate([model.generate_tokens(uniforms[:1]), model.generate_tokens(uniforms[1:])])
    assert (whole == apart).all(axis=1).sum() >= 597
    assert model.generate_tokens(uniforms[:0]).shape == (0, 12)
    assert model.generate_tokens(uniforms[:, :0]).shape == (600, 0)


def test_ties_and_the_ends_of_the_uniform_numbers(tmp_path: Path) -> None:
    """A network of zeros has equal logits everywhere: the cumulative sums are i / V."""
    even = train(("ab", "ac", "bc"), hidden=(3,))
    zeros = {name: np.zeros_like(values) for name, values in even.parameters.items()}
    model = _exported_to(tmp_path, Checkpoint(even.network, even.vocabulary, zeros))
    uniforms = np.array([[0.0], [0.2499], [0.25], [0.5], [0.9999], [np.nextafter(1.0, 0)]])
    assert model.generate_tokens(uniforms)[:, 0].tolist() == [0, 0, 1, 2, 3, 3]
    assert model.generate_tokens(uniforms, 0.0)[:, 0].tolist() == [0] * 6
    assert model.generate_tokens(uniforms, 1e-30)[:, 0].tolist() == [0, 0, 1, 2, 3, 3]  # no overflow
    for temperature in (-1.0, np.inf, np.nan):
        with pytest.raises(SettingsError, match="temperature"):
            model.generate_tokens(uniforms, temperature)


def test_characters_of_every_script_come_back(tmp_path: Path) -> None:
    checkpoint = train(tuple(name for name in HARD_NAMES if name) * 3, hidden=(8,))
    model = _exported_to(tmp_path, checkpoint)
    assert model.vocabulary == checkpoint.vocabulary
    assert max(map(ord, model.vocabulary.characters)) == 0x10FFFF
    uniforms = np.random.default_rng(3).random((200, 20))
    drawn = model.vocabulary.decode_all(model.generate_tokens(uniforms))
    numpy = Generator(engine_of(checkpoint), checkpoint.vocabulary)
    same = [
        a == b for a, b in zip(drawn, checkpoint.vocabulary.decode_all(numpy.draw_one_by_one(uniforms)), strict=True)
    ]
    assert sum(same) >= 199


def test_load_takes_it_for_generate_and_evaluate(exported: Exported, checkpoint: CheckpointOf) -> None:
    loaded = api.load(str(exported()))
    assert loaded.checkpoint is None
    assert loaded.default_max_length == 2 * checkpoint("simple_rnn").longest_name
    found = loaded.generate(20, seed=1, allow_seen=True)
    assert len(set(found)) == 20


class TestWhatIsNew:
    def test_the_file_knows_the_names_that_its_model_learned_from(
        self, exported: Exported, checkpoint: CheckpointOf, names: tuple[str, ...]
    ) -> None:
        for quantize in ("none", "int8"):
            loaded = api.load(str(exported("gru", quantize)))
            np.testing.assert_array_equal(loaded.known_names, known_digests(names))
        loaded = api.load(str(exported("gru")))
        assert loaded.generate(50, seed=1) == api.open_checkpoint(checkpoint("gru"), "").generate(50, seed=1)
        learned = set(known_digests(names).tolist())
        assert not learned & set(known_digests(loaded.generate(300, seed=2)).tolist())
        assert learned & set(known_digests(loaded.generate(300, seed=2, allow_seen=True)).tolist())
        assert api.blend([loaded, api.load("companies")]).known_names is not None

    def test_they_take_8_bytes_each_and_can_be_left_out(self, tmp_path: Path, checkpoint: CheckpointOf) -> None:
        known = known_digests(map(str, range(1000)))
        small = replace(train(("ab", "ac", "bc"), hidden=(3,)), known_names=known)
        whole = export_tflite(small, tmp_path / "whole.tflite")
        without = export_tflite(small, tmp_path / "without.tflite", without_names=True)
        assert (whole.known_names, without.known_names) == (1000, 0)
        assert 8000 <= whole.bytes - without.bytes < 8000 + 200
        loaded = api.load(tmp_path / "without.tflite")
        assert loaded.known_names is None
        with pytest.raises(GenerationError, match="allow_seen=True"):
            loaded.generate(20, seed=1)
        assert api.blend([loaded, api.load("companies")]).known_names is None
        none_at_all = _exported_to(tmp_path, replace(small, known_names=known[:0]))
        assert none_at_all.known_names is not None
        assert len(none_at_all.known_names) == 0

    def test_those_that_are_none_are_refused(self, exported: Exported, checkpoint: CheckpointOf) -> None:
        """Also under a checksum that fits."""
        content = exported().read_bytes()
        entry = checkpoint("simple_rnn").known_names.astype("<u8").tobytes()
        assert content.count(entry) == 1
        _is_refused(resealed(content, entry, entry[8:16] + entry[:8] + entry[16:]), "known names are not in order")
        size = np.uint32(len(entry)).tobytes()
        shorter = np.uint32(len(entry) - 1).tobytes()
        _is_refused(resealed(content, size + entry, shorter + entry), "does not end where it should")
        cut = content[:-1].replace(size + entry[:8], shorter + entry[:8])
        _is_refused(resealed(cut, b"", b""), "known names are not digests")


def test_no_tensorflow_is_loaded_and_nothing_is_said(exported: Exported) -> None:
    code = (
        "import sys; from namegen import api; m = api.load(sys.argv[1]); m.generate(3, seed=1, allow_seen=True); "
        "assert not {'tensorflow', 'keras'} & set(sys.modules)"
    )
    result = subprocess.run([sys.executable, "-c", code, exported()], capture_output=True, text=True, timeout=60)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def _exported_to(folder: Path, checkpoint: Checkpoint) -> TFLiteModel:
    export_tflite(checkpoint, folder / "model.tflite")
    return TFLiteModel.load(folder / "model.tflite")


class TestDamage:
    def test_every_flipped_bit_and_every_cut_is_one_sentence(self, exported: Exported) -> None:
        """LiteRT sees no byte of them, so this needs no process of its own."""
        content = exported().read_bytes()
        rng = np.random.default_rng(0)
        for place in rng.integers(len(content), size=40).tolist():
            damaged = bytearray(content)
            damaged[place] ^= 1 << int(rng.integers(8))
            _is_refused(bytes(damaged))
        for length in (0, 1, 8, 100, len(content) // 2, len(content) - 1):
            _is_refused(content[:length])
        _is_refused(content + b"\0")
        _is_refused(content + content)

    def test_foreign_files_are_refused(self, exported: Exported, tmp_path: Path) -> None:
        _is_refused(np.random.default_rng(0).bytes(50_000))
        _is_refused(b"TFL3" * 1000)
        foreign = exported().read_bytes().replace(b'"checksum"', b'"checkbut"')  # a sound .tflite, but not of ours
        _is_refused(foreign)

    @pytest.mark.parametrize("is_sealed", [False, True])
    @pytest.mark.parametrize("words", [("generate", "{}", "--allow-seen"), ("score", "{}", "Ann")])
    def test_a_whole_program_ends_with_a_sentence(
        self, words: tuple[str, ...], is_sealed: bool, exported: Exported, tmp_path: Path
    ) -> None:
        """Also where the checksum was put right: then LiteRT would follow whatever the file says."""
        content = bytearray(blanked(exported().read_bytes()))
        content[200:300] = bytes(100)
        path = tmp_path / "broken.tflite"
        path.write_bytes(sealed_again(bytes(content)) if is_sealed else content)
        command = [sys.executable, "-m", "namegen", *(word.format(path) for word in words)]
        result = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert result.returncode == 1
        *note, said = result.stderr.splitlines()
        assert said.startswith("namegen: ")
        assert "broken.tflite" in said
        assert note in ([], [f"model: {path}"])

    def test_a_sealed_file_that_does_not_fit_together_is_refused(self, exported: Exported) -> None:
        """Whoever writes the checksum anew can still not pass another network off as this one."""
        content = exported().read_bytes()
        assert resealed(content, b"", b"") == content
        for old, new in ((b'"cell":"simple_rnn"', b'"cell":"simple_run"'), (b'"hidden":[32,24]', b'"hidden":[32,3 ]')):
            assert content.count(old) == 1
            _is_refused(resealed(content, old, new), "fit together")

    def test_a_newer_format_says_so(self, exported: Exported) -> None:
        content = exported().read_bytes()
        _is_refused(content.replace(b'"format_version":3', b'"format_version":4'), "update namegen")
        _is_refused(content.replace(b'"format_version":3', b'"format_version":2'), "export the model again")

    def test_a_file_that_is_not_there(self, tmp_path: Path) -> None:
        with pytest.raises(CheckpointError, match="cannot read"):
            TFLiteModel.load(tmp_path / "none.tflite")


def _is_refused(content: bytes, words: str = ".") -> None:
    with pytest.raises(CheckpointError, match=words) as caught:
        TFLiteModel(content, path="some.tflite")
    assert "some.tflite" in str(caught.value)
    assert "\n" not in str(caught.value)
