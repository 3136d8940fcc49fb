// SPDX-License-Identifier: LGPL-2.1-or-later
/// Channels, ordered by when they need the completion thread: O(log n) for a change.
///
/// A channel brings the tree's node for itself along. So a change allocates nothing: it takes the
/// node out of the tree and puts it back at its new place, if this is another one.
#pragma once

#include <cstdint>
#include <set>

#include "engine/base/never.h"

namespace dmasim {

/// The part of a channel that a ServiceQueue uses. The queue must not have it when it is destroyed.
class ServiceNode {
 public:
  [[nodiscard]] int64_t service_at_ns() const noexcept { return at_ns_; }

  ServiceNode(const ServiceNode&) = delete;
  ServiceNode& operator=(const ServiceNode&) = delete;

 protected:
  /// Throws std::bad_alloc.
  ServiceNode() {
    Tree tree;
    absent_ = tree.extract(tree.insert(this));
  }
  ~ServiceNode() = default;

 private:
  friend class ServiceQueue;
  struct Earlier {
    bool operator()(const ServiceNode* a, const ServiceNode* b) const noexcept {
      return a->at_ns_ < b->at_ns_;
    }
  };
  using Tree = std::multiset<ServiceNode*, Earlier>;

  int64_t at_ns_ = kNever;
  int64_t slack_ns_ = 0;
  Tree::node_type absent_;  // the tree's node while the queue does not have it
  Tree::iterator present_;  // the same while the queue has it
};

/// PURE. A node whose time is kNever is not in the queue. Of nodes with the same time, the first
/// one is that which got this time first.
class ServiceQueue {
 public:
  /// The thread may come later than `at_ns` by `slack_ns`, if it then serves other nodes too.
  void set(ServiceNode& node, int64_t at_ns, int64_t slack_ns = 0) noexcept;
  [[nodiscard]] ServiceNode* first() const noexcept {
    return tree_.empty() ? nullptr : *tree_.begin();
  }
  /// When a thread that sleeps has to wake: at the time of the first node, or at the latest time of
  /// a later one that makes none before it late by more than its slack. So nodes whose times are
  /// close together need one wake-up. kNever if there is no node.
  [[nodiscard]] int64_t wake_up_ns() const noexcept;

 private:
  [[nodiscard]] bool keeps_its_place(const ServiceNode& node, int64_t at_ns) const noexcept;

  ServiceNode::Tree tree_;
};

}  // namespace dmasim
