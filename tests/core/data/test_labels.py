"""Labels of a list: how they are read, cleaned and counted, and on which side of the split their names fall."""

from __future__ import annotations

import json
from collections import defaultdict

import numpy as np
import pytest

from namegen.core.data.batching import ListParts
from namegen.core.data.corpus import Corpus
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.vocabulary import find_label
from namegen.core.settings import DataSettings
from namegen.errors import NamesError, SettingsError
from namegen.lists import load_bundled, read_names

TABLE = 'name,origin\nAino,Finnish\n"Smith, John",English\nÅsa,Swedish\nAino,Estonian\n'


def read(text: str | bytes, kind: str = "csv", **columns: str) -> Corpus:
    data = text if isinstance(text, bytes) else text.encode()
    return Corpus.from_bytes(data, source="list", kind=kind, **columns)  # type: ignore[arg-type]


class TestReading:
    @pytest.mark.parametrize(
        "text",
        [
            TABLE,
            TABLE.replace(",", ";").replace("Smith;", "Smith,"),
            TABLE.replace(",", "\t").replace("Smith\t", "Smith,"),
            TABLE.replace("name,origin", '"name", "origin"'),
            "\ufeff" + TABLE.replace("\n", "\r\n"),
        ],
        ids=["commas", "semicolons", "tabs", "quoted names of columns", "a mark and Windows line ends"],
    )
    def test_a_table(self, text: str) -> None:
        corpus = read(text, column="name", label_column="origin")
        assert corpus.names == ("Aino", "Smith, John", "Åsa", "Aino")
        assert corpus.labels == ("Finnish", "English", "Swedish", "Estonian")
        assert corpus.dropped == {"header rows": 1}

    def test_what_stands_between_quotation_marks_separates_no_columns(self) -> None:
        text = '"name, as written";origin\nAino;Finnish\n'
        assert read(text, column="name, as written", label_column="origin").labels == ("Finnish",)

    def test_of_two_columns_the_other_one_has_the_names(self) -> None:
        assert read(TABLE, label_column="origin").names == read(TABLE, column="1", label_column="2").names

    def test_a_json_list_of_objects(self) -> None:
        rows = [{"name": "Aino", "origin": "Finnish", "year": 1990}, {"origin": "Swedish", "name": "Åsa", "year": None}]
        assert read(json.dumps(rows), "json", column="name", label_column="year").labels == ("1990",)
        corpus = read(json.dumps(rows), "json", column="name", label_column="origin")
        assert list(zip(corpus.names, corpus.labels, strict=True)) == [("Aino", "Finnish"), ("Åsa", "Swedish")]
        assert read(json.dumps(rows), "json", column="name").names == ("Aino", "Åsa")

    def test_what_has_no_label_is_left_out_and_said(self) -> None:
        corpus = read("name,origin\nAino,Finnish\nBo,\nCy, \nDi\n,Finnish\n", label_column="origin")
        assert corpus.names == ("Aino",)
        assert corpus.dropped_sentence() == (
            "list: 1 header row, 1 empty cell and 3 names without a label were dropped"
        )

    def test_labels_are_composed_and_trimmed_as_names_are(self) -> None:
        assert read("name,origin\nAino, Sa\u0308vsjo\u0308 \n", label_column="origin").labels == ("Sävsjö",)

    @pytest.mark.parametrize(
        ("text", "kind", "columns", "message"),
        [
            (TABLE, "csv", {"label_column": "land"}, "has no column 'land': choose one of 'name', 'origin'"),
            (TABLE, "csv", {"column": "name", "label_column": "name"}, "cannot both stand in the column 'name'"),
            ("a,b,c\n1,2,3\n", "csv", {"label_column": "c"}, "has 3 columns: choose one of"),
            ("Aino\n", "text", {"label_column": "origin"}, "text has none: give CSV or JSON"),
            ('["Aino"]', "json", {"label_column": "origin"}, "has no columns"),
            ('[{"name": "Aino"}, "Bo"]', "json", {"column": "name"}, "item 2: a string where an object"),
            (
                '[{"name": "Aino", "origin": 3.5}]',
                "json",
                {"label_column": "origin"},
                "a number where a string 'origin'",
            ),
            ('[{"name": "Aino"}]', "json", {}, "say with column which string of each is the name"),
            ('name,origin\nAino,"Fin\nnish"\n', "csv", {"label_column": "origin"}, "line end or NUL inside the label"),
            (f"name,origin\nAino,{'x' * 1001}\n", "csv", {"label_column": "origin"}, "a label may have 1,000"),
            ("name,origin\nAino,\n", "csv", {"label_column": "origin"}, "no name has a label"),
        ],
    )
    def test_what_is_wrong_is_said_in_a_sentence(
        self, text: str, kind: str, columns: dict[str, str], message: str
    ) -> None:
        with pytest.raises(NamesError) as error:
            read(text, kind, **columns)
        assert message in str(error.value)
        assert "\n" not in str(error.value)

    def test_one_label_for_each_name(self) -> None:
        with pytest.raises(NamesError, match="2 names and 1 labels"):
            Corpus.from_names(["Aino", "Bo"], labels=["Finnish"])

    def test_another_label_is_another_list(self) -> None:
        names, labels = ["Aino", "Bo"], ["a", "b"]
        found = {
            Corpus.from_names(names, labels=given).fingerprint for given in (None, labels, labels[::-1], ["a", "a"])
        }
        assert len(found) == 4


class TestParts:
    def test_all_labels_of_a_name_fall_on_one_side(self) -> None:
        corpus = load_bundled("world-given")
        under = defaultdict(set)
        for name, label in zip(corpus.names, corpus.labels, strict=True):
            under[name].add(label)
        parts = ListParts.from_corpus(corpus, DataSettings(test=0.1), seed=0)
        assert parts.held_out is not None
        assert parts.test is not None
        sides = [decoded(part, corpus) for part in (parts.training, parts.held_out, parts.test)]
        for side in sides:
            names = {name for name, _ in side}
            assert side == {(name, label) for name in names for label in under[name]}
        assert sum(map(len, sides)) == len(set(zip(corpus.names, corpus.labels, strict=True)))
        assert set(parts.distinct_names) == set(under)
        assert len(parts.distinct_names) == len(under)

    def test_the_same_names_are_held_out_with_labels_and_without(self) -> None:
        corpus = load_bundled("world-given")
        alone = Corpus(corpus.names, corpus.source)
        with_labels, without = (ListParts.from_corpus(one, DataSettings(), seed=3) for one in (corpus, alone))
        assert with_labels.held_out is not None
        assert without.held_out is not None
        names = [
            set(corpus.vocabulary.decode_all(part.sequences().tokens))
            for part in (with_labels.held_out, without.held_out)
        ]
        assert names[0] == names[1]

    def test_a_name_that_was_learned_under_another_label_was_seen(self) -> None:
        names, labels = ["Aino"] * 20, [f"label {place}" for place in range(20)]
        parts = ListParts.from_corpus(
            Corpus.from_names(names, labels=labels), DataSettings(split="names", validation=0.2), seed=0
        )
        assert parts.seen_percent == 100

    def test_the_training_part_as_a_list_keeps_its_labels(self) -> None:
        corpus = load_bundled("world-family")
        data = DataSettings(test=0.1)
        part = corpus.training_part(data, seed=5)
        parts = ListParts.from_corpus(corpus, data, seed=5)
        assert set(zip(part.names, part.labels, strict=True)) == decoded(parts.training, corpus)
        size = corpus.vocabulary.size
        assert parts.names_of_label(size, 28) == [part.labels.count(label) for label in corpus.label_counts]

    def test_five_thousand_labels(self) -> None:
        names = [f"name {place}" for place in range(10_000)]
        corpus = Corpus.from_names(names, labels=[f"label {place % 5_000:04}" for place in range(10_000)])
        parts = ListParts.from_corpus(corpus, DataSettings(validation=0.0), seed=0)
        assert parts.training.roots == 5_000
        assert parts.names_of_label(corpus.vocabulary.size, 5_000) == [2] * 5_000


def decoded(tree: PrefixTree, corpus: Corpus) -> set[tuple[str, str]]:
    """The names of a tree with their labels."""
    rows, labels = tree.sequences(), list(corpus.label_counts)
    names = corpus.vocabulary.decode_all(rows.tokens)
    places = (rows.beginnings - corpus.vocabulary.size).tolist()
    return {(name, labels[place]) for name, place in zip(names, places, strict=True)}


def test_a_bundled_list_has_its_labels_unless_they_are_not_wanted() -> None:
    assert len(read_names(DataSettings(names="world-given")).label_counts) == 32
    assert len(read_names(DataSettings(names="world-family", label_column="origin")).label_counts) == 28
    assert read_names(DataSettings(names="world-given", label_column="")).labels == ()
    with pytest.raises(NamesError, match="the bundled list world-given has the column 'origin' there"):
        read_names(DataSettings(names="world-given", label_column="land"))
    with pytest.raises(NamesError, match="the bundled list mlb-first has no columns"):
        read_names(DataSettings(names="mlb-first", label_column="origin"))


def test_counts_of_labels_are_sorted_by_label() -> None:
    counts = load_bundled("world-given").label_counts
    assert list(counts) == sorted(counts)
    assert (counts["Icelandic"], counts["Estonian"]) == (3742, 101)
    assert np.sum(list(counts.values())) == 21_817


class TestFindLabel:
    LABELS = ("Finnish", "finnish", "Irish")

    @pytest.mark.parametrize(("asked", "place"), [("Finnish", 0), ("finnish", 1), ("IRISH", 2)])
    def test_letter_case_matters_only_where_it_decides(self, asked: str, place: int) -> None:
        assert find_label(asked, self.LABELS, "model") == place

    @pytest.mark.parametrize(
        ("asked", "labels", "message"),
        [
            ("FINNISH", LABELS, "which model does not know: did you mean 'Finnish'?"),
            ("Klingon", LABELS, "expected one of 'Finnish', 'finnish', 'Irish'"),
            ("Irish", (), "and model knows no labels: leave it out"),
            ("x" * 5_000, tuple(f"label {place}" for place in range(5_000)), "…"),
        ],
    )
    def test_an_unknown_one_is_refused_briefly(self, asked: str, labels: tuple[str, ...], message: str) -> None:
        with pytest.raises(SettingsError) as error:
            find_label(asked, labels, "model")
        assert message in str(error.value)
        assert len(str(error.value)) < 1_000


def test_labels_of_two_spellings_are_told_of() -> None:
    def told(*labels: str) -> str:
        return Corpus(tuple("ABC"[: len(labels)]), "list", labels=labels).alike_labels_sentence()

    assert told("Finnish", "finnish", "Italian") == (
        "list: the labels 'Finnish' and 'finnish' count as two, as they are written differently"
    )
    assert told("North  East", "North East")
    assert not told("Finnish", "Italian", "Finnish")
