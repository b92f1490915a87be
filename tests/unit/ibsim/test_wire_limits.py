"""The gateway's counting, with a clock of the test's own."""

from __future__ import annotations

from scizor.services.ibsim.limits import HistoryPacing, Limits, MessageRate, TickByTickPacing


class Seconds:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_fifty_messages_a_second_may_go_on_for_ever() -> None:
    time = Seconds()
    rate = MessageRate(Limits(), time)
    for _ in range(1000):
        time.now += 1 / 50
        assert rate.admits()


def test_what_comes_faster_is_refused_and_at_last_the_client() -> None:
    time = Seconds()
    rate = MessageRate(Limits(), time)
    assert sum(rate.admits() for _ in range(77)) == 75
    assert not rate.is_exhausted
    time.now += 0.1
    assert rate.admits()
    for _ in range(5):
        rate.admits()
    assert rate.is_exhausted


def test_an_identical_request_must_wait_fifteen_seconds() -> None:
    time = Seconds()
    pacing = HistoryPacing(Limits(), time)
    assert pacing.broken_rule("same", "AAPL", weight=1) is None
    time.now += 14.9
    assert pacing.broken_rule("same", "AAPL", weight=1)
    time.now += 0.1
    assert pacing.broken_rule("same", "AAPL", weight=1) is None


def test_the_sixth_request_for_a_contract_within_two_seconds_is_one_too_many() -> None:
    time = Seconds()
    pacing = HistoryPacing(Limits(), time)
    assert [pacing.broken_rule(number, "AAPL", weight=1) is None for number in range(6)] == [True] * 5 + [False]
    assert pacing.broken_rule("other", "MSFT", weight=1) is None
    time.now += 2
    assert pacing.broken_rule("later", "AAPL", weight=1) is None


def test_sixty_requests_fit_in_ten_minutes_and_bid_ask_counts_twice() -> None:
    time = Seconds()
    pacing = HistoryPacing(Limits(), time)
    for number in range(20):
        time.now += 3
        assert pacing.broken_rule(("bid ask", number), "AAPL", weight=2) is None
    for number in range(20):
        time.now += 3
        assert pacing.broken_rule(("trades", number), "AAPL", weight=1) is None
    time.now += 3
    assert pacing.broken_rule("one more", "AAPL", weight=1)
    time.now += 600 - 41 * 3 + 3
    assert pacing.broken_rule("one more", "AAPL", weight=2) is None


def test_a_refused_request_does_not_count() -> None:
    time = Seconds()
    pacing = HistoryPacing(Limits(), time)
    pacing.broken_rule("same", "AAPL", weight=1)
    time.now += 10
    pacing.broken_rule("same", "AAPL", weight=1)
    time.now += 5
    assert pacing.broken_rule("same", "AAPL", weight=1) is None


def test_sixty_subscriptions_to_real_time_bars_fit_in_ten_minutes() -> None:
    time = Seconds()
    pacing = HistoryPacing(Limits(), time)
    assert sum(pacing.admits_real_time_bars() for _ in range(61)) == 60
    time.now += 600
    assert pacing.admits_real_time_bars()


def test_the_ticks_of_a_share_may_be_asked_for_once_in_fifteen_seconds() -> None:
    time = Seconds()
    pacing = TickByTickPacing(Limits(), time)
    assert pacing.admits(265598)
    assert pacing.admits(8314)
    time.now += 14.9
    assert not pacing.admits(265598)
    time.now += 0.1  # the refused request does not count
    assert pacing.admits(265598)
