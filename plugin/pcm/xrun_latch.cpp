// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/pcm/xrun_latch.h"

#include <algorithm>
#include <utility>

namespace dmasim {
namespace {

constexpr int64_t kLongestNs = 1'000'000'000;

}  // namespace

int64_t XrunLatch::begin(int64_t period_ns) noexcept {
  seen_ = false;
  again_ns_ = period_ns;
  return again_ns_;
}

int64_t XrunLatch::again() noexcept {
  again_ns_ = std::min(2 * again_ns_, kLongestNs);
  return again_ns_;
}

bool XrunLatch::acknowledge() noexcept { return !std::exchange(seen_, true); }

}  // namespace dmasim
