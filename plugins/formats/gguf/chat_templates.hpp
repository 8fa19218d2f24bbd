#pragma once

#include <boost/json/object.hpp>

#include "metadata.hpp"
#include "source_files.hpp"

namespace ar::gguf {

/// tokenizer_config.json's chat_template, else chat_template.jinja with additional_chat_templates/, else
/// chat_template.json. Named ones become tokenizer.chat_template.NAME and a sorted list of names.
void add_chat_templates(const SourceFiles& source, const boost::json::object& tokenizer_config, Metadata& metadata);

}  // namespace ar::gguf
