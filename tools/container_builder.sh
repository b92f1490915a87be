#!/usr/bin/env bash
# Build the image as root on a Debian machine that has no engine and reaches no registry of images:
#
#   tools/container_builder.sh [TAG] [FOLDER]
#
# buildah, crun and debootstrap come from Debian, and so does the base: a root made by debootstrap stands in for the
# Dockerfile's own. Everything else is built as it is anywhere. Packages are asked of where apt and pip of this machine
# ask for them; how, and with which certificates, is mounted or given as a secret, so nothing of it stays in the image.
# Layers are kept for the next build; `buildah rmi --prune` gives their room back.
set -euo pipefail

tag=${1:-localhost/scizor:latest}
folder=${2:-$(dirname "$0")/..}
suite=bookworm
base=localhost/scizor-base:$suite
certificates=/etc/ssl/certs/ca-certificates.crt

[ "$(id -u)" = 0 ] || { echo "only root can build here: buildah mounts layers" >&2; exit 1; }
command -v apt-get > /dev/null || { echo "this is no Debian: build with the engine you have" >&2; exit 1; }

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

missing=()
for program in buildah crun debootstrap; do command -v $program > /dev/null || missing+=($program); done
if [ ${#missing[@]} -gt 0 ]; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -qq --yes --no-install-recommends "${missing[@]}" > /dev/null
fi

make_base() {
    local mirror container root
    mirror=$(apt-get indextargets --format '$(RELEASE) $(REPO_URI)' | awk -v suite=$suite '$1 == suite {print $2; exit}')
    debootstrap --variant=minbase $suite "$scratch/root" "$mirror" > "$scratch/log" || { tail "$scratch/log" >&2; exit 1; }
    if [ -f /etc/apt/sources.list.d/debian.sources ]; then  # with the security fixes
        cp /etc/apt/sources.list.d/debian.sources "$scratch/root/etc/apt/sources.list.d/"
        rm -f "$scratch/root/etc/apt/sources.list"
    fi
    apt-config dump Acquire > "$scratch/root/etc/apt/apt.conf.d/90builder"
    container=$(buildah from scratch)
    root=$(buildah mount "$container")
    cp -a "$scratch/root/." "$root/"
    buildah umount "$container" > /dev/null
    buildah commit --quiet --rm "$container" $base > /dev/null
}
buildah inspect --type image $base > /dev/null 2>&1 || make_base

{
    echo "[global]"
    ! index=$(python3 -m pip config get global.index-url 2> /dev/null) || echo "index-url = $index"
    [ ! -f $certificates ] || echo "cert = /run/build-certificates"
} > "$scratch/pip.conf"
options=(--isolation chroot --layers --build-arg "BASE=$base" --secret "id=pip,src=$scratch/pip.conf")
[ ! -f $certificates ] || options+=(--volume "$certificates:/run/build-certificates:ro")
buildah build "${options[@]}" --tag "$tag" "$folder"
