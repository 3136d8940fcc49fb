// SPDX-License-Identifier: LGPL-2.1-or-later
#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "tests/stress/partner.h"
#include "tests/stress/pcm.h"
#include "tests/stress/soak.h"
#include "tests/stress/violation.h"

namespace dmasim::stress {
namespace {

Plan shape(Dice& dice, unsigned rate_hz) {
  Plan plan;
  plan.format = SND_PCM_FORMAT_S32_LE;
  plan.channels = 1;
  plan.rate_hz = rate_hz;
  plan.period_frames = dice.pick(std::array{64U, 240U, 1000U});
  plan.periods = dice.between(2, 8);
  return plan;
}

/// The PCM at one end of the cable, and what both ends do with it.
class End {
 public:
  End(Dice& dice, unsigned rate_hz, const std::string& cable, snd_pcm_stream_t stream)
      : dice_(dice.below(1U << 30), 0),
        plan_(shape(dice_, rate_hz)),
        pcm_(device_name(plan_, HammerOptions{}, "/dev/null", "") + ",CABLE=" + cable, stream, 0) {
    pcm_.configure(plan_);
    pcm_.set_thresholds(plan_.period_frames, 1, false);
  }

  void play(const std::atomic<bool>& over) {
    while (!over) {
      std::vector<int32_t> frames(dice_.between(1, plan_.period_frames));
      for (int32_t& frame : frames) frame = ++next_;
      go_on(snd_pcm_writei(pcm_.get(), frames.data(), frames.size()));
      if (!dice_.one_in(20)) continue;
      std::this_thread::sleep_for(std::chrono::microseconds(dice_.below(20000)));
      if (dice_.one_in(4)) {
        pcm_.drop();
        pcm_.prepare();
      }
    }
    pcm_.close();
  }

  void listen(const std::atomic<bool>& over) {
    int32_t last = 0;
    while (!over) {
      std::vector<int32_t> frames(plan_.period_frames);
      const snd_pcm_sframes_t got = snd_pcm_readi(pcm_.get(), frames.data(), frames.size());
      go_on(got);
      for (snd_pcm_sframes_t i = 0; i < got; ++i) {
        const int32_t frame = frames[static_cast<size_t>(i)];
        if (frame == 0) continue;
        expect(frame > last, "frame " + std::to_string(frame) + " after " + std::to_string(last));
        last = frame;
      }
    }
    pcm_.close();
  }

 private:
  void go_on(snd_pcm_sframes_t moved) {
    if (moved == -EPIPE) return pcm_.prepare();
    expect_done(moved, "transfer");
  }

  Dice dice_;
  const Plan plan_;
  Pcm pcm_;
  int32_t next_ = 0;
};

}  // namespace

void soak_loop(Station& station) {
  const std::string cable = "soak" + std::to_string(station.number);
  const unsigned rate_hz = station.dice.pick(std::array{8000U, 48000U, 192000U});
  const auto until =
      std::chrono::steady_clock::now() + std::chrono::milliseconds(station.dice.between(50, 800));
  std::atomic<bool> over{false};
  station.pulse.step("loop");
  End listener(station.dice, rate_hz, cable, SND_PCM_STREAM_CAPTURE);
  End player(station.dice, rate_hz, cable, SND_PCM_STREAM_PLAYBACK);
  Partner listening;
  Partner playing;
  listening.begin([&] { listener.listen(over); });
  playing.begin([&] { player.play(over); });
  std::this_thread::sleep_until(until);
  over = true;
  playing.wait();
  listening.wait();
}

}  // namespace dmasim::stress
