#include "core/engine/quantized_source.hpp"

#include <utility>

#include <boost/json/serialize.hpp>

#include "core/base/error.hpp"
#include "core/model/checkpoint_tensor.hpp"
#include "core/quant/data_type.hpp"

namespace ar::engine {

WeightSource::WeightSource(plugin::Registry& registry, const model::Config& config,
                           std::shared_ptr<const model::Checkpoint> checkpoint)
    : checkpoint_(std::move(checkpoint)) {
  if (config.quantization_config) reader_.emplace(registry, boost::json::serialize(*config.quantization_config));
}

bool WeightSource::is_quantized(const LinearSpec& spec) const {
  return !checkpoint_->contains(spec.weight) || !model::is_ordinary_float(checkpoint_->info(spec.weight).dtype);
}

StoredLayer WeightSource::read(const LinearSpec& spec) const {
  if (!reader_) {
    base::fail("{}: layer {} is stored quantized, but config.json has no quantization_config",
               checkpoint_->folder().string(), spec.name);
  }
  return reader_->read(*checkpoint_, spec.name, spec.out, spec.in);
}

at::Tensor WeightSource::weight(const LinearSpec& spec) const {
  if (is_quantized(spec)) {
    const quant::QuantizedWeight planes = read(spec).planes;
    return quant::data_type(planes.scheme).dequantize(planes, at::kFloat);
  }
  at::Tensor stored = model::tensor(*checkpoint_, spec.weight);
  if (spec.slice >= 0) stored = stored.select(0, spec.slice);
  return spec.conv1d ? stored.t() : stored;
}

void WeightSource::release(const LinearSpec& spec) const {
  checkpoint_->release(is_quantized(spec) ? spec.name + "." : spec.weight);
}

}  // namespace ar::engine
