# shellcheck shell=bash
# Completion for copyfile(1) in bash. Needs nothing but bash: the package bash-completion loads it by its name, and
# `source` will do as well.

# What `copyfile store SUBCOMMAND` takes.
_copyfile_store_options() {
  case $1 in
    init) echo --members= --help ;;
    add)
      echo --expect= --checksums= --name= --tag= --named --prefix= -r --recursive -f --force --max-size= -j \
        --jobs= --limit-rate= --progress -q --quiet --json --help
      ;;
    get) echo --preserve --trust-seal -f --force --reflink= --durability= --limit-rate= --progress -v --verbose --json --help ;;
    cat) echo --help ;;
    export) echo --as= --prefix= --durability= --limit-rate= --progress -v --verbose --help ;;
    verify)
      echo --medium --sample= --resume --no-quarantine -j --jobs= --limit-rate= --progress -v --verbose --json \
        --help
      ;;
    repair) echo --from= --names -j --jobs= --limit-rate= --progress -v --verbose --json --help ;;
    rebuild) echo --blobs-only --help ;;
    names) echo --json --help ;;
    ls) echo --json --help ;;
    stat) echo --json --help ;;
    tag) echo -f --force --help ;;
    rm) echo -f --force --help ;;
    gc) echo --grace= --quarantine --dry-run -v --verbose --json --help ;;
    du) echo --json --help ;;
    manifest) echo --prefix= --output= --sign= --check= --signers= --identity= --unsigned --json --help ;;
    *) echo --help ;;
  esac
}

_copyfile_options() {
  case $1 in
    range)
      echo --ranges= --exact --durability= --overwrite-device --reflink --reflink= --sparse= --offload= --no-offload= --cache= \
        --limit-rate= --progress -v --verbose --explain --json --help
      ;;
    probe) echo --reflink --reflink= --sparse= --offload= --no-offload= --cache= --json --help ;;
    map) echo --svg= --json --width= --help ;;
    store*) _copyfile_store_options "${1#store }" ;;
    sweep) echo -r --recursive --dry-run -f --force -v --verbose --json --help ;;
    *)
      echo -a --archive -r -R --recursive -H -L --dereference -P --no-dereference -d -x --one-file-system \
        --copy-contents --exclude= --include= --exclude-from= --include-from= --files-from= --from0 --strip-trailing-slashes \
        --reflink --reflink= --sparse= --offload= --no-offload= --durability= --sync= -l --link -s --symbolic-link --attributes-only \
        -p --preserve --preserve= --no-preserve= -Z --context --context= --overwrite-device --digest= --expect= \
        --checksums= --verify --allow-changes -t --target-directory= -T --no-target-directory --parents \
        --keep-directory-symlink -i --interactive -n --no-clobber -u --update --update= -f --force \
        --remove-destination --backup --backup= -b -S --suffix= --in-place -j --jobs= --resume --on-error= --dry-run \
        --cache= --limit-rate= --progress -v --verbose --debug --explain --json --help --version
      ;;
  esac
}

_copyfile() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} verb='' option=''
  COMPREPLY=()
  if ((COMP_CWORD > 1)); then
    case ${COMP_WORDS[1]} in range | probe | map | sweep | store) verb=${COMP_WORDS[1]} ;; esac
    if [[ $verb == store ]] && ((COMP_CWORD > 2)); then verb="store ${COMP_WORDS[2]}"; fi
  fi
  # readline takes "--sparse=al" for three words.
  if [[ $cur == = ]]; then
    option=$prev cur=''
  elif [[ $prev == = ]]; then
    option=${COMP_WORDS[COMP_CWORD - 2]}
  elif [[ $prev != --reflink && $prev != --preserve && $prev != --update && $prev != --backup ]]; then # whose argument needs the equals sign
    option=$prev
  fi

  case $option in
    --reflink | --sparse) mapfile -t COMPREPLY < <(compgen -W 'auto always never' -- "$cur") ;;
    --offload) mapfile -t COMPREPLY < <(compgen -W 'auto always' -- "$cur") ;;
    --cache) mapfile -t COMPREPLY < <(compgen -W 'auto keep bypass' -- "$cur") ;;
    --sync) mapfile -t COMPREPLY < <(compgen -W 'auto files filesystem' -- "$cur") ;;
    --durability) mapfile -t COMPREPLY < <(compgen -W 'none ordered durable' -- "$cur") ;;
    --preserve | --no-preserve)
      # A list: what stands before the last comma stays.
      local before=''
      if [[ $cur == *,* ]]; then before=${cur%"${cur##*,}"} cur=${cur##*,}; fi
      mapfile -t COMPREPLY < <(compgen -P "$before" -W 'mode ownership timestamps links context xattr acl capabilities flags
        project verity all' -- "$cur")
      ;;
    --digest) mapfile -t COMPREPLY < <(compgen -W 'sha256 xxh3' -- "$cur") ;;
    --expect)
      compopt -o nospace
      mapfile -t COMPREPLY < <(compgen -W 'sha256: xxh3:' -- "$cur")
      ;;
    --update) mapfile -t COMPREPLY < <(compgen -W 'all none none-fail older' -- "$cur") ;;
    --backup) mapfile -t COMPREPLY < <(compgen -W 'none off simple never existing nil numbered t' -- "$cur") ;;
    --on-error) mapfile -t COMPREPLY < <(compgen -W 'stop continue' -- "$cur") ;;
    --as) mapfile -t COMPREPLY < <(compgen -W 'tree tar sha256sums' -- "$cur") ;;
    --members) mapfile -t COMPREPLY < <(compgen -W 'owner readers group group-readers' -- "$cur") ;;
    --name | --tag | --prefix | --max-size | --sample | --grace | --identity) ;;
    --limit-rate | --width | --jobs | -j | --suffix | -S | --exclude | --include | --context) ;;
    -t | --target-directory | --no-offload | --from)
      compopt -o filenames
      mapfile -t COMPREPLY < <(compgen -d -- "$cur")
      ;;
    *)
      if [[ $cur == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$(_copyfile_options "$verb")" -- "$cur")
        if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]]; then compopt -o nospace; fi
        return
      fi
      compopt -o filenames
      mapfile -t COMPREPLY < <(compgen -f -- "$cur")
      if ((COMP_CWORD == 1)); then
        local verbs
        mapfile -t verbs < <(compgen -W 'range probe map sweep store' -- "$cur")
        COMPREPLY+=("${verbs[@]}")
      elif [[ $verb == store ]] && ((COMP_CWORD == 2)); then
        mapfile -t COMPREPLY < <(compgen -W 'init add get cat export verify repair rebuild names ls stat tag rm gc du manifest' -- "$cur")
      fi
      ;;
  esac
}

complete -F _copyfile copyfile
