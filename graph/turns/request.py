"""What a client asks of `TurnManager.send`."""

import json
from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

from nodes.state import WhileBusy


@dataclass(frozen=True)
class SendRequest:
    """A message to answer, checked for its form and nothing else."""

    user_id: UUID
    message: str
    conversation_id: str | None = None
    """None begins a new conversation."""
    employee: str | None = None
    while_busy: WhileBusy = "wait"
    instead_of: UUID | None = None
    """The turn of this conversation that the wrong employee answered; `employee` is asked instead."""
    key: str | None = None
    """The idempotency key: the same key and request are the same turn."""

    @property
    def fingerprint(self) -> str:
        """Hash of all that a repeated request must have in common, in hex."""
        body = {
            "message": self.message,
            "conversation_id": self.conversation_id,
            "employee": self.employee,
            "while_busy": self.while_busy,
            "instead_of": str(self.instead_of) if self.instead_of else None,
        }
        return sha256(json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()
