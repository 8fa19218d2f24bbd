#include "file_metadata.hpp"

#include <algorithm>
#include <cmath>

#include "common/config_json.hpp"
#include "model_name.hpp"
#include "source_files.hpp"
#include "vocabulary.hpp"

namespace ar::gguf {
namespace {

namespace json = boost::json;

constexpr uint32_t kQuantizationVersion = 2;

struct SamplingKey {
  const char* key;     // general.sampling.KEY
  const char* source;  // key of generation_config.json
  char type;           // s text, i whole number, f real
};
constexpr SamplingKey kSampling[] = {{"sequence", "sequence", 's'},
                                     {"top_k", "top_k", 'i'},
                                     {"top_p", "top_p", 'f'},
                                     {"min_p", "min_p", 'f'},
                                     {"xtc_probability", "xtc_probability", 'f'},
                                     {"xtc_threshold", "xtc_threshold", 'f'},
                                     {"temp", "temperature", 'f'},
                                     {"penalty_last_n", "penalty_last_n", 'i'},
                                     {"penalty_repeat", "penalty_repeat", 'f'},
                                     {"mirostat", "mirostat", 'i'},
                                     {"mirostat_tau", "mirostat_tau", 'f'},
                                     {"mirostat_eta", "mirostat_eta", 'f'}};

void add_sampling(const json::object& generation, Metadata& metadata) {
  for (const SamplingKey& s : kSampling) {
    const json::value* value = generation.if_contains(s.source);
    if (value == nullptr && std::string_view(s.key) == "penalty_repeat") value = generation.if_contains("repetition_penalty");
    if (value == nullptr) continue;
    const std::string key = std::string("general.sampling.") + s.key;
    if (s.type == 's' && value->is_string()) metadata.set(key, std::string(value->get_string()));
    if (!value->is_number()) continue;
    const auto number = value->to_number<double>();
    if (s.type == 'i') metadata.set(key, static_cast<int32_t>(std::llround(number)));
    if (s.type == 'f') metadata.set(key, static_cast<float>(number));
  }
}

/// Parts of the folder's name fill in what config.json's own name does not say.
NameParts name_parts(const json::object& plan, int64_t n) {
  NameParts parts;
  const json::value* own = formats::object_member(plan, "config").if_contains("_name_or_path");
  std::vector<std::string> names;
  if (own != nullptr && own->is_string()) names.emplace_back(own->get_string());
  names.emplace_back(formats::string_member(plan, "model"));
  for (const std::string& name : names) {
    if (std::count(name.begin(), name.end(), '/') > 1) continue;  // a path, not a name
    const NameParts more = parse_model_name(name, n);
    for (const auto part : {&NameParts::organization, &NameParts::basename, &NameParts::size_label, &NameParts::finetune,
                            &NameParts::version}) {
      if ((parts.*part).empty()) parts.*part = more.*part;
    }
  }
  return parts;
}

void add_name(const std::string& name, const NameParts& parts, Metadata& metadata) {
  metadata.set("general.name", name);
  metadata.set("general.version", parts.version);
  metadata.set("general.organization", title(parts.organization));
  metadata.set("general.finetune", parts.finetune);
  metadata.set("general.basename", parts.basename);
  metadata.set("general.size_label", parts.size_label);
}

}  // namespace

FileMetadata file_metadata(const ar_host& host, const json::object& plan, const FileType& file_type,
                           const Declaration& declaration, const std::vector<TensorEntry>& tensors) {
  FileMetadata result;
  Metadata& metadata = result.metadata;
  const std::string name(formats::string_member(plan, "model"));
  const json::value* folder = plan.if_contains("source_dir");
  const SourceFiles source(folder != nullptr && folder->is_string() ? std::string(folder->get_string()) : std::string());

  metadata.set("general.architecture", declaration.architecture);
  metadata.set("general.type", std::string("model"));
  add_sampling(source.json("generation_config.json"), metadata);
  NameParts parts = name_parts(plan, n_parameters(tensors));
  if (parts.size_label.empty()) parts.size_label = size_label(tensors);
  add_name(name, parts, metadata);
  for (const auto& [key, value] : declaration.metadata.items())
    metadata.set(key, key == "general.file_type" ? Value(file_type.number) : value);
  metadata.set("general.quantization_version", kQuantizationVersion);
  if (!declaration.vocabularies.empty()) add_vocabulary(host, source, declaration, metadata);
  for (const auto& [key, value] : declaration.last.items()) metadata.set(key, value);
  result.file_name = file_stem(name, parts, file_type.label) + ".gguf";
  return result;
}

}  // namespace ar::gguf
