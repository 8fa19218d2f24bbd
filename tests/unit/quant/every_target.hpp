#pragma once

#include <gtest/gtest.h>
#include <hwy/targets.h>

namespace ar::quant::test {

/// Runs body once on every instruction set this machine has.
template <typename Body>
void on_every_target(Body body) {
  for (uint64_t rest = hwy::SupportedTargets(); rest != 0; rest &= rest - 1) {
    const uint64_t target = rest & (~rest + 1);
    hwy::SetSupportedTargetsForTest(target);
    SCOPED_TRACE(hwy::TargetName(target));
    body();
  }
  hwy::SetSupportedTargetsForTest(0);
}

}  // namespace ar::quant::test
