"""Who calls: what a header says, where it says it properly, else an address; and from where, for an audit."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from scizor.domain.errors import InvalidInput
from scizor.rpc.logs import leave_out_headers
from scizor.services.callers import CALLER, caller_of, source_of


class Asking:
    """A call's context as far as its caller is told by it."""

    def __init__(self, *said: str | bytes, peer: str = "ipv4:10.0.0.7:51000") -> None:
        self._said, self._peer = said, peer

    def invocation_metadata(self) -> Any:
        return (("user-agent", "x"), *((CALLER, one) for one in self._said))

    def peer(self) -> str:
        return self._peer


def who(*said: str | bytes, **peer: str) -> str:
    asking: Any = Asking(*said, **peer)
    return caller_of(asking)


@pytest.mark.parametrize("said", ["me", "team a/desk 7", "x" * 100, "~!"])
def test_a_caller_is_who_it_says_it_is(said: str) -> None:
    assert who(said, "another") == said


@pytest.mark.parametrize("said", [(), ("",)])
def test_one_who_says_nothing_is_known_by_its_address(said: tuple[str, ...]) -> None:
    assert who(*said) == "ipv4:10.0.0.7"
    assert who(*said, peer="ipv6:%5B::1%5D:51000") == "ipv6:%5B::1%5D"
    assert who(*said, peer="unix:/tmp/socket") == "unix:/tmp/socket"


@pytest.mark.parametrize("said", ["x" * 101, "a\x1b[31m", "a\nb", "a\x7f", "\xff\xfe", "caf\xe9", "\u202e", b"me"])
def test_what_is_no_name_is_refused_with_header_and_rule(said: str | bytes) -> None:
    with pytest.raises(InvalidInput) as refused:
        who(said)
    assert str(refused.value.message) == "x-scizor-caller: must be at most 100 printable ASCII characters"
    assert [one.field for one in refused.value.violations] == [CALLER]


def test_where_a_call_came_from_is_told_with_all_that_is_said_of_it() -> None:
    asking: Any = Asking("me")
    assert source_of(asking) == "ipv4:10.0.0.7:51000; x"


def test_headers_that_are_no_text_fill_no_log(caplog: pytest.LogCaptureFixture) -> None:
    leave_out_headers()
    leave_out_headers()
    log = logging.getLogger("grpc._cython.cygrpc")
    for value in (b"\xff", b"\xfe"):
        log.error("Invalid encoding on %s", value)
    log.error("another matter")
    assert caplog.messages == ["another matter"]
