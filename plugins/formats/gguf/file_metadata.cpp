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
    if (value == nullptr && std::string_view(s.key) == "penalty_repeat")
      value = generation.if_contains("repetition_penalty");
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
    for (const auto part : {&NameParts::organization, &NameParts::basename, &NameParts::size_label,
                            &NameParts::finetune, &NameParts::version}) {
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

SourceFiles source_files(const json::object& plan) {
  const json::value* folder = plan.if_contains("source_dir");
  return SourceFiles(folder != nullptr && folder->is_string() ? std::string(folder->get_string()) : std::string());
}

std::vector<float> numbers_of(const json::value& list, const std::string& where) {
  std::vector<float> numbers;
  const json::array* items = list.if_array();
  for (size_t i = 0; items != nullptr && i < items->size() && (*items)[i].is_number(); ++i)
    numbers.push_back((*items)[i].to_number<float>());
  if (items == nullptr || numbers.size() != items->size())
    throw Error(AR_INVALID_ARGUMENT, where + " must be a list of numbers");
  return numbers;
}

/// Numbers of each colour, which processor_config.json has inside image_processor.
std::vector<float> preprocessor_numbers(const SourceFiles& source, const std::string& key) {
  for (const char* name : {"preprocessor_config.json", "processor_config.json"}) {
    const json::object config = source.json(name);
    const std::string where = std::string(name) + ": " + key;
    if (const json::value* list = config.if_contains(key)) return numbers_of(*list, where);
    const json::value* inner = config.if_contains("image_processor");
    if (inner == nullptr || !inner->is_object()) continue;
    if (const json::value* list = inner->get_object().if_contains(key)) return numbers_of(*list, where);
  }
  throw Error(AR_UNSUPPORTED, source.folder() + ": neither preprocessor_config.json nor processor_config.json has " +
                                  key + ", which a GGUF file of a vision tower needs");
}

/// The adapter's keys, with what it leaves open filled in.
void add_declared(const SourceFiles& source, const Declaration& declaration, uint32_t file_type, Metadata& metadata) {
  for (const auto& [key, value] : declaration.metadata.items()) {
    const auto from = declaration.preprocessor.find(key);
    if (from != declaration.preprocessor.end()) {
      metadata.set(key, to_array(preprocessor_numbers(source, from->second)));
    } else {
      metadata.set(key, key == "general.file_type" ? Value(file_type) : value);
    }
  }
}

/// What every file begins with. Returns the parts of the model's name.
NameParts add_common(const json::object& plan, const SourceFiles& source, const char* type, uint32_t file_type,
                     const DeclaredFile& file, Metadata& metadata) {
  metadata.set("general.architecture", file.declaration().architecture);
  metadata.set("general.type", std::string(type));
  add_sampling(source.json("generation_config.json"), metadata);
  NameParts parts = name_parts(plan, n_parameters(file.entries()));
  if (parts.size_label.empty()) parts.size_label = size_label(file.entries());
  add_name(std::string(formats::string_member(plan, "model")), parts, metadata);
  add_declared(source, file.declaration(), file_type, metadata);
  metadata.set("general.quantization_version", kQuantizationVersion);
  return parts;
}

}  // namespace

FileMetadata text_metadata(const ar_host& host, const json::object& plan, const FileType& file_type,
                           const DeclaredFile& file) {
  FileMetadata result;
  Metadata& metadata = result.metadata;
  const SourceFiles source = source_files(plan);
  const Declaration& declaration = file.declaration();
  const NameParts parts = add_common(plan, source, "model", file_type.number, file, metadata);
  if (!declaration.vocabularies.empty()) add_vocabulary(host, source, declaration, metadata);
  for (const auto& [key, value] : declaration.last.items()) metadata.set(key, value);
  const std::string name(formats::string_member(plan, "model"));
  result.file_name = file_stem(name, parts, file_type.label) + ".gguf";
  return result;
}

Metadata mmproj_metadata(const json::object& plan, const DeclaredFile& file) {
  constexpr uint32_t kAllF32 = 0;
  Metadata metadata;
  add_common(plan, source_files(plan), "mmproj", kAllF32, file, metadata);
  return metadata;
}

}  // namespace ar::gguf
