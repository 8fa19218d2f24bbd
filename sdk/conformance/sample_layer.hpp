#pragma once

#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "ar/format.h"
#include "core/quant/scheme.hpp"
#include "recording_host.hpp"

namespace ar::conformance {

/// A scheme in both spellings; keeps the strings alive.
class SampleScheme {
 public:
  SampleScheme(std::string name, quant::Scheme scheme);
  const std::string& name() const { return name_; }
  const quant::Scheme& values() const { return scheme_; }
  ar_scheme table() const;  // borrows from this object
  std::string json() const;

 private:
  std::string name_;
  quant::Scheme scheme_;
};

/// A quantized linear layer with every plane its scheme calls for, filled from a fixed sequence of random numbers.
/// Integer zero points are at least 1: some layouts store them less one.
class SampleLayer {
 public:
  SampleLayer(std::string name, const SampleScheme& scheme, int64_t out, int64_t in, bool with_bias);
  SampleLayer(const SampleLayer&) = delete;
  SampleLayer& operator=(const SampleLayer&) = delete;

  const ar_layer* table() const { return &table_; }
  const StoredTensors& planes() const { return planes_; }  // by plane name; "bias" included
  bool integer() const { return integer_; }

 private:
  void add_plane(const std::string& plane, ar_dtype dtype, std::vector<int64_t> shape, std::string bytes);
  void fill(const quant::Scheme& scheme, int64_t out, int64_t in, bool with_bias);
  void fill_integer(const quant::Scheme& scheme, int64_t out, int64_t in, std::mt19937& random);
  void fill_two_level(const quant::Scheme& scheme, int64_t out, int64_t in, std::mt19937& random);
  void fill_float8(const quant::Scheme& scheme, int64_t out, int64_t in, std::mt19937& random);
  void fill_block_float(const quant::Scheme& scheme, int64_t out, int64_t in, std::mt19937& random);

  std::string name_;
  ar_scheme scheme_;
  bool integer_;
  StoredTensors planes_;
  std::vector<ar_tensor> views_;
  std::vector<std::unique_ptr<std::vector<int64_t>>> strides_;
  ar_tensor bias_{};
  ar_layer table_{};
};

/// A view of a stored tensor; `strides` must outlive it.
ar_tensor view_of(const std::string& name, const StoredTensor& tensor, std::vector<int64_t>& strides);

/// The plan a format's `open` gets for one layer of this scheme; `options` is a JSON object.
std::string plan_json(const std::string& format, const SampleScheme& scheme, const std::string& layer,
                      int64_t in_features, const std::string& options = "{}");

}  // namespace ar::conformance
