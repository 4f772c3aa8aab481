"""The commented example of a settings file, made from its model: what it says cannot drift from what is read."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Mapping
from datetime import time
from typing import Any, get_args, get_origin

from pydantic import BaseModel
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
        lines += [
            "",
            *_part(name, table, is_list=is_list, values=_examples_of(name, table), is_used=name not in OPTIONAL),
        ]
    return "\n".join(lines) + "\n"


def written(model: type[File], tables: Mapping[str, Any]) -> str:
    """The same with the values of *tables* (as TOML reads them) set; a table that is not among them shows its form."""
    lines = [f"# {HEADS[model]}"]
    for name, field in model.model_fields.items():
        table, is_list = _table(field.annotation)
        given = tables.get(name)
        for values in (given if is_list else [given]) or [None]:
            needs_none = all(one.default is not PydanticUndefined for one in table.model_fields.values())
            is_used = values is not None or (needs_none and not is_list)
            shown = _examples_of(name, table) if values is None else values
            lines += ["", *_part(name, table, is_list=is_list, values=shown, is_used=is_used)]
    return "\n".join(lines) + "\n"


def _examples_of(name: str, table: type[BaseModel]) -> Mapping[str, object]:
    return {key: EXAMPLES[f"{name}.{key}"] for key in table.model_fields if f"{name}.{key}" in EXAMPLES}


def _part(
    name: str, table: type[BaseModel], *, is_list: bool, values: Mapping[str, object], is_used: bool
) -> Iterator[str]:
    mark = "" if is_used else "# "
    yield from _comment(table.__doc__ or "")
    yield f"{mark}[[{name}]]" if is_list else f"{mark}[{name}]"
    for key, field in table.model_fields.items():
        yield from _comment(field.description or "")
        if key in values:
            yield f"{mark}{key} = {_toml(values[key])}"
        elif field.default is not PydanticUndefined:
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
    if isinstance(value, Mapping):
        pairs = ", ".join(f"{json.dumps(str(key))} = {_toml(one)}" for key, one in value.items())
        return f"{{ {pairs} }}" if pairs else "{}"
    return json.dumps(value, ensure_ascii=False)
