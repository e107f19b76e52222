# shellcheck shell=bash
# Debian packages: only what is missing, and nothing of the system is started, stopped or changed besides.

# What building and running needs. The gstreamer packages are the demo camera: RTSP server (rtsp-server, good: RTP),
# test sound (base), x264 (ugly), parsers (bad), AAC (libav).
RUN_PACKAGES=(
    libfcgi-dev libpq-dev librabbitmq-dev libavformat-dev libavcodec-dev libavutil-dev libswscale-dev
    libcurl4-openssl-dev libssl-dev
    nginx postgresql-15 rabbitmq-server
    python3 python3-venv python3-gi gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-base gstreamer1.0-plugins-good
    gstreamer1.0-plugins-bad gstreamer1.0-plugins-ugly gstreamer1.0-libav
    curl jq openssl procps util-linux ca-certificates tzdata
)
TEST_PACKAGES=(
    ffmpeg chromium firefox-esr vlc-bin vlc-plugin-base fonts-dejavu-core shellcheck wrk git pgbouncer
)
# Peers and tools of the comparisons.
BENCH_PACKAGES=(gstreamer1.0-tools linux-perf strace)

# needed_packages: those of RUN_PACKAGES that this home needs; what it does not run itself needs none.
needed_packages() {
    local name
    for name in "${RUN_PACKAGES[@]}"; do
        case $name in
        postgresql-15) runs_here postgres || continue ;;
        rabbitmq-server) runs_here rabbitmq || continue ;;
        gir1.2-gst-* | gstreamer1.0-* | python3-gi) runs_here camera || continue ;;
        esac
        printf '%s\n' "$name"
    done
}

# missing_packages NAME…: those of the names that are not installed, one a line.
missing_packages() {
    local name
    local -A installed=()
    while read -r name; do installed[${name%%:*}]=1; done \
        < <(dpkg-query -W -f '${db:Status-Abbrev} ${binary:Package}\n' "$@" 2>/dev/null | awk '$1 == "ii" { print $2 }')
    for name in "$@"; do [[ -n ${installed[$name]:-} ]] || printf '%s\n' "$name"; done
}

# install_packages NAME…: a step of its own when something is missing, silent and quick when not.
install_packages() {
    local missing sudo=()
    if ! command -v dpkg-query >/dev/null; then
        fail "this is not a Debian system" "dpkg-query was not found" \
            "use Debian 12, or the containers in deploy/ (README, \"Containers\")"
    fi
    mapfile -t missing < <(missing_packages "$@")
    ((${#missing[@]})) || return 0
    if ((EUID != 0)); then
        sudo=(sudo -n)
        sudo -n true 2>/dev/null || sudo=(sudo)
        if ! command -v sudo >/dev/null; then
            fail "Debian packages are missing: ${missing[*]}" "installing needs root, and there is no sudo here" \
                "as root: apt-get install --no-install-recommends ${missing[*]}"
        fi
        [[ -t 0 ]] && sudo -v
    fi
    step "install ${#missing[@]} Debian packages" \
        "look at the log; by hand: apt-get install --no-install-recommends ${missing[*]}" \
        "${sudo[@]}" bash "$REPO/scripts/apt-install" "${missing[@]}"
}

# Finds the Swift toolchain and puts it on PATH.
find_swift() {
    if ! command -v swift >/dev/null && [[ -x /opt/swift/usr/bin/swift ]]; then
        PATH=$PATH:/opt/swift/usr/bin
    fi
    local version
    version=$(swift --version 2>/dev/null | grep -oE 'Swift version [0-9]+\.[0-9]+' | grep -oE '[0-9.]+')
    case $version in
    6.[2-9] | 6.[1-9][0-9] | [7-9].*) ;;
    '') fail "no Swift toolchain" "swift is neither on PATH nor in /opt/swift/usr/bin" \
        "install Swift 6.2 or newer for Debian 12 (swift.org/install) and put its usr/bin on PATH" ;;
    *) fail "Swift $version is too old" "Observer is written in Swift 6 with tools 6.2" "install Swift 6.2 or newer" ;;
    esac
}
