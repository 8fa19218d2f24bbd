#include "output_file.hpp"

#include <utility>

#include "ar/cpp/error.hpp"
#include "ar/cpp/host_services.hpp"

namespace ar::gguf {

OutputFile::OutputFile(const ar_target& target, const std::string& name, const Metadata& metadata,
                       const std::vector<TensorEntry>& tensors)
    : target_(&target), name_(name) {
  ar_error err{};
  require_ok(target.file_open(target.ctx, name.c_str(), &file_, &err), err, "file_open");
  const std::string header = serialize_header(metadata, tensors);
  write_at(0, header.data(), header.size());
  data_start_ = header.size();
  end_ = data_start_;
  for (const TensorEntry& t : tensors) {
    missing_[t.name] = t.n_bytes();
    end_ = data_start_ + t.offset + aligned(t.n_bytes());
  }
}

OutputFile::~OutputFile() {
  if (file_ != nullptr) target_->file_close(target_->ctx, file_, nullptr);
}

void OutputFile::write_at(uint64_t offset, const void* bytes, uint64_t n_bytes) {
  ar_error err{};
  if (offset != at_) require_ok(target_->file_seek(target_->ctx, file_, offset, &err), err, "file_seek");
  require_ok(target_->file_write(target_->ctx, file_, bytes, n_bytes, &err), err, "file_write");
  at_ = offset + n_bytes;
}

void OutputFile::write(const TensorEntry& tensor, int64_t slice, const void* bytes, uint64_t n_bytes) {
  uint64_t& missing = missing_[tensor.name];
  if (n_bytes > missing) throw Error(AR_INVALID_ARGUMENT, "tensor '" + tensor.name + "' comes twice or too long");
  const uint64_t within = slice < 0 ? 0 : static_cast<uint64_t>(slice) * n_bytes;
  write_at(data_start_ + tensor.offset + within, bytes, n_bytes);
  missing -= n_bytes;
}

void OutputFile::close() {
  for (const auto& [name, n] : missing_) {
    if (n != 0) throw Error(AR_INVALID_ARGUMENT, name_ + ": " + std::to_string(n) + " bytes of tensor '" + name + "' are missing");
  }
  // The padding of the last tensor; what other seeks leapt over reads as zeros.
  if (at_ != end_ && end_ != data_start_) write_at(end_ - 1, "", 1);
  ar_error err{};
  require_ok(target_->file_close(target_->ctx, std::exchange(file_, nullptr), &err), err, "file_close");
}

}  // namespace ar::gguf
