"""Words of the command line turned into values."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from scizor.client.cli.usage import EXIT_USAGE, CommandFailed


class Adjust(StrEnum):
    """How prices are put on one scale across splits and dividends."""

    RAW = "raw"
    SPLIT = "split"
    TOTAL_RETURN = "total_return"


class Size(StrEnum):
    """When the number of shares of an order is fixed."""

    AT_DECISION = "at_decision"
    AT_FILL = "at_fill"


class Format(StrEnum):
    """The format of a file."""

    CSV = "csv"
    PARQUET = "parquet"


def settings(pairs: Iterable[str]) -> dict[str, int | float | str | bool]:
    """`name=value` words as parameters; a value is a number, or true or false, where it reads as one, else a text."""
    values: dict[str, int | float | str | bool] = {}
    for pair in pairs:
        name, separator, text = pair.partition("=")
        if not separator or not name.isidentifier():
            raise CommandFailed(f"--set takes name=value, such as fast=10, not {pair!r}", EXIT_USAGE)
        if name in values:
            raise CommandFailed(f"--set names {name} twice", EXIT_USAGE)
        values[name] = _value(text)
    return values


def symbol_names(words: Iterable[str]) -> list[str]:
    """Symbols given one by one, or several with commas between, each once and in upper case."""
    names = [name.strip().upper() for word in words for name in word.split(",") if name.strip()]
    if not names:
        raise CommandFailed("give at least one symbol, such as AAPL", EXIT_USAGE)
    return list(dict.fromkeys(names))


def _value(text: str) -> int | float | str | bool:
    if text in ("true", "false"):
        return text == "true"
    for read in (int, float):
        try:
            return read(text)
        except ValueError:
            continue
    return text
