#include <stdexcept>

#include "fixture.hpp"

static const ar_plugin_desc* fail() { throw std::runtime_error("no licence file"); }
AR_PLUGIN(throws, fail())
