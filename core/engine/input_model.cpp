#include "core/engine/input_model.hpp"

#include <utility>

#include "core/base/error.hpp"
#include "core/engine/file_source.hpp"
#include "core/engine/folder_source.hpp"
#include "core/engine/model_client.hpp"

namespace ar::engine {

InputModel open_input(plugin::Registry& registry, const std::filesystem::path& path,
                      const std::optional<std::string>& activations) {
  InputModel input;
  if (std::filesystem::is_regular_file(path)) {
    auto source = std::make_shared<const FileSource>(registry, path, activations);
    input.config = source->config();
    input.model = open_model(registry, input.config, source->table());
    input.source = std::move(source);
    return input;
  }
  if (activations) {
    base::refuse(
        "--activations {}: {} is a folder, whose stored schemes say how activations are rounded; accepted: stored",
        *activations, path.string());
  }
  input.config = model::read_config(path);
  auto checkpoint = std::make_shared<const model::Checkpoint>(path);
  input.source = std::make_shared<const FolderSource>(registry, input.config, checkpoint);
  input.model = open_model(registry, input.config, *checkpoint);
  return input;
}

}  // namespace ar::engine
