#pragma once

#include <deque>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "ar/format.h"
#include "tests/unit/formats/memory_sink.hpp"

extern "C" const ar_plugin_desc* ar_plugin_entry_auto_round(void);
extern "C" const ar_plugin_desc* ar_plugin_entry_auto_gptq(void);
extern "C" const ar_plugin_desc* ar_plugin_entry_auto_awq(void);
extern "C" const ar_plugin_desc* ar_plugin_entry_fake(void);
extern "C" const ar_plugin_desc* ar_plugin_entry_fp8(void);
extern "C" const ar_plugin_desc* ar_plugin_entry_llm_compressor(void);
extern "C" const ar_plugin_desc* ar_plugin_entry_mlx(void);

namespace ar::test {

inline const ar_format_api& auto_round_api() {
  return *static_cast<const ar_format_api*>(ar_plugin_entry_auto_round()->api);
}
inline const ar_format_api& fake_api() { return *static_cast<const ar_format_api*>(ar_plugin_entry_fake()->api); }

/// The table of a format of this folder by its id.
inline const ar_format_api& format_api(const std::string& id) {
  for (const auto entry :
       {ar_plugin_entry_auto_round, ar_plugin_entry_auto_gptq, ar_plugin_entry_auto_awq, ar_plugin_entry_fake,
        ar_plugin_entry_fp8, ar_plugin_entry_llm_compressor, ar_plugin_entry_mlx}) {
    if (id == entry()->id) return *static_cast<const ar_format_api*>(entry()->api);
  }
  throw std::runtime_error("no format " + id);
}

inline ar_scheme int_scheme(int bits, int group_size, bool sym) {
  ar_scheme s{};
  s.struct_size = sizeof s;
  s.name = "";
  s.bits = bits;
  s.group_size = group_size;
  s.sym = sym ? 1 : 0;
  s.data_type = "int";
  s.act_bits = 16;
  s.act_data_type = "float";
  return s;
}

/// A scheme as a plan spells it.
inline std::string scheme_text(const ar_scheme& s) {
  const auto flag = [](int32_t f) { return std::string(f != 0 ? "true" : "false"); };
  std::string group = std::to_string(s.group_size);
  if (s.group_size_rows > 0) group = "[" + std::to_string(s.group_size_rows) + "," + group + "]";
  return R"({"bits":)" + std::to_string(s.bits) + R"(,"group_size":)" + group + R"(,"sym":)" + flag(s.sym) +
         R"(,"data_type":")" + s.data_type + R"(","act_bits":)" + std::to_string(s.act_bits) + R"(,"act_group_size":)" +
         std::to_string(s.act_group_size) + R"(,"act_sym":)" + flag(s.act_sym) + R"(,"act_dynamic":)" +
         flag(s.act_dynamic) + R"(,"act_data_type":")" + s.act_data_type + R"("})";
}

/// The plan of a run (ar/format.h).
inline std::string plan_text(const std::string& format, const ar_scheme& s, const std::string& layers = "[]",
                             const std::string& extra = "{}") {
  return R"({"format":")" + format + R"(","scheme":)" + scheme_text(s) + R"(,"quantization":{"bits":)" +
         std::to_string(s.bits) + R"(},"version":"0.16.1","block_names":["model.layers"],"layers":)" + layers +
         R"(,"extra_config":)" + extra +
         R"(,"config":{"dtype":"bfloat16"},"dtype":"bfloat16","model":"m","side_files":[],"options":{}})";
}

/// An open writer of a format.
class Writer {
 public:
  Writer(const ar_format_api& api, const std::string& plan) : api_(api) {
    ar_error err{};
    if (api.open(host_.host(), plan.c_str(), target_.target(), &writer_, &err) != AR_OK)
      throw std::runtime_error(err.text);
  }
  ~Writer() { api_.close(writer_); }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  ar_writer* raw() { return writer_; }
  const TestHost& host() const { return host_; }
  const MemoryTarget& target() const { return target_; }

  ar_status pack(const ar_layer& layer, MemoryTarget& to, ar_error* err) {
    return api_.pack(writer_, &layer, to.sink(), err);
  }

 private:
  const ar_format_api& api_;
  TestHost host_;
  MemoryTarget target_;
  ar_writer* writer_ = nullptr;
};

/// A layer and the storage it borrows.
class OwnedLayer {
 public:
  OwnedLayer(std::string name, const ar_scheme& scheme, int64_t out, int64_t in)
      : name_(std::move(name)), scheme_(scheme) {
    layer_.struct_size = sizeof layer_;
    layer_.out_features = out;
    layer_.in_features = in;
  }
  void add(OwnedTensor plane) {
    if (plane.name() == "bias")
      bias_.push_back(std::move(plane));
    else
      planes_.push_back(std::move(plane));
  }
  const ar_layer& raw() {
    raw_.clear();
    for (const auto& p : planes_) raw_.push_back(p.raw());
    layer_.name = name_.c_str();
    layer_.scheme = &scheme_;
    layer_.planes = raw_.data();
    layer_.n_planes = raw_.size();
    if (!bias_.empty()) bias_raw_ = bias_[0].raw();
    layer_.bias = bias_.empty() ? nullptr : &bias_raw_;
    return layer_;
  }

 private:
  std::string name_;
  ar_scheme scheme_;
  ar_layer layer_{};
  std::deque<OwnedTensor> planes_;
  std::deque<OwnedTensor> bias_;
  std::vector<ar_tensor> raw_;
  ar_tensor bias_raw_{};
};

}  // namespace ar::test
