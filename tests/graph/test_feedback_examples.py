"""Examples for the router from feedback."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from graph.feedback_examples import LabelledCase, compare, labelled_cases, new_examples, to_file
from nodes.routing.classifier import read_examples, read_file
from storage.feedback import MarkedMessage
from tests.nodes.held_out import read

KNOWN: Mapping[str, Sequence[str]] = {
    "ledger": ["Is my bike deductible?", "When are taxes due?", "Which form is for VAT?"],
    "byte": ["How do I scan a receipt?", "Where is my statement?", "Convert this PDF"],
    "follow_up": ["and last year?", "why?", "more please"],
}


def marked(message: str, wanted: str, chosen: str = "tag") -> MarkedMessage:
    """A message that the wrong employee answered."""
    return MarkedMessage(message=message, chosen=chosen, wanted=wanted)


def test_examples_are_new_and_on_one_line() -> None:
    """None is an example already, or in the labelled test data, or there twice; none looks like a heading."""
    held_out = read("routing")["ledger"][0]
    messages = [
        marked("is my bike\n deductible? ", "ledger"), marked("Is my bike deductible?", "byte"),
        marked("# Which\nreceipts?", "byte"), marked("which receipts?", "byte", chosen="prime"),
        marked(held_out, "ledger"), marked("###", "byte"),
    ]  # fmt: skip
    assert new_examples(messages, KNOWN) == [
        marked("Is my bike deductible?", "byte"),
        marked("Which receipts?", "byte"),
    ]


def test_the_file_is_in_the_format_of_the_examples(tmp_path: Path) -> None:
    """Each message below a line that says for whom it is and who answered."""
    examples = [
        marked("Is it due?", "ledger"),
        marked("Scan it", "byte", "prime"),
        marked("Is it?", "ledger", "goalie"),
    ]
    file = tmp_path / "examples.txt"
    file.write_text(to_file(examples), encoding="utf-8")
    assert list(read_file(file)) == [
        ("for ledger.txt, from feedback: tag answered", "Is it due?"),
        ("for ledger.txt, from feedback: goalie answered", "Is it?"),
        ("for byte.txt, from feedback: prime answered", "Scan it"),
    ]


def test_all_labelled_test_data_is_read() -> None:
    """First messages and later ones of both sets."""
    cases = labelled_cases()
    assert len(cases) == 150 + 30 + 20 + 320 + 80
    assert {case.expected for case in cases} == set(read_examples()) - {"follow_up"}


async def test_what_examples_would_change_is_told() -> None:
    """A message that goes to another employee with them, and how many are right without and with them."""
    cases = [
        LabelledCase("Can I write off my bike?", None, "byte"),
        LabelledCase("When are taxes due?", None, "ledger"),
    ]
    examples = [marked(f"Can I write off my {thing}?", "byte") for thing in ("bike", "car", "desk")]
    result = await compare(examples, KNOWN, cases)
    assert (result.cases, result.right_without, result.right_with) == (2, 1, 2)
    assert result.changed == ["ledger → byte (right: byte): Can I write off my bike?"]
