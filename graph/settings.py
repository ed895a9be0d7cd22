"""Settings, read from the environment or `.env` and nowhere else."""

import json
import re
import tomllib
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import unquote, urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    DirectoryPath,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_core import ErrorDetails
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    EnvSettingsSource,
    NoDecode,
    SettingsConfigDict,
)

PREFIX = "FRONTDESK_"
"""Of the variables that are ours alone."""


class SettingsError(Exception):
    """Variables have invalid values; `lines` has a line for each, which names it and what it takes."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


def _postgres_url(value: str) -> str:
    scheme, _, rest = value.partition("://")
    if scheme not in ("postgres", "postgresql") or not rest:
        raise ValueError("takes a URL like postgresql://user:password@host:5432/database")
    return f"postgresql://{rest}"


def _http_url(value: str) -> str:
    if not value.startswith(("http://", "https://")):
        raise ValueError("takes a URL like https://api.openai.com/v1")
    return value.rstrip("/")


def _otlp_url(value: str) -> str:
    if not value.startswith(("http://", "https://")):
        raise ValueError("takes a URL like http://localhost:4318")
    return value


def _headers(value: SecretStr) -> SecretStr:
    if not all(pair.partition("=")[0].strip() and "=" in pair for pair in value.get_secret_value().split(",")):
        raise ValueError("takes pairs like authorization=Bearer%20abc,tenant=desk")
    return value


def _jwks_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in ("127.0.0.1", "::1", "localhost")):
        return value
    raise ValueError("takes a URL like https://id.example.com/.well-known/jwks.json (http only on this machine)")


def _secret(value: SecretStr) -> SecretStr:
    if len(value.get_secret_value()) < 32:
        raise ValueError("takes a secret of at least 32 characters")
    return value


def _comma_separated(value: object) -> object:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


class ModelPrice(BaseModel):
    """What a million tokens of a model cost, in US dollars."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    input: float = Field(ge=0, allow_inf_nan=False)
    cached: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    """Of the prompt's tokens that the provider read from its cache; None: as the others."""
    output: float = Field(ge=0, allow_inf_nan=False)


def _prices(value: object) -> object:
    """Prices by model, from JSON or from a file of TOML or JSON."""
    if not isinstance(value, str):
        return value
    try:
        if value.lstrip().startswith("{"):
            return json.loads(value)
        text = Path(value).read_text(encoding="utf-8")
        return json.loads(text) if value.endswith(".json") else tomllib.loads(text)
    except (OSError, ValueError) as error:
        raise ValueError(
            'takes {"model": {"input": 0.15, "cached": 0.075, "output": 0.6}}, or a file of JSON or TOML with that'
        ) from error


class Settings(BaseSettings):
    """The settings, one field per variable. Read them with `Settings.read()`."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=".env",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        populate_by_name=True,
    )

    database_url: Annotated[str, AfterValidator(_postgres_url)] | None = Field(
        default=None, validation_alias="DATABASE_URL"
    )
    direct_database_url: Annotated[str, AfterValidator(_postgres_url)] | None = None
    turn_connections: int = Field(default=4, ge=1, le=1000)
    record_connections: int = Field(default=4, ge=2, le=1000)
    document_readers: int = Field(default=2, ge=1, le=16)
    statement_timeout: float = Field(default=5, gt=0, le=600)
    max_turns: int = Field(default=500, ge=1, le=100_000)
    currency: str = Field(default="EUR", pattern="^[A-Z]{3}$")
    openai_api_key: SecretStr | None = Field(default=None, validation_alias="OPENAI_API_KEY")
    openai_base_url: Annotated[str, AfterValidator(_http_url)] | None = Field(
        default=None, validation_alias="OPENAI_BASE_URL"
    )
    chat_model: str = "gpt-4o-mini"
    demo_model: bool = False
    second_model: str | None = None
    second_base_url: Annotated[str, AfterValidator(_http_url)] | None = None
    second_api_key: SecretStr | None = None
    embeddings: Literal["local", "openai"] = "local"
    embedding_model: str = "text-embedding-3-small"
    jwt_secret: Annotated[SecretStr, AfterValidator(_secret)] | None = None
    jwks_url: Annotated[str, AfterValidator(_jwks_url)] | None = None
    jwt_audience: str | None = None
    jwt_issuer: str | None = None
    oidc_client_id: str | None = None
    oidc_scope: str = "openid"
    data_dir: Path = Path(".frontdesk")
    rate_limit: int = Field(default=8, ge=0, le=100_000)
    max_input_chars: int = Field(default=8000, ge=1, le=100_000)
    mask: Annotated[list[Literal["email", "phone"]], NoDecode, BeforeValidator(_comma_separated)] = Field(
        default_factory=list
    )
    context_tokens: int = Field(default=7500, ge=1000, le=2_000_000)
    summary_after: int = Field(default=0, ge=0, le=30)
    accept_timeout: float = Field(default=0.8, gt=0, le=60)
    turn_timeout: float = Field(default=25, gt=0, le=600)
    memory_timeout: float = Field(default=1, gt=0, le=60)
    attempts: int = Field(default=3, ge=1, le=10)
    keep_hours: float = Field(default=24, gt=0, le=8760)
    keep_messages_days: float | None = Field(default=None, ge=1, le=36_500)
    keep_metrics_days: float | None = Field(default=None, gt=0, le=36_500)
    prices: Annotated[dict[str, ModelPrice], NoDecode, BeforeValidator(_prices)] = Field(default_factory=dict)
    keep_audit_days: float = Field(default=365, gt=0, le=36_500)
    multiproc_dir: DirectoryPath | None = Field(default=None, validation_alias="PROMETHEUS_MULTIPROC_DIR")
    cors_origins: Annotated[list[str], NoDecode, BeforeValidator(_comma_separated)] = Field(default_factory=list)
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["json", "console"] | None = None
    otlp_endpoint: Annotated[str, AfterValidator(_otlp_url)] | None = Field(
        default=None, validation_alias="OTEL_EXPORTER_OTLP_ENDPOINT"
    )
    otlp_traces_endpoint: Annotated[str, AfterValidator(_otlp_url)] | None = Field(
        default=None, validation_alias="OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
    )
    otlp_headers: Annotated[SecretStr, AfterValidator(_headers)] | None = Field(
        default=None, validation_alias="OTEL_EXPORTER_OTLP_HEADERS"
    )
    otel_service_name: str = Field(default="frontdesk", validation_alias="OTEL_SERVICE_NAME")
    otel_content: bool = Field(default=False, validation_alias="OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT")

    @field_validator("oidc_client_id")
    @classmethod
    def _issuer_is_known(cls, value: str | None, info: ValidationInfo) -> str | None:
        issuer = urlsplit(info.data.get("jwt_issuer") or "")
        if value is not None and not (info.data.get("jwks_url") and issuer.scheme in ("https", "http")):
            raise ValueError("needs FRONTDESK_JWKS_URL, and the issuer's address as FRONTDESK_JWT_ISSUER")
        return value

    @classmethod
    def read(cls) -> Self:
        """The settings of this process.

        Raises:
            SettingsError: a variable has an invalid value.
        """
        try:
            return cls()
        except ValidationError as error:
            raise SettingsError([_line(one) for one in error.errors()]) from None

    @classmethod
    def unknown(cls) -> dict[str, str | None]:
        """Variables that begin as ours do, in the environment and `.env`, and are none; each with the nearest of ours.

        A setting with a misspelt name would otherwise stay at its default without a word.
        """
        ours = {_variable(str(field.validation_alias or name)) for name, field in cls.model_fields.items()}
        given = {
            name.upper() for source in (EnvSettingsSource(cls), DotEnvSettingsSource(cls)) for name in source.env_vars
        }
        return {name: _nearest(name, ours) for name in sorted(given - ours) if name.startswith(PREFIX)}

    def direct_url(self, url: str) -> str:
        """Where the database at `url` keeps sessions: the direct URL, where one is set, and else `url` itself."""
        return self.direct_database_url if self.database_url and self.direct_database_url else url

    @property
    def local(self) -> bool:
        """Local mode: users are not verified, so the server listens on loopback only."""
        return self.jwt_secret is None and self.jwks_url is None

    @property
    def sign_in_origin(self) -> str | None:
        """Origin of the issuer that the pages sign in with; None where they do not."""
        if self.oidc_client_id is None or self.jwt_issuer is None:
            return None
        parts = urlsplit(self.jwt_issuer)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def remote_model(self) -> bool:
        """Whether a model server is set, by a key or, for one that needs no key, by its URL."""
        return self.openai_api_key is not None or self.openai_base_url is not None

    @property
    def remote_embeddings(self) -> bool:
        """Whether memory uses the provider's embeddings; routing always uses the local ones."""
        return self.embeddings == "openai"

    @property
    def traces_url(self) -> str | None:
        """Where the collector takes traces; None without a collector."""
        if self.otlp_endpoint is None or self.otlp_traces_endpoint is not None:
            return self.otlp_traces_endpoint
        return f"{self.otlp_endpoint.rstrip('/')}/v1/traces"

    @property
    def traces_headers(self) -> dict[str, str]:
        """Headers of requests to the collector."""
        pairs = self.otlp_headers.get_secret_value().split(",") if self.otlp_headers else []
        return {unquote(name).strip(): unquote(value).strip() for name, _, value in (p.partition("=") for p in pairs)}


SECRET = re.compile("KEY|SECRET|HEADERS|URL|ENDPOINT")
"""Variables whose invalid values are not repeated: secrets, and addresses, which may contain them."""


def _line(error: ErrorDetails) -> str:
    variable = _variable(str(error["loc"][0]))
    got = "" if SECRET.search(variable) else f" (got {str(error['input'])[:40]!r})"
    return f"{variable}: {error['msg'].removeprefix('Value error, ')}{got}"


def _variable(name: str) -> str:
    """The variable of a field: its alias, where it has one, by which errors name it, too."""
    return name if name.isupper() else f"{PREFIX}{name.upper()}"


def _nearest(name: str, ours: set[str]) -> str | None:
    # Without the prefix, which all have in common.
    by_rest = {variable.removeprefix(PREFIX): variable for variable in ours}
    found = get_close_matches(name.removeprefix(PREFIX), by_rest, n=1, cutoff=0.5)
    return by_rest[found[0]] if found else None
