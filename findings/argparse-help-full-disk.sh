#!/usr/bin/env bash
# argparse ends with 0 when it could not write --help, where output is unbuffered.
#
# Expected: `program --help > usage.txt` on a full disk fails as print() does there.
# Seen: with -u or PYTHONUNBUFFERED=1, as many container images set it, the file is empty and the exit code
# is 0, since ArgumentParser swallows every OSError of the write (Python 3.10 did not). With buffered output
# the error comes up later, when the interpreter flushes at its end: exit code 120.
# Instead: check that the file is not empty.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

[ -c /dev/full ] || { echo "not tried: there is no /dev/full here"; exit 2; }

cat > "$folder/program.py" <<'END'
import argparse

argparse.ArgumentParser(prog="program").parse_args()
END

# -E: nothing that the environment says about buffering counts.
exit_code_of() {
    local code=0
    python3 -E "$@" > /dev/full 2> "$folder/errors" || code=$?
    echo "$code"
}

unbuffered=$(exit_code_of -u "$folder/program.py" --help)
buffered=$(exit_code_of "$folder/program.py" --help)
print=$(exit_code_of -u -c 'print("usage")')
echo "version:  $(python3 --version)"
echo "expected: a full disk makes --help end with another code than 0, as print() does ($print)"
if [ "$unbuffered" != 0 ] || [ "$print" = 0 ]; then
    echo "changed:  --help ends with $unbuffered where print() ends with $print"
    exit 1
fi
echo "seen:     --help ends with $unbuffered when unbuffered, with $buffered when buffered"
