#!/usr/bin/env bash
# Try out a robot's computer: a fresh environment with requirements/robot.txt and rl_zoo, nothing
# else, runs a bundle against a simulated robot (`make check-robot-computer`).
#
#   scripts/check_robot_computer.sh [BUNDLE]
#     BUNDLE    of a policy for Bert-v0; without one a few steps are trained and exported
# PYTHON is the interpreter of the robot's computer (python3), FULL that of the full installation
# (.venv/bin/python), which trains and simulates.
set -euo pipefail

cd "$(dirname "$0")/.."
python=${PYTHON:-python3}
full=${FULL:-$PWD/.venv/bin/python}
largest=250 # MB
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
export OMP_NUM_THREADS=1

bundle=${1:-}
if [ -z "$bundle" ]; then
    bundle=$place/bundle.onnx
    "$full" -m rl_zoo.train --algo droq --env Bert-v0 -n 300 --eval-freq -1 --verbose 0 -f "$place/logs" \
        -params learning_starts:200
    "$full" -m rl_zoo.cli export "$place/logs/droq/Bert-v0_1" -o "$bundle"
fi

"$python" -m venv "$place/venv"
robot=$place/venv/bin/python
pip() { "$robot" -m pip --disable-pip-version-check --quiet "$@"; }
pip install -r requirements/robot.txt
pip install --no-deps .

size=$(du -sm "$place/venv" | cut -f1)
echo "environment: $size MB with pip, $("$robot" -V), $("$robot" -m pip list --format freeze 2>/dev/null | grep -Ei '^(numpy|onnxruntime|gymnasium)=' | tr '\n' ' ')"
[ "$size" -lt "$largest" ] || { echo "check_robot_computer: larger than $largest MB" >&2; exit 1; }

"$full" scripts/robot_computer_checks.py "$bundle" --python "$robot"
