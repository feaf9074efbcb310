#!/usr/bin/env bash
# systemd-analyze verify ends with 0 for a unit whose key is misspelt.
#
# Expected: verify ends with another code than 0 when it has something to say, so that a build can rely on
# it.
# Seen: it warns of the unknown key on stderr and ends with 0. Only with --recursive-errors=no, an option
# whose name speaks of other units, does the same warning end with 1.
# Instead: --recursive-errors=no (systemd 250 and later), or fail on any output.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

command -v systemd-analyze > /dev/null || {
    echo "not tried: systemd-analyze is missing; apt-get install systemd"
    exit 2
}

printf '[Service]\nExecStart=%s\nRestart=always\n' "$(command -v true)" > "$folder/right.service"
sed 's/Restart=/Restrat=/' "$folder/right.service" > "$folder/misspelt.service"

exit_code_of() {
    local code=0
    systemd-analyze verify --man=no "$@" > "$folder/warnings" 2>&1 || code=$?
    echo "$code"
}

right=$(exit_code_of --recursive-errors=no "$folder/right.service")
if [ "$right" != 0 ]; then
    echo "not tried: the unit without a mistake is refused here: $(head -n 1 "$folder/warnings")"
    exit 2
fi
strict=$(exit_code_of --recursive-errors=no "$folder/misspelt.service")
plain=$(exit_code_of "$folder/misspelt.service")
echo "version:  $(systemd-analyze --version | head -n 1)"
echo "expected: verify does not end with 0 when a key is misspelt"
if [ "$plain" != 0 ] || ! grep -q Restrat "$folder/warnings"; then
    echo "changed:  verify ends with $plain: $(head -n 1 "$folder/warnings")"
    exit 1
fi
warning=$(sed "s|$folder/||" "$folder/warnings")
echo "seen:     verify ends with $plain, with --recursive-errors=no $strict: $warning"
