// SPDX-License-Identifier: LGPL-2.1-or-later
/// File names of recordings. These places are filled in:
///   %p  the process id                 %c  the card's name
///   %n  the number of the recording    %s  the subdevice's number
///   %%  a percent sign
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dmasim {

class FilePattern {
 public:
  struct Words {
    std::string card;
    std::string subdevice;
  };
  /// Empty if any other character follows a %. May throw std::bad_alloc.
  static std::optional<FilePattern> parse(std::string_view text, const Words& words);
  /// `name` as it is, without places.
  static FilePattern plain(std::string name);

  /// Whether it has a %n, so that each recording gets another name.
  [[nodiscard]] bool counts() const noexcept { return pieces_.size() > 1; }
  /// Puts `directory` before a relative name.
  void make_absolute(const std::string& directory);
  /// The name with `count` in place of %n.
  [[nodiscard]] std::string name(uint64_t count) const;

 private:
  std::vector<std::string> pieces_;  // the count goes between each piece and the next
};

}  // namespace dmasim
