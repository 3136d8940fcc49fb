// SPDX-License-Identifier: LGPL-2.1-or-later
/// Generated parts of a document: what lies between the lines
///   <!-- generated: NAME -->  and  <!-- end of NAME -->
#pragma once

#include <optional>
#include <string>

namespace dmasim::debate {

/// Nothing when the document has no such block.
[[nodiscard]] std::optional<std::string> block_in(const std::string& document,
                                                  const std::string& name);
/// The document with that block's contents replaced. The block exists.
[[nodiscard]] std::string with_block(const std::string& document, const std::string& name,
                                     const std::string& contents);

}  // namespace dmasim::debate
