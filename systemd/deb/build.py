"""The Debian package: `python systemd/deb/build.py [--arch amd64] [--out dist]`, or `make deb`.

It carries everything that edgepos needs beside Debian's own Python, so that nothing is fetched when it is installed:
the wheels of requirements/run.lock for the box's processor, checked by their hashes, laid out, with their byte code.
No root, no container, no machine of the box's kind is needed. The Python that runs this decides for which Debian the
package is: byte code and compiled modules belong to one version. The same sources give the same package, bit for bit.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

HERE = Path(__file__).resolve().parent
UNITS = HERE.parent
PROJECT = UNITS.parent
LOCK = PROJECT / "requirements" / "run.lock"

DEBIAN: Mapping[tuple[int, int], str] = {(3, 11): "12", (3, 13): "13"}
"""Which Debian has which Python."""
MACHINES: Mapping[str, str] = {"amd64": "x86_64", "arm64": "aarch64"}
GLIBC = (36, 34, 31, 28, 27, 24, 17)
"""Debian 12 has 2.36; a wheel that needs less runs there too."""
NOT_CARRIED = {"pip"}
"""sqlite-utils asks for it, for its own command `install` alone."""

LEFT_OUT = ("bin", "apsw/sqlite_extra_binaries", "apsw/tests", "*.dist-info/direct_url.json")
"""Of what the wheels bring: programs nobody calls, and where the package was built."""

HOME = "usr/lib/edgepos"
PLACES: Mapping[str, str] = {
    "console-prepare": f"{HOME}/console-prepare",
    "failure-screen": f"{HOME}/failure-screen",
    "make-font": f"{HOME}/make-font",
    "upgrade": f"{HOME}/upgrade",
    "sysusers.conf": "usr/lib/sysusers.d/edgepos.conf",
    "tmpfiles.conf": "usr/lib/tmpfiles.d/edgepos.conf",
    "journald.conf": "usr/lib/systemd/journald.conf.d/50-edgepos.conf",
    "system.conf": "usr/lib/systemd/system.conf.d/50-edgepos.conf",
    "logind.conf": "usr/lib/systemd/logind.conf.d/50-edgepos.conf",
    "sysctl.conf": "usr/lib/sysctl.d/50-edgepos.conf",
    "91-edgepos-console.rules": "usr/lib/udev/rules.d/91-edgepos-console.rules",
    "sshd.conf": "etc/ssh/sshd_config.d/50-edgepos.conf",
    # For a technician to put in place, since a clinic may need something else:
    "nftables.conf": "usr/share/edgepos/nftables.conf",
    "70-edgepos-keyboard.rules": "usr/share/edgepos/70-edgepos-keyboard.rules",
    "drop-ins/credentials.conf": "usr/share/edgepos/credentials.conf",
}
"""What of systemd/ lies where on the box; units go to systemd's own folder."""
SETTINGS = ("organisation.toml", "location.toml")
SCRIPTS = ("preinst", "postinst", "prerm", "postrm")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--arch", action="append", choices=list(MACHINES), help="may be given again (amd64)")
    options.add_argument("--out", type=Path, default=PROJECT / "dist")
    chosen = options.parse_args()
    for arch in chosen.arch or ["amd64"]:
        sys.stdout.write(f"{build(arch, chosen.out)}\n")


def build(arch: str, out: Path) -> Path:
    """The package for *arch*, in the folder *out*. Raises SystemExit with a sentence where it cannot be made."""
    debian = DEBIAN.get(sys.version_info[:2])
    if debian is None:
        known = ", ".join(f"{major}.{minor} (Debian {name})" for (major, minor), name in DEBIAN.items())
        raise SystemExit(f"The package is built with the box's own version of Python: {known}.")
    if shutil.which("dpkg-deb") is None:
        raise SystemExit("dpkg-deb is missing. On Debian: apt-get install dpkg")
    version = f"{_version()}+deb{debian}"
    out.mkdir(parents=True, exist_ok=True)
    package = out / f"edgepos_{version}_{arch}.deb"
    with tempfile.TemporaryDirectory(prefix="edgepos-deb-") as work:
        root = Path(work) / "root"
        _python(root, arch, Path(work))
        _files(root)
        _control(root, arch, version)
        _settle(root)
        # zstd: xz makes it a tenth smaller and takes twenty times as long. Debian 12 reads both.
        _run("dpkg-deb", "--root-owner-group", "--threads-max=1", "-Zzstd", "-z9", "--build", root, package)
    return package


def _version() -> str:
    text = (PROJECT / "edgepos" / "__init__.py").read_text(encoding="utf-8")
    found = re.search(r'__version__ = "([^"]+)"', text)
    if found is None:
        raise SystemExit("edgepos/__init__.py names no version")
    return found[1]


def wanted(lock: str) -> list[str]:
    """The entries of *lock* that the running program needs: not those that only building it needs."""
    entries = {re.split("==", entry, maxsplit=1)[0]: entry for entry in re.split(r"\n(?=\S)", lock.strip())}
    why = {name: re.findall(r"^ +# +(?:via )?(\S.*)$", entry, re.MULTILINE) for name, entry in entries.items()}
    needed = {"edgepos (pyproject.toml)"}
    while more := {name for name in entries if name not in needed | NOT_CARRIED and needed & set(why[name])}:
        needed |= more
    return [entry for name, entry in entries.items() if name in needed]


def _python(root: Path, arch: str, work: Path) -> None:
    """A Python of our own beside Debian's: the same program, with our packages and no others.

    Two lines of pyvenv.cfg do it. It lies where it will lie on the box and holds nothing of this machine.
    """
    home = root / HOME
    (home / "bin").mkdir(parents=True)
    (home / "bin" / "python3").symlink_to("/usr/bin/python3")
    (home / "pyvenv.cfg").write_text("home = /usr/bin\ninclude-system-site-packages = false\n")
    site = home / "lib" / "python{}.{}".format(*sys.version_info) / "site-packages"
    (work / "wanted.lock").write_text("\n".join(wanted(LOCK.read_text(encoding="utf-8"))))
    platforms = [f"--platform=manylinux_2_{glibc}_{MACHINES[arch]}" for glibc in GLIBC]
    pip = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "--no-input")
    install = (*pip, "install", "--target", str(site), "--no-compile", "--no-deps", "--only-binary=:all:")
    _run(*install, "--require-hashes", "--implementation=cp", *platforms, "-r", str(work / "wanted.lock"))
    _run(*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(work), str(PROJECT))
    _run(*install, *work.glob("edgepos-*.whl"))
    for left in (path for pattern in LEFT_OUT for path in site.glob(pattern)):
        shutil.rmtree(left) if left.is_dir() else left.unlink()
    # Never looked at again, so no time stamp has to fit: the folder is read-only for the program.
    compiler = (sys.executable, "-m", "compileall", "-q", "-j", "0", "--invalidation-mode", "unchecked-hash")
    _run(*compiler, "-s", str(root), "-p", "/", str(site))


def _files(root: Path) -> None:
    for unit in sorted(UNITS.glob("*.service")) + sorted(UNITS.glob("*.timer")):
        _put(unit, root / "usr/lib/systemd/system" / unit.name)
    for name, place in PLACES.items():
        _put(UNITS / name, root / place)
    for name in SETTINGS:
        _put(HERE / name, root / "etc/edgepos" / name)
        _put(PROJECT / "config" / name, root / "usr/share/edgepos" / name)
    _put(HERE / "edgepos", root / "usr/bin/edgepos")


def _put(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(source, target)


def _control(root: Path, arch: str, version: str) -> None:
    size_kb = sum(path.lstat().st_size for path in root.rglob("*")) // 1024
    python = "{}.{}".format(*sys.version_info)
    after = f"{sys.version_info[0]}.{sys.version_info[1] + 1}"
    values = {"VERSION": version, "ARCH": arch, "SIZE_KB": str(size_kb), "PYTHON": python, "PYTHON_AFTER": after}
    folder = root / "DEBIAN"
    folder.mkdir()
    for name in ("control", *SCRIPTS):
        text = (HERE / name).read_text(encoding="utf-8")
        (folder / name).write_text(re.sub("@([A-Z_]+)@", lambda found: values[found[1]], text))
        (folder / name).chmod(0o755 if name in SCRIPTS else 0o644)
    kept = sorted(path for path in (root / "etc").rglob("*") if path.is_file())
    (folder / "conffiles").write_text("".join(f"/{path.relative_to(root)}\n" for path in kept))


def _settle(root: Path) -> None:
    """Modes and times that depend neither on who builds nor on when."""
    epoch = int(os.environ.setdefault("SOURCE_DATE_EPOCH", _committed_at()))
    for path in _all(root):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
        os.utime(path, (epoch, epoch), follow_symlinks=False)


def _all(root: Path) -> Iterator[Path]:
    yield root
    yield from root.rglob("*")


def _committed_at() -> str:
    """When the sources were last committed; where there is no repository, a fixed day."""
    asked = subprocess.run(
        ["git", "log", "-1", "--format=%ct"], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    return asked.stdout.strip() or "1767225600"


def _run(*command: str | Path) -> None:
    environ = {**os.environ, "PYTHONHASHSEED": "0", "PIP_ROOT_USER_ACTION": "ignore"}
    ended = subprocess.run([str(word) for word in command], env=environ, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise SystemExit(f"{command[0]} failed:\n{ended.stdout}{ended.stderr}")


if __name__ == "__main__":
    main()
