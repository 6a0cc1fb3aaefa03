#!/usr/bin/env bash
# debian_bazel.sh PREFIX VERSION: puts Bazel into the directory PREFIX, from Debian testing's packages.
#
# Debian has Bazel 7 in testing only (package bazel-bootstrap). Its packages are unpacked into PREFIX, not installed,
# and their programs are changed to use the C library that is unpacked beside them: nothing else on the machine
# changes, any older Debian will do, and root is not needed. PREFIX then has
#
#   bin/bazel               the program
#   repositories.bazelrc    flags that take the repositories which Bazel carries (bazel_skylib, rules_cc, ...) from
#                           PREFIX instead of GitHub
#
# It does nothing if PREFIX is complete. Several runs at once wait for one another; an interrupted one leaves nothing
# that the next would trip over. It needs apt-get, dpkg-deb, and the mirror that apt is set up with.
set -euo pipefail

prefix=$1
version=$2
suite=testing

say() { echo "tools/bazel: $*" >&2; }
die() {
  say "$*"
  exit 1
}

[ -x "$prefix/bin/bazel" ] && exit 0
mkdir -p "$(dirname "$prefix")"
exec 9>"$prefix.lock"
if ! flock --nonblock 9; then
  say "waiting for another installation of Bazel"
  flock 9
fi
[ -x "$prefix/bin/bazel" ] && exit 0

say "installing Bazel $version from Debian $suite into $prefix (once; a minute or so)"
rm -rf "$prefix" "$prefix.part"
work=$(mktemp -d)
trap 'rm -rf "$work" "$prefix.part"' EXIT

# Debian's mirror among the sources that apt is set up with. Before the first apt-get update apt does not know whose a
# source is: then by its name.
sources() { apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' "$@" | grep -v security; }
mirror=$(sources 'Origin: Debian' | head -n 1 || true)
[ -n "$mirror" ] || mirror=$(sources --no-release-info | grep -E '/debian(\.list)?/?$' | head -n 1 || true)
[ -n "$mirror" ] || die "apt has no mirror of Debian: install bazelisk (https://github.com/bazelbuild/bazelisk)"

# apt with a state of its own: it knows $suite only, and of no installed package.
mkdir -p "$work"/{state/lists/partial,cache/archives/partial,etc/preferences.d,packages}
: >"$work/state/status"
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" >"$work/etc/sources.list"
cat >"$work/apt.conf" <<CONF
Dir::State "$work/state";
Dir::State::status "$work/state/status";
Dir::Cache "$work/cache";
Dir::Etc "$work/etc";
Dir::Etc::parts "/etc/apt/apt.conf.d";
APT::Install-Recommends "false";
APT::Sandbox::User "$(id -un)";
Acquire::Languages "none";
CONF
export APT_CONFIG=$work/apt.conf
apt-get update -qq || die "apt could not read $mirror $suite"

found=$(apt-cache policy bazel-bootstrap | awk '/Candidate:/ { print $2 }')
case $found in
  "$version"+* | "$version"-*) ;;
  7.*) say "Debian $suite has Bazel $found, not $version: taking that" ;;
  *) die "Debian $suite has Bazel ${found:-not at all}, and this project needs $version: install bazelisk (https://github.com/bazelbuild/bazelisk)" ;;
esac

# What bazel-bootstrap needs to run: its own parts, the Java libraries on its class path, and the C libraries of its
# programs. Its dependencies also name compilers, Python and a whole JDK, which it needs only to build itself; and they
# lack libblake3.
packages=$(apt-get --simulate install bazel-bootstrap | awk '/^Inst/ { print $2 }' |
  grep -E '^(bazel-.*|.*-java|velocity|libc6|libstdc\+\+6|libgcc-s1|zlib1g|libzstd1|libssl3.*|lib(grpc|protobuf3|absl|re2|cares).*)$' |
  grep -vE '^(ca-certificates|lib(junixsocket|tomcat9|jetty9|bcprov|eclipse.*|jgit|mongodb|log4j2|maven.*|plexus.*|sisu.*|jsch|wagon.*))-(java|jni)$')
# patchelf and unzip are for the installation only.
tools="patchelf unzip libbz2-1.0"
say "downloading $(echo "$packages" | wc -l) packages"
cd "$work/packages"
# shellcheck disable=SC2086 # words
apt-get download -qq $packages $tools bazel-rules-shell libtomcat9-java libblake3-0 openjdk-21-jre-headless ||
  die "apt could not download Bazel's packages from $mirror $suite"

say "unpacking"
mkdir "$prefix.part"
for package in *.deb; do
  dpkg-deb --fsys-tarfile "$package" |
    tar -x -C "$prefix.part" --exclude='./usr/share/doc*' --exclude='./usr/share/man*' --exclude='./usr/share/locale*' --exclude='./usr/share/maven-repo*'
done
cd /

lib=$(echo "$prefix.part"/usr/lib/*-linux-gnu)
triplet=$(basename "$lib")
loader=$(basename "$(ls "$lib"/ld-linux-*.so.*)")
jvm=$(basename "$(ls -d "$prefix.part"/usr/lib/jvm/java-21-openjdk-*)")
# A program of $suite, before it is changed to find its libraries.
unpacked() {
  local program=$1
  shift
  "$lib/$loader" --library-path "$lib" "$prefix.part/usr/bin/$program" "$@"
}

# Programs and libraries look for the libraries beside them, at the place where they will be.
rpath() { unpacked patchelf --force-rpath --add-rpath "$prefix/usr/lib/$triplet" "$1"; }
for program in "$prefix.part/usr/bin/bazel" "$prefix.part/usr/libexec/$triplet/bazel"/* "$prefix.part/usr/lib/jvm/$jvm"/bin/java "$prefix.part/usr/lib/jvm/$jvm/lib/jspawnhelper"; do
  unpacked patchelf --set-interpreter "$prefix/usr/lib/$triplet/$loader" "$program"
  rpath "$program"
done
find "$prefix.part/usr/lib/jvm/$jvm/lib" -name '*.so' | while read -r library; do rpath "$library"; done
find "$prefix.part" -type l -lname '/*' | while read -r link; do ln -sfn "$prefix$(readlink "$link")" "$link"; done

# The class path: the list that Bazel carries, and the jars that those on it name in their manifests.
classpath=$prefix.part/usr/share/bazel/bazel_classpath_debian_depends.txt
sed -i "s#^/#$prefix/#" "$classpath"
while read -r jar; do
  file=$prefix.part${jar#"$prefix"}
  [ -e "$file" ] && unpacked unzip -p "$file" META-INF/MANIFEST.MF | tr -d '\r' | sed -e ':join;N;$!bjoin;s/\n //g' |
    sed -n 's/^Class-Path: *//p' | tr ' ' '\n' | grep '^/usr/share/java/'
done <"$classpath" | sort -u | while read -r jar; do
  if [ -e "$prefix.part$jar" ] && ! grep -qxF "$prefix$jar" "$classpath"; then
    echo "$prefix$jar" >>"$classpath"
  fi
done || true

base=$prefix/usr/share/bazel
for repository in tools/skylib:bazel_skylib tools/platforms:platforms rules/cc:rules_cc rules/shell:rules_shell rules/license:rules_license rules/python:rules_python; do
  echo "common --override_repository=${repository#*:}=$base/${repository%:*}"
done >"$prefix.part/repositories.bazelrc"

mkdir -p "$prefix.part/bin"
cat >"$prefix.part/bin/bazel" <<WRAPPER
#!/bin/sh
exec "$prefix/usr/bin/bazel" --nosystem_rc --install_base="$base" --trust_install_base --server_javabase="$prefix/usr/lib/jvm/$jvm" "\$@"
WRAPPER
chmod 755 "$prefix.part/bin/bazel"
mv "$prefix.part" "$prefix"
say "installed $("$prefix/bin/bazel" --version)"
