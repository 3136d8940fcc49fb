// SPDX-License-Identifier: LGPL-2.1-or-later
#include <chrono>
#include <cstring>
#include <fstream>
#include <iterator>
#include <thread>
#include <vector>

#include "tests/stress/pcm.h"
#include "tests/stress/soak.h"
#include "tests/stress/violation.h"

namespace dmasim::stress {
namespace {

Plan shape(Dice& dice) {
  Plan plan;
  plan.format = SND_PCM_FORMAT_S32_LE;
  plan.channels = 1;
  plan.rate_hz = dice.pick(std::array{44100U, 48000U, 96000U});
  plan.period_frames = dice.pick(std::array{128U, 240U, 1000U});
  plan.periods = dice.between(2, 6);
  plan.fifo_frames = dice.pick(std::array{0U, 16U, 300U, 6000U});
  plan.slow_callback_us = dice.pick(std::array{0U, 0U, 2000U, 30000U});
  plan.to_file = true;
  return plan;
}

std::vector<int32_t> contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::vector<char> bytes(std::istreambuf_iterator<char>(file), {});
  std::vector<int32_t> frames(bytes.size() / sizeof(int32_t));
  if (!frames.empty()) std::memcpy(frames.data(), bytes.data(), frames.size() * sizeof(int32_t));
  return frames;
}

/// Plays numbered frames, and is often late. `taken` has the frames of the successful writes.
class LateProgram {
 public:
  LateProgram(Station& station, const Plan& plan, const std::string& name)
      : station_(station), plan_(plan), pcm_(name, SND_PCM_STREAM_PLAYBACK, 0) {
    pcm_.configure(plan);
    pcm_.set_thresholds(plan.period_frames, station.dice.between(1, plan.period_frames), false);
  }

  void play() {
    const unsigned writes = station_.dice.between(3, 25);
    for (unsigned i = 0; i < writes; ++i) {
      station_.pulse.step("write");
      write(station_.dice.between(1, plan_.period_frames * plan_.periods));
      if (station_.dice.one_in(3)) be_late();
    }
    station_.pulse.step("drain");
    if (pcm_.state() == SND_PCM_STATE_XRUN) pcm_.prepare();
    const int drained = snd_pcm_drain(pcm_.get());
    expect(drained == 0 || drained == -EPIPE, "drain: " + std::to_string(drained));
    pcm_.close();
  }

  [[nodiscard]] const std::vector<int32_t>& taken() const { return taken_; }

 private:
  void write(unsigned count) {
    std::vector<int32_t> frames(count);
    for (int32_t& frame : frames) frame = ++next_;
    const snd_pcm_sframes_t done = snd_pcm_writei(pcm_.get(), frames.data(), count);
    if (done > 0) taken_.insert(taken_.end(), frames.begin(), frames.begin() + done);
    if (done == -EPIPE) return pcm_.prepare();
    expect_done(done, "snd_pcm_writei");
  }
  void be_late() {
    const unsigned buffer_us = plan_.period_frames * plan_.periods * 1000 / (plan_.rate_hz / 1000);
    std::this_thread::sleep_for(std::chrono::microseconds(station_.dice.below(2 * buffer_us)));
  }

  Station& station_;
  const Plan plan_;
  Pcm pcm_;
  int32_t next_ = 0;
  std::vector<int32_t> taken_;
};

}  // namespace

void soak_recording(Station& station) {
  const Plan plan = shape(station.dice);
  const HammerOptions options;
  const std::string path = station.scratch + ".raw";
  std::remove(path.c_str());
  LateProgram program(station, plan,
                      device_name(plan, options, "/dev/null", station.scratch) + ",CARD=recording" +
                          std::to_string(station.number));
  program.play();
  const std::vector<int32_t> recorded = contents(path);
  const std::vector<int32_t>& taken = program.taken();
  const auto differ =
      std::mismatch(recorded.begin(), recorded.end(), taken.begin(), taken.end()).first;
  expect(recorded == taken, "the file has " + std::to_string(recorded.size()) + " frames of " +
                                std::to_string(taken.size()) + " taken, and differs at " +
                                std::to_string(differ - recorded.begin()) + " with " +
                                describe(plan));
}

}  // namespace dmasim::stress
