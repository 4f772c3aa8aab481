"""Faults on demand, in front of a simulated service: which request they hit, and what then happens on the wire.

A rule names service, method and path (a glob over the whole path), the first matching request that it hits (`nth`) and
how many (`times`, null for ever). "Carried out" means that the service did what was asked; many faults exist in both
kinds, because the difference is what a client can never see.
"""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from edgepos.simulator.variants import Seconds, Strict

FaultName = Literal[
    "drop_before", "drop_after", "cut_body", "reset", "hang", "delay", "status", "html", "redirect", "511", "cut_json",
    "wrong_type", "empty", "duplicate", "late", "retry_after", "504_at_60s", "token_revoked", "401_executed", "down",
]  # fmt: skip

HeaderText = Annotated[str, Field(max_length=200, pattern=r"^[\x20-\x7e]*$")]


class FaultArgs(Strict):
    """What a fault can be told. Each fault reads only what its description names."""

    seconds: Seconds | None = Field(default=None, description="hang (3600), delay (10), late (600), 504_at_60s (60), "
                                    "duplicate (0: the pause between); down: up again after so long")  # fmt: skip
    carried: bool | None = Field(default=None, description="reset (true), hang, status, html, redirect, 511 (false), "
                                 "empty (true): is the request carried out?")  # fmt: skip
    status: Annotated[int, Field(ge=200, le=599)] = Field(default=500, description="status")
    body: str = Field(default="", max_length=100_000, description="status: the body, HTML if it begins with <")
    location: HeaderText = Field(default="http://127.0.0.1:9/sign-in", description="redirect")
    retry_after: HeaderText | None = Field(default="17", description="retry_after: the header as it stands, or absent")
    commit_after_s: Seconds | None = Field(
        default=None, description="late: carried out only so long after the client gave up; else at once"
    )
    how: Literal["refuse", "503"] = Field(default="refuse", description="down: connection refused, or 503 with HTML")


class FaultRule(Strict):
    """The body of POST /faults."""

    id: str | None = Field(default=None, pattern=r"^[0-9A-Za-z._-]{1,40}$")
    service: Literal["nets", "provet"]
    fault: FaultName
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"] | None = None
    path: str = Field(default="*", max_length=200)
    nth: Annotated[int, Field(ge=1)] = 1
    times: Annotated[int, Field(ge=1)] | None = 1
    args: FaultArgs = FaultArgs()


@dataclass(slots=True)
class ActiveFault:
    id: str
    rule: FaultRule
    seen: int = 0
    hit: int = 0

    def takes(self, method: str, path: str) -> bool:
        """Counts the request if it matches. True if the fault hits it."""
        rule = self.rule
        if rule.fault == "down":
            return rule.args.how == "503"
        if rule.method not in (None, method) or not fnmatch.fnmatchcase(path, rule.path):
            return False
        self.seen += 1
        if self.seen < rule.nth or self.is_spent:
            return False
        self.hit += 1
        return True

    @property
    def is_spent(self) -> bool:
        return self.rule.times is not None and self.hit >= self.rule.times


class FaultList:
    """The rules of both services, in the order in which they came; the first that takes a request is the one."""

    def __init__(self) -> None:
        self.active: dict[str, ActiveFault] = {}
        self._count = 0

    def add(self, rule: FaultRule) -> ActiveFault:
        """Raises ValueError if the id is taken."""
        self._count += 1
        fault_id = rule.id or f"fault-{self._count}"
        if fault_id in self.active:
            raise ValueError(f"There is a fault {fault_id} already.")
        fault = ActiveFault(fault_id, rule)
        self.active[fault_id] = fault
        return fault

    def take(self, service: str, method: str, path: str) -> ActiveFault | None:
        for fault in self.active.values():
            if fault.rule.service == service and fault.takes(method, path):
                return fault
        return None
