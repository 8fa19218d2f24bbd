#pragma once

#include <string>
#include <vector>

namespace ar::plugin {

/// Names of the libraries a shared object asks for, read from the file without loading it.
/// Empty when the file is no readable ELF object of this machine's word size.
std::vector<std::string> needed_libraries(const std::string& path);

/// Names of the symbols a shared object offers to others. Empty as above.
std::vector<std::string> exported_symbols(const std::string& path);

/// True when the file asks for LibTorch directly.
bool needs_torch(const std::string& path);

/// "it is built for AArch64, this program for x86-64"; "" when the machine fits or the file is no ELF object.
std::string foreign_machine(const std::string& path);

}  // namespace ar::plugin
