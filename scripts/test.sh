# shellcheck shell=bash
command_test() { fail "not written yet"; }
