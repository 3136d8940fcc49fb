# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# What the scripts of tools/ and .ci/ share; each of them sources it. It needs bash and coreutils alone.
script=$(realpath "$0" 2>/dev/null || printf '%s' "$0")
root=$(dirname -- "$(dirname -- "$(realpath -- "${BASH_SOURCE[0]}")")")
script=${script#"$root"/}

say() { echo "$script: $*" >&2; }

die() {
  say "$*"
  exit 1
}

# The comment at the head of the script, up to the first line of it that is empty.
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

# Says what is wrong with the arguments, and what is accepted.
#   refuse MESSAGE
refuse() {
  say "$1"
  print_usage >&2
  exit 2
}

# If the first argument asks for help, prints it and ends.
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
