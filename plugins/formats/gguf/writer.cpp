#include "writer.hpp"

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

}  // namespace

void Writer::check(const std::string& format, const ar_scheme& scheme) {
  file_type(format);
  if (scheme.bits >= 16 && scheme.act_bits >= 16) return;
  if (type_of(scheme)) return;
  throw Error(AR_UNSUPPORTED, "bits " + std::to_string(scheme.bits) + ", group_size " +
                                  std::to_string(scheme.group_size) + ", data_type " + scheme.data_type +
                                  ", act_bits " + std::to_string(scheme.act_bits) +
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
  Declaration declaration = read_declaration(plan);
  const std::vector<Type> types = planned_types(plan, declaration);
  text_ = std::make_unique<DeclaredFile>(std::move(declaration), types);
  if (auto declared = read_mmproj(plan)) {
    const std::vector<Type> floats(declared->tensors.size(), Type::kF32);
    mmproj_ = std::make_unique<DeclaredFile>(std::move(*declared), floats);
  }
  const FileMetadata text = text_metadata(host, plan, type, *text_);
  const Metadata mmproj = mmproj_ == nullptr ? Metadata() : mmproj_metadata(plan, *mmproj_);
  text_->open(target, text.file_name, text.metadata);
  if (mmproj_ != nullptr) mmproj_->open(target, kMmprojName, mmproj);
}

void Writer::pack(const LayerView& layer, const ar_sink& sink) const {
  const auto& [declared, entry] = text_->place(layer.name() + ".weight");
  if (type_of(layer.scheme()) != entry->type)
    throw Error(AR_INVALID_ARGUMENT,
                "layer '" + layer.name() + "' comes with another scheme than planned, " + info(entry->type).name);
  if (std::vector<int64_t>{layer.out_features(), layer.in_features()} != declared->shape)
    throw Error(AR_INVALID_ARGUMENT, "layer '" + layer.name() + "' has another shape than declared");
  const std::vector<uint8_t> blocks = pack_layer(*host_, layer, entry->type, declared->rope_heads);
  write_tensor(sink, packed_name(*declared), AR_DTYPE_U8,
               {layer.out_features(), info(entry->type).row_bytes(layer.in_features())}, blocks);
  if (!layer.has_bias()) return;
  const Place& bias = text_->place(layer.name() + ".bias");
  const std::vector<uint8_t> values = convert(layer.bias(), *bias.declared, bias.entry->type);
  write_tensor(sink, packed_name(*bias.declared), AR_DTYPE_U8, {static_cast<int64_t>(values.size())}, values);
}

void Writer::store(const TensorView& tensor) { text_->store(tensor); }

void Writer::add(const TensorView& tensor) {
  if (text_->add(tensor) || (mmproj_ != nullptr && mmproj_->add(tensor))) return;
  const std::string text = std::string("tensor '") + tensor.name() + "' has no GGUF name and is left out";
  host_->log(host_->ctx, AR_LOG_WARNING, text.c_str());
}

void Writer::finish() {
  text_->finish();
  if (mmproj_ != nullptr) mmproj_->finish();
}

void Writer::unpack(const LayerView& layer, const TensorList& stored, const ar_sink& sink) const {
  const Place& place = text_->place(layer.name() + ".weight");
  const TensorView blocks = stored.at(packed_name(*place.declared));
  const int64_t rows = layer.out_features();
  blocks.require_shape({rows, info(place.entry->type).row_bytes(layer.in_features())});
  unpack_blocks(*host_, place.entry->type, blocks.elements<uint8_t>(AR_DTYPE_U8).begin(), rows, layer.in_features(),
                rope_rows(rows, place.declared->rope_heads), sink);
}

}  // namespace ar::gguf
