"""What tables do with texts that anybody may have written."""

from __future__ import annotations

import pytest

from scizor.client.cli.tables import facts, show, table

HOSTILE = "\x1b[2J\x1b]0;title\x07 [bold]x[/bold] [/nope] :boom: a\u202eb"
SHOWN = "\ufffd[2J\ufffd]0;title\ufffd [bold]x[/bold] [/nope] :boom: a\ufffdb"


def test_a_text_is_shown_as_it_stands_without_what_a_terminal_obeys(capsys: pytest.CaptureFixture[str]) -> None:
    show(HOSTILE, table(HOSTILE, ("name",), [(HOSTILE,)]), facts(HOSTILE, [("name", HOSTILE)]))
    told = capsys.readouterr().out
    assert told.count(SHOWN) == 5
    assert not {"\x1b", "\x07", "\u202e"} & set(told)
