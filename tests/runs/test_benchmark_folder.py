"""Folders of evaluations: which are read, which are told, what a published table may look like."""

import pytest

from rl_zoo.cli import main
from rl_zoo.errors import DamagedFileError, NothingFoundError
from rl_zoo.runs.benchmark_folder import compare_with_published, read_benchmark, read_published

HEADER = '#{"t_start": 1.0, "env_id": "X"}\nr,l,t\n'


@pytest.fixture
def write(tmp_path):
    def write(name, text, file="0.monitor.csv"):
        path = tmp_path / "logs" / name / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return tmp_path / "logs"

    return write


def test_names_with_dashes_and_underscores(write):
    write("ppo-MiniGrid-DoorKey-5x5-v0", HEADER + "0.5,10,1.0\n1,20,2.0\n")
    logs = write("ppo_lstm-CartPole-v1", HEADER + "7,3,1.0\n", file="monitor.csv")
    first, second = read_benchmark(logs).entries
    assert first.name == "ppo MiniGrid-DoorKey-5x5-v0"
    assert second.name == "ppo_lstm CartPole-v1"
    assert (first.mean_reward, first.std_reward, first.eval_timesteps) == (0.75, 0.25, 30)
    assert (second.std_reward, second.eval_episodes) == (0.0, 1)


def test_further_columns(write):
    text = '#{"t_start": 1.0, "env_id": "X"}\nr,l,t,is_success\n-3.0,50,1.0,True\n'
    (entry,) = read_benchmark(write("her-FetchPush-v1", text)).entries
    assert entry.mean_reward == -3.0


def test_files_of_parallel_environments_are_one_entry(write):
    write("ppo-A-v0", HEADER + "1,10,1.0\n")
    (entry,) = read_benchmark(write("ppo-A-v0", HEADER + "3,10,2.0\n", "1.monitor.csv")).entries
    assert (entry.mean_reward, entry.eval_timesteps, entry.eval_episodes) == (2.0, 20, 2)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (HEADER, "no finished episode"),
        ("", "no finished episode"),
        ("hello\n", "not a monitor file"),
        (HEADER + "nan,10,1.0\n", "no finite number"),
    ],
)
def test_without_a_number_there_is_no_entry(write, text, words, capsys):
    write("ppo-Bad-v0", text)
    logs = write("ppo-Good-v0", HEADER + "1,10,1.0\n")
    benchmark = read_benchmark(logs)
    assert [entry.env_name for entry in benchmark.entries] == ["Good-v0"]
    assert words in benchmark.left_out[0]
    assert main(["benchmark_table", "-f", str(logs)]) == 0
    out, err = capsys.readouterr()
    assert "Bad-v0" not in out
    assert "ppo-Bad-v0" in err
    assert main(["benchmark_table", "-f", str(logs), "-e", "Bad"]) == 3


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-a", "pppo"], "-a pppo: no evaluation of it; did you mean 'ppo'?"),
        (["-e", "Goood"], "did you mean 'Good-v0'?"),
    ],
)
def test_names_that_match_nothing(write, arguments, words, capsys):
    logs = write("ppo-Good-v0", HEADER + "1,10,1.0\n")
    assert main(["benchmark_table", "-f", str(logs), *arguments]) == 3
    assert words in capsys.readouterr().err


def test_folder_of_trainings(write, tmp_path, capsys):
    logs = write("ppo/CartPole-v1_1", HEADER + "1,10,1.0\n")
    with pytest.raises(NothingFoundError, match="all_plots"):
        read_benchmark(logs)
    with pytest.raises(NothingFoundError, match="no such folder"):
        read_benchmark(tmp_path / "none")


TABLE = """
# Results

|algo|          env_id          |mean_reward|n_timesteps|
|----|:------------------------:|----------:|-----------|
|PPO |[Good-v0](https://x.y/z)  |       1.23|1M         |

| other | table |
|---|---|
| 1 | 2 |
"""


def test_published_table_with_links_and_other_tables(write, tmp_path):
    file = tmp_path / "published.md"
    file.write_text(TABLE)
    (row,) = read_published(file)
    assert row.key == ("ppo", "Good-v0")
    (entry,) = read_benchmark(write("ppo-Good-v0", HEADER + "1.2349,10,1.0\n")).entries
    assert compare_with_published(entry, row) == []
    (other,) = read_benchmark(write("ppo-Good-v0", HEADER + "1.2351,10,1.0\n")).entries
    (sentence,) = compare_with_published(other, row)
    assert sentence == "ppo Good-v0: mean_reward is 1.24, published 1.23 (line 6)"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("no table\n", "no table with the columns algo and env_id"),
        ("|algo|env_id|mean_reward|\n|-|-|-|\n|ppo|Good-v0|\n", "published.md:3: 2 cells"),
    ],
)
def test_published_file_without_a_table(write, tmp_path, text, words):
    file = tmp_path / "published.md"
    file.write_text(text)
    with pytest.raises(DamagedFileError, match=words):
        read_published(file)
    with pytest.raises(NothingFoundError):
        read_published(tmp_path / "none.md")


def test_nothing_in_common_with_the_published_table(write, tmp_path, capsys):
    file = tmp_path / "published.md"
    file.write_text(TABLE)
    logs = write("ppo-Other-v0", HEADER + "1,10,1.0\n")
    assert main(["benchmark_table", "-f", str(logs), "--check", str(file)]) == 3
    assert "no row of it has a file here" in capsys.readouterr().err


def test_formats_without_a_name(write, capsys):
    logs = write("ppo-Good-v0", HEADER + "1,10,1.0\n")
    assert main(["benchmark_table", "-f", str(logs), "--table", "csv"]) == 2
    assert "needs -o NAME" in capsys.readouterr().err


def test_other_commands_name_the_one_that_reads_it(write, capsys):
    logs = write("ppo-Good-v0", HEADER + "1,10,1.0\n")
    assert main(["all_plots", "-f", str(logs), "--no-display"]) == 3
    assert "are read by benchmark_table" in capsys.readouterr().err
