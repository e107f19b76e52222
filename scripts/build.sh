# shellcheck shell=bash
# The release build of the six binaries.

PRODUCTS=(observer-web observer-capture observer-media observer-upload observer-retention observerctl)

# True when a binary is missing or a source is newer than the last good build.
build_needed() {
    local stamp=$REPO/.build/release.stamp product
    for product in "${PRODUCTS[@]}"; do [[ -x $BINARIES/$product ]] || return 0; done
    [[ ! -f $stamp || -n $(find Package.swift Sources workers -newer "$stamp" -print -quit) ]]
}

build_release() {
    build_needed || return 0
    find_swift
    step "build (release)" "fix what the compiler reports; the whole log is in $STEP_LOGS" swift_build_release
}

swift_build_release() {
    local begun=$REPO/.build/release.begun
    mkdir -p "$REPO/.build"
    touch "$begun"
    swift build -c release --static-swift-stdlib || return 1
    # Files changed while the compiler ran are newer than this and will be built next time.
    mv -f "$begun" "$REPO/.build/release.stamp"
}
