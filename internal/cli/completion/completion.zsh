#compdef composer
# Completion of composer for zsh. See `composer completion --help`.
_composer() {
  local line text
  local -a values options
  for line in "${(@f)$($words[1] __complete zsh "${(@Q)words[2,CURRENT]}" 2>/dev/null)}"; do
    case $line in
      '') ;;
      :files) [[ $PREFIX == *=* ]] && compset -P '*='; _files ;;
      :directories) [[ $PREFIX == *=* ]] && compset -P '*='; _files -/ ;;
      :nospace) options=(-S '') ;;
      *)
        text=${${line%%$'\t'*}//:/\\:}
        [[ $line == *$'\t' ]] && values+=("$text") || values+=("$text:${line#*$'\t'}") ;;
    esac
  done
  (( $#values )) && _describe -V composer values "${options[@]}"
}
if [[ $funcstack[1] == _composer ]]; then
  _composer "$@"
else
  compdef _composer composer
fi
