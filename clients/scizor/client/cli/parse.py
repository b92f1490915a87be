"""Words of the command line turned into values."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum, StrEnum
from typing import TypeVar

from scizor.client.cli.usage import EXIT_USAGE, CommandFailed
from scizor.domain.intervals import Interval
from scizor.domain.live import LiveInterval

E = TypeVar("E", bound=IntEnum)


class Adjust(StrEnum):
    """How prices are put on one scale across splits and dividends."""

    RAW = "raw"
    SPLIT = "split"
    TOTAL_RETURN = "total_return"


class Size(StrEnum):
    """When the number of shares of an order is fixed."""

    AT_DECISION = "at_decision"
    AT_FILL = "at_fill"


class Length(StrEnum):
    """How long a bar lasts."""

    DAY_1 = "1d"
    MINUTE_1 = "1m"
    MINUTE_5 = "5m"
    MINUTE_15 = "15m"
    MINUTE_30 = "30m"
    HOUR_1 = "1h"

    @property
    def interval(self) -> Interval:
        """As the client takes it."""
        return Interval[self.name]


class LiveLength(StrEnum):
    """How long a bar lasts that forms now."""

    SECONDS_5 = "5s"
    MINUTE_1 = "1m"
    MINUTE_5 = "5m"
    MINUTE_15 = "15m"
    MINUTE_30 = "30m"
    HOUR_1 = "1h"

    @property
    def interval(self) -> LiveInterval:
        """As the client takes it."""
        return LiveInterval[self.name]


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


def strategy_and_version(word: str) -> tuple[str, int]:
    """A strategy's id and, behind an @, the version of its code; 0 for the newest."""
    strategy, at, version = word.partition("@")
    if at and not (version.isdecimal() and int(version)):
        raise CommandFailed(f"a version is a number from 1, as in {strategy or 'mine'}@2, not {word!r}", EXIT_USAGE)
    return strategy, int(version or 0)


def one_of(enum: type[E], text: str, option: str) -> E | None:
    """An enum's member by its word, such as `running`; None for an empty text."""
    if text and text.upper() not in enum.__members__:
        known = ", ".join(name.lower() for name in enum.__members__)
        raise CommandFailed(f"{option} must be one of {known}, not {text!r}", EXIT_USAGE)
    return enum[text.upper()] if text else None


def length_word(interval: int) -> str:
    """A bar's length, numbered as in the contract, as a word such as `5m`."""
    return Length[Interval(interval or Interval.DAY_1).name].value


def _value(text: str) -> int | float | str | bool:
    if text in ("true", "false"):
        return text == "true"
    for read in (int, float):
        try:
            return read(text)
        except ValueError:
            continue
    return text
