"""Ids that sort by time."""

from __future__ import annotations

from uuid import RFC_4122, UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scizor.domain.ids import RANDOM_BYTES, new_id

times = st.integers(min_value=0, max_value=2**48 - 1)
randoms = st.binary(min_size=RANDOM_BYTES, max_size=RANDOM_BYTES)


@given(times, randoms)
def test_an_id_is_a_version_7_uuid_that_holds_its_time(now_ms: int, random_bytes: bytes) -> None:
    made = UUID(new_id(now_ms, random_bytes))
    assert (made.version, made.variant) == (7, RFC_4122)
    assert made.int >> 80 == now_ms


def test_an_id_is_the_example_of_the_rfc() -> None:
    random_bytes = (0xCC3 << 64 | 0x18C4DC0C0C07398F).to_bytes(RANDOM_BYTES, "big")
    assert new_id(0x017F22E279B0, random_bytes) == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"


@given(times, randoms, times, randoms)
def test_ids_of_different_times_sort_by_time(one_ms: int, one: bytes, other_ms: int, other: bytes) -> None:
    if one_ms < other_ms:
        assert new_id(one_ms, one) < new_id(other_ms, other)


@given(randoms, randoms)
def test_ids_of_one_time_differ_where_their_random_bits_do(one: bytes, other: bytes) -> None:
    bits = (1 << 76) - 1 & ~(0x3 << 62)
    different = int.from_bytes(one, "big") & bits != int.from_bytes(other, "big") & bits
    assert (new_id(1, one) != new_id(1, other)) is different


@pytest.mark.parametrize(("now_ms", "random_bytes"), [(-1, bytes(10)), (1 << 48, bytes(10)), (1, bytes(9))])
def test_what_does_not_fit_is_refused(now_ms: int, random_bytes: bytes) -> None:
    with pytest.raises(ValueError, match="must"):
        new_id(now_ms, random_bytes)
