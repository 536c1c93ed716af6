#!/usr/bin/env bash
# Installs what is missing: setup/install.sh BUILD
#   the Debian packages of setup/packages.txt, as root or through sudo;
#   the Python packages of requirements.txt, in the virtual environment BUILD/venv.
# Silent and instant where nothing is to do.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
build=${1:?usage: setup/install.sh BUILD}
say() { printf '== %s\n' "$*"; }
die() { printf 'setup: %s\n' "$*" >&2; exit 1; }

missing_packages() {
  local name
  grep -v '^#' "$root/setup/packages.txt" | while read -r name; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null)" = installed ] || echo "$name"
  done
}

unknown_packages() {
  local name
  for name in "$@"; do
    [[ $(apt-cache policy "$name") =~ Candidate:\ [^\(] ]] || echo "$name"
  done
}

install_packages() {
  local names=("$@") unknown as_root=() apt
  [ "$(id -u)" = 0 ] || as_root=(sudo)
  [ ${#as_root[@]} = 0 ] || command -v sudo >/dev/null ||
    die "expected root or sudo to install Debian packages, or to find them installed: ${names[*]}"
  apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300)
  say "installing Debian packages: ${names[*]}"
  if [ -n "$(unknown_packages "${names[@]}")" ]; then
    "${apt[@]}" update
    unknown=$(unknown_packages "${names[@]}" | tr '\n' ' ')
    [ -z "$unknown" ] || die "expected an apt source that has $unknown(Debian 12 with its security updates," \
      "suite bookworm-security, component main, has them all; see /etc/apt/sources.list)"
  fi
  # A stale list names files that are gone: one more try with a fresh one.
  "${apt[@]}" install --no-install-recommends "${names[@]}" ||
    { "${apt[@]}" update && "${apt[@]}" install --no-install-recommends "${names[@]}"; }
}

install_python() {
  local venv=$build/venv python=/usr/bin/python3
  cmp -s "$root/requirements.txt" "$venv/requirements.txt" && return
  say "installing Python packages into $venv"
  [ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
  "$venv/bin/python" -m pip install -q --disable-pip-version-check --no-input --no-deps -r "$root/requirements.txt"
  cp "$root/requirements.txt" "$venv/requirements.txt"
}

command -v dpkg-query >/dev/null || die "expected a Debian system (dpkg-query was not found)"
mapfile -t missing < <(missing_packages)
[ ${#missing[@]} = 0 ] || install_packages "${missing[@]}"
mkdir -p "$build"
install_python
