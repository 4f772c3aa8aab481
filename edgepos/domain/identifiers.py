"""The names of things: references, box tags, line ids, operators.

A reference is `E`, the box's tag (3), eight random letters, one check letter: `E7K2M9Q4T1XA3`. It is drawn once, is the
key of its operation for ever, travels as `orderId` to the terminal and, with its line, as the first word of `info` in
the practice system. The alphabet is Crockford's: no I, L, O, U, so that nobody misreads it aloud.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable

from edgepos.domain.errors import Wrong

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
REFERENCE = re.compile(rf"E[{ALPHABET}]{{12}}")
OPERATOR = re.compile(r"[a-z0-9][a-z0-9.-]{0,15}")
RESERVED_OPERATORS = frozenset({"kiosk", "agent"})
TERMINAL = re.compile(r"[0-9]{8}")
MISREAD = str.maketrans({"I": "1", "L": "1", "O": "0"})


def box_tag(box_id: str) -> str:
    """Three letters from the first 15 bits of the box id's SHA-256."""
    bits = int.from_bytes(hashlib.sha256(box_id.encode()).digest()[:2], "big") >> 1
    return "".join(ALPHABET[bits >> shift & 31] for shift in (10, 5, 0))


def check_letter(body: str) -> str:
    """Luhn's sum modulo 32 over *body*: finds each single wrong letter and most swaps of neighbours."""
    total, factor = 0, 2
    for letter in reversed(body):
        addend = factor * ALPHABET.index(letter)
        total += addend // 32 + addend % 32
        factor = 3 - factor
    return ALPHABET[-total % 32]


def new_reference(tag: str, bits: Callable[[int], int]) -> str:
    """A fresh reference of the box with *tag*; *bits(n)* gives n random bits."""
    drawn = bits(40)
    body = "E" + tag + "".join(ALPHABET[drawn >> shift & 31] for shift in range(35, -5, -5))
    return body + check_letter(body)


def is_reference(text: str) -> bool:
    """Whether *text* has our form and its check letter is right."""
    return bool(REFERENCE.fullmatch(text)) and check_letter(text[:-1]) == text[-1]


def looks_like_reference(text: str) -> bool:
    """Whether *text* is, or begins like, a reference of any box: whole and right, or cut to 10 letters and more."""
    if len(text) >= 13:
        return is_reference(text[:13])
    return len(text) >= 10 and bool(re.fullmatch(rf"E[{ALPHABET}]+", text))


def parse_reference(text: str) -> str:
    """A reference as a person typed it, any case, blanks, look-alikes mended. Raises Wrong `unknown-payment`."""
    cleaned = re.sub(r"[\s-]", "", text).upper().translate(MISREAD)
    if not is_reference(cleaned):
        raise Wrong("unknown-payment", text=text[:40])
    return cleaned


def line_id(reference: str, line: int) -> str:
    """The outbox row's id, and the first word of `info` in the practice system."""
    return f"{reference}.{line}"


def split_line_id(text: str) -> tuple[str, int]:
    """The reference and the line of an outbox row's id. Raises Wrong `usage`."""
    reference, _, line = text.strip().upper().partition(".")
    if not line.isdecimal() or not is_reference(reference):
        raise Wrong("usage", text=text[:40], expected="REFERENCE.LINE")
    return reference, int(line)


def is_operator(text: str) -> bool:
    """Whether *text* may name a person in the journal. `kiosk`, `agent`, `tech.LOGIN` are the program's own."""
    return bool(OPERATOR.fullmatch(text)) and text not in RESERVED_OPERATORS and not text.startswith("tech.")
