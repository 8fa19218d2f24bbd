#include "fixture.hpp"

AR_PLUGIN(null_desc, nullptr)
