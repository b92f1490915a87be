"""How an account or a deployment has fared live, on its way out."""

from __future__ import annotations

from scizor.codec.trading.exact import decimal_to_proto, money_to_proto, quotient_to_proto
from scizor.domain.trading.parity import ParityDifference, ParityReport
from scizor.trading.v1 import performance_pb2 as pb


def parity_to_proto(report: ParityReport, currency: str) -> pb.ParityReport:
    """A session held against its backtest; `currency`: the account's base."""
    return pb.ParityReport(
        session=report.session.isoformat(),
        live_fills=report.live_fills,
        backtest_fills=report.backtest_fills,
        equal_fills=report.equal_fills,
        pnl=money_to_proto(report.pnl, currency),
        differences=[_difference(one, currency) for one in report.differences],
    )


def _difference(difference: ParityDifference, currency: str) -> pb.ParityDifference:
    return pb.ParityDifference(
        symbol=difference.instrument,
        cause=pb.ParityCause.ValueType(difference.cause),
        order_id=difference.order_id,
        live_quantity=decimal_to_proto(difference.live_quantity),
        backtest_quantity=decimal_to_proto(difference.backtest_quantity),
        live_price=quotient_to_proto(difference.live_price),
        backtest_price=quotient_to_proto(difference.backtest_price),
        pnl=money_to_proto(difference.pnl, currency),
    )
