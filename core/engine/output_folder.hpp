#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <vector>

namespace ar::engine {

/// A folder in which files lie under temporary names until publish(). One run at a time holds it.
class OutputFolder {
 public:
  /// Makes the folder where needed, takes its lock, removes temporary files of an earlier run that was killed.
  explicit OutputFolder(const std::filesystem::path& path);
  /// Unpublished: removes its temporary files and the folders it made, unless they are to be kept.
  ~OutputFolder();
  OutputFolder(const OutputFolder&) = delete;
  OutputFolder& operator=(const OutputFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  /// Where the file of that name is written for now. Fails for anything but a plain file name.
  std::filesystem::path partial(const std::string& name);
  void keep_partial() { keep_ = true; }

  struct Item {
    std::string staged_name;
    std::string final_name;
  };
  /// Flushes all items to the disk, then gives them their names; config.json last, so that a folder with a config.json
  /// is complete at any moment. Weights and configs of an earlier output that are not among the items are removed.
  void publish(std::vector<Item> items);

 private:
  void remove_stale_partials() const;
  void remove_replaced(const std::set<std::string>& kept) const;

  std::filesystem::path path_;
  std::vector<std::filesystem::path> made_;  // folders that were not there, outermost first
  std::set<std::filesystem::path> partials_;
  int lock_ = -1;
  bool keep_ = false;
  bool published_ = false;
};

}  // namespace ar::engine
