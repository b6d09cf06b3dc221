# Completion of composer for bash. See `composer completion --help`.
_composer() {
  local line word=${COMP_WORDS[COMP_CWORD]}
  COMPREPLY=()
  while IFS= read -r line; do
    case $line in
      :files) compopt -o default 2>/dev/null || mapfile -t COMPREPLY < <(compgen -f -- "${word#[=:]}") ;;
      :directories) compopt -o dirnames 2>/dev/null || mapfile -t COMPREPLY < <(compgen -d -- "${word#[=:]}") ;;
      :nospace) compopt -o nospace 2>/dev/null ;;
      *) COMPREPLY+=("${line%%$'\t'*}") ;;
    esac
  done < <("$1" __complete bash "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _composer composer
