"""Every switch of the simulated world, typed, with the default that the protocol pages give.

Terminal switches follow protocols/connectcloud.md §9, the practice system's follow protocols/provet.md §13. Each model
is also the body that the control service takes, so a wrong name or type is answered with a sentence and never half
applied. Durations are seconds on the simulator's clock, amounts are minor units.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

Seconds = Annotated[float, Field(ge=0, le=31_536_000, allow_inf_nan=False)]
Minor = Annotated[int, Field(ge=0, le=99_999_999)]
PositiveMinor = Annotated[int, Field(ge=1, le=99_999_999)]
Offset = Annotated[float, Field(ge=-3_155_760_000, le=3_155_760_000, allow_inf_nan=False)]
TimeOfDay = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
StepName = Literal["tap", "chip", "pin", "wrong_pin", "cancel", "walk_away"]
Country = Literal["no", "sv", "da", "fi", "en"]


class Strict(BaseModel):
    """A body in which an unknown key is an error and a number is never made from a text."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Step(Strict):
    """One act of the cardholder. A payment uses up steps until it ends; the rest wait for the next payment."""

    do: StepName
    after_s: Seconds = 3.0
    approve_minor: PositiveMinor | None = Field(
        default=None, description="the host approves only this much of the amount"
    )
    tip_minor: Minor = 0
    surcharge_minor: Minor = 0
    scheme: str | None = Field(
        default=None, max_length=16, description="the card's scheme; drawn from the seed if absent"
    )
    signature: bool = False
    decline_code: str | None = Field(
        default=None, pattern=r"^[0-9A-Z]{2}$", description="the host declines with this code"
    )
    try_again: bool = Field(
        default=False, description="after the decline the terminal asks for a card inside the same request"
    )
    approve_later_s: Seconds | None = Field(
        default=None,
        description="the decline is answered, and so much later the terminal approves under another number",
    )
    unknown: bool = Field(default=False, description="the bank takes the money, the answer says Result 99")


class TerminalVariants(Strict):
    """How one terminal behaves. Defaults: protocols/connectcloud.md §9."""

    country: Country = Field(default="sv", description="words and amount form of the slips")
    currency: Literal["SEK", "NOK", "DKK", "EUR", "ISK"] = "SEK"
    cardholder: Literal["taps", "absent"] = Field(default="taps", description="who stands there when no step is queued")
    cardholder_after_s: Seconds = 3.0
    card_wait_s: Seconds = 125.0
    pin_wait_s: Seconds = 60.0
    contactless_s: Seconds = 2.0
    host_s: Seconds = Field(default=4.0, description="the host's answer after a chip and PIN")
    reply_after_s: Seconds = Field(default=0.5, description="from the result to the answer of the blocking call")
    print_s: Seconds = Field(default=2.0, description="busy with the slip after the result")
    visible_after_s: Seconds = Field(default=3.0, description="from the result to when a look-up shows it")
    cancel: Literal["obey", "refuse", "late", "swallow", "approve"] = "obey"
    cancel_late_s: Seconds = 15.0
    second_payment: Literal["refuse", "auto_cancel", "both"] = "refuse"
    lookup_busy: Literal["refuse", "cancels", "previous"] = "refuse"
    lookup_empty: Literal["failure", "empty"] = "failure"
    power_cut: Literal["reverse_on_boot", "keep", "lost"] = Field(
        default="reverse_on_boot", description="what becomes of a payment that was at the host"
    )
    reverse_after_s: Seconds | None = Field(default=None, description="an approval is taken back so long after it")
    keypad_after_ours_minor: PositiveMinor | None = Field(
        default=None, description="a stand-alone sale of this amount follows each payment that a register asked for"
    )
    last_after_reconciliation: Literal["kept", "cleared"] = "kept"
    restart_at: TimeOfDay | None = Field(default=None, description="restarts itself at this local time each day")
    close_at: TimeOfDay | None = Field(default=None, description="closes its own session at this local time each day")
    boot_s: Seconds = 60.0
    order_id_echo: Literal["approved", "never", "also_declines", "cut10"] = "approved"
    order_id_duplicate: Literal["accept", "refuse"] = "accept"
    failure_form: Literal["object", "string"] = "object"
    busy_form: Literal["object", "string"] = "string"
    key_case: Literal["documented", "lower", "id_pan_mixed"] = "documented"
    numbers: Literal["int", "string"] = "int"
    missing_keys: tuple[str, ...] = ()
    null_keys: tuple[str, ...] = ()
    empty_keys: tuple[str, ...] = ()
    time_form: Literal["local", "iso"] = "local"
    terminal_clock_offset_s: Offset = 0.0
    utc_offset_h: Annotated[int, Field(ge=-12, le=14)] = Field(default=1, description="the terminal's local time")
    overrides: dict[str, JsonValue] = Field(
        default_factory=dict, description="keys of the result replaced on the wire; orderId too. The bank keeps its own"
    )
    overrides_in: Literal["reply", "lookup", "both"] = "both"
    tip_minor: Minor = 0
    surcharge_minor: Minor = 0
    dcc: bool = False
    signature: bool = False
    host: Literal["up", "away", "offline_approval", "no_contact"] = "up"
    reconciliation: Literal["works", "fails"] = "works"
    structured_totals: bool = False
    fresh_refuses: bool = Field(default=True, description="87 on a brand-new terminal until its first reconciliation")
    reconcile_within_days: Annotated[int, Field(ge=0, le=3650)] = Field(default=7, description="0: never asked for")
    offline_as: Literal["state", "8013", "404"] = "state"
    connected: bool = Field(
        default=True, description="the terminal's line to the cloud; what runs at it goes on without"
    )
    silent: bool = Field(default=False, description="connected, and answers nothing at all")
    silent_s: Seconds = Field(default=300.0, description="after which Connect@Cloud gives up with 7009")


class ConnectCloudVariants(Strict):
    """How the cloud in front of the terminals behaves."""

    token_life_s: Seconds = 86_400.0
    login: Literal["full", "token_only"] = Field(default="full", description="older servers give the token alone")
    logins_refused: bool = False
    clock_offset_s: Offset = Field(default=0.0, description="the server's own clock: Date header, token times")


class PracticeVariants(Strict):
    """How the practice system behaves. Defaults: protocols/provet.md §13."""

    filters: Literal["some", "strict", "ignore"] = "some"
    status_filter: Literal["both", "guide", "schema"] = "both"
    created_answer: Literal["full", "empty"] = "full"
    created_status: Literal[200, 201] = 201
    info: Literal["keep", "truncate", "drop"] = "keep"
    info_limit: Annotated[int, Field(ge=0, le=10_000)] = 255
    refunds: Literal["accept", "refuse"] = "accept"
    cancel_payment: Literal["allowed", "forbidden"] = "allowed"
    overpayment: Literal["refuse", "allow"] = "refuse"
    lock_date: Annotated[date, Field(strict=False)] | None = Field(
        default=None, description="first day that can be booked"
    )
    due_lag_s: Seconds = 0.0
    date_paid: Literal["set", "never"] = "set"
    rate_limits: bool = True
    retry_after: Literal["seconds", "absent", "http_date"] = "seconds"
    token_life_s: Seconds = 36_000.0
    tokens_refused: bool = Field(default=False, description="the token URL answers 401")
    template: Literal["default", "full"] = Field(default="default", description="full: with the rights for settings")
    shifting_pages: bool = Field(default=False, description="a row comes and goes between the pages of a payment list")
    untidy: bool = Field(default=True, description="some numbers as text, -0.0, unknown extra keys")
    clock_offset_s: Offset = 0.0
