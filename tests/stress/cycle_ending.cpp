// SPDX-License-Identifier: LGPL-2.1-or-later
/// The end of a cycle: brings the PCM into the state of the plan's ending, and closes it.
#include <chrono>
#include <thread>

#include "tests/stress/cycle.h"
#include "tests/stress/violation.h"

namespace dmasim::stress {
namespace {

using Clock = std::chrono::steady_clock;

constexpr unsigned kAttempts = 100;
constexpr std::chrono::seconds kPatience{20};

}  // namespace

void Cycle::go_to_ending() {
  switch (plan_.ending) {
    case Ending::open:
      return;
    case Ending::setup:
      step("drop");
      return pcm_.drop();
    case Ending::prepared:
      if (pcm_.state() == SND_PCM_STATE_PREPARED) return;
      step("drop");
      pcm_.drop();
      step("prepare");
      return pcm_.prepare();
    case Ending::running:
      ensure_running();
      break;
    case Ending::paused:
      go_to_paused();
      break;
    case Ending::draining:
      go_to_draining();
      break;
    case Ending::xrun:
      go_to_xrun();
      break;
  }
  if (worker_.dice.one_in(2)) nap(500);
  ask_to_be_refused();
}

void Cycle::go_to_paused() {
  for (unsigned i = 0; i < kAttempts; ++i) {
    ensure_running();
    step("pause");
    if (snd_pcm_pause(pcm_.get(), 1) == 0) return;
  }
}

void Cycle::go_to_draining() {
  pcm_.set_nonblock(true);
  for (unsigned i = 0; i < kAttempts; ++i) {
    ensure_running();
    step("drain, non-blocking");
    const int err = snd_pcm_drain(pcm_.get());
    if (err == -EAGAIN) return;
    expect(err == 0 || err == -EPIPE, std::string("drain: ") + snd_strerror(err));
  }
}

/// Starts with one frame. The completion thread finds the xrun when this frame has been played.
/// alsa-lib may not have stored RUNNING yet.
void Cycle::start_with_one_frame() {
  step("drop");
  pcm_.drop();
  pcm_.set_thresholds(pcm_.buffer_frames(), kMostFrames, false);
  step("prepare");
  pcm_.prepare();
  step("start with one frame");
  expect(pcm_.transfer(1) == 1, "a prepared PCM takes a frame");
  expect_done(snd_pcm_start(pcm_.get()), "snd_pcm_start");
}

/// A client that only calls snd_pcm_state must see the xrun, as with a kernel's card.
void Cycle::go_to_xrun() {
  if (pcm_.playback() && worker_.dice.one_in(2)) {
    start_with_one_frame();
  } else {
    ensure_running();
  }
  step("wait for XRUN");
  const auto deadline = Clock::now() + kPatience;
  while (pcm_.state() != SND_PCM_STATE_XRUN) {
    expect(Clock::now() < deadline,
           "no thread writes to the PCM, but its state does not become XRUN");
    std::this_thread::sleep_for(std::chrono::microseconds(100));
  }
}

/// alsa-lib marks the PCM as not set up although hw_free was refused. After that, snd_pcm_close
/// calls only the plugin's close, and neither drop nor hw_free. snd_pcm_hw_params_current uses the
/// same mark, so its result shows that this will happen.
void Cycle::ask_to_be_refused() {
  if (plan_.refusal == Refusal::none) return;
  step("refused hw_free");
  const bool by_params = plan_.refusal != Refusal::hw_free;
  const int err = by_params ? pcm_.try_configure(plan_) : snd_pcm_hw_free(pcm_.get());
  if (err == 0) return;  // a drain has ended meanwhile
  expect(err == -EBADFD, std::string("refused: ") + snd_strerror(err));
  snd_pcm_hw_params_t* current = nullptr;
  snd_pcm_hw_params_alloca(&current);
  expect(snd_pcm_hw_params_current(pcm_.get(), current) == -EBADFD,
         "alsa-lib would still call stop and hw_free");
  // The mark is now clear, so this call reaches the plugin's hw_params and not its hw_free.
  if (plan_.refusal == Refusal::hw_params_twice) pcm_.try_configure(plan_);
  refused_ = by_params ? Refused::hw_params : Refused::hw_free;
  if (worker_.dice.one_in(2)) nap(500);
}

void Cycle::close() {
  step("close");
  const snd_pcm_state_t state = pcm_.state();
  if (state == SND_PCM_STATE_XRUN) note_xrun(-EPIPE);
  ++worker_.tally.closes[state];
  if (refused_ == Refused::hw_free) ++worker_.tally.closes_after_refused_hw_free;
  if (refused_ == Refused::hw_params) ++worker_.tally.closes_after_refused_hw_params;
  pcm_.close();
}

}  // namespace dmasim::stress
