#!/bin/sh
# Runs "make test", or another command, in a fresh minimal Debian with only git
# and make added, from what is committed here.  It needs root and debootstrap.
#
#   t/tools/debian.sh trixie [command]
#
# The mirror is that of this machine's apt, or $DEBIAN_MIRROR.

set -eu

suite=${1:?usage: debian.sh SUITE [command]}
command=${2:-make test}
mirror=${DEBIAN_MIRROR:-$(apt-get indextargets --format '$(SITE)' | sed 's,/*$,,' \
    | grep '/debian$' | sort -u | head -n 1)}
dir=$(mktemp -d /var/tmp/debian.XXXXXX)
chmod 755 "$dir" # it becomes "/", which nginx's workers must be able to search
trap 'rm -rf --one-file-system "$dir"' EXIT
trap 'exit 1' INT TERM HUP

if [ -z "$mirror" ]; then
    echo "apt has no mirror of Debian: set DEBIAN_MIRROR" >&2
    exit 1
fi

debootstrap --variant=minbase --include=git,make "$suite" "$dir" "$mirror" > "$dir.log" 2>&1 || {
    tail -n 20 "$dir.log" >&2
    exit 1
}
rm -f "$dir.log"

# how apt gets there from this machine

apt-config dump | grep -E '^Acquire::(http|https|ftp|Check|Retries|AllowInsecure)' \
    > "$dir/etc/apt/apt.conf.d/90machine" || true
cp /etc/resolv.conf /etc/hosts "$dir/etc/"

# and npm

authority=
if [ -n "${NODE_EXTRA_CA_CERTS:-}" ]; then
    cp "$NODE_EXTRA_CA_CERTS" "$dir/etc/authority.pem"
    authority=NODE_EXTRA_CA_CERTS=/etc/authority.pem
fi
git clone -q . "$dir/module"

# mounts of a namespace of its own go with the processes in it

unshare --mount --pid --fork --kill-child sh -c '
    mount -t proc proc "$1/proc"
    mount --rbind /dev "$1/dev"
    mount -t tmpfs tmpfs "$1/tmp"
    exec chroot "$1" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 $3 \
        sh -c "cd /module && $2"' sh "$dir" "$command" "$authority"
