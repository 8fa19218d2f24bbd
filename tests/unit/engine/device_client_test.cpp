#include "core/engine/device_client.hpp"

#include <cstdio>

#include <gtest/gtest.h>

#include "core/base/error.hpp"

namespace ar::engine {
namespace {

template <int kCount>
constexpr ar_device_api device_api() {
  return {sizeof(ar_device_api),
          []() -> int32_t { return kCount; },
          [](int32_t index, ar_device_info* info, ar_error*) -> ar_status {
            const std::string device = kCount == 1 ? "cpu" : "cuda:" + std::to_string(index);
            std::snprintf(info->device, sizeof info->device, "%s", device.c_str());
            std::snprintf(info->name, sizeof info->name, "test");
            info->total_bytes = 7;
            return AR_OK;
          },
          [](ar_error*) -> ar_status { return AR_OK; },
          [](int32_t, ar_error*) -> ar_status { return AR_OK; },
          [](int32_t, ar_error*) -> ar_status { return AR_OK; },
          nullptr};
}
constexpr ar_device_api kCpu = device_api<1>();
constexpr ar_device_api kCuda = device_api<2>();

const ar_plugin_desc* cpu_entry() {
  static constexpr ar_plugin_desc kDesc = {sizeof(ar_plugin_desc),
                                           AR_SDK_MAJOR,
                                           AR_SDK_MINOR,
                                           AR_KIND_DEVICE,
                                           0,
                                           "cpu",
                                           nullptr,
                                           "cpu",
                                           "1",
                                           "",
                                           nullptr,
                                           &kCpu};
  return &kDesc;
}
const ar_plugin_desc* cuda_entry() {
  static constexpr ar_plugin_desc kDesc = {sizeof(ar_plugin_desc),
                                           AR_SDK_MAJOR,
                                           AR_SDK_MINOR,
                                           AR_KIND_DEVICE,
                                           0,
                                           "cuda",
                                           nullptr,
                                           "cuda",
                                           "1",
                                           "",
                                           nullptr,
                                           &kCuda};
  return &kDesc;
}

plugin::Registry& cpu_only() {
  static plugin::Registry& r = [&]() -> plugin::Registry& {
    plugin::SearchOptions options;
    options.builtins = {{AR_KIND_DEVICE, "cpu", cpu_entry, nullptr}};
    return plugin::Registry::make(options);
  }();
  return r;
}
plugin::Registry& with_cuda() {
  static plugin::Registry& r = [&]() -> plugin::Registry& {
    plugin::SearchOptions options;
    options.builtins = {{AR_KIND_DEVICE, "cpu", cpu_entry, nullptr}, {AR_KIND_DEVICE, "cuda", cuda_entry, nullptr}};
    return plugin::Registry::make(options);
  }();
  return r;
}

std::string refusal(plugin::Registry& registry, const std::string& device_map) {
  try {
    choose_device(registry, device_map);
  } catch (const base::Error& e) {
    return e.exit() == base::Exit::kUsage ? e.what() : "exit status is not 2";
  }
  return "";
}

TEST(DeviceMap, AnyIndexMeansTheCpuWhereThereIsNothingElse) {
  for (const char* map : {"0", "3", "auto", "cpu", "cpu:0", "0,1", " 0 , 1 "}) {
    EXPECT_EQ(choose_device(cpu_only(), map).device, "cpu") << map;
  }
  EXPECT_EQ(choose_device(cpu_only(), "0").total_bytes, 7U);
}

TEST(DeviceMap, AnIndexCountsAccelerators) {
  EXPECT_EQ(choose_device(with_cuda(), "0").device, "cuda:0");
  EXPECT_EQ(choose_device(with_cuda(), "1").device, "cuda:1");
  EXPECT_EQ(choose_device(with_cuda(), "auto").device, "cuda:0");
  EXPECT_EQ(choose_device(with_cuda(), "cuda").device, "cuda:0");
  EXPECT_EQ(choose_device(with_cuda(), "cuda:1").device, "cuda:1");
  EXPECT_EQ(choose_device(with_cuda(), "cpu").device, "cpu");
}

TEST(DeviceMap, RefusesWhatIsNotThereAndNamesIt) {
  EXPECT_EQ(refusal(cpu_only(), "cuda:0"), "--device_map cuda:0: no device plugin 'cuda' is installed; there are: cpu");
  EXPECT_EQ(refusal(with_cuda(), "cuda:2"), "--device_map cuda:2: cuda has 2 devices, numbered from 0");
  EXPECT_EQ(refusal(with_cuda(), "0,1"), "--device_map 0,1: a run computes on one device; name one of them");
  EXPECT_EQ(refusal(with_cuda(), "cuda:x"),
            "--device_map cuda:x: 'cuda:x' is not a device; accepted: an index, auto, cpu, or a device plugin with an "
            "index as cuda:0");
  EXPECT_EQ(refusal(cpu_only(), "tp"),
            "--device_map tp: 'tp' is not a device; accepted: an index, auto, cpu, or a device plugin with an index as "
            "cuda:0");
  EXPECT_NE(refusal(cpu_only(), ""), "");
}

}  // namespace
}  // namespace ar::engine
