"""The native learner is compiled once, and found again."""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from rl_zoo.agents.native import build
from rl_zoo.agents.native.build import library_name, library_path

ROOT = Path(__file__).parents[3]
COMPILER = """#!/bin/sh
[ "$1" = --version ] && echo 1 && exit
echo built >> "{log}"
sleep 0.3
while [ "$1" != -o ]; do shift; done
cp /bin/sh "$2"
"""


def make_compiler(folder):
    compiler, log = folder / "g++", folder / "log"
    compiler.write_text(COMPILER.format(log=log))
    compiler.chmod(0o755)
    return compiler, log


def test_processes_that_start_at_once_compile_once(tmp_path, monkeypatch):
    compiler, log = make_compiler(tmp_path)
    monkeypatch.setenv("CXX", str(compiler))
    monkeypatch.setenv("RL_ZOO_CACHE", str(tmp_path / "cache"))
    code = "from rl_zoo.agents.native.build import library_path; print(library_path())"
    started = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) for _ in range(3)
    ]
    answers = {process.communicate(timeout=60)[0] for process in started}
    assert len(answers) == 1
    assert Path(answers.pop().decode().strip()).is_file()
    assert log.read_text().split() == ["built"]


def test_library_in_the_wheel_is_taken_without_a_compiler_and_with_one(tmp_path, monkeypatch):
    name = library_name(build.chosen_isa(), build.find_compiler() or sys.executable)
    monkeypatch.setattr(build, "PREBUILT", tmp_path / "prebuilt")
    monkeypatch.setenv("RL_ZOO_CACHE", str(tmp_path / "cache"))
    build.PREBUILT.mkdir()
    shutil.copy("/bin/sh", build.PREBUILT / name)
    assert library_path() == build.PREBUILT / name
    monkeypatch.setattr(build.shutil, "which", lambda name: None)
    assert library_path() == build.PREBUILT / name


@pytest.mark.parametrize("kept", [0, 1, 70, 5000])
def test_library_that_was_cut_short_is_built_again(tmp_path, monkeypatch, kept):
    compiler, log = make_compiler(tmp_path)
    monkeypatch.setenv("CXX", str(compiler))
    monkeypatch.setenv("RL_ZOO_CACHE", str(tmp_path / "cache"))
    library = library_path()
    os.truncate(library, kept)
    assert not build.is_built()
    assert library_path() == library
    assert library.read_bytes() == Path("/bin/sh").read_bytes()
    assert log.read_text().split() == ["built", "built"]


def test_other_source_is_another_library(tmp_path, monkeypatch):
    before = build._stem("generic")
    for file in build.SOURCE.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "adam.h").write_text("// changed\n")
    monkeypatch.setattr(build, "SOURCE", tmp_path)
    build._digest_of_source.cache_clear()
    try:
        assert build._stem("generic") != before
    finally:
        build._digest_of_source.cache_clear()


def load_hook(monkeypatch):
    """Return the build hook of the wheel; hatchling itself is not needed to call it."""
    interface = ModuleType("hatchling.builders.hooks.plugin.interface")
    interface.BuildHookInterface = object
    for name in ("", ".builders", ".builders.hooks", ".builders.hooks.plugin"):
        monkeypatch.setitem(sys.modules, f"hatchling{name}", ModuleType(f"hatchling{name}"))
    monkeypatch.setitem(sys.modules, interface.__name__, interface)
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.NativeBuildHook()


def test_wheel_carries_every_instruction_set_if_that_is_asked_for(tmp_path, monkeypatch):
    compiler, log = make_compiler(tmp_path)
    monkeypatch.setenv("CXX", str(compiler))
    hook = load_hook(monkeypatch)
    hook.root, hook.directory = str(ROOT), str(tmp_path / "dist")
    plain = {"force_include": {}}
    hook.initialize("standard", plain)
    assert plain == {"force_include": {}} and not log.exists()

    monkeypatch.setenv("RL_ZOO_BUILD_NATIVE", "1")
    hook.initialize("editable", plain)
    assert plain == {"force_include": {}}
    data = {"force_include": {}}
    hook.initialize("standard", data)
    assert len(data["force_include"]) == len(build.usable_isas()) == len(log.read_text().split())
    for file, place in data["force_include"].items():
        assert Path(file).is_file()
        assert (ROOT / place).parent == build.PREBUILT
    assert data["tag"].startswith("py3-none-") and not data["tag"].endswith("any")
