# shellcheck shell=bash
# What the parts share. Sourced by each of them; PARTS is the folder to install into.
set -euo pipefail
: "${PARTS:?is set by scripts/parts}"

say() { printf 'parts: %s\n' "$*"; }
fail() { printf 'parts: %s\n' "$*" >&2 && exit 1; }

# A folder that is removed however the part ends. On the same disk as PARTS, so that moving out of it is atomic.
workshop() {
  workshop=$(mktemp -d "$PARTS/.work.XXXXXX")
  trap 'rm -rf "$workshop"' EXIT
  cd "$workshop"
}

is_installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

# install_packages NAME…: those that are missing, by apt; without root it says what to run.
install_packages() {
  local name missing=()
  command -v dpkg-query >/dev/null ||
    fail "this is not a Debian or Ubuntu; install what these packages hold: $*"
  for name in "$@"; do is_installed "$name" || missing+=("$name"); done
  [ ${#missing[@]} -gt 0 ] || return 0
  local command="apt-get install -y --no-install-recommends ${missing[*]}"
  [ "$(id -u)" = 0 ] || fail "missing packages; run: sudo apt-get update && sudo $command"
  say "$command"
  export DEBIAN_FRONTEND=noninteractive
  # The lists may be absent or older than the archive: refresh them only when the first try fails.
  # shellcheck disable=SC2086
  $command >install.log 2>&1 || { apt-get update >install.log 2>&1 && $command >install.log 2>&1; } ||
    { tail -n 20 install.log >&2 && fail "apt-get could not install: ${missing[*]}"; }
}

# The machine's own Debian sources with the suite $1, as one-line or deb822 text, security and update suites left out.
sources_of_suite() {
  local suite=$1 file
  for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
    [ -r "$file" ] || continue
    sed -nE "s|^(deb +(\[[^]]*\] +)?[^ ]*/debian/?) +[^ ]+ +.*|\1 $suite main|p" "$file"
  done | sort -u >own.list
  for file in /etc/apt/sources.list.d/*.sources; do
    [ -r "$file" ] || continue
    awk -v suite="$suite" 'BEGIN { RS = ""; ORS = "\n\n" }
      /(^|\n)URIs:[^\n]*\/debian\/?[ \t]*(\n|$)/ {
        sub(/(^|\n)Suites:[^\n]*/, "\nSuites: " suite); sub(/(^|\n)Components:[^\n]*/, "\nComponents: main")
        sub(/^\n/, ""); print
      }' "$file"
  done >own.sources
  [ -s own.list ] || [ -s own.sources ]
}

# fetch_package NAME SUITE FOLDER: unpacks a package of another Debian suite without installing it.
# The lists are private: apt's own idea of what to install stays as it is.
fetch_package() {
  local name=$1 suite=$2 folder=$3
  command -v apt-get >/dev/null || fail "$name is taken from a Debian archive; this machine has no apt-get"
  mkdir -p apt/etc apt/lists apt/cache/archives/partial "$folder"
  (cd apt/etc && sources_of_suite "$suite") ||
    fail "no Debian archive among this machine's apt sources to take $name from"
  local apt=(apt-get -qq
    -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts="$PWD/apt/etc"
    -o Dir::State::lists="$PWD/apt/lists" -o Dir::Cache="$PWD/apt/cache"
    -o Acquire::Check-Valid-Until=false -o Acquire::Languages=none -o APT::Sandbox::User="$(id -un)")
  "${apt[@]}" update && "${apt[@]}" download "$name" && dpkg -x "$name"_*.deb "$folder"
}
