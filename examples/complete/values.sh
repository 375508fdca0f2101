# _tracee_values FLAG VALUE: prints the values that this flag of tracee can have where VALUE has been typed so far, whole,
# one a line. For any shell that knows POSIX; the events come from the catalogue.
_tracee_values() (
	events='@EVENTS@'
	sets='@SETS@'
	last=${2##*,}
	head=${2%"$last"}
	put() {
		for word; do printf '%s\n' "$head$word"; done
	}
	users() {
		while IFS=: read -r user _; do
			# Others are no words of a shell.
			case $user in
			'' | *[!A-Za-z0-9_.-]*) ;;
			*) put "$user" ;;
			esac
		done </etc/passwd
	}
	processes() {
		for folder in /proc/[0-9]*; do put "${folder#/proc/}"; done
	}
	# Only engines that answer at once are asked.
	containers() {
		for engine in docker podman; do
			command -v "$engine" >/dev/null 2>&1 || continue
			timeout 2 "$engine" ps --format '{{.Names}}' 2>/dev/null </dev/null | while read -r name; do put "$name"; done
		done
	}
	# Names of arguments behind `<event>.`, and what every result has.
	arguments() {
		while read -r event names; do
			[ "$event" = "$1" ] || continue
			# shellcheck disable=SC2086 # words
			set -- $names
			head=$head$event.
			for word; do put "$word="; done
			return
		done <<-'END'
			event retval
			@ARGUMENTS@
		END
	}
	# shellcheck disable=SC2086 # words
	case $1 in
	-e | --event | -x | --exclude-event)
		case $1$last in
		-e@* | --event@*)
			head=$head@
			put $sets
			;;
		-e!* | --event!*)
			head=$head!
			put $events
			;;
		*) put $events ;;
		esac
		;;
	-s | --events-set) put $sets ;;
	-f | --filter)
		case $2 in
		*=*)
			field=${2%%[=!<>]*}
			head=${2%"${2##*[=,]}"}
			case $field in
			uid) users ;;
			container) containers ;;
			pid | tid | ppid) processes ;;
			esac
			;;
		*[!a-z0-9_.]*) ;;
		*.*) head='' && arguments "${2%%.*}" ;;
		*)
			for field in @FIELDS@ event.retval; do put "$field="; done
			for field in $events; do put "$field."; done
			;;
		esac
		;;
	-t | --trace)
		head=${2%"${2##*[:,]}"}
		case $2 in
		*:*,*) ;;
		*:*) put new all ;;
		*) put process:new process:all process: container:new container:all container: host:new host:all ;;
		esac
		case $2 in
		c:* | container:*) containers ;;
		p:* | process:*) processes ;;
		esac
		;;
	-p | --pid) processes ;;
	-u | --user) users ;;
	-o | --output)
		case $2 in
		*:*) ;;
		*) put table table-verbose json json,compact ;;
		esac
		;;
	--capture) put write write= exec exec= mem all ;;
	--build-policy) put never if-needed always ;;
	esac
)
