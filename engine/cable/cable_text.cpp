// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/cable/cable_text.h"

#include <cerrno>
#include <system_error>

#include "engine/cable/cable_file.h"
#include "engine/card/owner_words.h"

namespace dmasim {
namespace {

std::string cable(const std::string& name) { return "cable = \"" + name + "\""; }

}  // namespace

std::string denied_words(const CableDirectory& directory) {
  const std::string foreign = directory.foreign_owner();
  return (foreign.empty() ? "" : ": " + foreign) +
         "; accepted: a directory and a file that are this user's alone";
}

std::string cable_busy_error(const std::string& name, const std::optional<CableRecord>& record) {
  const auto owner = record ? static_cast<pid_t>(record->writer_pid) : 0;
  return cable(name) + " is played into by " + owner_words(owner) +
         "; accepted: one playback at a time, any number of captures";
}

std::string cable_format_error(const std::string& name, const PcmFormat& wanted,
                               const std::optional<PcmFormat>& carried) {
  return cable(name) + " carries " + (carried ? describe(*carried) : "another format") +
         ", and cannot carry " + describe(wanted) +
         " at the same time; accepted: the same format, or any once all PCMs at the cable are "
         "closed";
}

std::string cable_open_error(const std::string& name, int error, const CableDirectory& directory) {
  std::string text = cable(name) + " cannot be used, in " + directory.path + ": " +
                     std::generic_category().message(error);
  return error == EACCES ? text + denied_words(directory) : text;
}

Result<void> look_at_cable(const std::string& name, const CableDirectory& directory,
                           Explanation& explanation) {
  const auto looked = CableFile::look(name, directory);
  if (!looked) explanation.set(cable_open_error(name, looked.error(), directory));
  return looked;
}

}  // namespace dmasim
