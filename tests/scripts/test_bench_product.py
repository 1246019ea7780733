"""A learner with a library's product in the place of ours computes the same updates."""

from __future__ import annotations

from pathlib import Path

import pytest

from rl_zoo.agents.native import build, library
from scripts import bench_product


@pytest.mark.slow
@pytest.mark.skipif(build.find_compiler() is None, reason="no C++ compiler")
@pytest.mark.parametrize("width", bench_product.WIDTHS)
def test_updates_with_a_library_are_the_same(tmp_path: Path, width: int) -> None:
    products = bench_product.find_products()
    if not products:
        pytest.skip("neither numpy's OpenBLAS nor PyTorch's MKL is here")
    own, update = bench_product.make_learner("SAC", library.load_library())
    start = {name: value.clone() for name, value in own.policy.state_dict().items()}
    update()
    moved = max(float((v - start[k]).abs().max()) for k, v in own.policy.state_dict().items())
    assert moved > 1e-3

    for product in products:
        functions = bench_product.compile_with_library(tmp_path, width, product)
        other, update = bench_product.make_learner("SAC", functions)
        update()
        assert bench_product.largest_difference(own, other) < moved / 10


@pytest.mark.skipif(build.find_compiler() is None, reason="no C++ compiler")
def test_the_written_source_has_the_width_and_both_products(tmp_path: Path) -> None:
    source = bench_product.write_source(tmp_path, 256)

    names = {file.name for file in source.iterdir()}
    assert names == {file.name for file in build.SOURCE.iterdir()} | {"own_linear.h"}
    assert "int WIDTH = 256;" in (source / "vectors.h").read_text()
    assert (source / "own_linear.h").read_text() == (build.SOURCE / "linear.h").read_text()


def test_a_changed_width_is_told_in_one_sentence(tmp_path: Path, monkeypatch) -> None:
    changed = tmp_path / "changed"
    changed.mkdir()
    for file in build.SOURCE.iterdir():
        text = file.read_text().replace("int WIDTH = 32;", "int WIDTH = 48;")
        (changed / file.name).write_text(text)
    monkeypatch.setattr(build, "SOURCE", changed)

    with pytest.raises(SystemExit, match=r"vectors\.h: no line 'int WIDTH = 32;'"):
        bench_product.write_source(tmp_path, 256)
