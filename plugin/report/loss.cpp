// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/report/loss.h"

#include <cerrno>
#include <system_error>
#include <utility>

namespace dmasim {
namespace {

/// Names the file and the cable. If there are both, it is not known which of them lost frames.
std::string place(const PcmConfig& config, const std::string& recording) {
  std::string text;
  if (!recording.empty()) text = "file = \"" + recording + '"';
  if (config.cable.empty()) return text;
  return text + (text.empty() ? "" : ", ") + "cable = \"" + config.cable + '"';
}

std::string cause(const PcmConfig& config, int error) {
  std::string text = std::generic_category().message(error != 0 ? error : EIO);
  if (error == ENOBUFS) {
    return text +
           ": the disk stalled for longer than queue_ms = " + std::to_string(config.queue_ms);
  }
  if (error == ETIMEDOUT) {
    return text + ": the disk took nothing for flush_ms = " + std::to_string(config.flush_ms);
  }
  if (error == EAGAIN) return text + ": nobody reads the FIFO, or not fast enough";
  return text;
}

}  // namespace

/// For example "5 of 10 frames are lost", counted since the last such text. Empty if no more were
/// lost since then.
std::string LossWords::loss(const SinkStats& stats) {
  if (stats.lost_frames == reported_lost_frames_) return {};
  const uint64_t lost = stats.lost_frames - std::exchange(reported_lost_frames_, stats.lost_frames);
  const uint64_t written =
      stats.written_frames - std::exchange(reported_written_frames_, stats.written_frames);
  return std::to_string(lost) + " of " + std::to_string(written) + " frames are lost";
}

std::string LossWords::at_drain(const PcmConfig& config, const std::string& recording,
                                const SinkStats& stats) {
  MutexLock guard(lock_);
  std::string lost = loss(stats);
  if (lost.empty()) lost = "its end could not be written";
  return place(config, recording) + ": " + cause(config, stats.last_error) + "; " + lost +
         ", drain answers EIO";
}

std::string LossWords::at_close(const PcmConfig& config, const std::string& recording,
                                const SinkStats& stats) {
  MutexLock guard(lock_);
  const std::string lost = loss(stats);
  if (lost.empty()) return {};
  return place(config, recording) + ": " + cause(config, stats.last_error) + "; " + lost;
}

}  // namespace dmasim
