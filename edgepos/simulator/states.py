"""The states of a simulated terminal, and what the cloud says of each."""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """offline -> idle -> waiting_card -> pin -> host_wait -> done -> printing -> idle; off from any."""

    OFF = "off"
    IDLE = "idle"
    WAITING_CARD = "waiting_card"
    PIN = "pin"
    HOST_WAIT = "host_wait"
    DONE = "done"
    PRINTING = "printing"
    ADMINISTRATION = "administration"
    MENU = "menu"
