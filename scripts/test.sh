# shellcheck shell=bash
# shellcheck source=scripts/root.sh
. "$REPO/scripts/root.sh"
# shellcheck source=scripts/test_servers.sh
. "$REPO/scripts/test_servers.sh"

# `test`: every kind of test, counted. The last line is always `N passed, N failed`, also when something breaks off.

PASSED=0 FAILED=0 TESTS_DONE= SANITIZED= SANITIZED_PID=
# What failed in the end, named once more before the last line: a long log is often read from its end.
FAILURES=()

command_test() {
    local kind=${1:-all}
    [[ $# -le 1 && $kind =~ ^(all|unit|sanitize|integration|e2e)$ ]] ||
        fail "test takes unit, sanitize, integration, e2e or nothing" "" "./observer test --help"
    local begun=$EPOCHREALTIME
    trap finish_tests EXIT
    # Tests never touch what a user has set up or pointed at.
    know_settings
    unset "${KNOWN_SETTINGS[@]}" "${KNOWN_SETTINGS[@]/%/_FILE}" OBSERVER_ADMIN_PASSWORD OBSERVER_ADMIN_PASSWORD_FILE
    use_home "$REPO/.build/test-home"
    STEP_LOGS=$REPO/.build/logs/test
    say "Observer: testing ($kind)"
    install_packages "${RUN_PACKAGES[@]}" "${TEST_PACKAGES[@]}"
    install_tools "${RUN_TOOLS[@]}" "${TEST_TOOLS[@]}"
    find_swift
    case $kind in
    all)
        check_style
        if swift_tests unit; then
            build_release
            begin_sanitized_tests
            swift_tests integration
        fi
        end_to_end
        await_sanitized_tests
        ;;
    unit | integration) swift_tests "$kind" ;;
    sanitize)
        sanitized_tests address
        sanitized_tests thread
        ;;
    e2e) end_to_end ;;
    esac
    printf '  %-44s %6s s\n' "all in all" "$(seconds_since "$begun")"
    TESTS_DONE=1
    exit "$((FAILED > 0))"
}

use_home() {
    OBSERVER_HOME=$1
    export OBSERVER_HOME
    CONFIG=$OBSERVER_HOME/config RUN=$OBSERVER_HOME/run LOGS=$OBSERVER_HOME/logs
}

# At every way out: stop the servers, then the last line.
finish_tests() {
    end_sanitized_tests
    undo
    if [[ -z $TESTS_DONE ]]; then
        ((FAILED += 1))
        FAILURES+=("the run broke off")
    fi
    ((${#FAILURES[@]})) && printf '  failed: %s\n' "${FAILURES[@]}"
    say "$PASSED passed, $FAILED failed"
}

# check TITLE COMMAND…: one test that is a command; its status decides.
check() {
    if run_step "$@"; then
        ((PASSED += 1))
        return 0
    fi
    ((FAILED += 1))
    FAILURES+=("$1")
    tail -n 20 "$STEP_LOG" | sed 's/^/    /'
    return 1
}

check_style() {
    check "swift format lint" swift format lint --strict --parallel --recursive Package.swift Sources workers Tests
    check "shellcheck" lint_shell
    check "python compiles" lint_python
}

# Every shell script of the project, known by its first line.
lint_shell() {
    local scripts
    mapfile -t scripts < <(git ls-files | xargs -r grep -lE '^#!(/bin/bash|/usr/bin/env bash|/bin/sh)' --)
    shellcheck -xa "${scripts[@]}"
}

lint_python() {
    local scripts
    mapfile -t scripts < <(git ls-files '*.py')
    /usr/bin/python3 - "${scripts[@]}" <<'PYTHON'
import sys
for path in sys.argv[1:]:
    with open(path, encoding="utf-8") as file:
        compile(file.read(), path, "exec")
PYTHON
}

# swift_tests unit|integration: builds once, starts the servers for the second kind, runs and counts.
swift_tests() {
    local kind=$1 report=$REPO/.build/logs/test/$1.xml lane status
    check "build (debug, with tests)" swift_build_tests || return 1
    if [[ $kind == integration ]]; then
        start_test_servers
        export_test_environment
        run_step "integration tests" integration_lanes
        status=$?
        for lane in "${!INTEGRATION_LANES[@]}"; do
            report=$REPO/.build/logs/test/integration-$lane
            add_report "integration tests ${INTEGRATION_LANES[lane]}" "$(<"$report.status")" "$report.xml"
        done
        ((status)) && show_server_logs
        for lane in "${!INTEGRATION_LANES[@]}"; do
            report=$REPO/.build/logs/test/integration-$lane.xml
            try_again "$report" swift_again "integration tests ${INTEGRATION_LANES[lane]}" "$report"
        done
        undo
    else
        run_step "unit tests" run_swift_tests "$report" --skip IntegrationTests
        add_report "unit tests" "$?" "$report"
        try_again "$report" swift_again "unit tests" "$report"
    fi
}

# swift_again TITLE REPORT [ARGUMENT…]: the failed tests of a report once more, alone.
swift_again() {
    run_step "$1, a second try" run_swift_tests "${2%.xml}-again.xml" "${@:3}" \
        --filter "$(/usr/bin/python3 "$REPO/scripts/count_tests.py" "$2" pattern)"
}

# run_swift_tests REPORT ARGUMENT…: a run of tests that are built. They block, and a time limit counts from a test's start: so no
# more start than there are threads to run them.
run_swift_tests() {
    local report=$1 status
    shift
    rm -f "$report"
    timeout -k 10 1200 swift test --ignore-lock --skip-build --disable-xctest --xunit-output "$report" \
        --experimental-maximum-parallelization-width "$(nproc)" "$@"
    status=$?
    # The tests are in a process group of their own, and outlive the command whose time is up.
    pkill -KILL -f "xctest .*--xunit-output $report"
    return "$status"
}

# Integration tests wait most of the time: several processes share them, by the first letter of their suites.
INTEGRATION_LANES=('[A-B]' '[C-L]' '[M-R]' '[S-Z]')

integration_lanes() {
    local lane report
    for lane in "${!INTEGRATION_LANES[@]}"; do
        report=$REPO/.build/logs/test/integration-$lane
        {
            run_swift_tests "$report.xml" --filter "IntegrationTests\.${INTEGRATION_LANES[lane]}"
            echo "$?" >"$report.status"
        } &
    done
    wait
    ! grep -qv '^0$' "$REPO"/.build/logs/test/integration-*.status
}

# sanitized_tests address|thread: the unit tests again, built so that a wrong access to memory, or one without a lock, ends them.
# Leaks are not looked for: Swift keeps its globals where that search does not find them.
sanitized_tests() {
    local kind=$1 report=$REPO/.build/logs/test/$1.xml
    local arguments=(--sanitize="$kind" --scratch-path "$REPO/.build/$kind") selection
    # Values on one thread have no races, and simulated ones no pointers; these suites take most of the time.
    selection=(--skip CatalogueTimeTests --skip 'Simulation(s)?Tests' --skip TimelinePropertyTests)
    if [[ $kind == thread ]]; then
        selection+=(--skip RecordedClipTests --skip CameraReaderTests --skip ParameterSetTests --skip PropertyTests)
    fi
    export UNIT_TESTS_ALONE=1 OBSERVER_TEST_SEEDS=100 ASAN_OPTIONS=detect_leaks=0 TSAN_OPTIONS=halt_on_error=1
    check "build ($kind sanitizer)" at_this_priority swift build --build-tests "${arguments[@]}" || return 1
    run_step "unit tests ($kind sanitizer)" run_swift_tests "$report" "${arguments[@]}" "${selection[@]}"
    add_report "unit tests ($kind sanitizer)" "$?" "$report"
    # At the lowest priority, times that are measured are easily too long. What a sanitizer finds ends the run, and is no such failure.
    try_again "$report" swift_again "unit tests ($kind sanitizer)" "$report" "${arguments[@]}"
    unset UNIT_TESTS_ALONE OBSERVER_TEST_SEEDS ASAN_OPTIONS TSAN_OPTIONS
}

# at_this_priority COMMAND…: SwiftPM starts its compilers at the usual priority again where it may, as root.
at_this_priority() {
    if setpriv --bounding-set=-sys_nice true; then
        setpriv --bounding-set=-sys_nice "$@"
    else
        "$@"
    fi
}

# begin_sanitized_tests: runs both beside what follows, which waits more than it computes and has the processors first.
begin_sanitized_tests() {
    SANITIZED=$REPO/.build/logs/test/sanitized
    rm -f "$SANITIZED.count"
    set -m
    sanitized_tests_apart >"$SANITIZED.log" 2>&1 </dev/null &
    SANITIZED_PID=$!
    set +m
}

sanitized_tests_apart() {
    local PASSED=0 FAILED=0
    FAILURES=()
    trap - INT TERM HUP
    renice -n 19 "$BASHPID" >/dev/null
    sanitized_tests address
    sanitized_tests thread
    printf '%s (sanitized)\n' "${FAILURES[@]}" >"$SANITIZED.failures"
    echo "$PASSED $FAILED" >"$SANITIZED.count"
}

# Waits for them, shows what they said and adds their count; without one, a run that broke off counts as a failure.
await_sanitized_tests() {
    local passed=0 failed=1 failures=("the sanitized tests broke off")
    [[ -n $SANITIZED_PID ]] || return 0
    wait "$SANITIZED_PID"
    SANITIZED_PID=
    cat "$SANITIZED.log"
    if [[ -s $SANITIZED.count ]]; then
        read -r passed failed <"$SANITIZED.count"
        mapfile -t failures <"$SANITIZED.failures"
    fi
    ((failed)) && FAILURES+=("${failures[@]}")
    ((PASSED += passed, FAILED += failed))
}

end_sanitized_tests() {
    # shellcheck disable=SC2046 # a list of pids
    [[ -z $SANITIZED_PID ]] || kill -KILL -- "-$SANITIZED_PID" $(descendants "$SANITIZED_PID") 2>/dev/null
}

swift_build_tests() {
    swift build --build-tests 2>&1 || return 1
    # Swift's own warnings are errors already; this catches the C parts and the package description.
    if grep -E '(^|[^a-z])warning: ' "$STEP_LOG"; then
        echo "error: the build has warnings"
        return 1
    fi
}

# add_report TITLE STATUS FILE: adds a JUnit report to the count. A report that is missing, or a run that failed while
# its report names no failure (a crash), counts as one failure.
add_report() {
    local counts passed=0 failed=1 names
    if counts=$(/usr/bin/python3 "$REPO/scripts/count_tests.py" "$3"); then
        read -r passed failed <<<"$counts"
        (($2 != 0 && failed == 0)) && failed=1
    fi
    ((PASSED += passed, FAILED += failed))
    printf '    %s: %d passed, %d failed\n' "$1" "$passed" "$failed"
    if ((failed)); then
        grep -aE '✘|^FAILED|^ERROR|Fatal error|Crash:|signal [0-9]' "$STEP_LOG" | cut -c 1-300 | head -n 40 | sed 's/^/    /'
        /usr/bin/python3 "$REPO/scripts/count_tests.py" "$3" first | sed 's/^/      /'
        say "    the whole log: $STEP_LOG"
        mapfile -t names < <(/usr/bin/python3 "$REPO/scripts/count_tests.py" "$3" failed)
        ((${#names[@]})) || names=("$1: ended with status $2")
        FAILURES+=("${names[@]}")
    fi
}

# The suite drives ./observer itself, in homes of its own. It waits for real time more than it computes: two processes share it,
# by the number of their files.
END_TO_END_LANES=('[12457]' '[3689]')

end_to_end() {
    local lane report status
    [[ -d Tests/EndToEndTests ]] || return 0
    build_release
    UNDO+=(stop_end_to_end)
    run_step "end-to-end tests" end_to_end_lanes
    for lane in "${!END_TO_END_LANES[@]}"; do
        report=$REPO/.build/logs/test/e2e-$lane
        add_report "end-to-end tests ${END_TO_END_LANES[lane]}" "$(<"$report.status")" "$report.xml"
    done
    for lane in "${!END_TO_END_LANES[@]}"; do
        report=$REPO/.build/logs/test/e2e-$lane
        # Status 1: all ran to their end, and some have failed.
        status=$(<"$report.status")
        ((status == 1)) && try_again "$report.xml" end_to_end_again "$report.xml" "$lane"
    done
    undo
}

end_to_end_lanes() {
    local lane report
    for lane in "${!END_TO_END_LANES[@]}"; do
        report=$REPO/.build/logs/test/e2e-$lane
        {
            # shellcheck disable=SC2086 # a pattern of files
            E2E_LANE=$lane run_pytest 1800 "$report.xml" Tests/EndToEndTests/test_${END_TO_END_LANES[lane]}_*.py
            echo "$?" >"$report.status"
        } &
    done
    wait
    ! grep -qv '^0$' "$REPO"/.build/logs/test/e2e-?.status
}

# run_pytest SECONDS REPORT TEST…
run_pytest() {
    rm -f "$2"
    env -u OBSERVER_HOME timeout -k 60 "$1" "$TOOLS/bin/python3" -m pytest "${@:3}" -v -p no:cacheprovider --junitxml="$2"
}

# try_again REPORT COMMAND…: dozens of servers and cameras in real time on a busy machine: what the machine was late for is tried
# once more, alone, by COMMAND. What passes then counts as passed, and is named; what fails again, or more than a dozen, has failed.
try_again() {
    local report=$1 tests test left=()
    shift
    mapfile -t tests < <(/usr/bin/python3 "$REPO/scripts/count_tests.py" "$report" failed)
    ((${#tests[@]} >= 1 && ${#tests[@]} <= 12)) || return 0
    "$@" || return 0
    ((FAILED -= ${#tests[@]}, PASSED += ${#tests[@]}))
    printf '    passed at the second try: %s\n' "${tests[@]}"
    for test in "${FAILURES[@]}"; do
        [[ $'\n'"$(printf '%s\n' "${tests[@]}")"$'\n' == *$'\n'"$test"$'\n'* ]] || left+=("$test")
    done
    FAILURES=("${left[@]}")
}

# end_to_end_again REPORT LANE: its failed tests once more, in a home of their own.
end_to_end_again() {
    local tests
    mapfile -t tests < <(/usr/bin/python3 "$REPO/scripts/count_tests.py" "$1" failed)
    E2E_LANE=$2-again run_step "end-to-end tests ${END_TO_END_LANES[$2]}, a second try" \
        run_pytest 400 "${1%.xml}-again.xml" "${tests[@]/#/Tests/EndToEndTests/}"
}

# The suite stops its homes itself, also when it is told to end; one that was killed cannot.
stop_end_to_end() {
    local home
    if [[ -n $STEP_PID ]]; then
        wait_for 60 step_is_over
        # shellcheck disable=SC2046 # a list of pids
        kill -KILL -- "-$STEP_PID" $(descendants "$STEP_PID")
    fi
    for home in "$REPO"/.build/e2e-{home,second,schema}*; do
        if [[ -d $home ]]; then OBSERVER_HOME=$home "$REPO/observer" down; fi
    done
}

step_is_over() { ! kill -0 "$STEP_PID"; }
