#pragma once

#include <filesystem>

#include <boost/json/value.hpp>

namespace ar::calib {

/// Changes a parsed tokenizer.json into what transformers 5's AutoTokenizer makes of the folder: tokens that only
/// tokenizer_config.json has, BOS and EOS as its switches say, and LlamaTokenizer rebuilt on a Metaspace splitter.
/// Models are trained, evaluated and calibrated through that class, so this is what calibration has to see.
void view_as_transformers(boost::json::value& tokenizer, const std::filesystem::path& folder);

}  // namespace ar::calib
