"""Types out of files: `.proto` by way of the compiler `protoc`, and what that has written with `--descriptor_set_out`."""

from __future__ import annotations

from rrcli.base.errors import ExchangeError, usage
from rrcli.codec.grpc.reflection import files_of_set

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.adapters.grpc.request import GrpcRequest

LONGEST_RUN = 60  # seconds


def files_of(request: GrpcRequest) -> list[bytes]:
    """The serialized files that the options name. Raises `usage` for a file with an error, `local` for one that cannot be read."""
    found = compiled(request.proto, request.import_path) if request.proto else []
    for path in request.protoset:
        from rrcli.base.files import read_local

        try:
            found += files_of_set(read_local(path))
        except ExchangeError as error:
            if error.kind != "malformed":
                raise
            raise usage(f"{path} is no set of descriptors: {error.message}", "protoc --include_imports --descriptor_set_out=FILE") from None
    return found


def compiled(files: tuple[str, ...], paths: tuple[str, ...]) -> list[bytes]:
    """The files that protoc makes of `.proto` files and their imports. Raises `usage` with what it has against them."""
    import os
    import subprocess
    import tempfile

    for path in files:
        if not os.path.exists(path) and not any(os.path.exists(os.path.join(folder, path)) for folder in paths):
            raise ExchangeError("local", "input", f"cannot read {path}: no such file or directory")
    with tempfile.TemporaryDirectory(prefix="rrcli-") as folder:
        out = os.path.join(folder, "set")
        own = dict.fromkeys(os.path.dirname(path) or "." for path in files if os.path.exists(path))
        searched = [f"-I{each}" for each in dict.fromkeys((*paths, *own))]
        command = [protoc(), *searched, "--include_imports", f"--descriptor_set_out={out}", *files]
        try:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LONGEST_RUN, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise ExchangeError("local", "input", f"protoc cannot be run: {error}") from error
        if done.returncode:
            lines = done.stderr.strip().splitlines() or [f"protoc ended with {done.returncode}"]
            raise usage("; ".join(lines[:5]), "--import-path DIR names the folder that imports begin in")
        with open(out, "rb") as file:
            return list(files_of_set(file.read()))


def protoc() -> str:
    """The compiler: beside this interpreter, where the extra puts it, or in PATH. Raises `usage` where there is none."""
    import os
    import shutil
    import sys

    beside = os.path.join(os.path.dirname(sys.executable), "protoc")
    found = beside if os.access(beside, os.X_OK) else shutil.which("protoc")
    if found is None:
        raise usage("--proto needs the compiler protoc", "pip install 'rrcli[grpc]'")
    return found
