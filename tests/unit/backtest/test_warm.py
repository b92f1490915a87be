"""What is told of a compilation ahead of the first job that fails."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor

from structlog.testing import capture_logs

from scizor.services.backtest.__main__ import log_failure


def failing() -> None:
    raise OSError("no room left for what was compiled")


def test_a_warm_up_that_fails_is_logged() -> None:
    with capture_logs() as logged:
        with ThreadPoolExecutor(1) as executor:
            executor.submit(failing).add_done_callback(log_failure)
        assert [(entry["event"], entry["log_level"]) for entry in logged] == [("warm_up_failed", "error")]
        assert isinstance(logged[0]["exc_info"], OSError)


def test_a_warm_up_that_a_stop_came_before_is_not_logged() -> None:
    future: Future[None] = Future()
    future.add_done_callback(log_failure)
    with capture_logs() as logged:
        future.cancel()
        assert logged == []
