"""HTML made of elements. Whatever is not markup already is escaped, so nothing that a user wrote can become any."""

from __future__ import annotations

import html
from typing import Final

_VOID: Final = {"br", "col", "input", "meta"}


class Markup(str):
    """HTML already."""

    __slots__ = ()


def el(tag: str, *children: str | Markup, **attributes: str | bool) -> Markup:
    """An element. Attributes are named as Python can: `class_`, `aria_label`; False or an empty one is left out."""
    said = "".join(
        f" {_name(name)}" if value is True else f' {_name(name)}="{escaped(str(value))}"'
        for name, value in attributes.items()
        if value
    )
    if tag in _VOID:
        return Markup(f"<{tag}{said}>")
    return Markup(f"<{tag}{said}>{joined(*children)}</{tag}>")


def joined(*children: str | Markup) -> Markup:
    """One after the other."""
    return Markup("".join(child if isinstance(child, Markup) else escaped(child) for child in children))


def escaped(text: str) -> Markup:
    """A text in which nothing is markup, without characters that no eye can see and a browser may act on."""
    return Markup(html.escape(visible(text)))


def foreign(text: str) -> Markup:
    """What a user wrote: escaped, and unable to turn the direction of what stands beside it."""
    return el("bdi", text)


def visible(text: str) -> str:
    """Without control and format characters; white space becomes a blank."""
    return "".join(" " if one.isspace() else one for one in text if one.isprintable() or one.isspace())


def _name(name: str) -> str:
    return name.rstrip("_").replace("_", "-")
