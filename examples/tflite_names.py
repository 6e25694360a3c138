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
FORMAT_VERSION = 11

NGRAM_ORDER = 5  # symbols of the longest n-grams
# How many n-grams are missing, by the order of the longest known n-gram that ends with a symbol.
MISSING_NGRAMS = {1: 8, 2: 3, 3: 2, 4: 1, 5: 0}
NGRAM_COST = 1.5  # nats for each missing n-gram
WORD_COST = 3.0  # nats for each unknown word
LEAST_SPREAD = 0.25
START = "\x02"  # the symbol before the first character of a name
END = "\x03"  # the symbol after its last character
END_TOKEN = 0


def main(arguments: list[str] | None = None) -> None:
    """Read the command line, and print names."""
    options = parse(arguments)
    try:
        model = Model.read(options.model)
        search = Search(
            count=options.n,
            prefix=options.starts_with,
            temperature=options.temperature,
            labels=matching_labels(model.labels, options.label),
            rng=np.random.default_rng(options.seed),
        )
        names = find_names(model, search)
    except (OSError, ValueError) as error:
        sys.exit(f"Error: {error}")
    for name in names:
        print(name.text)
    below_threshold = sum(not name.reaches_threshold for name in names)
    if below_threshold:
        print(f"Names whose scores are below the threshold: {below_threshold}", file=sys.stderr)
    if len(names) < options.n:
        print(f"Found only {len(names)} of {options.n} names.", file=sys.stderr)
    if model.known_names is None:
        print("Some names may be in the model's training list.", file=sys.stderr)


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
    return options


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
        if b"namegen" not in entries:
            raise ValueError(f"{path} wasn't written by namegen export-tflite")
        description = json.loads(entries[b"namegen"])
        if description["format_version"] != FORMAT_VERSION:
            raise ValueError(f"{path} has another format version: export the model again")
        metadata = description["metadata"]
        if not metadata["score_rules"]:
            raise ValueError(f"{path} has no score rules, so it can't be used here")
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
        entries[entry.Name()] = bytes(file.Buffers(entry.Buffer()).DataAsNumpy())
    return entries


def matching_labels(labels: list[Label], requested: str | None) -> list[int]:
    """Return the indexes of the labels that have all requested parts. Ignores case."""
    if requested is None:
        return list(range(len(labels)))
    parts = set(requested.casefold().split(","))
    matching = [
        index
        for index, label in enumerate(labels)
        if parts <= set(label.name.casefold().split(","))
    ]
    if not matching:
        raise ValueError(f"the model has no label {requested}")
    return matching


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
    found: dict[str, FoundName] = {}  # by normalized form, so that each name occurs once
    reached = 0
    for _ in range(MOST_BATCHES):
        for name in draw_names(model, search):
            form = model.normalizer.normalize(name.text)
            if form not in found:
                found[form] = name
                reached += name.reaches_threshold
        if reached >= search.count:
            break
    good = [name for name in found.values() if name.reaches_threshold]
    others = [name for name in found.values() if not name.reaches_threshold]
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
    new = []
    rows = zip(texts, log_probabilities.tolist(), labels.tolist(), strict=True)
    for text, log_probability, label in rows:
        if model.may_return(text):
            score = model.scorer.score(text, log_probability, label)
            reaches_threshold = score >= model.scorer.rule(label)["threshold"]
            new.append(FoundName(text, label, score, reaches_threshold))
    return new


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
        rows = np.arange(len(start_tokens))
        tokens = start_tokens  # (B,)
        states = {
            name: np.zeros((len(rows), size), np.float32) for name, size in self.state_sizes.items()
        }
        names = [""] * len(rows)
        log_probabilities = np.zeros(len(rows))
        is_finished = np.zeros(len(rows), bool)
        for position in range(longest + 1):
            outputs = self.step(tokens=tokens, **states)
            logits = outputs.pop("logits").astype(np.float64)  # (B, V)
            states = outputs
            if position < len(prefix_tokens):
                tokens = np.full(len(rows), prefix_tokens[position], np.int32)
            else:
                tokens = choose(logits, temperature, rng)
            of_tokens = log_softmax(logits)[rows, tokens]  # (B,)
            log_probabilities += np.where(is_finished, 0, of_tokens)
            is_finished |= tokens == END_TOKEN
            for row in np.flatnonzero(~is_finished):
                names[row] += self.characters[tokens[row] - 1]
            if is_finished.all():
                break
        return names, log_probabilities

    def token_of(self, character: str) -> int:
        """Return the id of a character."""
        if character not in self.characters:
            raise ValueError(f"the model doesn't know the character {character!r}")
        return self.characters.index(character) + 1


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
        numbers, _ = read_rice_code(data, 0)
        self.numbers = set(numbers.tolist())
        self.count = len(numbers)

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
    return "".join(
        character
        for character in text
        if unicodedata.category(character)[0] not in "PZC"
        and unicodedata.category(character) != "Sk"
        and not (character.isascii() and not character.isalnum())
    )


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


def read_ngrams(data: bytes, characters: str) -> set[tuple[int, str]]:
    """Decode n-grams, and return them with their labels.

    An n-gram can only be known if the same n-gram without its first symbol is known. The data
    consists of the candidates that are known, order by order.
    """
    label_count = int.from_bytes(data[:4], "little")
    symbols = END + digits_as_0(characters) + START
    position = 8
    known: set[tuple[int, str]] = set()
    parents = [(label, "") for label in range(label_count)]
    next_symbols: dict[tuple[int, str], str] = {}  # the symbols that follow a known n-gram
    for order in range(1, NGRAM_ORDER + 1):
        candidates = []
        for label, ngram in parents:
            following = symbols if order == 1 else next_symbols[label, ngram[1:]]
            candidates += [(label, ngram, symbol) for symbol in following]
        decoded, position = read_rice_code(data, position)
        numbers = decoded + np.arange(len(decoded))
        next_symbols = dict.fromkeys(parents, "")
        parents = []
        for number in numbers.tolist():
            label, ngram, symbol = candidates[number]
            next_symbols[label, ngram] += symbol
            parents.append((label, ngram + symbol))
        known.update(parents)
    return known


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


def read_rice_code(data: bytes, start: int) -> tuple[np.ndarray, int]:
    """Decode rising whole numbers, and return them with the position after their last byte."""
    count = int.from_bytes(data[start : start + 4], "little")
    low_bit_count = data[start + 4]
    packed = np.frombuffer(data, np.uint8, offset=start + 5)
    bits = np.unpackbits(packed, bitorder="little")
    low_end = count * low_bit_count
    low_bits = bits[:low_end].reshape(count, low_bit_count)
    low_parts = low_bits @ (1 << np.arange(low_bit_count))
    zeros = np.flatnonzero(bits[low_end:] == 0)[:count]
    high_parts = np.diff(zeros, prepend=-1) - 1
    gaps = (high_parts << low_bit_count) + low_parts
    used_bits = low_end + (int(zeros[-1]) + 1 if count else 0)
    used_bytes = -(-used_bits // 8)  # rounded up
    return np.cumsum(gaps), start + 5 + used_bytes


if __name__ == "__main__":
    main()
