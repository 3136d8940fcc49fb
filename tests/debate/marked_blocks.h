// SPDX-License-Identifier: LGPL-2.1-or-later
/// The generated parts of a document. Each part is between two lines:
///   <!-- generated: NAME -->  and  <!-- end of NAME -->
#pragma once

#include <optional>
#include <string>

namespace dmasim::debate {

/// The contents of a part; nothing if the document has no part of this name.
[[nodiscard]] std::optional<std::string> block_in(const std::string& document,
                                                  const std::string& name);
/// The document with other contents in this part. The document must have the part.
[[nodiscard]] std::string with_block(const std::string& document, const std::string& name,
                                     const std::string& contents);

}  // namespace dmasim::debate
