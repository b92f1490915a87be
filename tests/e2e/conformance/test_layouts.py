"""The official decoders take from every message exactly what is in it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.e2e.conformance.environments import python_with
from tests.unit.ibsim.wire_samples import VERSIONS, messages

_ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(("client", "versions"), [("9.81.1", (157,)), ("10.51.1", (158, *VERSIONS))])
def test_no_field_is_left_over(client: str, versions: tuple[int, ...]) -> None:
    sent = [(version, name, payload) for version in versions for name, payload in messages(version).items()]
    done = subprocess.run(
        [python_with(client), "-m", "tests.e2e.conformance.leftovers"],
        input=json.dumps([(version, payload.hex()) for version, _, payload in sent]).encode(),
        cwd=_ROOT,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    left = {(version, name): count for (version, name, _), count in zip(sent, json.loads(done.stdout), strict=True)}
    assert {what: count for what, count in left.items() if count} == {}
