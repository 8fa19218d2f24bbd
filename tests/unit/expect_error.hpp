#pragma once

#include <string>

#include <gtest/gtest.h>

#include "core/base/error.hpp"

namespace ar::test {

/// The sentence and status of the base::Error a body throws; "" when it throws none.
struct Thrown {
  std::string text;
  base::Exit exit = base::Exit::kDone;
};

template <typename Body>
Thrown thrown_by(Body&& body) {
  try {
    body();
  } catch (const base::Error& e) {
    return {e.what(), e.exit()};
  }
  return {};
}

/// Expects an error whose sentence holds every part.
template <typename Body>
void expect_error(base::Exit exit, std::initializer_list<const char*> parts, Body&& body) {
  const Thrown thrown = thrown_by(std::forward<Body>(body));
  EXPECT_FALSE(thrown.text.empty()) << "nothing was thrown";
  EXPECT_EQ(thrown.exit, exit) << thrown.text;
  for (const char* part : parts) EXPECT_NE(thrown.text.find(part), std::string::npos) << part << " in: " << thrown.text;
}

}  // namespace ar::test
