# shellcheck shell=bash
command_doctor() { fail "not written yet"; }
