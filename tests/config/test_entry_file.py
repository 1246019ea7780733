"""An entry is replaced in the text of a hyperparameter file, and nothing else changes."""

import shutil

import pytest
import yaml

from rl_zoo.config.entry_file import check_entry_file, with_entry, write_entry
from rl_zoo.config.lookup import hyperparams_folder
from rl_zoo.config.yaml import load_yaml, parse_yaml
from rl_zoo.errors import ConfigError

NEW = {"policy": "MlpPolicy", "n_timesteps": 500, "gamma": 0.9}

FILE = """\
# A file with remarks.
default:   # for the rest
  policy: MlpPolicy
  n_timesteps: 1e5

# Section one
A-v0:  # tuned by hand
  policy: MlpPolicy
  n_timesteps: 100
  policy_kwargs: "dict(net_arch=[64,
    64])"
  # about the rate
  learning_rate: 1e-3   # small

# Section two

B-v0: {policy: MlpPolicy, n_timesteps: 7}
C-v0:
    policy:   MlpPolicy
    n_timesteps: 8   # last line, without an end"""


def test_only_the_entry_changes():
    text = with_entry(FILE, "f.yml", "A-v0", NEW)
    before, rest = FILE.split("A-v0:")
    after = rest.partition("# Section two")[2]
    assert text.startswith(before + "A-v0:  # tuned by hand\n  policy: MlpPolicy\n")
    assert text.endswith("\n# Section two" + after)
    assert parse_yaml(text, "")["A-v0"] == NEW


@pytest.mark.parametrize("env_id", ["default", "A-v0", "B-v0", "C-v0", "package:C-v0", "New-v0"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_every_place_in_a_file(env_id, line_end):
    text = "\ufeff" + FILE.replace("\n", line_end)
    edited = with_entry(text, "f.yml", env_id, NEW)
    assert edited.startswith("\ufeff# A file with remarks." + line_end)
    assert edited.count("\n") == edited.count(line_end)
    content, old = parse_yaml(edited[1:], ""), parse_yaml(FILE, "")
    key = env_id.removeprefix("package:")
    assert content == {**old, key: NEW}
    assert with_entry(edited, "f.yml", env_id, NEW) == edited, "again: nothing changes"


INHERITED = """\
A-v0: &A
  policy: MlpPolicy
  env_wrapper:
    - Safety: &safety {limit: 1}
  n_timesteps: 100  # short

B-v0:
  n_envs: 2
  <<: *A  # as A
  env_wrapper: [{Safety: *safety}]

C-v0: *A
"""


def test_entries_that_inherit_keep_their_values():
    edited = with_entry(INHERITED, "f.yml", "A-v0", NEW)
    old, content = parse_yaml(INHERITED, ""), parse_yaml(edited, "")
    assert content == {**old, "A-v0": NEW}
    kept = [line for line in INHERITED.splitlines() if line not in edited.splitlines()]
    moved = ["A-v0: &A", "  <<: *A  # as A", "  policy: MlpPolicy"]
    assert set(kept) <= {*moved, *INHERITED.splitlines()[1:5]}
    assert "  <<: &A  # as A\n    policy: MlpPolicy\n" in edited
    assert "n_timesteps: 100  # short" in edited
    whole = "A-v0: &A\n  policy: x\nC-v0: *A\nD-v0: *A"
    assert parse_yaml(with_entry(whole, "f.yml", "A-v0", NEW), "")["D-v0"] == {"policy": "x"}
    braces = "A-v0: &A {policy: x,\n  gamma: 1}\nC-v0:\n  <<: *A  # as A\nD-v0: *A\n"
    assert parse_yaml(with_entry(braces, "f.yml", "A-v0", NEW), "")["D-v0"]["gamma"] == 1


def test_an_inner_anchor_used_elsewhere_is_refused():
    text = "A-v0:\n  policy_kwargs: &net {n: 1}\nB-v0:\n  policy_kwargs: *net\n"
    with pytest.raises(ConfigError, match=r"f\.yml:4: uses &net from within the entry 'A-v0'"):
        with_entry(text, "f.yml", "A-v0", NEW)
    listed = "A-v0: &A\n  gamma: 1\nB-v0:\n  <<: [*A]\n  policy: x\n"
    with pytest.raises(ConfigError, match="without changing others"):
        with_entry(listed, "f.yml", "A-v0", NEW)


def test_search_space_is_kept():
    text = "A-v0:\n  policy: x\n  search_space: {gamma: {low: 0.9}}\nB-v0: {policy: x}\n"
    entry = parse_yaml(with_entry(text, "f.yml", "A-v0", NEW), "")["A-v0"]
    assert entry == {**NEW, "search_space": {"gamma": {"low": 0.9}}}


@pytest.mark.parametrize("algo", ["tqc", "sac", "ppo", "a2c", "dqn"])
def test_every_packaged_entry_can_be_replaced(algo, tmp_path):
    """Or is refused; never does another entry change."""
    source = hyperparams_folder() / f"{algo}.yml"
    text = source.read_text()
    before = load_yaml(source)
    refused = []
    for env_id in [*list(before)[::4], "Bert-v0"]:
        try:
            edited = with_entry(text, source.name, env_id, NEW)
        except ConfigError:
            refused.append(env_id)
            continue
        expected = {**NEW, **{k: v for k, v in before.get(env_id, {}).items() if k[:6] == "search"}}
        assert parse_yaml(edited, "") == {**before, env_id: expected}
        lost = set(_comments(text)) - set(_comments(edited))
        own = text.split(f"\n{env_id}:")[-1]
        assert all(comment in own for comment in lost), lost
    assert "Bert-v0" not in refused
    assert len(refused) <= 1, refused


def _comments(text):
    return [line.strip() for line in text.splitlines() if line.strip().startswith("#")]


def test_files(tmp_path):
    file = tmp_path / "mine.yml"
    write_entry(file, "A-v0", NEW)
    assert load_yaml(file) == {"A-v0": NEW}
    link = tmp_path / "link.yml"
    link.symlink_to(file)
    write_entry(link, "B-v0", NEW)
    assert link.is_symlink()
    assert list(load_yaml(file)) == ["A-v0", "B-v0"]
    shutil.copy(hyperparams_folder() / "ppo.yml", file)
    check_entry_file(file, "CartPole-v1")
    assert file.read_bytes() == (hyperparams_folder() / "ppo.yml").read_bytes()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("best.txt", None, "must end in .yml"),
        ("none/best.yml", None, "there is no folder"),
        ("best.yml", "A-v0: [", r"best\.yml:2"),
        ("best.yml", "policy: MlpPolicy\nn_timesteps: 3\n", "holds no entries by environment id"),
        ("best.yml", "{A-v0: {policy: x}}\n", "is written in braces"),
        ("best.yml", "- 1\n", "holds no entries"),
    ],
)
def test_what_cannot_be_written_is_told(name, content, message, tmp_path):
    file = tmp_path / name
    if content is not None:
        file.write_text(content)
    with pytest.raises(ConfigError, match=message):
        check_entry_file(file, "A-v0")
    with pytest.raises(ConfigError, match="is a folder"):
        (tmp_path / "d.yml").mkdir()
        check_entry_file(tmp_path / "d.yml", "A-v0")


def test_written_text_is_plain_yaml():
    assert yaml.safe_load(with_entry("", "f.yml", "A-v0", NEW)) == {"A-v0": NEW}
