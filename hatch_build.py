"""Build hook of the wheel: with ``RL_ZOO_BUILD_NATIVE=1`` it carries compiled native learners.

Without the variable the wheel holds the C++ as source, for every platform, and the library is built
into a cache by ``rl_zoo doctor --build`` or at first use.
"""

from __future__ import annotations

import os
import sys
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class NativeBuildHook(BuildHookInterface):
    """Compile the native learner for every instruction set of this kind of processor."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the libraries to the wheel, which is then one for this platform.

        Args:
            version: ``standard``, or ``editable``, which needs none.
            build_data: Of hatchling.
        """
        if version != "standard" or os.environ.get("RL_ZOO_BUILD_NATIVE") != "1":
            return
        sys.path.insert(0, self.root)
        from rl_zoo.agents.native import build

        compiler = build.find_compiler()
        if compiler is None:
            raise SystemExit("RL_ZOO_BUILD_NATIVE=1, but there is no C++ compiler (g++)")
        for isa in build.usable_isas():
            file = Path(self.directory) / "native" / build.library_name(isa, compiler)
            build.compile_library(compiler, isa, file)
            place = f"rl_zoo/agents/native/{build.PREBUILT.name}/{file.name}"
            build_data["force_include"][str(file)] = place
        platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{platform}"
