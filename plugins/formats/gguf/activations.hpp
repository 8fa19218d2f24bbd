#pragma once

#include <string>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "types.hpp"

namespace ar::gguf {

/// Programs that run GGUF files and round what meets their matrices: "activations" of ar/format.h.
boost::json::array activation_programs();

/// Adds to the scheme of a matrix how `program` rounds its inputs (README.md). Throws for a program that is not listed.
void add_activations(const std::string& program, Type type, boost::json::object& scheme);

}  // namespace ar::gguf
