#pragma once
// The door to libfcgi (fcgiapp.h).
#include <fcgiapp.h>
