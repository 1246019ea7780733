"""Compile the C++ of this package once, for the instruction set of this computer, into a cache.

Standard library only: the wheel's build hook, ``rl_zoo doctor`` and the supervisor of a real-time
run use it.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from rl_zoo.errors import ZooError

SOURCE = Path(__file__).with_name("source")
PREBUILT = Path(__file__).with_name("prebuilt")
"""Where a wheel that was built with a compiler carries its libraries."""

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
    """Return the compiled library, built first if wheel and cache lack it.

    Without a compiler, one that another compiler built from the same source serves as well.

    Args:
        isa: "avx512", "avx2" or "generic"; None: ``$RL_ZOO_NATIVE_ISA`` or the best of this CPU.

    Raises:
        NativeBuildError: If there is no compiler, or it fails.
    """
    isa = isa or chosen_isa()
    found = _find(isa)
    if found is not None:
        return found
    compiler = find_compiler()
    if compiler is None:
        raise NativeBuildError("no C++ compiler (g++) was found")
    target = cache_folder() / library_name(isa, compiler)
    with _only_one_builds(target.parent):
        if not _is_whole(target):
            compile_library(compiler, isa, target)
    return target


def is_built(isa: str | None = None) -> bool:
    """Say whether ``library_path`` would return at once.

    Raises:
        NativeBuildError: If ``isa`` or ``$RL_ZOO_NATIVE_ISA`` is no instruction set.
    """
    return _find(isa or chosen_isa()) is not None


def chosen_isa() -> str:
    """Return ``$RL_ZOO_NATIVE_ISA`` or the best instruction set of this CPU.

    Raises:
        NativeBuildError: If the variable names none.
    """
    isa = os.environ.get("RL_ZOO_NATIVE_ISA") or best_isa()
    if isa not in _ISA_FLAGS:
        raise NativeBuildError(f"RL_ZOO_NATIVE_ISA={isa}: is none of {', '.join(_ISA_FLAGS)}")
    return isa


def usable_isas() -> list[str]:
    """Return the instruction sets that libraries for computers like this one are built for."""
    is_x86 = platform.machine() in ("x86_64", "AMD64")
    return list(_ISA_FLAGS) if is_x86 else ["generic"]


def find_compiler() -> str | None:
    """Return the path of ``$CXX``, g++ or c++; None if there is none."""
    return shutil.which(os.environ.get("CXX") or "g++") or shutil.which("c++")


def library_name(isa: str, compiler: str) -> str:
    """Return a file name that says instruction set, source with flags, and compiler (digests)."""
    return f"{_stem(isa)}-{_digest(_compiler_version(compiler).encode())}.so"


def _find(isa: str) -> Path | None:
    """Return a library that is there already: the wheel's, this compiler's, or another's."""
    compiler = find_compiler()
    if compiler is not None and not any(PREBUILT.glob(f"{_stem(isa)}-*.so")):
        built = cache_folder() / library_name(isa, compiler)
        return built if _is_whole(built) else None
    folders = [PREBUILT, cache_folder()]
    by_any = [file for folder in folders for file in sorted(folder.glob(f"{_stem(isa)}-*.so"))]
    return next(filter(_is_whole, by_any), None)


def _is_whole(library: Path) -> bool:
    """Say whether a library is there to its end: to load half of one kills the process."""
    try:
        size = library.stat().st_size
        with library.open("rb") as file:
            header = file.read(64)
    except OSError:
        return False
    if len(header) < 64 or header[:5] != b"\x7fELF\x02":  # of 64 bits
        return size > 64 and not (sys.platform == "linux" and sys.maxsize > 2**32)
    start = int.from_bytes(header[40:48], "little")  # of the table of sections, which ends the file
    entry, n_entries = (int.from_bytes(header[at : at + 2], "little") for at in (58, 60))
    return start + entry * n_entries <= size


@contextmanager
def _only_one_builds(folder: Path) -> Iterator[None]:
    """Wait while another process builds: many start at once in a sweep."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise NativeBuildError(f"{folder} cannot be written ({error.strerror})") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


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


def compile_library(compiler: str, isa: str, target: Path) -> None:
    """Compile to a temporary name and rename: what is there under ``target`` is whole.

    Raises:
        NativeBuildError: If the compiler fails or the folder cannot be written.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent) as folder:
            built = Path(folder) / target.name
            command = [compiler, *_flags(isa), "-o", str(built), str(SOURCE / "learner.cpp")]
            subprocess.run(command, check=True, capture_output=True, text=True, timeout=_TIMEOUT)
            with built.open("rb") as file:
                os.fsync(file.fileno())
            built.replace(target)
    except OSError as error:
        raise NativeBuildError(f"{target.parent} cannot be written ({error})") from error
    except subprocess.CalledProcessError as error:
        lines = [line for line in error.stderr.splitlines() if "error" in line] or ["no message"]
        needed = "g++ 11 or newer is needed"  # names x86-64-v3 and -v4 since then
        raise NativeBuildError(f"{compiler} failed ({needed}): {lines[0]}") from error
    except subprocess.TimeoutExpired as error:
        raise NativeBuildError(f"{compiler} took more than {_TIMEOUT:.0f} s") from error


def _flags(isa: str) -> list[str]:
    return [*_COMMON_FLAGS, *_ISA_FLAGS[isa]]


def _stem(isa: str) -> str:
    if isa not in _ISA_FLAGS:
        raise NativeBuildError(f"instruction set '{isa}' is none of {', '.join(_ISA_FLAGS)}")
    return f"learner-{isa}-{_digest_of_source(isa)}"


@cache
def _digest_of_source(isa: str) -> str:
    parts = ["\0".join(_flags(isa)).encode()]
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
