"""The bodies that the control service takes, beside those of `variants` and `faults`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from edgepos.simulator.practice import PAYMENT_TYPES
from edgepos.simulator.variants import Minor, Offset, PositiveMinor, Seconds, Step, StepName, Strict

SignedMinor = Annotated[int, Field(ge=-99_999_999, le=99_999_999)]
RecordId = Annotated[int, Field(ge=0, le=999_999_999)]


class Reset(Strict):
    seed: Annotated[int, Field(ge=0, le=2**53)] = 1


class Cardholder(Strict):
    steps: Annotated[tuple[Step | StepName, ...], Field(max_length=1000)]


class Power(Strict):
    off_s: Seconds = 60.0


class KeypadSale(Strict):
    amount_minor: PositiveMinor
    tip_minor: Minor = 0


class Menu(Strict):
    s: Seconds
    doing: Literal["menu", "printing", "out of paper", "updating"] = "menu"


class NewInvoice(Strict):
    total_minor: SignedMinor
    department: Literal[1, 2] = 2
    status: Literal[0, 1, 2, 3, 4, 99] = 3
    client: RecordId | None = None
    insurer_minor: Minor = 0
    credit_note: bool = False
    remarks: Annotated[str, Field(max_length=200)] = ""


class InvoiceChange(Strict):
    """Only what is named changes; `add_minor` adds a row of that amount."""

    status: Literal[0, 1, 2, 3, 4, 99] | None = None
    insurer_minor: Minor | None = None
    credit_note: bool | None = None
    add_minor: SignedMinor | None = None


class HandBooking(Strict):
    """A payment that somebody books in the practice system's own screen; a refund is negative."""

    invoice: RecordId
    paid_minor: SignedMinor
    payment_type: Annotated[int, Field(json_schema_extra={"enum": list(PAYMENT_TYPES)})] = 0
    info: Annotated[str, Field(max_length=255)] = ""


class ClockChange(Strict):
    """`until` null: for ever. `wall_offset_s` and `reboot` concern *participant*; advancing comes last."""

    hold: bool | None = None
    until: Seconds | None = None
    participant: Annotated[str, Field(min_length=1, max_length=40)] = "agent"
    wall_offset_s: Offset | None = None
    reboot: bool = False
    advance_s: Seconds | None = None
