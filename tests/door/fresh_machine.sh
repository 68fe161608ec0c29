#!/bin/bash
# The door, as a newcomer finds it: makes a minimal Debian root, clones HEAD into it and runs the README's commands
# word for word; by default as a user with sudo in one fresh root and as root in another.
# usage: fresh_machine.sh configure|compile|demo|test|ci [RELEASE] [user|root|both]
#   configure  packages and CMake of both commands: of `make demo` as a user, of `make test` as root
#   compile    packages, CMake and compiler of `make demo`, as a user
#   demo test  the whole command
#   ci         .ci/run, as root; the door itself is skipped there
# RELEASE: bookworm or trixie, this machine's own by default. Needs root, debootstrap and a Debian mirror, the one that
# this machine's apt uses; where they cannot be had it says so and exits with 77. Roots, packages and compiled files are
# kept in RHEOBASE_DOOR (~/.cache/rheobase-door) for the next time; RHEOBASE_DOOR=none skips everything.
set -euo pipefail

stage=${1:-}
release=${2:-$(. /etc/os-release && echo "$VERSION_CODENAME")}
who=${3:-both}
project=$(cd "$(dirname "$0")/../.." && pwd)
store=${RHEOBASE_DOOR:-${XDG_CACHE_HOME:-$HOME/.cache}/rheobase-door}
newcomer=newcomer

usage() {
  sed -n 's/^# usage: /usage: /p' "$0" >&2
  exit 2
}

skip() {
  echo "door: SKIPPED, not tested: $1"
  exit 77
}

# A line of the README: where its words change, so does what is tested.
expect_in_readme() {
  grep -qE "$1" "$project/README.md" || {
    echo "door: README.md no longer says '$1'" >&2
    exit 1
  }
}

# The minimal system as it comes from the mirror, made once a release.
make_base() {
  local base=$store/base-$release mirror
  [ ! -d "$base" ] || return 0
  mirror=$(apt-get indextargets --format '$(REPO_URI) $(ORIGIN) $(LABEL)' 'Created-By: Packages' |
    awk '$2 == "Debian" && $3 == "Debian" { print $1; exit }')
  [ -n "$mirror" ] || skip "apt of this machine names no Debian mirror (apt-get update may be missing)"
  rm -rf --one-file-system "$base.new"
  debootstrap --variant=minbase --include=sudo,ca-certificates "$release" "$base.new" "$mirror" >"$base.log" 2>&1 ||
    skip "debootstrap cannot make $release: $(tail -1 "$base.log")"
  mv "$base.new" "$base"
}

# A root of its own, with a user who may use sudo and no terminal to answer on.
make_root() {
  root=$(mktemp -d "$store/root-XXXXXX")
  trap 'rm -rf --one-file-system "$root"' EXIT
  cp -a "$store/base-$release/." "$root"
  cp -L /etc/resolv.conf /etc/hosts "$root/etc/"
  printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"  # packages start no services here
  chmod +x "$root/usr/sbin/policy-rc.d"
  printf 'APT::Get::Assume-Yes "true";\nBinary::apt::APT::Keep-Downloaded-Packages "true";\nDpkg::Use-Pty "0";\n' >"$root/etc/apt/apt.conf.d/99door"
  echo force-unsafe-io >"$root/etc/dpkg/dpkg.cfg.d/door"
  chroot "$root" useradd --create-home --shell /bin/bash "$newcomer"
  printf '%s ALL=(ALL) NOPASSWD: ALL\nDefaults env_keep += "http_proxy https_proxy no_proxy"\n' "$newcomer" \
    >"$root/etc/sudoers.d/door"
}

# inside USER COMMAND...: in the root, in USER's clone. What is mounted goes with the process.
inside() {
  local user=$1 home=/root
  shift
  [ "$user" = root ] || home=/home/$user
  ROOT=$root STORE=$store USER_=$user HOME_=$home unshare --mount --pid --fork --kill-child bash -euc '
    mount -t proc proc "$ROOT/proc"
    mount --rbind /dev "$ROOT/dev"
    mkdir -p "$ROOT/ccache" && mount --bind "$STORE/ccache" "$ROOT/ccache"
    mount --bind "$STORE/packages-'"$release"'" "$ROOT/var/cache/apt/archives"
    exec chroot "$ROOT" runuser -u "$USER_" -- env -i HOME="$HOME_" USER="$USER_" PATH=/usr/sbin:/usr/bin:/sbin:/bin \
      LANG=C.UTF-8 ${http_proxy:+http_proxy="$http_proxy"} ${https_proxy:+https_proxy="$https_proxy"} \
      CCACHE_DIR=/ccache CCACHE_UMASK=000 CCACHE_NOHASHDIR=1 CCACHE_BASEDIR="$HOME_/rheobase" \
      bash -euc "cd $HOME_; [ ! -d rheobase ] || cd rheobase; $*"' _ "$@"
}

# say USER COMMAND...: runs it and says how long it took; what it printed, where it failed.
say() {
  local start=$SECONDS log=$store/log-$release.txt
  echo "door: $release, $1: ${*:2}"
  inside "$@" </dev/null >"$log" 2>&1 || {
    tail -60 "$log"
    echo "door: $release, $1: FAILED: ${*:2}" >&2
    exit 1
  }
  echo "door: $release, $1: ended after $((SECONDS - start)) s"
}

# What the README asks of a newcomer before the first command, and the clone.
arrive() {
  local user=$1 home=/root sudo=
  if [ "$user" != root ]; then
    home=/home/$user
    sudo="sudo "
  fi
  say "$user" "${sudo}apt-get update -qq; $sudo$(grep -oE 'apt-get install git make' "$project/README.md" | head -1) -qq >/dev/null"
  git -c safe.directory='*' clone -q --no-hardlinks "$project" "$root$home/rheobase"
  [ "$user" = root ] || chroot "$root" chown -R "$user:$user" "$home/rheobase"
}

run_whole() {
  local user
  for user in "$newcomer" root; do
    case $who/$user in
      both/* | user/"$newcomer" | root/root) ;;
      *) continue ;;
    esac
    make_root
    arrive "$user"
    say "$user" "make $stage"
    rm -rf --one-file-system "$root"
  done
}

case $stage in configure | compile | demo | test | ci) ;; *) usage ;; esac
case $who in user | root | both) ;; *) usage ;; esac
for command in demo test; do expect_in_readme "^make $command( |\$)"; done
expect_in_readme 'apt-get install git make'
[ "$store" != none ] || skip "RHEOBASE_DOOR=none"
[ "$(id -u)" -eq 0 ] || skip "needs root"
command -v debootstrap >/dev/null || skip "debootstrap is not installed"
unshare --mount --pid --fork true 2>/dev/null || skip "this machine allows no mounts of one's own"
mkdir -p "$store/ccache" "$store/packages-$release/partial"
chmod 777 "$store/ccache"
make_base

case $stage in
  configure)
    make_root
    arrive "$newcomer"
    say "$newcomer" "make configure-release"
    arrive root
    say root "make configure-ci"
    ;;
  compile)
    make_root
    arrive "$newcomer"
    say "$newcomer" "make configure-release; cmake --build --preset release --target rheobase; build/release/experiments/cli/rheobase --version"
    ;;
  demo | test) run_whole ;;
  ci)
    make_root
    arrive root
    say root "RHEOBASE_DOOR=none .ci/run"
    grep -E "^== |^door: |tests passed" "$store/log-$release.txt"
    ;;
esac
echo "door: $stage on $release: open"
