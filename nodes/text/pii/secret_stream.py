"""Mask secrets and e-mail addresses in a text that arrives in chunks.

A secret is masked as soon as its beginning is recognised, and what follows of it is dropped as it comes.
"""

import re
from collections import Counter
from collections.abc import Collection

from nodes.text.pii import codes, passwords, secrets
from nodes.text.pii.detection import EMAIL, PLACEHOLDER_BEGUN, SECRETS, Hit, Kind, OptionalKind, first_hits, opaque
from nodes.text.pii.normalizing import normalized

MAX_HELD = 64
"""Characters of the longest beginning of a secret, and of an address."""
_KEPT_CHARS = 240
_EMAIL = re.compile(r"(?<![\w.+%-])[\w.+%-]{1,64}(?:@[\w.-]{0,63})?\Z")


class SecretStream:
    """Masks the secrets, and where asked for the addresses, of one text."""

    def __init__(self, also: Collection[OptionalKind], found: Counter[Kind]) -> None:
        self._held = ""
        self._cut_off = ""
        """The end of what came, which may become a placeholder."""
        self._found = found
        self._email = "email" in also
        self._detectors = [*SECRETS, EMAIL] if self._email else [*SECRETS]
        self._without_keys = [one for one in self._detectors if one.pattern not in (secrets.PATTERN, secrets.FAR)]
        self._sent = ""
        """The end of the output so far, which is the context of the next secret."""
        self._secret: str | None = None
        """The beginning of a secret that may go on."""

    @property
    def held(self) -> str:
        """Text that is not yet in the output."""
        return self._held + self._cut_off

    @property
    def drops(self) -> bool:
        """Whether what comes next may belong to a secret that was masked already."""
        return self._secret is not None

    def skip(self, text: str) -> None:
        """Note a text that was sent, and has nothing to mask."""
        self._sent = (self._sent + text)[-_KEPT_CHARS:]

    def feed(self, text: str, *, final: bool) -> str:
        """Take the next chunk; returns what can be sent. Nothing comes after a `final` one."""
        self._take(text, final=final)
        if self._secret is not None and not self._drop_secret(final=final):
            return ""
        text, begin = self._sent + self._held, len(self._sent)
        plain = opaque(normalized(text))
        stop = len(plain) if final else self._begun_at(plain, begin)
        out, done = "", begin
        detectors = self._detectors if secrets.may_have(plain) else self._without_keys
        for start, hit, found in first_hits(plain, detectors):
            if hit.end <= done or (start < begin and hit.kind == "email"):
                continue
            if not final and not _is_decided(hit, found, len(plain)):
                stop = min(stop, max(start, done))
            if start >= stop:
                break
            out += text[done : max(start, done)] + hit.placeholder
            self._found[hit.kind] += 1
            done = hit.end
            if hit.kind == "secret" and not final and secrets.may_go_on(found):
                self._secret, stop = found[found.lastindex or 0], done
                break
            stop = stop if stop >= done else self._begun_at(plain, done)
        stop = max(stop, done)
        out += text[done:stop]
        self._sent, self._held = (self._sent + out)[-_KEPT_CHARS:], text[stop:]
        return out

    def _take(self, text: str, *, final: bool) -> None:
        """Add the next chunk to what is held, without what may become a placeholder at its end."""
        text = self._cut_off + text
        begun = None if final else PLACEHOLDER_BEGUN.search(text)
        end = begun.start() if begun else len(text)
        self._held, self._cut_off = self._held + text[:end], text[end:]

    def _begun_at(self, plain: str, begin: int) -> int:
        """Offset of the end that may become a secret or an address."""
        stop = min(secrets.begun_at(plain), passwords.begun_at(plain), codes.begun_at(plain))
        if self._email and (address := _EMAIL.search(plain, max(begin, len(plain) - 2 * MAX_HELD))):
            stop = min(stop, address.start())
        return max(stop, begin)

    def _drop_secret(self, *, final: bool) -> bool:
        """Drop what belongs to the secret that was masked last; returns whether it is over."""
        assert self._secret is not None
        plain = opaque(normalized(self._held))
        run = secrets.run_of(plain, 0, self._secret)
        size = secrets.rest(plain, 0, self._secret)
        if not final and len(run) == len(self._held) and size <= len(run.rstrip(secrets.CLOSING)):
            pem_end = MAX_HELD if secrets.is_private_key(self._secret) else 0
            self._held = self._held[min(size, max(0, len(run) - pem_end)) :]
            return False
        self._held, self._secret = self._held[size:], None
        return bool(self._held) or final


def _is_decided(hit: Hit, found: re.Match[str], end: int) -> bool:
    """Whether no text after `end` can change what is detected here."""
    if hit.kind == "email":
        return end > hit.end + 1
    return _DECIDES[found.re](found, end)


_DECIDES = {
    **dict.fromkeys((secrets.PATTERN, secrets.FAR), secrets.is_decided),
    **dict.fromkeys((passwords.PATTERN, passwords.WORDS, passwords.FAR), passwords.is_decided),
    **dict.fromkeys((passwords.SECOND, passwords.BEHIND), passwords.is_decided),
    **dict.fromkeys((codes.PATTERN, codes.SECOND, codes.BEHIND, codes.DATED), codes.is_decided),
}
