// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/dma/service_queue.h"

namespace dmasim {

void ServiceQueue::place(size_t index, ServiceNode* node) noexcept {
  heap_[index] = node;
  node->index_ = index;
}

void ServiceQueue::sift_up(size_t index) noexcept {
  ServiceNode* node = heap_[index];
  while (index > 0) {
    const size_t parent = (index - 1) / 2;
    if (heap_[parent]->at_ns_ <= node->at_ns_) break;
    place(index, heap_[parent]);
    index = parent;
  }
  place(index, node);
}

void ServiceQueue::sift_down(size_t index) noexcept {
  ServiceNode* node = heap_[index];
  for (;;) {
    size_t child = 2 * index + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && heap_[child + 1]->at_ns_ < heap_[child]->at_ns_) ++child;
    if (node->at_ns_ <= heap_[child]->at_ns_) break;
    place(index, heap_[child]);
    index = child;
  }
  place(index, node);
}

void ServiceQueue::remove(ServiceNode& node) noexcept {
  const size_t index = node.index_;
  node.index_ = ServiceNode::kAbsent;
  ServiceNode* last = heap_.back();
  heap_.pop_back();
  if (last == &node) return;
  place(index, last);
  sift_up(index);
  sift_down(last->index_);
}

void ServiceQueue::set(ServiceNode& node, int64_t at_ns) {
  const bool present = node.index_ != ServiceNode::kAbsent;
  if (at_ns == node.at_ns_ && present) return;
  node.at_ns_ = at_ns;
  if (at_ns == kNever) {
    if (present) remove(node);
    return;
  }
  if (!present) {
    heap_.push_back(&node);
    node.index_ = heap_.size() - 1;
  }
  sift_up(node.index_);
  sift_down(node.index_);
}

}  // namespace dmasim
