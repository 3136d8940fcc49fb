// SPDX-License-Identifier: LGPL-2.1-or-later
/// The part of a cycle in which one thread makes valid calls: configure, start, transfer, pause,
/// rewind, drain. ask_for_the_forbidden() makes the one call that must be refused.
#include "tests/stress/cycle.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "tests/stress/violation.h"

namespace dmasim::stress {
namespace {

int open_mode(const Plan& plan, const HammerOptions& options) {
  return (plan.nonblock ? SND_PCM_NONBLOCK : 0) | (options.async_mode ? SND_PCM_ASYNC : 0);
}

}  // namespace

Cycle::Cycle(Worker& worker, const Plan& plan)
    : worker_(worker),
      plan_(plan),
      pcm_(device_name(plan, worker.options, worker.report, worker.scratch), plan.stream,
           open_mode(plan, worker.options)) {}

void Cycle::nap(unsigned most_us) {
  std::this_thread::sleep_for(std::chrono::microseconds(worker_.dice.below(most_us + 1)));
}

void Cycle::run() {
  if (plan_.ending != Ending::open) {
    configure();
    for (unsigned i = 0; i < plan_.starts; ++i) start_and_drop();
    intrude();
    go_to_ending();
  }
  close();
}

void Cycle::configure() {
  step("hw_params");
  pcm_.configure(plan_);
  if (plan_.configure_again) pcm_.configure(plan_);
  const snd_pcm_uframes_t start = worker_.dice.one_in(2) ? pcm_.period_frames() : kMostFrames;
  step("sw_params");
  const int set =
      pcm_.set_thresholds(worker_.dice.between(1, static_cast<unsigned>(pcm_.buffer_frames())),
                          start, plan_.free_running);
  expect(set == 0, "a stream that does not run has no xrun");
}

void Cycle::start_and_drop() {
  if (plan_.ending == Ending::setup || plan_.ending == Ending::prepared) {
    if (worker_.dice.one_in(2)) return;
  }
  ensure_running();
  for (unsigned i = 0; i < plan_.actions; ++i) act();
  step("drop");
  pcm_.drop();
  step("prepare");
  pcm_.prepare();
  expect(pcm_.state() == SND_PCM_STATE_PREPARED, "prepare leads to PREPARED");
}

void Cycle::act() {
  switch (worker_.dice.below(8)) {
    case 0:
      return pause_a_moment();
    case 1:
      return rewind_and_forward();
    case 2:
      return ask_for_the_forbidden();
    case 3:
      return drain_to_the_end();
    case 4:
      step("sw_params");
      return note_xrun(
          pcm_.set_thresholds(worker_.dice.between(1, static_cast<unsigned>(pcm_.buffer_frames())),
                              pcm_.buffer_frames(), plan_.free_running));
    default:
      return move_some();
  }
}

void Cycle::note_xrun(long result) {
  if (result == -EPIPE) ++worker_.tally.xruns_met;
}

/// Writes into a playback ring, at least a few frames. This may start a stream that is PREPARED.
void Cycle::fill() {
  if (!pcm_.playback() || snd_pcm_avail_update(pcm_.get()) == 0) return;
  step("fill");
  const auto most = static_cast<unsigned>(pcm_.buffer_frames());
  const snd_pcm_uframes_t frames = worker_.dice.one_in(2) ? most : worker_.dice.between(1, most);
  const bool by_piece = pcm_.mmap() && worker_.dice.one_in(2);
  const snd_pcm_sframes_t done = by_piece ? pcm_.transfer_piece(frames) : pcm_.transfer(frames);
  note_xrun(done);
  expect(done > 0 || done == -EPIPE, "a prepared PCM takes frames: " + std::to_string(done));
}

/// Tries once to bring the stream to RUNNING. False if it does not stay there.
bool Cycle::start_once() {
  const snd_pcm_state_t state = pcm_.state();
  if (state == SND_PCM_STATE_RUNNING) return true;
  if (state != SND_PCM_STATE_PREPARED) {
    step("drop");
    pcm_.drop();
    step("prepare");
    pcm_.prepare();
  }
  fill();
  if (pcm_.state() != SND_PCM_STATE_PREPARED) return pcm_.state() == SND_PCM_STATE_RUNNING;
  step("start");
  expect_done(snd_pcm_start(pcm_.get()), "snd_pcm_start");
  return pcm_.state() == SND_PCM_STATE_RUNNING;
}

/// The smallest rings last a third of a millisecond, so a busy machine needs several attempts.
void Cycle::ensure_running() {
  for (unsigned i = 0; i < 1000; ++i) {
    if (start_once()) return;
    note_xrun(-EPIPE);
  }
  throw Violation("a thousand starts, and the stream never stayed RUNNING");
}

void Cycle::move_some() {
  step("transfer");
  const auto buffer = static_cast<unsigned>(pcm_.buffer_frames());
  const snd_pcm_uframes_t frames = worker_.dice.between(1, buffer);
  const bool by_piece = pcm_.mmap() && worker_.dice.one_in(2);
  const snd_pcm_sframes_t done = by_piece ? pcm_.transfer_piece(frames) : pcm_.transfer(frames);
  note_xrun(done);
  if (done == -EPIPE) return ensure_running();
  if (done == -EBADFD) {  // an earlier drain still runs, or has ended
    const snd_pcm_state_t state = pcm_.state();
    expect(state == SND_PCM_STATE_SETUP || state == SND_PCM_STATE_DRAINING, "EBADFD in RUNNING");
    return ensure_running();
  }
  expect(done >= 0 || done == -EAGAIN, "transfer: " + std::to_string(done));
  if (done > 0) ++worker_.tally.transfers;
}

void Cycle::pause_a_moment() {
  step("pause");
  if (snd_pcm_pause(pcm_.get(), 1) < 0) return ensure_running();  // an xrun came first
  expect(pcm_.state() == SND_PCM_STATE_PAUSED, "pause leads to PAUSED");
  nap(200);
  step("resume");
  expect_done(snd_pcm_pause(pcm_.get(), 0), "snd_pcm_pause(0)");
}

void Cycle::rewind_and_forward() {
  step("rewind");
  const snd_pcm_sframes_t back = snd_pcm_rewindable(pcm_.get());
  if (back > 1) {
    // Less than was answered, because the hardware moves meanwhile.
    const snd_pcm_sframes_t done =
        snd_pcm_rewind(pcm_.get(), static_cast<snd_pcm_uframes_t>(back) / 2);
    if (done > 0) ++worker_.tally.rewinds;
  }
  step("forward");
  const snd_pcm_sframes_t on = snd_pcm_forwardable(pcm_.get());
  if (on > 1) snd_pcm_forward(pcm_.get(), static_cast<snd_pcm_uframes_t>(on) / 2);
}

/// prepare is refused in RUNNING, and the stream continues.
void Cycle::ask_for_the_forbidden() {
  ensure_running();
  step("prepare in RUNNING");
  const int err = snd_pcm_prepare(pcm_.get());
  if (err == 0) return;  // an xrun came first
  expect(err == -EBUSY, std::string("prepare in RUNNING: ") + snd_strerror(err));
  ++worker_.tally.refused_prepares;
}

void Cycle::drain_to_the_end() {
  step("drain");
  const int err = snd_pcm_drain(pcm_.get());
  note_xrun(err);
  expect(err == 0 || err == -EAGAIN || err == -EPIPE, std::string("drain: ") + snd_strerror(err));
  if (err == 0) ++worker_.tally.drains;
}

}  // namespace dmasim::stress
