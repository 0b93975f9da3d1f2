#!/usr/bin/env bash
# Installs the distribution's packages that Kiln's local runs need and that are missing, in one apt-get call.
#
# usage: setup-system.sh required|wanted
#   required: fail if what virtual machines need cannot be installed (a local build needs it)
#   wanted:   say so and go on (tests on virtual machines are then skipped, with the reason)
# What Python's virtual environments need is always required.
set -euo pipefail

machines=${1:?usage: setup-system.sh required|wanted}

say() { printf 'setup: %s\n' "$*" >&2; }

# python_packages: print the packages that Kiln's virtual environment still needs.
python_packages() {
  python3 -c 'import venv, ensurepip' 2>/dev/null || echo python3-venv
}

# machine_packages: print the packages that building and running virtual machines still needs.
# Each line names the package and a file or command by which it is there, whoever brought it.
machine_packages() {
  while read -r package sign; do
    if [[ $sign == /* ]]; then [[ -e $sign ]]; else PATH=$PATH:/usr/sbin:/sbin command -v "$sign" >/dev/null; fi ||
      echo "$package"
  done <<'PACKAGES'
qemu-system-x86 qemu-system-x86_64
qemu-utils qemu-img
mmdebstrap mmdebstrap
debian-archive-keyring /usr/share/keyrings/debian-archive-keyring.gpg
gpg gpg
fdisk sfdisk
mtools mcopy
dosfstools mkfs.vfat
grub-pc-bin /usr/lib/grub/i386-pc
grub-efi-amd64-bin /usr/lib/grub/x86_64-efi
grub-common grub-mkimage
uidmap newuidmap
busybox-static busybox
cpio cpio
lz4 lz4
zstd zstd
PACKAGES
}

# install PACKAGE...: install without questions; as root, or through sudo.
install() {
  if ! command -v apt-get >/dev/null; then
    say "there is no apt-get here; install what Debian calls: $*"
    return 1
  fi
  local root=()
  if ((EUID != 0)); then
    if ! command -v sudo >/dev/null; then
      say "not root, and there is no sudo; as root, run: apt-get install --no-install-recommends $*"
      return 1
    fi
    root=(sudo)
  fi
  say "installing $*"
  local apt=("${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300)
  local log
  log=$(mktemp)
  if "${apt[@]}" update >"$log" 2>&1 </dev/null &&
    "${apt[@]}" install --yes --no-install-recommends "$@" >>"$log" 2>&1 </dev/null; then
    rm -f "$log"
  else
    say "apt-get failed:"
    tail -n 25 "$log" >&2
    rm -f "$log"
    return 1
  fi
}

mapfile -t python < <(python_packages)
mapfile -t virtual < <(machine_packages)

if ((${#python[@]} + ${#virtual[@]} > 0)) && ! install "${python[@]}" "${virtual[@]}"; then
  ((${#python[@]} == 0)) || install "${python[@]}"
  if ((${#virtual[@]} > 0)); then
    say "without these, no virtual machine can be built or run: ${virtual[*]}"
    [[ $machines == wanted ]] || exit 1
  fi
fi
