// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/debate/marked_blocks.h"

namespace dmasim::debate {
namespace {

struct Extent {
  size_t begin;
  size_t end;
};

std::optional<Extent> extent_of(const std::string& document, const std::string& name) {
  const std::string head = "<!-- generated: " + name + " -->\n";
  const std::string tail = "<!-- end of " + name + " -->\n";
  const size_t at = document.find(head);
  if (at == std::string::npos) return std::nullopt;
  const size_t begin = at + head.size();
  const size_t end = document.find(tail, begin);
  if (end == std::string::npos) return std::nullopt;
  return Extent{begin, end};
}

}  // namespace

std::optional<std::string> block_in(const std::string& document, const std::string& name) {
  const std::optional<Extent> extent = extent_of(document, name);
  if (!extent) return std::nullopt;
  return document.substr(extent->begin, extent->end - extent->begin);
}

std::string with_block(const std::string& document, const std::string& name,
                       const std::string& contents) {
  const Extent extent = *extent_of(document, name);
  return document.substr(0, extent.begin) + contents + document.substr(extent.end);
}

}  // namespace dmasim::debate
