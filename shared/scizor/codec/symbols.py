"""Instruments between message and value."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from google.protobuf.field_mask_pb2 import FieldMask

from scizor.codec.times import to_session, to_timestamp
from scizor.domain.errors import InvalidInput
from scizor.domain.instruments import AssetType, Instrument, StoredInstrument
from scizor.domain.sessions import parse_session
from scizor.marketdata.v1 import symbol_pb2

CHANGEABLE = ("exchange", "name", "asset_type", "sector", "group", "active", "listed_date", "delisted_date")


def to_symbol(stored: StoredInstrument) -> symbol_pb2.Symbol:
    """The instrument as stored."""
    instrument = stored.instrument
    return symbol_pb2.Symbol(
        id=instrument.id,
        symbol=instrument.symbol,
        primary_exchange=instrument.primary_exchange,
        currency=instrument.currency,
        exchange=instrument.exchange,
        name=instrument.name,
        asset_type=symbol_pb2.AssetType.ValueType(instrument.asset_type),
        sector=instrument.sector,
        group=instrument.group,
        active=instrument.active,
        listed_date=to_session(instrument.listed_date),
        delisted_date=to_session(instrument.delisted_date),
        last_verified=to_timestamp(stored.last_verified) if stored.last_verified else None,
        verified_result=symbol_pb2.Verification.ValueType(stored.verified_result),
        create_time=to_timestamp(stored.create_time),
        update_time=to_timestamp(stored.update_time),
        etag=stored.etag,
        verified_reason=stored.verified_reason,
        contract_id=stored.contract_id,
        deactivate_time=to_timestamp(stored.deactivate_time) if stored.deactivate_time else None,
    )


def to_new_instrument(message: symbol_pb2.Symbol) -> Instrument:
    """What a message asks to store. A created instrument is active. Raises InvalidInput for impossible dates."""
    with _spelled():
        return Instrument(
            symbol=message.symbol,
            primary_exchange=message.primary_exchange,
            currency=message.currency,
            **{name: _value(message, name) for name in CHANGEABLE if name != "active"},
        )


def changed(instrument: Instrument, message: symbol_pb2.Symbol, mask: FieldMask) -> Instrument:
    """The instrument with the masked fields of the message. Raises InvalidInput for impossible dates."""
    with _spelled():
        return replace(instrument, **{name: _value(message, name) for name in mask.paths})


def demand_changeable(mask: FieldMask) -> None:
    """Raises InvalidInput when the mask names nothing, or a field that never changes."""
    wrong = [path for path in mask.paths if path not in CHANGEABLE]
    if wrong or not mask.paths:
        named = f"not {', '.join(wrong)}" if wrong else "at least one"
        raise InvalidInput.of_field("update_mask", f"names fields among {', '.join(CHANGEABLE)}; {named}")


@contextmanager
def _spelled() -> Iterator[None]:
    """Errors name fields as the caller spells them, whose request has these below `symbol`."""
    try:
        yield
    except InvalidInput as error:
        raise error.within("symbol") from None


def _value(message: symbol_pb2.Symbol, name: str) -> Any:
    """A field's value in the domain; one left out takes its default."""
    value = getattr(message, name)
    match name:
        case "exchange":
            return value or "SMART"
        case "asset_type":
            return AssetType(value or AssetType.STOCK)
        case "listed_date" | "delisted_date":
            return parse_session(name, value)
        case _:
            return value
