#!/bin/sh
# Draws docs/tracee.svg: a real run of tracee, as a terminal shows it. Needs root, tmux, wget and python3:
# script/picture.sh TRACEE
set -eu

cd "$(dirname "$0")/.."
tracee=$(realpath "${1:?usage: script/picture.sh TRACEE}")
work=$(mktemp -d)
columns=112 rows=22
server=
trap 'tmux -S "$work/tmux" kill-server 2>/dev/null || true; [ -z "$server" ] || kill "$server"; rm -rf "$work"' EXIT

# What is traced: a script that does what one would like to know of.
cat >"$work/install.sh" <<'END'
wget -qO /tmp/.update http://127.0.0.1:8017/update
chmod 4755 /tmp/.update
/tmp/.update --daemon
rm /tmp/.update
END
mkdir "$work/bin" "$work/www"
cp /usr/bin/true "$work/www/update"
python3 -m http.server --bind 127.0.0.1 --directory "$work/www" 8017 >/dev/null 2>&1 &
server=$!
tries=0
until wget -qO /dev/null http://127.0.0.1:8017/update; do
	tries=$((tries + 1))
	[ $tries -lt 100 ] || {
		echo "picture: python3's server does not answer" >&2
		exit 1
	}
	sleep 0.1
done
ln -s "$tracee" "$work/bin/tracee"
cat >"$work/profile" <<END
cd $work
PATH=$work/bin:\$PATH
PS1='# '
clear
END
tmux -S "$work/tmux" -f /dev/null new-session -d -x $columns -y $rows "env -u NO_COLOR TERM=xterm-256color bash --rcfile $work/profile -i"
tmux -S "$work/tmux" set-option -g status off
tmux -S "$work/tmux" send-keys "tracee -e 'execve,connect,*chmod*,unlink*' -- sh install.sh" Enter
screen() { tmux -S "$work/tmux" capture-pane -e -p; }
tries=0
until screen | grep -q ' lost'; do
	tries=$((tries + 1))
	[ $tries -lt 200 ] || {
		echo "picture: tracee has not ended" >&2
		exit 1
	}
	sleep 0.1
done

# Colours of a terminal, as they are on a dark background.
screen | awk -v columns=$columns '
	function escaped(text) {
		gsub(/&/, "\\&amp;", text); gsub(/</, "\\&lt;", text); gsub(/>/, "\\&gt;", text)
		return text
	}
	BEGIN {
		color[31] = "#ff7b72"; color[32] = "#7ee787"; color[33] = "#e3b341"; color[34] = "#79c0ff"
		color[35] = "#d2a8ff"; color[36] = "#56d4dd"; plain = "#e6edf3"
	}
	{ lines[NR] = $0 }
	END {
		while (NR > 1 && lines[NR] ~ /^(# )?$/) NR--
		width = columns * 8.43 + 32; height = NR * 18 + 32
		printf "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" role=\"img\"", width, height
		print " aria-label=\"tracee in a terminal\">"
		printf "<rect width=\"%d\" height=\"%d\" rx=\"8\" fill=\"#0d1117\"/>\n", width, height
		print "<g font-family=\"ui-monospace, SFMono-Regular, Menlo, Consolas, monospace\" font-size=\"14\" xml:space=\"preserve\">"
		for (line = 1; line <= NR; line++) {
			printf "<text x=\"16\" y=\"%d\" fill=\"%s\">", line * 18 + 12, plain
			count = split(lines[line], parts, "\033\\[")
			fill = ""
			for (part = 1; part <= count; part++) {
				text = parts[part]
				if (part > 1) {
					codes = text; sub(/m.*/, "", codes); sub(/^[0-9;]*m/, "", text)
					total = split(codes, each, ";")
					if (total == 0) fill = ""
					for (at = 1; at <= total; at++) {
						if (each[at] == "0" || each[at] == "39" || each[at] == "") fill = ""
						if (each[at] in color) fill = color[each[at]]
					}
				}
				if (text == "") continue
				if (fill != "") printf "<tspan fill=\"%s\">%s</tspan>", fill, escaped(text)
				else printf "%s", escaped(text)
			}
			print "</text>"
		}
		print "</g>\n</svg>"
	}' >docs/tracee.svg
