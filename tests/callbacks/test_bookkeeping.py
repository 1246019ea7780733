"""How episodes end is counted, stored and told."""

import json

import pytest

from rl_zoo.runs.record import describe_ends, read_record


def rows_of(run, rank=0):
    return run.monitor_file(rank).read_text().splitlines()[2:]


@pytest.mark.parametrize("algo", ["sac", "ppo", "ars"])
@pytest.mark.parametrize("n_envs", [1, 2])
def test_every_end_is_counted_once(algo, n_envs, train_run):
    run = train_run(
        algo, "Ring-v0", "-n", 96, "--env-kwargs", "gaps:0.3", params=[f"n_envs:{n_envs}"]
    )
    record = read_record(run)
    assert set(record.end_reasons) == {"interrupted", "time_limit"}
    assert record.truncations == record.end_reasons
    assert record.end_reasons["interrupted"] == record.discarded > 0
    rows = [row for rank in range(n_envs) for row in rows_of(run, rank)]
    assert abs(sum(record.end_reasons.values()) - len(rows)) <= n_envs - 1
    cut = [row.endswith(",1") for row in rows]
    assert sum(cut) == pytest.approx(record.discarded, abs=n_envs - 1)


def test_a_resumed_run_goes_on_counting(train, train_run):
    run = train_run(
        "sac", "Ring-v0", "-n", 60, "--env-kwargs", "gaps:0.3", "--save-freq", 30, "--verbose", 1
    )
    before = read_record(run)
    code, _, err = train("--resume", run.path, "-n", 90, "--gym-packages", "tests.probe_envs")
    assert code == 0, err
    after = read_record(run)
    assert after.discarded > before.discarded
    assert sum(after.end_reasons.values()) == len(rows_of(run))
    assert after.truncations == after.end_reasons
    assert describe_ends(after.end_reasons, after.discarded) in err


def test_the_line_at_the_end(train, arguments):
    code, _, err = train(*arguments("ppo", "Tiny-v0", "-n", 64, "--verbose", 1))
    assert code == 0
    (line,) = [line for line in err.splitlines() if line.startswith("Episodes: ")]
    assert "time_limit" in line or "terminated" in line


@pytest.mark.parametrize(
    ("reasons", "discarded", "expected"),
    [
        ({"battery": 1, "fall": 12, "time_limit": 30}, 1,
         "Episodes: 30 time_limit, 12 fall, 1 battery; 1 transition discarded"),
        ({"fall": 2}, 3, "Episodes: 2 fall; 3 transitions discarded"),
        ({"fall": 2}, 0, "Episodes: 2 fall"),
        ({}, 0, "Episodes: none ended"),
    ],
)  # fmt: skip
def test_the_line_in_words(reasons, discarded, expected):
    assert describe_ends(reasons, discarded) == expected


def test_enjoy_reports_interruptions_and_leaves_their_episodes_out(train_run, capsys):
    from rl_zoo.enjoy import main

    run = train_run("ppo", "Ring-v0", "-n", 64, "--env-kwargs", "gaps:0.3", normalize=False)
    command = ["--run", run.path, "--gym-packages", "tests.probe_envs", "--device", "cpu"]
    command = [str(item) for item in [*command, "--n-episodes", 10]]
    assert main([*command, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["returns"] == [4.0] * 10
    assert report["discarded"] == report["end_reasons"]["interrupted"] > 0
    assert report["end_reasons"]["time_limit"] == 10
    assert main(command) == 0
    text = capsys.readouterr().out
    assert f"interrupted {report['discarded']}, time_limit 10" in text
    assert f"transitions discarded: {report['discarded']}" in text
