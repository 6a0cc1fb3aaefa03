#!/usr/bin/env bash
# debian.sh [PREFIX]: puts PostgreSQL 15 or newer into a directory, from the packages of this Debian, and prints the
# directory of its programs.
#
#   export ANNEX_POSTGRES_BIN=$(./tools/postgres/debian.sh)
#
# Nothing is installed: the packages are unpacked, so that root is not needed and the rest of the machine stays as it is.
# Without PREFIX that is ${XDG_CACHE_HOME:-~/.cache}/annex/postgresql, where shared/storage/postgrestest finds it by
# itself. A PostgreSQL that is installed is taken as it is. It needs apt-get, dpkg-deb, and the mirror that apt is set up
# with; it does nothing if the directory is complete, and several runs at once wait for one another.
set -euo pipefail

say() { echo "tools/postgres: $*" >&2; }
die() {
  say "$*"
  exit 1
}

minimum=15

# The newest version below $1/usr/lib/postgresql that is new enough and complete.
programs() {
  local version
  for version in $(find "$1/usr/lib/postgresql" -mindepth 1 -maxdepth 1 -name '[0-9]*' -printf '%f\n' 2>/dev/null | sort -rn); do
    if [ "$version" -ge $minimum ] && [ -x "$1/usr/lib/postgresql/$version/bin/postgres" ] && [ -x "$1/usr/lib/postgresql/$version/bin/initdb" ]; then
      echo "$1/usr/lib/postgresql/$version/bin"
      return
    fi
  done
  return 1
}

if [ $# -eq 0 ] && programs ""; then
  exit 0
fi

case ${XDG_CACHE_HOME:-} in
  /*) cache=$XDG_CACHE_HOME ;;
  *) cache=${HOME:?"there is no HOME: say where, or set XDG_CACHE_HOME"}/.cache ;;
esac
prefix=${1:-$cache/annex/postgresql}
programs "$prefix" && exit 0

command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null ||
  die "this is no Debian: install PostgreSQL $minimum or newer, and set ANNEX_POSTGRES_BIN to the directory with its postgres and initdb"
mkdir -p "$(dirname "$prefix")"
exec 9>"$prefix.lock"
if ! flock --nonblock 9; then
  say "waiting for another run"
  flock 9
  programs "$prefix" && exit 0
fi

rm -rf "$prefix" "$prefix.part"
work=$(mktemp -d)
trap 'rm -rf "$work" "$prefix.part"' EXIT

# The package "postgresql" depends on the version that this Debian has.
version() { apt-cache depends postgresql 2>/dev/null | sed -n 's/^ *Depends: postgresql-\([0-9][0-9]*\)$/\1/p'; }
if [ -z "$(version)" ]; then
  # Whoever made this machine has dropped apt's lists, or never read them: read them, for here only.
  mkdir -p "$work"/{lists,cache/archives}/partial
  cat >"$work/apt.conf" <<CONF
Dir::State::Lists "$work/lists";
Dir::Cache "$work/cache";
APT::Sandbox::User "$(id -un)";
Acquire::Languages "none";
CONF
  export APT_CONFIG=$work/apt.conf
  say "reading apt's lists"
  apt-get update -qq >&2 || die "apt could not read its lists"
fi
version=$(version)
[ -n "$version" ] || die "apt knows no PostgreSQL: set ANNEX_POSTGRES_BIN to the directory with its postgres and initdb"
[ "$version" -ge $minimum ] || die "this Debian has PostgreSQL $version, and $minimum is needed: set ANNEX_POSTGRES_BIN"

# apt decides which libraries are missing for it here. Those of the just-in-time compiler are left out: they are large, and
# PostgreSQL does without.
mapfile -t packages < <(apt-get --simulate --no-install-recommends install "postgresql-$version" | awk '/^Inst/ { print $2 }' |
  grep -E '^(postgresql-[0-9]+|lib.*)$' | grep -vE '^lib(c6|llvm|z3|perl).*|-perl$' || true)
[ ${#packages[@]} -gt 0 ] || packages=("postgresql-$version")
say "unpacking ${packages[*]} into $prefix (once)"
mkdir "$work/packages"
cd "$work/packages"
apt-get download -qq "${packages[@]}" >&2 || die "apt could not download ${packages[*]}"
mkdir "$prefix.part"
for package in *.deb; do
  dpkg-deb --fsys-tarfile "$package" |
    tar -x -C "$prefix.part" --exclude='./usr/share/doc*' --exclude='./usr/share/man*' --exclude='./usr/share/locale*'
done
cd /

# PostgreSQL finds what belongs to it by the place of its programs, and whoever starts it has to say where the libraries
# are: usr/lib/*-linux-gnu, in LD_LIBRARY_PATH.
mv "$prefix.part" "$prefix"
programs "$prefix" || die "the packages have no programs of PostgreSQL: ${packages[*]}"
