#!/usr/bin/env bash
# An apt of one's own for each suite, for vm/kernels.sh and vm/packages.sh, which set $vm and die().
# shellcheck disable=SC2154

debian_mirror() {
	[ -z "${DEBIAN_MIRROR:-}" ] || { echo "$DEBIAN_MIRROR"; return; }
	# shellcheck disable=SC2016 # apt-get expands it, not the shell
	apt-get indextargets --format '$(REPO_URI)' | grep -m1 '/debian/*$' ||
		die "this machine's apt knows no Debian mirror; set DEBIAN_MIRROR to the URL of one"
}

keyring() {
	local file
	for file in /usr/share/keyrings/debian-archive-keyring.{pgp,gpg}; do
		[ ! -r "$file" ] || { echo "$file"; return; }
	done
	die "no Debian archive keys in /usr/share/keyrings; install the package debian-archive-keyring"
}

# apt_config SUITE MIRROR [NAME]: writes an apt configuration that knows this suite only, and prints its path. NAME: of its
# folder (SUITE), which two that run at once must not share.
apt_config() {
	local suite=$1 mirror=$2 dir=$vm/apt-${3:-$1} keys
	keys=$(keyring)
	mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial"
	: >"$dir/status"
	echo "deb [arch=amd64 signed-by=$keys] $mirror $suite main" >"$dir/sources.list"
	{
		# Proxies and the like still come from the machine.
		apt-config dump | grep '^Acquire::' | grep -v '^Acquire::IndexTargets' || true
		cat <<-CONF
			Dir::State "$dir";
			Dir::State::lists "$dir/lists";
			Dir::State::status "$dir/status";
			Dir::Cache "$dir/cache";
			Dir::Etc::main "/dev/null";
			Dir::Etc::parts "/dev/null";
			Dir::Etc::sourcelist "$dir/sources.list";
			Dir::Etc::sourceparts "/dev/null";
			Dir::Etc::preferences "/dev/null";
			Dir::Etc::preferencesparts "/dev/null";
			APT::Architecture "amd64";
			APT::Architectures { "amd64"; };
			APT::Sandbox::User "root";
			APT::Update::Error-Mode "any";
			// An old kernel from a mirror that lags behind is a good kernel to test on.
			Acquire::Check-Valid-Until "false";
			Acquire::Languages "none";
			Acquire::Retries "3";
		CONF
	} >"$dir/apt.conf"
	echo "$dir/apt.conf"
}
