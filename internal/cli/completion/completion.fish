# Completion of composer for fish. See `composer completion --help`.
function __composer_complete
    set -l words (commandline -opc)
    set -l word (commandline -ct)
    set -l before (string replace -r '[^=]*$' '' -- "$word")
    set -l after (string replace -r '^.*=' '' -- "$word")
    for line in ($words[1] __complete fish $words[2..-1] "$word" 2>/dev/null)
        switch $line
            case :files
                printf '%s\n' $before(__fish_complete_path "$after")
            case :directories
                printf '%s\n' $before(__fish_complete_directories "$after" '')
            case :nospace
            case '*'
                echo $line
        end
    end
end
complete -c composer -f -k -a '(__composer_complete)'
