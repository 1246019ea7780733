#!/bin/sh
# Run the tests of the native learner under the address and undefined behaviour sanitizers, or with
# another compiler: CXX=clang++ scripts/check_native.sh
#
#     PYTHON=.venv/bin/python scripts/check_native.sh [pytest arguments]
set -eu
cd "$(dirname "$0")/.."
python=${PYTHON:-python}
compiler=${CXX:-g++}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
# A compiler that adds the sanitizers to whatever it is asked to do.
cat > "$folder/compiler" <<EOF
#!/bin/sh
[ "\$1" = --version ] && { echo sanitized; exec $compiler --version; }
exec $compiler -g -O1 -fsanitize=address,undefined -fno-sanitize-recover=all "\$@"
EOF
chmod +x "$folder/compiler"
runtime=$($compiler -print-file-name=libasan.so)
status=0
for isa in ${ISAS:-generic avx2 avx512}; do
    echo "== $isa"
    CXX="$folder/compiler" RL_ZOO_CACHE="$folder/cache" RL_ZOO_NATIVE_ISA="$isa" \
        ASAN_OPTIONS=detect_leaks=0 LD_PRELOAD="$runtime" OMP_NUM_THREADS=1 \
        $python -m pytest -q -x -p no:cacheprovider tests/agents/native/test_native_lockstep.py \
        tests/agents/native/test_native_dropout.py tests/agents/native/test_native_ring.py \
        tests/agents/native/test_native_state_noise.py tests/agents/native/test_native_activations.py \
        "$@" || status=1
done
exit $status
