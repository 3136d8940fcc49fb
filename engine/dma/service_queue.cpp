// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/dma/service_queue.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace dmasim {

/// Says whether the node, which is in the tree, has the same neighbours with the time `at_ns`. A
/// neighbour of the same time got this time first.
bool ServiceQueue::keeps_its_place(const ServiceNode& node, int64_t at_ns) const noexcept {
  if (node.present_ != tree_.begin() && (*std::prev(node.present_))->at_ns_ > at_ns) return false;
  const auto next = std::next(node.present_);
  return next == tree_.end() || at_ns < (*next)->at_ns_;
}

/// A thread that serves one channel never moves a node of the tree.
void ServiceQueue::set(ServiceNode& node, int64_t at_ns, int64_t slack_ns) noexcept {
  node.slack_ns_ = slack_ns;
  if (at_ns == node.at_ns_) return;
  if (node.at_ns_ != kNever && at_ns != kNever && keeps_its_place(node, at_ns)) {
    node.at_ns_ = at_ns;
    return;
  }
  if (node.at_ns_ != kNever) node.absent_ = tree_.extract(node.present_);
  node.at_ns_ = at_ns;
  if (at_ns != kNever) node.present_ = tree_.insert(std::move(node.absent_));
}

int64_t ServiceQueue::wake_up_ns() const noexcept {
  if (tree_.size() == 1) return first()->at_ns_;
  int64_t wake_up_ns = kNever;
  int64_t latest_ns = kNever;
  for (const ServiceNode* node : tree_) {
    if (node->at_ns_ > latest_ns) break;
    wake_up_ns = node->at_ns_;
    latest_ns = std::min(latest_ns, node->at_ns_ + node->slack_ns_);
  }
  return wake_up_ns;
}

}  // namespace dmasim
