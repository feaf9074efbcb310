#!/bin/sh
# Installs fer-edge as a systemd service, or upgrades it; --help says what it does and where.
set -eu

usage() {
    cat <<'HELP'
usage: sudo ./systemd/install.sh [--csi] [--check]

Installs fer-edge as a service that starts at boot; run again from a newer checkout, upgrades it.

  --csi     for a CSI camera: an environment that sees apt's python3-picamera2; an upgrade keeps to it
  --check   only check the machine
  --help    this text

What it makes:
  /opt/fer-edge                           the program, in a Python environment of its own
  /etc/systemd/system/fer-edge.service    the unit, enabled; fer-edge.service.d: less of libjpeg in the journal
  /etc/fer-edge/config.toml               the settings, where there are none yet
  /var/lib/fer-edge                       YuNet, if the network is there; recordings, if you ask for any
  the user and group fer-edge             a static one, so that files can be given to it: a token, a key, a folder

Packages come from where pip is told to look (pip.conf, PIP_INDEX_URL, PIP_FIND_LINKS, ...: keep them with sudo -E).
A version that fails to install leaves the one that runs as it is.  systemd/uninstall.sh takes all of it away.
HELP
}

SOURCE=$(cd "$(dirname "$0")/.." && pwd)
HOME_DIR=/opt/fer-edge
CONFIG=/etc/fer-edge/config.toml
STATE=/var/lib/fer-edge
UNIT=/etc/systemd/system/fer-edge.service
USER_NAME=fer-edge
# The environment takes 400 MB, twice while it is upgraded, and pip unpacks wheels in /tmp.
NEEDED_MB=1200
EXTRAS=record,mqtt,metrics

fail() {
    echo "install.sh: $*" >&2
    exit 1
}

missing=''
miss() {
    missing="$missing
  - $*"
}

# Debian packages that are missing, for one line to paste.
packages=''

check_system() {
    [ "$(getconf LONG_BIT)" = 64 ] || miss "a 64-bit system, found $(getconf LONG_BIT) bits: ONNX Runtime has no 32-bit" \
        "package; write the 64-bit Raspberry Pi OS to the card"
    case "$(uname -m)" in
        aarch64 | x86_64) ;;
        *) miss "a processor of the kind aarch64 or x86_64, found $(uname -m)" ;;
    esac
    # shellcheck disable=SC1091  # It is on every Debian.
    release=$(. /etc/os-release && echo "${ID:-unknown} ${VERSION_ID:-unknown}")
    case "$release" in
        'debian 12' | 'debian 13') ;;
        *) miss "Debian 12 or 13 (Raspberry Pi OS is one), found $release" ;;
    esac
    [ -d /run/systemd/system ] || miss "a running systemd, found none"
    for group in video render input; do
        getent group "$group" >/dev/null || miss "the group $group, which udev makes, found none: sudo apt install udev"
    done
}

check_python() {
    if ! command -v python3 >/dev/null; then
        packages="$packages python3 python3-venv"
    elif ! python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
        miss "Python 3.11 or later, found $(python3 -V)"
    elif ! python3 -c 'import ensurepip' 2>/dev/null; then
        packages="$packages python3-venv"
    fi
    if [ -n "$csi" ] && ! python3 -c 'import picamera2' 2>/dev/null; then
        miss "picamera2, which Raspberry Pi OS has and Debian has not: sudo apt install python3-picamera2"
    fi
    [ -z "$packages" ] || miss "packages that are not installed: sudo apt install$packages"
}

check_disk() {
    mkdir -p "$HOME_DIR"
    free_mb=$(df -Pm "$HOME_DIR" | awk 'NR == 2 { print $4 }')
    rmdir --ignore-fail-on-non-empty "$HOME_DIR"
    [ "$free_mb" -ge "$NEEDED_MB" ] || miss "$NEEDED_MB MB free under $HOME_DIR, found $free_mb MB; make room"
}

check_machine() {
    check_system
    check_python
    check_disk
    [ -z "$missing" ] || fail "this machine is not ready; expected: $missing"
}

make_user() {
    getent passwd "$USER_NAME" >/dev/null ||
        useradd --system --user-group --home-dir "$STATE" --no-create-home --shell /usr/sbin/nologin "$USER_NAME"
    install -d -m 750 "$STATE"
    # What an earlier installation left is the new user's.
    chown -R "$USER_NAME:$USER_NAME" "$STATE"
}

# Into a folder of its own, so that the version that runs stays whole until the new one is.
make_environment() {
    release=$(mktemp -d "$HOME_DIR/release-XXXXXX")
    build=$(mktemp -d)
    trap 'rm -rf "$release" "$build"' EXIT
    chmod 755 "$release"
    echo "making the environment in $release (some minutes on a Pi)"
    python3 -m venv ${csi:+--system-site-packages} "$release"
    # pip leaves its traces in what it builds: not in the checkout.
    (cd "$SOURCE" && cp -R setup.cfg pyproject.toml constraints.txt LICENSE NOTICE README.md \
        benchmarks edge export models "$build")
    # An apt simplejpeg that was built for numpy 1 breaks picamera2 beside numpy 2: one that fits goes before it.
    "$release/bin/python" -m pip install --quiet --disable-pip-version-check --no-cache-dir \
        --constraint "$build/constraints.txt" "${build}[$EXTRAS]" ${csi:+"simplejpeg>=1.8.2"} ||
        fail "the packages could not be installed; see above, and pip's settings for an index or a proxy"
    "$release/bin/fer-edge" --print-config >/dev/null || fail "the program does not start; see above"
    rm -rf "$build"
}

put_in_place() {
    install -m 755 "$SOURCE/systemd/uninstall.sh" "$HOME_DIR/uninstall.sh"
    install -m 644 "$SOURCE/README.md" "$SOURCE/LICENSE" "$SOURCE/NOTICE" "$HOME_DIR"
    install -D -m 644 -t "$HOME_DIR/docs" "$SOURCE"/docs/*
    install -m 644 "$SOURCE/systemd/fer-edge.service" "$UNIT"
    if [ "$(systemctl --version | awk 'NR == 1 { print $2 }')" -ge 253 ]; then
        install -D -m 644 "$SOURCE/systemd/quiet.conf" "$UNIT.d/quiet.conf"
    fi
    install -d -m 755 "$(dirname "$CONFIG")"
    [ -e "$CONFIG" ] || install -m 640 "$SOURCE/systemd/config.toml" "$CONFIG"
    # A camera's address may hold a password.
    chgrp "$USER_NAME" "$CONFIG"
    ln -s "$(basename "$release")" "$HOME_DIR/.next"
    mv -T "$HOME_DIR/.next" "$HOME_DIR/current"
    trap - EXIT
    systemctl daemon-reload
    systemctl enable --quiet fer-edge.service
}

fetch_yunet() {
    yunet=$STATE/face_detection_yunet_2023mar.onnx
    [ -e "$yunet" ] || "$release/bin/python" -m edge.models --output "$yunet" ||
        echo "without YuNet faces are found by Haar, which misses more; run this again once the network is there"
}

remove_old() {
    for old in "$HOME_DIR"/release-*; do
        [ "$old" = "$release" ] || rm -rf "$old"
    done
}

csi=''
check=''
for argument in "$@"; do
    case "$argument" in
        --csi) csi=1 ;;
        --check) check=1 ;;
        --help | -h) usage; exit 0 ;;
        *) fail "expected --csi, --check or --help, found $argument" ;;
    esac
done

if grep --quiet --no-messages 'include-system-site-packages = true' "$HOME_DIR/current/pyvenv.cfg"; then
    csi=1
fi

[ "$(id -u)" = 0 ] || fail "expected to run as root; use: sudo $0 $*"
check_machine
[ -z "$check" ] || { echo "this machine is ready"; exit 0; }
umask 022
mkdir -p "$HOME_DIR"
make_user
make_environment
put_in_place
fetch_yunet
# A service that runs goes on with the new version; one that was stopped stays so.
systemctl try-restart fer-edge.service
remove_old
echo "installed; settings: $CONFIG; now: sudo systemctl start fer-edge && journalctl -fu fer-edge"
