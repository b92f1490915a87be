from __future__ import annotations

from hashlib import sha256

import pytest

from scizor.engine.market import Market
from scizor.engine.settings import Settings
from scizor.strategy import EventStrategy, StrategyError, VectorStrategy
from scizor.strategy.drive import Driver
from scizor.strategy.loader import load
from tests.unit.strategy.build import panel_of

HEAD = "from scizor.strategy import EventStrategy, VectorStrategy, Int\n"
ONE = HEAD + "class MyIdea(EventStrategy):\n    '''Does nothing.'''\n    n = Int(1, 1, 9)\n    def on_bar(self, ctx):\n"


def test_the_only_strategy_of_a_file_is_found() -> None:
    text = ONE + "        pass\n"
    found = load(text, "my_idea.py")
    assert (found.id, found.description) == ("my_idea", "Does nothing.")
    assert found.version == f"sha256:{sha256(text.encode()).hexdigest()}"
    assert found(n=3).params == {"n": 3}


def test_a_class_others_build_on_is_not_meant() -> None:
    text = ONE + "        pass\nclass Mine(MyIdea):\n    pass\n"
    assert load(text, "my_idea.py").id == "mine"


def test_of_several_the_file_says_which() -> None:
    text = ONE + "        pass\nclass Other(EventStrategy):\n    def on_bar(self, ctx): pass\n"
    with pytest.raises(StrategyError, match=r"my_idea\.py: defines MyIdea, Other: say which by `strategy = MyIdea`"):
        load(text, "/home/me/my_idea.py")
    assert load(text + "strategy = Other\n", "my_idea.py").id == "other"


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("def f(:\n", 1, "SyntaxError: "),
        ("x = 1\nif x:\ny = 2\n", 3, "IndentationError: expected an indented block"),
        ("\0", 0, "null bytes"),
        (HEAD + "1 / 0\n", 2, "ZeroDivisionError: division by zero"),
        ("import no_such_module\n", 1, "ModuleNotFoundError: No module named 'no_such_module'"),
        (HEAD + "class Bad(VectorStrategy):\n    n = Int(9, 1, 5)\n", 3, "must be between 1 and 5"),
        (HEAD + "class Bad(VectorStrategy):\n    def __init__(self): pass\n", 2, "set things up in on_start"),
        (HEAD, 0, "defines no strategy: a class from VectorStrategy or EventStrategy"),
        (HEAD + "class Bad(VectorStrategy):\n    pass\n", 0, r"Bad has no targets\(self, bars\)"),
        (HEAD + "class Bad(EventStrategy):\n    pass\n", 0, r"Bad has no on_bar\(self, ctx\)"),
        (HEAD + "strategy = 5\n", 0, "`strategy` must name a strategy class"),
    ],
)
def test_a_file_without_a_strategy_is_refused_with_the_line(text: str, line: int, problem: str) -> None:
    with pytest.raises(StrategyError, match=problem) as caught:
        load(text, "/home/me/bad.py")
    assert (caught.value.file, caught.value.line) == ("/home/me/bad.py", line)
    assert caught.value.message.startswith(f"bad.py:{line}: " if line else "bad.py: ")


def test_an_error_at_run_time_names_the_line_of_the_file() -> None:
    found = load(ONE + "        ctx.buy('A', -1)\n", "/home/me/my_idea.py")
    strategy = found()
    assert isinstance(strategy, EventStrategy)
    with pytest.raises(StrategyError) as caught:
        Driver(strategy, Market(panel_of([[1.0]], symbols=["A"])), Settings()).run()
    assert caught.value.message.startswith("my_idea.py:6 at 1970-01-01: quantity: must be above 0")


def test_dataclasses_and_later_annotations_work_in_a_file() -> None:
    text = (
        "from __future__ import annotations\nfrom dataclasses import dataclass\n"
        "@dataclass\nclass Note:\n    text: str\n    row: int = 0\n" + ONE + "        Note('x')\n"
    )
    assert load(text, "my_idea.py").id == "my_idea"


@pytest.mark.parametrize(
    ("method", "problem"),
    [
        ("on_bar(self)", r"on_bar is called as on_bar\(self, ctx\), and takes \(self\)"),
        ("on_start(self)", r"on_start is called as on_start\(self, ctx\)"),
        ("on_stop(self, ctx, why)", r"on_stop is called as on_stop\(self, ctx\), and takes \(self, ctx, why\)"),
        ("on_order(self, order)", r"on_order is called as on_order\(self, ctx, order\)"),
        ("on_fill(self, ctx, fill, *, loud)", r"on_fill is called as on_fill\(self, ctx, fill\)"),
        ("check(self, ctx)", r"check is called as check\(self\)"),
    ],
)
def test_a_method_that_could_not_be_called_is_refused_with_its_line(method: str, problem: str) -> None:
    text = ONE + f"        pass\nclass Mine(MyIdea):\n\n    def {method}:\n        pass\n"
    with pytest.raises(StrategyError, match=problem) as caught:
        load(text, "/home/me/my_idea.py")
    assert (caught.value.file, caught.value.line) == ("/home/me/my_idea.py", 9)
    assert caught.value.message.startswith("my_idea.py:9: ")


def test_a_strategy_of_a_module_is_refused_when_its_class_is_made() -> None:
    with pytest.raises(
        StrategyError, match=r"test_loader\.py:\d+: targets is called as targets\(self, bars\)"
    ) as caught:

        class Bare(VectorStrategy):
            def targets(self) -> None:  # type: ignore[override]  # the mistake is meant
                pass

    assert (caught.value.strategy, caught.value.file) == ("bare", __file__)


def test_methods_may_take_more_than_they_are_called_with_and_helpers_take_what_they_like() -> None:
    text = (
        HEAD + "class Told:\n    def on_fill(self, *told): pass\n"
        "class Mine(Told, EventStrategy):\n    def on_bar(self, ctx, loud=False): pass\n    def targets(self): pass\n"
    )
    assert load(text, "mine.py").id == "mine"
