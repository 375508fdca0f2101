
# Beyond what stands above: values that are made of parts, and the command after `--`.
@VALUES@

_tracee_command() {
	local at=$1 shim
	for shim in _comp_command_offset _command_offset; do
		if declare -F "$shim" >/dev/null; then
			"$shim" "$at"
			return
		fi
	done
	# Without the package bash-completion: names of commands, then files.
	if [[ $COMP_CWORD -eq $at ]]; then mapfile -t COMPREPLY < <(compgen -c -- "$2"); fi
}

_tracee_all() {
	local at before flag value word found
	COMPREPLY=()
	for ((at = 1; at < COMP_CWORD; at++)); do
		if [[ ${COMP_WORDS[at]} == -- ]]; then
			_tracee_command $((at + 1)) "$2"
			return
		fi
	done
	# Words as the shell will take them: readline also splits at = : and @.
	before=${COMP_LINE:0:COMP_POINT}
	word=${before##*[[:space:]]}
	before=${before%"$word"}
	before=${before%"${before##*[![:space:]]}"}
	case $word in
	--*=*) flag=${word%%=*} value=${word#*=} ;;
	-*) flag= ;;
	*) flag=${before##*[[:space:]]} value=$word ;;
	esac
	case $flag in
	-[exsftpuo] | --event | --exclude-event | --events-set | --filter | --trace | --pid | --user | --output | --capture | --build-policy) ;;
	*)
		_tracee "$@"
		return
		;;
	esac
	value=${value#[\'\"]}
	value=${value//\\/}
	while read -r found; do
		[[ $found != "$value"* ]] || COMPREPLY+=("$found")
	done < <(_tracee_values "$flag" "$value")
	# Readline replaces only what stands behind the last of its own word breaks.
	word=${2//\\/}
	[[ $word != [=:@] ]] || word=
	COMPREPLY=("${COMPREPLY[@]#"${value%"$word"}"}")
	if [[ $2 == *\\!* ]]; then COMPREPLY=("${COMPREPLY[@]//!/\\!}"); fi
	case $flag in
	-o | --output) ;;
	*) compopt +o default +o bashdefault ;;
	esac
	if [[ ${COMPREPLY[*]} == *[=:.@] ]]; then compopt -o nospace; fi
}

complete -o bashdefault -o default -F _tracee_all tracee
