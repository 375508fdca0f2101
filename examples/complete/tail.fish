
# Values that are made of parts, and the command after `--`.
function __tracee_values
    set -l value (commandline -ct | string replace -r -- '^--[^=]*=' '' | string replace -r -- '^[\'"]' '')
    sh -c @QUOTED@ tracee $argv[1] "$value"
end

function __tracee_command
    set -l words (commandline -opc)
    set -e words[1..(contains -i -- -- $words)]
    complete -C (string join ' ' -- (string escape -- $words) (commandline -ct))
end

