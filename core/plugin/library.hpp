#pragma once

#include <string>

#include "ar/plugin.h"

namespace ar::plugin {

/// Opens a shared object and returns its descriptor. The library is never closed: LibTorch registers things at load,
/// and closing what depends on it, or doing so at exit, crashes (pytorch issues 46171, 61111).
/// Throws Rejection with check 1 or 2 of the list in verify.hpp.
const ar_plugin_desc* open_library(const std::string& absolute_path);

/// Calls an entry point; a null descriptor or an exception is a Rejection. `symbol` is its name in the message.
const ar_plugin_desc* call_entry(ar_plugin_entry_fn entry, const char* symbol);

}  // namespace ar::plugin
