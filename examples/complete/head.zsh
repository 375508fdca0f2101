
# Values that are made of parts.
@VALUES@

_tracee_own() {
	local -a found parts
	local typed=${(Q)PREFIX}
	found=(${(f)"$(emulate sh; _tracee_values "$1" "$typed")"})
	parts=(${(M)found:#*[=:.]})
	found=(${found:#*[=:.]})
	if (( $#found + $#parts )); then
		compadd -S '' -a parts
		compadd -a found
	elif [[ $1 == -o ]]; then
		compset -P '*:' && _files
	fi
}

# The words of a command come with the `--` before them.
_tracee_command() {
	if [[ $words[1] == -- ]]; then
		shift words
		(( CURRENT-- ))
	fi
	_normal
}

