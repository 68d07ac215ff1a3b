#!/usr/bin/env bash
# Installs the servers that a trial on a laptop and the server tests need: MinIO (built by Go into .servers/bin of this
# tree), PostgreSQL, a Java runtime and, for tests, faketime (of the clock) and Chromium (of the site), as Debian or Ubuntu packages. What is
# there already is left as it is, so that a second run changes nothing and needs no network. A real installation does not need this script:
# see deploy/compose.yaml.
#   deploy/install-servers.sh [PYTHON]   with the Python of the environment, also fetches the Java packages of Spark
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

MINIO=github.com/minio/minio
MINIO_VERSION=v0.0.0-20260212201848-7aac2a2c5b7c # the last release, as Go names it; it wants Go 1.24
GO_AT_LEAST=21                                   # from 1.21 on, Go fetches the newer Go that a module wants
JAVA_AT_LEAST=17
BIN=$PWD/.servers/bin

say() { printf '%s\n' "$*"; }
fail() { printf '%s\n' "$*" >&2; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }
is_root() { [ "$(id -u)" = 0 ]; }

# The first number of a program's version that says how new it is: 1.26.8 -> 26, 17.0.15 -> 17. 0 when there is no such program.
go_minor() { have go && GOTOOLCHAIN=local go env GOVERSION 2>/dev/null | sed -nE 's/^go1\.([0-9]+).*/\1/p' | grep . || echo 0; }
java_major() {
  local java=java
  [ -z "${JAVA_HOME:-}" ] || java=$JAVA_HOME/bin/java
  have "$java" && "$java" -version 2>&1 | sed -nE 's/.*version "([0-9]+).*/\1/p' | grep . || echo 0
}
browser_there() { have chromium || have chromium-browser || have google-chrome; }
postgres_there() { compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null || have postgres; }
minio_there() {
  [ -x "$BIN/minio" ] || return 1
  ! have go || go version -m "$BIN/minio" | grep -qE "mod[[:space:]]+$MINIO[[:space:]]+$MINIO_VERSION"
}

# The first of the packages that this machine's sources offer.
offered() {
  local name
  for name in "$@"; do
    if [ -n "$(apt-cache policy "$name" 2>/dev/null | sed -nE 's/^ *Candidate: ([^(].*)/\1/p')" ]; then
      say "$name"
      return
    fi
  done
  fail "The package sources of this machine offer none of: $*. Add one that does, or install the program by hand."
}

missing=()
postgres_there || missing+=("PostgreSQL")
[ "$(java_major)" -ge "$JAVA_AT_LEAST" ] || missing+=("Java $JAVA_AT_LEAST")
have faketime || missing+=("faketime")
browser_there || missing+=("Chromium")
minio_there || [ "$(go_minor)" -ge "$GO_AT_LEAST" ] || missing+=("Go")

if [ ${#missing[@]} -gt 0 ]; then
  list=$(printf '%s, ' "${missing[@]}")
  have apt-get || fail "Missing: ${list%, }. Install them with this system's package manager (Go 1.24 or later), then run this again."
  is_root || fail "Missing: ${list%, }. Run this as root, or have them installed (Go 1.24 or later), then run this again."
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  packages=()
  for name in "${missing[@]}"; do
    case $name in
      PostgreSQL) packages+=("$(offered postgresql)") ;;
      faketime) packages+=("$(offered faketime)") ;;
      Chromium) packages+=("$(offered chromium chromium-browser)" fonts-noto-cjk) ;;
      Java*) packages+=("$(offered openjdk-17-jre-headless openjdk-21-jre-headless)") ;;
      Go)
        offer=$(apt-cache policy golang-go | sed -nE 's/^ *Candidate: ([0-9]+:)?1\.([0-9]+).*/\2/p')
        [ "${offer:-0}" -ge "$GO_AT_LEAST" ] ||
          fail "Go is missing and this system's own is too old to build MinIO: install Go 1.24 or later, then run this again."
        packages+=(golang-go)
        ;;
    esac
  done
  say "Installing ${packages[*]}"
  if ! postgres_there; then # the programs are wanted, not a server that starts with the machine
    apt-get install -y -qq --no-install-recommends postgresql-common >/dev/null
    sed -ri 's/^#?create_main_cluster.*/create_main_cluster = false/' /etc/postgresql-common/createcluster.conf
  fi
  apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
fi

if ! minio_there; then
  say "Building MinIO $MINIO_VERSION into .servers/bin: 3 to 5 minutes, 110 MB"
  mkdir -p "$BIN"
  GOBIN=$BIN GOTOOLCHAIN=auto GOFLAGS=-buildvcs=false go install -ldflags='-s -w' "$MINIO@$MINIO_VERSION"
fi

if [ -n "${1:-}" ]; then
  "$1" -c 'from resources.spark import fetch_packages; fetch_packages()'
fi

say "MinIO       $BIN/minio"
say "PostgreSQL  $( (compgen -G '/usr/lib/postgresql/*/bin/postgres' || command -v postgres) | sort -V | tail -1)"
say "Java        $(java_major)"
