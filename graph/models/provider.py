"""What a failure of a model server means in the provider's terms: the key, the model's name, or the address.

For the start, `frontdesk doctor` and `/health/ready`. Texts are ours, except for error codes, which are single words.
"""

import json
import re
from http import HTTPStatus
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import aiohttp

from nodes.errors import ModelError, ModelProblem, ModelRejected

_WORD = re.compile(r"[a-z][a-z0-9_.]{1,40}")
_OUT_OF_TOKENS = re.compile(r"max_tokens or model output limit", re.IGNORECASE)
"""How OpenAI says that a reasoning model used all tokens of a short reply for thinking."""
LASTING = {
    HTTPStatus.UNAUTHORIZED, HTTPStatus.PAYMENT_REQUIRED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND,
    HTTPStatus.TOO_MANY_REQUESTS,
}  # fmt: skip
"""Of requests that a retry does not help: statuses that any other request would get, too."""


class StatusError(Exception):
    """A model server reports an error; the cause of the ModelError that is raised."""

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__(status)
        self.status = status
        self.body = body

    @property
    def error(self) -> dict[str, Any]:
        """The error as OpenAI reports it, `{"error": {…}}`; empty where it is in another form."""
        try:
            error = json.loads(self.body)["error"]
        except (ValueError, RecursionError, LookupError, TypeError):
            return {}
        return error if isinstance(error, dict) else {"message": error}

    @property
    def is_out_of_tokens(self) -> bool:
        """Whether the model was asked, and its reply had no room."""
        return _OUT_OF_TOKENS.search(self.body.decode(errors="replace")) is not None


class Provider(NamedTuple):
    """A model at its server."""

    address: str
    model: str
    key: str
    """The variable that its key is in."""
    has_key: bool

    def problem(self, error: ModelError) -> ModelProblem:
        """Why the model gave no reply."""
        where, cause = without_secrets(self.address), error.__cause__
        if isinstance(cause, StatusError):
            refused = isinstance(error, ModelRejected)
            return ModelProblem("refused" if refused else "unreachable", self._status_text(cause, refused=refused))
        if isinstance(cause, aiohttp.ClientSSLError):
            return ModelProblem("unreachable", f"{where} has no certificate that is trusted here")
        if error.code in ("model_garbled", "model_empty"):
            return ModelProblem("unreachable", f"{where} answers, but not in the OpenAI protocol")
        return ModelProblem("unreachable", f"{where} does not answer")

    def lasting_problem(self, error: ModelRejected) -> ModelProblem | None:
        """The same, if every other request would be refused, too, whatever it says."""
        cause = error.__cause__
        if isinstance(cause, StatusError) and error.code == "model_rejected":
            return self.problem(error) if cause.status in LASTING or self._is_unknown_model(cause) else None
        return None

    def _status_text(self, cause: StatusError, *, refused: bool) -> str:
        where = without_secrets(self.address)
        if self._is_unknown_model(cause):
            return f"no model named {self.model} at {where}"
        match cause.status:
            case HTTPStatus.NOT_FOUND:
                return f"no model named {self.model} at {where} (404; or the address is wrong)"
            case HTTPStatus.UNAUTHORIZED | HTTPStatus.FORBIDDEN:
                why = f"{self.key} is not accepted" if self.has_key else f"{self.key} is not set"
            case HTTPStatus.PAYMENT_REQUIRED | HTTPStatus.TOO_MANY_REQUESTS if refused:
                why = f"the quota of {self.key} is used up"
            case HTTPStatus.TOO_MANY_REQUESTS:
                why = "too many requests"
            case status if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                why = "it has failed"
            case _:
                why = "it refuses the request"
        words = [cause.error.get(name) for name in ("code", "param")]
        said = [word for word in words if isinstance(word, str) and _WORD.fullmatch(word)]
        return f"{cause.status} from {where}: {why}" + (f" ({', '.join(said)})" if said else "")

    def _is_unknown_model(self, cause: StatusError) -> bool:
        if cause.error.get("code") == "model_not_found":
            return True
        return cause.status == HTTPStatus.NOT_FOUND and "model" in str(cause.error.get("message")).lower()


def is_forbidden(error: ModelError) -> bool:
    """Whether the server knows the key and does not allow it this request."""
    return isinstance(error.__cause__, StatusError) and error.__cause__.status == HTTPStatus.FORBIDDEN


def without_secrets(url: str) -> str:
    """An address without what may be secret in it: user, password and query."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}".rstrip("/")
