#pragma once
// The door to libpq.
#include <postgresql/libpq-fe.h>
