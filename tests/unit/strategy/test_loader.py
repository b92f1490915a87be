from __future__ import annotations

from hashlib import sha256

import pytest

from scizor.engine.market import Market
from scizor.engine.settings import Settings
from scizor.strategy import EventStrategy, StrategyError
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
