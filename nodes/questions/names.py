"""Names in a question: the user's own categories, merchants, accounts, goals and debts, misspelt ones among them."""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from nodes.questions.vocabulary import CAREFUL, FILLER, GENERIC, SYNONYMS
from nodes.routing.spelling import distance

Kind = Literal["category", "merchant", "account", "goal", "debt"]

FOOD = ("groceries", "eating_out")
"""What "food" means."""

TOKEN = re.compile(r"[^\W_]+(?:['’&.-][^\W_]+)*")
_AT = frozenset({"at", "from", "to", "with", "by", "via"})
_PREPOSITIONS = _AT | {"on", "for", "in", "of", "about", "only", "much", "under", "as", "into"}
_BEFORE_NAMES = _AT | {"on", "for", "in", "of", "is", "are", "was", "about", "does", "and", "or", "only", "just", "my"}
_NUMBERED = re.compile(r"[a-zà-ÿ]\w* \d+\b")
MOST_WORDS = 5
_STANDS = re.compile(
    r"\b(?:is|are|was|were|be|much|have|had|got|money|left|sitting|there) in (?:the |my |our )?$", re.IGNORECASE
)
"""Before an account and not a category, where both have the name."""
_KINDS = {
    "checking": ("checking account", "current account", "checking", "giro account"),
    "savings": ("savings account", "saving account", "savings"),
    "card": ("credit card", "card account", "credit card account", "the card", "my card", "our card"),
}
"""What an account of a kind is called."""


class Name(NamedTuple):
    """A name that a question says."""

    kind: Kind
    value: str
    """A category's slug, words of a merchant, the name of an account, a goal or a debt."""
    said: str
    took: str | None
    """What was taken for it, where that is not plain."""
    merchant: str | None = None
    """Of a category: words of a merchant that is called so, too."""
    described: bool = False
    """Whether only the bank's words say it: what was paid, and not to whom."""


class Found(NamedTuple):
    """The names of a question, and what is left of it, with `CATEGORY` and so on in their places."""

    names: list[Name]
    rest: str


@dataclass
class KnownNames:
    """The names that a user may mean.

    Args:
        words: of questions, which alone are no merchant.
        common: more of them, which alone are not what a bank's text is about.
    """

    words: Collection[str]
    common: Collection[str] = ()
    phrases: dict[str, list[Name]] = field(default_factory=dict[str, list[Name]])
    """What is named by these words of a question, in lower case."""
    _merchants: dict[str, set[str]] = field(default_factory=dict[str, set[str]])
    """Words of a merchant's name, to the merchants who have them."""
    _labels: set[str] = field(default_factory=set[str])
    _descriptions: set[str] = field(default_factory=set[str])
    """Words of the bank's texts."""

    def add_category(self, slug: str, name: str) -> None:
        """Add a category; its name and its slug name it, and other words for it."""
        plain = {_key(name), _key(slug.replace("_", " "))}
        singular = {one.removesuffix("s") for one in plain if len(one) > 5}
        for phrase in plain | singular | {f"{one}s" for one in plain if not one.endswith("s")}:
            self.phrases.setdefault(phrase, []).insert(0, Name("category", slug, phrase, None))
        for phrase in SYNONYMS.get(slug, ()):
            took = f"I took “{phrase}” as the category {name}."
            self.phrases.setdefault(_key(phrase), []).append(Name("category", slug, phrase, took))

    def add(self, kind: Kind, name: str) -> None:
        """Add an account, a goal or a debt."""
        key = _key(name)
        if key:
            self.phrases.setdefault(key, []).append(Name(kind, name, name, None))
            if kind == "account" and not key.endswith(("account", "card")):
                self.phrases.setdefault(f"{key} account", []).append(Name(kind, name, name, None))
            if kind in ("goal", "debt") and len(tokens := key.split()) > 1:
                for token in tokens:
                    if len(token) > 3 and token not in self.words:
                        self.phrases.setdefault(token, []).append(Name(kind, name, token, None))

    def add_account_kinds(self, accounts: Sequence[tuple[str, str]]) -> None:
        """Add what accounts are called by their kind, and by whose they are: "my card", "Mara's checking account"."""
        for kind, words in _KINDS.items():
            named = [name for name, of in accounts if of == kind]
            for word in words:
                if len(named) == 1:
                    self.phrases.setdefault(word, []).append(Name("account", named[0], word, None))
                for name in named:
                    if owner := re.match(r"(\w+?)['’]?s\b", name.lower()) if re.search(r"['’]s\b", name) else None:
                        self.phrases.setdefault(f"{owner[1]}s {word}", []).append(Name("account", name, name, None))

    def add_description(self, text: str) -> None:
        """Add the bank's words of a transaction: two or three of them, or an unusual one, name what was paid."""
        tokens = [_key(token) for token in TOKEN.findall(text.lower())[:6]]
        for start in range(len(tokens)):
            for end in range(start + 1, min(start + 3, len(tokens)) + 1):
                words = tokens[start:end]
                if all(word.isalpha() for word in words) and not {words[0], words[-1]} & FILLER:
                    self._descriptions.add(" ".join(words))

    def add_account_number(self, end: str) -> None:
        """Add the end of an account's number."""
        for phrase in (f"account {end}", f"card {end}", f"account ending {end}", f"account ending in {end}"):
            self.phrases.setdefault(_key(phrase), []).append(Name("account", end, phrase, None))

    def add_merchant(self, label: str) -> None:
        """Add a merchant as its rows call it."""
        lower = label.lower()
        self._labels.add(lower)
        tokens = TOKEN.findall(lower)[:8]
        for start, token in enumerate(tokens):
            if not token[0].isalpha():
                continue
            for end in range(start + 1, min(start + 4, len(tokens)) + 1):
                self._merchants.setdefault(_key(" ".join(tokens[start:end])), set()).add(lower)
            for part in re.split(r"[.-]", token) if re.search(r"[.-]", token) else ():
                self._merchants.setdefault(part, set()).add(lower)

    def vocabulary(self) -> Iterator[str]:
        """Single words of all names, those of categories first."""
        for phrase in self.phrases:
            yield from phrase.split()
        for phrase in (*self._merchants, *self._descriptions):
            if " " not in phrase:
                yield phrase

    def has(self, phrase: str) -> bool:
        """Whether these words name something."""
        return phrase in self.phrases or phrase in self._merchants or phrase in self._descriptions

    def near(self, words: Sequence[str]) -> str | None:
        """The name of as many words that is a letter away from these."""
        said, spaces = " ".join(words), len(words) - 1
        like = (
            phrase
            for phrase in (*self.phrases, *self._merchants)
            if phrase[:1] == said[0] and abs(len(phrase) - len(said)) <= 1 and phrase.count(" ") == spaces
        )
        return next((phrase for phrase in like if distance(said, phrase) == 1), None)

    def find(self, text: str, *, kinds: Collection[Kind], least: int = 1, numbered: bool = False) -> Found:
        """The names of at least so many words in a question in lower case; the longest at each place.

        Args:
            numbered: only those with a number within.
        """
        tokens = list(TOKEN.finditer(text))
        names: list[Name] = []
        parts, end, at, named = list[str](), 0, 0, -1
        while at < len(tokens):
            for count in range(min(MOST_WORDS, len(tokens) - at), least - 1, -1):
                start, stop = tokens[at].start(), tokens[at + count - 1].end()
                if numbered and not _NUMBERED.search(text[start:stop]):
                    continue
                before = tokens[at - 1][0] if at else ""
                listed = before in ("and", "or", "plus") and named == at - 1  # beside another name
                name = self._name(text[start:stop], "of" if listed else _previous(tokens, at) or before, kinds)
                if name and name.kind == "category" and "account" in kinds and _STANDS.search(text[:start]):
                    name = next((one for one in self.phrases.get(_key(name.said), ()) if one.kind == "account"), name)
                if name and name.kind in ("goal", "debt") and before in ("a", "an"):
                    name = None  # "a trip" is any
                if name:
                    names.append(name)
                    parts += [text[end:start], name.kind.upper()]
                    end, at = stop, at + count
                    named = at
                    break
            else:
                at += 1
        return Found(names, "".join([*parts, text[end:]]))

    def _name(self, said: str, before: str, kinds: Collection[Kind]) -> Name | None:
        if said.isupper():
            return None  # what stands for another name
        key = self._known_key(_key(said))
        if key == "cash" and before in ("in", "with", "by"):
            return None  # how something was paid
        named = [one for one in self.phrases.get(key, ()) if one.kind in kinds]
        merchant = self._merchant(key, said, before) if "merchant" in kinds else None
        exact = next((one for one in named if one.took is None), None)
        if exact and key in CAREFUL and before not in _PREPOSITIONS:
            exact = None  # "my subscriptions" asks for more than the category
        if exact and merchant:
            if before in _AT:
                return merchant._replace(took=f"I took “{said}” as the merchant, not as the {exact.kind}.")
            if exact.kind == "category":
                return exact._replace(took=f"I took “{said}” as the category; there are payments to “{said}”, too.")
            return exact
        if exact:
            return exact
        careful = key in CAREFUL and before not in _PREPOSITIONS
        other = None if careful else next((one for one in named if one.took), None)
        # "the kids" are no part of the name of a shop, where they are another word for a category.
        if other and merchant:
            other = other._replace(merchant=merchant.value)
        found = merchant if merchant and (other is None or before in _AT - {"with"}) else other or merchant
        return found or (self._described(key, said) if "merchant" in kinds and key not in CAREFUL else None)

    def _described(self, key: str, said: str) -> Name | None:
        """What only the bank's words name: single words that mean nothing else."""
        if key not in self._descriptions or GENERIC.issuperset(key.split()):
            return None
        if " " not in key and (key in self.words or key in self.common or len(key) < 5):
            return None
        return Name("merchant", key, said, f"I looked for “{said}” in the bank's words.", described=True)

    def _known_key(self, key: str) -> str:
        """The phrase as it is known: plurals that many misspell, words with a hyphen, and plurals of known words."""
        if key not in self.phrases and key.endswith("ys"):
            key = f"{key[:-2]}ies"
        if not self.has(key) and "-" in key:
            key = key.replace("-", " ")
        return key if self.has(key) or len(key) <= 4 else key.removesuffix("s")

    def _merchant(self, key: str, said: str, before: str) -> Name | None:
        having = self._merchants.get(key)
        if not having:
            return None
        if " " not in key:
            if key in GENERIC or (key in self.words and before not in _AT):
                return None
            if before in ("i", "we") or (len(key) < 3 and before not in _BEFORE_NAMES):
                return None
        words = self._words_of(key, having)
        others = sorted(label for label in self._labels - having if all(word in label for word in words))
        took = None
        if others:
            took = f"“{' '.join(words)}” is also part of {_listed(others)}, which is counted with it."
        elif len(having) > 1:
            took = f"I counted all merchants with “{' '.join(words)}” in their name: {_listed(sorted(having))}."
        return Name("merchant", " ".join(words), said, took)

    def _words_of(self, key: str, having: set[str]) -> list[str]:
        """Words by which a tool finds these merchants, as they stand in their names; all words where that is surer."""
        label = min(having)
        tokens = TOKEN.findall(label)
        words = [token for token in tokens if _key(token) in key.split()] or key.split()
        words = [word if word in label else key for word in words]
        if len(having) == 1 and any(all(word in other for word in words) for other in self._labels - having):
            return tokens
        return words


def _previous(tokens: Sequence[re.Match[str]], at: int) -> str:
    """The word before this one, articles left out."""
    while at and tokens[at - 1][0] in ("the", "my", "our", "a", "an"):
        at -= 1
    return tokens[at - 1][0] if at else ""


def _key(text: str) -> str:
    """A phrase as it is compared: lower case, words only, without apostrophes."""
    return re.sub(r"['’]", "", " ".join(TOKEN.findall(text.lower())))


def _listed(labels: Sequence[str]) -> str:
    shown = ", ".join(label.title() for label in labels[:3])
    return f"{shown} and others" if len(labels) > 3 else shown
