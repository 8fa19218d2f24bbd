#pragma once

#include <string>

#include <boost/json/object.hpp>

#include "common/folder_format.hpp"
#include "common/int_layers.hpp"
#include "common/scheme.hpp"

namespace ar::formats {

/// A folder of integer layers of one layout, under a name that takes no colon: what the GPTQ and AWQ formats share.
class IntFolder : public FolderFormat {
 public:
  /// Throws ar::Error with the reason when `format` is not `name` or the layout has no place for the scheme.
  static void check_format(const std::string& name, const IntLayout& layout, const std::string& format,
                           const ar_scheme& scheme);
  /// `name`, or "fake" where activations are quantized. Throws ar::Error for plans that such a folder cannot hold.
  static std::string resolve_plan(const std::string& name, const boost::json::object& plan);

  IntFolder(const char* name, const IntLayout& layout, const ar_host& host, const std::string& plan_json,
            const ar_target& target);
  void pack(const LayerView& layer, const ar_sink& sink) const;
  void unpack(const LayerView& layer, const TensorList& stored, const ar_sink& sink) const;

 private:
  std::string name_;
  IntLayout layout_;
};

}  // namespace ar::formats
