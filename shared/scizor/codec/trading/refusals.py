"""What a refused order's status says beside its words: the answer that checking the order would have had."""

from __future__ import annotations

from collections.abc import Sequence

from scizor.codec.trading.risk import violation_to_proto
from scizor.domain.trading.rules import Violation
from scizor.trading.v1 import trading_service_pb2 as pb


def refusal_to_proto(broken: Sequence[Violation], max_bytes: int) -> pb.CheckOrderResponse:
    """All violations, in so many bytes: where they would take more, what can be asked for elsewhere is left out.

    First go the words and the limits' ids, and only then, from the end, violations.
    """
    answer = pb.CheckOrderResponse(violations=map(violation_to_proto, broken))
    if answer.ByteSize() > max_bytes:
        for violation in answer.violations:
            violation.ClearField("message")
            violation.limit.ClearField("id")
    while answer.violations and answer.ByteSize() > max_bytes:
        del answer.violations[-1]
    return answer
