// SPDX-License-Identifier: LGPL-2.1-or-later
/// What is said of an open PCM: in ALSA's error log, in snd_pcm_dump, in the report.
#pragma once

#include <alsa/asoundlib.h>

#include <string>

#include "plugin/hooks/open_pcm.h"

namespace dmasim {

/// Logs why a start has failed or would fail, if the device or the machine is the reason. Does not
/// log EPIPE, EBADFD, EAGAIN and EINTR: they come from what the program does.
void log_start_failure(const OpenPcm& pcm, int error);
/// Logs that the file cannot hold this combination. Each of the three values alone is allowed.
void log_unheld(const OpenPcm& pcm, const HwSetup& hw);
/// Logs, once in a process, that a period of a scaled clock is too short: threads do not wake up in
/// time so often.
void log_fast_wake_ups(const OpenPcm& pcm, const HwSetup& hw);
/// Logs the frames that were lost: after a drain that answers EIO; at close, if no drain has
/// reported them.
void log_loss_at_drain(OpenPcm& pcm);
void log_loss_at_close(OpenPcm& pcm);

/// For snd_pcm_dump.
void dump(const OpenPcm& pcm, snd_output_t* out);
/// Appends a line to the report file, if the configuration has one.
void report(const OpenPcm& pcm);

}  // namespace dmasim
