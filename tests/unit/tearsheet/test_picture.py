from __future__ import annotations

import struct
import zlib

from scizor.services.backtest.tearsheet.drawing import drawable
from scizor.services.backtest.tearsheet.picture import png_page
from tests.unit.backtest.build import spec_of
from tests.unit.tearsheet.build import HOSTILE, material_of, usual, walk


def chunks(png: bytes) -> dict[bytes, bytes]:
    """Its parts by their names; each is proved by its checksum."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    found, place = {}, 8
    while place < len(png):
        (length,) = struct.unpack(">I", png[place : place + 4])
        name, data = png[place + 4 : place + 8], png[place + 8 : place + 8 + length]
        assert struct.unpack(">I", png[place + 8 + length : place + 12 + length])[0] == zlib.crc32(name + data)
        found[name] = data
        place += 12 + length
    return found


def test_it_is_one_page_and_the_same_each_time() -> None:
    png = png_page(usual())
    found = chunks(png)
    width, height = struct.unpack(">II", found[b"IHDR"][:8])
    assert width == 1_100
    assert 1_000 < height < 2_000
    assert b"tEXt" not in found  # no program, no time
    assert len(png) < 500_000
    assert png_page(usual()) == png


def test_a_run_of_one_session_with_a_strange_title_is_drawn() -> None:
    spec = spec_of(strategy_id="buy_and_hold", title=f"$x^2$ {HOSTILE} 株 \U0001f680")
    assert chunks(png_page(material_of(walk(1), spec)))[b"IHDR"]


def test_what_the_font_does_not_have_is_drawn_as_a_box() -> None:
    assert drawable("AAPL $1 株\x00\n") == "AAPL $1 □ "
