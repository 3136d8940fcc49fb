// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/pcm/last_answer.h"

#include <utility>

namespace dmasim {
namespace {

constexpr int64_t kOneMomentNs = 100'000;

}  // namespace

void LastAnswer::set(const Position& position, int64_t now_ns) noexcept {
  position_ = position;
  at_ns_ = now_ns;
  repeats_ = true;
}

bool LastAnswer::use_repeat() noexcept { return std::exchange(repeats_, false); }

bool LastAnswer::is_recent(int64_t now_ns) const noexcept { return now_ns - at_ns_ < kOneMomentNs; }

}  // namespace dmasim
