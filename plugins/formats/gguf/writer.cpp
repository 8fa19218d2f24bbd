#include "writer.hpp"

#include <map>

#include <boost/json/serialize.hpp>

#include "common/config_json.hpp"
#include "common/plan.hpp"
#include "file_metadata.hpp"
#include "options.hpp"
#include "pack.hpp"
#include "planned_types.hpp"

namespace ar::gguf {
namespace {

namespace json = boost::json;

json::object parse_plan(const std::string& text) { return formats::parse_object(text, "the plan"); }

/// The name `pack` writes under: slices of a stack are told apart by a number.
std::string packed_name(const DeclaredTensor& t) {
  return t.slice < 0 ? t.name : t.name + "#" + std::to_string(t.slice);
}

/// The tensors of the file: slices of one stack are one of them, at the place of the first.
std::vector<TensorEntry> entries_of(const Declaration& declaration, const std::vector<Type>& types) {
  std::vector<TensorEntry> entries;
  std::map<std::string, size_t> known;
  for (size_t i = 0; i < declaration.tensors.size(); ++i) {
    const DeclaredTensor& t = declaration.tensors[i];
    const auto [it, is_new] = known.emplace(t.name, entries.size());
    if (is_new) {
      entries.push_back({t.name, types[i], t.stored_shape(), 0});
    } else if (t.slice < 0 || entries[it->second].type != types[i] || entries[it->second].shape != t.stored_shape()) {
      throw Error(AR_INVALID_ARGUMENT, t.source + ": '" + t.name + "' is declared twice, or its slices differ in type or shape");
    }
  }
  return entries;
}

}  // namespace

void Writer::check(const std::string& format, const ar_scheme& scheme) {
  file_type(format);
  if (scheme.bits >= 16 && scheme.act_bits >= 16) return;
  if (type_of(scheme)) return;
  throw Error(AR_UNSUPPORTED, "bits " + std::to_string(scheme.bits) + ", group_size " + std::to_string(scheme.group_size) +
                                  ", data_type " + scheme.data_type + ", act_bits " + std::to_string(scheme.act_bits) +
                                  ": no GGUF type stores this; accepted: the schemes GGUF:Q4_0 to GGUF:Q6_K");
}

std::string Writer::resolve(const std::string& format, const std::string& plan_json) {
  file_type(format);
  const json::object plan = parse_plan(plan_json);
  formats::refuse_states(plan, "GGUF files");
  return resolved_format(format, plan);
}

std::string Writer::choose_schemes(const std::string& format, const std::string& plan_json) {
  const json::object plan = parse_plan(plan_json);
  return json::serialize(chosen_schemes(file_type(resolved_format(format, plan)), plan));
}

Writer::Writer(const ar_host& host, const std::string& plan_json, const ar_target& target) : host_(&host) {
  const json::object plan = parse_plan(plan_json);
  read_options(plan);  // what `choose_schemes` made of them is in the plan
  const FileType& type = file_type(std::string(formats::string_member(plan, "format")));
  declaration_ = read_declaration(plan);
  entries_ = entries_of(declaration_, planned_types(plan, declaration_));
  lay_out(entries_);
  std::map<std::string, const TensorEntry*> by_name;
  for (const TensorEntry& entry : entries_) by_name[entry.name] = &entry;
  for (const DeclaredTensor& t : declaration_.tensors) {
    const Place place{&t, by_name[t.name]};
    by_packed_[packed_name(t)] = place;
    if (!t.source.empty()) by_source_[t.source] = place;
  }
  const FileMetadata file = file_metadata(host, plan, type, declaration_, entries_);
  file_ = std::make_unique<OutputFile>(target, file.file_name, file.metadata, entries_);
  for (const DeclaredTensor& t : declaration_.tensors) {
    if (t.source.empty()) file_->write(*by_name[t.name], -1, t.values.data(), t.values.size() * sizeof(float));
  }
}

const Writer::Place& Writer::source_place(const std::string& source) const {
  const auto it = by_source_.find(source);
  if (it != by_source_.end()) return it->second;
  throw Error(AR_INVALID_ARGUMENT, "tensor '" + source + "' has no GGUF name: the model's adapter declares none");
}

void Writer::pack(const LayerView& layer, const ar_sink& sink) const {
  const Place& place = source_place(layer.name() + ".weight");
  const TensorEntry& entry = *place.entry;
  if (type_of(layer.scheme()) != entry.type)
    throw Error(AR_INVALID_ARGUMENT, "layer '" + layer.name() + "' comes with another scheme than planned, " + info(entry.type).name);
  if (std::vector<int64_t>{layer.out_features(), layer.in_features()} != place.declared->shape)
    throw Error(AR_INVALID_ARGUMENT, "layer '" + layer.name() + "' has another shape than declared");
  const std::vector<uint8_t> blocks = pack_layer(*host_, layer, entry.type, place.declared->rope_heads);
  write_tensor(sink, packed_name(*place.declared), AR_DTYPE_U8,
               {layer.out_features(), info(entry.type).row_bytes(layer.in_features())}, blocks);
  if (!layer.has_bias()) return;
  const Place& bias = source_place(layer.name() + ".bias");
  layer.bias().require_shape(bias.declared->shape);
  const std::vector<uint8_t> values = convert(layer.bias(), *bias.declared, bias.entry->type);
  write_tensor(sink, packed_name(*bias.declared), AR_DTYPE_U8, {static_cast<int64_t>(values.size())}, values);
}

void Writer::store(const TensorView& tensor) {
  const auto it = by_packed_.find(tensor.name());
  if (it == by_packed_.end()) throw Error(AR_INVALID_ARGUMENT, std::string("'") + tensor.name() + "' is no tensor of this file");
  file_->write(*it->second.entry, it->second.declared->slice, tensor.bytes(), tensor.n_bytes());
}

void Writer::add(const TensorView& tensor) {
  const auto it = by_source_.find(tensor.name());
  if (it == by_source_.end()) {
    const std::string text = std::string("tensor '") + tensor.name() + "' has no GGUF name and is left out";
    host_->log(host_->ctx, AR_LOG_WARNING, text.c_str());
    return;
  }
  const auto& [declared, entry] = it->second;
  tensor.require_shape(declared->shape);
  const std::vector<uint8_t> bytes = convert(tensor, *declared, entry->type);
  file_->write(*entry, declared->slice, bytes.data(), bytes.size());
}

void Writer::finish() { file_->close(); }

void Writer::unpack(const LayerView& layer, const TensorList& stored, const ar_sink& sink) const {
  const Place& place = source_place(layer.name() + ".weight");
  const TensorView blocks = stored.at(packed_name(*place.declared));
  const int64_t rows = layer.out_features();
  blocks.require_shape({rows, info(place.entry->type).row_bytes(layer.in_features())});
  unpack_blocks(*host_, place.entry->type, blocks.elements<uint8_t>(AR_DTYPE_U8).begin(), rows, layer.in_features(),
                rope_rows(rows, place.declared->rope_heads), sink);
}

}  // namespace ar::gguf
