"""The support bundle: all that the support needs, and no name, card number or secret of all that the box knows."""

from __future__ import annotations

import base64
import io
import json
import os
import socket
import sqlite3
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
import sqlite_utils

from edgepos.clock import RealClock

CARD = "5413330089020011"
"""A number of a test card, with its check digit."""
PASSWORD, SECRET = "kanariefågel/+sjunger? 99", "s3cr3t-canary~value"
TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.c2lnbmVk"
OWNER, ANIMAL, OPERATOR = "Kanarina Sångsdotter", "Piphälsa", "Fågelvik, Tore"
STRANGER = "Okänd Främling"
"""A name that the box has in no list: it stands in a log line alone."""
CANARIES = (
    CARD, "5413 3300 8902 0011", PASSWORD, SECRET, TOKEN, OWNER, "Sångsdotter", ANIMAL, "Fågelvik", STRANGER, "tfagelvik",
    "Dr Kanarie", "08-555 0123", "hook-canary", "kanarina", "envkanarie", "clinic_canary", "client-canary",
)  # fmt: skip
SETTINGS = {
    "organisation.toml": """
[nets]
base_url = "http://127.0.0.1:9"
username = "clinic_canary"
[practice]
base_url = "http://127.0.0.1:9"
provet_id = "1234"
client_id = "client-canary"
users = {{ tfagelvik = "12" }}
""",
    "location.toml": """
[location]
name = "Dr Kanarie"
country = "SE"
currency = "SEK"
time_zone = "Europe/Stockholm"
support_phone = "08-555 0123"
[[terminal]]
id = "70000001"
name = "SÅNGSALEN"
model = "Desk3500"
[backup]
folder = "{away}"
[alerts]
command = "/usr/local/bin/tell --key hook-canary"
""",
}
LOG = f"""\
<6>{{"at": "2026-11-25T08:00:00.000Z", "level": "info", "event": "operation sent", "payment": "E7K2M9Q4T1XA3", \
"terminal": "70000001", "operator": "tfagelvik", "cause": "{OWNER}", "key": "{TOKEN}"}}
{{"at": "2026-11-25T08:00:01.000Z", "level": "error", "event": "httpx: POST with {PASSWORD} for {STRANGER} {CARD}"}}
Traceback: Authorization: Bearer {TOKEN} and Basic {base64.b64encode(f"client-canary:{SECRET}".encode()).decode()}
{STRANGER} paid with 5413 3300 8902 0011 {quote(PASSWORD)} {quote_plus(SECRET)} {json.dumps(OWNER)}
denied: tfagelvik with envkanarie and hook-canary for kanarina sångsdotter
edgepos-agent.service: Main process exited, code=exited, status=1
"""


def forms(text: str) -> Iterator[bytes]:
    """*text* as the program, or any that it runs, might have written it."""
    for one in (text, quote(text), quote_plus(text), json.dumps(text)[1:-1]):
        yield one.encode()
    for before in ("", "a", "ab", "clinic_canary:", "client-canary:"):
        yield base64.b64encode((before + text).encode()).rstrip(b"=")[len(before) * 4 // 3 + 1 : -2]


@pytest.fixture
def box(tmp_path: Path) -> dict[str, str]:
    """A box whose every corner holds something private, and whose agent is down. Gives its environment."""
    config, state = tmp_path / "config", tmp_path / "state"
    for folder in (config, state):
        folder.mkdir(mode=0o700)
    for name, text in SETTINGS.items():
        (config / name).write_text(text.format(away=tmp_path / "Dr Kanarie" / "away"))
    for name, secret in (("nets", PASSWORD), ("provet", SECRET)):
        (config / name).touch(mode=0o600)
        (config / name).write_text(secret + "\n")
    people = [{"id": "tfagelvik", "name": OPERATOR, "role": "senior", "is_active": True, "salt": "", "pin": ""}]
    (state / "operators.json").write_text(json.dumps({"operators": people}))
    (state / "operators.json").chmod(0o600)
    cache = sqlite_utils.Database(state / "cache.db")
    cache["name"].insert({"key": "owner/77", "name": OWNER})  # type: ignore[union-attr]
    cache["invoice"].insert({"id": "501", "document": json.dumps({"owner": OWNER, "animal": ANIMAL})})  # type: ignore[union-attr]
    cache.conn.close()
    (state / "agent.log").write_text(LOG)
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "EDGEPOS_CONFIG": str(config),
        "EDGEPOS_SOCKET": str(tmp_path / "nobody.sock"),
        "STATE_DIRECTORY": str(state),
        "RUNTIME_DIRECTORY": str(tmp_path),
        "EDGEPOS_KIOSK__THEME": "dark",
        "CANARY_TOKEN": "envkanarie",
    }


def bundle(environ: Mapping[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "edgepos", "support-bundle", *arguments],
        env=dict(environ),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def opened(path: Path) -> dict[str, bytes]:
    with tarfile.open(path) as archive:
        return {
            member.name.removeprefix("edgepos-support/"): (archive.extractfile(member) or io.BytesIO()).read()
            for member in archive.getmembers()
        }


def assert_nothing_private(members: Mapping[str, bytes], canaries: tuple[str, ...] = CANARIES) -> None:
    for name, data in members.items():
        for canary in canaries:
            assert not [form for form in forms(canary) if len(form) > 4 and form in data], (name, canary)


def test_of_a_box_that_is_down_it_holds_what_the_support_needs_and_nothing_private(
    box: dict[str, str], tmp_path: Path
) -> None:
    to = tmp_path / "bundle.tar.gz"
    ended = bundle(box, str(to))
    assert ended.returncode == 0, ended.stderr
    members = opened(to)
    assert_nothing_private(members)
    assert_nothing_private({"stdout": ended.stdout.encode()}, (PASSWORD, SECRET, OWNER))
    assert {"README.txt", "doctor.json", "settings.json", "versions.json", "box.json", "log.jsonl"} <= members.keys()
    settings = {one["key"]: one for one in json.loads(members["settings.json"])}
    assert settings["location.currency"]["value"] == "SEK"
    assert settings["location.currency"]["origin"].endswith("location.toml, line 5")
    assert settings["kiosk.theme"] == {"key": "kiosk.theme", "value": "dark", "origin": "EDGEPOS_KIOSK__THEME"}
    assert settings["nets.username"]["value"] == "(set)"
    checks = {check["name"]: check for check in json.loads(members["doctor.json"])}
    assert not checks["agent"]["ok"]
    lines = [json.loads(line) for line in members["log.jsonl"].splitlines()]
    assert lines[0]["payment"] == "E7K2M9Q4T1XA3"
    assert lines[-1]["event"] == "edgepos-agent.service: Main process exited, code=exited, status=1"
    assert "EDGEPOS_KIOSK__THEME" in json.loads(members["box.json"])["variables"]
    assert "agent" in json.loads(members["missing.json"])["status"]
    assert (to.stat().st_mode & 0o777, to.stat().st_size < 1_000_000) == (0o600, True)


def test_settings_that_cannot_be_read_still_give_nothing_away(box: dict[str, str], tmp_path: Path) -> None:
    broken = Path(box["EDGEPOS_CONFIG"]) / "location.toml"
    broken.write_text(broken.read_text().replace("[location]", "[location"))
    to = tmp_path / "bundle.tar.gz"
    assert bundle(box, str(to)).returncode == 0
    members = opened(to)
    assert_nothing_private(members)
    assert "is no TOML" in members["doctor.json"].decode()


def test_a_log_without_end_is_cut_to_its_newest_lines(box: dict[str, str], tmp_path: Path) -> None:
    log = Path(box["STATE_DIRECTORY"]) / "agent.log"
    log.write_text("".join(f'{{"event": "turn {n}", "seq": {n}}}\n' for n in range(200_000)))
    to = tmp_path / "bundle.tar.gz"
    assert bundle(box, str(to)).returncode == 0
    lines = opened(to)["log.jsonl"].splitlines()
    assert len(lines) <= 2_000
    assert json.loads(lines[-1])["seq"] == 199_999
    assert to.stat().st_size < 1_000_000


@pytest.mark.parametrize(
    ("to", "status", "says"),
    [
        ("missing/b.tar.gz", 2, "could not be written: No such file or directory. Choose another place."),
        ("there.tar.gz", 2, "is there already. Name a new file."),
        ("/dev/full", 2, "is there already"),
    ],
)
def test_a_place_that_cannot_be_written_is_named(box: dict[str, str], to: str, status: int, says: str) -> None:
    (Path(box["HOME"]) / "there.tar.gz").touch()
    ended = bundle(box, str(Path(box["HOME"]) / to), "--json")
    assert ended.returncode == status
    assert says in ended.stderr
    assert json.loads(ended.stdout)["error"]["code"] == "usage"


def test_a_full_disk_is_said_and_leaves_nothing_behind(box: dict[str, str], tmp_path: Path) -> None:
    """A limit on the size of files stands for the disk: the same error at the same place."""
    to = tmp_path / "bundle.tar.gz"
    program = (
        "import sys, errno; from edgepos import whole_file as files\n"
        "def full(fd): raise OSError(errno.ENOSPC, 'No space left on device')\n"
        "files.os.fsync = full\n"
        "from edgepos.__main__ import main; sys.exit(main(sys.argv[1:]))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program, "support-bundle", str(to)],
        env=box,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 1
    assert "There is no room for" in ended.stderr
    assert list(tmp_path.glob("bundle*")) == []


def test_in_a_folder_it_has_a_name_of_its_own(box: dict[str, str], tmp_path: Path) -> None:
    document = json.loads(bundle(box, str(tmp_path), "--json").stdout)
    made = Path(document["file"])
    assert made.parent == tmp_path
    assert made.name.startswith("edgepos-support-20")
    assert document["parts"] == sorted(opened(made))


def test_with_an_agent_the_journal_and_its_log_are_in_it_and_no_invoice_text(clinic: Any, tmp_path: Path) -> None:
    assert clinic.run("reconcile").status == 0
    clinic.run("operators", "tfagelvik", "--name", OPERATOR, "--pin", typed="4711\n")
    paid = clinic.run("pay", "12,50", "--terminal", "RECEPTION", "--reference", f"{STRANGER} {CARD}", "--json").document
    while not (listed := clinic.run("invoices", "--json").document["invoices"]):
        pass
    to = tmp_path / "bundle.tar.gz"
    ended = clinic.run("support-bundle", str(to), "--json")
    assert ended.status == 0, ended.err
    members = opened(to)
    assert {"status.json", "findings.json", "journal.json", "log.jsonl", "doctor.json"} <= members.keys()
    journal = json.loads(members["journal.json"])
    assert (journal["ok"], journal["problems"]) == (True, [])
    assert ["purchase", "approved", "asked", 1] in journal["operations"]
    assert paid["id"].encode() in members["log.jsonl"]
    owners = {one["owner"] for one in listed if one["owner"]}
    assert owners
    private = (CARD, STRANGER, OPERATOR, "tfagelvik", "demo-password", "edgepos-demo-secret", "Djurkliniken", *owners)
    assert_nothing_private(members, private)
    assert b"terminal 70000001" in members["doctor.json"]


def test_the_cache_is_only_read(box: dict[str, str], tmp_path: Path) -> None:
    cache = Path(box["STATE_DIRECTORY"]) / "cache.db"
    before = cache.read_bytes()
    assert bundle(box, str(tmp_path / "b.tar.gz")).returncode == 0
    assert cache.read_bytes() == before
    assert sqlite3.connect(cache).execute("SELECT count(*) FROM name").fetchone() == (1,)


def test_beside_an_agent_that_hangs_it_is_made_all_the_same(box: dict[str, str], tmp_path: Path) -> None:
    """It listens, as a stopped process does, and says nothing: each part has a limit, and they run side by side."""
    clock = RealClock()
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(box["EDGEPOS_SOCKET"])
        silent.listen(50)
        began = clock.monotonic()
        ended = bundle(box, str(tmp_path / "b.tar.gz"))
        took_s = clock.monotonic() - began
    assert ended.returncode == 0, ended.stderr
    assert took_s < 10
    members = opened(tmp_path / "b.tar.gz")
    assert "said nothing" in json.loads(members["missing.json"])["status"]
    assert "doctor.json" in members
