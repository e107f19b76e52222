# shellcheck shell=bash
# Finding and ending processes of a home when their supervisor is gone.
#
# The supervisor makes each service the leader of its own process group, and the group's number is kept in
# run/NAME.group. A process belongs to a service when it is in that group AND its working directory is inside the home:
# a number that the system has given to somebody else in the meantime fails the second test. It must be a process that may be
# signalled, too: the files that name it are no proof that it is this user's.

remember_group() { printf '%s\n' "$2" >"$RUN/$1.group"; }

# leftovers [NAME…]: pids of living processes of the named services (all without a name), except this process.
leftovers() {
    local groups=() name file pid stat rest folder group
    if (($#)); then
        for name in "$@"; do [[ -s $RUN/$name.group ]] && groups+=("$(<"$RUN/$name.group")"); done
    else
        for file in "$RUN"/*.group; do [[ -s $file ]] && groups+=("$(<"$file")"); done
    fi
    ((${#groups[@]})) || return 0
    for stat in /proc/[0-9]*/stat; do
        read -r rest 2>/dev/null <"$stat" || continue
        pid=${rest%% *}
        # After the command's closing parenthesis: state, parent, group.
        read -r _ _ group _ <<<"${rest##*) }"
        [[ " ${groups[*]} " == *" $group "* && $pid != "$$" ]] || continue
        folder=$(readlink "/proc/$pid/cwd") || continue
        [[ $folder == "$OBSERVER_HOME" || $folder == "$OBSERVER_HOME"/* ]] && kill -0 "$pid" 2>/dev/null && printf '%s\n' "$pid"
    done
}

# end_leftovers SIGNAL [NAME…]: signals them, and kills what is left after ten seconds.
end_leftovers() {
    local signal=$1 pids i
    shift
    mapfile -t pids < <(leftovers "$@")
    ((${#pids[@]})) || return 0
    kill "-$signal" "${pids[@]}" 2>/dev/null
    for ((i = 0; i < 100; i++)); do
        mapfile -t pids < <(leftovers "$@")
        ((${#pids[@]})) || return 0
        sleep 0.1
    done
    kill -KILL "${pids[@]}" 2>/dev/null
    sleep 0.2
}
