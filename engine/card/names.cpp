// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/card/names.h"

namespace dmasim {
namespace {

constexpr size_t kLongestCable = 64;
constexpr size_t kLongestCard = 48;

bool plain_name(std::string_view name, size_t longest) noexcept {
  constexpr std::string_view kLetters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
  return !name.empty() && name.size() <= longest && name.front() != '.' &&
         name.find_first_not_of(kLetters) == std::string_view::npos;
}

}  // namespace

bool cable_name_valid(std::string_view name) noexcept { return plain_name(name, kLongestCable); }

bool card_name_valid(std::string_view name) noexcept { return plain_name(name, kLongestCard); }

}  // namespace dmasim
