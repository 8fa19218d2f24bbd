// Arithmetic of a device against the CPU, through the LibTorch device string it reports.
#include <gtest/gtest.h>

#include <string>

#include <ATen/core/Tensor.h>
#include <ATen/ops/arange.h>

#include "subject.hpp"

namespace ar::conformance {
namespace {

// Products of 64 terms near 1 in float32: 64 roundings of 2^-24 each.
constexpr double kTolerance = 64.0 / (1 << 24) * 64.0;

TEST(DeviceArithmetic, AgreesWithTheCpu) {
  const ar_device_api& api = subject().device->api;
  if (api.probe(nullptr) != AR_OK) GTEST_SKIP() << "not usable on this machine";
  for (int32_t i = 0; i < api.count(); ++i) {
    ar_device_info info{};
    info.struct_size = sizeof(info);
    ASSERT_EQ(api.describe(i, &info, nullptr), AR_OK);
    const at::Tensor a = at::arange(64 * 64, at::kFloat).mul(0.37).sin().reshape({64, 64});
    const at::Device device{std::string(info.device)};
    const at::Tensor there = a.to(device).matmul(a.to(device).t());
    ASSERT_EQ(api.synchronize(i, nullptr), AR_OK);
    const double difference = there.to(at::kCPU).sub(a.matmul(a.t())).abs().max().item<double>();
    EXPECT_LE(difference, kTolerance) << info.device;
  }
}

}  // namespace
}  // namespace ar::conformance
