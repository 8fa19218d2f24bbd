#include "host/cmd_tokenize.hpp"

#include <cstdio>
#include <iostream>

#include <boost/json.hpp>

#include "core/base/error.hpp"
#include "core/base/json.hpp"
#include "core/calib/tokenizer.hpp"
#include "host/arg_parser.hpp"

namespace ar::host {
namespace {

std::string answer(const calib::Tokenizer& tokenizer, const base::JsonCursor& request) {
  const auto ids = tokenizer.encode(request.get_string("text"), request.get_bool("special", true));
  boost::json::object reply;
  reply["ids"] = boost::json::value_from(ids);
  reply["decoded"] = tokenizer.decode(ids, false);
  return boost::json::serialize(reply);
}

}  // namespace

int cmd_tokenize(const std::vector<std::string>& args) {
  const auto options = Arguments::parse({{"tokenizer", Arity::kOne, ValueType::kText, "DIR"}}, args, 0);
  const auto folder = options.text("tokenizer");
  if (!folder) usage_error("tokenize: --tokenizer DIR is missing");
  const auto tokenizer = calib::Tokenizer::open(*folder, calib::TokenizerReading::kFileAlone);
  std::string line;
  for (int number = 1; std::getline(std::cin, line); ++number) {
    const auto where = fmt::format("stdin line {}", number);
    const auto request = base::parse_json(line, where);
    const auto reply = answer(tokenizer, {request, where});
    std::fwrite(reply.data(), 1, reply.size(), stdout);
    std::fputc('\n', stdout);
  }
  if (std::fflush(stdout) != 0) base::fail("stdout: cannot be written");
  return 0;
}

}  // namespace ar::host
