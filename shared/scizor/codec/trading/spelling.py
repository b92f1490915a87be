"""Errors of orders as callers spell the fields: the domain's words are shorter than the contract's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from scizor.domain.errors import FieldViolation, InvalidInput

_TERMS: Final = {
    "quantity": "quantity",
    "type": "type",
    "limit": "limit_price",
    "stop": "stop_price",
    "trail_amount": "trail_amount",
    "trail_fraction": "trail_fraction",
    "tif": "time_in_force",
    "good_till": "good_till_time",
    "outside_rth": "outside_regular_hours",
}
_BRACKET: Final = {"stop": "stop_loss_price", "limit": "take_profit_price"}


@contextmanager
def spelled(parent: str = "", terms: str = "terms") -> Iterator[None]:
    """What is raised within names the fields as the message does that has them below its field `parent`.

    `terms`: where it has an order's terms; empty where they are its own fields.
    """
    with _told(lambda field: _path(field, parent, terms)):
        yield


@contextmanager
def renamed(name: str) -> Iterator[None]:
    """What is raised within is about the field `name`, whatever it is called there."""
    with _told(lambda _: name):
        yield


@contextmanager
def _told(spell: Callable[[str], str]) -> Iterator[None]:
    try:
        yield
    except InvalidInput as error:
        if not error.violations:
            raise
        broken = [FieldViolation(spell(each.field), each.description) for each in error.violations]
        message = "; ".join(f"{each.field}: {each.description}" for each in broken)
        field = {"field": broken[0].field} if "field" in error.metadata else {}
        raise InvalidInput(message, error.reason, metadata=error.metadata | field, violations=broken) from None


def _path(field: str, parent: str, terms: str) -> str:
    head, _, name = field.rpartition(".")
    if head == "bracket":
        name = _BRACKET.get(name, name)
    elif name in _TERMS and head in ("", "terms"):
        head, name = terms, _TERMS[name]
    return ".".join(part for part in (parent, head, name) if part)
