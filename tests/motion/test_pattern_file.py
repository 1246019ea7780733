"""A pattern comes back from its file exactly, or the error says what to do."""

import pytest

from rl_zoo.errors import ConfigError, DamagedFileError
from rl_zoo.motion.oscillator import JointPattern
from rl_zoo.motion.pattern_file import PATTERN_FILE, pattern_text, read_pattern

PATTERN = JointPattern((0.1, 1 / 3), (0.0, 2.0), (-0.2, 1e-17), 3.1, 2.7)


def test_file_folder_and_inline_are_the_same(tmp_path):
    file = tmp_path / PATTERN_FILE
    file.write_text(pattern_text(PATTERN))
    assert read_pattern(file) == read_pattern(str(tmp_path)) == PATTERN
    assert read_pattern(PATTERN.to_dict()) == PATTERN


@pytest.mark.parametrize(
    ("content", "error", "words"),
    [
        (None, ConfigError, "no such file; give the folder of a finished run of openloop"),
        ("{", DamagedFileError, "cannot be read"),
        ("[1]", DamagedFileError, "holds no pattern"),
        ('{"amplitude": [1]}', ConfigError, "did you mean 'amplitudes'"),
    ],
)
def test_refusals(content, error, words, tmp_path):
    if content is not None:
        (tmp_path / PATTERN_FILE).write_text(content)
    with pytest.raises(error, match=words):
        read_pattern(tmp_path)
