"""The commented example of a settings file, made from its model: what it says cannot drift from what is read."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Mapping
from datetime import time
from typing import Any, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from edgepos.agent.settings import File, LocationFile, Organisation

HEADS: Mapping[type[File], str] = {
    Organisation: "What is the same in every clinic of the organisation. Lines that begin with # show the default.",
    LocationFile: "What is this clinic's own. Lines that begin with # show the default.",
}
EXAMPLES: Mapping[str, object] = {
    "nets.username": "clinic_demo",
    "practice.base_url": "https://provetcloud.com",
    "practice.provet_id": "1234",
    "practice.client_id": "as made in Provet Cloud",
    "chain.url": "https://chain.example",
    "location.name": "Djurkliniken Norr",
    "location.country": "SE",
    "location.currency": "SEK",
    "location.time_zone": "Europe/Stockholm",
    "terminal.id": "70000001",
    "terminal.name": "RECEPTION",
    "terminal.model": "Desk3500",
}
"""For keys that have no default."""
OPTIONAL = frozenset({"chain"})
"""Tables that a clinic may well not have."""


def example(model: type[File]) -> str:
    """The file's text: every key with its meaning, set where it has no default."""
    lines = [f"# {HEADS[model]}"]
    for name, field in model.model_fields.items():
        table, is_list = _table(field.annotation)
        mark = "# " if name in OPTIONAL else ""
        lines += ["", *_comment(table.__doc__ or ""), f"{mark}[[{name}]]" if is_list else f"{mark}[{name}]"]
        for key, one in table.model_fields.items():
            lines += _key(name, key, one, mark)
    return "\n".join(lines) + "\n"


def _key(table: str, key: str, field: FieldInfo, mark: str) -> Iterator[str]:
    yield from _comment(field.description or "")
    if field.default is PydanticUndefined:
        yield f"{mark}{key} = {_toml(EXAMPLES[f'{table}.{key}'])}"
    else:
        yield f"# {key} = {_toml(field.default)}"


def _comment(text: str) -> list[str]:
    return textwrap.wrap(" ".join(text.split()), 100, initial_indent="# ", subsequent_indent="# ")


def _table(annotation: Any) -> tuple[type[BaseModel], bool]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation, False
    inner = next(one for one in get_args(annotation) if isinstance(one, type) and issubclass(one, BaseModel))
    return inner, get_origin(annotation) is tuple


def _toml(value: object) -> str:
    if isinstance(value, time):
        return f'"{value:%H:%M}"'
    return json.dumps(value, ensure_ascii=False)
