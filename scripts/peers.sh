#!/usr/bin/env bash
# Create the environment of the benchmarks: RL Zoo, SBX and what they need beside rl_zoo (editable), 3 GB at most.
#
#   scripts/peers.sh [FOLDER]
#
# FOLDER is .bench-venv unless given; the benchmarks use it, or the interpreter that RL_ZOO_PEERS names.
# PYTHON names the interpreter that it is made with (python3); TORCH as for scripts/setup.sh.
set -euo pipefail

cd "$(dirname "$0")/.."
venv=${1:-.bench-venv}

VENV=$venv EXTRAS='' scripts/setup.sh "${TORCH:-auto}"
echo "peers: installing RL Zoo and SBX"
if ! "$venv/bin/python" -m pip install --disable-pip-version-check --progress-bar off --no-compile \
    -r requirements/peers.txt -c constraints/tested.txt >>"$venv/setup.log" 2>&1; then
    grep -v '^WARNING: Location' "$venv/setup.log" | tail -n 15 >&2
    echo "peers: RL Zoo and SBX could not be installed (all of pip's output: $venv/setup.log)" >&2
    exit 2
fi
# Imported once, so that all is compiled before anything is timed.
PYTHONDONTWRITEBYTECODE='' "$venv/bin/python" -c 'import rl_zoo, rl_zoo3.train, sbx' || exit 2
echo "peers: done; the benchmarks use $venv/bin/python"
