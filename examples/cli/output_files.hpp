// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <svfmath/core/error.hpp>

namespace cli {

/// What a command reads and what it will write, told apart before the work begins.
class command_files {
 public:
  /// `what` stands for the file in messages: "MODEL", "--expert". Files that are not there are no
  /// concern of this class.
  void reads(std::string what, std::filesystem::path const& file);
  /// The files of a model: itself, or the weights, configuration and vocabulary of its folder.
  void reads_model(std::filesystem::path const& model);

  /// Checks that `file` can be written as `svf::atomic_file` will, and that it is neither one of
  /// the files read nor another one to write, by whatever name. Throws `svf::error` naming the
  /// option: (format) for such a file, (backend) for one that cannot be written.
  void writes(std::string option, std::filesystem::path const& file);
  /// The same for files of these names in a folder that need not be there yet.
  void writes_folder(std::string const& option, std::filesystem::path const& folder,
                     std::vector<std::string> const& names);

 private:
  using entry = std::pair<std::string, std::filesystem::path>;

  void expect_another(std::string const& option, std::filesystem::path const& file);

  std::vector<entry> known_;
};

}  // namespace cli
