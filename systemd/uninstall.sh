#!/bin/sh
# Removes what install.sh made, except the settings; --help gives the details.
set -eu

usage() {
    cat <<'HELP'
usage: sudo ./systemd/uninstall.sh [--all]

Stops and removes the service, its drop-ins (systemctl edit), the program and its user.  /etc/fer-edge stays,
and so does /var/lib/fer-edge if the service or you have written files there: recordings, events.

  --all     remove these, too
  --help    print this text
HELP
}

HOME_DIR=/opt/fer-edge
CONFIG_DIR=/etc/fer-edge
STATE=/var/lib/fer-edge
UNIT=/etc/systemd/system/fer-edge.service

case "${1:-}" in
    '' | --all) ;;
    --help | -h) usage; exit 0 ;;
    *) echo "uninstall.sh: expected --all or --help, found $1" >&2; exit 1 ;;
esac
[ "$(id -u)" = 0 ] || { echo "uninstall.sh: expected to run as root; use: sudo $0 $*" >&2; exit 1; }

if [ -e "$UNIT" ]; then
    systemctl disable --now --quiet fer-edge.service
fi
rm -rf "$UNIT" "$UNIT.d" "$HOME_DIR"
systemctl daemon-reload
systemctl reset-failed fer-edge.service 2>/dev/null || true
if [ "${1:-}" = --all ]; then
    rm -rf "$STATE" "$CONFIG_DIR"
elif [ -d "$STATE" ]; then
    # These can be fetched or measured again.
    rm -f "$STATE/face_detection_yunet_2023mar.onnx" "$STATE/tuning.json"
    rmdir --ignore-fail-on-non-empty "$STATE"
fi
for name in "$STATE" "$CONFIG_DIR"; do
    [ ! -e "$name" ] || echo "kept: $name"
done
# The next new user could get the same number, and with it the files that are kept.
if [ -d "$CONFIG_DIR" ]; then chgrp -R root "$CONFIG_DIR"; fi
if [ -e "$STATE" ]; then chown -R root:root "$STATE"; fi
if getent passwd fer-edge >/dev/null; then userdel fer-edge; fi
