"""What a command says: one answer on stdout, as text for 80 columns or as one JSON document; talk on stderr.

Writing never raises: a reader that has gone (`| head`) changes nothing about what a command did, nor its exit status; a
letter that the terminal's encoding lacks is written as its nearest plain one. JSON is ASCII in every locale.
"""

from __future__ import annotations

import codecs
import io
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TextIO

from edgepos.client import AgentError
from edgepos.commands.exits import Exit

Lines = Callable[[], Iterable[str]]


class Answer:
    """How a command ends: its document, the same as text (made only when it is printed), its exit status.

    *error* says why the status is not 0 although there is an answer (a declined payment): it stands in the document as
    `error`, beside the other fields, and its sentences go to stderr.
    """

    def __init__(
        self, document: Mapping[str, object], text: Lines, *, exit: Exit = Exit.DONE, error: AgentError | None = None
    ) -> None:
        self.document = {**document, "error": error_fields(error)} if error else document
        self.text = text
        self.exit = exit
        self.error = error


def error_fields(error: AgentError) -> dict[str, object]:
    """An error as it stands in a document."""
    return {"code": error.code, "message": error.message, "mend": error.mend, "facts": dict(error.facts)}


def prepare_streams() -> None:
    """Makes stdout and stderr bear any text in any locale."""
    codecs.register_error("edgepos.plain", _plain)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="edgepos.plain")


def _plain(error: UnicodeError) -> tuple[str, int]:
    """The nearest plain letters for what an encoding lacks: `ä` is `a`, a narrow blank is a blank, the rest `?`."""
    import unicodedata

    if not isinstance(error, UnicodeEncodeError):
        raise error
    signs = {"“": '"', "”": '"', "’": "'", "−": "-", "–": "-", "…": "...", "·": "-", "•": "*", "ø": "o", "Ø": "O"}
    lacking = error.object[error.start : error.end]
    letters = "".join(signs.get(one) or unicodedata.normalize("NFKD", one) for one in lacking)
    plain = "".join(one for one in letters if not unicodedata.combining(one))
    return plain.encode("ascii", "replace").decode("ascii"), error.end


def print_json(document: object) -> None:
    _write(sys.stdout, json.dumps(document, ensure_ascii=True) + "\n")


def say(line: str = "") -> None:
    """A line of the answer."""
    _write(sys.stdout, line + "\n")


def tell(line: str) -> None:
    """A line of talk, on stderr."""
    _write(sys.stderr, line + "\n")


def write(text: str) -> None:
    """*text* as it stands, on stdout."""
    _write(sys.stdout, text)


def write_bytes(data: bytes) -> None:
    """*data* as it stands, on stdout: for a printer."""
    if sys.stdout in _gone:
        return
    with _reader_may_go(sys.stdout):
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()


def is_heard() -> bool:
    """Whether somebody still reads stdout. A command that goes on until it is stopped ends when nobody does."""
    return sys.stdout not in _gone


_gone: set[TextIO] = set()


def _write(stream: TextIO, text: str) -> None:
    if stream in _gone:
        return
    with _reader_may_go(stream):
        stream.write(text)
        stream.flush()


@contextmanager
def _reader_may_go(stream: TextIO) -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        _gone.add(stream)
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())  # so that the interpreter's own flush at its end finds no broken pipe


def columns(rows: Sequence[Sequence[str]], align: str = "", gap: str = "  ") -> list[str]:
    """*rows* as aligned lines; *align* has `<` or `>` for each column, `<` if it is shorter."""
    if not rows:
        return []
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    sides = align.ljust(len(widths), "<")
    return [
        gap.join(f"{cell:{side}{width}}" for cell, side, width in zip(row, sides, widths, strict=True)).rstrip()
        for row in rows
    ]


def ago(seconds: float | None) -> str:
    """How long, in the largest fitting unit: `12 s`, `3 min`, `2 h`, `5 d`."""
    if seconds is None:
        return ""
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return f"{int(seconds)} s"
