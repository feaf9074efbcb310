#!/bin/bash
# Boots systemd as PID 1 over the folder ROOT, whose changes go to the folder CHANGES; ends when that machine does.
# usage: nspawn.sh ROOT CHANGES [argument of systemd-nspawn]...
#
# It does where no systemd runs outside, and where the control groups are of version 1: in mounts of its own it gives
# systemd-nspawn an empty /run, and the hierarchy of version 2 with a group to begin in.  The machine has no network, and
# its systemd may load the programs by which it keeps a service from devices.
set -eu
# shellcheck disable=SC2016  # The inner shell expands these.
exec unshare --mount --propagation private bash -euc '
    root=$1 changes=$2 group=/sys/fs/cgroup/fer-edge-test-$$
    shift 2
    mkdir -p "$changes/upper" "$changes/work" "$changes/root"
    mount -t overlay overlay -o "lowerdir=$root,upperdir=$changes/upper,workdir=$changes/work" "$changes/root"
    mount -t tmpfs tmpfs /run
    mkdir -p /run/systemd
    umount --recursive --lazy /sys/fs/cgroup
    mount -t cgroup2 cgroup2 /sys/fs/cgroup
    mkdir "$group"
    echo $$ > "$group/cgroup.procs"
    export SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1
    exec systemd-nspawn --directory="$changes/root" --boot --private-network --register=no --keep-unit \
        --resolv-conf=off --timezone=off --link-journal=no --console=pipe --kill-signal=SIGRTMIN+3 \
        --system-call-filter=bpf --capability=CAP_BPF "$@"
' _ "$@"
