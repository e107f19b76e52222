#pragma once
// The door to libfcgi: Swift imports fcgiapp.h as it is.
#include <fcgiapp.h>
