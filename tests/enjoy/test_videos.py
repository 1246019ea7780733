"""Videos without a display and without ffmpeg on the PATH."""

import imageio_ffmpeg
import pytest

from rl_zoo.commands import record_training, record_video
from rl_zoo.errors import MissingDependencyError, UsageError

PIXEL = ["--env", "Pixel-v0", "--gym-packages", "tiny_pixels"]


def read_frames(file):
    """Return frames per second, size and number of frames."""
    reader = imageio_ffmpeg.read_frames(str(file))
    info = next(reader)
    return info["fps"], info["size"], sum(1 for _ in reader)


def test_record_video_of_a_package_environment(pixel_run, capsys):
    assert record_video.main([*PIXEL, "-n", "12"]) == 0
    file = pixel_run.videos / "final-model-ppo-Pixel-v0-step-0-to-step-12.mp4"
    assert read_frames(file) == (25, (64, 48), 13)
    assert str(file.name) in capsys.readouterr().out


def test_record_video_output_folder_and_checkpoint(pixel_run, tmp_path):
    arguments = [*PIXEL, "-n", "5", "--load-checkpoint", "32", "-o", str(tmp_path / "films")]
    assert record_video.main(arguments) == 0
    assert (tmp_path / "films" / "checkpoint-32-ppo-Pixel-v0-step-0-to-step-5.mp4").is_file()


def test_several_environments_share_the_picture(pixel_run):
    assert record_video.main([*PIXEL, "-n", "5", "--n-envs", "4"]) == 0
    (file,) = pixel_run.videos.glob("*.mp4")
    assert read_frames(file)[1] == (128, 96)


def test_record_training_joins_all_models_and_writes_a_gif(pixel_run):
    kept = pixel_run.videos / "mine.mp4"
    kept.parent.mkdir()
    kept.write_bytes(b"mine")
    assert record_training.main([*PIXEL, "-n", "6", "-g"]) == 0
    names = {file.name for file in pixel_run.videos.iterdir()}
    assert names == {
        "mine.mp4",
        "training.mp4",
        "training.gif",
        "checkpoint-32-ppo-Pixel-v0-step-0-to-step-6.mp4",
        "final-model-ppo-Pixel-v0-step-0-to-step-6.mp4",
    }
    assert read_frames(pixel_run.videos / "training.mp4")[2] == 14
    assert (pixel_run.videos / "training.gif").read_bytes()[:3] == b"GIF"


def test_enjoy_films_and_reports(pixel_run, enjoy, tmp_path):
    file = tmp_path / "film.mp4"
    code, out, _ = enjoy(*PIXEL, "--n-episodes", 2, "--video", file)
    assert code == 0
    assert read_frames(file)[2] == 1 + 7 + 3
    assert "n = 2" in out


def test_environment_without_pictures(pixel_run, capsys, monkeypatch):
    import sys

    metadata = sys.modules["tiny_pixels"].PixelEnv.metadata
    monkeypatch.setitem(metadata, "render_modes", ["human"])
    assert record_video.main([*PIXEL, "-n", "5"]) == 2
    assert "has no render mode 'rgb_array'" in capsys.readouterr().err
    assert not pixel_run.videos.exists()


def test_failing_renderer_is_one_sentence_and_leaves_nothing(pixel_run, capsys, monkeypatch):
    import sys

    def render(self):
        raise AttributeError("'NoneType' object has no attribute 'eglQueryString'")

    monkeypatch.setattr(sys.modules["tiny_pixels"].PixelEnv, "render", render)
    assert record_video.main([*PIXEL, "-n", "5"]) == 2
    err = capsys.readouterr().err
    assert "no video: the environment cannot draw here" in err
    assert "MuJoCo needs EGL" in err
    assert not pixel_run.videos.exists() or not list(pixel_run.videos.iterdir())


def test_writer_keeps_the_old_file_on_an_error(tmp_path):
    import numpy as np

    from rl_zoo.agents.video import VideoWriter

    file = tmp_path / "film.mp4"
    file.write_bytes(b"old")
    with pytest.raises(UsageError, match="changed its size"), VideoWriter(file, 30) as writer:
        writer.add(np.zeros((32, 32, 3), np.uint8))
        writer.add(np.zeros((16, 16, 3), np.uint8))
    assert file.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [file]


def test_odd_sizes_are_written(tmp_path):
    import numpy as np

    from rl_zoo.agents.video import VideoWriter

    with VideoWriter(tmp_path / "film.mp4", 30) as writer:
        for _ in range(3):
            writer.add(np.zeros((33, 47, 3), np.uint8))
    assert read_frames(tmp_path / "film.mp4")[2] == 3


def test_label_is_drawn_on_a_copy():
    import numpy as np

    from rl_zoo.agents.video import draw_label

    frame = np.zeros((64, 160, 3), np.uint8)
    labelled = draw_label(frame, "final model")
    assert frame.max() == 0
    assert labelled.max() == 255


def test_headless_settings_respect_the_user():
    from rl_zoo.agents.video import prepare_headless_rendering

    chosen = {"MUJOCO_GL": "osmesa"}
    prepare_headless_rendering(chosen)
    assert chosen["MUJOCO_GL"] == "osmesa"
    with_display = {"DISPLAY": ":0"}
    prepare_headless_rendering(with_display)
    assert "MUJOCO_GL" not in with_display
    empty = {}
    prepare_headless_rendering(empty)
    assert empty["MUJOCO_GL"] == "egl"


def test_missing_ffmpeg_package_is_named(monkeypatch, tmp_path):
    import sys

    import numpy as np

    from rl_zoo.agents.video import VideoWriter

    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    with pytest.raises(MissingDependencyError, match="pip install moviepy"):
        VideoWriter(tmp_path / "film.mp4", 30).add(np.zeros((8, 8, 3), np.uint8))
