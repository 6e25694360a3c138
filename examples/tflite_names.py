"""Generate new names from a ``.tflite`` file, with LiteRT and NumPy only.

    namegen export-tflite mlb-last
    python examples/tflite_names.py mlb-last.tflite -n 10 --starts-with Mc --temperature 0.8

``--label`` selects labels by their name or a part of it, such as ``Irish``. Use this program as a
template for other languages: it draws names with the signature ``step`` and reads everything else
from the file's metadata. It has four parts:

- ``Network`` draws names and computes their log-probabilities.
- ``Normalizer`` and ``HashSet`` recognize the names that the model was trained on.
- ``Ngrams`` and ``Scorer`` compute scores. A name is returned if its score reaches the threshold.
- ``find_names`` puts them together.

The documentation explains the score (``docs/concepts/which-names.md``) and all numbers in the file
(``docs/reference/file-formats.md``). Unlike namegen, this program doesn't exclude profanity or the
starts of real companies' names, and it doesn't limit how many names start with the same letters.
"""

from __future__ import annotations

import argparse
import json
import math
import struct
import sys
import unicodedata
from base64 import b85decode
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter

BATCH_SIZE = 256  # names that are drawn together
MOST_BATCHES = 100  # if too few names reach the threshold by then, the best of the others follow
FORMAT_VERSION = 13

NGRAM_ORDER = 5  # symbols of the longest n-grams
# How many n-grams are missing, by the order of the longest known n-gram that ends with a symbol.
MISSING_NGRAMS = {1: 8, 2: 3, 3: 2, 4: 1, 5: 0}
NGRAM_COST = 1.5  # nats for each missing n-gram
WORD_COST = 3.0  # nats for each unknown word
LEAST_SPREAD = 0.25
Ngram = tuple[int, str]  # a label's index, and the n-gram's symbols
START = "\x02"  # the symbol before the first character of a name
END = "\x03"  # the symbol after its last character
END_TOKEN = 0


def main(arguments: list[str] | None = None) -> None:
    """Read the command line, and print names."""
    options = parse(arguments)
    try:
        model = Model.read(options.model)
        names = find_names(model, make_search(options, model))
    except (OSError, ValueError, RuntimeError) as error:
        sys.exit(f"Error: {error}")
    except (struct.error, TypeError, IndexError):
        sys.exit(f"Error: {options.model} is damaged: export the model again")
    for name in names:
        print(name.text)
    print_warnings(model, names, options.n)


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Generate new names from a .tflite file.")
    parser.add_argument("model", type=Path, help="a file that namegen export-tflite has written")
    parser.add_argument("-n", type=int, default=10, help="how many names")
    parser.add_argument("--starts-with", default="", metavar="TEXT", help="how each name starts")
    parser.add_argument("--temperature", type=float, default=1.0, help="above 0; default: 1")
    parser.add_argument("--label", help="a label, or a part of one, such as Irish")
    parser.add_argument("--seed", type=int, help="the same seed gives the same names")
    options = parser.parse_args(arguments)
    if options.temperature <= 0:
        parser.error("--temperature must be above 0")
    if options.n < 1:
        parser.error("-n must be at least 1")
    if options.seed is not None and options.seed < 0:
        parser.error("--seed must be at least 0")
    return options


def make_search(options: argparse.Namespace, model: Model) -> Search:
    """Convert the options to a search."""
    return Search(
        count=options.n,
        prefix=options.starts_with,
        temperature=options.temperature,
        labels=matching_labels(model.labels, options.label),
        rng=np.random.default_rng(options.seed),
    )


def print_warnings(model: Model, names: list[FoundName], requested: int) -> None:
    """Warn about bad, missing and known names."""
    below_threshold = sum(not name.reaches_threshold for name in names)
    if below_threshold:
        print(f"Names whose scores are below the threshold: {below_threshold}", file=sys.stderr)
    if len(names) < requested:
        print(f"Found only {len(names)} of {requested} names.", file=sys.stderr)
    if model.known_names is None:
        print("Some names may be in the model's training list.", file=sys.stderr)


@dataclass
class Model:
    """Everything in a file."""

    network: Network
    scorer: Scorer
    normalizer: Normalizer
    known_names: HashSet | None  # None if the file was exported with --without-names
    labels: list[Label]
    shortest_name: int  # characters of the shortest name that is returned
    longest_name: int

    @classmethod
    def read(cls, path: Path) -> Model:
        """Read a file."""
        content = path.read_bytes()
        is_tflite = content[4:8] == b"TFL3"
        entries = read_entries(content) if is_tflite else {}
        metadata = read_metadata(path, entries)
        hashes = entries.get(b"namegen.known_names")
        return cls(
            network=Network(content, metadata["vocabulary"]),
            scorer=Scorer(metadata),
            normalizer=Normalizer(frozenset(metadata["endings"])),
            known_names=None if hashes is None else HashSet(hashes),
            labels=[Label(**label) for label in metadata["labels"]],
            shortest_name=metadata["shortest_name"],
            longest_name=metadata["longest_name"],
        )

    def may_return(self, name: str) -> bool:
        """Whether a name is new and has a usual length."""
        is_trimmed = name == name.strip()
        has_usual_length = self.shortest_name <= len(name) <= self.longest_name
        if not (is_trimmed and has_usual_length):
            return False
        if self.known_names is None:
            return True
        return hash_of(self.normalizer.normalize(name)) not in self.known_names


@dataclass
class Label:
    """A label of the training list."""

    name: str  # such as "Irish,female"
    names: int  # how many training names have it


def read_entries(content: bytes) -> dict[bytes, bytes]:
    """Return the file's metadata table, which LiteRT ignores."""
    file = schema.Model.GetRootAsModel(content, 0)
    entries = {}
    for index in range(file.MetadataLength()):
        entry = file.Metadata(index)
        buffer = file.Buffers(entry.Buffer())
        entries[entry.Name()] = bytes(buffer.DataAsNumpy())
    return entries


def read_metadata(path: Path, entries: dict[bytes, bytes]) -> dict[str, Any]:
    """Return namegen's metadata from the metadata table, or raise ValueError if it's unusable."""
    if b"namegen" not in entries:
        raise ValueError(f"{path} wasn't written by namegen export-tflite")
    description = json.loads(entries[b"namegen"])
    if description["format_version"] != FORMAT_VERSION:
        raise ValueError(f"{path} has another format version: export the model again")
    metadata = description["metadata"]
    if not metadata["score_rules"]:
        raise ValueError(f"{path} has no score rules, so it can't be used here")
    return metadata


def matching_labels(labels: list[Label], requested: str | None) -> list[int]:
    """Return the indexes of the labels that have all requested parts. Ignores case."""
    if requested is None:
        return list(range(len(labels)))
    requested_parts = label_parts(requested)
    matching = [
        index for index, label in enumerate(labels) if requested_parts <= label_parts(label.name)
    ]
    if not matching:
        raise ValueError(f"the model has no label {requested}")
    return matching


def label_parts(label: str) -> set[str]:
    """Return the parts of a label in lower case."""
    return set(label.casefold().split(","))


# Find names


@dataclass
class Search:
    """What to search for."""

    count: int
    prefix: str
    temperature: float
    labels: list[int]  # indexes of the allowed labels; empty if the model has no labels
    rng: np.random.Generator


@dataclass
class FoundName:
    """A new name."""

    text: str
    label: int
    score: float
    reaches_threshold: bool


def find_names(model: Model, search: Search) -> list[FoundName]:
    """Draw names until enough of them reach the threshold.

    If too few do, the best of the other names follow.
    """
    names: dict[str, FoundName] = {}  # by normalized form, so each name occurs only once
    good: list[FoundName] = []
    for _ in range(MOST_BATCHES):
        for name in draw_names(model, search):
            names.setdefault(model.normalizer.normalize(name.text), name)
        good = [name for name in names.values() if name.reaches_threshold]
        if len(good) >= search.count:
            break
    others = [name for name in names.values() if not name.reaches_threshold]
    others.sort(key=lambda name: name.score, reverse=True)
    return (good + others)[: search.count]


def draw_names(model: Model, search: Search) -> list[FoundName]:
    """Draw a batch of names, and return the new names with their scores."""
    labels = draw_labels(model.labels, search)  # (B,)
    start_tokens = labels + model.network.vocabulary_size if model.labels else labels
    texts, log_probabilities = model.network.draw(
        start_tokens,
        prefix=search.prefix,
        temperature=search.temperature,
        longest=model.longest_name,
        rng=search.rng,
    )
    rows = zip(texts, log_probabilities.tolist(), labels.tolist(), strict=True)
    names = []
    for text, log_probability, label in rows:
        if model.may_return(text):
            names.append(score_name(model.scorer, text, log_probability, label))
    return names


def score_name(scorer: Scorer, text: str, log_probability: float, label: int) -> FoundName:
    """Score a new name, and compare its score with the label's threshold."""
    score = scorer.score(text, log_probability, label)
    reaches_threshold = score >= scorer.rule(label)["threshold"]
    return FoundName(text, label, score, reaches_threshold)


def draw_labels(labels: list[Label], search: Search) -> np.ndarray:
    """Return a label's index for each name of a batch, by the number of training names."""
    if not labels:
        return np.zeros(BATCH_SIZE, np.int32)
    counts = np.array([labels[index].names for index in search.labels])
    drawn = search.rng.choice(search.labels, size=BATCH_SIZE, p=counts / counts.sum())
    return drawn.astype(np.int32)


# The network


class Network:
    """Draws names, one character at a time."""

    def __init__(self, content: bytes, characters: str) -> None:
        self.interpreter = Interpreter(model_content=content)
        self.step = self.interpreter.get_signature_runner("step")
        self.characters = characters  # the token of the first one is 1
        self.vocabulary_size = len(characters) + 1
        self.state_sizes = {
            name: details["shape"][1]
            for name, details in self.step.get_input_details().items()
            if name != "tokens"
        }

    def draw(
        self,
        start_tokens: np.ndarray,
        *,
        prefix: str,
        temperature: float,
        longest: int,
        rng: np.random.Generator,
    ) -> tuple[list[str], np.ndarray]:
        """Draw a name for each start token.

        Returns:
            The names, and their log-probabilities at temperature 1 in nats. A name that has more
            than ``longest`` characters is cut off, and has one character more than that.
        """
        prefix_tokens = [self.token_of(character) for character in prefix]
        names = NameBatch(len(start_tokens), self.characters)
        tokens = start_tokens  # (B,)
        states = self.initial_states(len(start_tokens))
        for position in range(longest + 1):
            states = self.step(tokens=tokens, **states)
            logits = states.pop("logits").astype(np.float64)  # (B, V)
            if position < len(prefix_tokens):
                tokens = np.full(len(start_tokens), prefix_tokens[position], np.int32)
            else:
                tokens = choose(logits, temperature, rng)
            names.append(tokens, log_softmax(logits))
            if names.are_finished.all():
                break
        return names.texts, names.log_probabilities

    def initial_states(self, count: int) -> dict[str, np.ndarray]:
        """Return the states of some names before their start tokens."""
        return {
            name: np.zeros((count, size), np.float32) for name, size in self.state_sizes.items()
        }

    def token_of(self, character: str) -> int:
        """Return the id of a character."""
        if character not in self.characters:
            raise ValueError(f"the model doesn't know the character {character!r}")
        return self.characters.index(character) + 1


class NameBatch:
    """Names that are drawn together."""

    def __init__(self, count: int, characters: str) -> None:
        self.characters = characters  # the token of the first one is 1
        self.texts = [""] * count
        self.log_probabilities = np.zeros(count)  # (B,)
        self.are_finished = np.zeros(count, bool)  # (B,)

    def append(self, tokens: np.ndarray, log_probabilities: np.ndarray) -> None:
        """Append a token to each name that isn't finished.

        Args:
            tokens: the tokens, (B,).
            log_probabilities: the log-probabilities of all tokens, (B, V).
        """
        rows = np.arange(len(tokens))
        of_tokens = log_probabilities[rows, tokens]  # (B,)
        self.log_probabilities += np.where(self.are_finished, 0, of_tokens)
        self.are_finished |= tokens == END_TOKEN
        for row in np.flatnonzero(~self.are_finished):
            self.texts[row] += self.characters[tokens[row] - 1]


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """Convert logits to log-probabilities."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def choose(logits: np.ndarray, temperature: float, rng: np.random.Generator) -> np.ndarray:
    """Draw a token for each row: the maximum after adding Gumbel noise has the right probability."""
    noise = rng.gumbel(size=logits.shape)
    return (logits / temperature + noise).argmax(axis=1).astype(np.int32)


# Known names


class HashSet:
    """The shortened hashes of names or words. It takes one other name in 256 for a known one."""

    def __init__(self, data: bytes) -> None:
        self.count = int.from_bytes(data[:4], "little")
        low_bytes = np.frombuffer(data, np.uint8, self.count, offset=4)
        # If the k-th number is 256·h plus its low byte, the bit k + h of the bitmap is 1.
        ones = np.flatnonzero(read_bits(data[4 + self.count :]))
        numbers = 256 * (ones - np.arange(self.count)) + low_bytes
        self.numbers = set(numbers.tolist())

    def __contains__(self, hash64: int) -> bool:
        upper_half = hash64 >> 32
        shortened = (upper_half * 256 * self.count) >> 32
        return shortened in self.numbers


@dataclass
class Normalizer:
    """Normalizes names. Two names with the same form are the same."""

    endings: frozenset[str]  # the legal forms of companies, normalized

    def normalize(self, name: str) -> str:
        """Return a name without upper case, spaces, punctuation and endings."""
        if self.endings:
            name = self.without_endings(name)
        return normalized(name)

    def without_endings(self, name: str) -> str:
        """Remove legal forms, the longest one first, as long as a word remains."""
        words = [word for word in name.replace(",", " ").split() if is_word(word)]
        forms = [normalized(word) for word in words]
        start = self.start_of_ending(forms)
        while start < len(forms):
            forms = forms[:start]
            start = self.start_of_ending(forms)
        return " ".join(words[: len(forms)]) or name

    def start_of_ending(self, forms: list[str]) -> int:
        """Return the index of the word that starts the longest ending."""
        for start in range(1, len(forms)):
            if "".join(forms[start:]) in self.endings:
                return start
        return len(forms)


def normalized(text: str) -> str:
    """Return a text without upper case, spaces and punctuation."""
    letters = without_punctuation(text)
    folded = unicodedata.normalize("NFD", letters.replace("ı", "i")).casefold()
    compatible = unicodedata.normalize("NFKD", folded).casefold()
    return without_punctuation(unicodedata.normalize("NFKC", compatible)) or text.casefold()


def without_punctuation(text: str) -> str:
    """Remove punctuation, spaces, control characters and free-standing accents."""
    return "".join(character for character in text if not is_punctuation(character))


def is_punctuation(character: str) -> bool:
    """Whether a character isn't part of a word."""
    if character.isascii():
        return not character.isalnum()
    category = unicodedata.category(character)
    return category[0] in "PZC" or category == "Sk"


def is_word(text: str) -> bool:
    """Whether a text has more than punctuation."""
    return without_punctuation(text) != ""


def hash_of(form: str) -> int:
    """Return the 64-bit hash of a normalized name or word."""
    return int.from_bytes(blake2b(form.encode(), digest_size=8).digest(), "little")


# Scores


class Scorer:
    """Scores new names."""

    def __init__(self, metadata: dict[str, Any]) -> None:
        self.rules = metadata["score_rules"]
        self.ngrams = Ngrams(decode_base_85(metadata["ngrams"]), metadata["vocabulary"])
        # Only lists of phrases have words. Then the n-grams are those of single words.
        self.words = None
        if metadata["words"] is not None:
            self.words = HashSet(decode_base_85(metadata["words"]))

    def rule(self, label: int) -> dict[str, float]:
        """Return a label's rule. Some models have one rule for all labels."""
        return self.rules[min(label, len(self.rules) - 1)]

    def score(self, name: str, log_probability: float, label: int) -> float:
        """Return a name's score in nats."""
        rule = self.rule(label)
        mean = rule["mean_level"] + rule["mean_slope"] * len(name)
        spread = rule["spread_level"] + rule["spread_slope"] * len(name)
        z = (log_probability - mean) / max(spread, LEAST_SPREAD)
        if self.words is None:
            return z - NGRAM_COST * self.ngrams.count_missing(name, label)
        words = name.split(" ")
        missing_ngrams = sum(self.ngrams.count_missing(word, label) for word in words)
        unknown_words = sum(word_hash(word, label) not in self.words for word in words)
        return z - NGRAM_COST * missing_ngrams - WORD_COST * unknown_words


class Ngrams:
    """The n-grams of each label's training names."""

    def __init__(self, data: bytes, characters: str) -> None:
        self.known = read_ngrams(data, characters)

    def count_missing(self, text: str, label: int) -> int:
        """Count the n-grams of a name or word that the label's training names lack."""
        symbols = START * (NGRAM_ORDER - 1) + digits_as_0(text) + END
        ends = range(NGRAM_ORDER, len(symbols) + 1)
        return sum(MISSING_NGRAMS[self.longest_order(symbols[:end], label)] for end in ends)

    def longest_order(self, symbols: str, label: int) -> int:
        """Return the order of the longest known n-gram at the end of some symbols, at least 1."""
        for order in range(NGRAM_ORDER, 1, -1):
            if (label, symbols[-order:]) in self.known:
                return order
        return 1


def read_ngrams(data: bytes, characters: str) -> set[Ngram]:
    """Decode n-grams, and return them with their labels.

    An n-gram can only be known if it's also known without its first symbol and without its last
    one. For each order, the data has a bitmap of these candidates.
    """
    label_count = int.from_bytes(data[:4], "little")
    position = 8
    known: set[Ngram] = set()
    ngrams: list[Ngram] = [(label, "") for label in range(label_count)]
    followers = dict.fromkeys(ngrams, END + digits_as_0(characters) + START)
    for _ in range(NGRAM_ORDER):
        candidates = longer_ngrams(ngrams, followers)
        end = position + math.ceil(len(candidates) / 8)
        indexes = np.flatnonzero(read_bits(data[position:end]))
        ngrams = [candidates[index] for index in indexes.tolist()]
        position = end
        followers = find_followers(ngrams)
        known.update(ngrams)
    return known


def longer_ngrams(ngrams: list[Ngram], followers: dict[Ngram, str]) -> list[Ngram]:
    """Append to each n-gram the symbols that follow its end, which is all but its first symbol."""
    longer = []
    for label, ngram in ngrams:
        end = ngram[1:]
        for symbol in followers.get((label, end), ""):
            longer.append((label, ngram + symbol))
    return longer


def find_followers(ngrams: list[Ngram]) -> dict[Ngram, str]:
    """Return the symbols that follow the start of each n-gram, which is all but its last symbol."""
    followers: dict[Ngram, str] = {}
    for label, ngram in ngrams:
        start, symbol = ngram[:-1], ngram[-1]
        followers[label, start] = followers.get((label, start), "") + symbol
    return followers


def digits_as_0(text: str) -> str:
    """Replace each digit by 0, because all digits are the same symbol."""
    return "".join("0" if character.isdecimal() else character for character in text)


def word_hash(word: str, label: int) -> int:
    """Return the hash of a word of some label's names."""
    return hash_of(normalized(word)) ^ splitmix64(label)


def splitmix64(number: int) -> int:
    """Scramble a number into 64 bits."""
    mask = (1 << 64) - 1
    mixed = (number + 1) * 0x9E3779B97F4A7C15 & mask
    mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9 & mask
    mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB & mask
    return mixed ^ (mixed >> 31)


# Encodings


def decode_base_85(text: str) -> bytes:
    """Decode bytes in the metadata."""
    return b85decode(text.replace(",", "<"))


def read_bits(data: bytes) -> np.ndarray:
    """Return the bits of a bitmap, each byte from its lowest bit on."""
    return np.unpackbits(np.frombuffer(data, np.uint8), bitorder="little")


if __name__ == "__main__":
    main()
