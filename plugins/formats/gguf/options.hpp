#pragma once

#include <boost/json/object.hpp>

namespace ar::gguf {

/// Whose types stand in for K types where rows do not fill blocks of 256. They differ for Q2_K, Q3_K and Q5_K.
enum class Fallback { kAutoRound, kLlamaCpp };

/// plan["options"].
struct Options {
  Fallback fallback = Fallback::kAutoRound;  // "fallback": "auto_round" or "llama.cpp"
};

/// Refuses names and values it does not know.
Options read_options(const boost::json::object& plan);

}  // namespace ar::gguf
