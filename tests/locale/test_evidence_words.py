"""Every kind of evidence that can be kept has words, and no words are kept of a kind that cannot."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import edgepos
from edgepos.locale import build
from edgepos.locale.evidence import FACTS, TWICE, WORDS
from edgepos.locale.words import set_language
from edgepos.tui.payment_card import proof

PACKAGE = Path(edgepos.__file__).parent
SOURCES = [path for folder in ("domain", "agent") for path in (PACKAGE / folder).rglob("*.py")]
IN_SQL = re.compile(r"""evidence = '\[\\?"([a-z-]+)\\?"\]'""")
NAMED = frozenset({"evidence", "proof"})
JUDGES = frozenset({"_approved", "_rejected"})
KIND = re.compile(r"[a-z]+(-[a-z]+)*")


def kept(tree: ast.AST) -> Iterator[ast.AST]:
    """What is given as evidence: by name, to a variable of that name, to who judges."""
    for node in ast.walk(tree):
        match node:
            case ast.keyword(arg="evidence", value=value):
                yield value
            case ast.Assign(targets=[ast.Name(name)], value=value) if name in NAMED:
                yield value
            case ast.AnnAssign(target=ast.Name(name), value=ast.expr() as value) if name in NAMED:
                yield value
            case ast.Call(func=ast.Name(name), args=args) if name in JUDGES:
                yield from args


def strings(node: ast.AST) -> set[str]:
    """The kinds in *node*; in a condition's branches, not in the condition."""
    if isinstance(node, ast.IfExp):
        return strings(node.body) | strings(node.orelse)
    if isinstance(node, ast.Constant):
        return {node.value} if isinstance(node.value, str) and KIND.fullmatch(node.value) else set()
    return set[str]().union(*map(strings, ast.iter_child_nodes(node)))


def test_every_kind_of_evidence_has_words() -> None:
    found = set[str]()
    for path in SOURCES:
        for value in kept(ast.parse(path.read_text("utf-8"))):
            found |= strings(value)
    for path in (PACKAGE / "journal").rglob("*.py"):
        found |= set(IN_SQL.findall(path.read_text("utf-8")))
    assert found == {*WORDS, *FACTS}


@pytest.mark.parametrize("code", build.TRANSLATED)
def test_kinds_that_differ_have_words_that_differ(code: str) -> None:
    catalog = build.catalogue(code)
    words = [catalog[word].string for word in (*WORDS.values(), *FACTS.values(), TWICE)]
    assert all(words)
    assert len(set(words)) == len(words)


def test_a_proof_is_told_in_words_and_what_has_none_as_it_came() -> None:
    assert proof(["refusal", "fence"]) == "the terminal refused it, nothing new in the terminal's last result"
    assert proof(["fence", "fence"]) == "nothing new in the terminal's last result, twice"
    assert proof(["never-sent", "why=timeout", "reported=menu"]) == (
        "nothing was sent, because: no answer in time, the terminal reports: menu"
    )
    assert proof(["a-kind-of-tomorrow", "x=1"]) == "a-kind-of-tomorrow, x=1"
    assert proof([]) == ""
    set_language("sv")
    try:
        assert proof(["own-reply"]) == "terminalens eget svar"
    finally:
        set_language("en")
