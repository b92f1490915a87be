"""Page tokens belong to one query and cannot be changed."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from scizor.codec import pages
from scizor.domain.errors import InvalidInput, Reason
from scizor.marketdata.v1 import market_data_service_pb2 as pb

QUERY = pb.ListSymbolsRequest(group="ASX200", page_size=10)
CURSORS = st.lists(st.one_of(st.text(max_size=20), st.integers()), max_size=4).map(tuple)


def refused(token: str, query: pb.ListSymbolsRequest = QUERY) -> bool:
    with pytest.raises(InvalidInput) as caught:
        pages.decode(token, query)
    assert caught.value.violations[0].field == "page_token"
    return caught.value.reason is Reason.PAGE_TOKEN_INVALID


@given(cursor=CURSORS)
def test_a_cursor_comes_back_as_it_was(cursor: pages.Cursor) -> None:
    assert pages.decode(pages.encode(cursor, QUERY), QUERY) == cursor


@given(cursor=CURSORS, data=st.data())
def test_a_changed_token_is_refused(cursor: pages.Cursor, data: st.DataObject) -> None:
    token = pages.encode(cursor, QUERY)
    place = data.draw(st.integers(0, len(token) - 1))
    changed = token[:place] + data.draw(st.characters()) + token[place + data.draw(st.integers(0, 1)) :]
    assume(changed != token)
    assert refused(changed)


@given(st.text(min_size=1))
def test_garbage_is_refused(token: str) -> None:
    assert refused(token)


def test_a_token_holds_for_another_page_size_and_for_no_other_query() -> None:
    token = pages.encode(("BHP", 7), QUERY)
    assert pages.decode(token, pb.ListSymbolsRequest(group="ASX200", page_size=99, page_token=token)) == ("BHP", 7)
    assert refused(token, pb.ListSymbolsRequest(group="ASX300"))
    with pytest.raises(InvalidInput):
        pages.decode(token, pb.GetBarsRequest())


def test_a_resume_cursor_is_bound_to_its_stream_in_the_same_way() -> None:
    fields = ("after_cursor", "chunk_bars")
    token = pages.encode(("A", 20200102), pb.StreamBarsRequest(symbol="A"), fields)
    again = pb.StreamBarsRequest(symbol="A", after_cursor=token, chunk_bars=5)
    assert pages.decode(token, again, fields) == ("A", 20200102)
    with pytest.raises(InvalidInput, match="after_cursor"):
        pages.decode(token, pb.StreamBarsRequest(symbol="B"), fields)
