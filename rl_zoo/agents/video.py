"""Film an agent: mp4 without a system ffmpeg, without a display."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable, Generator, Iterator, MutableMapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from rl_zoo.agents.playback import Playback, PlayedEnv, PlaySettings, play
from rl_zoo.errors import MissingDependencyError, UsageError, ZooError
from rl_zoo.runs.atomic import write_with
from rl_zoo.runs.select import SelectedModel

if TYPE_CHECKING:
    import numpy as np

DEFAULT_FPS = 30
"""Frames per second of an environment that does not say how fast it runs."""


def has_display(environment: MutableMapping[str, str] | None = None) -> bool:
    """Say whether a window can be opened."""
    variables = os.environ if environment is None else environment
    if not sys.platform.startswith("linux"):
        return True
    return bool(variables.get("DISPLAY") or variables.get("WAYLAND_DISPLAY"))


def prepare_headless_rendering(environment: MutableMapping[str, str] | None = None) -> None:
    """Without a display, let MuJoCo and pygame draw off-screen; call before they are imported.

    What the user chose with ``MUJOCO_GL`` or ``SDL_VIDEODRIVER`` stays.
    """
    variables = os.environ if environment is None else environment
    variables.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
    if not has_display(variables):
        variables.setdefault("MUJOCO_GL", "egl")
        variables.setdefault("SDL_VIDEODRIVER", "dummy")


def check_video_file(file: Path) -> None:
    """Raise UsageError if ``file`` is not the name of an mp4 file."""
    if file.suffix.lower() != ".mp4":
        raise UsageError(f"{file}: videos are written as mp4; choose a name that ends in .mp4")


def record(
    agent: Any, env: PlayedEnv, file: Path, settings: PlaySettings, *, fps: float | None = None
) -> Playback:
    """Let the agent act and film it: the first frame is the reset, then one frame per step.

    Args:
        agent: Anything with SB3's ``predict``.
        env: Stack built with ``render_mode="rgb_array"``; several environments share the picture.
        file: The mp4 file, replaced only once the new one is complete.
        settings: How long to act.
        fps: Frames per second; None takes the environment's.

    Raises:
        MissingDependencyError: If the environment cannot draw here (no OpenGL, no pygame).
        UsageError: If it does not draw pictures, or the file cannot be written.
    """
    with VideoWriter(file, fps or frames_per_second(env)) as writer:
        return film(agent, env, settings, [writer.add])


def film(
    agent: Any,
    env: PlayedEnv,
    settings: PlaySettings,
    sinks: Sequence[Callable[[np.ndarray], None]],
) -> Playback:
    """Let the agent act and give every frame to each of ``sinks``."""

    def take_frame() -> None:
        frame = render_frame(env)
        for sink in sinks:
            sink(frame)
        if settings.on_step is not None:
            settings.on_step()

    return play(agent, env, replace(settings, on_step=take_frame))


def video_name(model: SelectedModel, algo: str, n_steps: int) -> str:
    """Return the zoo's file name, ``final-model-ppo-CartPole-v1-step-0-to-step-60.mp4``."""
    return f"{model.label}-{algo}-{model.folder.env_name}-step-0-to-step-{n_steps}.mp4"


def frames_per_second(env: PlayedEnv) -> float:
    """Return how many steps of the environment make a second, as its metadata says."""
    metadata = env.get_attr("metadata", 0)[0]
    rate = metadata.get("render_fps") if isinstance(metadata, dict) else None
    return float(rate) if rate else DEFAULT_FPS


def render_frame(env: PlayedEnv) -> np.ndarray:
    """Return the picture of all environments side by side, shape (height, width, 3), uint8.

    Raises:
        MissingDependencyError: If drawing fails (no OpenGL, no pygame).
        UsageError: If the environment has no pictures.
    """
    with _quiet_destructors():
        frame, problem = _try_render(env)
    if problem:
        raise MissingDependencyError(f"no video: {problem}")
    if frame is None or getattr(frame, "ndim", 0) != 3:
        raise UsageError("no video: the environment draws no pictures (render mode rgb_array)")
    return frame


def _try_render(env: PlayedEnv) -> tuple[np.ndarray | None, str]:
    """Return the picture, or what went wrong."""
    try:
        return env.render(), ""
    except ZooError as error:
        return None, str(error)
    except Exception as error:
        text = " ".join(str(error).split()) or type(error).__name__
        # Gymnasium's own "is not installed" already says what to do.
        advice = "" if "install" in text else "; without a display MuJoCo needs EGL, e.g. libegl1"
        return None, f"the environment cannot draw here ({text}){advice}"


@contextlib.contextmanager
def _quiet_destructors() -> Iterator[None]:
    """Ignore what a half-built renderer raises when it is deleted (no OpenGL)."""
    before = sys.unraisablehook
    sys.unraisablehook = lambda _: None
    try:
        yield
    finally:
        sys.unraisablehook = before


class VideoWriter:
    """Write frames into an mp4 file as they come.

    Nothing appears under the final name until ``close``; on an error nothing is left behind.
    """

    def __init__(self, file: Path, fps: float) -> None:
        check_video_file(file)
        self.file = file
        self.fps = fps
        self._temporary = file.with_name(f".{file.stem}.{os.getpid()}.tmp{file.suffix}")
        self._stream: Generator[None, bytes | None, None] | None = None
        self._shape: tuple[int, ...] = ()

    def __enter__(self) -> VideoWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is None:
            self.close()
        else:
            self.discard()

    def add(self, frame: np.ndarray) -> None:
        """Append one frame, shape (height, width, 3), uint8; all have the size of the first.

        Raises:
            UsageError: If it cannot be written.
        """
        import numpy as np

        try:
            if self._stream is None:
                self._stream = self._open(frame)
            if frame.shape != self._shape:
                raise UsageError(f"{self.file}: a frame changed its size to {frame.shape}")
            self._stream.send(np.ascontiguousarray(frame, dtype=np.uint8).tobytes())
        except OSError as error:
            raise UsageError(f"{self.file}: cannot be written ({error})") from error

    def close(self) -> None:
        """Finish the file and move it to its name.

        Raises:
            UsageError: If there was no frame, or the file cannot be written.
        """
        if self._stream is None:
            raise UsageError(f"{self.file}: nothing to film (no frame)")
        try:
            self._stream.close()
            self._temporary.replace(self.file)
        except OSError as error:
            raise UsageError(f"{self.file}: cannot be written ({error})") from error

    def discard(self) -> None:
        """Throw away what was written."""
        if self._stream is not None:
            self._stream.close()
        self._temporary.unlink(missing_ok=True)

    def _open(self, frame: np.ndarray) -> Generator[None, bytes | None, None]:
        ffmpeg = _import_ffmpeg()
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self._shape = frame.shape
        stream: Generator[None, bytes | None, None] = ffmpeg.write_frames(
            str(self._temporary),
            (frame.shape[1], frame.shape[0]),
            fps=self.fps,
            codec="libx264",
            macro_block_size=2,  # the format needs an even width and height
            ffmpeg_log_level="error",
            output_params=["-movflags", "+faststart"],
        )
        stream.send(None)
        return stream


def write_gif(video: Path, gif: Path, *, fps: int = 10) -> None:
    """Convert an mp4 file into a gif.

    Raises:
        UsageError: If the conversion fails.
    """
    program = _import_ffmpeg().get_ffmpeg_exe()
    colours = f"fps={fps},split[a][b];[a]palettegen[p];[b][p]paletteuse"

    def convert(target: str) -> None:
        arguments = [program, "-y", "-loglevel", "error", "-i", str(video), "-vf", colours, target]
        answer = subprocess.run(arguments, capture_output=True, text=True, check=False)
        if answer.returncode != 0:
            raise UsageError(f"{gif}: cannot be written ({answer.stderr.strip()})")

    write_with(gif, convert)


def draw_label(frame: np.ndarray, text: str) -> np.ndarray:
    """Return a copy of ``frame`` with ``text`` at the top centre."""
    import numpy as np
    from PIL import Image, ImageDraw, ImageFont

    image = Image.fromarray(frame)
    draw = ImageDraw.Draw(image, "RGBA")
    font = ImageFont.load_default(size=max(12, frame.shape[0] // 18))
    place = (frame.shape[1] / 2, 12)
    left, top, right, bottom = draw.textbbox(place, text, font=font, anchor="mt")
    draw.rectangle((left - 6, top - 5, right + 6, bottom + 5), fill=(0, 0, 0, 128))
    draw.text(place, text, font=font, fill="white", anchor="mt")
    return np.asarray(image)


def _import_ffmpeg() -> Any:
    try:
        import imageio_ffmpeg
    except ImportError as error:
        raise MissingDependencyError(
            "no video: the package 'imageio-ffmpeg' is not installed: pip install moviepy"
        ) from error
    return imageio_ffmpeg
