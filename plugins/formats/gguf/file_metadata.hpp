#pragma once

#include <string>

#include <boost/json/object.hpp>

#include "ar/host.h"
#include "declared_file.hpp"
#include "metadata.hpp"
#include "types.hpp"

namespace ar::gguf {

/// Everything in front of the tensors, in upstream's order (formats.md 6.7), and the file's name.
struct FileMetadata {
  Metadata metadata;
  std::string file_name;
};
FileMetadata text_metadata(const ar_host& host, const boost::json::object& plan, const FileType& file_type,
                           const DeclaredFile& file);

/// The same of a vision tower (formats.md 6.9), whose file is called so whatever the model's name.
constexpr const char* kMmprojName = "mmproj-model.gguf";
Metadata mmproj_metadata(const boost::json::object& plan, const DeclaredFile& file);

}  // namespace ar::gguf
