"""Questions about documents: which there are, and which say something."""

import re
from datetime import date

from nodes.questions.asked import Asked
from nodes.questions.periods import find_period
from nodes.questions.reading import Reading
from nodes.questions.vocabulary import CONCEPTS, FILLER, NO_TOPIC

FILE_NAME = re.compile(r"\b[\w-]+\.(?:csv|xlsx?|pdf|ofx|qfx|sta|mt940|xml|png|jpe?g|webp)\b")
KINDS = {"receipt": r"receipts?", "statement": r"(?:bank |account )?statements?"}
_DOCUMENT = (
    "documents?|files?|pages?|pdfs?|letters?|invoices?|contracts?|receipts?|statements?|scans?|photos?|papers?"
    "|polic(?:y|ies)"
)
NAMED_SO = "contracts?|leases?|warrant(?:y|ies)|guarantees?|polic(?:y|ies)|notices?|payslips?|inventor(?:y|ies)"
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
_LIST = re.compile(
    rf"^(?:please |can you )?(?:list|show|see|give me|display|how many)\b.*\b(?:{_DOCUMENT})\b"
    rf"|\b(?:what|which)(?: \w+)? (?:{_DOCUMENT}) (?:do|did|have|has|are|were)\b|^(?:all )?(?:my )?(?:{_DOCUMENT})$"
)
_FINDS = re.compile(r"\b(?:find|search|show|list|open|where|which|what|do (?:i|we) have|have (?:i|we)|please|pls)\b")
_MOST_WORDS = 6
"""Of what documents are looked for by."""
_ANY_DAY = date(2000, 12, 31)
_SOMEWHERE = re.compile(r"(?: (?:on file|on record|anywhere|somewhere|at all|already))+$")
_ARTICLES = re.compile(r"^(?:my|the|an?|any|all) ")


def about_documents(reading: Reading) -> Asked | None:
    """The tool that lists or searches documents; None where the question is about something else."""
    plain = _SOMEWHERE.sub("", reading.plain)
    if not re.search(rf"\b(?:{_DOCUMENT})\b", plain) and not FILE_NAME.search(plain):
        return None
    if (file := FILE_NAME.search(plain)) and re.match(r"(?:find|show|list|open|where|do i have|what|which)\b", plain):
        return Asked("list_documents", {"name": file[0]})
    accounts = [one.value for one in reading.named("account")]
    if len(accounts) == len(reading.names) == 1 and re.search(rf"\b{KINDS['statement']}\b", plain):
        if reading.periods or not _FINDS.search(plain):
            return None
        return Asked("list_documents", {"kind": "statement", "account": accounts[0]})
    about = topic(plain)
    if about and find_period(about, _ANY_DAY) is None:
        return Asked("find_in_documents", of_receipts(about, plain))
    if about or reading.periods or not _LIST.search(plain):
        return None
    words = set(re.findall(r"[a-z']+", plain))
    if words - FILLER - CONCEPTS["documents"]:
        return None
    kind = next((kind for kind, named in KINDS.items() if re.search(rf"\b{named}\b", plain)), None)
    return Asked("list_documents", {"kind": kind} if kind else {})


def of_receipts(about: str, plain: str) -> dict[str, str]:
    """The topic, and where only receipts are asked for, that it is of those."""
    named = re.findall(rf"\b(?:{_DOCUMENT})\b", plain)
    of = re.sub(r" ?\breceipts?\b", "", about).strip()
    if of and all(word in ("receipt", "receipts") for word in named):
        return {"about": of, "kind": "receipt"}
    return {"about": about}


def topic(plain: str) -> str | None:
    """What a question looks for in documents; None where it does not say so in a usual form."""
    found = _ABOUT.search(plain) or _FIND.search(plain)
    if not found:
        return None
    about = next(one for one in found.groupdict().values() if one)
    while _ARTICLES.match(about):
        about = _ARTICLES.sub("", about)
    if re.fullmatch(rf"(?:(?:bank|account|scanned) )?(?:{_DOCUMENT})", about):
        return None
    return about if set(about.split()) - NO_TOPIC and len(about.split()) <= _MOST_WORDS else None
