// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/stress/plan.h"

#include <array>
#include <sstream>

namespace dmasim::stress {
namespace {

constexpr std::array kAccesses{SND_PCM_ACCESS_RW_INTERLEAVED, SND_PCM_ACCESS_RW_NONINTERLEAVED,
                               SND_PCM_ACCESS_MMAP_INTERLEAVED, SND_PCM_ACCESS_MMAP_NONINTERLEAVED};
constexpr std::array kFormats{SND_PCM_FORMAT_S16_LE, SND_PCM_FORMAT_S32_LE};
constexpr std::array kPeriodFrames{32U, 40U, 48U, 64U, 96U, 128U};
constexpr std::array kSlowUs{0U, 0U, 0U, 200U, 700U, 1500U};
constexpr std::array kEndings{Ending::open,    Ending::setup,  Ending::prepared, Ending::running,
                              Ending::running, Ending::paused, Ending::draining, Ending::xrun};
constexpr std::array kLockedIntrusions{Intrusion::drop_writer,  Intrusion::drop_poller,
                                       Intrusion::abort_writer, Intrusion::abort_drain,
                                       Intrusion::drop_drain,   Intrusion::restart_writer,
                                       Intrusion::pause_writer, Intrusion::ask};
// Those that are safe without alsa-lib's lock; cycle_intrusion.cpp says why.
constexpr std::array kLocklessIntrusions{Intrusion::drop_writer, Intrusion::drop_poller,
                                         Intrusion::abort_writer, Intrusion::abort_drain};
constexpr std::array kRefusals{Refusal::hw_free, Refusal::hw_params, Refusal::hw_params_twice};

bool hardware_busy(Ending ending) {
  return ending == Ending::running || ending == Ending::paused || ending == Ending::draining ||
         ending == Ending::xrun;
}

void draw_shape(Plan& plan, Dice& dice) {
  plan.stream = dice.one_in(3) ? SND_PCM_STREAM_CAPTURE : SND_PCM_STREAM_PLAYBACK;
  plan.access = dice.pick(kAccesses);
  plan.format = dice.pick(kFormats);
  plan.channels = dice.between(1, 2);
  plan.period_frames = dice.pick(kPeriodFrames);
  plan.periods = dice.between(2, 8);
  plan.fifo_frames = dice.one_in(4) ? 16 : 0;
  plan.slow_callback_us = dice.pick(kSlowUs);
  plan.to_file = dice.one_in(8);
}

const char* name_of(Intrusion intrusion) {
  static constexpr std::array kNames{"none",           "drop_writer",  "drop_poller",
                                     "abort_writer",   "abort_drain",  "drop_drain",
                                     "restart_writer", "pause_writer", "ask"};
  return kNames[static_cast<size_t>(intrusion)];
}

const char* name_of(Ending ending) {
  static constexpr std::array kNames{"open",   "setup",    "prepared", "running",
                                     "paused", "draining", "xrun"};
  return kNames[static_cast<size_t>(ending)];
}

const char* name_of(Refusal refusal) {
  static constexpr std::array kNames{"none", "hw_free", "hw_params", "hw_params_twice"};
  return kNames[static_cast<size_t>(refusal)];
}

unsigned frame_bytes(const Plan& plan) {
  return plan.channels * static_cast<unsigned>(snd_pcm_format_physical_width(plan.format)) / 8;
}

}  // namespace

Plan draw_plan(Dice& dice, const HammerOptions& options) {
  Plan plan;
  draw_shape(plan, dice);
  plan.nonblock = dice.one_in(4);
  plan.free_running = dice.one_in(16);
  plan.configure_again = dice.one_in(4);
  plan.starts = dice.between(1, 2);
  plan.actions = dice.below(4);
  if (dice.one_in(2)) {
    plan.intrusion = options.locked ? dice.pick(kLockedIntrusions) : dice.pick(kLocklessIntrusions);
  }
  plan.ending = dice.pick(kEndings);
  if (plan.ending == Ending::draining) plan.stream = SND_PCM_STREAM_PLAYBACK;
  if (plan.ending == Ending::xrun) plan.free_running = false;
  if (hardware_busy(plan.ending) && dice.one_in(2)) plan.refusal = dice.pick(kRefusals);
  return plan;
}

std::string describe(const Plan& plan) {
  std::ostringstream text;
  text << snd_pcm_stream_name(plan.stream) << ' ' << snd_pcm_access_name(plan.access) << ' '
       << snd_pcm_format_name(plan.format) << " channels=" << plan.channels
       << " period=" << plan.period_frames << " periods=" << plan.periods
       << " fifo=" << plan.fifo_frames << " slow_callback_us=" << plan.slow_callback_us
       << (plan.to_file ? " file" : "") << (plan.nonblock ? " nonblock" : "")
       << (plan.free_running ? " free_running" : "") << " starts=" << plan.starts
       << " actions=" << plan.actions << " intrusion=" << name_of(plan.intrusion)
       << " ending=" << name_of(plan.ending) << " refusal=" << name_of(plan.refusal);
  return text.str();
}

std::string device_name(const Plan& plan, const HammerOptions& options, const std::string& report,
                        const std::string& scratch) {
  if (!options.own_card()) return options.pcm;
  std::ostringstream name;
  name << options.pcm << ":RATE=" << plan.rate_hz << ",CHANNELS=" << plan.channels
       << ",PERIOD_BYTES=" << plan.period_frames * frame_bytes(plan) << ",PERIODS=" << plan.periods
       << ",BUFFER_BYTES=" << plan.periods * plan.period_frames * frame_bytes(plan)
       << ",COMPLETION=" << options.completion << ",REPORT='" << report << '\'';
  if (plan.fifo_frames > 0) name << ",FIFO=" << plan.fifo_frames;
  if (plan.slow_callback_us > 0) {
    name << ",FAULTS='slow_callback=" << plan.slow_callback_us << "us'";
  }
  if (plan.to_file && plan.stream == SND_PCM_STREAM_PLAYBACK) {
    name << ",FILE='" << scratch << ".raw'";
  }
  if (plan.to_file && plan.stream == SND_PCM_STREAM_CAPTURE) name << ",SOURCE=counter";
  return name.str();
}

}  // namespace dmasim::stress
