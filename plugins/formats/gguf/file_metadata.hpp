#pragma once

#include <string>
#include <vector>

#include <boost/json/object.hpp>

#include "ar/host.h"
#include "declaration.hpp"
#include "header.hpp"
#include "types.hpp"

namespace ar::gguf {

/// Everything in front of the tensors, in upstream's order (formats.md 6.7), and the file's name.
struct FileMetadata {
  Metadata metadata;
  std::string file_name;
};

FileMetadata file_metadata(const ar_host& host, const boost::json::object& plan, const FileType& file_type,
                           const Declaration& declaration, const std::vector<TensorEntry>& tensors);

}  // namespace ar::gguf
