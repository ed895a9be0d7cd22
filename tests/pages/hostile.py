"""Texts that make a careless parser take the square of their length, or worse."""

N = 12_000


def hostile() -> dict[str, str]:
    """By what they try."""
    return {
        "emphasis within emphasis": "*a **a " * N + "b" + " a** a*" * N,
        "ends without beginnings": "a_ " * N,
        "beginnings without ends": "_a " * N,
        "beginnings and ends that do not fit": "*a_ " * N + "*a " + "_a*_ " * N,
        "lengths that are a multiple of three": "a**b" + "c* " * N,
        "links between emphasis": "**x [a*b**c*](https://a.example/d)" * N,
        "brackets that begin": "[a" * N,
        "brackets that end": "a]" * N,
        "brackets within brackets": "[" * N + "a" + "]" * N,
        "brackets and emphasis": "[ a_" * N,
        "brackets that may be labels": "[a]: /u\n\n" + "[a" * N + "]" * N,
        "labels": "[a]: /u\n\n" + "[a] " * N,
        "pictures within pictures": "![" * N + "a" + "](b)" * N,
        "pictures that begin": "![[]()" * N,
        "addresses that do not end": "[a](<b" * N + "\n\n" + "[a](b" * N + "\n\n" + "[a](((((b" * N,
        "titles that do not end": '[a](b "' * N + "\n\n" + "[a](b '" * N + "\n\n" + "[a](b (c" * N,
        "a label that does not end": "[" + "\\a" * N + "\n\n[" + "a" * N + "]: ",
        "a definition that does not end": '[a]: b "' + "a\n" * N,
        "backticks of every length": "".join("e" + "`" * length for length in range(1, 400)),
        "stars": "*" * N + "a" + "*" * N,
        "angle brackets": "<a:" * N + "<a@" * N + "a.-" * N,
        "ampersands": "&" * N + "&#" * N + "&a" * N,
        "bare addresses": "https://a" * N + "\n\nhttps://a.example/" + "!" * N + "b",
        "quotes within quotes": "> " * N + "a",
        "items within items": "- " * N + "x" + "\n" * N,
        "items within items in a quote": "> " + "- " * N + "x\n" + ">\n" * N,
        "items deeper and deeper": "".join("  " * depth + "* a\n" for depth in range(400)),
        "tabs": "\t" * N + "\n" + "- \t" * N,
        "white space": "a" + " " * N + "b\n\n# a" + " " * N + "#" * N + "b\n\n" + (" " * 200 + "\n") * 200,
        "a table of many columns": "|a" * N + "|\n" + "|-" * N + "|\n" + "|a\n" * N,
        "items": "- a\n" * N + "\n" + "- a\n\n" * N,
        "lines": "a  \n" * N + "\n" + "a\n=" * N,
        "fences": "```\n" * N,
    }  # fmt: skip
