// SPDX-License-Identifier: LGPL-2.1-or-later
/// Acquires a subdevice for a PCM, and logs the reason if there is none.
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

static_assert(kMostSubdevices <= kLockableSubdevices);

const char* purpose(const PcmDevice& device) noexcept {
  return device.playback ? "playback" : "capture";
}

/// The end of the message that a subdevice is in use. A program can capture from a loop's cable
/// without the loop's subdevice.
std::string advice(const PcmConfig& config, const PcmDevice& device) {
  if (device.loop && !device.playback) return "; to listen along: CABLE=" + config.cable;
  return device.loop ? "; or a CABLE of its own" : "; or none: any that is free";
}

std::string owner_of(const PcmConfig& config, const PcmDevice& device) {
  const unsigned number = *config.subdev;
  const std::string other = subdevice_lock_of_another_format(device, number, config.directory);
  if (!other.empty()) return "another version of dmasim, which holds the lock " + other;
  return owner_words(subdevice_owner(device, number, config.directory));
}

void log_busy(const PcmConfig& config, const PcmDevice& device) {
  SNDERR("dmasim: card = \"%s\", dev = %u, subdev = %u is in use for %s by %s; accepted: 0 to %u%s",
         device.card.c_str(), device.number, *config.subdev, purpose(device),
         owner_of(config, device).c_str(), config.subdevices - 1, advice(config, device).c_str());
}

void log_all_busy(const PcmConfig& config, const PcmDevice& device) {
  SNDERR(
      "dmasim: card = \"%s\", dev = %u: all of its subdevices are in use for %s; accepted: more "
      "than "
      "subdevices = %u, another dev or card",
      device.card.c_str(), device.number, purpose(device), config.subdevices);
}

/// For a file in the place of the lock file: another program has made it, or other users can open
/// it.
void log_no_lock(const PcmConfig& config, int error) {
  SNDERR("dmasim: card = \"%s\": %s/%s/%s: %s; accepted: a plain file of this user alone",
         config.card.c_str(), config.directory.path.c_str(), kFileFormat,
         lock_file_name(config.card).c_str(), std::strerror(error));
}

void log_no_directory(const PcmConfig& config, int error) {
  SNDERR("dmasim: subdev = %u: no lock in %s: %s; accepted: none, for any that is free",
         *config.subdev, config.directory.path.c_str(), std::strerror(error));
}

bool out_of_resources(int error) noexcept {
  return error == EMFILE || error == ENFILE || error == ENOMEM;
}

bool no_directory(const CableDirectory& place) {
  const auto directory = place.open(true);
  return !directory && !out_of_resources(directory.error());
}

/// Without a directory no other process can have a lock either, so a PCM needs none.
Result<std::optional<Subdevice>> without_lock(const PcmConfig& config, int error) {
  if (out_of_resources(error)) return Errno{error};
  if (const std::string foreign = config.directory.foreign_owner(); !foreign.empty()) {
    SNDERR("dmasim: %s; accepted: a directory of this user alone", foreign.c_str());
    return Errno{EACCES};
  }
  if (!no_directory(config.directory)) {
    log_no_lock(config, error);
  } else if (config.subdev) {
    log_no_directory(config, error);
  } else {
    return std::optional<Subdevice>{};
  }
  return Errno{error};
}

Result<std::optional<Subdevice>> acquired(Result<Subdevice> subdevice, const PcmConfig& config,
                                          const PcmDevice& device) {
  if (subdevice) return std::optional(*std::move(subdevice));
  if (subdevice.error() != EBUSY) return without_lock(config, subdevice.error());
  config.subdev ? log_busy(config, device) : log_all_busy(config, device);
  return subdevice.as_errno();
}

Result<std::optional<Subdevice>> acquire_named(const PcmConfig& config, const PcmDevice& device) {
  if (*config.subdev >= config.subdevices) {
    SNDERR("dmasim: subdev = %u; accepted: 0 to %u, for subdevices = %u", *config.subdev,
           config.subdevices - 1, config.subdevices);
    return Errno{EBUSY};
  }
  return acquired(Subdevice::acquire(device, *config.subdev, config.directory), config, device);
}

Result<std::optional<Subdevice>> acquire_any(const PcmConfig& config, const PcmDevice& device) {
  return acquired(Subdevice::acquire_any(device, config.subdevices, config.directory), config,
                  device);
}

}  // namespace

Result<std::optional<Subdevice>> acquire_subdevice(const PcmConfig& config,
                                                   snd_pcm_stream_t stream) {
  const PcmDevice device{.card = config.card,
                         .number = config.dev,
                         .loop = config.loop,
                         .playback = stream == SND_PCM_STREAM_PLAYBACK};
  log_passed_over(config.directory);
  return config.subdev ? acquire_named(config, device) : acquire_any(config, device);
}

}  // namespace dmasim
