// What holds for devices. Arithmetic is checked in device_torch_rules.cpp.
#include <gtest/gtest.h>

#include <cstring>

#include "subject.hpp"

namespace ar::conformance {
namespace {

const ar_device_api& api() { return subject().device->api; }

bool usable() { return api().probe(nullptr) == AR_OK; }

TEST(DeviceRules, SaysWhetherItIsUsable) {
  ar_error err{};
  if (api().probe(&err) == AR_OK)
    EXPECT_GE(api().count(), 1) << "usable, yet there is no device";
  else
    EXPECT_STRNE(err.text, "") << "not usable, without a reason";
}

TEST(DeviceRules, CountsTheSameTwice) {
  EXPECT_GE(api().count(), 0);
  EXPECT_EQ(api().count(), api().count());
}

TEST(DeviceRules, DescribesEachDevice) {
  if (!usable()) GTEST_SKIP() << "not usable on this machine";
  for (int32_t i = 0; i < api().count(); ++i) {
    ar_device_info info{};
    info.struct_size = sizeof(info);
    ar_error err{};
    ASSERT_EQ(api().describe(i, &info, &err), AR_OK) << "device " << i << ": " << err.text;
    EXPECT_LT(std::strlen(info.name), sizeof(info.name));
    EXPECT_STRNE(info.name, "") << "device " << i << " has no name";
    EXPECT_STRNE(info.device, "") << "device " << i << " has no LibTorch device string";
    EXPECT_LE(info.free_bytes, info.total_bytes) << "device " << i << " has more free memory than memory";
    ASSERT_NE(info.dtypes, nullptr) << "device " << i << " computes in no dtype";
    EXPECT_NE(info.dtypes[0], nullptr) << "device " << i << " computes in no dtype";
    EXPECT_NE(info.note, nullptr);
  }
}

TEST(DeviceRules, RefusesADeviceThatIsNotThere) {
  for (const int32_t index : {-1, api().count()}) {
    ar_device_info info{};
    info.struct_size = sizeof(info);
    ar_error err{};
    EXPECT_NE(api().describe(index, &info, &err), AR_OK) << "device " << index << " was described";
    EXPECT_STRNE(err.text, "") << "the refusal has no text";
    EXPECT_NE(api().describe(index, &info, nullptr), AR_OK);
  }
}

TEST(DeviceRules, SynchronizesAndReleases) {
  if (!usable()) GTEST_SKIP() << "not usable on this machine";
  for (int32_t i = 0; i < api().count(); ++i) {
    ar_error err{};
    EXPECT_EQ(api().synchronize(i, &err), AR_OK) << err.text;
    EXPECT_EQ(api().release_cache(i, &err), AR_OK) << err.text;
  }
}

TEST(DeviceRules, HasNoExtensionOfAnUnknownName) { EXPECT_EQ(api().extension("ar.device.no_such_table/1"), nullptr); }

}  // namespace
}  // namespace ar::conformance
