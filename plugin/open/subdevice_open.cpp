// SPDX-License-Identifier: LGPL-2.1-or-later
/// Takes a subdevice for a PCM, and logs the reason if there is none.
#include <cerrno>
#include <cstring>
#include <string>

#include "engine/card/cable_directory.h"
#include "engine/card/owner_words.h"
#include "engine/card/subdevice.h"
#include "plugin/config/passed_over.h"
#include "plugin/open/pcm_open.h"

namespace dmasim {
namespace {

const char* purpose(const PcmDevice& device) noexcept {
  return device.playback ? "playback" : "capture";
}

/// The end of the message that a subdevice is in use. A program can capture from a loop's cable
/// without the loop's subdevice.
std::string advice(const PcmConfig& config, const PcmDevice& device) {
  if (device.loop && !device.playback) return "; to listen along: CABLE=" + config.cable;
  return device.loop ? "; or a CABLE of its own" : "; or none: any that is free";
}

void log_busy(const PcmConfig& config, const PcmDevice& device) {
  SNDERR("dmasim: card = \"%s\", dev = %u, subdev = %u is in use for %s by %s; accepted: 0 to %u%s",
         device.card.c_str(), device.number, *config.subdev, purpose(device),
         owner_words(subdevice_owner(device, *config.subdev, config.directory)).c_str(),
         config.subdevices - 1, advice(config, device).c_str());
}

void log_all_busy(const PcmConfig& config, const PcmDevice& device) {
  SNDERR(
      "dmasim: card = \"%s\", dev = %u: all of its subdevices are in use for %s; accepted: more "
      "than "
      "subdevices = %u, another dev or card",
      device.card.c_str(), device.number, purpose(device), config.subdevices);
}

/// For files in the place of lock files: another program has made them, or other users can open
/// them.
void log_none_usable(const PcmConfig& config, const PcmDevice& device, int error) {
  SNDERR(
      "dmasim: card = \"%s\", dev = %u: those of its %u subdevices that are not in use for %s have "
      "no lock in %s: %s; accepted: plain files of this user alone in place of %s.%u.*, more "
      "subdevices, another dev or card",
      device.card.c_str(), device.number, config.subdevices, purpose(device),
      config.directory.path.c_str(), std::strerror(error), device.card.c_str(), device.number);
}

Result<std::optional<Subdevice>> taken(Result<Subdevice> subdevice) {
  if (!subdevice) return subdevice.as_errno();
  return std::optional(*std::move(subdevice));
}

Result<std::optional<Subdevice>> take_named(const PcmConfig& config, const PcmDevice& device) {
  if (*config.subdev >= config.subdevices) {
    SNDERR("dmasim: subdev = %u; accepted: 0 to %u, for subdevices = %u", *config.subdev,
           config.subdevices - 1, config.subdevices);
    return Errno{EBUSY};
  }
  Result<Subdevice> subdevice = Subdevice::take(device, *config.subdev, config.directory);
  if (!subdevice && subdevice.error() == EBUSY) {
    log_busy(config, device);
  } else if (!subdevice) {
    SNDERR("dmasim: subdev = %u: no lock in %s: %s; accepted: none, for any that is free",
           *config.subdev, config.directory.path.c_str(), std::strerror(subdevice.error()));
  }
  return taken(std::move(subdevice));
}

bool out_of_resources(int error) noexcept {
  return error == EMFILE || error == ENFILE || error == ENOMEM;
}

bool no_directory(const CableDirectory& place) {
  const auto directory = place.open(true);
  return !directory && !out_of_resources(directory.error());
}

Result<std::optional<Subdevice>> take_any(const PcmConfig& config, const PcmDevice& device) {
  if (no_directory(config.directory)) return std::optional<Subdevice>{};
  Result<Subdevice> subdevice = Subdevice::take_any(device, config.subdevices, config.directory);
  if (!subdevice && subdevice.error() == EBUSY) {
    log_all_busy(config, device);
  } else if (!subdevice && !out_of_resources(subdevice.error())) {
    log_none_usable(config, device, subdevice.error());
  }
  return taken(std::move(subdevice));
}

}  // namespace

Result<std::optional<Subdevice>> take_subdevice(const PcmConfig& config, snd_pcm_stream_t stream) {
  const PcmDevice device{.card = config.card,
                         .number = config.dev,
                         .loop = config.loop,
                         .playback = stream == SND_PCM_STREAM_PLAYBACK};
  log_passed_over(config.directory);
  if (const std::string foreign = config.directory.foreign_owner(); !foreign.empty()) {
    SNDERR("dmasim: %s; accepted: a directory of this user alone", foreign.c_str());
    return Errno{EACCES};
  }
  return config.subdev ? take_named(config, device) : take_any(config, device);
}

}  // namespace dmasim
