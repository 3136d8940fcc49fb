// SPDX-License-Identifier: LGPL-2.1-or-later
/// The other process at a cable. It runs until it is killed:
///   cable_partner play PCM TAG     plays frames that carry TAG and their index
///   cable_partner listen PCM       checks their order; a frame out of order ends it with status 1
///   cable_partner listen PCM TAG   the same, until it has captured enough of TAG; status 0 then
/// Writes a line to stdout when its stream runs.
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>

#include "tests/alsa/cable_setup.h"

namespace dmasim::test {
namespace {

constexpr size_t kPiece = 1200;

int fail(const char* what, snd_pcm_sframes_t error) {
  std::fprintf(stderr, "%s: %s\n", what, snd_strerror(static_cast<int>(error)));
  return 2;
}

void report_running() {
  [[maybe_unused]] const ssize_t done = write(STDOUT_FILENO, "running\n", 8);
}

/// Starts a stream that has stopped again, as players do.
int play(snd_pcm_t* pcm, int32_t tag) {
  bool reported = false;
  int32_t next = 1;
  for (;;) {
    const auto frames = tagged_frames(tag, next, kPiece);
    const snd_pcm_sframes_t done = snd_pcm_writei(pcm, frames.data(), kPiece);
    if (done == -EPIPE) {
      snd_pcm_prepare(pcm);
      continue;
    }
    if (done < 0) return fail("writei", done);
    next += static_cast<int32_t>(done);
    if (!reported && snd_pcm_state(pcm) == SND_PCM_STATE_RUNNING) {
      report_running();
      reported = true;
    }
  }
}

int listen(snd_pcm_t* pcm, std::optional<int32_t> until) {
  if (const int err = snd_pcm_start(pcm); err < 0) return fail("start", err);
  report_running();
  OrderCheck order;
  size_t enough = 4 * kPiece;
  std::vector<CableFrame> frames(kPiece);
  for (;;) {
    const snd_pcm_sframes_t got = snd_pcm_readi(pcm, frames.data(), kPiece);
    if (got == -EPIPE) {
      order.lose();
      snd_pcm_prepare(pcm);
      snd_pcm_start(pcm);
      continue;
    }
    if (got < 0) return fail("readi", got);
    for (size_t i = 0; i < static_cast<size_t>(got); ++i) {
      const std::string wrong = order.next(frames[i]);
      if (wrong.empty() && frames[i].tag == until && --enough == 0) return 0;
      if (wrong.empty()) continue;
      std::fprintf(stderr, "%s\n", wrong.c_str());
      return 1;
    }
  }
}

int run(int count, char** words) {
  if (count < 3) return 2;
  const bool plays = std::strcmp(words[1], "play") == 0;
  snd_pcm_t* raw = nullptr;
  const auto stream = plays ? SND_PCM_STREAM_PLAYBACK : SND_PCM_STREAM_CAPTURE;
  if (const int err = snd_pcm_open(&raw, words[2], stream, 0); err < 0) return fail("open", err);
  const Pcm pcm(raw);
  PcmSetup setup = cable_setup();
  if (plays) setup.start_threshold = setup.buffer_size / 2;
  if (const int err = set_hw_params(raw, setup); err < 0) return fail("hw_params", err);
  if (const int err = set_sw_params(raw, setup); err < 0) return fail("sw_params", err);
  const auto tag = count > 3 ? std::optional(std::atoi(words[3])) : std::nullopt;
  return plays ? play(raw, tag.value_or(1)) : listen(raw, tag);
}

}  // namespace
}  // namespace dmasim::test

int main(int count, char** words) { return dmasim::test::run(count, words); }
