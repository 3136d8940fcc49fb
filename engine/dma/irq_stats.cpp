// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/dma/irq_stats.h"

#include <algorithm>
#include <bit>

namespace dmasim {
namespace {

/// Values below 4 have one bucket each; of larger values the top three bits choose the bucket.
size_t bucket_of(uint64_t value) {
  if (value < 4) return value;
  const int shift = static_cast<int>(std::bit_width(value)) - 3;
  return static_cast<size_t>(shift + 1) * 4 + ((value >> shift) & 3U);
}

int64_t upper_edge(size_t bucket) {
  if (bucket < 4) return static_cast<int64_t>(bucket);
  const size_t shift = bucket / 4 - 1;
  return static_cast<int64_t>(((4 + bucket % 4 + 1) << shift) - 1);
}

}  // namespace

void LatenessHistogram::add(int64_t lateness_ns) noexcept {
  lateness_ns = std::max<int64_t>(lateness_ns, 0);
  ++buckets_[std::min(bucket_of(static_cast<uint64_t>(lateness_ns)), buckets_.size() - 1)];
  ++count_;
  max_ns_ = std::max(max_ns_, lateness_ns);
}

void LatenessHistogram::merge(const LatenessHistogram& other) noexcept {
  for (size_t i = 0; i < buckets_.size(); ++i) buckets_[i] += other.buckets_[i];
  count_ += other.count_;
  max_ns_ = std::max(max_ns_, other.max_ns_);
}

int64_t LatenessHistogram::quantile_ns(double q) const noexcept {
  if (count_ == 0) return 0;
  const auto wanted = static_cast<uint64_t>(q * static_cast<double>(count_ - 1)) + 1;
  uint64_t seen = 0;
  for (size_t i = 0; i < buckets_.size(); ++i) {
    seen += buckets_[i];
    if (seen >= wanted) return std::min(upper_edge(i), max_ns_);
  }
  return max_ns_;
}

}  // namespace dmasim
