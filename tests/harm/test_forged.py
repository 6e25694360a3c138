"""Files of strangers: models, states, lists, configs and what long commands keep; read, and used where they can be."""

from __future__ import annotations

import contextlib
import io
import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from namegen.api.model import LoadedModel, load
from namegen.api.training import resume
from namegen.cli import cli
from namegen.config import Config, merge, parse_config, read_config, write_config
from namegen.config_files import bundled_configs
from namegen.core.data.corpus import Corpus
from namegen.core.data.description import describe
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.generation import arrivals, generator
from namegen.core.network.checkpoint import KIND, KNOWN_NAMES, PROBE, read_tensors, write_tensors
from namegen.core.settings import DataSettings
from namegen.core.training import CONFIG_FILE, KNOWN_NAMES_FILE, LABELLED_NAMES_FILE, STATE_FILE
from namegen.documents import from_plain, read_json, to_plain
from namegen.errors import NamegenError
from namegen.experiments.compare.tables import main
from namegen.experiments.kept import KeptStore
from namegen.experiments.sweep.document import Trained, TrainedRun, read_run_outcome
from namegen.experiments.sweep.grid import read_grid
from namegen.lists import read_names
from tests.experiments.sweep.made import trained_run
from tests.harm.attack import attack, shapes_unchecked
from tests.harm.effort import tries
from tests.harm.forging import (
    LONG,
    TOKENS,
    Random,
    dumped,
    forged_bytes,
    forged_document,
    forged_header,
    forged_tensors,
    strange,
    write_forged,
)
from tests.harm.material import NAMES, copy_of_run, model_file, run_folder

SOUND = -1  # the attempt that changes nothing: what is sound goes on


def random(seed: int) -> Random:
    """The numbers of one attempt."""
    return np.random.default_rng([16, abs(seed)])


def some_of(pieces: tuple[bytes, ...], rng: Random) -> bytes:
    """Pieces, one behind the other."""
    return b"".join(pieces[place] for place in rng.integers(len(pieces), size=rng.integers(1, 12)))


# --- models -----------------------------------------------------------------------------------------------------------


def use(path: Path) -> None:
    """All that is done with a model, whether it is refused or not."""
    model = load(path)
    calls: list[Callable[[LoadedModel], object]] = [
        lambda model: [repr(model), model.list_name, model.labels, model.default_max_length],
        lambda model: model.generate(2, seed=1, allow_seen=True, allow_repeats=True, max_length=30),
        lambda model: model.generate(1, seed=2),
        lambda model: model.score("Anna"),
        lambda model: model.label_chances("Anna"),
    ]
    errors = []
    for call in calls:
        try:
            call(model)
        except NamegenError as error:
            errors.append(error)
    if errors:  # the longest: its length is looked at
        raise max(errors, key=lambda error: len(str(error)))


@pytest.mark.parametrize("what", ["bytes", "header", "document", "tensors"])
def test_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    """The header is read before the checksum; documents and tensors have one that fits, and half of the tensors have no
    probe, which would give away that the numbers are others. A network without an end is given up sooner than usual.
    """
    monkeypatch.setattr(generator, "TRIES", 2_000)
    monkeypatch.setattr(arrivals, "MOST_PREFIXES", 20_000)
    path = tmp_path / "model.safetensors"
    files = [model_file(labelled=labelled) for labelled in (True, False)]
    contents, sound = [file.read_bytes() for file in files], [read_tensors(file) for file in files]

    def call(seed: int) -> None:
        rng, (tensors, document) = random(seed), sound[seed % 2]
        if what in ("bytes", "header"):
            path.write_bytes((forged_bytes if what == "bytes" else forged_header)(contents[seed % 2], rng))
        elif what == "document":
            write_forged(path, tensors, forged_document(document, rng))
        else:
            forged = forged_tensors(tensors, rng)
            if seed % 4 < 2:
                forged.pop(PROBE, None)
            write_forged(path, forged, document)
        use(path)

    tally = attack(call, range(tries("models")))
    assert tally.refused if what in ("bytes", "header") else tally.returned


def test_known_names_in_a_file_beside_the_model(tmp_path: Path) -> None:
    path, beside = tmp_path / "model.safetensors", tmp_path / KNOWN_NAMES_FILE
    tensors, document = read_tensors(model_file(labelled=True))
    known = {KNOWN_NAMES: tensors.pop(KNOWN_NAMES)}
    document["training"]["known_names_file"] = KNOWN_NAMES_FILE
    write_tensors(path, tensors, document)
    about = {"kind": KIND}
    write_tensors(beside, known, about)
    content = beside.read_bytes()
    assert load(path).known_names is not None

    def call(seed: int) -> None:
        rng, kind = random(seed), seed % 4
        if kind < 2:
            beside.write_bytes((forged_bytes, forged_header)[kind](content, rng))
        else:
            write_forged(beside, forged_tensors(known, rng), forged_document(about, rng) if kind == 3 else about)
        use(path)

    assert attack(call, range(tries("models"))).refused


def test_forging_reaches_what_is_inside_a_field() -> None:
    """A forger that never does finds nothing there."""
    document = {"a": 1, "b": {"c": 2, "d": [3, {"e": 4}]}}
    forged = [forged_document(document, random(seed)).get("b") for seed in range(300)]
    inside = [inner for inner in forged if isinstance(inner, dict) and inner != document["b"]]
    assert len(inside) > 50
    assert sum(isinstance(inner.get("d"), list) and inner["d"] != document["b"]["d"] for inner in inside) > 20


# --- what a model says of itself, shown by a catalogue, an evaluation, a page -----------------------------------------

COMMANDS = (
    "models",
    "models --json",
    "score model.safetensors Anna",
    "generate model.safetensors -n 2 --json",
    "export-web model.safetensors --out page.html --force",
    "evaluate model.safetensors names.txt",
    "export-vocabulary model.safetensors vocabulary.json --force",
)
TEXTS = (
    "\x1b[31m\u202e",
    "x" * LONG,
    "a\nb",
    "\x85\u2028",
    "</script><img src=x>",
    "=1+1",
    "",
    "/etc/\x00",
    "😀" * 999,
)


def said_of_itself(document: dict[str, Any], rng: Random) -> dict[str, Any]:
    """Other values anywhere, most of which the schema refuses; or texts that it takes, which are shown."""
    if rng.integers(2):
        return forged_document(document, rng) | ({} if rng.integers(2) else {"labels": document["labels"]})
    training, labels = dict(document["training"]), [dict(label) for label in document["labels"]]
    for name in ("list", "split", "backend", "more"):
        training[name] = TEXTS[rng.integers(len(TEXTS))]
    training["names"] = [0, 1, 2**53 + 1, 2**63 - 1][rng.integers(4)]
    training["validation"] = {"accuracy_argmax": 1e300, "loss_nats_per_char": None, TEXTS[rng.integers(9)]: 5e-324}
    for label in labels[: rng.integers(3)]:
        label["name"] = TEXTS[rng.integers(len(TEXTS))]
    return {**document, "training": training, "labels": labels}


def test_what_a_model_says_of_itself_is_shown_or_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "model.safetensors"
    monkeypatch.setattr("namegen.models.shipped_path", lambda name: path)
    monkeypatch.setattr("namegen.models.SHIPPED", ("mlb-first",))
    (tmp_path / "names.txt").write_text("\n".join(NAMES), encoding="utf-8")
    sound = [read_tensors(model_file(labelled=labelled)) for labelled in (True, False)]

    def call(seed: int) -> None:
        shapes_unchecked()
        tensors, document = sound[seed % 2]
        write_forged(path, tensors, said_of_itself(document, random(seed)))
        command = COMMANDS[seed % len(COMMANDS)]
        result = CliRunner().invoke(cli, command.split(), catch_exceptions=False)
        assert result.exit_code in (0, 1), result.output[:300]
        assert len(result.stderr.encode(errors="replace")) <= 3000, result.stderr[:300]
        if "--json" in command and result.exit_code == 0:
            json.loads(result.stdout)
        else:
            assert all(one.isprintable() for one in result.stdout.split("\n")), result.stdout[:300]
        assert all(one.isprintable() for one in result.stderr.split("\n")), result.stderr[:300]
        if result.exit_code:
            assert result.stderr.rstrip("\n").split("\n")[-1].startswith("namegen: "), result.stderr
            raise NamegenError("refused")

    tally = attack(call, range(tries("what a model")))
    assert min(tally.returned, tally.refused) > 0


# --- states of trainings ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["document or tensors", "bytes or header", "settings or list"])
def test_a_run_folder(tmp_path: Path, what: str) -> None:
    """What is sound goes on; what is not is refused in a sentence."""
    tensors, document = read_tensors(run_folder() / STATE_FILE)

    def call(seed: int) -> None:
        rng, folder = random(seed), copy_of_run(tmp_path / "run")
        state = folder / STATE_FILE
        if seed == SOUND:
            pass
        elif what == "document or tensors":
            changed = tensors if seed % 3 else forged_tensors(tensors, rng)
            if seed % 6 == 3:
                changed.pop(PROBE, None)
            write_forged(state, changed, forged_document(document, rng) if seed % 3 else document)
        elif what == "bytes or header":
            state.write_bytes((forged_header if seed % 2 else forged_bytes)(state.read_bytes(), rng))
        else:
            path = folder / (LABELLED_NAMES_FILE if seed % 2 else CONFIG_FILE)
            path.write_bytes(forged_bytes(path.read_bytes(), rng))
        resume(folder, epochs=3)

    tally = attack(call, range(SOUND, tries("states")))
    assert min(tally.returned, tally.refused) > 0


# --- lists ------------------------------------------------------------------------------------------------------------

LISTED = ("Anna", "Aino", "Zoë", "O'Neil, Jr.", '"quoted"', "=1+1", "\u05d0\u05d1", "a\x1b[31m", "😀", " ", "")
COLUMNS = (None, None, "name", "origin", "1", "2", "99", "x" * LONG, "\x1b[31m", "")
OF_LISTS = (
    *(name.encode() for name in LISTED),
    *(*TOKENS, b"name,origin\n", b"name;origin\n", b"name\torigin\r\n", b"Anna,Finnish\n", b'"An\nna","x"\n', b'""'),
    *(b'["Anna", ', b'{"name": "Anna", "origin": ', b"null", b"1914", b"a" * 2000, b"," * 5000, b"\xe2\x80\xa8"),
)


def test_lists_of_any_content(tmp_path: Path) -> None:
    rows = [{"name": "Anna", "origin": "Finnish"}, {"name": "Bo", "origin": 1914}]
    table = b"name,origin\nAnna,Finnish\nBo,Danish\n" * 3
    sound = ["\n".join(LISTED).encode(), table, json.dumps(LISTED).encode(), json.dumps(rows).encode()]

    def call(seed: int) -> None:
        rng = random(seed)
        kind = rng.integers(3)
        if kind == 0:
            data = forged_bytes(sound[rng.integers(4)], rng)
        else:
            data = (
                some_of(OF_LISTS, rng)
                if kind == 1
                else dumped(forged_document({"list": rows}, rng).get("list")).encode()
            )
        path = tmp_path / f"list{('.txt', '.csv', '.json', '.names')[rng.integers(4)]}"
        path.write_bytes(data)
        column, label_column = (COLUMNS[rng.integers(len(COLUMNS))] for _ in range(2))
        corpus = read_names(DataSettings(names=str(path), column=column, label_column=label_column))
        assert corpus.names
        assert [corpus.dropped_sentence(), corpus.fingerprint, corpus.label_counts, corpus.vocabulary.size]
        describe(corpus.names).to_dict()

    assert attack(call, range(tries("lists"))).returned


def test_names_that_a_program_gives() -> None:
    def call(seed: int) -> None:
        rng = random(seed)
        texts = [text if isinstance(text := strange(rng), str) else LISTED[rng.integers(11)] for _ in range(10)]
        Corpus.from_names(texts[:5], labels=None if seed % 2 else texts[5 : rng.choice([10, 10, 9])])

    assert attack(call, range(tries("lists"))).returned


def test_names_of_lists_that_are_not_there(tmp_path: Path) -> None:
    names = ["", "\0", "x" * LONG, "a/" * 5000, "\x1b[31m", "\udcff", str(tmp_path), "/dev/zero", "mlb-frist", "."]
    assert attack(lambda name: read_names(DataSettings(names=name)), names).returned == 0


def test_vocabularies(tmp_path: Path) -> None:
    path = tmp_path / "vocabulary.json"
    Vocabulary("Ano").save(path)
    sound = path.read_bytes()

    def call(seed: int) -> None:
        rng = random(seed)
        path.write_bytes(
            forged_bytes(sound, rng) if seed % 2 else dumped(forged_document(json.loads(sound), rng)).encode()
        )
        vocabulary = Vocabulary.load(path)
        vocabulary.decode(list(range(min(vocabulary.size, 50))))

    assert attack(call, range(tries("lists"))).refused


# --- configs ----------------------------------------------------------------------------------------------------------

CONFIGS = {name: config.path.read_bytes() for name, config in bundled_configs().items()}
OF_CONFIGS = (
    *(
        *TOKENS,
        b"[training]\n",
        b"[network]\nhidden = [32, ",
        b"[grid]\n",
        b'"training.seed" = [0, 1]\n',
        b"[[data]]\n",
    ),
    *(
        b"training.seed = ",
        b"names = ",
        b'"mlb-first"\n',
        b"'''",
        b"epochs = 3\n",
        b"0x7f\n",
        b"1979-05-27T07:32:00Z\n",
    ),
    *(b"inf\n", b"-nan\n", b"{ a = 1 }\n", b"{ a = " * 2000, b"a." * 2000, b"# \x1b[31m\n"),
)
OF_GRIDS = (b"[]", b"[[]]", b"1", b"[1, 'a']", b"{ a = 1 }", b"[" + b"1," * 20_000 + b"]", b"[inf]", b"[[1], [2]]")


def test_config_files_of_any_content(tmp_path: Path) -> None:
    """What is read is written so that it is read again."""
    path = tmp_path / "config.toml"

    def call(seed: int) -> None:
        rng = random(seed)
        sound = CONFIGS[sorted(CONFIGS)[rng.integers(len(CONFIGS))]]
        if seed % 4 == 0:  # a grid of other values
            lines = sound.splitlines()
            place = rng.integers(len(lines))
            key = lines[place].partition(b"=")[0] or b"training.seed "
            lines[place] = key + b"= " + OF_GRIDS[rng.integers(len(OF_GRIDS))]
            path.write_bytes(b"\n".join(lines))
        else:
            path.write_bytes(some_of(OF_CONFIGS, rng) if rng.random() < 0.3 else forged_bytes(sound, rng))
        read = (read_config, read_grid)[seed % 2](path)
        if isinstance(read, Config):
            assert parse_config(tomllib.loads(write_config(read))) == read

    assert attack(call, range(tries("configs"))).refused


def test_tables_and_options_of_any_values() -> None:
    tables = [tomllib.loads(content.decode()) for content in (*CONFIGS.values(), write_config(Config()).encode())]
    paths = [f"{table}.{name}" for table, values in tables[-1].items() for name in values]
    paths += ["", ".", "training", "x" * LONG, "training." + "x" * LONG, "\x1b[31m.\u202e"]

    def call(seed: int) -> None:
        rng = random(seed)
        if seed % 2:
            write_config(parse_config(forged_document(tables[rng.integers(len(tables))], rng)))
        else:
            places = rng.integers(len(paths), size=rng.integers(1, 4))
            merge(Config(), {paths[place]: strange(rng) for place in places})

    assert attack(call, range(tries("configs"))).refused


def test_many_wrong_values_at_once_are_told_in_short() -> None:
    def call(count: int) -> None:
        parse_config({"training": {f"wrong_{place}": "x" * 100 for place in range(count)}})

    assert attack(call, [10, 1000, 10_000]).refused == 3


# --- what long commands keep ------------------------------------------------------------------------------------------

RESULTS = Path(__file__).parents[2] / "docs" / "results" / "results.json"
KEY = "81d3f0c2a1b7"


def test_kept_measurements(tmp_path: Path) -> None:
    """One that is damaged does not count, and no error comes of it."""
    run = to_plain(trained_run(0.01, 0, 0.5))
    outcome = {name: value for name, value in run.items() if name in Trained.__dataclass_fields__}
    store, path = KeptStore(tmp_path), tmp_path / f"rate-{KEY}.json"
    store.keep(f"rate-{KEY}", outcome, about={"label": "rate"})
    sound, kept = path.read_bytes(), store.find(KEY)
    document = read_json(sound)
    assert kept is not None
    assert read_run_outcome(kept.result).status == "done"

    def call(seed: int) -> None:
        rng = random(seed)
        if seed % 3 == 2:
            with contextlib.suppress(ValueError, RecursionError):  # what no writer writes
                store.keep(f"rate-{KEY}", forged_document(outcome, rng), about={})
        else:
            path.write_bytes(forged_bytes(sound, rng) if seed % 3 else dumped(forged_document(document, rng)).encode())
        found = KeptStore(tmp_path).find(KEY)
        if found is not None:
            in_short(lambda: to_plain(read_run_outcome(found.result)))
        in_short(lambda: from_plain(TrainedRun, read_json(dumped(forged_document(run, rng)))))

    attack(call, range(tries("what long commands")))


def in_short(call: Callable[[], object]) -> None:
    """What its readers pass over is a ValueError of no great length."""
    said = ""
    try:
        call()
    except ValueError as error:
        said = str(error)
    assert len(said) < 2000, said[:200]


def test_results_of_a_comparison(tmp_path: Path) -> None:
    """The tables are printed, or one line says why not."""
    path, sound = tmp_path / "results.json", RESULTS.read_bytes()
    document = read_json(sound)

    def call(seed: int) -> None:
        shapes_unchecked()
        rng = random(seed)
        path.write_bytes(forged_bytes(sound, rng) if seed % 2 else dumped(forged_document(document, rng)).encode())
        said, code = io.StringIO(), 0
        try:
            with contextlib.redirect_stderr(said):
                main([str(path)])
        except SystemExit as ended:  # argparse's way of refusing
            code = int(ended.code or 0)
        assert code in (0, 2)
        assert len(said.getvalue()) < 3000, said.getvalue()[:200]

    attack(call, range(tries("what long commands") // 2))
