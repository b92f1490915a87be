"""Every call of Backtest about strategies as a value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.struct_pb2 import Struct

from scizor.backtest.v1 import backtest_service_pb2 as pb
from scizor.backtest.v1 import strategy_pb2 as st
from scizor.client.calls import Call, Pages
from scizor.client.values import Session, session_text
from scizor.domain.backtests import ParameterValue
from scizor.domain.strategies import StrategyKind, StrategyOrigin

_LARGEST_PAGE = 1_000


def list_strategies(
    *,
    kind: StrategyKind | None = None,
    origin: StrategyOrigin | None = None,
    tags: Iterable[str] = (),
    text: str = "",
    show_deleted: bool = False,
    limit: int | None = None,
) -> Pages[pb.ListStrategiesResponse, list[st.Strategy]]:
    """Strategies by id, over all pages: those stored beside those that came with the system.

    `tags`: only those that have all of these. `text`: only those whose id, title or description holds it.
    """
    request = pb.ListStrategiesRequest(
        page_size=_LARGEST_PAGE if limit is None else min(limit, _LARGEST_PAGE),
        kind=st.StrategyKind.ValueType(kind or 0),
        origin=st.StrategyOrigin.ValueType(origin or 0),
        tags=tags,
        text=text,
        show_deleted=show_deleted,
    )
    return Pages(
        request,
        pb.ListStrategiesResponse,
        count=lambda page: len(page.strategies),
        decode=lambda pages: [strategy for page in pages for strategy in page.strategies][:limit],
        limit=limit,
    )


def get_strategy(strategy_id: str) -> Call[pb.GetStrategyResponse, st.Strategy]:
    """A strategy as it is now."""
    return Call(pb.GetStrategyRequest(id=strategy_id), pb.GetStrategyResponse, lambda answer: answer.strategy)


def get_version(strategy_id: str, version: int = 0) -> Call[pb.GetStrategyResponse, st.StrategyVersion]:
    """One version of a strategy's code with its text, the newest when 0."""
    request = pb.GetStrategyRequest(id=strategy_id, version=version)
    return Call(request, pb.GetStrategyResponse, lambda answer: answer.version)


def list_versions(
    strategy_id: str, *, limit: int | None = None
) -> Pages[pb.ListStrategyVersionsResponse, list[st.StrategyVersion]]:
    """A strategy's versions, newest first, over all pages and without their texts."""
    page_size = _LARGEST_PAGE if limit is None else min(limit, _LARGEST_PAGE)
    return Pages(
        pb.ListStrategyVersionsRequest(id=strategy_id, page_size=page_size),
        pb.ListStrategyVersionsResponse,
        count=lambda page: len(page.versions),
        decode=lambda pages: [version for page in pages for version in page.versions][:limit],
        limit=limit,
    )


def create_strategy(
    source: str,
    strategy_id: str = "",
    *,
    title: str = "",
    description: str = "",
    tags: Iterable[str] = (),
    request_id: str = "",
) -> Call[pb.CreateStrategyResponse, st.Strategy]:
    """Store the text of a strategy's file; returns it as stored. What is left out is what its class says of itself."""
    wanted = st.Strategy(id=strategy_id, title=title, description=description, tags=tags, source=source)
    request = pb.CreateStrategyRequest(strategy=wanted, request_id=request_id)
    return Call(request, pb.CreateStrategyResponse, lambda answer: answer.strategy)


def update_strategy(
    strategy: st.Strategy, fields: Iterable[str], *, request_id: str = ""
) -> Call[pb.UpdateStrategyResponse, st.Strategy]:
    """Give title, description, tags or source of the strategy with this `id` these values.

    Another source is the next version. With an `etag`, only if it is current.
    """
    request = pb.UpdateStrategyRequest(strategy=strategy, update_mask=FieldMask(paths=fields), request_id=request_id)
    return Call(request, pb.UpdateStrategyResponse, lambda answer: answer.strategy)


def delete_strategy(
    strategy_id: str, *, etag: str = "", request_id: str = ""
) -> Call[pb.DeleteStrategyResponse, st.Strategy]:
    """Take a strategy out of the lists; what was run stays."""
    request = pb.DeleteStrategyRequest(id=strategy_id, etag=etag, request_id=request_id)
    return Call(request, pb.DeleteStrategyResponse, lambda answer: answer.strategy)


def check_strategy(
    strategy_id: str = "",
    version: int = 0,
    *,
    source: str = "",
    parameters: Mapping[str, ParameterValue] | None = None,
    symbols: Iterable[str] = (),
    start: Session = None,
    end: Session = None,
) -> Call[pb.CheckStrategyResponse, pb.CheckStrategyResponse]:
    """Look for mistakes in a stored strategy or in a text, on bars of these symbols or on bars made up for it."""
    values = Struct()
    values.update(dict(parameters or {}))
    request = pb.CheckStrategyRequest(
        id=strategy_id,
        version=version,
        source=source,
        parameters=values,
        symbols=symbols,
        start=session_text(start, "start"),
        end=session_text(end, "end"),
    )
    return Call(request, pb.CheckStrategyResponse, lambda answer: answer, deadline_s=60.0)
