"""Every class of bad input that a user meets: command line, exit code, words of the message."""

from __future__ import annotations

import json
import pickle
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from scripts import deploy_failure_cases as deploy

TRAIN = "train --algo ppo --env CartPole-v1 -n 64 -f {dir}/new"
SAC = "train --algo sac --env Pendulum-v1 -n 64 -f {dir}/new"
ENJOY = "enjoy --algo ppo --env CartPole-v1 -f {dir}/{logs} -n 10 --no-render"
ENJOY_SAC = "enjoy --algo sac --env Pendulum-v1 -f {dir}/{logs} -n 10 --no-render"
PPO_RUN = "{dir}/{logs}/ppo/CartPole-v1_1"
SAC_RUN = "{dir}/{logs}/sac/Pendulum-v1_1"

Damage = Callable[[Path], None]


@dataclass(frozen=True)
class Case:
    """One mistake.

    Attributes:
        group: Class of failures it belongs to.
        name: What is wrong, in words.
        command: Command line after ``rl_zoo``; ``{dir}`` is its folder, ``{logs}`` damaged runs.
        words: What the message must contain.
        code: Exit code.
        file: Content of ``{dir}/conf.yml``, if there is one.
        damage: Done to a copy of two good runs before the command, if it needs them.
    """

    group: str
    name: str
    command: str
    words: tuple[str, ...]
    code: int = 2
    file: str | None = None
    damage: Damage | None = None


def _params(name: str, values: str, *words: str, base: str = TRAIN, group: str = "names") -> Case:
    return Case(group, name, f"{base} -params {values}", words)


def _yaml(name: str, text: str, *words: str, group: str = "YAML files") -> Case:
    return Case(group, name, f"{TRAIN} -conf {{dir}}/conf.yml", words, file=text)


def _entry(lines: str) -> str:
    return "CartPole-v1:\n  policy: MlpPolicy\n  n_timesteps: 64\n" + lines


NAMES = [
    _params("hyperparameter", "learning_rat:0.1", "did you mean 'learning_rate'?"),
    _params("hyperparameter of another algorithm", "tau:0.1", "no hyperparameter 'tau'"),
    _params("key of the zoo", "n_env:2", "did you mean 'n_envs'?"),
    _params("nested policy_kwargs", "policy_kwargs.net_arhc:[8]", "did you mean 'net_arch'?"),
    _params("keyword of normalize", "normalize.norm_rewards:true", "did you mean 'norm_reward'?"),
    _params("policy", "policy:MlpPolici", "did you mean 'MlpPolicy'?"),
    _params(
        "wrapper", "env_wrapper:HistoryWraper", "unknown wrapper", "did you mean 'HistoryWrapper'?"
    ),
    _params(
        "keyword of a wrapper",
        "env_wrapper:[{'HistoryWrapper':{'horizn':2}}]",
        "did you mean 'horizon'?",
    ),
    _params("module of a wrapper", "env_wrapper:nowhere.Thing", "no module named 'nowhere'"),
    _params("attribute of a module", "env_wrapper:json.Thing", "module 'json' has no 'Thing'"),
    _params("vec-env wrapper", "vec_env_wrapper:VecFrameStak", "did you mean 'VecFrameStack'?"),
    _params("callback", "callback:RawStatistics", "did you mean 'RawStatisticsCallback'?"),
    _params(
        "keyword of a callback",
        "callback:[{'CheckpointCallback':{'save_frq':2}}]",
        "did you mean 'save_freq'?",
    ),
    Case(
        "names",
        "keyword of the environment",
        f"{SAC} --env-kwargs gg:1",
        ("env_kwargs.gg", "did you mean 'g'?"),
    ),
    Case(
        "names",
        "keyword of the evaluation environment",
        f"{SAC} --eval-env-kwargs gg:1",
        ("eval_env_kwargs.gg",),
    ),
    Case(
        "names",
        "environment",
        "train --algo ppo --env CartPol-v1 -n 64 -f {dir}/new",
        ("did you mean 'CartPole-v1'?",),
    ),
    Case(
        "names",
        "version of an environment",
        "train --algo ppo --env CartPole-v9 -n 64 -f {dir}/new",
        ("no version 9", "'CartPole-v1'"),
    ),
    Case(
        "names",
        "environment inside YAML, hidden by a default entry",
        f"{TRAIN} -conf {{dir}}/conf.yml",
        ("entry 'CartPol-v1' is no environment", "did you mean 'CartPole-v1'?"),
        2,
        file="CartPol-v1:\n  n_timesteps: 9\ndefault:\n  policy: MlpPolicy\n  n_timesteps: 64\n",
    ),
    Case(
        "names",
        "algorithm",
        "train --algo pppo --env CartPole-v1 -n 64 -f {dir}/new",
        ("did you mean 'ppo'?",),
    ),
    Case("names", "flag", f"{TRAIN} --evl-freq 10", ("did you mean '--eval-freq'?",)),
    Case(
        "names", "command", "trian --algo ppo", ("unknown command 'trian'", "did you mean 'train'?")
    ),
    Case("names", "choice", f"{TRAIN} --vec-env dumy", ("did you mean 'dummy'?",)),
    Case(
        "names",
        "package",
        f"{TRAIN} --gym-packages nowhere --env X-v0",
        ("no module named 'nowhere'",),
    ),
]

YAML_FILES = [
    Case(
        "YAML files",
        "missing",
        f"{TRAIN} -conf {{dir}}/none.yml",
        ("none.yml",),
    ),
    _yaml("empty", "", "conf.yml", "empty"),
    _yaml("not YAML", "CartPole-v1: [1, 2\n", "conf.yml:"),
    _yaml("binary", "\0\1\2", "conf.yml"),
    _yaml("a list", "- CartPole-v1\n", "conf.yml"),
    _yaml("key twice", _entry("  n_steps: 8\n  n_steps: 16\n"), "conf.yml:5", "n_steps"),
    _yaml("environment twice", _entry("") + _entry(""), "CartPole-v1"),
    _yaml(
        "Python tag",
        "CartPole-v1: !!python/object/apply:os.system ['true']\n",
        "conf.yml:1",
        "python",
    ),
    _yaml("no entry and no default", "Acrobot-v1:\n  n_timesteps: 9\n", "CartPole-v1"),
    _yaml("entry that is a number", "CartPole-v1: 3\n", "CartPole-v1"),
    Case(
        "YAML files",
        "Python configuration without leave",
        f"{TRAIN} -conf {{dir}}/conf.py",
        ("--trust-config",),
    ),
]

VALUES = [
    _params("text for a number", "learning_rate:fast", "learning_rate", group="values"),
    _params("negative", "learning_rate:-1", "learning_rate", "-1", group="values"),
    _params("out of range", "gamma:1.5", "gamma", "1.5", group="values"),
    _params("fraction for a count", "n_steps:0.5", "n_steps", group="values"),
    _params("scientific notation for a count", "n_steps:1e-3", "n_steps", group="values"),
    _params("boolean-looking text", "use_sde:Flase", "use_sde", group="values"),
    _params("number for a boolean", "use_sde:2", "use_sde", group="values"),
    _params("unknown schedule", "learning_rate:quad_0.1", "quad", group="values"),
    _params("schedule of nothing", "learning_rate:lin_", "learning_rate", group="values"),
    _params("schedule where none is possible", "gamma:lin_0.9", "gamma", group="values"),
    _params("code", "gamma:__import__('os').getcwd()", "gamma", group="values"),
    _params("no value", "gamma", "gamma", "key:value", group="values"),
    _params("equals sign", "gamma=0.9", "key:value", group="values"),
    _params("noise without a level", "noise_type:normal", "noise_std", base=SAC, group="values"),
    _params(
        "unknown noise", "noise_type:pink noise_std:0.1", "noise_type", base=SAC, group="values"
    ),
    _params("nested into a number", "gamma.a:1", "gamma", group="values"),
    Case(
        "values",
        "several mistakes at once",
        f"{TRAIN} -params learning_rat:1 gamma:7 -params n_env:2",
        ("learning_rat", "gamma", "n_env"),
    ),
]

BUDGETS = [
    Case("budgets and numbers", "zero steps", f"{TRAIN} -n 0", ("--n-timesteps 0", "positive")),
    Case("budgets and numbers", "negative steps", f"{TRAIN} -n -5", ("--n-timesteps -5",)),
    Case("budgets and numbers", "text", f"{TRAIN} -n many", ("--n-timesteps", "many")),
    _params("no environment", "n_envs:0", "n_envs", group="budgets and numbers"),
    _params("batch of nothing", "batch_size:0", "batch_size", group="budgets and numbers"),
    Case(
        "budgets and numbers",
        "no evaluation episodes",
        f"{TRAIN} --eval-episodes 0",
        ("--eval-episodes",),
    ),
    Case(
        "budgets and numbers",
        "no checkpoints kept",
        f"{TRAIN} --keep-checkpoints 0",
        ("--keep-chec",),
    ),
    Case("budgets and numbers", "seed out of range", f"{TRAIN} --seed -7", ("--seed -7",)),
    Case("budgets and numbers", "no threads", f"{TRAIN} --num-threads 0", ("--num-threads 0",)),
    Case("budgets and numbers", "enjoy for no steps", f"{ENJOY} -n 0", ("--n-timesteps 0",)),
]


def _nothing(logs: Path) -> None:
    """Leave the runs as they are."""


MISFITS = [
    Case(
        "machine and spaces",
        "continuous actions for DQN",
        "train --algo dqn --env Pendulum-v1 -n 64 -f {dir}/new",
        ("--algo dqn", "action space", "sac"),
    ),
    Case(
        "machine and spaces",
        "discrete actions for SAC",
        "train --algo sac --env CartPole-v1 -n 64 -f {dir}/new -conf {dir}/conf.yml",
        ("--algo sac", "action space", "dqn"),
        file="default:\n  policy: MlpPolicy\n  n_timesteps: 9\n",
    ),
    Case(
        "machine and spaces", "no such device", f"{TRAIN} --device cuda:77", ("--device cuda:77",)
    ),
    Case("machine and spaces", "no device at all", f"{TRAIN} --device gpu", ("--device gpu",)),
    Case(
        "machine and spaces",
        "log folder is a file",
        "train --algo ppo --env CartPole-v1 -n 64 -f {dir}/conf.yml",
        ("cannot create a run folder", "-f"),
        file="mine",
    ),
    Case(
        "machine and spaces",
        "log folder that cannot be created",
        "train --algo ppo --env CartPole-v1 -n 64 -f /proc/nowhere",
        ("/proc/nowhere", "choose a writable folder"),
    ),
]


def _delete(name: str) -> Damage:
    def damage(logs: Path) -> None:
        for file in logs.rglob(name):
            file.unlink()

    return damage


def _truncate(name: str, size: int = 200) -> Damage:
    def damage(logs: Path) -> None:
        for file in logs.rglob(name):
            file.write_bytes(file.read_bytes()[:size])

    return damage


def _no_buffer(logs: Path) -> None:
    """Remove every replay buffer, those of checkpoints too."""
    for pattern in ("replay_buffer.pkl", "rl_model_buffer_*.npz"):
        for file in logs.rglob(pattern):
            file.unlink()


def _models_of_the_other(logs: Path) -> None:
    """Put the SAC models into the PPO run, and the reverse."""
    ppo, sac = logs / "ppo/CartPole-v1_1", logs / "sac/Pendulum-v1_1"
    shutil.copy(sac / "Pendulum-v1.zip", ppo / "CartPole-v1.zip")


def _other_environment(logs: Path) -> None:
    run = logs / "ppo/CartPole-v1_1"
    for name in ("CartPole-v1.zip", "CartPole-v1"):
        shutil.move(run / name, run / name.replace("CartPole", "Acrobot"))
    shutil.move(run, logs / "ppo/Acrobot-v1_1")


def _other_algorithm(logs: Path) -> None:
    shutil.move(logs / "ppo", logs / "a2c")


class _Payload:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.touch, (self.mark,)


def _pickle_in(name: str) -> Damage:
    def damage(logs: Path) -> None:
        for file in logs.rglob(name):
            file.write_bytes(pickle.dumps(_Payload(logs / "EXECUTED")))
            _vouch_for(file)

    return damage


def _vouch_for(file: Path) -> None:
    """Let the manifest of a checkpoint name the planted file."""
    import hashlib

    for manifest in file.parent.glob("rl_model_*_steps.json"):
        content = json.loads(manifest.read_text())
        if file.name in content["files"]:
            digest = hashlib.sha256(file.read_bytes()).hexdigest()
            content["files"][file.name] = {"bytes": file.stat().st_size, "sha256": digest}
            manifest.write_text(json.dumps(content))


def _append(name: str, text: str) -> Damage:
    def damage(logs: Path) -> None:
        for file in logs.rglob(name):
            line = text.replace("{mark}", str(logs / "EXECUTED"))
            key = line.partition(":")[0]
            kept = [old for old in file.read_text().splitlines() if not old.startswith(f"{key}:")]
            file.write_text("\n".join([*kept, line, ""]))

    return damage


def _both(*parts: Damage) -> Damage:
    def damage(logs: Path) -> None:
        for part in parts:
            part(logs)

    return damage


POPEN = "[{'subprocess.Popen': {'args': ['touch', '{mark}']}}]"


def _plant_module(logs: Path) -> None:
    for run in logs.glob("*/*_1"):
        (run / "planted.py").write_text(f"open({str(logs / 'EXECUTED')!r}, 'w').close()\n")


RUN_GROUP = "run folders"
RUNS = [
    Case(RUN_GROUP, "enjoy: no such run", f"{ENJOY} --exp-id 7", ("7",), 3, damage=_nothing),
    Case(
        RUN_GROUP,
        "enjoy: no log folder",
        "enjoy --algo ppo --env CartPole-v1 -f {dir}/none --no-render",
        ("none",),
        3,
    ),
    Case(RUN_GROUP, "enjoy: model missing", ENJOY, ("CartPole-v1",), 3, damage=_delete("*.zip")),
    Case(
        RUN_GROUP,
        "enjoy: configuration missing",
        ENJOY,
        ("config.yml",),
        damage=_delete("config.yml"),
    ),
    Case(
        RUN_GROUP,
        "enjoy: normaliser missing",
        ENJOY_SAC,
        ("vecnormalize.pkl",),
        damage=_delete("vecnormalize.pkl"),
    ),
    Case(
        RUN_GROUP, "enjoy: model truncated", ENJOY, ("CartPole-v1.zip",), damage=_truncate("*.zip")
    ),
    Case(
        RUN_GROUP,
        "enjoy: normaliser truncated",
        ENJOY_SAC,
        ("vecnormalize.pkl",),
        damage=_truncate("vecnormalize.pkl", 60),
    ),
    Case(
        RUN_GROUP,
        "enjoy: configuration truncated",
        ENJOY,
        ("config.yml",),
        damage=_truncate("config.yml", 30),
    ),
    Case(
        RUN_GROUP,
        "enjoy: model of another algorithm",
        ENJOY,
        ("does not fit",),
        damage=_models_of_the_other,
    ),
    Case(
        RUN_GROUP,
        "enjoy: run of another environment",
        "enjoy --algo ppo --env Acrobot-v1 -f {dir}/{logs} -n 10 --no-render",
        ("CartPole-v1", "Acrobot-v1"),
        damage=_other_environment,
    ),
    Case(
        RUN_GROUP,
        "enjoy: run of another algorithm",
        "enjoy --algo a2c --env CartPole-v1 -f {dir}/{logs} -n 10 --no-render",
        ("ppo", "a2c"),
        damage=_other_algorithm,
    ),
    Case(
        RUN_GROUP,
        "enjoy: code in the normaliser",
        ENJOY_SAC,
        ("--trust",),
        damage=_pickle_in("vecnormalize.pkl"),
    ),
    Case(
        RUN_GROUP,
        "enjoy: code in the configuration",
        ENJOY,
        ("config.yml",),
        damage=_append("config.yml", "gamma: !!python/object/apply:os.system ['touch {mark}']"),
    ),
    Case(RUN_GROUP, "-i: no such file", f"{SAC} -i {{dir}}/none.zip", ("none.zip", "no such file")),
    Case(RUN_GROUP, "-i: not a model", f"{SAC} -i {{dir}}/conf.yml", (".zip",), file="mine"),
    Case(
        RUN_GROUP,
        "-i: model truncated",
        f"{SAC} -i {SAC_RUN}/Pendulum-v1.zip",
        ("Pendulum-v1.zip", "not a complete"),
        damage=_truncate("Pendulum-v1.zip"),
    ),
    Case(
        RUN_GROUP,
        "-i: model of another algorithm",
        f"train --algo td3 --env Pendulum-v1 -n 64 -f {{dir}}/new -i {SAC_RUN}/Pendulum-v1.zip",
        ("does not fit",),
        damage=_nothing,
    ),
    Case(
        RUN_GROUP,
        "-i: model of another environment",
        "train --algo sac --env MountainCarContinuous-v0 -n 64 -f {dir}/new "
        f"-i {SAC_RUN}/Pendulum-v1.zip",
        ("does not fit",),
        damage=_nothing,
    ),
    Case(
        RUN_GROUP,
        "-i: replay buffer truncated",
        f"{SAC} -i {SAC_RUN}/Pendulum-v1.zip",
        ("replay_buffer.pkl",),
        damage=_truncate("replay_buffer.pkl"),
    ),
    Case(
        RUN_GROUP,
        "-i: code in the replay buffer",
        f"{SAC} -i {SAC_RUN}/Pendulum-v1.zip",
        ("replay_buffer.pkl", "--trust"),
        damage=_pickle_in("replay_buffer.pkl"),
    ),
    Case(
        RUN_GROUP,
        "--keep-buffer: no part of a buffer",
        f"{SAC} --keep-buffer most -i {SAC_RUN}/Pendulum-v1.zip",
        ("most", "none, all or the number"),
    ),
    Case(
        RUN_GROUP, "--keep-buffer: without -i", f"{SAC} --keep-buffer all", ("--keep-buffer", "-i")
    ),
    Case(
        RUN_GROUP,
        "--keep-buffer: none was saved",
        f"{SAC} --keep-buffer 100 -i {SAC_RUN}",
        ("no replay buffer was saved", "--save-replay-buffer"),
        damage=_no_buffer,
    ),
    Case(
        RUN_GROUP,
        "-i: code in the normaliser",
        f"{SAC} -params normalize:true -i {SAC_RUN}/Pendulum-v1.zip",
        ("vecnormalize.pkl", "--trust"),
        damage=_pickle_in("vecnormalize.pkl"),
    ),
    Case(
        RUN_GROUP,
        "-i: policy of a module that came with the run",
        f"{SAC} -i {SAC_RUN}/Pendulum-v1.zip",
        ("policy", "planted"),
        damage=_both(
            _plant_module, _append("config.yml", "policy: runs.sac.Pendulum-v1_1.planted.Thing")
        ),
    ),
    Case(
        RUN_GROUP, "--resume: no such folder", "train --resume {dir}/none", ("no such run folder",)
    ),
    Case(
        RUN_GROUP,
        "--resume: finished",
        f"train --resume {SAC_RUN}",
        ("already trained", "-n"),
        damage=_nothing,
    ),
    Case(
        RUN_GROUP,
        "--resume: no complete checkpoint",
        f"train --resume {SAC_RUN} -n 200",
        ("no complete checkpoint",),
        3,
        damage=_delete("rl_model_*.json"),
    ),
    Case(
        RUN_GROUP,
        "--resume: checkpoint truncated",
        f"train --resume {SAC_RUN} -n 200",
        ("no complete checkpoint",),
        3,
        damage=_truncate("rl_model_*.npz", 100),
    ),
    Case(
        RUN_GROUP,
        "--resume: not a run of ours",
        f"train --resume {SAC_RUN} -n 200",
        ("not a run of rl_zoo",),
        damage=_delete("run.json"),
    ),
    Case(
        RUN_GROUP,
        "--resume: record truncated",
        f"train --resume {SAC_RUN} -n 200",
        ("run.json", "not a run record"),
        damage=_truncate("run.json", 50),
    ),
    Case(
        RUN_GROUP,
        "--resume: another algorithm",
        f"train --resume {SAC_RUN} -n 200 --algo td3",
        ("--algo", "cannot change"),
        damage=_nothing,
    ),
    Case(
        RUN_GROUP,
        "--resume: code in the normaliser",
        f"train --resume {SAC_RUN} -n 200",
        ("--trust",),
        damage=_pickle_in("rl_model_vecnormalize_*.pkl"),
    ),
    Case(
        RUN_GROUP,
        "--resume: code in the normaliser, trusted by the run itself",
        f"train --resume {SAC_RUN} -n 200",
        ("--trust",),
        damage=_both(_pickle_in("rl_model_vecnormalize_*.pkl"), _append("args.yml", "trust: true")),
    ),
    Case(
        RUN_GROUP,
        "--resume: command as a callback",
        f"train --resume {SAC_RUN} -n 200",
        ("callback", "subprocess"),
        damage=_append("config.yml", f"callback: {POPEN}"),
    ),
    Case(
        RUN_GROUP,
        "--resume: command as a callback, named by the run itself",
        f"train --resume {SAC_RUN} -n 200",
        ("callback", "subprocess"),
        damage=_both(
            _append("config.yml", f"callback: {POPEN}"),
            _append("args.yml", "gym_packages: [subprocess]"),
        ),
    ),
    Case(
        RUN_GROUP,
        "--resume: module that came with the run",
        f"train --resume {SAC_RUN} -n 200",
        ("planted", "--gym-packages"),
        damage=_both(
            _plant_module, _append("args.yml", "gym_packages: [runs.sac.Pendulum-v1_1.planted]")
        ),
    ),
    Case(
        RUN_GROUP,
        "--resume: Python tag",
        f"train --resume {SAC_RUN} -n 200",
        ("args.yml",),
        damage=_append("args.yml", "seed: !!python/object/apply:os.system ['touch {mark}']"),
    ),
]

ROBOT_GROUP = "robots"
STAND = "robot stand --robot bert --driver sim"
REAL = "train --algo sac --env Bert-Real-v0 -n 64 -f {dir}/new --env-kwargs driver:sim"
SIMULATE = "robot simulate --robot bert --protocol remote"
SILENT = "address:unix:///nowhere/robot timeout:0.1"


def _robot(name: str, command: str, *words: str, code: int = 2, file: str | None = None) -> Case:
    return Case(ROBOT_GROUP, name, command, words, code, file=file)


ROBOTS = [
    _robot("sub-command", "robot chek", "did you mean 'check'?"),
    _robot("robot", "robot check --robot bret --driver sim", "did you mean 'bert'?"),
    _robot("driver", "robot check --robot bert --driver remot", "did you mean 'remote'?"),
    _robot(
        "option of a driver",
        "robot check --robot bert --driver remote --driver-options adress:udp://1.2.3.4:1",
        "driver_options.adress",
        "did you mean 'address'?",
    ),
    _robot(
        "address",
        "robot check --robot bert --driver remote --driver-options address:tcp://1.2.3.4:1",
        "valid: udp, unix",
    ),
    _robot(
        "orientation of servos left out",
        "robot check --robot bert --driver moteus",
        "driver_options.imu: missing",
    ),
    _robot(
        "no robot there",
        f"robot check --robot bert --driver remote --driver-options {SILENT}",
        "no robot answers at unix:///nowhere/robot",
        code=4,
    ),
    _robot("setting of the control loop", f"{STAND} --control stand_tim:4", "'stand_time'?"),
    _robot("limit", f"{STAND} --control limits:{{'max_tlt':0.8}}", "did you mean 'max_tilt'?"),
    _robot("button", f"{STAND} --control estop_buttons:[[L9]]", "'L9' is unknown"),
    _robot(
        "motors without a zero", "robot zero --robot bert --driver sim", "cannot store a new zero"
    ),
    _robot("nobody drives a robot", "robot stop", "no process of yours drives a robot", code=3),
    _robot("nobody to pause", "robot pause", "no process of yours drives any robot", code=3),
    _robot("no such session", "robot replay {dir}/none.session", "No such file"),
    _robot("no session", "robot replay {dir}/conf.yml", "is no session", file="hello\n"),
    _robot(
        "session of nothing",
        "robot check --robot bert --driver replay",
        "driver_options.file: missing",
    ),
    _robot("episodes of no run", "robot to-buffer {dir}/none", "no such run folder"),
    _robot("protocol", "robot simulate --robot bert --protocol remot", "did you mean 'remote'?"),
    _robot("fault", f"{SIMULATE} --fault pusch@1", "did you mean 'push'?"),
    _robot("parameter of a fault", f"{SIMULATE} --fault push@1:zz=3", "push.zz: unknown"),
    _robot("time of a fault", f"{SIMULATE} --fault push", "NAME@SECONDS"),
    _robot("motor of a fault", f"{SIMULATE} --fault overheat@1:motor=77", "overheat.motor"),
    _robot(
        "address of another computer",
        f"{SIMULATE} --protocol-options address:udp://192.0.2.1:1999",
        "cannot listen here",
        code=4,
    ),
    _robot("driver of an environment", f"{REAL}m", "unknown driver 'simm'; did you mean 'sim'?"),
    _robot(
        "setting of its control loop",
        f"{REAL} control:{{'rat':3}}",
        "env_kwargs.control.rat",
        "did you mean 'rate'?",
    ),
    _robot("key of its resets", f"{REAL} reset:{{'getup':'ramp'}}", "did you mean 'get_up'?"),
    _robot(
        "payload of a real robot",
        "train --algo sac --env Bert-Real-v0 -n 64 -f {dir}/new --env-kwargs payload:1.0",
        "only a simulation has it",
    ),
    _robot("two of one robot", f"{REAL} -params n_envs:2", "only one of this environment"),
    _robot(
        "training with no robot there",
        "train --algo sac --env Bert-Real-v0 -n 64 -f {dir}/new --env-kwargs "
        "driver_options:{'address':'unix:///nowhere/robot','timeout':0.1}",
        "no robot answers",
        code=4,
    ),
]


def _search(name: str, specs: str, *words: str, more: str = "") -> Case:
    base = "tune --algo ppo --env CartPole-v1 -n 64 -f {dir}/new --n-trials 1 --search-space "
    return Case("search spaces", name, f"{base}{specs}{more}", words)


SEARCH_SPACES = [
    _search("key", "gama:[0.9,0.99]", "ppo has no hyperparameter 'gama'; did you mean 'gamma'?"),
    _search("part of a range", "tau:{'lo':1}", "unknown part 'lo' of a range; did you mean 'low'?"),
    _search("wrapper that the entry lacks", "env_wrapper.FrameSkip.skip:[1,2]", "no wrapper 'Fra"),
    _search("low above high", "gamma:{'low':0.9,'high':0.8}", "low 0.9 is greater than high 0.8"),
    _search("log of zero", "ent_coef:{'low':0}", "log needs low above 0, not 0"),
    _search("no power of two", "n_steps:{'low':48}", "low 48 is not a power of two"),
    _search("no choices", "n_epochs:[]", "choices is empty"),
    _search("beyond what the key accepts", "gamma:[0.9,1.2]", "choice 1.2: must be in (0, 1]"),
    _search("optional space", "spaces:[gsd]", "no search space 'gsd'; did you mean 'gsde'?"),
    _search("nothing left", "spaces:none", "nothing is left to search"),
    _search(
        "searched and fixed",
        "gamma:[0.9,0.99]",
        "is fixed by the command line (gamma), which wins",
        more=" -params gamma:0.98",
    ),
]

BUNDLE = "{dir}/{logs}/bundle.onnx"
SHOW_BUNDLE = f"enjoy --onnx {BUNDLE} -n 10 --no-render"
EXAMPLE = {"observation": [1.0, 0.0, 0.0], "action": [0.5]}
GO2_JOINTS = {"name": "go2", "joint_names": ["FL_hip_joint", "FL_thigh_joint", "FL_calf_joint"]}


def _bundle(name: str, command: str, damage: Damage | None, *words: str, code: int = 2) -> Case:
    return Case("bundles", name, command, words, code, damage=damage)


BUNDLES = [
    _bundle("export of no run", "export {dir}/none", None, "no such run folder"),
    _bundle(
        "export of a run without a model", f"export {PPO_RUN}", _delete("*.zip"), "model", code=3
    ),
    _bundle("export of no checkpoint", f"export {PPO_RUN} --checkpoint 99", _nothing, "99", code=3),
    _bundle("export without a best model", f"export {PPO_RUN} --best", _nothing, "best", code=3),
    _bundle("-o: a folder", f"export {PPO_RUN} -o {{dir}}", _nothing, "is a folder; give a file"),
    _bundle("-o: another ending", f"export {PPO_RUN} -o {{dir}}/b.pt", _nothing, "end in .onnx"),
    _bundle(
        "-o: no such folder",
        f"export {PPO_RUN} -o {{dir}}/none/b.onnx",
        _nothing,
        "there is no folder",
    ),
    _bundle(
        "-o: a file that the system writes",
        f"export {PPO_RUN} -o /proc/b.onnx",
        _nothing,
        "-o /proc/b.onnx: cannot be written",
    ),
    _bundle("run and --algo", f"export {PPO_RUN} --algo ppo", _nothing, "by folder or by flags"),
    _bundle("no such file", "inspect {dir}/none.onnx", None, "none.onnx: no such file", code=3),
    _bundle("a folder", "inspect {dir}", None, "is a folder; name the file"),
    _bundle("no ONNX", f"inspect {BUNDLE}", deploy.no_onnx, "is no ONNX model"),
    _bundle("truncated", f"inspect {BUNDLE}", deploy.truncated, "is no ONNX model"),
    _bundle(
        "another ONNX model",
        f"inspect {BUNDLE}",
        deploy.without_metadata,
        "no bundle of rl_zoo; make one with: rl_zoo export RUN",
    ),
    _bundle(
        "newer format", f"inspect {BUNDLE}", deploy.newer_format, "bundle format 2", "update rl_zoo"
    ),
    _bundle("damaged metadata", f"inspect {BUNDLE}", deploy.damaged_metadata, "export it again"),
    _bundle("metadata of another graph", SHOW_BUNDLE, deploy.other_graph, "its graph has"),
    _bundle(
        "unknown layer",
        f"inspect {BUNDLE}",
        deploy.bundle(layers=({"kind": "magic"},)),
        "holds a layer 'magic', which this rl_zoo does not know",
    ),
    _bundle(
        "damaged layer",
        f"inspect {BUNDLE}",
        deploy.bundle(layers=({"kind": "action_smoothing"},)),
        "its layer 'action_smoothing' is damaged",
    ),
    _bundle(
        "another action on this computer",
        f"inspect {BUNDLE} --check",
        deploy.bundle(examples=(EXAMPLE,)),
        "step 0 differs, largest error 0.5, allowed 1e-05",
    ),
    _bundle(
        "another environment",
        f"{SHOW_BUNDLE} --env CartPole-v1",
        deploy.bundle(),
        "does not fit CartPole-v1: the policy's observation has shape (3,), that here (4,)",
    ),
    _bundle(
        "another robot",
        f"{SHOW_BUNDLE} --env Bert-v0",
        deploy.bundle(env="Bert-v0", robot=GO2_JOINTS),
        "it is for the robot 'go2', this is 'bert'",
        "FL_hip_joint",
    ),
    _bundle(
        "another control period",
        SHOW_BUNDLE,
        deploy.bundle(control_period=0.02),
        "the policy acts every 20 ms, this environment every 50 ms",
    ),
    _bundle(
        "other bounds of the action",
        SHOW_BUNDLE,
        deploy.bundle(bound=1.0),
        "action 0 has low -1 for the policy and -2 here",
    ),
    _bundle(
        "misspelt environment",
        f"{SHOW_BUNDLE} --env Pendulm-v1",
        deploy.bundle(),
        "did you mean 'Pendulum-v1'?",
    ),
    _bundle(
        "module that nobody named",
        SHOW_BUNDLE,
        deploy.bundle(env="subprocess:Popen-v0"),
        "wants to import the module 'subprocess'",
    ),
    _bundle(
        "weights beside a bundle",
        f"{SHOW_BUNDLE} --load-best",
        deploy.bundle(),
        "--load-best: not with --onnx: a bundle holds one set of weights",
    ),
    _bundle(
        "NaN while it runs",
        f"{SHOW_BUNDLE} --env Faulty-v0 --env-kwargs fault:nan_observation at:3 --gym-packages "
        "tests.probe_envs",
        deploy.bundle(env="Faulty-v0", sizes=(2, 1), bound=1.0),
        "observation is not finite at [1]",
        code=4,
    ),
]

CASES = [*NAMES, *YAML_FILES, *VALUES, *BUDGETS, *MISFITS, *RUNS, *ROBOTS, *SEARCH_SPACES, *BUNDLES]

GOOD_RUNS = [
    "train --algo ppo --env CartPole-v1 -n 32 --save-freq 32 --eval-freq -1 --seed 1 -f {dir} "
    "-params n_envs:1 n_steps:32 batch_size:32 n_epochs:1",
    "train --algo sac --env Pendulum-v1 -n 50 --save-freq 50 --eval-freq -1 --seed 1 -f {dir} "
    "--save-replay-buffer -params normalize:true buffer_size:500 learning_starts:40 "
    "policy_kwargs:dict(net_arch=[8])",
]
"""Commands that train the two runs which ``damage`` is done to."""


def prepare(case: Case, good_runs: Path, folder: Path) -> list[str]:
    """Write the files that ``case`` needs into ``folder``; return its command line."""
    if case.file is not None:
        (folder / "conf.yml").write_text(case.file)
    (folder / "conf.py").write_text("hyperparams = {}\n")
    if case.damage is not None:
        shutil.copytree(good_runs, folder / "runs")
        case.damage(folder / "runs")
    command = case.command.replace("{dir}", str(folder)).replace("{logs}", "runs")
    return command.split(" ")
