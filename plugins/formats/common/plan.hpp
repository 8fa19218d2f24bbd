#pragma once

#include <optional>
#include <string>
#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "common/scheme.hpp"

namespace ar::formats {

/// A linear layer of the plan (ar/format.h, ar_format_api).
struct PlannedLayer {
  std::string name;
  Scheme scheme;
  int64_t in_features = 0;  // 0 = not told
  bool in_block = true;
  bool quantized = false;
};

std::vector<PlannedLayer> planned_layers(const boost::json::object& plan);
Scheme planned_scheme(const boost::json::object& plan);

/// Keys of extra_config that are no layer's name: the user's patterns, as regular expressions.
std::vector<std::string> planned_patterns(const boost::json::object& plan);

/// extra_config with every key of a scheme in the entries of patterns, null where it has no value: as upstream writes
/// it for fp types.
boost::json::object complete_extra_config(const boost::json::object& plan);

/// Upstream's regular expression for everything with this name in it: ".*" + escaped + ".*".
std::string name_pattern(const std::string& name);
/// What the user typed for it: the inverse, where there is one.
std::string pattern_text(std::string pattern);

/// The first quantized layer the AWQ layout cannot hold: other than 4 bits, or columns that groups do not divide. Null
/// when there is none.
const PlannedLayer* first_awq_misfit(const std::vector<PlannedLayer>& layers);

/// Names of the layers of blocks that are left alone.
boost::json::array ignored_in_blocks(const boost::json::object& plan);

/// Linear layers beside the language model, which nothing quantizes.
boost::json::array copied_linears(const boost::json::object& plan);

/// "model.layers", or several names with commas between.
std::string joined_block_names(const boost::json::object& plan);

/// FP8 scales of attention's states that are added to the output ("attention_states" of the plan).
struct PlannedStates {
  bool queries = false;      // beside keys and values
  bool heads = false;        // one scale a head instead of one a layer
  boost::json::array types;  // classes of the attentions, as transformers names them
};
std::optional<PlannedStates> planned_states(const boost::json::object& plan);
/// Throws ar::Error when there are some: nothing that reads `format` knows them.
void refuse_states(const boost::json::object& plan, const std::string& format);

/// Throws ar::Error: formats other than auto_round have no agreed place for a quantized lm_head.
void refuse_quantized_head(const boost::json::object& plan, const std::string& format);
/// Throws ar::Error naming a quantized layer whose kind of numbers is another than the model's.
void refuse_mixed_families(const boost::json::object& plan, const std::string& format);

}  // namespace ar::formats
