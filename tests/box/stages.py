"""What is done to the machine, in this order. Each stage starts with the machine on, or switches it on."""

from __future__ import annotations

import time
from collections.abc import Callable

from tests.box.bench import AGENT, BOOT_S, KIOSK, SOON_S, Bench
from tests.box.clinic import TERMINAL
from tests.box.machine import until

CABLE_OUT_S = 75
"""How long the cable is out: more than two looks at a service. Nobody can ask the box meanwhile, ssh needs the cable."""

AT_THE_TERMINAL = {"service": "nets", "path": f"/v1/terminal/{TERMINAL}/transaction"}
LIMITS = {AGENT: 2.0, KIOSK: 1.0, "edgepos-failure@tty1.service": 2.0, "edgepos-backup.service": 1.0}


def first_boot(bench: Bench) -> None:
    """The power comes on: READY, and the desk stands on the first console."""
    bench.power_on()
    machine = bench.machine
    until(BOOT_S, "the agent is ready", lambda: bench.is_active(AGENT))
    bench.check("the agent is ready", True, f"{machine.age_s:.0f} s after the power came on")
    bench.until_console("To pay", BOOT_S)
    bench.check("the desk stands on the first console", True, f"{machine.age_s:.0f} s after the power came on")
    bench.picture("desk")
    failed = machine.ssh("systemctl --failed --no-legend --plain | cut -d' ' -f1").split()
    bench.check("no unit failed", not failed, " ".join(failed))
    pid = bench.unit(AGENT, "MainPID")
    status = dict(line.split(":", 1) for line in machine.ssh(f"cat /proc/{pid}/status").splitlines())
    is_shut = int(status["CapEff"], 16) == 0 and int(status["Seccomp"]) == 2 and int(status["NoNewPrivs"]) == 1
    bench.check("the agent is nobody special", is_shut and "0" not in status["Uid"].split())
    bench.check("memory of the agent", True, f"{int(status['VmRSS'].split()[0]) / 1024:.0f} MiB")


def lifecycle(bench: Bench) -> None:
    """The package is upgraded, taken back, removed: in a container, with the power of this machine off."""
    bench.adopt("lifecycle")


def openness(bench: Bench) -> None:
    """How open the units are, by systemd's own measure."""
    bench.power_on()
    for unit, limit in LIMITS.items():
        said = bench.machine.ssh(f"systemd-analyze security --no-pager '{unit}' | tail -1", may_fail=True)
        figure = float(said.partition(": ")[2].split()[0])
        bench.check(f"{unit} is shut", figure <= limit, f"{figure}, at most {limit}")


def payment(bench: Bench) -> None:
    """A payment by the keyboard of that console: Enter, Enter."""
    bench.power_on()
    reconciled = bench.edgepos("reconcile --terminal RECEPTION")
    bench.check("the terminal is reconciled", "error" not in reconciled, reconciled.get("error", ""))
    _pay_by_keyboard(bench, after_s=30)
    bench.picture("at-the-terminal")
    bench.until_console("Today 1 payment")
    bench.picture("paid")
    bench.until_settled()
    bench.check("it is paid and booked", len(bench.simulator.control("GET", "/truth")["bookings"]) > 0)


def keys(bench: Bench) -> None:
    """No key leads out of the kiosk."""
    bench.power_on()
    machine = bench.machine
    before = bench.unit(KIOSK, "MainPID")
    machine.press("ctrl-alt-f2", "alt-f3", "alt-right", "ctrl-c", "ctrl-z", "ctrl-q", "ctrl-backslash")
    machine.press(*["ctrl-alt-delete"] * 8, gap_s=0.1)
    is_there = machine.ssh("fgconsole").strip() == "1" and bench.unit(KIOSK, "MainPID") == before
    bench.check("no way out by keys", is_there and bench.is_active("multi-user.target"))


def kiosk_killed(bench: Bench) -> None:
    """The kiosk dies, and is back by itself."""
    bench.power_on()
    restarts = int(bench.unit(KIOSK, "NRestarts"))
    bench.machine.ssh(f"systemctl kill --kill-whom=main -s KILL '{KIOSK}'")
    seconds = until(SOON_S, "a new kiosk", lambda: int(bench.unit(KIOSK, "NRestarts")) > restarts)
    bench.until_console("To pay")
    bench.check("a killed kiosk is back", True, f"{seconds:.0f} s")


def kiosk_broken(bench: Bench) -> None:
    """The kiosk cannot start at all: the failure screen says so, with the number to call, and tries again."""
    bench.power_on()
    machine = bench.machine
    drop_in = "/run/systemd/system/edgepos-kiosk@.service.d"
    machine.ssh(
        f"mkdir -p {drop_in}; printf '[Service]\\nExecStart=\\nExecStart=/bin/false\\n' > {drop_in}/broken.conf;"
        f"systemctl daemon-reload; systemctl restart '{KIOSK}'",
        may_fail=True,
    )
    bench.until_console("could not start")
    bench.picture("failure-screen")
    bench.check("the failure screen names the number to call", "0123-45 67 89" in machine.console())
    machine.ssh(f"rm -r {drop_in}; systemctl daemon-reload")
    machine.press("ret")
    bench.until_console("To pay")
    bench.check("Enter tries again", True)


def hung_line(bench: Bench) -> None:
    """The answer to a payment does not come: not known yet, then known, never sent again."""
    bench.power_on()
    hung = {"method": "POST", "fault": "hang", "args": {"carried": True, "seconds": 45}}
    deaf = {"method": "GET", "fault": "status", "times": None, "nth": 2}  # what looks for it is not answered either
    faults = [bench.simulator.control("POST", "/faults", AT_THE_TERMINAL | fault)["id"] for fault in (hung, deaf)]
    before = _taken(bench)
    _pay_by_keyboard(bench, after_s=1)
    bench.until_console("NOT charge again")
    bench.picture("not-known-yet")
    for fault in faults:
        bench.simulator.control("DELETE", f"/faults/{fault}")
    bench.until_settled()
    bench.check("a hung line is one payment", _taken(bench) == before + 1, f"{_taken(bench)} at the bank")
    bench.machine.press("esc")


def cable(bench: Bench) -> None:
    """The cable is out for a while: said, and gone again when it is in."""
    bench.power_on()
    bench.machine.plug_cable(is_in=False)
    time.sleep(CABLE_OUT_S)
    bench.picture("cable-out")
    bench.machine.plug_cable(is_in=True)
    seen = 'journalctl -b -u edgepos-agent -o cat | grep -c \'"state": "not_reached"\''
    bench.check("a cable that is out is noticed", int(bench.machine.ssh(seen, may_fail=True) or 0) > 0)
    bench.until_settled()
    bench.until_console("Nets OK")
    bench.check("and all is well again when it is in", True)


def full_disk(bench: Bench) -> None:
    """The disk is full: no new payment begins, and the agent lives."""
    bench.power_on()
    machine, restarts = bench.machine, bench.unit(AGENT, "NRestarts")
    machine.ssh("dd if=/dev/zero of=/var/fill bs=1M 2>/dev/null; sync", may_fail=True, limit_s=SOON_S)
    refused = bench.edgepos("pay 10 --terminal RECEPTION")
    bench.check("a full disk takes no payment", refused.get("error", {}).get("code") == "disk-low", refused)
    machine.ssh("rm /var/fill; sync")
    until(SOON_S, "a payment after the disk has room", lambda: _pays(bench))
    bench.check("and takes one when there is room", bench.unit(AGENT, "NRestarts") == restarts)


def wrong_clock(bench: Bench) -> None:
    """The clock has lost its battery: nothing is sent until it is right."""
    bench.power_on()
    machine = bench.machine
    machine.ssh("date -s '2020-01-01 00:00:00'")
    refused = bench.edgepos("pay 11 --terminal RECEPTION")
    bench.check("a wrong clock takes no payment", refused.get("error", {}).get("code") == "clock-wrong", refused)
    machine.ssh(f"date -s @{int(time.time())}")
    until(SOON_S, "a payment with the clock mended", lambda: _pays(bench))
    bench.check("and takes one when it is right", True)


def hung_agent(bench: Bench) -> None:
    """The agent stands still: the watchdog ends it, and a new one is ready."""
    bench.power_on()
    restarts = int(bench.unit(AGENT, "NRestarts"))
    bench.machine.ssh(f"systemctl kill --kill-whom=main -s STOP {AGENT}")
    seconds = until(
        SOON_S,
        "a new agent",
        lambda: int(bench.unit(AGENT, "NRestarts")) > restarts and bench.is_active(AGENT),
    )
    bench.check("a hung agent is ended and ready again", True, f"{seconds:.0f} s")
    bench.until_settled()


def power_cut(bench: Bench) -> None:
    """The power goes while the card is at the terminal; afterwards the three sides agree to the minor unit."""
    bench.power_on()
    before = _taken(bench)
    bench.until_console("To pay")
    _pay_by_keyboard(bench, after_s=30)
    bench.picture("before-the-cut")
    bench.power_cut()
    until(SOON_S, "the bank took the payment", lambda: _taken(bench) == before + 1)
    bench.power_on()
    until(BOOT_S, "the agent is ready again", lambda: bench.is_active(AGENT))
    bench.check("the agent is ready again", True, f"{bench.machine.age_s:.0f} s after the power came back")
    bench.until_console("To pay", BOOT_S)
    bench.until_settled()
    bench.picture("after-the-cut")
    bench.check("what was under way is known, and was taken once", _taken(bench) == before + 1)
    bench.look_at_the_screens()
    seconds = bench.power_off()
    bench.check("the power button shuts down in order", True, f"{seconds:.0f} s")
    comparison = bench.compare()
    totals = ", ".join(f"{side} {minor}" for side, minor in comparison.totals.items())
    bench.check("bank = journal = practice system", comparison.agree, "; ".join(comparison.differences) or totals)


def _pay_by_keyboard(bench: Bench, *, after_s: float) -> None:
    """The first invoice of the list, until the card is asked for. The cardholder comes *after_s* later, and not before
    that has been seen, or the next invoice of the list would be paid as well.
    """
    steps = [{"do": "tap", "after_s": after_s}]
    bench.simulator.control("POST", f"/terminals/{TERMINAL}/cardholder", {"steps": steps})
    bench.until_console("READY")

    def is_at_terminal() -> bool:
        """A page that has just come up takes no key yet, so that no Enter from before pays; then it is pressed again."""
        text = bench.machine.console()
        if "find:" in text or "Enter: pay" in text:
            bench.machine.press("ret")
        return "Customer's turn" in text

    until(SOON_S, "the payment at the terminal", is_at_terminal, every_s=6)


def _taken(bench: Bench) -> int:
    """How many payments the bank has."""
    sessions = bench.simulator.control("GET", "/truth")["terminals"][TERMINAL]["sessions"]
    return sum(entry["kind"] == "purchase" for session in sessions for entry in session["entries"])


def _pays(bench: Bench) -> bool:
    """Whether the first invoice of the list is taken from the command line."""
    invoices = bench.edgepos("invoices").get("invoices")
    if not invoices:
        return False
    payment = bench.edgepos(f"pay --invoice {invoices[0]['id']} --terminal RECEPTION")
    return str(payment.get("state")) == "approved"


STAGES: tuple[Callable[[Bench], None], ...] = (
    lifecycle, first_boot, openness, payment, keys, kiosk_killed, kiosk_broken, hung_line, cable, full_disk, wrong_clock,
    hung_agent, power_cut,
)  # fmt: skip
