"""The chart's README: how to install it, and its values with what values.yaml says of each."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from string import Template
from typing import Any, Final

import yaml

_TEXT: Final = Path(__file__).with_name("chart_readme.md")
_LINE: Final = re.compile(r"^(?P<indent> *)(?P<name>[A-Za-z]\w*):(?P<rest>.*)$")
_REMARK: Final = re.compile(r"(?:^|\s)# (?P<text>.*)$")


def readme(values: str) -> str:
    """The whole, from the text of values.yaml."""
    rows = [_row(path, default, remark) for path, default, remark in documented(values)]
    return Template(_TEXT.read_text()).substitute(values="\n".join(rows))


def documented(values: str) -> Iterator[tuple[str, Any, str]]:
    """Path, default and remark of every value; of a group, whose default is None, only the remark."""
    defaults = yaml.safe_load(values)
    trail: list[str] = []
    for line in values.splitlines():
        if not (found := _LINE.match(line)):
            continue
        depth = len(found["indent"]) // 2
        trail = [*trail[:depth], found["name"]]
        path, default = ".".join(trail), defaults
        for name in trail:
            default = default[name] if isinstance(default, dict) else None
        if default is None:  # within an item of a list
            continue
        remark = _REMARK.search(found["rest"])
        text = remark["text"] if remark else ""
        is_group = found["rest"].split("#")[0].strip() == "" and isinstance(default, dict)
        if not is_group or text:
            yield path, None if is_group else default, text


def _row(path: str, default: Any, remark: str) -> str:
    shown = "" if default is None else f"`{json.dumps(default)}`"
    return f"| `{path}` | {shown} | {remark.replace('|', chr(92) + '|')} |".replace("  ", " ")
