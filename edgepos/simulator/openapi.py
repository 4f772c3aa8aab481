"""OpenAPI pages from tables of operations: what a service takes and answers, written beside the code that does it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

TEMPLATE = "#/components/schemas/{model}"


@dataclass(frozen=True, slots=True)
class Operation:
    """One route. *body* is a model or a schema, *answers* says what a status means, *ids* are some that exist."""

    method: str
    path: str
    summary: str
    body: type[BaseModel] | dict[str, Any] | None = None
    answers: tuple[tuple[int, str], ...] = ((200, "Done"),)
    body_type: str = "application/json"
    ids: tuple[str, ...] = ()


def document(title: str, text: str, operations: Sequence[Operation], base: str = "/") -> dict[str, Any]:
    """The OpenAPI 3.1 page of *operations*."""
    schemas: dict[str, Any] = {}
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": "1", "description": text},
        "servers": [{"url": base}],
        "paths": paths,
        "components": {"schemas": schemas},
    }


def _operation(operation: Operation, schemas: dict[str, Any]) -> dict[str, Any]:
    described: dict[str, Any] = {
        "summary": operation.summary,
        "parameters": [
            {"name": name, "in": "path", "required": True, "schema": _id_schema(operation.ids)}
            for name in re.findall(r"{(\w+)}", operation.path)
        ],
        "responses": {str(status): {"description": meaning} for status, meaning in operation.answers},
    }
    if operation.body is not None:
        described["requestBody"] = {
            "required": True,
            "content": {operation.body_type: {"schema": _schema(operation.body, schemas)}},
        }
    return described


def _id_schema(ids: tuple[str, ...]) -> dict[str, Any]:
    return {"anyOf": [{"enum": list(ids)}, {"type": "string"}]} if ids else {"type": "string"}


def _schema(body: type[BaseModel] | dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    if isinstance(body, dict):
        return body
    schema = body.model_json_schema(ref_template=TEMPLATE)
    schemas |= schema.pop("$defs", {})
    schemas[body.__name__] = schema
    return {"$ref": TEMPLATE.format(model=body.__name__)}
