// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/dma/service_queue.h"

#include <utility>

namespace dmasim {

void ServiceQueue::set(ServiceNode& node, int64_t at_ns) noexcept {
  if (at_ns == node.at_ns_) return;
  if (node.at_ns_ != kNever) node.absent_ = tree_.extract(node.present_);
  node.at_ns_ = at_ns;
  if (at_ns != kNever) node.present_ = tree_.insert(std::move(node.absent_));
}

}  // namespace dmasim
