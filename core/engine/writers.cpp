#include "core/engine/writers.hpp"

#include <array>
#include <memory>

#include "core/base/log.hpp"
#include "core/engine/model_source.hpp"
#include "core/tensor/parallel.hpp"

namespace ar::engine {
namespace {

/// What travels with a model besides weights and config.json (models.md 1.8).
constexpr std::array kSideFiles{
    "tokenizer.json",       "tokenizer_config.json", "tokenizer.model",       "vocab.json",
    "vocab.txt",            "merges.txt",            "special_tokens_map.json", "added_tokens.json",
    "chat_template.json",   "chat_template.jinja",   "generation_config.json", "processor_config.json",
    "preprocessor_config.json", "video_preprocessor_config.json", "tekken.json", "spk_dict.pt",
    "llm_config.json",      "vit_config.json",       "LICENSE"};

}  // namespace

Writers::Writers(const Plan& plan) : plan_(plan) {
  for (const PlannedOutput& planned : plan.outputs) {
    OutputOptions options;
    options.shard_bytes = shard_limit(plan.source->n_parameters());
    options.one_file = planned.plugin->api.store != nullptr;
    Open open;
    open.output = std::make_unique<Output>(planned.folder, options);
    if (!options.one_file) copy_side_files(*open.output);
    open.writer = std::make_unique<FormatWriter>(*planned.plugin, plan_json(plan, planned), open.output->target());
    open_.push_back(std::move(open));
  }
}

void Writers::pack(const std::vector<FormatLayer>& layers) {
  for (Open& open : open_) {
    std::vector<std::unique_ptr<StagingSink>> staged(layers.size());
    for (auto& sink : staged) sink = std::make_unique<StagingSink>();
    tensor::parallel_for(static_cast<int64_t>(layers.size()), [&](int64_t i) {
      const auto at = static_cast<std::size_t>(i);
      open.writer->pack(layers[at], staged[at]->sink());
    });
    for (const auto& sink : staged) {
      if (!open.writer->stores()) {
        open.output->append(*sink);
        continue;
      }
      for (const StagedTensor& tensor : sink->tensors()) open.writer->store(tensor);
    }
  }
}

void Writers::add(const std::string& name, const at::Tensor& tensor) {
  for (Open& open : open_) open.writer->add(name, tensor);
}

void Writers::commit() {
  for (Open& open : open_) {
    open.writer->finish();
    open.writer.reset();
    open.output->commit();
    base::info("model has been saved to {}", open.output->folder().string());
  }
}

void Writers::keep_partial() {
  for (Open& open : open_) open.output->keep_partial();
}

void Writers::copy_side_files(Output& output) const {
  const std::filesystem::path& source = plan_.side_folder->path();
  for (const char* name : kSideFiles) {
    if (std::filesystem::exists(source / name)) output.copy_side_file(source / name);
  }
  if (!std::filesystem::is_directory(plan_.options.model)) return;  // who knows what else lies beside a file
  for (const auto& entry : std::filesystem::directory_iterator(source)) {
    if (entry.path().extension() == ".py") output.copy_side_file(entry.path());  // code of remote-code models
  }
}

}  // namespace ar::engine
