"""The settings: two TOML files, `EDGEPOS_SECTION__KEY` over them, secrets apart.

`organisation.toml` is the same in every clinic of a chain, `location.toml` is the clinic's own. Whatever is wrong in
them is told at once, each with file, line and the nearest right key, before anything else of the agent is made.
Nothing set up at all is no error: the agent then runs, says so, and sends nothing. Nothing here reads a clock, a
network or the journal.
"""

from __future__ import annotations

import re
from datetime import time
from ipaddress import ip_address
from typing import Annotated, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from edgepos.domain.identifiers import TERMINAL, is_operator
from edgepos.domain.money import DIGITS


def _service_url(url: str) -> str:
    """https to anywhere; plain http only where it never leaves the machine: the simulator, never a real terminal."""
    parts = urlsplit(url)
    if not parts.hostname or parts.username or parts.query:
        raise ValueError("needs a whole address such as https://connectcloud.aws.nets.eu")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(url)):
        raise ValueError("must begin with https:// (plain http:// is taken for 127.0.0.1 only)")
    return url.rstrip("/")


def is_loopback(url: str) -> bool:
    """Whether *url* names this very machine by a number; a name could be made to mean another one."""
    try:
        return ip_address(urlsplit(url).hostname or "").is_loopback
    except ValueError:
        return False


def _terminal_id(text: str) -> str:
    if not TERMINAL.fullmatch(text):
        raise ValueError("needs the 8 digits of Nets' terminal id, in quotes")
    return text


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        raise ValueError("is no time zone; write it as in Europe/Stockholm") from None
    return name


def _currency(code: str) -> str:
    if code not in DIGITS:
        raise ValueError(f"is no currency that edgepos knows; one of {', '.join(sorted(DIGITS))}")
    return code


def _operator(name: str) -> str:
    if not is_operator(name):
        raise ValueError("names no operator of edgepos")
    return name


def _hour(value: object) -> object:
    if not isinstance(value, time) and not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", str(value)):
        raise ValueError('needs hours and minutes in quotes, such as "06:00"')
    return value


ServiceUrl = Annotated[str, AfterValidator(_service_url)]
Seconds = Annotated[float, Field(gt=0, le=3600)]
AmountMinor = Annotated[int, Field(ge=0)]


class Section(BaseModel):
    """A table of a settings file. A key that is not known is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class File(BaseSettings):
    """A settings file: its tables."""

    model_config = SettingsConfigDict(
        extra="forbid", frozen=True, env_prefix="EDGEPOS_", env_nested_delimiter="__", use_attribute_docstrings=True
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what is handed in: settings_files.py reads file and environment, and knows what came from where."""
        return (init_settings,)


class Nets(Section):
    """The account at Nets Connect@Cloud: one for the organisation and all its terminals."""

    base_url: ServiceUrl = "https://connectcloud.aws.nets.eu"
    """Nets' address. The test system is https://connectcloud-test.aws.nets.eu"""
    username: str = Field(min_length=1)
    """The account's user name, as Nets gave it. Its password is the secret `nets`."""
    websocket: bool = True
    """Listen to the terminals' own texts for the screen. Money never hangs on it."""


class Practice(Section):
    """The practice system that holds the invoices."""

    kind: Literal["provet"] = "provet"
    """Which practice system it is."""
    base_url: ServiceUrl
    """The address of Provet Cloud, without the part behind the host."""
    provet_id: str = Field(pattern=r"^\d+$")
    """The number of the organisation's Provet Cloud, as in its address."""
    client_id: str = Field(min_length=1)
    """The id of the OAuth client made for edgepos. Its secret is the secret `provet`."""
    boxes: int = Field(default=1, ge=1, le=1000)
    """How many boxes share the organisation's rate limit; each takes its share."""
    allows_overpayment: bool = False
    """Whether Provet Cloud takes a payment above what is due, where somebody took cash meanwhile."""
    money_back: Literal["negative", "cancel", "by_hand"] = "negative"
    """How refunds are booked there: as negative payments, by cancelling whole ones, or by staff."""
    users: dict[Annotated[str, AfterValidator(_operator)], Annotated[str, Field(pattern=r"^\d+$")]] = {}
    """Operators of edgepos and their user ids there, such as { anna = "12" }: bookings then carry their name."""
    extras: bool = False
    """Whether each booking is marked a second time, in its extras; where that fails only the log says so."""


class Times(Section):
    """How long things may take, in seconds. Shorter is not safer: a time-out proves nothing."""

    lookup_first_s: Seconds = 5.0
    """From a lost answer to the first look at the terminal's last result; too quick a look does not find it."""
    card_wait_s: Seconds = 125.0
    """How long the terminal waits for a card by itself."""
    longest_operation_s: Seconds = 300.0
    """The longest that card, PIN, a second card and the bank can take. "Nothing happened" is not believed before."""
    cancel_s: Seconds = 10.0
    """For the answer to "please stop"."""
    reconcile_s: Seconds = 120.0
    """For a reconciliation."""
    poll_s: Seconds = 15.0
    """Between two questions how a terminal stands, at rest."""
    poll_recovery_s: Seconds = 2.0
    """The same while the outcome of a payment is being looked for."""


class Chain(Section):
    """The chain's own database, to which each box copies its journal."""

    url: ServiceUrl


class Location(Section):
    """The clinic."""

    name: str = Field(min_length=1, max_length=60)
    """As it stands on the screen."""
    country: Literal["SE", "NO", "DK", "FI"]
    """Decides how the terminals' slips are read."""
    currency: Annotated[str, AfterValidator(_currency)]
    """The terminals' currency (ISO 4217). It is fixed in the terminal by Nets; here it must be the same."""
    language: Literal["en", "sv", "nb", "da", "fi"] = "en"
    """Of the screen."""
    time_zone: Annotated[str, AfterValidator(_zone)]
    """Of the clinic, such as Europe/Stockholm; the box's own clock may be in another."""
    day_starts: Annotated[time, BeforeValidator(_hour)] = time(0, 0)
    """When a clinic day begins: a night clinic's 02:00 belongs to the evening before."""
    department: str = ""
    """The practice system's id of this clinic: only its invoices are shown. Empty: all."""
    support_phone: str = ""
    """Shown where staff need help."""
    training: bool = False
    """Nothing here is real money: the screen and every slip that is shown say so."""

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)


class TerminalSettings(Section):
    """One terminal of the clinic."""

    id: Annotated[str, AfterValidator(_terminal_id)]
    """Nets' terminal id."""
    name: str = Field(min_length=1, max_length=20)
    """The place where it stands, as staff call it."""
    model: Literal["Lane3000", "Desk3500", "Move3500"]
    """Which model it is."""
    keypad_sales: bool = False
    """Whether staff may also sell on its own keypad. Reversal is then not offered: it could hit such a sale."""


class Limits(Section):
    """Where a person is asked once more. Amounts in minor units: 100000 are 1 000,00."""

    refund_pin_above_minor: AmountMinor = 50_000
    """A refund above this needs a PIN."""
    ask_again_above_minor: AmountMinor = 2_000_000
    """A payment above this is asked about once more."""
    reconcile_after_days: int = Field(default=6, ge=0, le=365)
    """After so many days a terminal asks to be reconciled; Nets refuses its payments after 7. 0: never."""
    disk_reserve_mb: int = Field(default=64, ge=1)
    """Below this much free space no new payment begins."""


class Kiosk(Section):
    """The clinic's own screen."""

    idle_s: int = Field(default=180, ge=10)
    """Without a key for this long it goes back to the desk screen."""
    lock: bool = False
    """Whether it then locks."""
    theme: Literal["light", "dark", "console"] = "light"
    """Its colours."""


class BackupSettings(Section):
    """Copies of the journal, made by the agent."""

    folder: str = ""
    """Where one goes each hour in which something happened, such as a mounted share. Empty: the agent makes none."""
    keep_days: int = Field(default=14, ge=1, le=3650)
    """For how many days they are kept: all of the newest day, one of each day before it."""


class Alerts(Section):
    """Who is told when a person is needed."""

    command: str = ""
    """A program, with its arguments, that gets one JSON document on its input. Empty: nobody."""


class Organisation(File):
    """organisation.toml."""

    nets: Nets | None = None
    practice: Practice | None = None
    times: Times = Times()
    chain: Chain | None = None


class LocationFile(File):
    """location.toml."""

    location: Location | None = None
    terminal: tuple[TerminalSettings, ...] = ()
    limits: Limits = Limits()
    kiosk: Kiosk = Kiosk()
    backup: BackupSettings = BackupSettings()
    alerts: Alerts = Alerts()

    @model_validator(mode="after")
    def _fits_together(self) -> LocationFile:
        if self.terminal and self.location is None:
            raise ValueError("there are terminals, but no [location] table")
        for what, values in (
            ("id", [terminal.id for terminal in self.terminal]),
            ("name", [terminal.name.casefold() for terminal in self.terminal]),
        ):
            doubles = sorted({value for value in values if values.count(value) > 1})
            if doubles:
                raise ValueError(f"two terminals have the {what} {doubles[0]}")
        return self


NOWHERE = Location(name="edgepos", country="SE", currency="SEK", time_zone="UTC")
"""Stands in where no location is set up: there are no terminals then, so nothing is ever paid in it."""


class Settings(BaseModel):
    """Everything set, as it was when the agent began."""

    model_config = ConfigDict(frozen=True)

    organisation: Organisation = Organisation()
    location: LocationFile = LocationFile()

    @property
    def place(self) -> Location:
        return self.location.location or NOWHERE

    @property
    def currency(self) -> str:
        return self.place.currency

    @property
    def terminals(self) -> tuple[TerminalSettings, ...]:
        return self.location.terminal

    def terminal_named(self, text: str) -> TerminalSettings | None:
        """The terminal with *text* as its id or its name, in any case."""
        wanted = text.strip().casefold()
        return next((one for one in self.terminals if wanted in (one.id, one.name.casefold())), None)

    @property
    def is_loopback_only(self) -> bool:
        """Whether both services are on this machine: the condition for a clock that is not real."""
        services = (self.organisation.nets, self.organisation.practice)
        return all(service is None or is_loopback(service.base_url) for service in services)
