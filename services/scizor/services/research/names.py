"""Names that a strategy uses and that are not there, found without running it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from difflib import get_close_matches
from dis import get_instructions

from scizor.services.research.places import Place, place_of_node
from scizor.strategy.bars import Bars
from scizor.strategy.context import Context

# What a locked process does not do for a strategy: other machines, other programs, files.
_REFUSED = frozenset(
    {"asyncio", "ctypes", "ftplib", "http", "multiprocessing", "requests", "smtplib", "socket", "sqlite3"}
)
_REFUSED |= {"subprocess", "urllib", "urllib3"}
# What a method's argument of this name is, in every strategy.
_ARGUMENTS = {"ctx": Context, "bars": Bars}


def unknown_names(source: str) -> Iterator[tuple[Place, str]]:
    """Place and message of each use of `ctx` and `bars` that they do not have. `source` must compile."""
    for method in ast.walk(ast.parse(source)):
        if isinstance(method, ast.FunctionDef):
            yield from _in_method(method)


def refused_imports(source: str) -> Iterator[tuple[Place, str]]:
    """Place and message of each import that is of no use in a locked process. `source` must compile."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [one.name for one in node.names] if isinstance(node, ast.Import) else [node.module or ""]
            for name in names:
                if name.partition(".")[0] in _REFUSED:
                    yield place_of_node(node), f"{name} is of no use: a stored strategy runs without network and files"


def _in_method(method: ast.FunctionDef) -> Iterator[tuple[Place, str]]:
    given = {one.arg for one in method.args.args} & _ARGUMENTS.keys()
    for node in ast.walk(method):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in given:
            known = _members(_ARGUMENTS[node.value.id])
            if node.attr not in known:
                near = get_close_matches(node.attr, known, n=1)
                hint = f": did you mean {near[0]}?" if near else f"; it has {', '.join(sorted(known))}"
                yield place_of_node(node), f"{node.value.id} has no {node.attr}{hint}"


def _members(kind: type) -> set[str]:
    # What instances set in __init__ is found where it is annotated or assigned to self.
    return {name for name in (*dir(kind), *_assigned(kind)) if not name.startswith("_")}


def _assigned(kind: type) -> set[str]:
    code = getattr(vars(kind).get("__init__"), "__code__", None)
    return {one.argval for one in get_instructions(code) if one.opname == "STORE_ATTR"} if code is not None else set()
