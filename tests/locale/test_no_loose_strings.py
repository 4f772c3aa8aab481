"""Every string that a person at the screen reads goes through the catalogue.

Read from the sources: a literal that is handed to what draws text, or that looks like a sentence, must stand in `_`,
`N_`, `ngettext` or `pgettext`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import edgepos.tui

SCREEN = Path(edgepos.tui.__file__).parent
MARKS = {"_", "N_", "ngettext", "pgettext"}
DRAWS = {
    "Static", "Caption", "Label", "Button", "Binding", "Act", "Field", "Choice", "Note", "Sure", "Entry", "Sheet", "update",
    "say", "notify", "put_text", "put_facts", "Refused", "write",
}  # fmt: skip
"""Calls that show a text given to them by position; of `Binding` and its kin the word comes after keys and actions."""
NAMED = {"tooltip", "placeholder", "label", "hint", "title", "word", "text", "question", "description", "message"}
"""Arguments and attributes whose value is shown."""
ASSIGNED = NAMED | {"border_title", "border_subtitle", "title_word", "sub_title", "last_words"}
PROSE = re.compile(r"[A-ZÅÄÖ]\w*(?:[,:;]? [\w'{}.]+){2,}|[A-Z][A-Z]+(?: [A-Z]+)+|.*\w\.$")
"""Three words from a capital on, two in capitals, or a sentence with its full stop."""
WORD = re.compile(r"[^\W\d_]{2,}")

PLAIN = re.compile(
    r"^(?:Nets|Provet|edgepos|edgepos …|SSH|PIN|Enter|Esc|Tab|Ctrl\+Q|Lane3000|Desk3500|Move3500|"
    r"[a-z0-9_.,?+/-]+(?:\(.*)?|[\w-]+:[\w-]*|[#.][\w. -]+|[%EdMyHm :.]+|https?:.*)$"
)  # fmt: skip
"""Names, keys, actions, places, selectors, forms of dates: nothing that a language has its own word for."""
TOLD_TO_TECHNICIANS = {"starting.py", "terminal_modes.py", "faults.py", "themes.py"}
"""What is written where no screen is, to the terminal or the log, is English."""


def sources() -> list[Path]:
    return [path for path in sorted(SCREEN.rglob("*.py")) if path.name not in TOLD_TO_TECHNICIANS]


def name_of(called: ast.expr) -> str:
    return called.attr if isinstance(called, ast.Attribute) else called.id if isinstance(called, ast.Name) else ""


def loose(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Strings of *tree* that are shown, or look it, outside the catalogue."""
    marked, shown, kept = set[ast.AST](), set[ast.AST](), set[ast.AST]()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            kept.add(node.value)  # a docstring
        elif isinstance(node, ast.Call) and name_of(node.func) in MARKS:
            marked |= {*ast.walk(node)}
        elif isinstance(node, ast.Call):
            if name_of(node.func) in DRAWS:
                shown |= {part for argument in node.args for part in texts(argument)}
            shown |= {part for given in node.keywords if given.arg in NAMED for part in texts(given.value)}
        elif isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(name_of(target) in ASSIGNED for target in targets):
                shown |= {*texts(node.value)}
        elif isinstance(node, ast.JoinedStr):
            kept |= {part for part in node.values if isinstance(part, ast.FormattedValue)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in marked | kept:
            text = node.value.strip()
            if not PLAIN.match(text) and WORD.search(text) and (node in shown or PROSE.fullmatch(text)):
                yield node.lineno, node.value


def texts(node: ast.expr) -> Iterator[ast.AST]:
    """The literals that make up the value of *node*: not those in calls and subscripts within it."""
    if isinstance(node, (ast.Constant, ast.JoinedStr)):
        yield from ast.walk(node) if isinstance(node, ast.Constant) else node.values
    elif isinstance(node, ast.BinOp):
        yield from (*texts(node.left), *texts(node.right))
    elif isinstance(node, ast.IfExp):
        yield from (*texts(node.body), *texts(node.orelse))
    elif isinstance(node, (ast.Tuple, ast.List)):
        yield from (part for element in node.elts for part in texts(element))


@pytest.mark.parametrize("path", sources(), ids=lambda path: path.name)
def test_no_string_outside_the_catalogue(path: Path) -> None:
    assert [*loose(ast.parse(path.read_text(encoding="utf-8")))] == []


@pytest.mark.parametrize(
    "source",
    [
        'Static("Pay now")',
        'Binding("f2", "pay", "Amount")',
        'place.say(f"Booked on {number}")',
        'self.border_title = "Terminals"',
        'Field("amount", _("amount"), hint="as on the slip")',
        'x = "The terminal is busy."',
        'label.update("PAID" if paid else "DECLINED")',
        'WORDS = {"a": "Look at the slip"}',
    ],
)
def test_the_check_itself_finds_a_loose_string(source: str) -> None:
    assert [*loose(ast.parse(source))]


@pytest.mark.parametrize(
    "source",
    ['Static(_("Pay now"))', 'Static(id="find", markup=False)', 'Binding("f2", "go(\'pay\')", N_("Amount"))',
     'self.query_one("#day", Static).update(text)', '"""A docstring of three words."""', 'Static(f"{a}  {b}")'],
)  # fmt: skip
def test_the_check_lets_through_what_needs_no_translation(source: str) -> None:
    assert [*loose(ast.parse(source))] == []


@pytest.mark.parametrize("path", sorted(SCREEN.rglob("*.py")), ids=lambda path: path.name)
def test_no_sentence_is_marked_where_the_catalogues_do_not_look(path: Path) -> None:
    """Inside an f-string a mark is not found, and the sentence would stay English."""
    tree = ast.parse(path.read_text())
    marked = [
        (call.lineno, ast.unparse(call))
        for put_together in ast.walk(tree) if isinstance(put_together, ast.JoinedStr)
        for call in ast.walk(put_together)
        if isinstance(call, ast.Call) and name_of(call.func) in MARKS
        and call.args and isinstance(call.args[0], ast.Constant)
    ]  # fmt: skip
    assert marked == []
