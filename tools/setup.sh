# shellcheck shell=bash
# Sourced by ./run, ./check and bench/run from the top of the project: installing what is missing and building,
# silently when there is nothing to do.

# fail MESSAGE...: to standard error, and out.
fail() {
  echo "${0##*/}: $*" >&2
  exit 1
}

# as_root COMMAND...: directly as root, through sudo otherwise.
as_root() {
  if ((EUID == 0)); then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo -E "$@"
  else
    fail "this needs root or sudo: $*"
  fi
}

# package_names FILE [SECTION]...: the names listed in FILE, in these sections only where any is given.
package_names() {
  local file=$1 line section='' wanted
  shift
  wanted=" $* "
  while IFS= read -r line; do
    line=${line%%#*}
    line=${line%"${line##*[![:space:]]}"}
    case $line in
      '') ;;
      '['*']') section=${line:1:-1} ;;
      *) if (($# == 0)) || [[ $wanted == *" $section "* ]]; then echo "$line"; fi ;;
    esac
  done <"$file"
}

install_packages() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends \
    -o DPkg::Lock::Timeout=300 "$@"
}

# An installation that was cut off leaves packages half configured, and apt-get refuses all work until that is done.
finish_installations() {
  as_root env DEBIAN_FRONTEND=noninteractive dpkg --force-confold --configure -a
}

# need_packages FILE [SECTION]...: installs what is missing. One dpkg-query, and nothing else, when nothing is.
need_packages() {
  # On a system without dpkg the packages go by other names; configuring then says what is missing.
  command -v dpkg-query >/dev/null || return 0
  local names status name missing=()
  local -A installed=()
  mapfile -t names < <(package_names "$@")
  while read -r status name; do
    if [[ $status == installed ]]; then installed[$name]=1; fi
  done < <(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "${names[@]}" 2>/dev/null)
  for name in "${names[@]}"; do
    if [[ -z ${installed[$name]-} ]]; then missing+=("$name"); fi
  done
  ((${#missing[@]} > 0)) || return 0

  echo "${0##*/}: installing ${missing[*]}" >&2
  mkdir -p build
  local log=build/packages.log
  {
    as_root apt-get update -q &&
      { install_packages "${missing[@]}" || { finish_installations && install_packages "${missing[@]}"; }; }
  } >"$log" 2>&1 </dev/null || {
    tail -n 30 "$log" >&2
    fail "cannot install: ${missing[*]} (the whole log is $log)"
  }
}

# build PRESET [TARGET]...: configures if needed, builds; the log is shown only if it fails.
build() {
  local preset=$1 log=build/$1.log
  shift
  mkdir -p build
  if [[ ! -e build/$preset/build.ninja ]]; then
    echo "${0##*/}: building $preset" >&2
  fi
  (
    # Two at once would write the same objects.
    flock 9
    if [[ ! -e build/$preset/build.ninja || CMakePresets.json -nt build/$preset/build.ninja ]]; then
      cmake --preset "$preset" || exit
    fi
    cmake --build --preset "$preset" --parallel "$(nproc)" ${1+--target "$@"}
  ) 9>>"build/.lock.$preset" >"$log" 2>&1 </dev/null || {
    grep -v '^\[[0-9]*/[0-9]*\]' "$log" | tail -n 60 >&2
    fail "the $preset build failed (the whole log is $log)"
  }
}
