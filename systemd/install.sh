#!/bin/sh
# Installs fer-edge as a systemd service, or upgrades it; --help describes what it does.
set -eu

usage() {
    cat <<'HELP'
usage: sudo ./systemd/install.sh [--csi] [--check]

Installs fer-edge as a service that starts at boot. To upgrade it, run this again from a newer checkout.

  --csi     support CSI cameras, with apt's python3-picamera2; upgrades keep this choice
  --check   only check the machine
  --help    print this text

It makes:
  /opt/fer-edge                           the program, in a Python environment of its own
  /etc/systemd/system/fer-edge.service    the unit, enabled, and a drop-in against libjpeg's messages
  /etc/fer-edge/config.toml               the settings, unless they exist
  /var/lib/fer-edge                       YuNet, if there is a network; recordings, if you ask for them
  the user and group fer-edge             permanent ones, so that they can own files: a token, a key, a folder

pip's own settings choose where packages come from (pip.conf, PIP_INDEX_URL, PIP_FIND_LINKS, ...; sudo -E
keeps these variables).  If an upgrade fails, the installed version stays.  systemd/uninstall.sh removes all.
HELP
}

SOURCE=$(cd "$(dirname "$0")/.." && pwd)
HOME_DIR=/opt/fer-edge
CONFIG=/etc/fer-edge/config.toml
STATE=/var/lib/fer-edge
UNIT=/etc/systemd/system/fer-edge.service
USER_NAME=fer-edge
# The environment takes 400 MB. During an upgrade there are two, and pip unpacks wheels in /tmp.
NEEDED_MB=1200
EXTRAS=record,mqtt,metrics

fail() {
    echo "install.sh: $*" >&2
    exit 1
}

missing=''
add_missing() {
    missing="$missing
  - $*"
}

# The Debian packages that are missing, to be named in one command.
packages=''

check_system() {
    [ "$(getconf LONG_BIT)" = 64 ] ||
        add_missing "a 64-bit system, found $(getconf LONG_BIT) bits: ONNX Runtime has no 32-bit" \
            "package; write the 64-bit Raspberry Pi OS to the card"
    case "$(uname -m)" in
        aarch64 | x86_64) ;;
        *) add_missing "a processor of the kind aarch64 or x86_64, found $(uname -m)" ;;
    esac
    # shellcheck disable=SC1091  # It is on every Debian.
    release=$(. /etc/os-release && echo "${ID:-unknown} ${VERSION_ID:-unknown}")
    case "$release" in
        'debian 12' | 'debian 13') ;;
        *) add_missing "Debian 12 or 13 (Raspberry Pi OS is one), found $release" ;;
    esac
    [ -d /run/systemd/system ] || add_missing "a running systemd, found none"
    for group in video render input; do
        getent group "$group" >/dev/null ||
            add_missing "the group $group, which udev makes, found none: sudo apt install udev"
    done
}

check_python() {
    if ! command -v python3 >/dev/null; then
        packages="$packages python3 python3-venv"
    elif ! python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
        add_missing "Python 3.11 or later, found $(python3 -V)"
    elif ! python3 -c 'import ensurepip' 2>/dev/null; then
        packages="$packages python3-venv"
    fi
    if [ -n "$csi" ] && ! python3 -c 'import picamera2' 2>/dev/null; then
        add_missing "picamera2, which only Raspberry Pi OS has: sudo apt install python3-picamera2"
    fi
    [ -z "$packages" ] || add_missing "packages that are not installed: sudo apt install$packages"
}

check_disk() {
    mkdir -p "$HOME_DIR"
    free_mb=$(df -Pm "$HOME_DIR" | awk 'NR == 2 { print $4 }')
    rmdir --ignore-fail-on-non-empty "$HOME_DIR"
    [ "$free_mb" -ge "$NEEDED_MB" ] ||
        add_missing "$NEEDED_MB MB free under $HOME_DIR, found $free_mb MB; make room"
}

check_machine() {
    check_system
    check_python
    check_disk
    [ -z "$missing" ] || fail "this machine is not ready; expected: $missing"
}

make_user() {
    getent passwd "$USER_NAME" >/dev/null ||
        useradd --system --user-group --home-dir "$STATE" --no-create-home --shell /usr/sbin/nologin \
            "$USER_NAME"
    install -d -m 750 "$STATE"
    # Files of an earlier installation belong to the new user.
    chown -R "$USER_NAME:$USER_NAME" "$STATE"
}

# In a new folder, so that the installed version keeps working until the new one is complete.
make_environment() {
    release=$(mktemp -d "$HOME_DIR/release-XXXXXX")
    build=$(mktemp -d)
    trap 'rm -rf "$release" "$build"' EXIT
    chmod 755 "$release"
    echo "making the environment in $release (some minutes on a Pi)"
    python3 -m venv ${csi:+--system-site-packages} "$release"
    # In a copy, because pip leaves files in the folder that it builds.
    (cd "$SOURCE" && cp -R setup.cfg pyproject.toml constraints.txt LICENSE NOTICE README.md \
        benchmarks edge export models "$build")
    # apt's simplejpeg was built for numpy 1 and breaks picamera2 beside numpy 2: install one that fits.
    "$release/bin/python" -m pip install --quiet --disable-pip-version-check --no-cache-dir \
        --constraint "$build/constraints.txt" "${build}[$EXTRAS]" ${csi:+"simplejpeg>=1.8.2"} ||
        fail "the packages could not be installed; see above, and check pip's index and proxy"
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
    # The address of a camera may hold a password.
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
        echo "YuNet could not be fetched, and Haar misses more faces; run this again once there is a network"
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
# Restart a service that runs, so that it uses the new version.
systemctl try-restart fer-edge.service
remove_old
echo "installed; settings: $CONFIG; now: sudo systemctl start fer-edge && journalctl -fu fer-edge"
