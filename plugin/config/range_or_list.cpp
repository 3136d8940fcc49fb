// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/config/range_or_list.h"

#include <algorithm>

namespace dmasim {

bool RangeOrList::contains(unsigned value) const noexcept {
  return list_.empty() ? ends_.contains(value)
                       : std::binary_search(list_.begin(), list_.end(), value);
}

std::string RangeOrList::text() const {
  std::string text = std::to_string(min());
  if (list_.empty()) return min() == max() ? text : text + '-' + std::to_string(max());
  for (size_t i = 1; i < list_.size(); ++i) text.append("+").append(std::to_string(list_[i]));
  return text;
}

}  // namespace dmasim
