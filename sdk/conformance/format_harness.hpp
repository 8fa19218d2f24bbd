#pragma once

#include <string>
#include <vector>

#include "recording_host.hpp"
#include "sample_layer.hpp"
#include "subject.hpp"

namespace ar::conformance {

constexpr const char* kLayerName = "model.layers.0.mlp.up_proj";

/// One of the plugin's names with a scheme it is to store.
struct Combination {
  std::string format;
  SampleScheme scheme;
  std::string text() const { return format + " with " + scheme.json(); }
};

const ar_format_api& api();
bool has_unpack();
bool lists_everything();

/// Each name with each preset it lists; presets this program does not know are left out.
std::vector<Combination> listed_combinations();
/// The same, with other group sizes and without symmetry where `check` agrees.
std::vector<Combination> combinations();
std::vector<Combination> quantized_combinations();

SampleLayer sample(const Combination& c);
std::string resolved(const Combination& c);

/// An open writer with everything it needs; closed by the destructor.
class Output {
 public:
  Output() : host(1) {}
  explicit Output(const Combination& c, int n_threads = 1);
  ~Output();
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  ar_status pack(const SampleLayer& layer) { return pack(layer, target.sink()); }
  ar_status pack(const SampleLayer& layer, RecordingSink& sink);
  StoredTensors unpack(const SampleLayer& layer);
  /// Hands a one-file format what it packed.
  ar_status store();
  ar_status add(const std::string& name, const StoredTensor& tensor);
  ar_status finish();

  RecordingHost host;
  RecordingTarget target;
  ar_writer* writer = nullptr;
  ar_error err{};
};

StoredTensors packed(const Combination& c, int n_threads);
/// 64-bit FNV-1a over names, types, shapes and bytes, in hexadecimal.
std::string digest(const StoredTensors& tensors);
/// Packs the sample layer from several threads into sinks of their own; they must agree.
StoredTensors pack_concurrently(Output& output, const Combination& c);

}  // namespace ar::conformance
