#include "core/quant/static_states.hpp"

namespace ar::quant {

const char* granularity_name(Granularity granularity) { return granularity == Granularity::kHead ? "head" : "tensor"; }

}  // namespace ar::quant
