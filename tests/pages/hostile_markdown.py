"""Documents for which a careless parser takes quadratic time, or worse."""

N = 12_000
"""How often a pattern is repeated."""


def hostile_documents() -> dict[str, str]:
    """The documents, by what they consist of."""
    return {
        "nested emphasis": "*a **a " * N + "b" + " a** a*" * N,
        "closing marks without opening ones": "a_ " * N,
        "opening marks without closing ones": "_a " * N,
        "marks that do not match": "*a_ " * N + "*a " + "_a*_ " * N,
        "runs whose lengths are multiples of three": "a**b" + "c* " * N,
        "links between emphasis": "**x [a*b**c*](https://a.example/d)" * N,
        "opening brackets": "[a" * N,
        "closing brackets": "a]" * N,
        "nested brackets": "[" * N + "a" + "]" * N,
        "brackets and emphasis": "[ a_" * N,
        "brackets that may be link labels": "[a]: /u\n\n" + "[a" * N + "]" * N,
        "link labels": "[a]: /u\n\n" + "[a] " * N,
        "nested images": "![" * N + "a" + "](b)" * N,
        "unclosed images": "![[]()" * N,
        "unclosed link destinations": "[a](<b" * N + "\n\n" + "[a](b" * N + "\n\n" + "[a](((((b" * N,
        "unclosed link titles": '[a](b "' * N + "\n\n" + "[a](b '" * N + "\n\n" + "[a](b (c" * N,
        "an unclosed link label": "[" + "\\a" * N + "\n\n[" + "a" * N + "]: ",
        "an unclosed link definition": '[a]: b "' + "a\n" * N,
        "backtick runs of every length": "".join("e" + "`" * length for length in range(1, 400)),
        "stars": "*" * N + "a" + "*" * N,
        "angle brackets": "<a:" * N + "<a@" * N + "a.-" * N,
        "ampersands": "&" * N + "&#" * N + "&a" * N,
        "bare URLs": "https://a" * N + "\n\nhttps://a.example/" + "!" * N + "b",
        "nested quotes": "> " * N + "a",
        "nested list items": "- " * N + "x" + "\n" * N,
        "nested list items in a quote": "> " + "- " * N + "x\n" + ">\n" * N,
        "deeper and deeper list items": "".join("  " * depth + "* a\n" for depth in range(400)),
        "tabs": "\t" * N + "\n" + "- \t" * N,
        "white space": "a" + " " * N + "b\n\n# a" + " " * N + "#" * N + "b\n\n" + (" " * 200 + "\n") * 200,
        "a table of many columns": "|a" * N + "|\n" + "|-" * N + "|\n" + "|a\n" * N,
        "list items": "- a\n" * N + "\n" + "- a\n\n" * N,
        "lines": "a  \n" * N + "\n" + "a\n=" * N,
        "fences": "```\n" * N,
    }  # fmt: skip
