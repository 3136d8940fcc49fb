// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/cable_text.h"

#include <array>
#include <cerrno>
#include <system_error>

#include "engine/owner_words.h"

namespace dmasim {
namespace {

constexpr std::array<const char*, kSampleFormatCount> kNames{
    "U8",     "S16_LE", "S16_BE",   "S24_3LE",  "S24_3BE",    "S24_LE",    "S24_BE",
    "S32_LE", "S32_BE", "FLOAT_LE", "FLOAT_BE", "FLOAT64_LE", "FLOAT64_BE"};

std::string cable(const std::string& name) { return "cable = \"" + name + "\""; }

}  // namespace

std::string describe(const PcmFormat& format) {
  return std::string(kNames[static_cast<size_t>(format.sample)]) + ", " +
         std::to_string(format.channels) + (format.channels == 1 ? " channel, " : " channels, ") +
         std::to_string(format.rate_hz) + " Hz";
}

std::string denied_words(const CableDirectory& directory) {
  const std::string foreign = directory.foreign_owner();
  return (foreign.empty() ? "" : ": " + foreign) +
         "; accepted: a directory and a file that are this user's alone";
}

std::string cable_busy_trouble(const std::string& name, const std::optional<CableRecord>& record) {
  const auto owner = record ? static_cast<pid_t>(record->writer_pid) : 0;
  return cable(name) + " is played into by " + owner_words(owner) +
         "; accepted: one playback at a time, any number of captures";
}

std::string cable_format_trouble(const std::string& name, const PcmFormat& wanted,
                                 const std::optional<PcmFormat>& carried) {
  return cable(name) + " carries " + (carried ? describe(*carried) : "another format") +
         "; it cannot carry " + describe(wanted) + " until all who use it have closed it";
}

std::string cable_open_trouble(const std::string& name, int error,
                               const CableDirectory& directory) {
  std::string text = cable(name) + ": " + std::generic_category().message(error);
  return error == EACCES ? text + denied_words(directory) : text;
}

}  // namespace dmasim
