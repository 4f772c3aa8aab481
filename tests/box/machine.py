"""A small virtual machine: power, keyboard, picture, cable, and a line into it for the tests. Standard library only.

Emulated in software, so it runs wherever qemu does and is slow: some thirty times slower than the machine it runs on.
The guest reaches nothing but the ports that it is given.
"""

from __future__ import annotations

import json
import re
import signal
import socket
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

RELAY = Path(__file__).with_name("relay.py")
SERVICES_HOST = "10.0.2.100"
"""Where the guest finds the ports of `reach`."""
# Nothing of the kernel writes over the kiosk's picture; without an accelerator every instruction counts.
KERNEL_LINE = (
    "root=/dev/vda rw console=ttyS0 consoleblank=0 quiet loglevel=3 vt.global_cursor_default=0 mitigations=off "
    "systemd.unit=multi-user.target"
)


class Gone(Exception):
    """The machine ended, or did not do in time what was waited for. The text says what."""


class Machine:
    """Off when made. *image* is the folder that build-image made; *disk* a copy of its disk, which lives on."""

    def __init__(self, image: Path, disk: Path, work: Path, *, reach: Mapping[int, int], rtc: str = "") -> None:
        self._key = image / "key"
        self._work = work
        work.mkdir(parents=True, exist_ok=True)
        self.serial_log = work / "serial.log"
        self._monitor_path = work / "monitor.sock"
        self._ssh_port = free_port()
        forwards = "".join(
            f",guestfwd=tcp:{SERVICES_HOST}:{inside}-cmd:{sys.executable} -S -E {RELAY} {outside}"
            for inside, outside in reach.items()
        )
        network = f"user,id=n0,restrict=on,hostfwd=tcp:127.0.0.1:{self._ssh_port}-:22{forwards}"
        self._command = [
            "qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none", "-machine", "q35",
            "-m", "1024", "-smp", "2", "-accel", "tcg,thread=multi", "-cpu", "max", "-vga", "std",
            "-kernel", str(image / "vmlinuz"), "-initrd", str(image / "initrd.img"), "-append", KERNEL_LINE,
            "-chardev", f"file,id=serial0,path={self.serial_log}", "-serial", "chardev:serial0",
            "-qmp", f"unix:{self._monitor_path},server=on,wait=off",
            "-netdev", network, "-device", "virtio-net-pci,netdev=n0,id=nic0,romfile=", "-device", "virtio-rng-pci",
            "-drive", f"file={disk},format=raw,if=virtio,cache=writethrough,discard=unmap",
            *(["-rtc", f"base={rtc},clock=vm"] if rtc else []),
        ]  # fmt: skip
        self._process: subprocess.Popen[bytes] | None = None

    # --- power

    def switch_on(self) -> None:
        self._monitor_path.unlink(missing_ok=True)
        self.on_at = time.monotonic()
        with (self._work / "qemu.err").open("wb") as errors:
            self._process = subprocess.Popen(self._command, stdin=subprocess.DEVNULL, stdout=errors, stderr=errors)
        self._monitor = socket.socket(socket.AF_UNIX)
        until(30, "the emulator's monitor", self._has_monitor, every_s=0.1)
        self._lines = self._monitor.makefile("r")
        self._lines.readline()
        self._ask("qmp_capabilities")

    def _has_monitor(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise Gone(f"the emulator ended: {(self._work / 'qemu.err').read_text()}")
        try:
            self._monitor.connect(str(self._monitor_path))
        except OSError:
            return False
        return True

    def pull_the_plug(self) -> None:
        """What the guest had not written is gone, and nothing is shut down."""
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def press_power_button(self, limit_s: float) -> float:
        """The seconds until the machine has switched itself off. Raises Gone if it does not."""
        assert self._process is not None
        began = time.monotonic()
        self._ask("system_powerdown")
        try:
            self._process.wait(limit_s)
        except subprocess.TimeoutExpired:
            raise Gone("the power button did nothing") from None
        return time.monotonic() - began

    @property
    def age_s(self) -> float:
        """Since the power came on."""
        return time.monotonic() - self.on_at

    # --- what a person at the counter has

    def press(self, *keys: str, gap_s: float = 0.3) -> None:
        """By the emulator's names: `a`, `ret`, `ctrl-alt-f2`."""
        for key in keys:
            self._ask("human-monitor-command", **{"command-line": f"sendkey {key}"})
            time.sleep(gap_s)

    def picture(self, to: Path) -> None:
        """What the monitor shows, as a PNG."""
        raw = self._work / "screen.ppm"
        self._ask("screendump", filename=str(raw))
        to.write_bytes(png(raw.read_bytes()))
        raw.unlink()

    def plug_cable(self, *, is_in: bool) -> None:
        self._ask("set_link", name="n0", up=is_in)

    def _ask(self, what: str, **arguments: object) -> Any:
        self._monitor.sendall(json.dumps({"execute": what, "arguments": arguments}).encode() + b"\n")
        while True:
            reply = json.loads(self._lines.readline())
            if "return" in reply:
                return reply["return"]
            if "error" in reply:
                raise Gone(f"{what}: {reply['error']['desc']}")

    # --- what a technician has

    def ssh(self, command: str, *, limit_s: float = 180, may_fail: bool = False) -> str:
        """Standard output of *command*, run as root. Raises Gone."""
        line = [
            "ssh", "-i", str(self._key), "-p", str(self._ssh_port), "-o", "StrictHostKeyChecking=no",
            "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", "-o", "ConnectTimeout=20",
            "-o", "BatchMode=yes", "root@127.0.0.1", command,
        ]  # fmt: skip
        try:
            ended = subprocess.run(
                line, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=limit_s, check=False
            )
        except subprocess.TimeoutExpired:
            raise Gone(f"{command!r} took longer than {limit_s:.0f} s") from None
        if ended.returncode and not may_fail:
            raise Gone(f"{command!r} gave {ended.returncode}: {ended.stdout[-500:]} {ended.stderr[-500:]}")
        return ended.stdout

    def wait_for_ssh(self, limit_s: float = 600) -> None:
        until(limit_s, "ssh", lambda: self.ssh("true", limit_s=30) == "", every_s=2)

    def console(self) -> str:
        """What stands on the first console, line by line."""
        read = (
            "import sys; text = open('/dev/vcsu1', 'rb').read().decode('utf-32-le', 'replace');"
            "width = open('/dev/vcsa1', 'rb').read(2)[1];"
            "print('\\n'.join(text[at:at + width].rstrip() for at in range(0, len(text), width)))"
        )
        return self.ssh(f'python3 -c "{read}"')


def until(limit_s: float, what: str, look: Callable[[], bool], *, every_s: float = 3) -> float:
    """The seconds until *look* is true; a machine that does not answer yet is looked at again. Raises Gone."""
    began, last = time.monotonic(), ""
    while time.monotonic() - began < limit_s:
        try:
            if look():
                return time.monotonic() - began
        except Gone as gone:
            last = f"; {gone}"
            if "the emulator ended" in last:
                raise
        time.sleep(every_s)
    raise Gone(f"{what}: not within {limit_s:.0f} s{last}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def png(ppm: bytes) -> bytes:
    """A binary PPM as a PNG."""
    head = re.match(rb"P6\s+(\d+)\s+(\d+)\s+255\s", ppm)
    assert head is not None
    width, height = int(head[1]), int(head[2])
    pixels, row = ppm[head.end() :], width * 3
    rows = b"".join(b"\0" + pixels[y * row : (y + 1) * row] for y in range(height))

    def chunk(tag: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + tag + body + struct.pack(">I", zlib.crc32(tag + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 6)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts
