// SPDX-License-Identifier: LGPL-2.1-or-later
/// Names of recordings with places that are filled in:
///   %p  this process's number          %c  the card's name
///   %n  which recording it is          %s  the subdevice's number
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
  /// None where a % stands before anything else. May throw std::bad_alloc.
  static std::optional<FilePattern> parse(std::string_view text, const Words& words);
  /// `name` as it is.
  static FilePattern plain(std::string name);

  /// %n is in it: each recording has another name.
  [[nodiscard]] bool counts() const noexcept { return pieces_.size() > 1; }
  /// Puts a relative name behind `directory`.
  void make_absolute(const std::string& directory);
  /// With `count` in the place of %n.
  [[nodiscard]] std::string name(uint64_t count) const;

 private:
  std::vector<std::string> pieces_;  // the count stands between each and the next
};

}  // namespace dmasim
