"""Reading unit files as far as the tests need it."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

UNITS = Path(__file__).parents[2] / "systemd"


class Unit:
    """The settings of one unit file: `unit["Service.User"]` is the last, `unit.all("Service.ExecStartPre")` are all."""

    def __init__(self, path: Path) -> None:
        self.name = path.name
        self._values: dict[str, list[str]] = defaultdict(list)
        section = ""
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.startswith("["):
                section = line.strip("[]")
            elif line and not line.startswith("#"):
                key, _, value = line.partition("=")
                self._values[f"{section}.{key}"].append(value)

    def __getitem__(self, key: str) -> str:
        return self._values[key][-1]

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def get(self, key: str, otherwise: str) -> str:
        return [otherwise, *self.all(key)][-1]

    def all(self, key: str) -> list[str]:
        return self._values.get(key, [])

    @property
    def commands(self) -> list[list[str]]:
        """What it runs, in words, without systemd's signs."""
        keys = ("ExecStartPre", "ExecStart", "ExecStopPost")
        return [value.lstrip("-+!@:").split() for key in keys for value in self.all(f"Service.{key}")]


def services() -> list[Unit]:
    return [Unit(path) for path in sorted(UNITS.glob("*.service"))]


def seconds(span: str) -> float:
    """A time span of systemd's: `30`, `3min`."""
    return float(span[:-3]) * 60 if span.endswith("min") else float(span.removesuffix("s"))
