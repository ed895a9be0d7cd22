"""Parts of the OpenAPI document that handlers' signatures do not give."""

from http import HTTPStatus
from typing import Any, Literal, NotRequired

from litestar._openapi.schema_generation import SchemaCreator
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import Components, OpenAPIType, Schema, SecurityScheme
from litestar.plugins import OpenAPISchemaPlugin
from litestar.typing import FieldDefinition
from pydantic import BaseModel
from typing_extensions import TypedDict

from api.problems import PROBLEM, Code

SIGNED_IN: list[dict[str, list[str]]] = [{"bearer": []}]

COMPONENTS = Components(
    security_schemes={
        "bearer": SecurityScheme(
            type="http",
            scheme="bearer",
            bearer_format="JWT",
            description="`sub` is the user's UUID. In local mode a cookie that the server sets takes its place.",
        )
    }
)


class ProblemDocument(TypedDict):
    """Why a request was refused (RFC 9457)."""

    type: Literal["about:blank"]
    title: str
    status: int
    detail: str
    code: Code
    retry_after: NotRequired[int]


def problems(*statuses: int) -> dict[int, ResponseSpec]:
    """Responses with these statuses, each a problem document."""
    return {
        status: ResponseSpec(
            ProblemDocument, description=HTTPStatus(status).phrase, media_type=PROBLEM, generate_examples=False
        )
        for status in statuses
    }


def refusals(*statuses: int) -> dict[int, ResponseSpec]:
    """The error responses of every request for a user's own data, and these."""
    return problems(400, 401, 500, 503, *statuses)


class ModelSchema(OpenAPISchemaPlugin):
    """Schemas of pydantic models by pydantic: the framework's lack `additionalProperties` and `pattern`."""

    def is_plugin_supported_field(self, field_definition: FieldDefinition) -> bool:
        """Whether it is a pydantic model."""
        return field_definition.is_subclass_of(BaseModel)

    def to_openapi_schema(self, field_definition: FieldDefinition, schema_creator: SchemaCreator) -> Schema:  # noqa: ARG002
        """The model's schema, inline."""
        model: dict[str, Any] = field_definition.annotation.model_json_schema()
        return Schema(
            type=OpenAPIType.OBJECT,
            title=model["title"],
            description=model["description"],
            properties=model["properties"],
            required=model.get("required"),
            any_of=[Schema(required=one["required"]) for one in model.get("anyOf", ())] or None,
            example=model.get("example"),
            additional_properties=model["additionalProperties"],
        )
