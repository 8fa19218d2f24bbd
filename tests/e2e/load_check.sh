#!/bin/sh
# load_check.sh PROGRAM WORK_DIR OPTION...: exports the bundled model with these options and loads the result with the
# Python libraries users load it with (tests/tools/load_check.py), comparing with the source. 77 = skipped.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
program=$1
work=$2
shift 2
python=$root/.deps/oracle/bin/python
model=$root/examples/tinystories-656k
if [ ! -x "$python" ]; then
  echo "skipped: $python is not there; scripts/setup-oracle makes it"
  exit 77
fi
rm -rf "$work"
mkdir -p "$work"
"$program" "$model" --iters 0 --disable_opt_rtn --output_dir "$work" "$@"
folder=$(dirname "$(find "$work" -name config.json | head -n 1)")
# Plain rounding to 4 bits in groups of 32 costs 0.065 nats a token here, to 3 bits 0.29.
"$python" "$root/tests/tools/load_check.py" "$folder" --ref "$model" --text "$root/examples/text/eval.txt" \
  --seqlen 128 --windows 4 --max-kld 0.5
rm -rf "$work"
