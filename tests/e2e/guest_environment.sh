#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What every guest test relies on: the guest's file systems, users, network and kernel features.
# guest: cpus=2 mem=1G timeout=60 beside=yes
. "$(dirname "$0")/lib.sh"

check "the kernel has sched_ext" test -e /sys/kernel/sched_ext/state
check "kernel types are readable (BTF)" test -r /sys/kernel/btf/vmlinux
check "cgroup2 is mounted" grep -q "^cgroup2 /sys/fs/cgroup cgroup2 " /proc/mounts
check "the cpu controller can be used in child groups" grep -qw cpu /sys/fs/cgroup/cgroup.subtree_control
check "bpffs is writable" sh -c 'mkdir /sys/fs/bpf/x && rmdir /sys/fs/bpf/x'
check "debugfs is there" test -d /sys/kernel/debug/sched
check "tracefs is there" test -e /sys/kernel/tracing/trace
check "loopback is up" ping -c 1 -W 2 127.0.0.1
is "the processors asked for" "$(nproc)" 2
check "commands can be run as another user" sh -c '[ "$(su user -c "id -u")" = 1000 ]'
check "/run and /tmp are writable" touch /run/x /tmp/x
for tool in bash busybox taskset chrt setpriv stress-ng hackbench cyclictest bpftool jq; do
  check "$tool runs" sh -c "command -v $tool"
done
finish
