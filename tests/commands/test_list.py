"""``list`` names what can be used."""

from rl_zoo.cli import main


def test_environments_that_gymnasium_only_remembers_are_left_out(capsys):
    assert main(["list", "envs"]) == 0
    out = capsys.readouterr().out
    assert "Walker2d-v5" in out
    assert "Walker2d-v3" not in out
    assert "<function" not in out


def test_robots_and_tasks_are_listed(capsys):
    for what, name in (
        ("robots", "mini_cheetah"),
        ("drivers", "unitree"),
        ("tasks", "omnidirectional"),
    ):
        assert main(["list", what]) == 0
        assert name in capsys.readouterr().out


def test_a_default_list_of_paths_is_readable_in_the_help(capsys):
    try:
        main(["all_plots", "--help"])
    except SystemExit as end:
        assert end.code == 0
    assert "(default: logs)" in capsys.readouterr().out
