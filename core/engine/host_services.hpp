#pragma once

#include "ar/host.h"

namespace ar::engine {

/// The services lent to plugins: the program's log, its threads and its cancel flag. Lives for the whole process. [any]
const ar_host& host_services();

}  // namespace ar::engine
