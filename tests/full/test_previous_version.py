"""While a version is rolled out, the one before serves on a database that is migrated already."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tools.previous import NOT_THERE, ROOT

pytestmark = pytest.mark.full


@pytest.mark.timeout(960)
def test_the_version_before_works_on_this_schema() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tools.previous"], cwd=ROOT, capture_output=True, text=True, timeout=940, check=False
    )
    if done.returncode == NOT_THERE:
        pytest.skip(done.stderr.strip())
    assert done.returncode == 0, done.stdout + done.stderr
