"""Names that are not there are found without running anything."""

from __future__ import annotations

from scizor.services.research.names import unknown_names

STRATEGY = """
class Mine(EventStrategy):
    def on_bar(self, ctx):
        for symbol in ctx.symbols:
            if ctx.close(symbol) > ctx.equty:
                ctx.bye(symbol, 1)
        self.ctx.anything()

    def other(self, bars):
        return bars.close, bars.symbols, bars.closes
"""


def test_each_unknown_name_has_its_line_and_what_was_meant() -> None:
    found = list(unknown_names(STRATEGY))
    assert [tuple(place) for place, _ in found] == [(5, 36), (6, 17), (10, 42)]
    assert found[0][1] == "ctx has no equty: did you mean equity?"
    assert "did you mean close?" in found[2][1]


def test_everything_that_a_context_has_is_known() -> None:
    members = ("time", "cash", "position", "orders", "bracket", "one_cancels_other", "target", "cancel_all", "history")
    lines = "".join(f"    ctx.{name}\n" for name in members)
    assert not list(unknown_names(f"def on_bar(self, ctx):\n{lines}"))
