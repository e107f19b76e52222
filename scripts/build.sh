# shellcheck shell=bash
# The release build of the four binaries.

PRODUCTS=(observer-web observer-capture observer-upload observerctl)

# build_release: skipped when no source is newer than the last good build.
build_release() {
    local stamp=$REPO/.build/release.stamp product current=1
    for product in "${PRODUCTS[@]}"; do [[ -x $BINARIES/$product ]] || current=; done
    if [[ -n $current && -f $stamp &&
        -z $(find Package.swift Sources workers -newer "$stamp" -print -quit) ]]; then
        return 0
    fi
    find_swift
    step "build (release)" "mend what the compiler says; the whole log is in $STEP_LOGS" swift_build_release
}

swift_build_release() {
    local begun=$REPO/.build/release.begun product
    mkdir -p "$REPO/.build"
    touch "$begun"
    for product in "${PRODUCTS[@]}"; do
        swift build -c release --static-swift-stdlib --product "$product" || return 1
    done
    # Files changed while the compiler ran are newer than this and will be built next time.
    mv -f "$begun" "$REPO/.build/release.stamp"
}
