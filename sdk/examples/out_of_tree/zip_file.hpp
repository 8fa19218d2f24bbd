// A ZIP archive without compression, written from front to back: what numpy.load opens as .npz.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "ar/cpp/host_services.hpp"

class ZipFile {
 public:
  ZipFile(const ar_target& target, const std::string& name) : target_(&target) {
    ar_error err{};
    ar::require_ok(target.file_open(target.ctx, name.c_str(), &file_, &err), err, "file_open");
  }
  ZipFile(const ZipFile&) = delete;
  ZipFile& operator=(const ZipFile&) = delete;
  ~ZipFile() {
    if (file_ != nullptr) target_->file_close(target_->ctx, file_, nullptr);
  }

  void add(const std::string& name, const std::string& content) {
    const uint32_t crc = crc32(content);
    const std::string sizes = number(crc, 4) + number(content.size(), 4) + number(content.size(), 4);
    const std::string head = kVersion + kNoFlags + kStored + kNoTime + sizes + number(name.size(), 2) + number(0, 2);
    directory_ += "PK\x01\x02" + kVersion + head + number(0, 2 + 2 + 2 + 4) + number(offset_, 4) + name;
    ++n_entries_;
    write("PK\x03\x04" + head + name);
    write(content);
  }

  void finish() {
    const uint64_t begin = offset_;
    const std::string counts = number(n_entries_, 2) + number(n_entries_, 2);
    if (n_entries_ > 0xFFFF) throw ar::Error(AR_UNSUPPORTED, "more than 65535 arrays do not fit into an .npz file");
    write(directory_);
    write("PK\x05\x06" + number(0, 2 + 2) + counts + number(directory_.size(), 4) + number(begin, 4) + number(0, 2));
    ar_error err{};
    void* file = file_;
    file_ = nullptr;
    ar::require_ok(target_->file_close(target_->ctx, file, &err), err, "file_close");
  }

 private:
  static std::string number(uint64_t value, int n_bytes) {
    std::string text;
    for (int i = 0; i < n_bytes; ++i) text += static_cast<char>(i < 8 ? value >> (8 * i) : 0);
    return text;
  }

  static uint32_t crc32(const std::string& bytes) {
    static const auto table = [] {
      std::array<uint32_t, 256> t{};
      for (uint32_t i = 0; i < 256; ++i) {
        t[i] = i;
        for (int bit = 0; bit < 8; ++bit) t[i] = (t[i] >> 1U) ^ ((t[i] & 1U) != 0 ? 0xEDB88320U : 0U);
      }
      return t;
    }();
    uint32_t crc = 0xFFFFFFFFU;
    for (const char c : bytes) crc = table[(crc ^ static_cast<unsigned char>(c)) & 0xFFU] ^ (crc >> 8U);
    return ~crc;
  }

  void write(const std::string& bytes) {
    if (offset_ + bytes.size() > UINT32_MAX)
      throw ar::Error(AR_UNSUPPORTED, "more than 4 GiB do not fit into an .npz file of this format");
    ar_error err{};
    ar::require_ok(target_->file_write(target_->ctx, file_, bytes.data(), bytes.size(), &err), err, "file_write");
    offset_ += bytes.size();
  }

  const std::string kVersion = number(20, 2);
  const std::string kNoFlags = number(0, 2);
  const std::string kStored = number(0, 2);
  const std::string kNoTime = number(0, 2) + number(0x21, 2);  // the first of January 1980

  const ar_target* target_;
  void* file_ = nullptr;
  uint64_t offset_ = 0;
  uint64_t n_entries_ = 0;
  std::string directory_;
};
