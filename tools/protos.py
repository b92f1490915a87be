"""Generates `protos/gen` from `protos/scizor`, and proves that it is current and breaks nobody.

    python -m tools.protos generate            write protos/gen
    python -m tools.protos drift               fail when protos/gen is not what the sources give
    python -m tools.protos breaking REVISION   fail when a change since that git revision breaks a caller

The imports of others (google/api, google/rpc, google/type, buf/validate) come from installed packages and are put
together in `build/protos/third_party`, which git ignores.
"""

from __future__ import annotations

import argparse
import filecmp
import shutil
import subprocess
import sys
import tempfile
import zipfile
from io import BytesIO
from pathlib import Path

import google.api.annotations_pb2 as google_api
from protovalidate._gen.buf.validate import validate_pb

from tools.proto_source import proto2_source

ROOT = Path(__file__).parent.parent
GENERATED = ROOT / "protos" / "gen"
THIRD_PARTY = ROOT / "build" / "protos" / "third_party"
BIN = Path(sys.executable).parent
VALIDATE = Path("buf/validate/validate.proto")
DESCRIPTOR_SET = Path("scizor/descriptor.binpb")
GOOGLE = (
    "google/api/annotations.proto",
    "google/api/field_behavior.proto",
    "google/api/http.proto",
    "google/api/httpbody.proto",
    "google/rpc/error_details.proto",
    "google/rpc/status.proto",
    "google/type/decimal.proto",
    "google/type/money.proto",
)


def assemble_imports() -> None:
    """Write the protos that ours import to THIRD_PARTY."""
    shutil.rmtree(THIRD_PARTY, ignore_errors=True)
    site = Path(google_api.__file__).parent.parent.parent
    for name in GOOGLE:
        target = THIRD_PARTY / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(site / name, target)
    target = THIRD_PARTY / VALIDATE
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(proto2_source(validate_pb.desc().proto.to_binary()))


def generate(target: Path) -> None:
    """Write Python modules, typed stubs and the descriptor set that Envoy transcodes by."""
    assemble_imports()
    own = sorted(str(path.relative_to(ROOT / "protos")) for path in (ROOT / "protos" / "scizor").rglob("*.proto"))
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    services = [name for name in own if name.endswith("_service.proto")]
    plugin = f"--plugin=protoc-gen-{{0}}={BIN}/protoc-gen-{{0}}"
    _protoc(
        [f"--python_out={target}", f"--mypy_out=quiet:{target}", plugin.format("mypy"), *own, str(VALIDATE)],
    )
    _protoc([f"--grpc_python_out={target}", f"--mypy_grpc_out=quiet:{target}", plugin.format("mypy_grpc"), *services])
    descriptors = [f"--descriptor_set_out={target / DESCRIPTOR_SET}", "--include_imports"]
    _protoc([*descriptors, *services, "google/rpc/status.proto", "google/rpc/error_details.proto"])


def _protoc(arguments: list[str]) -> None:
    command = [sys.executable, "-m", "grpc_tools.protoc", f"-I{ROOT / 'protos'}", f"-I{THIRD_PARTY}", *arguments]
    subprocess.run(command, check=True, timeout=120)


def drift() -> list[str]:
    """Names of generated files that are not what the sources give."""
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder) / "gen"
        generate(fresh)
        names = {path.relative_to(root) for root in (fresh, GENERATED) for path in _files(root)}
        return sorted(str(name) for name in names if not _same(fresh / name, GENERATED / name))


def _files(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file() and "__pycache__" not in path.parts]


def _same(one: Path, other: Path) -> bool:
    return one.is_file() and other.is_file() and filecmp.cmp(one, other, shallow=False)


def breaking(revision: str) -> int:
    """Compare with the protos of a git revision; 0 when nothing breaks, or when it had none."""
    assemble_imports()
    archive = subprocess.run(
        ["git", "archive", "--format=zip", revision, "protos/scizor", "buf.yaml"],
        cwd=ROOT,
        capture_output=True,
        timeout=60,
        check=False,
    )
    if archive.returncode != 0:
        print(f"no protos at {revision}: nothing to compare with")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        with zipfile.ZipFile(BytesIO(archive.stdout)) as files:
            files.extractall(folder)
        shutil.copytree(THIRD_PARTY, Path(folder) / "build" / "protos" / "third_party")
        command = [str(BIN / "buf"), "breaking", "--against", folder]
        return subprocess.run(command, cwd=ROOT, timeout=120, check=False).returncode


def main() -> int:
    """Run the command named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("generate")
    commands.add_parser("drift")
    commands.add_parser("imports")
    commands.add_parser("breaking").add_argument("revision")
    arguments = parser.parse_args()
    if arguments.command == "generate":
        generate(GENERATED)
    elif arguments.command == "imports":
        assemble_imports()
    elif arguments.command == "breaking":
        return breaking(arguments.revision)
    elif stale := drift():
        print("protos/gen is stale, run `make protos`:", *stale, sep="\n  ")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
