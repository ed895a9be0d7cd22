"""What the routing classifier is trained with: its examples, its features, and where its weights are.

The examples are files that a person can edit, one for each label. `make train` fits the weights to them
(graph/training.py).
"""

from collections.abc import Iterator
from pathlib import Path

from nodes.employees import EMPLOYEES
from nodes.text.linear_model import NGramFeatures

EXAMPLES = Path(__file__).with_name("examples")
PAIRS = Path(__file__).with_name("follow_up_pairs.jsonl")
"""Pairs of a question and what came next, by which staying was tuned."""
WEIGHTS = Path(__file__).with_name("weights.npz")
NGRAMS = NGramFeatures(shortest=3, longest=6, buckets=16384, weight=2.0, word_buckets=32_768, word_weight=1.5)


def read_examples(folder: Path = EXAMPLES) -> dict[str, list[str]]:
    """The labelled messages: label to texts, from the examples' files and the employees' example questions."""
    examples = {file.stem: [text for _, text in read_file(file)] for file in sorted(folder.glob("*.txt"))}
    for employee in EMPLOYEES:
        examples[employee.slug].extend(employee.examples)
    return examples


def read_file(file: Path) -> Iterator[tuple[str, str]]:
    """The kind and the text of each message of a file: lines with `#` name the kind of those below them."""
    kind = ""
    for line in file.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            kind = line.removeprefix("#").strip()
        elif line.strip():
            yield kind, line.strip()
