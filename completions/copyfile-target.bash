# shellcheck shell=bash
# Completion for copyfile-target(8) in bash. Needs nothing but bash.

_copyfile_target() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} option='' words=''
  COMPREPLY=()
  # readline takes "--log=js" for three words.
  if [[ $cur == = ]]; then
    option=$prev cur=''
  elif [[ $prev == = ]]; then
    option=${COMP_WORDS[COMP_CWORD - 2]}
  else
    option=$prev
  fi
  case $option in
    --log) words='text json' ;;
    --block-size) words='512 4096' ;;
    --portal | --name) return ;;
    -c | --config | --control)
      compopt -o filenames
      mapfile -t COMPREPLY < <(compgen -f -- "$cur")
      return
      ;;
  esac
  if [[ -z $words && ${COMP_WORDS[1]} == ctl && $COMP_CWORD -gt 1 ]]; then
    words='status sessions luns copies snapshots snapshot clone remove drop reload drain'
    if [[ $cur == -* ]]; then words='--control= --json --help'; fi
  elif [[ -z $words && $cur == -* ]]; then
    words='-c --config= --check --control= --log= --portal= --name= --block-size= --read-only --help --version'
  fi
  if [[ -n $words ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
    if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]]; then compopt -o nospace; fi
    return
  fi
  compopt -o filenames
  mapfile -t COMPREPLY < <(compgen -f -- "$cur")
  if ((COMP_CWORD == 1)) && [[ ctl == "$cur"* ]]; then COMPREPLY+=(ctl); fi
}

complete -F _copyfile_target copyfile-target
