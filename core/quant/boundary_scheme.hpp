#pragma once

#include "ar/scheme.h"
#include "core/quant/scheme.hpp"

namespace ar::quant {

/// What plugins see of a scheme; `name` is its preset's, "" for none. Borrows the name and the scheme's strings.
ar_scheme boundary_scheme(const Scheme& scheme, const char* name = "");

}  // namespace ar::quant
