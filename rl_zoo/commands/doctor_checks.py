"""What ``doctor`` finds out; the learning libraries are not imported for it."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import resource
from pathlib import Path

from rl_zoo import __version__


def examine() -> dict[str, str]:
    """Return what this computer offers: subject -> one sentence."""
    return {
        "rl_zoo": f"{__version__}, Python {platform.python_version()}, {platform.platform()}",
        "processor": _processor(),
        "threads": _threads(),
        "real time": _scheduling(),
        "memory": _memory_lock(),
        "native": _native(),
        "torch": _torch(),
        "jax": _jax(),
        "gpu": _gpu(),
    }


def _processor() -> str:
    from rl_zoo.cpu_budget import cpu_quota, usable_cores

    quota, cores = cpu_quota(), usable_cores()
    limit = "" if quota is None else f", limited to {quota:g} by its control group"
    usable = f"{len(cores)} of {os.cpu_count() or 1} cores usable"
    return f"{_model_name()}, {usable} ({_listed(cores)}){limit}"


def _threads() -> str:
    from rl_zoo.cpu_budget import SPEED_VARIABLES, THREAD_VARIABLES, choose_num_threads

    native, others = choose_num_threads(-1), choose_num_threads(-1, useful=4)
    images = "off-policy updates of sb3 and policies for images"
    chosen = f"{native} per training" + ("" if native == others else f"; {others} for {images}")
    found = [f"{name}={os.environ[name]}" for name in SPEED_VARIABLES if os.environ.get(name)]
    slow = [name for name in ("OPENBLAS_CORETYPE",) if os.environ.get(name)]
    chosen += f"; set: {' '.join(found)}" if found else f"; no {THREAD_VARIABLES[0]} set"
    return chosen + (f"; {slow[0]} may halve the speed of numpy's products" if slow else "")


def _scheduling() -> str:
    from rl_zoo.robots.control.realtime import leave_fifo, set_fifo

    if os.sched_getscheduler(0) != os.SCHED_OTHER:
        return f"this process has policy {os.sched_getscheduler(0)} already"
    refusal = set_fifo(1)
    if refusal is not None:
        return refusal
    leave_fifo()
    limit = resource.getrlimit(resource.RLIMIT_RTPRIO)[0]
    how = "root" if os.geteuid() == 0 else f"rtprio {limit}" if limit else "CAP_SYS_NICE"
    return f"SCHED_FIFO allowed ({how}); kernel: {_preemption()}"


def _memory_lock() -> str:
    from rl_zoo.robots.control.realtime import may_lock_everything

    if may_lock_everything():
        return "may be locked without limit (mlockall)"
    limit = resource.getrlimit(resource.RLIMIT_MEMLOCK)[0] / 2**20
    return (
        f"{limit:.0f} MiB may be locked: only what a control process starts with, if that fits; "
        "more with root, CAP_IPC_LOCK, or '<user> - memlock unlimited' in /etc/security/limits.conf"
    )


def _native() -> str:
    from rl_zoo.agents.native.build import (
        NativeBuildError,
        chosen_isa,
        find_compiler,
        is_built,
        library_path,
    )
    from rl_zoo.agents.native.library import load_library

    try:
        isa = chosen_isa()
        compiler = find_compiler() or "no compiler (Debian: apt install g++)"
        if not is_built():
            return f"not built; {isa}, {compiler}; build it with: rl_zoo doctor --build"
        load_library()
    except (NativeBuildError, OSError) as error:
        return f"not usable: {error}; every training works without it"
    return f"built; {isa}, {compiler}; {library_path()}"


def _torch() -> str:
    version = _version_of("torch")
    build = "the build for CPUs" if "+cpu" in version else "fast products are probed at each start"
    return f"{version} ({build}), stable-baselines3 {_version_of('stable-baselines3')}"


def _jax() -> str:
    versions = {name: _version_of(name) for name in ("jax", "sbx-rl")}
    missing = [name for name, version in versions.items() if version == "not installed"]
    if missing:
        return f"{' and '.join(missing)} not installed (pip install 'rl_zoo[sbx]')"
    return ", ".join(f"{name} {version}" for name, version in versions.items())


def _gpu() -> str:
    try:
        line = Path("/proc/driver/nvidia/version").read_text().splitlines()[0]
    except (OSError, IndexError):
        return "no NVIDIA driver"
    unused = "; torch is the build for CPUs" if "+cpu" in _version_of("torch") else ""
    return " ".join(line.removeprefix("NVRM version:").split()) + unused


def _version_of(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def _model_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())


def _preemption() -> str:
    if Path("/sys/kernel/realtime").exists():
        return "PREEMPT_RT"
    version = platform.version()
    return next((word for word in version.split() if word.startswith("PREEMPT")), "not preemptible")


def _listed(numbers: tuple[int, ...]) -> str:
    """Return 0-3, or 0, 2, 5 where numbers are missing."""
    if len(numbers) > 2 and numbers == tuple(range(numbers[0], numbers[-1] + 1)):
        return f"{numbers[0]}-{numbers[-1]}"
    return ", ".join(map(str, numbers))
