// SPDX-License-Identifier: LGPL-2.1-or-later
/// Channels, ordered by when they need the completion thread: a binary heap, O(log n) for a change.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/base/never.h"

namespace dmasim {

/// The part of a channel that a ServiceQueue uses.
class ServiceNode {
 public:
  [[nodiscard]] int64_t service_at_ns() const noexcept { return at_ns_; }

 protected:
  ServiceNode() = default;
  ~ServiceNode() = default;

 private:
  friend class ServiceQueue;
  static constexpr size_t kAbsent = SIZE_MAX;
  int64_t at_ns_ = kNever;
  size_t index_ = kAbsent;
};

/// PURE. A node whose time is kNever is not in the queue.
class ServiceQueue {
 public:
  /// Reserves room for one more node, so that set() never allocates.
  void reserve_one() { heap_.reserve(++capacity_); }
  void release_one() noexcept { --capacity_; }

  void set(ServiceNode& node, int64_t at_ns);
  [[nodiscard]] ServiceNode* first() const noexcept {
    return heap_.empty() ? nullptr : heap_.front();
  }

 private:
  void place(size_t index, ServiceNode* node) noexcept;
  void sift_up(size_t index) noexcept;
  void sift_down(size_t index) noexcept;
  void remove(ServiceNode& node) noexcept;

  std::vector<ServiceNode*> heap_;
  size_t capacity_ = 0;
};

}  // namespace dmasim
