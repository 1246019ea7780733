"""Compile the C++ of this package once, for the instruction set of this computer, into a cache."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

from rl_zoo.errors import ZooError

SOURCE = Path(__file__).with_name("source")

_COMMON_FLAGS = (
    "-std=c++17",
    "-O3",
    "-fno-math-errno",
    "-fno-trapping-math",
    "-ffp-contract=fast",
    "-shared",
    "-fPIC",
)
_ISA_FLAGS = {
    "avx512": ("-march=x86-64-v4", "-mprefer-vector-width=512"),
    "avx2": ("-march=x86-64-v3",),
    "generic": (),  # SSE2 on x86, NEON on 64-bit ARM
}
_NEEDED_CPU_FLAGS = {
    "avx512": {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl", "avx2", "fma"},
    "avx2": {"avx2", "fma", "bmi2"},
    "generic": set[str](),
}
_TIMEOUT = 300.0  # seconds: a Raspberry Pi takes its time


class NativeBuildError(ZooError):
    """The native learner cannot be built here; the reason is one sentence."""


def library_path(isa: str | None = None) -> Path:
    """Return the compiled library, built first if the cache lacks it.

    Without a compiler, one that another compiler built from the same source serves as well.

    Args:
        isa: "avx512", "avx2" or "generic"; None: ``$RL_ZOO_NATIVE_ISA`` or the best of this CPU.

    Raises:
        NativeBuildError: If there is no compiler, or it fails.
    """
    isa = isa or os.environ.get("RL_ZOO_NATIVE_ISA") or best_isa()
    if isa not in _ISA_FLAGS:
        raise NativeBuildError(f"instruction set '{isa}' is none of {', '.join(_ISA_FLAGS)}")
    flags = [*_COMMON_FLAGS, *_ISA_FLAGS[isa]]
    name = f"learner-{isa}-{_digest_of_source(flags)}"
    compiler = shutil.which(os.environ.get("CXX") or "g++") or shutil.which("c++")
    if compiler is None:
        built = sorted(cache_folder().glob(f"{name}-*.so"))
        if not built:
            raise NativeBuildError("no C++ compiler (g++) was found")
        return built[0]
    target = cache_folder() / f"{name}-{_digest(_compiler_version(compiler).encode())}.so"
    if not target.exists():
        _compile(compiler, flags, target)
    return target


def best_isa() -> str:
    """Return the widest instruction set of this CPU for which there are flags."""
    available = _cpu_flags()
    return next(isa for isa, needed in _NEEDED_CPU_FLAGS.items() if needed <= available)


def cache_folder() -> Path:
    """Return where compiled libraries are kept: ``$RL_ZOO_CACHE`` or the user's cache folder."""
    own = os.environ.get("RL_ZOO_CACHE")
    if own:
        return Path(own)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "rl_zoo"


def _compile(compiler: str, flags: list[str], target: Path) -> None:
    """Compile to a temporary name and rename: processes that build at once do not disturb."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent) as folder:
            built = Path(folder) / target.name
            command = [compiler, *flags, "-o", str(built), str(SOURCE / "learner.cpp")]
            subprocess.run(command, check=True, capture_output=True, text=True, timeout=_TIMEOUT)
            built.replace(target)
    except OSError as error:
        raise NativeBuildError(f"{target.parent} cannot be written ({error})") from error
    except subprocess.CalledProcessError as error:
        lines = [line for line in error.stderr.splitlines() if "error" in line] or ["no message"]
        raise NativeBuildError(f"{compiler} failed: {lines[0]}") from error
    except subprocess.TimeoutExpired as error:
        raise NativeBuildError(f"{compiler} took more than {_TIMEOUT:.0f} s") from error


def _digest_of_source(flags: list[str]) -> str:
    parts = ["\0".join(flags).encode()]
    for file in sorted(SOURCE.iterdir()):
        parts += [file.name.encode(), file.read_bytes()]
    return _digest(*parts)


def _digest(*parts: bytes) -> str:
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:12]


@cache
def _compiler_version(compiler: str) -> str:
    try:
        answer = subprocess.run(
            [compiler, "--version"], check=True, capture_output=True, text=True, timeout=30
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise NativeBuildError(f"{compiler} does not run ({error})") from error
    return f"{platform.machine()} {answer.stdout.splitlines()[0]}"


def _cpu_flags() -> set[str]:
    """Return the CPU features that Linux names; none elsewhere."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return set()
    line = next((line for line in text.splitlines() if line.startswith("flags")), "")
    return set(line.partition(":")[2].split())
