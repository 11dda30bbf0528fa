# SPDX-License-Identifier: Apache-2.0
# packages.sh -- What byport needs of Debian 12, and how the two top commands get it. Sourced.
# Nothing is asked of the network when nothing is missing.

packages_build="gcc libc6-dev cmake ninja-build pkg-config libmodbus-dev libmosquitto-dev libssl-dev libsqlite3-dev
	libpq-dev libfyaml-dev libjansson-dev libcmocka-dev tzdata"
packages_demo="$packages_build mosquitto"
packages_check="$packages_demo clang libclang-rt-dev clang-format universal-ctags git mosquitto-clients mbpoll mandoc openssl
	postgresql sqlite3 tshark python3 python3-pymodbus python3-serial python3-jsonschema python3-yaml
	systemd"

# install_missing <package...>: apt-get install what dpkg does not have.
install_missing() {
	local package missing=""
	for package in "$@"; do
		[ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing="$missing $package"
	done
	[ -z "$missing" ] && return 0
	local as_root=""
	if [ "$(id -u)" -ne 0 ]; then
		if ! command -v sudo >/dev/null; then
			echo "These packages are missing, and only root may install them:$missing" >&2
			echo "As root: apt-get install --no-install-recommends$missing" >&2
			return 1
		fi
		as_root=sudo
	fi
	echo "installing:$missing"
	# A broker started by its package would sit on port 1883; we start our own.
	local options="-qq -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0"
	$as_root apt-get $options update &&
		$as_root env DEBIAN_FRONTEND=noninteractive apt-get $options install -y --no-install-recommends $missing >/dev/null ||
		{ echo "apt-get could not install:$missing" >&2; return 1; }
}

# build_preset <preset> [<target...>]: configure when needed and build; one build of a tree at a time.
build_preset() {
	local preset=$1
	shift
	mkdir -p build
	(
		flock 9
		[ -f "build/$preset/build.ninja" ] || cmake --preset "$preset" >"build/$preset.log" 2>&1 ||
			{ cat "build/$preset.log" >&2; exit 1; }
		cmake --build --preset "$preset" ${1:+--target "$@"} >"build/$preset.log" 2>&1 ||
			{ cat "build/$preset.log" >&2; exit 1; }
	) 9>"build/$preset.lock"
}
