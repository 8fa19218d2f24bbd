#pragma once

#include <ctime>
#include <string>
#include <string_view>

#include <boost/json/object.hpp>

#include "core/calib/jinja/ast.hpp"

namespace ar::jinja {

/// A parsed chat template. Const methods are thread-safe. Errors are base::Error(kFailed).
class Template {
 public:
  explicit Template(std::string_view source);
  /// `now` is what strftime_now sees.
  std::string render(const boost::json::object& variables, const std::tm& now) const;

 private:
  NodeList body_;
};

}  // namespace ar::jinja
