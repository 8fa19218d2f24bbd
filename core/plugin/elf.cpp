#include "core/plugin/elf.hpp"

#include <elf.h>
#include <link.h>

#include <cstring>
#include <fstream>
#include <optional>

namespace ar::plugin {
namespace {

using Header = ElfW(Ehdr);
using Segment = ElfW(Phdr);
using Dynamic = ElfW(Dyn);
using Section = ElfW(Shdr);
using Symbol = ElfW(Sym);

constexpr std::size_t kMaxBytes = std::size_t{16} << 20;  // no honest dynamic section or string table is larger

class Reader {
 public:
  explicit Reader(const std::string& path) : in_(path, std::ios::binary) {}

  template <typename T>
  bool read(std::uint64_t offset, T* values, std::size_t count = 1) {
    in_.clear();
    in_.seekg(static_cast<std::streamoff>(offset));
    in_.read(reinterpret_cast<char*>(values), static_cast<std::streamsize>(count * sizeof(T)));
    return static_cast<bool>(in_);
  }

 private:
  std::ifstream in_;
};

std::optional<Header> read_header(Reader& in) {
  Header h;
  const bool elf = in.read(0, &h) && std::memcmp(h.e_ident, ELFMAG, SELFMAG) == 0;
  constexpr int kClass = sizeof(void*) == 8 ? ELFCLASS64 : ELFCLASS32;
  if (!elf || h.e_ident[EI_CLASS] != kClass) return std::nullopt;
  return h;
}

Header own_header() {
  Reader in("/proc/self/exe");
  return read_header(in).value_or(Header{});
}

std::vector<Segment> read_segments(Reader& in, const Header& h) {
  std::vector<Segment> segments(h.e_phentsize == sizeof(Segment) ? h.e_phnum : 0);
  if (!in.read(h.e_phoff, segments.data(), segments.size())) segments.clear();
  return segments;
}

std::optional<std::uint64_t> file_offset(const std::vector<Segment>& segments, std::uint64_t address) {
  for (const Segment& s : segments) {
    if (s.p_type == PT_LOAD && address >= s.p_vaddr && address - s.p_vaddr < s.p_filesz) {
      return s.p_offset + (address - s.p_vaddr);
    }
  }
  return std::nullopt;
}

std::vector<Dynamic> read_dynamic(Reader& in, const std::vector<Segment>& segments) {
  for (const Segment& s : segments) {
    if (s.p_type != PT_DYNAMIC || s.p_filesz > kMaxBytes) continue;
    std::vector<Dynamic> entries(s.p_filesz / sizeof(Dynamic));
    if (in.read(s.p_offset, entries.data(), entries.size())) return entries;
  }
  return {};
}

std::string machine_name(unsigned machine) {
  switch (machine) {
    case EM_386: return "i386";
    case EM_X86_64: return "x86-64";
    case EM_ARM: return "Arm";
    case EM_AARCH64: return "AArch64";
    case EM_RISCV: return "RISC-V";
    case EM_PPC64: return "PowerPC 64";
    case EM_S390: return "S/390";
    default: return "ELF machine " + std::to_string(machine);
  }
}

/// `count` items at `offset`, or none when they are not all there.
template <typename T>
std::vector<T> read_all(Reader& in, std::uint64_t offset, std::uint64_t count) {
  if (count > kMaxBytes / sizeof(T)) return {};
  std::vector<T> items(count);
  if (!in.read(offset, items.data(), items.size())) items.clear();
  return items;
}

}  // namespace

std::vector<std::string> exported_symbols(const std::string& path) {
  Reader in(path);
  const auto header = read_header(in);
  if (!header || header->e_shentsize != sizeof(Section)) return {};
  std::vector<std::string> names;
  const auto sections = read_all<Section>(in, header->e_shoff, header->e_shnum);
  for (const Section& s : sections) {
    if (s.sh_type != SHT_DYNSYM || s.sh_link >= sections.size()) continue;
    auto strings = read_all<char>(in, sections[s.sh_link].sh_offset, sections[s.sh_link].sh_size);
    strings.push_back('\0');
    for (const Symbol& symbol : read_all<Symbol>(in, s.sh_offset, s.sh_size / sizeof(Symbol))) {
      const bool local =
          ELF64_ST_BIND(symbol.st_info) == STB_LOCAL || ELF64_ST_VISIBILITY(symbol.st_other) != STV_DEFAULT;
      // An absolute symbol is the name of a version, not something to call.
      const bool defined = symbol.st_shndx != SHN_UNDEF && symbol.st_shndx != SHN_ABS;
      if (!local && defined && symbol.st_name < strings.size()) names.emplace_back(strings.data() + symbol.st_name);
    }
  }
  return names;
}

std::vector<std::string> needed_libraries(const std::string& path) {
  Reader in(path);
  const auto header = read_header(in);
  if (!header) return {};
  const auto segments = read_segments(in, *header);
  const auto dynamic = read_dynamic(in, segments);
  std::uint64_t table = 0;
  std::uint64_t table_bytes = 0;
  for (const Dynamic& d : dynamic) {
    if (d.d_tag == DT_STRTAB) table = d.d_un.d_ptr;
    if (d.d_tag == DT_STRSZ) table_bytes = d.d_un.d_val;
  }
  const auto offset = file_offset(segments, table);
  if (!offset || table_bytes == 0 || table_bytes > kMaxBytes) return {};
  std::string strings(table_bytes, '\0');
  if (!in.read(*offset, strings.data(), strings.size())) return {};

  std::vector<std::string> names;
  for (const Dynamic& d : dynamic) {
    if (d.d_tag == DT_NULL) break;
    if (d.d_tag == DT_NEEDED && d.d_un.d_val < strings.size()) names.emplace_back(strings.c_str() + d.d_un.d_val);
  }
  return names;
}

bool needs_torch(const std::string& path) {
  for (const std::string& name : needed_libraries(path)) {
    if (name.rfind("libtorch", 0) == 0 || name.rfind("libc10", 0) == 0) return true;
  }
  return false;
}

std::string foreign_machine(const std::string& path) {
  static const unsigned own = own_header().e_machine;
  Reader in(path);
  const auto header = read_header(in);
  if (!header || own == EM_NONE || header->e_machine == own) return "";
  return "it is built for " + machine_name(header->e_machine) + ", this program for " + machine_name(own);
}

}  // namespace ar::plugin
