"""Amounts as people type them, for screens and commands: one parser for the whole program."""

from edgepos.domain.errors import EdgeposError, Wrong
from edgepos.domain.identifiers import parse_reference
from edgepos.domain.money import DIGITS, MAX_MINOR, Money, parse_amount, parse_total

__all__ = ["DIGITS", "MAX_MINOR", "EdgeposError", "Money", "Wrong", "parse_amount", "parse_reference", "parse_total"]
