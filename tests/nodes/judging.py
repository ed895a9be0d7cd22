"""What the guard asks besides its rules: whether a limit is used up, and how suspicious a text is."""

from uuid import UUID

from nodes.errors import EmbeddingUnavailable
from nodes.guard import Suspect
from storage.rate_limits import Admission


class KnownAdmission(Admission):
    """Admission of which only this is asked: whether the limit is known to be used up."""

    def __init__(self, *, used_up: bool = False) -> None:
        self._used_up = used_up

    def is_used_up(self, user_id: UUID) -> bool:  # noqa: ARG002 - the same for all
        """Whether it is."""
        return self._used_up


def probability(value: float | None, judged: list[str] | None = None) -> Suspect:
    """A classifier that says this of every text, and adds it to `judged`; None where there is no embedding."""

    async def suspect(text: str) -> float:
        if judged is not None:
            judged.append(text)
        if value is None:
            raise EmbeddingUnavailable
        return value

    return suspect
