// SPDX-License-Identifier: LGPL-2.1-or-later
/// Walks about thresholds, fill levels, positions, waits and setups.
#include <cerrno>

#include "tests/alsa/conformance_steps.h"

namespace dmasim::test {
namespace {

constexpr auto kPlayback = SND_PCM_STREAM_PLAYBACK;
constexpr auto kCapture = SND_PCM_STREAM_CAPTURE;

PcmSetup with_thresholds(snd_pcm_uframes_t start, snd_pcm_uframes_t stop = kBuffer) {
  PcmSetup setup;
  setup.period_size = kPeriod;
  setup.buffer_size = kBuffer;
  setup.start_threshold = start;
  setup.stop_threshold = stop;
  return setup;
}

PcmSetup mapped(PcmSetup setup) {
  setup.access = SND_PCM_ACCESS_MMAP_INTERLEAVED;
  return setup;
}

std::vector<Walk> starting() {
  return {
      {"StartsWithTheWriteThatReachesTheThreshold",
       kPlayback,
       with_thresholds(kPeriod),
       {write(kPeriod - 1, "2047"), write(1, "1>RUNNING")}},
      {"StartsWithTheWriteThatFillsTheBuffer",
       kPlayback,
       with_thresholds(kBuffer),
       {write(kBuffer - 1, "16383"), write(1, "1>RUNNING")}},
      {"StartsWithAnyFrameAtAThresholdOfNone",
       kPlayback,
       with_thresholds(0),
       {write(0, "0"), write(16, "16>RUNNING")}},
      {"TakesWhatFitsBelowAThresholdOutOfReach",
       kPlayback,
       with_thresholds(2 * kBuffer),
       {nonblock(1), write(2 * kBuffer, "all"), write(kPeriod, "EAGAIN|0"), avail("0"),
        delay("all"), start("0>RUNNING")}},
      {"CaptureStartsWithARead", kCapture, with_thresholds(1), {read(kPeriod, "period>RUNNING")}},
      {"CaptureBelowItsThreshold",
       kCapture,
       with_thresholds(2 * kBuffer),
       {nonblock(1), read(kPeriod, "EAGAIN|few>RUNNING")}},
  };
}

std::vector<Walk> stopping() {
  return {
      {"StopsAtAThresholdWithinTheBuffer",
       kPlayback,
       with_thresholds(kBoundary, 2 * kPeriod),
       {write(kBuffer, "all"), start("0>RUNNING"), until(SND_PCM_STATE_XRUN), delay("EPIPE"),
        avail("EPIPE"), write(16, "EPIPE"), prepare("0>PREPARED"), avail("all")}},
      {"AnXrunIsFoundAfterTheWrite",
       kPlayback,
       with_thresholds(kBoundary, 2 * kPeriod),
       {write(kPeriod, "period>XRUN|period"), start("EBADFD|0>RUNNING")}},
      {"CaptureStopsAtAThresholdWithinTheBuffer",
       kCapture,
       with_thresholds(kBoundary, 2 * kPeriod),
       {start("0>RUNNING"), until(SND_PCM_STATE_XRUN), delay("EPIPE"), avail("EPIPE"),
        read(16, "EPIPE"), prepare("0>PREPARED"), avail("0")}},
      {"RecoverAcceptsWhatItKnows",
       kPlayback,
       with_thresholds(kBoundary),
       {recover(0, "0"), recover(-EINTR, "0"), recover(-EBADFD, "EBADFD"),
        recover(-EAGAIN, "EAGAIN"), recover(-EPIPE, "0"), drop("0>SETUP"),
        recover(-EPIPE, "0>PREPARED")}},
  };
}

std::vector<Walk> filling() {
  return {
      {"FillLevelsAreReported",
       kPlayback,
       with_thresholds(kBoundary),
       {avail("all"), delay("0"), write(kPeriod / 2, "1024"), avail("15360"), delay("1024"),
        write(kPeriod, "period"), avail("13312"), delay("3072"), write(kBuffer - 3072, "13312"),
        avail("0"), delay("all")}},
      {"PrepareDiscardsWhatWasWritten",
       kPlayback,
       with_thresholds(kBoundary),
       {write(2 * kPeriod, "4096"), prepare("0"), avail("all"), delay("0"), write(kBuffer, "all")}},
      {"ResetDiscardsWhatWasWritten",
       kPlayback,
       with_thresholds(kBoundary),
       {write(2 * kPeriod, "4096"), reset("0"), avail("all"), delay("0"), write(kBuffer, "all")}},
      {"RewindAndForwardMoveTheLevel",
       kPlayback,
       with_thresholds(kBoundary),
       {write(4 * kPeriod, "8192"), rewind(kPeriod, "period"), avail("10240"), delay("6144"),
        forward(100, "100"), delay("6244"), rewind(0, "0"), forward(0, "0")}},
      {"RewindGoesBackToTheBeginning",
       kPlayback,
       with_thresholds(kBoundary),
       {write(2 * kPeriod, "4096"), rewind(3 * kPeriod, "4096|6144")}},
      {"PauseKeepsAllAndTakesMore",
       kPlayback,
       with_thresholds(kBoundary),
       {write(kBuffer, "all"), start("0>RUNNING"), a_period_later("0"), pause(1, "0>PAUSED"),
        nonblock(1), write(kBuffer, "part"), avail("0"), write(kPeriod, "EAGAIN|0"),
        rewind(kPeriod, "period"), avail("period"), pause(0, "0>RUNNING"), drop("0>SETUP"),
        prepare("0>PREPARED"), avail("all")}},
      {"MappedFramesAreCommittedInOrder",
       kPlayback,
       mapped(with_thresholds(kBoundary)),
       {avail("all"), begin_mmap("0"), commit(100, 16, "EPIPE"), commit(0, kBuffer + 1, "EPIPE"),
        avail("all"), commit(0, 0, "0"), commit(0, 16, "16"), avail("16368"), write(16, "EINVAL"),
        mmap_write(16, "16"), delay("32")}},
      {"MappedWritesStartAsOthersDo",
       kPlayback,
       mapped(with_thresholds(kPeriod)),
       {mmap_write(kPeriod / 2, "1024"), mmap_write(kPeriod / 2, "1024>RUNNING")}},
      {"AnotherAccessIsRefused",
       kPlayback,
       with_thresholds(kBoundary),
       {write_in_another_access("EINVAL"), avail("all")}},
  };
}

std::vector<Walk> waiting() {
  return {
      {"PlaybackWaitsForRoom",
       kPlayback,
       with_thresholds(kBoundary),
       {wait(0, "1"), wait(-1, "1"), write(kBuffer, "all"), wait(20, "0"), start("0>RUNNING"),
        wait(5000, "1"), drop("0>SETUP"), wait(20, "1")}},
      {"CaptureWaitsForFrames",
       kCapture,
       with_thresholds(kBoundary),
       {wait(20, "0"), start("0>RUNNING"), wait(5000, "1"), read(kPeriod, "period")}},
      {"SignalsForFramesAreTheKernelsOwn",
       kPlayback,
       with_thresholds(kBoundary),
       {add_async_handler("0|ENOSYS")}},
  };
}

std::vector<Walk> stamping() {
  const TriggerStamp stamp;
  return {
      {"TriggersAreStamped",
       kPlayback,
       with_thresholds(kBoundary),
       {write(kBuffer, "all"), start("0>RUNNING"), stamp.moved("1"), pause(1, "0>PAUSED"),
        stamp.moved("1|0"), pause(0, "0>RUNNING"), stamp.moved("1|0"), drop("0>SETUP"),
        stamp.moved("1"), prepare("0>PREPARED"), stamp.moved("0")}},
  };
}

std::vector<Walk> setting_up() {
  const auto start_threshold = [](const std::string& cell) {
    return sw_value("start_threshold", snd_pcm_sw_params_get_start_threshold, cell);
  };
  const auto avail_min = [](const std::string& cell) {
    return sw_value("avail_min", snd_pcm_sw_params_get_avail_min, cell);
  };
  const PcmSetup usual = with_thresholds(kBoundary);
  PcmSetup own = with_thresholds(kPeriod);
  own.avail_min = 2 * kPeriod;
  return {
      {"ThresholdsAreKeptUntilTheNextSetup",
       kPlayback,
       usual,
       {sw_params(own, "0"), drop("0>SETUP"), prepare("0>PREPARED"), start_threshold("period"),
        avail_min("4096"), hw_params(usual, "0"), start_threshold("1"), avail_min("period"),
        sw_value("stop_threshold", snd_pcm_sw_params_get_stop_threshold, "all"),
        sw_value("silence_threshold", snd_pcm_sw_params_get_silence_threshold, "0"),
        sw_value("silence_size", snd_pcm_sw_params_get_silence_size, "0")}},
      {"ASetupComesAndGoes",
       kPlayback,
       usual,
       {hw_params(usual, "0"), current_hw_params("0"), hw_free("0>OPEN"), hw_free("0"),
        current_hw_params("EBADFD"), write(16, "EIO"), prepare("EIO"),
        hw_params(usual, "0>PREPARED"), write(16, "16>RUNNING")}},
  };
}

std::vector<Walk> refused_setups() {
  const PcmSetup usual = with_thresholds(kBoundary);
  return {
      {"WhatNoCardHasIsRefused",
       kCapture,
       usual,
       {hw_limit(
            "rate 1", [](auto* p, auto* h) { return snd_pcm_hw_params_set_rate(p, h, 1, 0); },
            "EINVAL"),
        hw_limit(
            "rate 10000000",
            [](auto* p, auto* h) { return snd_pcm_hw_params_set_rate(p, h, 10000000, 0); },
            "EINVAL"),
        hw_limit(
            "channels 0", [](auto* p, auto* h) { return snd_pcm_hw_params_set_channels(p, h, 0); },
            "EINVAL"),
        hw_limit(
            "channels 100000",
            [](auto* p, auto* h) { return snd_pcm_hw_params_set_channels(p, h, 100000); },
            "EINVAL"),
        hw_limit(
            "format GSM",
            [](auto* p, auto* h) { return snd_pcm_hw_params_set_format(p, h, SND_PCM_FORMAT_GSM); },
            "EINVAL"),
        hw_limit(
            "period 0",
            [](auto* p, auto* h) { return snd_pcm_hw_params_set_period_size(p, h, 0, 0); },
            "EINVAL"),
        hw_limit(
            "buffer 2^30",
            [](auto* p, auto* h) { return snd_pcm_hw_params_set_buffer_size(p, h, 1U << 30); },
            "EINVAL"),
        hw_limit(
            "periods 0", [](auto* p, auto* h) { return snd_pcm_hw_params_set_periods(p, h, 0, 0); },
            "EINVAL")}},
      {"ARefusedSetupKeepsTheOneThatWas",
       kPlayback,
       usual,
       {write(kPeriod, "period"),
        hw_limit(
            "rate 1", [](auto* p, auto* h) { return snd_pcm_hw_params_set_rate(p, h, 1, 0); },
            "EINVAL"),
        avail("14336"), delay("period"), start("0>RUNNING")}},
  };
}

}  // namespace

std::vector<Walk> walks() {
  std::vector<Walk> all;
  for (const auto& part :
       {starting(), stopping(), filling(), waiting(), stamping(), setting_up(), refused_setups()}) {
    all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}

}  // namespace dmasim::test
