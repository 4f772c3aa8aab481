"""What a Pilot cannot see: the screen as a process in a terminal of its own, against an agent and a simulator."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from random import Random

import pytest

from tui.pty_terminal import KILLED, SCREEN, Terminal
from tui.real_clinic import OPEN, RealClinic
from tui.until import until

pytestmark = pytest.mark.timeout(240)

ENTER, ESC, END = "\r", "\x1b", "\x1b[F"
CTRL_C, CTRL_D, CTRL_P, CTRL_Q, CTRL_Z, QUIT = "\x03", "\x04", "\x10", "\x11", "\x1a", "\x1c"
F1, F2, F3, F4, F5, F6, F7 = "\x1bOP", "\x1bOQ", "\x1bOR", "\x1bOS", "\x1b[15~", "\x1b[17~", "\x1b[18~"
F8, F9, F10, F12 = "\x1b[19~", "\x1b[20~", "\x1b[21~", "\x1b[24~"
PAID = "Back to the desk in"
Open = Callable[..., Terminal]


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealClinic]:
    made = RealClinic(tmp_path_factory.mktemp("clinic"))
    yield made
    made.close()


@pytest.fixture
def terminals() -> Iterator[list[Terminal]]:
    opened: list[Terminal] = []
    yield opened
    for one in opened:
        one.close()


@pytest.fixture
def screen(clinic: RealClinic, terminals: list[Terminal]) -> Open:
    """Opens a screen in a terminal of its own, and waits for its desk."""

    def opened(*options: str, environ: Mapping[str, str] | None = None, size: tuple[int, int] = (80, 24)) -> Terminal:
        made = Terminal({**clinic.environ, **(environ or {})}, (*SCREEN, *options), size)
        terminals.append(made)
        made.shows("STH-")
        return made

    return opened


@pytest.fixture
def alone(tmp_path: Path, terminals: list[Terminal]) -> Callable[..., Terminal]:
    """Opens a screen where no agent is."""

    def opened(*arguments: str, environ: Mapping[str, str] | None = None) -> Terminal:
        made = Terminal(
            {
                "PATH": os.environ["PATH"], "HOME": str(tmp_path), "LANG": "C.UTF-8", "TERM": "xterm-256color",
                "EDGEPOS_SOCKET": str(tmp_path / "nobody.sock"), **(environ or {}),
            },
            arguments or SCREEN,
        )  # fmt: skip
        terminals.append(made)
        return made

    return opened


# --- paying


def asked(one: Terminal, clinic: RealClinic) -> None:
    """An invoice is found and opened: Enter would send it."""
    number = clinic.payable()
    one.type(number)
    one.shows(f"find: {number}")
    one.type(ENTER)
    one.shows("Enter: pay")
    one.read_all()  # a person looks; what comes at once is a key held down


def test_two_keys_pay_and_ten_taps_and_a_held_key_pay_once(clinic: RealClinic, screen: Open) -> None:
    """FC-05, against the bank's truth."""
    clinic.cardholder_taps()
    before, one = clinic.taken(), screen()
    asked(one, clinic)
    one.type(ENTER * 10)
    for _ in range(30):  # the kernel repeats a held key like this
        one.type(ENTER)
        one.read(0.03)
    one.shows(PAID)
    assert len(clinic.taken()) == len(before) + 1


def test_a_killed_screen_takes_nothing_along_and_the_next_one_shows_the_same_payment(
    clinic: RealClinic, screen: Open
) -> None:
    clinic.nobody_taps()
    one = screen()
    asked(one, clinic)
    one.type(ENTER)
    one.shows("F7 Stop")
    one.signal(signal.SIGKILL)
    assert one.ends() == KILLED
    payment = clinic.payments()[0]
    assert payment["state"] in OPEN
    other = screen()
    other.shows("F7 Running")
    other.type(F7)
    other.shows(payment["id"])
    other.shows("F7 Stop")
    other.type(F7)
    until(lambda: clinic.state(payment["id"]) in ("cancelled", "not_started"), "the payment ends", other.read)


def test_two_hundred_sizes_in_a_payment_and_it_is_still_there(clinic: RealClinic, screen: Open) -> None:
    """FC-29."""
    clinic.nobody_taps()
    payment, one, drawn = clinic.begin(12_300), screen(), Random(29)
    one.type(F7)
    one.shows(payment)
    for _ in range(200):
        one.resize(drawn.randint(1, 140), drawn.randint(1, 50))
        one.read(0.005)
    one.resize(59, 20)
    one.shows("SEK 123,00 AT THE TERMINAL | Make the window 60x20")
    one.resize(80, 24)
    one.shows(payment)
    clinic.stop(payment)
    one.shows("Enter Done")
    assert one.process.poll() is None


def test_the_agent_lost_and_found(clinic: RealClinic, screen: Open) -> None:
    one = screen()
    clinic.kill_agent()
    one.shows("NO AGENT")
    one.shows("NO CONNECTION TO EDGEPOS")
    one.shows("The terminals work on their own")
    clinic.start_agent()
    one.shows("STH-")
    one.shows("READY")


def test_a_line_that_nobody_reads_stops_no_payment(clinic: RealClinic, screen: Open) -> None:
    clinic.cardholder_taps()
    one = screen()
    one.type((F4 + F6) * 20)
    until(one.is_waiting, "the line is full")
    payment = clinic.begin(4_500)
    until(lambda: clinic.state(payment) == "approved", "it is paid")
    one.type(ESC)
    one.read_all()
    one.type(F4)
    one.shows("SEK 45,00")


# --- the ends

CRASH = """
from edgepos.tui.app import EdgeposApp
def broken(self):
    pin = "SECRET-4711"
    return [][len(pin)]
EdgeposApp.action_menu = broken
import sys
from edgepos.__main__ import main
sys.exit(main([]))
"""


@pytest.mark.parametrize(
    ("number", "options"), [(signal.SIGTERM, ("--kiosk",)), (signal.SIGHUP, ())], ids=("SIGTERM-kiosk", "SIGHUP")
)
def test_told_to_end_it_gives_the_terminal_back(alone: Open, number: signal.Signals, options: tuple[str, ...]) -> None:
    """FC-30. systemd continues what it ends."""
    one = alone(*SCREEN, *options)
    one.shows("NO CONNECTION")
    assert one.is_raw()
    one.signal(number)
    one.signal(signal.SIGCONT)
    assert one.ends() == 128 + number
    assert one.is_clean()


def test_left_it_gives_the_terminal_back_as_it_does_after_a_stop(alone: Open) -> None:
    """FC-30; stopped by a shell, it is drawn anew when it goes on."""
    one = alone()
    one.shows("NO CONNECTION")
    one.signal(signal.SIGTSTP)
    one.stops()
    assert one.is_clean()
    one.forget()
    one.signal(signal.SIGCONT)
    one.shows("NO CONNECTION")
    one.shows("F8 Attention")
    one.type(F10)
    one.shows("Close day")
    one.type(ESC)
    one.read_all()
    one.type(CTRL_Q)
    assert one.ends() == 0
    assert one.is_clean()


def test_a_fault_ends_it_with_one_sentence_and_no_value_of_a_variable(alone: Open, tmp_path: Path) -> None:
    """FC-30."""
    one = alone("-c", CRASH)
    one.shows("NO CONNECTION")
    one.type(F10)
    assert one.ends() == 1
    assert one.is_clean()
    assert b"The edgepos screen ended unexpectedly" in one.sent
    assert b"Traceback" not in one.sent
    assert b"SECRET" not in one.sent
    if not os.path.exists("/run/systemd/journal/socket"):
        log = (tmp_path / ".local" / "state" / "edgepos" / "screen.log").read_text()
        assert "IndexError" in log
        assert "SECRET" not in log.replace('pin = "SECRET-4711"', "")


NOHUP = """
import os, signal, sys
signal.signal(signal.SIGHUP, signal.SIG_IGN)
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""


def test_a_terminal_that_is_gone_ends_it_even_where_hang_ups_are_ignored(alone: Open) -> None:
    one = alone("-c", NOHUP, *SCREEN)
    one.shows("NO CONNECTION")
    one.hang_up()
    assert one.ends() in (128 + signal.SIGHUP, 120)  # 120: Python's own, for last words that nobody can take


# --- what is typed


def test_bytes_that_are_no_keys_and_escapes_that_nothing_follows(clinic: RealClinic, screen: Open) -> None:
    one = screen()
    one.type(b"\xff\xfe\xc3(\x80\x1b[<;;M\x1b[999~")
    one.type(F1)
    one.shows("Esc Back")
    one.type(ESC)
    one.shows("F8 Attention")
    one.type(ESC + "[")  # the beginning of a key whose end never comes
    one.type(F4)
    one.shows("STH-")


# --- what terminals are


def test_without_utf8_it_is_drawn_or_says_so(alone: Open) -> None:
    """FC-31."""
    drawn = alone(environ={"LC_ALL": "C", "LANG": ""})
    drawn.shows("NO CONNECTION")
    drawn.shows("F8 Attention")
    refused = alone(environ={"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"})
    assert refused.ends() == 2
    assert refused.text.startswith("edgepos: This terminal's language setting has no UTF-8")
    assert b"\x1b" not in refused.sent


def test_what_cannot_draw_is_refused_with_a_sentence(alone: Open) -> None:
    """FC-31."""
    dumb = alone(environ={"TERM": "dumb"})
    assert dumb.ends() == 2
    assert "cannot draw the screen" in dumb.text
    assert b"\x1b" not in dumb.sent
    piped = subprocess.run(
        [sys.executable, *SCREEN, "--kiosk"], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert (piped.returncode, piped.stdout) == (2, "")
    assert "needs a terminal" in piped.stderr


COMMAND = re.compile(rb"\x1b(?:\[([<=>?]?)([\d;]*)([ -/]*)([@-~])|\]22;[a-z]*\x07)")
QUESTIONS = {(b"?", b"2026", b"$", b"p"), (b"?", b"2048", b"$", b"p")}
"""The kernel's console swallows them without an answer: a sign between the digits and the letter."""


def test_on_the_kernels_console_nothing_is_sent_that_it_does_not_know(clinic: RealClinic, screen: Open) -> None:
    """FC-28: sixteen colours, no wish for reports of a mouse or of keys, no escape that would print its rest."""
    one = screen(environ={"TERM": "linux", "COLORTERM": "truecolor"})
    for key in (F2, F4, F6, F8, F1):
        one.type(key)
        one.read_all()
    one.type(CTRL_Q)
    assert one.ends() == 0
    assert one.is_clean()
    rest = COMMAND.sub(b"", one.sent)
    assert b"\x1b" not in rest
    for kind, numbers, between, letter in COMMAND.findall(one.sent):
        if letter == b"m":
            assert not {b"38", b"48", b"58"} & set(numbers.split(b";")), numbers
        elif kind == b"?" and letter == b"h":
            assert numbers in (b"25", b"7", b"1004", b"1049", b"2004"), numbers
        elif kind == b">" or between:
            assert (kind, numbers, between, letter) in QUESTIONS
        else:
            assert letter in b"CHJKXlu", (kind, numbers, letter)


COLOURLESS = {b"", b"0", b"1", b"4", b"7", b"22", b"24", b"27", b"39", b"49"}
"""Plain, bold, underlined, reversed, their ends, and the terminal's own ink and ground."""


def test_no_color_is_no_colour_on_the_line(alone: Open) -> None:
    one = alone(environ={"NO_COLOR": "1"})
    one.shows("NO CONNECTION")
    one.shows("F8 Attention")
    one.type(F8)
    one.shows("Attention:")
    sent = {
        number
        for _k, numbers, _b, letter in COMMAND.findall(one.sent)
        if letter == b"m"
        for number in numbers.split(b";")
    }
    assert b"7" in sent
    assert sent <= COLOURLESS


SSH = {"SSH_CONNECTION": "192.0.2.7 50122 192.0.2.1 22"}
DIGIT_BYTES = 1000


def cost_of_digits(one: Terminal, digits: str) -> list[int]:
    """The bytes that each digit sends over the line, from its press until nothing more comes."""
    cost = []
    for digit in digits:
        one.type(digit)
        one.read(10)
        cost.append(one.read_all(0.1))
    return cost


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=str)
@pytest.mark.parametrize("term", ["xterm-256color", "screen-256color"])
def test_over_ssh_a_digit_is_small_and_the_mouse_is_never_asked_for(
    clinic: RealClinic, screen: Open, size: tuple[int, int], term: str
) -> None:
    """FC-30: a cut line leaves nothing behind. The clock may turn a minute meanwhile, so one digit may cost more."""
    one = screen(environ=SSH | {"TERM": term}, size=size)
    one.type(F2)
    one.shows("Amount")
    one.read_all(1.5)
    amount = sorted(cost_of_digits(one, "12345"))
    assert amount[-2] <= DIGIT_BYTES, amount
    firsts = []
    for _ in range(2):
        one.type(ESC)
        one.shows("STH-")
        one.type(ENTER)
        one.shows("Enter: pay")
        one.read_all(1.5)
        first, *others = cost_of_digits(one, "1234")
        firsts.append(first)
    assert min(firsts) <= DIGIT_BYTES, firsts  # it also turns the bar, the line and the keys at the bottom
    assert sorted(others)[1] <= DIGIT_BYTES, others
    assert not {mode for mode, is_on in one.modes if is_on and 1000 <= mode < 1004}


# --- the kiosk


def test_no_key_and_no_stop_leads_out_of_a_kiosk(clinic: RealClinic, screen: Open) -> None:
    one = screen("--kiosk")
    for key in (
        CTRL_C,
        CTRL_Q,
        CTRL_Z,
        CTRL_D,
        CTRL_P,
        QUIT,
        ESC,
        F1,
        F2,
        F3,
        F4,
        F5,
        F6,
        F7,
        F8,
        F10,
        ESC,
        F9,
        CTRL_Q,
    ):
        one.type(key)
        one.read(0.5)
    one.shows("Enter opens it.")
    one.type(ENTER)
    one.shows("STH-")
    one.signal(signal.SIGTSTP)
    one.signal(signal.SIGCONT)
    one.type(F12)
    one.shows("Bookings")
    one.type(END)
    one.shows("The screen ends; the agent and what runs go on.")
    one.type(ESC)
    one.shows("STH-")
    assert one.process.poll() is None
    assert "palette" not in one.text
