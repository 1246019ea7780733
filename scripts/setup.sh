#!/usr/bin/env bash
# Create .venv and install rl_zoo into it (editable, with the test tools). Called by `make setup`.
#
#   scripts/setup.sh [auto|cpu|default]
#     auto      PyTorch without CUDA where it can be had, else PyTorch's default build
#     cpu       PyTorch without CUDA from PyTorch's own index, or fail
#     default   the build that `pip install torch` gives (on Linux: with CUDA, about 3 GB)
# PYTHON names the interpreter, VENV the folder, EXTRAS the extras (python3, .venv, [tests]).
set -euo pipefail

build=${1:-auto}
python=${PYTHON:-python3}
venv=${VENV:-.venv}
cpu_index=$(sed -n "s/^--extra-index-url //p" constraints/cpu.txt)
torch=$(sed -n 's/^torch==//p' constraints/tested.txt)
log=$venv/setup.log

fail() {
    echo "setup: $*" >&2
    exit 2
}

# The interpreter that a new .venv is made with.
check_python() {
    command -v "$python" >/dev/null ||
        fail "'$python' was not found: install Python 3.10 or newer, or name one: make setup PYTHON=/path/to/python3"
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' ||
        fail "rl_zoo needs Python 3.10 or newer, but '$python' is $("$python" -V 2>&1): name a newer one: make setup PYTHON=python3.11"
    "$python" -c 'import ensurepip, venv' 2>/dev/null ||
        fail "Python's venv module is missing from '$python': install it (Debian, Ubuntu: sudo apt install python3-venv) and run make again"
}

# Python compiles what it imports when it first does: compiling everything now takes as long as the download.
# Everything pip says is in the log; the terminal shows the end of it when something went wrong.
install() {
    "$venv/bin/python" -m pip install --disable-pip-version-check --progress-bar off --no-compile "$@" >>"$log" 2>&1
}

give_up() {
    grep -v '^WARNING: Location' "$log" | tail -n 15 >&2
    fail "$* (all of pip's output: $log)"
}

index_answers() {
    "$venv/bin/python" - "$cpu_index/torch/" <<'PYTHON' 2>/dev/null
import sys, urllib.request
urllib.request.urlopen(sys.argv[1], timeout=5).close()
PYTHON
}

install_torch() {
    case $build in
    auto)
        # From the configured package sources first, since they may hold it; then from PyTorch's index.
        install "torch==$torch+cpu" && return
        index_answers && install --extra-index-url "$cpu_index" "torch==$torch+cpu" && return
        echo "setup: no PyTorch without CUDA within reach ($cpu_index): installing the default build, about 3 GB on Linux" >&2
        install "torch==$torch"
        ;;
    cpu) install -c constraints/cpu.txt torch ;;
    default) install "torch==$torch" ;;
    esac
}

case $build in
auto | cpu | default) ;;
*) fail "TORCH=$build is unknown: choose auto, cpu or default" ;;
esac
started=$SECONDS
if ! "$venv/bin/python" -c 'import pip, sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then
    check_python
    echo "setup: creating $venv with $("$python" -V)"
    "$python" -m venv --clear "$venv" || fail "could not create $venv with '$python'"
fi
: >"$log"
echo "setup: installing PyTorch $torch"
install_torch || give_up "PyTorch $torch could not be installed"
echo "setup: installing rl_zoo and the packages it needs (a minute or two)"
install -e ".${EXTRAS-[tests]}" -c constraints/tested.txt || give_up "the packages could not be installed"
echo "setup: done in $((SECONDS - started)) s, $(du -sm "$venv" | cut -f1) MB in $venv"
