"""Frames of questions about documents: which there are, which say something, how they were read."""

import re

from nodes.questions.asked import Asked, Facts, NotUnderstood
from nodes.questions.reading import Reading
from nodes.questions.restrictions import document_words
from nodes.questions.vocabulary import NO_TOPIC

_FILE_NAME = re.compile(r"\b[\w-]+\.(?:csv|xlsx?|pdf|ofx|qfx|sta|mt940|xml|png|jpe?g|webp)\b")
_KINDS = {"receipt": r"receipts?", "statement": r"(?:bank |account )?statements?"}
_DOCUMENT = (
    "documents?|files?|pages?|pdfs?|letters?|invoices?|contracts?|receipts?|statements?|scans?|photos?|papers?"
    "|polic(?:y|ies)"
)
_NAMED_SO = "contracts?|leases?|warrant(?:y|ies)|guarantees?|polic(?:y|ies)|notices?|payslips?|inventor(?:y|ies)"
"""Papers that are called by what they are about, where nothing else says it."""
_ABOUT = re.compile(
    r"^(?:please |can you |could you |so |and )*"
    r"(?:find|search|look(?:ing)? for|show|list|open|get me the|which|what|where|any|is there|are there|do (?:i|you|we)"
    r"|i am looking)\b"
    rf".*?\b(?:{_DOCUMENT})\b (?:(?:i have|do i have|are there|is) )?"
    r"(?:about|that (?:mentions?|says?|contains?|talks? about)|mentioning|mentions?|containing|contains?|regarding"
    r"|concerning|with(?: the words?)?|from|of|on|for) (?P<about>.+)$"
)
_FIND = re.compile(
    rf"^search (?:my|the) (?:{_DOCUMENT}) for (?P<other>.+)$"
    rf"|^what (?:do|does|did) (?:my|our|the) (?:{_DOCUMENT}) say (?:about|on) (?P<said>.+)$"
    rf"|^(?:find|search(?: for)?|look for) (?P<words>.+) in (?:my|the) (?:{_DOCUMENT})$"
    r"|^(?:please |can you )?(?:find|search(?: for)?|look for|where (?:is|are)|look up|open|show me|do i have) "
    rf"(?:me )?(?:my |the |an? |all )*(?P<about>.+? (?:{_DOCUMENT}))$"
)
_MOST_WORDS = 6
"""Of what documents are looked for by."""
_SOMEWHERE = re.compile(r"(?: (?:on file|on record|anywhere|somewhere|at all|already))+$")
_ARTICLES = re.compile(r"^(?:my|the|an?|any|all) ")


def match_receipts(reading: Reading, facts: Facts) -> Asked:  # noqa: ARG001 - as the others
    """Which receipts belong to which transactions."""
    if reading.names or reading.periods:
        raise NotUnderstood
    return Asked("match_receipts")


def import_report(reading: Reading, facts: Facts) -> Asked:  # noqa: ARG001 - as the others
    """How a file was read."""
    if reading.periods or reading.named("category"):
        raise NotUnderstood
    file = _FILE_NAME.search(reading.plain)
    return Asked("import_report", {"name": file[0]} if file else {})


def list_documents(reading: Reading, facts: Facts) -> Asked:  # noqa: ARG001 - as the others
    """Which documents there are, of a kind, of an account, or of a file's name."""
    if file := _FILE_NAME.search(reading.plain):
        return Asked("list_documents", {"name": file[0]})
    accounts = [one.value for one in reading.named("account")]
    if reading.periods or len(reading.names) != len(accounts) or len(accounts) > 1:
        raise NotUnderstood
    kind = next((kind for kind, named in _KINDS.items() if re.search(rf"\b{named}\b", reading.plain)), None)
    if accounts and kind != "statement":
        raise NotUnderstood
    account = {"account": accounts[0]} if accounts else {}
    return Asked("list_documents", {**({"kind": kind} if kind else {}), **account})


def find_document(reading: Reading, facts: Facts) -> Asked:  # noqa: ARG001 - as the others
    """Which documents say something."""
    if said := _topic(reading.plain):
        words = [word for word in said.split() if word not in document_words()]
        return Asked("find_in_documents", _of_receipts(" ".join(words) or said, reading.plain))
    called = reading.named("merchant")
    about = [one.said for one in reading.names if not (called and one.took and one.kind == "category")]
    about += [word for word in re.findall(r"[a-zà-ÿ0-9][\w'’-]*", reading.masked) if word not in document_words()]
    about = about or re.findall(rf"\b(?:{_NAMED_SO})\b", reading.masked)
    if not about or len(about) > 6:
        raise NotUnderstood
    kind = {"kind": "receipt"} if re.search(rf"\b{_KINDS['receipt']}\b", reading.plain) else {}
    return Asked("find_in_documents", {"about": " ".join(about), **kind})


def _of_receipts(about: str, plain: str) -> dict[str, str]:
    """The topic, and where only receipts are asked for, that it is of those."""
    named = re.findall(rf"\b(?:{_DOCUMENT})\b", plain)
    of = re.sub(r" ?\breceipts?\b", "", about).strip()
    if of and all(word in ("receipt", "receipts") for word in named):
        return {"about": of, "kind": "receipt"}
    return {"about": about}


def _topic(plain: str) -> str | None:
    """What a question looks for in documents; None where it does not say so in a usual form."""
    plain = _SOMEWHERE.sub("", plain)
    found = _ABOUT.search(plain) or _FIND.search(plain)
    if not found:
        return None
    about = next(one for one in found.groupdict().values() if one)
    while _ARTICLES.match(about):
        about = _ARTICLES.sub("", about)
    if re.fullmatch(rf"(?:(?:bank|account|scanned) )?(?:{_DOCUMENT})", about):
        return None
    return about if set(about.split()) - NO_TOPIC and len(about.split()) <= _MOST_WORDS else None
