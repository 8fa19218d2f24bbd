#pragma once

#include <string>
#include <unordered_map>

#include <boost/json/object.hpp>

#include "declaration.hpp"
#include "types.hpp"

namespace ar::gguf {

/// A matrix of the plan, by the name of its weight ("model.layers.0.mlp.up_proj.weight").
struct PlannedMatrix {
  boost::json::object scheme;
  bool quantized = false;
  bool fixed_by_user = false;
};
using PlannedMatrices = std::unordered_map<std::string, PlannedMatrix>;

/// plan["matrices"], or plan["layers"] where a plan has no matrices.
PlannedMatrices read_matrices(const boost::json::object& plan);

/// Tensors that stay float32 whatever the mixture: vectors, norms, routers, position tables (formats.md 6.4).
bool stays_float(const DeclaredTensor& tensor);

/// The type of each declared tensor in the file, in its order. Schemes that no type stores are refused.
std::vector<Type> planned_types(const boost::json::object& plan, const Declaration& declaration);

/// What `choose_schemes` answers: a scheme for every matrix that has a place in the file.
boost::json::object chosen_schemes(const FileType& file_type, const boost::json::object& plan);

/// "gguf:q2_k_s" for a tuned gguf:q2_k_mixed of a model without experts, else the name itself.
std::string resolved_format(const std::string& format, const boost::json::object& plan);

}  // namespace ar::gguf
