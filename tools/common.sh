# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Functions for the scripts of tools/ and .ci/, which source this file. It needs only bash and
# coreutils.
script=$(realpath "$0" 2>/dev/null || printf '%s' "$0")
root=$(dirname -- "$(dirname -- "$(realpath -- "${BASH_SOURCE[0]}")")")
script=${script#"$root"/}

say() { echo "$script: $*" >&2; }

die() {
  say "$*"
  exit 1
}

# Prints the comment at the head of the script, up to its first empty line.
print_usage() {
  local line
  while IFS= read -r line; do
    case $line in
      '#!'* | '# SPDX'*) ;;
      '# '*) printf '%s\n' "${line#??}" ;;
      *) break ;;
    esac
  done <"$root/$script"
}

# Prints what is wrong with the arguments, and which are accepted. Ends with status 2.
#   refuse MESSAGE
refuse() {
  say "$1"
  print_usage >&2
  exit 2
}

# If the first argument asks for help, prints the help and ends.
answer_help() {
  case ${1:-} in
    --help | -h)
      print_usage
      exit 0
      ;;
  esac
}

# For a script that takes no argument.
accept_no_argument() {
  answer_help "$@"
  [ $# -eq 0 ] || refuse "$1: not accepted; accepted is --help alone"
}

# Prints why a build in DIRECTORY is not possible. Prints nothing if it is possible.
#   why_not_in DIRECTORY
why_not_in() {
  local directory=$1 existing=$1 made_at foreign
  until [ -e "$existing" ]; do
    existing=$(dirname -- "$existing")
  done
  if ! [ -w "$existing" ]; then
    echo "cannot be written to"
    return
  fi
  # The files that "sudo cmake --install" leaves there do no harm.
  foreign=$(find "$directory" "$directory.lock" ! -name 'install_*.txt' ! -path '*/conf/installed/*' \
    ! -user "$(id -u)" ! -writable -print -quit 2>/dev/null) || true
  if [ -n "$foreign" ]; then
    echo "has files of another user"
  elif [ -e "$directory/CMakeCache.txt" ]; then
    made_at=$(sed -n 's/^CMAKE_HOME_DIRECTORY:INTERNAL=//p' "$directory/CMakeCache.txt")
    [ "$made_at" -ef "$root" ] || echo "was made for a checkout at $made_at"
  fi
}

# Sets `build` to the directory in which PRESET is built: build/PRESET. If that cannot be used, as
# after a build in a container or a move of the checkout, it is build-2/PRESET, and so on.
# CMakePresets.json reads the number from the environment.
#   choose_build PRESET
choose_build() {
  local preset=$1 number reason
  for number in '' -2 -3 -4 -5 -6 -7 -8 -9; do
    build=$root/build$number/$preset
    export DMASIM_BUILD_SUFFIX=$number
    reason=$(why_not_in "$build")
    [ -n "$reason" ] || break
    say "build$number/$preset $reason"
  done
  [ -z "$reason" ] || die "there is no place for the build in $root"
  [ -z "$number" ] || say "the build goes to build$number/$preset"
}

# The tests need a path without blanks, colons and semicolons: in CMake's tests and in
# ALSA_CONFIG_PATH such a character ends a path.
need_plain_path() {
  [[ $root != *[[:space:]:\;]* ]] ||
    die "$root: the tests need a path without blanks, colons and semicolons; move the checkout"
}

# Sets `conf` to a path of the build's alsa.conf that ALSA_CONFIG_PATH can hold. If this needs a
# link, it sets `conf_link` to the directory of the link. The caller removes that directory at the
# end.
#   find_conf BUILD
conf_link=
find_conf() {
  local directory=$1/conf
  case $directory in
    *[[:space:]:]*)
      conf_link=$(mktemp -d /tmp/dmasim-conf.XXXXXX)
      ln -s -- "$directory" "$conf_link/conf"
      directory=$conf_link/conf
      ;;
  esac
  conf=$directory/alsa.conf
}

# Reads ninja's output and shows the progress: one line that is rewritten, or a line every ten
# seconds if standard error is not a terminal. Writes the output to LOG.
#   show_progress LOG <OUTPUT
show_progress() {
  local log=$1 begin=$SECONDS next=10 part=0 line rest='' status
  : >"$log"
  while :; do
    status=0
    IFS= read -r -t 1 line || status=$?
    rest+=$line
    if [ $status -eq 0 ]; then
      printf '%s\n' "$rest" >>"$log"
      [[ ! $rest =~ ^\[\ *([0-9]+)%\] ]] || part=${BASH_REMATCH[1]}
      rest=
    elif [ $status -le 128 ]; then
      printf '%s' "$rest" >>"$log"
      break
    fi
    if [ -t 2 ]; then
      printf '\r\033[Kbuilding: %3d %%, %d s' "$part" $((SECONDS - begin)) >&2
    elif [ $((SECONDS - begin)) -ge $next ]; then
      printf 'building: %3d %%, %d s\n' "$part" $((SECONDS - begin)) >&2
      next=$((SECONDS - begin + 10))
    fi
  done
  [ ! -t 2 ] || printf '\r\033[K' >&2
}
