#include "core/engine/output.hpp"

#include <csignal>
#include <cstring>
#include <thread>

#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/model/checkpoint.hpp"
#include "tests/unit/expect_error.hpp"
#include "tests/unit/temp_folder.hpp"

namespace ar::engine {
namespace {

using test::list_folder;
using test::read_file;
using Names = std::set<std::string>;

/// Writes a U8 tensor of n equal bytes through the C table.
ar_status put(const ar_sink* sink, const std::string& name, int64_t n, char fill = 'x', ar_error* err = nullptr) {
  void* handle = nullptr;
  ar_status status = sink->begin(sink->ctx, name.c_str(), AR_DTYPE_U8, &n, 1, &handle, err);
  if (status != AR_OK) return status;
  const std::string bytes(static_cast<size_t>(n), fill);
  status = sink->write(sink->ctx, handle, bytes.data(), bytes.size(), err);
  const ar_status ended = sink->end(sink->ctx, handle, status == AR_OK ? err : nullptr);
  return status != AR_OK ? status : ended;
}

OutputOptions limited(uint64_t shard_bytes) {
  OutputOptions options;
  options.shard_bytes = shard_bytes;
  return options;
}

TEST(ShardLimit, GrowsWithTheModel) {
  EXPECT_EQ(shard_limit(0), uint64_t{1} << 30U);
  EXPECT_EQ(shard_limit(8'000'000'000), uint64_t{1} << 30U);
  EXPECT_EQ(shard_limit(32'000'000'000), uint64_t{4} << 30U);
  EXPECT_EQ(shard_limit(700'000'000'000), uint64_t{5} << 30U);
}

TEST(Output, GivesNamesOnlyWhenCommitted) {
  const test::TempFolder folder;
  const auto out = folder.path() / "a" / "b";
  Output output(out);
  ASSERT_EQ(put(output.target()->sink, "t", 10), AR_OK);
  output.write_file("config.json", "{}");
  for (const std::string& name : list_folder(out)) EXPECT_NE(name.find(".partial"), std::string::npos) << name;
  output.commit();
  EXPECT_EQ(list_folder(out), (Names{"config.json", "model.safetensors"}));
  const model::Checkpoint c(out);
  EXPECT_EQ(c.raw("t").n_bytes, 10U);
  EXPECT_EQ(static_cast<char>(c.raw("t").data[9]), 'x');
  EXPECT_EQ(output.tensor_names(), std::vector<std::string>{"t"});
  EXPECT_EQ(output.n_bytes(), std::filesystem::file_size(out / "model.safetensors") + 2);
}

TEST(Output, RemovesWhatItWroteWhenAbandoned) {
  const test::TempFolder folder;
  {
    Output output(folder / "new/deep");
    put(output.target()->sink, "t", 10);
    output.write_file("config.json", "{}");
  }
  EXPECT_EQ(list_folder(folder.path()), Names{}) << "folders it made go too";
  {
    Output output(folder / "kept");
    put(output.target()->sink, "t", 10);
    output.keep_partial();
  }
  EXPECT_EQ(list_folder(folder / "kept"), Names{"model-shard-00001.data.partial"});
}

TEST(Output, SplitsIntoShardsWithAnIndex) {
  const test::TempFolder folder;
  Output output(folder.path(), limited(100));
  for (const char* name : {"a", "b", "c"}) ASSERT_EQ(put(output.target()->sink, name, 60, *name), AR_OK);
  ASSERT_EQ(put(output.target()->sink, "huge", 500), AR_OK) << "one tensor above the limit gets a shard";
  ASSERT_EQ(put(output.target()->sink, "d", 40), AR_OK);
  output.commit();
  EXPECT_EQ(list_folder(folder.path()), (Names{"model-00001-of-00005.safetensors", "model-00002-of-00005.safetensors",
                                               "model-00003-of-00005.safetensors", "model-00004-of-00005.safetensors",
                                               "model-00005-of-00005.safetensors", "model.safetensors.index.json"}));
  const model::Checkpoint c(folder.path());
  EXPECT_EQ(c.tensors().size(), 5U);
  EXPECT_EQ(static_cast<char>(c.raw("b").data[0]), 'b');
  const std::string index = read_file(folder / "model.safetensors.index.json");
  EXPECT_NE(index.find("\"total_size\": 720"), std::string::npos) << index;
}

TEST(Output, WritesSeveralTensorsAtATime) {
  const test::TempFolder folder;
  Output output(folder.path(), limited(64));
  const ar_sink* sink = output.target()->sink;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([sink, t] {
      for (int i = 0; i < 20; ++i) put(sink, fmt::format("t{}.{}", t, i), 10 + i, static_cast<char>('a' + t));
    });
  }
  for (std::thread& thread : threads) thread.join();
  output.commit();
  const model::Checkpoint c(folder.path());
  ASSERT_EQ(c.tensors().size(), 80U);
  for (const auto& [name, info] : c.tensors()) {
    EXPECT_EQ(static_cast<char>(c.raw(name).data[info.n_bytes - 1]), 'a' + (name[1] - '0')) << name;
  }
}

TEST(Output, StoresTheSameBytesForAnyOrderWithinAShard) {
  const test::TempFolder folder;
  for (const bool reversed : {false, true}) {
    Output output(folder / (reversed ? "r" : "f"));
    std::vector<std::string> names = {"a", "b", "c"};
    if (reversed) std::reverse(names.begin(), names.end());
    for (const std::string& name : names) put(output.target()->sink, name, 5, name[0]);
    output.commit();
  }
  EXPECT_EQ(read_file(folder / "f/model.safetensors"), read_file(folder / "r/model.safetensors"));
}

TEST(Output, AppendsStagedLayersInOrder) {
  const test::TempFolder folder;
  StagingSink first;
  StagingSink second;
  put(second.sink(), "y", 3);
  put(first.sink(), "x", 4);
  Output output(folder.path());
  output.append(first);
  output.append(second);
  EXPECT_EQ(output.tensor_names(), (std::vector<std::string>{"x", "y"}));
  test::expect_error(base::Exit::kFailed, {"tensor x was begun before"}, [&] { output.append(first); });
}

template <typename Sink>
void expect_rejected_calls(const Sink* sink) {
  ar_error err{};
  const int64_t n = 4;
  const int64_t negative = -1;
  void* handle = nullptr;
  EXPECT_EQ(sink->begin(sink->ctx, "t", 99, &n, 1, &handle, &err), AR_INVALID_ARGUMENT);
  EXPECT_NE(std::strstr(err.text, "99"), nullptr) << err.text;
  EXPECT_EQ(sink->begin(sink->ctx, "t", AR_DTYPE_U8, &negative, 1, &handle, nullptr), AR_INVALID_ARGUMENT);
  EXPECT_EQ(sink->begin(sink->ctx, nullptr, AR_DTYPE_U8, &n, 1, &handle, nullptr), AR_INVALID_ARGUMENT);
  EXPECT_EQ(put(sink, "twice", 1), AR_OK);
  EXPECT_EQ(put(sink, "twice", 1, 'x', &err), AR_INVALID_ARGUMENT);
  EXPECT_NE(std::strstr(err.text, "twice"), nullptr) << err.text;
  ASSERT_EQ(sink->begin(sink->ctx, "short", AR_DTYPE_F32, &n, 1, &handle, &err), AR_OK);
  EXPECT_EQ(sink->write(sink->ctx, handle, "12345678901234567", 17, &err), AR_INVALID_ARGUMENT);
  EXPECT_EQ(sink->end(sink->ctx, handle, &err), AR_INVALID_ARGUMENT);
  EXPECT_NE(std::strstr(err.text, "short"), nullptr) << err.text;
}

TEST(OutputSink, RejectsWrongCalls) {
  const test::TempFolder folder;
  Output output(folder.path());
  expect_rejected_calls(output.target()->sink);
  test::expect_error(base::Exit::kFailed, {"tensor short is incomplete"}, [&] { output.commit(); });
  const StagingSink staging;
  expect_rejected_calls(staging.sink());
}

TEST(OutputSink, IsRefusedToOneFileFormats) {
  const test::TempFolder folder;
  OutputOptions options;
  options.one_file = true;
  Output output(folder.path(), options);
  EXPECT_EQ(put(output.target()->sink, "t", 1), AR_UNSUPPORTED);
}

TEST(OutputTarget, StreamsAFileAndPatchesItsHeader) {
  const test::TempFolder folder;
  Output output(folder.path());
  const ar_target* t = output.target();
  void* file = nullptr;
  ASSERT_EQ(t->file_open(t->ctx, "model.gguf", &file, nullptr), AR_OK);
  EXPECT_EQ(t->file_write(t->ctx, file, "....body", 8, nullptr), AR_OK);
  EXPECT_EQ(t->file_seek(t->ctx, file, 0, nullptr), AR_OK);
  EXPECT_EQ(t->file_write(t->ctx, file, "GGUF", 4, nullptr), AR_OK);
  EXPECT_EQ(t->file_close(t->ctx, file, nullptr), AR_OK);
  output.commit();
  EXPECT_EQ(read_file(folder / "model.gguf"), "GGUFbody");
  EXPECT_EQ(list_folder(folder.path()), Names{"model.gguf"});
}

TEST(OutputTarget, RefusesNamesThatLeaveTheFolder) {
  const test::TempFolder folder;
  Output output(folder.path());
  const ar_target* t = output.target();
  ar_error err{};
  for (const char* name : {"../x", "a/b", "", "..", "x.partial"}) {
    EXPECT_EQ(t->write_file(t->ctx, name, "x", 1, &err), AR_IO) << name;
  }
  EXPECT_NE(std::strstr(err.text, "plain file name"), nullptr) << err.text;
}

TEST(Output, CopiesSideFilesAndLetsTheFormatReplaceThem) {
  const test::TempFolder source;
  const test::TempFolder folder;
  source.write("tokenizer.json", "{}");
  source.write("generation_config.json", "old");
  {
    Output output(folder.path());
    output.copy_side_file(source / "tokenizer.json");
    output.copy_side_file(source / "generation_config.json");
    output.write_file("generation_config.json", "n");
    output.commit();
  }
  EXPECT_EQ(read_file(folder / "tokenizer.json"), "{}");
  EXPECT_EQ(read_file(folder / "generation_config.json"), "n");
  Output again(folder.path());
  test::expect_error(base::Exit::kFailed, {"the model's own"},
                     [&] { again.copy_side_file(folder / "tokenizer.json"); });
  test::expect_error(base::Exit::kFailed, {"absent", "No such file"}, [&] { again.copy_side_file(source / "absent"); });
}

TEST(Output, ReplacesAnEarlierOutputAsAWhole) {
  const test::TempFolder folder;
  for (const char* name : {"model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors", "config.json",
                           "model.safetensors.index.json", "quantization_config.json", "notes.txt",
                           "model-shard-00001.data.partial", "config.json.partial"}) {
    folder.write(name, "old");
  }
  Output output(folder.path());
  EXPECT_EQ(list_folder(folder.path()).count("config.json.partial"), 0U) << "left by a killed run";
  put(output.target()->sink, "t", 1);
  output.write_file("config.json", "new");
  EXPECT_EQ(read_file(folder / "config.json"), "old") << "untouched until the new one is complete";
  output.commit();
  EXPECT_EQ(list_folder(folder.path()), (Names{"config.json", "model.safetensors", "notes.txt"}));
  EXPECT_EQ(read_file(folder / "config.json"), "new");
}

TEST(Output, IsHeldByOneRunAtATime) {
  const test::TempFolder folder;
  const Output first(folder.path());
  test::expect_error(base::Exit::kFailed, {"another run"}, [&] { const Output second(folder.path()); });
}

TEST(Output, FailsWhereItCannotWrite) {
  const test::TempFolder folder;
  folder.write("file", "x");
  test::expect_error(base::Exit::kFailed, {"file", "no folder"}, [&] { const Output o(folder / "file"); });
  test::expect_error(base::Exit::kFailed, {"file/sub", "Not a directory"},
                     [&] { const Output o(folder / "file/sub"); });
  if (::geteuid() == 0) GTEST_SKIP() << "root may write anywhere";
  std::filesystem::permissions(folder.path(), std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec);
  test::expect_error(base::Exit::kFailed, {"Permission denied"}, [&] { const Output o(folder / "new"); });
}

/// The child writes and is killed; nothing it leaves has a final name, and the next run starts clean.
TEST(Output, LeavesNoFinalNameWhenKilled) {
  const test::TempFolder folder;
  const pid_t child = ::fork();
  if (child == 0) {
    Output output(folder.path(), limited(50));
    for (const char* name : {"a", "b", "c"}) put(output.target()->sink, name, 40);
    output.write_file("config.json", "{}");
    ::raise(SIGKILL);
  }
  ::waitpid(child, nullptr, 0);
  EXPECT_FALSE(list_folder(folder.path()).empty());
  for (const std::string& name : list_folder(folder.path()))
    EXPECT_NE(name.find(".partial"), std::string::npos) << name;
  const Output next(folder.path());
  EXPECT_EQ(list_folder(folder.path()), Names{});
}

TEST(Output, NamesFileAndCauseWhenAWriteFails) {
  const test::TempFolder folder;
  const pid_t child = ::fork();
  if (child == 0) {
    (void)std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{100, 100};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    int status = 0;
    {
      Output output(folder.path());
      ar_error err{};
      if (put(output.target()->sink, "big", 1000, 'x', &err) != AR_IO) status |= 1;
      if (std::strstr(err.text, "model-shard-00001.data.partial: cannot write: File too large") == nullptr) status |= 2;
      if (test::thrown_by([&] { output.commit(); }).text.find("big is incomplete") == std::string::npos) status |= 4;
    }
    ::_exit(status);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_EQ(list_folder(folder.path()), Names{});
}

TEST(Output, FailsCleanlyOnAFullDisk) {
  const test::TempFolder folder;
  if (::mount("tmpfs", folder.path().c_str(), "tmpfs", 0, "size=256k") != 0) {
    GTEST_SKIP() << "cannot mount a small disk: " << std::strerror(errno);
  }
  {
    Output output(folder / "out");
    ar_error err{};
    ASSERT_EQ(put(output.target()->sink, "fits", 200'000), AR_OK);
    output.write_file("config.json", "{}");
    // The spool fits, but not the shard beside it.
    test::expect_error(base::Exit::kFailed, {"model-shard-00001.safetensors.partial", "No space left on device"},
                       [&] { output.commit(); });
    EXPECT_EQ(put(output.target()->sink, "more", 100'000, 'x', &err), AR_IO);
  }
  EXPECT_EQ(list_folder(folder.path()), Names{});
  ::umount(folder.path().c_str());
}

}  // namespace
}  // namespace ar::engine
