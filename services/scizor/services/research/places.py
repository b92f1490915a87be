"""Where in a strategy's text something is wrong: the line and the character, both from 1."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import islice
from types import TracebackType
from typing import Final, NamedTuple

from scizor.strategy.errors import StrategyError

_DECIDING: Final = ("targets", "on_bar")
_MOST_CHARS: Final = 80
# What makes one figure of a whole column, its future included, or turns the column round.
_OF_ALL: Final = frozenset({"max", "min", "mean", "std", "var", "sum", "median", "quantile", "percentile", "argmax"})
_TURNING: Final = frozenset({"flip", "flipud"})
_SHIFTING: Final = frozenset({"roll", "shift"})


class Place(NamedTuple):
    """A line and a character in it; 0 where it is not known."""

    line: int
    column: int


def column_of(error: StrategyError) -> int:
    """The character in the error's line that it arose at; 0 where that is not known."""
    cause = error.__cause__
    if isinstance(cause, SyntaxError):
        return cause.offset or 0
    return _column_in(cause.__traceback__ if cause else None, error.file, error.line)


def place_of_node(node: ast.AST) -> Place:
    """Where an expression or a statement begins."""
    return Place(getattr(node, "lineno", 0), getattr(node, "col_offset", -1) + 1)


def suspect(source: str, class_name: str) -> tuple[Place, str] | None:
    """The first place of a class that looks as if it saw later bars, with its text; else its method that decides.

    For a strategy of which that is proven: by itself such a place means nothing. None where no such class is found.
    """
    tree = ast.parse(source)
    found = next((one for one in ast.walk(tree) if isinstance(one, ast.ClassDef) and one.name == class_name), None)
    if found is None:
        return None
    suspects = sorted((place_of_node(one), _text_of(one, source)) for one in ast.walk(found) if _looks_ahead(one))
    methods = (one for one in found.body if isinstance(one, ast.FunctionDef) and one.name in _DECIDING)
    deciding = ((place_of_node(one), f"def {one.name}") for one in methods)
    return suspects[0] if suspects else next(deciding, None)


def _column_in(traceback: TracebackType | None, file: str, line: int) -> int:
    found = 0
    while traceback is not None:
        code = traceback.tb_frame.f_code
        if code.co_filename == file and traceback.tb_lineno == line:
            positions = next(islice(code.co_positions(), traceback.tb_lasti // 2, None), None)
            found = positions[2] + 1 if positions and positions[2] is not None else 0
        traceback = traceback.tb_next
    return found


def _looks_ahead(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        if name in _SHIFTING:
            return any(_is_negative(one) for one in _arguments(node))
        return name in _TURNING or name in _OF_ALL
    if isinstance(node, ast.Subscript):
        return any(_goes_on(one) for one in _indices(node.slice))
    return False


def _goes_on(index: ast.expr) -> bool:
    """Whether an index is a place counted from the end, a later one than now, or a slice that leaves out the first."""
    if isinstance(index, ast.Slice):
        return _is_negative(index.step) or (isinstance(index.lower, ast.Constant) and index.upper is None)
    return _is_negative(index) or (isinstance(index, ast.BinOp) and isinstance(index.op, ast.Add))


def _is_negative(node: ast.expr | None) -> bool:
    return isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub)


def _arguments(node: ast.Call) -> Iterator[ast.expr]:
    yield from node.args
    yield from (one.value for one in node.keywords if one.arg != "axis")


def _indices(index: ast.expr) -> list[ast.expr]:
    return list(index.elts) if isinstance(index, ast.Tuple) else [index]


def _text_of(node: ast.AST, source: str) -> str:
    text = " ".join((ast.get_source_segment(source, node) or "").split())
    return text if len(text) <= _MOST_CHARS else text[: _MOST_CHARS - 1] + "…"
