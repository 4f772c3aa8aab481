"""`make box`: the package on a machine of its own, booted, used from its keyboard, mistreated, its power pulled.

    python -m tests.box [--deb FILE | --image FOLDER] [--out FOLDER] [--only STAGE …]

Prints one line a check and `N passed, N failed`; leaves pictures of the console and the serial line's log in --out.
Emulation is slow: a whole run takes a quarter of an hour, several times that on a busy machine. It wants root (to make
the image), Debian, and the packages that `needs` names; where it cannot run it says so and ends with 0.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.box.bench import Bench, say
from tests.box.clinic import PROJECT, Simulator, lay_out
from tests.box.stages import STAGES

TOOLS = {
    "qemu-system-x86_64": "qemu-system-x86",
    "mmdebstrap": "mmdebstrap",
    "zstd": "zstd",
    "ssh": "openssh-client",
    "debugfs": "e2fsprogs",
    "dpkg-deb": "dpkg",
    "systemd-nspawn": "systemd-container",
}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="make box", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--deb", type=Path, help="a package that was built before")
    parser.add_argument("--image", type=Path, help="an image that a run before has left")
    parser.add_argument("--out", type=Path, default=PROJECT / "dist" / "box")
    parser.add_argument("--only", nargs="+", choices=[stage.__name__ for stage in STAGES], metavar="STAGE")
    options = parser.parse_args(arguments)
    if missing := list(needs()):
        say(f"box: skipped: {'; '.join(missing)}")
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # the machine must not outlive this
    options.out.mkdir(parents=True, exist_ok=True)
    image = options.image or make_image(options.deb, options.out)
    with tempfile.TemporaryDirectory(prefix="edgepos-box-", dir="/var/tmp") as work, Simulator() as simulator:
        bench = Bench(image, Path(work), options.out, simulator)
        try:
            for stage in STAGES:
                if not options.only or stage.__name__ in options.only:
                    bench.run(stage)
        finally:
            bench.end()
    say(f"{bench.passed} passed, {bench.failed} failed")
    return 1 if bench.failed or not bench.passed else 0


def needs() -> Iterator[str]:
    """What is missing here, each with how to get it."""
    if sys.platform != "linux" or not Path("/etc/debian_version").exists():
        yield "it builds a Debian image, and this is no Debian"
        return
    if os.geteuid() != 0:
        yield "making the image needs root"
    if absent := sorted({package for tool, package in TOOLS.items() if shutil.which(tool) is None}):
        yield f"it needs: apt-get update && apt-get install {' '.join(absent)}"


def make_image(deb: Path | None, out: Path) -> Path:
    """The image with the package in it, and in it what a clinic's settings are here."""
    if deb is None:
        build = [sys.executable, str(PROJECT / "systemd/deb/build.py"), "--out", str(out)]
        deb = Path(subprocess.run(build, check=True, stdout=subprocess.PIPE, text=True).stdout.split()[-1])
    image = out / "image"
    with tempfile.TemporaryDirectory() as extra:
        lay_out(Path(extra))
        script = Path(__file__).with_name("build-image")
        subprocess.run([script, deb, image, "--extra", extra], check=True, stdout=subprocess.DEVNULL)
    return image


if __name__ == "__main__":
    sys.exit(main())
