"""``plot_from_file`` as a person calls it."""

from __future__ import annotations

import csv
import json
import pickle
import re
import shutil

import numpy as np
import pytest

from rl_zoo.commands import all_plots, plot_from_file
from rl_zoo.plots.statistics import Bootstrap, summarize_seeds

LAST = {("ppo", "CartPole-v1"): [10.0, 20.0, 60.0], ("sac", "CartPole-v1"): [40.0, 50.0]}
LAST[("ppo", "Ant-v5")] = [-1.0, -2.0]


@pytest.fixture(autouse=True)
def headless(monkeypatch):
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)


@pytest.fixture(scope="module")
def saved_once(tmp_path_factory):
    """Write results of two methods with all_plots; return the path without suffix."""
    folder = tmp_path_factory.mktemp("saved")
    for (algo, env), values in LAST.items():
        for number, value in enumerate(values, start=1):
            path = folder / "logs" / algo / f"{env}_{number}"
            (path / env).mkdir(parents=True)
            (path / env / "config.yml").write_text("[]\n")
            arrays = {"results": [[0.0], [value / 2], [value]], "ep_lengths": np.ones((3, 1))}
            np.savez(path / "evaluations.npz", timesteps=[1000, 2000, 3000], **arrays)
    stem = folder / "saved"
    assert all_plots.main(["-f", str(folder / "logs"), "-o", str(stem), "--no-display"]) == 0
    return stem


@pytest.fixture
def saved(saved_once, tmp_path):
    """Return the path without suffix of a copy."""
    for suffix in (".json", ".pkl"):
        shutil.copy(saved_once.with_suffix(suffix), tmp_path)
    return tmp_path / saved_once.name


def run(*argv, code=0):
    assert plot_from_file.main([str(word) for word in argv]) == code


def cells(out):
    """Return {(environment, column title): cell} of the table."""
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in out[out.index("|") :].partition("\n\n")[0].splitlines()
    ]
    header = rows[0][1:]
    return {
        (row[0], title): cell
        for row in rows[2:]
        for title, cell in zip(header, row[1:], strict=True)
    }


def test_the_table_and_figures_of_a_file(saved, tmp_path, capsys):
    run("-i", f"{saved}.pkl", "-o", tmp_path / "out.svg", "-b")
    captured = capsys.readouterr()
    found = cells(captured.out)
    # Mean of 10, 20, 60 is 30; standard deviation sqrt(700) = 26.5; divided by sqrt(3) 15.3.
    assert found["CartPole-v1", "PPO"] == "30 ± 15 (n=3)"
    assert found["Ant-v5", "SAC"] == "–"
    names = ("Ant-v5", "CartPole-v1", "bars", "boxes")
    assert {path.name for path in tmp_path.glob("out*")} == {f"out_{name}.svg" for name in names}
    assert all(f"wrote {tmp_path}/out_{name}.svg" in captured.out for name in names)
    assert captured.err == ""


def test_json_and_pickle_say_the_same(saved, tmp_path, capsys):
    outs = []
    for suffix in (".json", ".pkl", ""):
        run("-i", f"{saved}{suffix}", "-o", tmp_path / "x.pdf", "--skip-timesteps")
        outs.append(capsys.readouterr().out)
    assert outs[0] == outs[1] == outs[2]
    assert not list(tmp_path.glob("x_CartPole*")), "--skip-timesteps draws no curves"


def test_without_an_output_files_go_beside_the_input(saved, tmp_path):
    run("-i", f"{saved}.json", "--plots", "bars", "--format", "png", "pdf")
    names = {path.name for path in (tmp_path / "plots").iterdir()}
    assert names == {"saved_bars.png", "saved_bars.pdf"}


def test_the_example_of_the_readme_and_latex_without_tex(saved, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    flags = ["--keep-keys", "PPO", "--normalize", "min-max", "-n", "500"]
    run("-i", f"{saved}.pkl", "-latex", "-l", "my_ppo 50%", "--rliable", *flags)
    captured = capsys.readouterr()
    assert "-latex: TeX is not installed here" in captured.err
    assert (tmp_path / "plots" / "saved_aggregates.png").is_file()
    assert (tmp_path / "plots" / "saved_profiles.png").is_file()
    text = (tmp_path / "plots" / "saved.tex").read_text()
    assert r"Environment & my\_ppo 50\% \\" in text
    assert cells(captured.out)["Ant-v5", "my_ppo 50%"] == "-1.50 ± 0.50 (n=2)"


def test_other_statistic_and_coverage_are_computed_anew(saved, tmp_path, capsys):
    flags = ["--statistic", "median", "-ci", "0.8", "--table", "csv", "--plots", "bars"]
    run("-i", f"{saved}.json", "-o", tmp_path / "x", *flags)
    assert "median [80 % CI] over n seeds" in capsys.readouterr().out
    rows = list(csv.DictReader((tmp_path / "x.csv").read_text().splitlines()))
    row = next(r for r in rows if (r["algorithm"], r["environment"]) == ("ppo", "CartPole-v1"))
    values = np.array(LAST["ppo", "CartPole-v1"])
    expected = summarize_seeds(values[:, None], "median", Bootstrap(0.8))
    assert float(row["value"]) == np.median(values)
    ends = (float(row["ci_low"]), float(row["ci_high"]))
    assert ends == (expected.low[0], expected.high[0])


@pytest.mark.parametrize(
    ("flags", "shown"),
    [
        (["--keep-envs", "CartPole"], {("CartPole-v1", "PPO"), ("CartPole-v1", "SAC")}),
        (["-skip", "CartPole-v1"], {("Ant-v5", "PPO")}),
        (["--keep-keys", "sac"], {("CartPole-v1", "SAC")}),
        (["--skip-keys", "SAC", "--skip-envs", "Ant"], {("CartPole-v1", "PPO")}),
        (["--keep-keys", "SAC", "PPO-{logs}", "--keep-envs", "Ant"], {("Ant-v5", "PPO")}),
    ],
)
def test_what_to_show(saved, saved_once, capsys, flags, shown):
    flags = [flag.format(logs=saved_once.parent / "logs") for flag in flags]
    run("-i", f"{saved}.pkl", "--plots", "bars", *flags)
    assert {place for place, cell in cells(capsys.readouterr().out).items() if cell != "–"} == shown


@pytest.mark.parametrize(
    ("flags", "code", "sentence"),
    [
        (["-l", "A"], 2, "-l: 1 label for 2 methods (PPO, SAC); give one for each"),
        (["-l", "A", "A"], 2, "-l: the labels A A are not all different"),
        (["-l", "A", "_B"], 2, "-l '_B': no legend shows a label that is empty or begins with _"),
        (["-l", "", "B"], 2, "-l '': no legend"),
        (["--keep-envs", "CartPol-v1"], 3, "--keep-envs CartPol-v1: not in the file; did you mean"),
        (["--keep-envs", "Pole"], 3, "--keep-envs Pole: not in the file"),
        (["--keep-keys", "PPP"], 3, "--keep-keys PPP: not in the file; did you mean 'PPO"),
        (["-skip", "Ant", "CartPole"], 3, "nothing is left of the file"),
        (["-k", "ep_lengths"], 2, "-k ep_lengths: {saved}.pkl holds 'results' and nothing else"),
        (["--merge", "{saved}.pkl"], 2, "named twice"),
        (["--merge", "{saved}s.pkl"], 3, "saveds.pkl: no such file; did you mean 'saved.pkl'"),
        (["-r"], 2, "CartPole-v1"),
        (["-loc", "uper left"], 2, "did you mean 'upper left'"),
        (["--format", "jpg"], 2, "jpg"),
        (["-ci", "95"], 2, "95 is not between 0 and 1"),
        (["--plots", "bar"], 2, "unknown plot 'bar'; did you mean 'bars'"),
    ],
)
def test_what_cannot_be_done_is_one_sentence_and_no_number(
    saved, tmp_path, capsys, monkeypatch, flags, code, sentence
):
    monkeypatch.setattr("rl_zoo.plots.reference_scores.read_reference_scores", lambda *_: {})
    argv = ["-i", f"{saved}.pkl", *(flag.format(saved=saved) for flag in flags)]
    try:
        found = plot_from_file.main(argv)
    except SystemExit as stop:
        found = stop.code
    captured = capsys.readouterr()
    assert found == code and captured.out == ""
    assert sentence.format(saved=saved) in captured.err
    assert "Traceback" not in captured.err
    assert not (tmp_path / "plots").exists()


def test_nothing_to_skip_is_said_and_the_rest_shown(saved, capsys):
    run("-i", f"{saved}.pkl", "-skip", "Foo-v0", "--skip-keys", "TQC", "--plots", "bars")
    captured = capsys.readouterr()
    assert "-skip Foo-v0: not in the file" in captured.err
    assert "--skip-keys TQC: not in the file" in captured.err
    assert ("Ant-v5", "PPO") in cells(captured.out)


def zoo_file(tmp_path, last, env="CartPole", key="PPO-zoo"):
    """Write a pickle as the zoo does: short name of the environment, seeds as columns."""
    values = np.array([[0.0, value] for value in last])
    entry = {
        "timesteps": np.array([1000, 3000]),
        "mean": values.mean(axis=0),
        "std_error": values.std(axis=0) / np.sqrt(len(last)),
        "last_evals": values[:, -1],
        "std_error_last_eval": values[:, -1].std() / np.sqrt(len(last)),
        "mean_per_eval": values.T,
    }
    path = tmp_path / "zoo.pkl"
    path.write_bytes(pickle.dumps({env: {key: entry}, "results_table": {}}))
    return path


def test_merging_with_a_file_of_the_zoo(saved, tmp_path, capsys):
    zoo = zoo_file(tmp_path, [100.0, 300.0])
    run("-i", f"{saved}.json", "--merge", zoo, "--plots", "bars", "curves", "-k", "results")
    captured = capsys.readouterr()
    found = cells(captured.out)
    # The standard error of 100 and 300 is their distance / 2; the zoo's own would be 71.
    assert found["CartPole-v1", "PPO zoo"] == "200 ± 100 (n=2)"
    assert found["CartPole-v1", "PPO"] == "30 ± 15 (n=3)"
    assert "CartPole is taken for CartPole-v1" in captured.err


def test_the_same_method_in_two_files_is_told_apart_by_their_names(saved, tmp_path, capsys):
    other = tmp_path / "other.json"
    other.write_text(saved.with_suffix(".json").read_text().replace("60.0", "90.0"))
    run("-i", f"{saved}.json", other, "--plots", "bars")
    captured = capsys.readouterr()
    found = cells(captured.out)
    assert found["CartPole-v1", "PPO saved"] == "30 ± 15 (n=3)"
    assert found["CartPole-v1", "PPO other"] == "40 ± 25 (n=3)"
    assert "saved, other hold the same methods" in captured.err


def test_an_id_with_a_slash_names_one_file_beside_the_others(saved, tmp_path):
    text = saved.with_suffix(".json").read_text().replace("Ant-v5", "../ALE/Pong-v5")
    (tmp_path / "atari.json").write_text(text)
    run("-i", str(tmp_path / "atari.json"), "-o", str(tmp_path / "out"))
    assert (tmp_path / "out_..-ALE-Pong-v5.png").is_file()


def test_files_of_different_numbers_are_not_mixed(saved, tmp_path, capsys):
    content = json.loads(saved.with_suffix(".json").read_text())
    other = tmp_path / "other.json"
    other.write_text(json.dumps({**content, "x_axis": "episodes"}))
    run("-i", f"{saved}.json", "--merge", other, code=2)
    assert "other: cannot be put beside saved: x axis episodes and steps" in capsys.readouterr().err
    other.write_text(json.dumps({**content, "key": "ep_lengths"}))
    run("-i", f"{saved}.json", "--merge", other, code=2)
    assert "numbers ep_lengths and results" in capsys.readouterr().err


def test_a_summary_without_seeds_has_no_other_statistic(saved, tmp_path, capsys):
    content = json.loads(saved.with_suffix(".json").read_text())
    for item in content["series"]:
        item["per_seed"] = []
    other = tmp_path / "other.json"
    other.write_text(json.dumps(content))
    run("-i", other, "--statistic", "median", code=2)
    assert "holds the mean only" in capsys.readouterr().err
    run("-i", other, "-ci", "0.5", "--plots", "curves")
    assert "its interval of 50 % is not known" in capsys.readouterr().err


def test_a_malicious_file_is_refused_before_anything_is_written(tmp_path, capsys):
    class Evil:
        def __reduce__(self):
            return (print, ("executed",))

    (tmp_path / "evil.pkl").write_bytes(pickle.dumps({"A-v0": {"PPO-a": Evil()}}))
    run("-i", tmp_path / "evil.pkl", code=2)
    captured = capsys.readouterr()
    assert captured.out == "" and "wants to use builtins.print" in captured.err
    run("-i", tmp_path / "evil.pkl", "--trust", code=2)
    captured = capsys.readouterr()
    assert captured.out == "executed\n", "--trust means it"


def test_flags_are_the_zoos():
    parse = plot_from_file.build_parser().parse_args
    short = "-i a -skip b -o c -loc best -l d -b -r -vs -iqm -ci 0.9 -latex"
    long = (
        "--input a --skip-envs b --output c --legend-loc best --labels d --boxplot --rliable "
        "--versus --iqm --ci-size 0.9 --latex"
    )
    assert parse(short.split()) == parse(long.split())
    rest = "--keep-envs a --skip-keys b --keep-keys c --no-million --skip-timesteps --format svg "
    rest += "--figsize 6 4 --fontsize 14 --merge d.pkl e.pkl"
    found = parse(["-i", "x", *rest.split()])
    assert found.figsize == [6, 4] and found.fontsize == 14 and found.format == ["svg"]


def test_the_legend_and_numbers_of_the_curves(saved, tmp_path):
    flags = ["--keep-envs", "CartPole", "-l", "First", "Second", "--plots", "curves"]
    run("-i", f"{saved}.json", "-o", tmp_path / "x.svg", *flags)
    text = (tmp_path / "x_CartPole-v1.svg").read_text()
    assert re.search(r">First \(n=3\)<", text) and re.search(r">Second \(n=2\)<", text)
    assert "PPO" not in text


def test_the_best_in_bold_on_the_screen_and_in_the_file(saved, tmp_path, capsys):
    flags = ["--bold-best", "--table", "latex", "--plots", "bars"]
    run("-i", f"{saved}.json", "-o", tmp_path / "x", *flags)
    assert cells(capsys.readouterr().out)["CartPole-v1", "SAC"] == "**45.0 ± 5.0 (n=2)**"
    assert r"$\mathbf{45.0} \pm 5.0$ ($n=2$)" in (tmp_path / "x.tex").read_text()
