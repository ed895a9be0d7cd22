"""What a model can do to a turn.

ModelError                 no usable reply; `code` is what the metrics record
├── ModelUnavailable       can succeed if asked again
├── ModelDown              has failed too often just now, and was not asked
└── ModelRejected          the same request will be refused again
    └── ContextTooLong     a shorter one may not be
EmbeddingUnavailable       no vector can be had just now
"""

from typing import Literal

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


class ModelError(Exception):
    """The model gave no usable reply."""

    def __init__(self, code: ModelErrorCode) -> None:
        super().__init__(code)
        self.code: ModelErrorCode = code


class ModelUnavailable(ModelError):
    """The model may answer if asked again, after `retry_after` seconds where it said so."""

    def __init__(self, code: ModelErrorCode, retry_after: float | None = None) -> None:
        super().__init__(code)
        self.retry_after = retry_after


class ModelDown(ModelError):
    """The model has failed too often just now, and is left alone for a while."""

    def __init__(self, code: ModelErrorCode = "model_down") -> None:
        super().__init__(code)


class ModelRejected(ModelError):
    """The model will refuse this request however often it is asked."""


class ContextTooLong(ModelRejected):
    """The prompt is longer than the model can read."""

    def __init__(self, code: ModelErrorCode = "model_context_too_long") -> None:
        super().__init__(code)


class EmbeddingUnavailable(Exception):
    """No vector can be had for this text just now."""
