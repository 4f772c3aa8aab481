"""Reading the settings: which files, which value came from where, and what is wrong in words and lines.

A fault is told as the person who typed it would look for it: file, line, key, and the nearest key that there is. All
faults at once, not one a start.
"""

from __future__ import annotations

import os
import re
import stat
import tomllib
import types
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr, ValidationError
from pydantic_settings import EnvSettingsSource, TomlConfigSettingsSource

from edgepos.agent.settings import File, LocationFile, Organisation, Settings
from edgepos.domain.errors import Refused, Wrong

FILES: Mapping[str, type[File]] = {"organisation.toml": Organisation, "location.toml": LocationFile}
SECRETS = ("nets", "provet")
PREFIX = "EDGEPOS_"
MISSING = "is missing"
Path_ = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is wrong in the settings."""

    file: str
    line: int | None
    key: str
    why: str
    nearest: str | None = None

    def __str__(self) -> str:
        place = f"{self.file}, line {self.line}" if self.line else self.file
        return f"{place}: {self.key} {self.why}".replace("  ", " ") + (
            f"; did you mean {self.nearest}?" if self.nearest else ""
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where one value came from: an environment variable, a file and its line, or the default."""

    key: str
    value: object
    origin: str


def load(folder: Path) -> Settings:
    """The settings of *folder*, overridden by the environment. Raises Wrong `settings` with all faults."""
    faults = list(_unknown_sections())
    read: dict[str, File] = {}
    for name, model in FILES.items():
        path = folder / name
        try:
            raw = _merged(model, path)
            read[name] = model.model_validate(raw)
        except tomllib.TOMLDecodeError as error:
            line = re.search(r"line (\d+)", str(error))
            faults.append(
                Fault(file=str(path), line=int(line[1]) if line else None, key="", why=f"is no TOML: {error}")
            )
        except (OSError, UnicodeDecodeError) as error:
            faults.append(Fault(file=str(path), line=None, key="", why=f"cannot be read: {error}"))
        except ValidationError as error:
            found = [fault_of(model, path, one["loc"], one["type"], one["msg"]) for one in error.errors()]
            misspelt = {fault.nearest for fault in found}
            faults.extend(
                fault for fault in found if not (fault.why == MISSING and fault.key.rpartition(".")[2] in misspelt)
            )
    if faults:
        first = faults[0]
        raise Wrong(
            "settings",
            file=first.file,
            line=first.line,
            key=first.key,
            reason=first.why,
            nearest=first.nearest,
            problems=[str(fault) for fault in faults],
        )
    organisation, location = read["organisation.toml"], read["location.toml"]
    assert isinstance(organisation, Organisation)
    assert isinstance(location, LocationFile)
    return Settings(organisation=organisation, location=location)


def sources(settings: Settings, folder: Path) -> list[Source]:
    """Each value in force and where it came from. No secret is among them."""
    found = []
    for name, part in (("organisation.toml", settings.organisation), ("location.toml", settings.location)):
        path = folder / name
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        for location, value in _leaves(part):
            found.append(Source(key=_dotted(location), value=value, origin=_origin(path, text, location)))
    return found


class Secrets:
    """The two secrets, read when they are needed, so that a mended one works at once. Never kept, never printed."""

    def __init__(self, folder: Path, environ: Mapping[str, str] = os.environ) -> None:
        given = environ.get("CREDENTIALS_DIRECTORY")
        self._folders = [Path(given)] if given else []
        self._own = folder

    def read(self, name: str) -> SecretStr | None:
        """The secret *name*, or None where there is none. Raises Wrong `settings` if others may read its file."""
        for folder in self._folders:
            if (folder / name).is_file():
                return _one_line(folder / name)
        path = self._own / name
        if not path.is_file():
            return None
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            why = f"may be read by others: chmod 600 {path}"
            raise Wrong("settings", file=str(path), key=name, reason=why, problems=[f"{path} {why}"])
        return _one_line(path)

    def needed(self, name: str) -> str:
        """The secret *name*. Raises Refused `secret-missing`, and as `read` does."""
        found = self.read(name)
        if found is None:
            raise Refused("secret-missing", key=name, service="Nets" if name == "nets" else "Provet Cloud")
        return found.get_secret_value()


def _one_line(path: Path) -> SecretStr:
    return SecretStr(path.read_text(encoding="utf-8").strip("\r\n"))


def _merged(model: type[File], path: Path) -> dict[str, Any]:
    raw: dict[str, Any] = TomlConfigSettingsSource(model, toml_file=path)() if path.exists() else {}
    return _over(raw, EnvSettingsSource(model)())


def _over(under: dict[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(under)
    for key, value in over.items():
        below = merged.get(key)
        merged[key] = _over(below, value) if isinstance(below, dict) and isinstance(value, Mapping) else value
    return merged


def _nearest(text: str, known: Sequence[str], *, likeness: float = 0.6) -> str | None:
    from difflib import get_close_matches  # for faults only: a good start does without it

    found = get_close_matches(text.lower(), known, 1, likeness)
    return found[0] if found else None


def _unknown_sections() -> Iterator[Fault]:
    """`EDGEPOS_NETZ__USERNAME`: a variable that means to be a setting and is none."""
    known = sorted({name for model in FILES.values() for name in model.model_fields})
    for variable in os.environ:
        section, sign, _ = variable.removeprefix(PREFIX).partition("__")
        if variable.startswith(PREFIX) and sign and section.lower() not in known:
            near = _nearest(section, known)
            yield Fault(
                file="environment",
                line=None,
                key=variable,
                why="is no setting",
                nearest=f"{PREFIX}{near.upper()}__…" if near else None,
            )


def fault_of(model: type[File], path: Path, location: Path_, kind: str, said: str) -> Fault:
    """What pydantic says of *location* in the file at *path*, as the person who typed it would look for it."""
    variable = _variable(location)
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    why = said.removeprefix("Value error, ")
    nearest = None
    if kind == "extra_forbidden":
        why, known = "is no setting", _known(model, location[:-1])
        nearest = _nearest(str(location[-1]), known, likeness=0.5)
        if nearest is None:
            why += f"; here there are {', '.join(known)}"
    elif kind == "missing":
        why = MISSING
    elif not why.startswith(("needs", "is ", "must")):
        why = f"is wrong: {why[:1].lower()}{why[1:]}"
    if variable in os.environ:
        return Fault(file="environment", line=None, key=variable, why=why, nearest=nearest)
    return Fault(
        file=str(path), line=_line_of(text, location), key=_dotted(location) or path.stem, why=why, nearest=nearest
    )


def _known(model: type[BaseModel], location: Path_) -> list[str]:
    """The keys that may stand at *location*."""
    for step in location:
        if isinstance(step, int):
            continue
        field = model.model_fields.get(step)
        inner = _model_in(field.annotation) if field else None
        if inner is None:
            return []
        model = inner
    return sorted(model.model_fields)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) in (Union, types.UnionType, tuple):
        return next((found for one in get_args(annotation) if (found := _model_in(one))), None)
    return None


def _leaves(part: BaseModel, above: Path_ = ()) -> Iterator[tuple[Path_, object]]:
    for name in type(part).model_fields:
        value = getattr(part, name)
        if isinstance(value, BaseModel):
            yield from _leaves(value, (*above, name))
        elif isinstance(value, tuple):
            for index, one in enumerate(value):
                yield from _leaves(one, (*above, name, index))
        else:
            yield (*above, name), value


def _origin(path: Path, text: str, location: Path_) -> str:
    variable = _variable(location)
    if variable in os.environ or _variable(location[:1]) in os.environ:
        return variable if variable in os.environ else _variable(location[:1])
    line = _line_of(text, location, exact=True)
    return f"{path}, line {line}" if line else "default"


def _variable(location: Path_) -> str:
    return PREFIX + "__".join(str(step).upper() for step in location)


def _dotted(location: Path_) -> str:
    return ".".join(str(step + 1) if isinstance(step, int) else step for step in location)


def _line_of(text: str, location: Path_, *, exact: bool = False) -> int | None:
    """The line of the key at *location*; without *exact*, where it is missing, that of its table."""
    names = [step for step in location if isinstance(step, str)]
    nth = next((step for step in location if isinstance(step, int)), 0)
    table, key, seen, table_line = "", names[-1] if len(names) > 1 else None, -1, None
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*\[\[?\s*([\w.-]+)\s*\]\]?", line):
            table = header[1]
            if names and table == names[0]:
                seen += 1
                table_line = number if seen == nth else table_line
        elif (
            names
            and table == names[0]
            and seen == nth
            and key
            and re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=", line)
        ):
            return number
    return None if exact else table_line
