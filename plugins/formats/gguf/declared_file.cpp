#include "declared_file.hpp"

#include "pack.hpp"

namespace ar::gguf {

std::string packed_name(const DeclaredTensor& tensor) {
  return tensor.slice < 0 ? tensor.name : tensor.name + "#" + std::to_string(tensor.slice);
}

DeclaredFile::DeclaredFile(Declaration declaration, const std::vector<Type>& types)
    : declaration_(std::move(declaration)) {
  std::unordered_map<std::string, size_t> known;  // slices of one stack are one tensor, at the place of the first
  for (size_t i = 0; i < declaration_.tensors.size(); ++i) {
    const DeclaredTensor& t = declaration_.tensors[i];
    const auto [it, is_new] = known.emplace(t.name, entries_.size());
    if (is_new) {
      entries_.push_back({t.name, types[i], t.stored_shape(), 0});
    } else if (t.slice < 0 || entries_[it->second].type != types[i] || entries_[it->second].shape != t.stored_shape()) {
      throw Error(AR_INVALID_ARGUMENT,
                  t.source + ": '" + t.name + "' is declared twice, or its slices differ in type or shape");
    }
  }
  lay_out(entries_);
  for (const DeclaredTensor& t : declaration_.tensors) {
    const Place place{&t, &entries_[known.at(t.name)]};
    by_packed_[packed_name(t)] = place;
    if (!t.source.empty()) by_source_[t.source].push_back(place);
  }
}

void DeclaredFile::open(const ar_target& target, const std::string& name, const Metadata& metadata) {
  file_ = std::make_unique<OutputFile>(target, name, metadata, entries_);
  for (const DeclaredTensor& t : declaration_.tensors) {
    if (t.source.empty())
      file_->write(*by_packed_.at(t.name).entry, -1, t.values.data(), t.values.size() * sizeof(float));
  }
}

const Place& DeclaredFile::place(const std::string& source) const {
  const auto it = by_source_.find(source);
  if (it != by_source_.end() && it->second.front().declared->part.size == 0) return it->second.front();
  throw Error(AR_INVALID_ARGUMENT, "tensor '" + source + "' has no GGUF name: the model's adapter declares none");
}

void DeclaredFile::store(const TensorView& tensor) {
  const auto it = by_packed_.find(tensor.name());
  if (it == by_packed_.end())
    throw Error(AR_INVALID_ARGUMENT, std::string("'") + tensor.name() + "' is no tensor of this file");
  file_->write(*it->second.entry, it->second.declared->slice, tensor.bytes(), tensor.n_bytes());
}

bool DeclaredFile::add(const TensorView& tensor) {
  const auto it = by_source_.find(tensor.name());
  if (it == by_source_.end()) return false;
  for (const auto& [declared, entry] : it->second) {
    const std::vector<uint8_t> bytes = convert(tensor, *declared, entry->type);
    file_->write(*entry, declared->slice, bytes.data(), bytes.size());
  }
  return true;
}

}  // namespace ar::gguf
