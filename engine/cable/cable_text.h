// SPDX-License-Identifier: LGPL-2.1-or-later
/// Messages to the user that say why a cable refuses.
#pragma once

#include <optional>
#include <string>

#include "engine/base/result.h"
#include "engine/cable/cable_record.h"
#include "engine/card/cable_directory.h"
#include "engine/device/explanation.h"
#include "engine/pcm/pcm_format.h"

namespace dmasim {

[[nodiscard]] std::string cable_busy_error(const std::string& name,
                                           const std::optional<CableRecord>& record);
[[nodiscard]] std::string cable_format_error(const std::string& name, const PcmFormat& wanted,
                                             const std::optional<PcmFormat>& carried);
[[nodiscard]] std::string cable_open_error(const std::string& name, int error,
                                           const CableDirectory& directory);
/// Calls CableFile::look(). After an error it sets `explanation` to the reason.
Result<void> look_at_cable(const std::string& name, const CableDirectory& directory,
                           Explanation& explanation);
/// For a message after EACCES: the reason, and what is accepted.
[[nodiscard]] std::string denied_words(const CableDirectory& directory);

}  // namespace dmasim
