"""Processor time of one update with our own matrix product, and with those of two libraries.

The native learner is built a second time from the same source, with sgemm of the OpenBLAS that
numpy brings, or of the MKL that PyTorch contains, in the place of the product, and panels as wide
as the minibatch: row-major activations, as a library likes them; also a quarter as wide. All take
turns in one process. Of a library's variants the fastest counts.

    python scripts/bench_product.py [--rounds 30]

The choice is one for all algorithms: the mean of their ratios is judged, and none may be far below.

Writes the table into docs/benchmarks.md. Exit code 1 where a library's product makes the whole
update less than 1.15 times slower (one algorithm: 1.1 times), where its weights are others, or
where there is no compiler.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from ctypes import c_double, c_long, c_void_p
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import torch
from sb3_contrib import TQC
from stable_baselines3 import SAC

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from rl_zoo.agents.droq import DroQ  # noqa: E402
from rl_zoo.agents.native import build, learner, library  # noqa: E402
from rl_zoo.console import message  # noqa: E402
from scripts.bench_learn import BATCH, STORED, fill, make_env  # noqa: E402
from scripts.conclusion import conclude  # noqa: E402
from scripts.turns import (  # noqa: E402
    ONE_THREAD,
    describe_machine,
    load,
    ratio,
    take_turns,
    use_one_core,
)

REPLACED = ROOT / "scripts" / "native_with_library"
FLOOR = 1.15
"""Of the geometric mean over the algorithms."""
LEAST = 1.1
"""Of each of them."""
UPDATES = 20
"""Of every learner in its turn."""
LONGEST = 30.0
"""Seconds after which no new round of an algorithm begins."""
WIDTHS = (BATCH, BATCH // 4)
"""Transitions side by side in a panel, of the learners with a library's product."""
CEILING = 1e-3
"""How far weights may be apart after 20 updates: another product, not another algorithm."""
ALGORITHMS: dict[str, tuple[Any, dict[str, Any]]] = {
    "SAC": (SAC, {}),
    "TQC": (TQC, {}),
    "DroQ": (DroQ, {"policy_delay": 20, "policy_kwargs": {"dropout_rate": 0.01}}),
}


@dataclass(frozen=True)
class Product:
    """A library's product, built into the learner.

    Attributes:
        name: Of the library, and what it says of itself.
        sgemm: Address of Fortran's function.
    """

    name: str
    sgemm: int


def find_products() -> list[Product]:
    """Return the sgemm of numpy's OpenBLAS and of PyTorch's MKL, where they are found."""
    found = []
    site = Path(np.__file__).parents[1]
    for file in sorted((site / "numpy.libs").glob("*openblas*")):
        openblas = ctypes.CDLL(str(file))
        found += _product(openblas, ("scipy_sgemm_64_", "sgemm_64_", "sgemm_"), _name(openblas))
    for file in sorted((Path(torch.__file__).parent / "lib").glob("libtorch_cpu.so")):
        if torch.backends.mkl.is_available():  # type: ignore[no-untyped-call]
            found += _product(ctypes.CDLL(str(file)), ("sgemm_",), "MKL of PyTorch")
    return found


def _product(opened: ctypes.CDLL, names: tuple[str, ...], title: str) -> list[Product]:
    function = next((getattr(opened, name) for name in names if hasattr(opened, name)), None)
    address = ctypes.cast(function, c_void_p).value if function is not None else None
    return [] if address is None else [Product(title, address)]


def _name(openblas: ctypes.CDLL) -> str:
    words = []
    for name in ("scipy_openblas_get_config64_", "scipy_openblas_get_corename64_"):
        if hasattr(openblas, name):
            function = getattr(openblas, name)
            function.restype = ctypes.c_char_p
            words.append(function().decode())
    version = " ".join(words[0].split()[:2]) if words else "OpenBLAS"
    return f"{version}, {words[1]} kernels" if len(words) > 1 else version


def write_source(folder: Path, width: int) -> Path:
    """Write the learner's source with a library's product in it; return its folder."""
    source = folder / f"source{width}"
    source.mkdir()
    for file in build.SOURCE.iterdir():
        name = "own_linear.h" if file.name == "linear.h" else file.name
        (source / name).write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
    (source / "linear.h").write_text((REPLACED / "linear.h").read_text(encoding="utf-8"))
    vectors = (source / "vectors.h").read_text(encoding="utf-8")
    if vectors.count("int WIDTH = 32;") != 1:
        raise SystemExit(f"{build.SOURCE / 'vectors.h'}: no line 'int WIDTH = 32;' to replace")
    (source / "vectors.h").write_text(vectors.replace("int WIDTH = 32;", f"int WIDTH = {width};"))
    return source


def compile_with_library(folder: Path, width: int, product: Product) -> ctypes.CDLL:
    """Return the learner's functions with a library's product in it."""
    target = folder / f"learner{width}-{product.sgemm:x}.so"
    if not list(folder.glob(f"learner{width}-*.so")):
        with mock.patch.object(build, "SOURCE", write_source(folder, width)):
            build.compile_library(compiler(), build.chosen_isa(), folder / target.name)
    else:  # the same file under another name is another library, with another function
        built = next(folder.glob(f"learner{width}-*.so"))
        target.write_bytes(built.read_bytes())
    with mock.patch.object(library, "library_path", lambda _: target):
        loaded = library.load_library.__wrapped__()
    loaded.learner_use.argtypes, loaded.learner_use.restype = [c_void_p], None
    loaded.learner_use(product.sgemm)
    return loaded


def compiler() -> str:
    """Return the compiler; end where there is none."""
    found = build.find_compiler()
    if found is None:
        raise SystemExit("no C++ compiler (g++) was found")
    return found


def make_learner(algo: str, functions: ctypes.CDLL) -> tuple[Any, Callable[[], object]]:
    """Return an agent, the same at every call, and what its learner does in its turn."""
    algorithm, keywords = ALGORITHMS[algo]
    keywords = {**keywords, "seed": 0, "batch_size": BATCH, "buffer_size": 2 * STORED}
    agent = fill(algorithm("MlpPolicy", make_env(), device="cpu", **keywords))
    np.random.seed(1)
    torch.manual_seed(1)
    with mock.patch.object(library, "load_library", lambda _=None: functions):
        native = learner.NativeLearner(agent, BATCH)
    return agent, lambda: native.update(UPDATES)


def largest_difference(one: Any, other: Any) -> float:
    """Return how far the weights of two agents are apart."""
    theirs = other.policy.state_dict()
    pairs = [(value, theirs[name]) for name, value in one.policy.state_dict().items()]
    return max(float((first - second).abs().max()) for first, second in pairs)


@dataclass(frozen=True)
class Judged:
    """What was found for one algorithm.

    Attributes:
        row: Of the table.
        ratios: Times that ours is faster than with each library.
        failures: What is not as it should be.
    """

    row: str
    ratios: list[float]
    failures: list[str]


def judge(algo: str, variants: dict[str, ctypes.CDLL], rounds: int) -> Judged:
    """Measure one algorithm."""
    made = {}
    for name, functions in variants.items():
        made[name] = make_learner(algo, functions)
        made[name][1]()  # all begin with the same random numbers
    failures = []
    for name, (agent, _) in made.items():
        apart = largest_difference(made["ours"][0], agent)
        if not apart <= CEILING and algo != "DroQ":  # whose masks depend on the width of panels
            failures.append(f"{algo}: the weights with {name} are {apart:.1e} off")
    times = take_turns({name: turn for name, (_, turn) in made.items()}, rounds, UPDATES, LONGEST)
    cells, ratios = [times["ours"].describe(1e3)], []
    for title in dict.fromkeys(name.partition(" | ")[0] for name in variants if name != "ours"):
        fastest = min(
            (times[name] for name in times if name.startswith(title)),
            key=lambda measured: statistics.median(measured.cpu),
        )
        ratios.append(ratio(fastest, times["ours"]))
        cells.append(f"{fastest.describe(1e3)}: **{ratios[-1]:.2f}x**")
        if ratios[-1] < LEAST:
            failures.append(f"{algo}: with {title} {ratios[-1]:.2f}x is below {LEAST:g}x")
    return Judged(f"| {algo} | {' | '.join(cells)} |\n", ratios, failures)


def measure_peak(folder: Path, variants: dict[str, ctypes.CDLL], rounds: int) -> str:
    """Return a table: the product of one layer alone, as a share of what multiply-adds allow."""
    target = folder / "multiply_adds.so"
    command = [compiler(), *build._flags(build.chosen_isa()), f"-I{build.SOURCE}", "-o"]
    command += [str(target), str(REPLACED / "multiply_adds.cpp")]
    subprocess.run(command, check=True)
    peak = ctypes.CDLL(str(target)).multiply_adds
    peak.restype, peak.argtypes = c_double, [c_long]
    done = peak(1)
    repeats = 40
    needed = 2.0 * BATCH**3 * repeats
    weights, bias = np.random.default_rng(0).normal(size=(2, BATCH, BATCH)).astype(np.float32)
    turns: dict[str, Callable[[], object]] = {}
    for name, functions in variants.items():
        functions.learner_product.argtypes = [c_void_p, c_void_p, *[ctypes.c_int] * 4]
        counts = (BATCH, BATCH, BATCH, repeats)
        turns[name] = partial(
            functions.learner_product, weights.ctypes.data, bias.ctypes.data, *counts
        )
    turns["multiply-adds alone"] = lambda: peak(round(needed / done))
    times = take_turns(turns, rounds, 1)
    rates = {name: needed / statistics.median(t.cpu) * 1e-9 for name, t in times.items()}
    most = rates["multiply-adds alone"]
    rows = [f"| {name} | {rate:.0f} | {rate / most:.0%} |\n" for name, rate in rates.items()]
    head = f"| layer of {BATCH} by {BATCH}, batch {BATCH}, with bias and ReLU | GFLOP/s | share |\n"
    return f"{head}|---|--:|--:|\n" + "".join(row.replace(" | panels", ", panels") for row in rows)


def main() -> int:
    """Measure, write the table, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=30, help="turns of each (default: 30)")
    options = parser.parse_args()
    use_one_core()
    torch.set_num_threads(1)
    before = load()
    products = find_products()
    if not products:
        message("neither numpy's OpenBLAS nor PyTorch's MKL was found: nothing to compare with")
        return 1
    judged: list[Judged] = []
    with tempfile.TemporaryDirectory() as name:
        variants = {"ours": library.load_library()}
        for product in products:
            for width in WIDTHS:
                variants[f"{product.name} | panels of {width}"] = compile_with_library(
                    Path(name), width, product
                )
        for algo in ALGORITHMS:
            started = time.perf_counter()
            judged.append(judge(algo, variants, options.rounds))
            message(f"{judged[-1].row.strip()} [{time.perf_counter() - started:.0f} s]")
        peak = measure_peak(Path(name), variants, options.rounds)
    means = np.exp(np.mean(np.log([found.ratios for found in judged]), axis=0))
    failures = [failure for found in judged for failure in found.failures]
    failures += [
        f"{product.name}: {mean:.2f}x in the mean is below {FLOOR:g}x"
        for product, mean in zip(products, means, strict=True)
        if mean < FLOOR
    ]
    titles = [f"with {product.name}: ours faster" for product in products]
    rows = [found.row for found in judged]
    rows.append(
        f"| geometric mean (floor {FLOOR:g}x) | | "
        + " | ".join(f"**{m:.2f}x**" for m in means)
        + " |\n"
    )
    text = (
        f"{describe_machine(before, ['torch', 'numpy'])} {build.chosen_isa()}.\n\n"
        f"| ms per update: CPU median (wall median, CPU least) | ours | {' | '.join(titles)} |\n"
        f"|---|---|{'---|' * len(products)}\n{''.join(rows)}\n{peak}"
    )
    return conclude("bench_product", text, failures)


if __name__ == "__main__":
    # The libraries choose their kernels themselves; threads are read once, when they are loaded.
    wanted = {k: v for k, v in os.environ.items() if k != "OPENBLAS_CORETYPE"} | ONE_THREAD
    if wanted != dict(os.environ):
        os.execve(sys.executable, [sys.executable, *sys.argv], wanted)
    sys.exit(main())
