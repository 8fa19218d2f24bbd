#include "core/engine/quantized_source.hpp"

#include <utility>

#include <boost/json/serialize.hpp>

#include "core/base/error.hpp"
#include "core/model/checkpoint_tensor.hpp"
#include "core/quant/data_type.hpp"

namespace ar::engine {
namespace {

constexpr float kLargestE4m3 = 448.0F;
constexpr float kLargestE2m1 = 6.0F;

}  // namespace

/// Stored scales of static activations stand for the largest magnitude seen in calibration (data_types.md 8.2).
std::optional<tune::InputQuantizer> input_quantizer(const quant::QuantizedWeight& planes) {
  if (!quant::rounds_activation(planes.scheme)) return std::nullopt;
  tune::InputQuantizer input{planes.scheme, {}};
  if (planes.act_scale.defined()) input.range.act_max = planes.act_scale.item<float>() * kLargestE4m3;
  if (planes.act_global_scale.defined()) {
    input.range.act_max = kLargestE4m3 * kLargestE2m1 / planes.act_global_scale.item<float>();
  }
  return input;
}

WeightSource::WeightSource(plugin::Registry& registry, const model::Config& config,
                           std::shared_ptr<const model::Checkpoint> checkpoint)
    : checkpoint_(std::move(checkpoint)) {
  if (config.quantization_config) reader_.emplace(registry, boost::json::serialize(*config.quantization_config));
}

bool WeightSource::is_quantized(const LinearSpec& spec) const {
  return !checkpoint_->contains(spec.weight) || !model::is_ordinary_float(checkpoint_->info(spec.weight).dtype);
}

std::vector<std::string> WeightSource::parts(const LinearSpec& spec) const {
  return is_quantized(spec) ? layer_tensors(*checkpoint_, spec.name) : std::vector<std::string>();
}

const FormatReader& WeightSource::reader_of(const LinearSpec& spec) const {
  if (reader_) return *reader_;
  base::fail("{}: layer {} is stored quantized, but config.json has no quantization_config",
             checkpoint_->folder().string(), spec.name);
}

StoredLayer WeightSource::read(const LinearSpec& spec) const {
  return reader_of(spec).read(*checkpoint_, spec.name, spec.out, spec.in);
}

quant::Scheme WeightSource::scheme(const LinearSpec& spec) const {
  return reader_of(spec).scheme(*checkpoint_, spec.name);
}

LoadedWeight WeightSource::load(const LinearSpec& spec) const {
  if (is_quantized(spec)) {
    const quant::QuantizedWeight planes = read(spec).planes;
    return {quant::dequantize(planes, at::kFloat), input_quantizer(planes), {}};
  }
  at::Tensor stored = model::tensor(*checkpoint_, spec.weight);
  if (spec.slice >= 0) stored = stored.select(0, spec.slice);
  LoadedWeight loaded{spec.conv1d ? stored.t() : stored, std::nullopt, {}};
  if (reader_ && reader_->reads_ordinary_weights()) loaded.input = input_quantizer(read(spec).planes);
  return loaded;
}

void WeightSource::release(const LinearSpec& spec) const {
  checkpoint_->release(is_quantized(spec) ? spec.name + "." : spec.weight);
}

}  // namespace ar::engine
