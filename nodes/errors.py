"""Errors of chat and embedding models, and of the prompts' texts.

ModelError                 no usable reply; the metrics record its `code`
├── ModelUnavailable       a retry may succeed
├── ModelDown              the circuit breaker is open: the model was not asked
└── ModelRejected          a retry would be rejected, too
    ├── ContextTooLong     a shorter prompt may succeed
    └── ToolsRejected      the same without tools may succeed
EmbeddingUnavailable       the text cannot be embedded at the moment
PromptTextError            a file of the prompts' texts cannot be used
"""

from typing import Literal, NamedTuple

ModelErrorCode = Literal[
    "model_unreachable",
    "model_overloaded",
    "model_failed",
    "model_rejected",
    "model_context_too_long",
    "model_empty",
    "model_garbled",
    "model_timeout",
    "model_filtered",
    "model_down",
]


class ModelProblem(NamedTuple):
    """Why a model does not answer."""

    state: Literal["unreachable", "refused"]
    """refused: asking again changes nothing until the key, the model's name or the address is another one."""
    detail: str
    """In the provider's terms, for the person who runs the server."""


class ModelError(Exception):
    """The model gave no usable reply."""

    def __init__(self, code: ModelErrorCode) -> None:
        super().__init__(code)
        self.code: ModelErrorCode = code


class ModelUnavailable(ModelError):
    """A retry may succeed, after `retry_after` seconds where the model's server names them."""

    def __init__(self, code: ModelErrorCode, retry_after: float | None = None) -> None:
        super().__init__(code)
        self.retry_after = retry_after


class ModelDown(ModelError):
    """The model failed too often recently and is not asked for a while."""

    def __init__(self, code: ModelErrorCode = "model_down") -> None:
        super().__init__(code)


class ModelRejected(ModelError):
    """The model rejects this request; a retry would be rejected, too."""


class ContextTooLong(ModelRejected):
    """The prompt is longer than the model's context window."""

    def __init__(self, code: ModelErrorCode = "model_context_too_long") -> None:
        super().__init__(code)


class ToolsRejected(ModelRejected):
    """The model, or its server, cannot call tools."""

    def __init__(self, code: ModelErrorCode = "model_rejected") -> None:
        super().__init__(code)


class EmbeddingUnavailable(Exception):
    """The text cannot be embedded at the moment."""


class PromptTextError(Exception):
    """A file of the prompts' texts is missing or broken; the message is one line that names it and says why."""
