"""Another opinion on the manifests: checkov's, with a reason for each of its wishes that is not granted."""

from __future__ import annotations

import fcntl
import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.chart.rendering import CI, rendered

pytestmark = [pytest.mark.full, pytest.mark.timeout(900)]

BUILD = Path(__file__).parents[2] / "build"
PACKAGE = "checkov==3.3.30"
WITHIN_S = 600

ACCEPTED = {
    "CKV_K8S_15": "pull always: a digest or a version's tag names one image, and a node without the registry goes on",
    "CKV_K8S_35": "secrets as files: the address of the database is read from the environment, as every driver's is",
    "CKV_K8S_43": "digests: those of the operator's registry are his to give (image.digest, envoy.image)",
    "CKV_K8S_40": "a high user id: PostgreSQL's own image has 999, and is for trials",
}


@pytest.fixture(scope="module")
def checkov() -> Path:
    """The program, in an environment of its own: it wants other versions of much."""
    folder = BUILD / "checkov-3.3.30"
    BUILD.mkdir(exist_ok=True)
    with (BUILD / "checkov.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "ready").exists():
            try:
                _build(folder)
            except subprocess.CalledProcessError as error:
                pytest.skip(f"NOT CHECKED BY {PACKAGE}: {error.stderr.decode(errors='replace')[-500:]}")
            (folder / "ready").touch()
    return folder / "bin" / "checkov"


def _build(folder: Path) -> None:
    install = [
        str(folder / "bin" / "python"),
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        PACKAGE,
    ]
    subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True, capture_output=True, timeout=WITHIN_S)
    subprocess.run(install, check=True, capture_output=True, timeout=WITHIN_S)


def test_what_checkov_finds_has_a_reason(checkov: Path, tmp_path: Path) -> None:
    for kind in CI:
        (tmp_path / f"{kind}.yaml").write_text(yaml.safe_dump_all(rendered(kind)))
    judged = subprocess.run(
        [checkov, "-d", tmp_path, "--framework", "kubernetes", "--output", "json", "--compact", "--skip-download"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    found = json.loads(judged.stdout)
    assert found["summary"]["passed"] > 1000
    failed = {one["check_id"] for one in found["results"]["failed_checks"]}
    assert failed == ACCEPTED.keys()
    of_the_database = {
        one["resource"].rpartition("-")[2]
        for one in found["results"]["failed_checks"]
        if one["check_id"] == "CKV_K8S_40"
    }
    assert of_the_database == {"postgresql"}
