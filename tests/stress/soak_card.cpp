// SPDX-License-Identifier: LGPL-2.1-or-later
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <set>
#include <thread>

#include "tests/stress/partner.h"
#include "tests/stress/pcm.h"
#include "tests/stress/soak.h"
#include "tests/stress/violation.h"

namespace dmasim::stress {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::array kRates{8000U, 44100U, 48000U, 96000U, 192000U, 384000U, 768000U};
constexpr long kDropped = -EIO;  // the result of alsa-lib for a caller that a drop wakes

void check(const char* call, long answer, const std::set<long>& fine) {
  expect(answer >= 0 || fine.contains(answer), std::string(call) + ": " + std::to_string(answer));
}

/// Sets only some of the parameters, and ignores errors, as some programs do.
void configure_by_halves(snd_pcm_t* pcm, Dice& dice) {
  snd_pcm_hw_params_t* params = nullptr;
  snd_pcm_hw_params_alloca(&params);
  snd_pcm_hw_params_any(pcm, params);
  snd_pcm_uframes_t period = dice.pick(std::array{16U, 250U, 1000U, 4800U});
  snd_pcm_uframes_t buffer = dice.pick(std::array{64U, 1937U, 5500U, 100000U});
  if (dice.one_in(2)) {
    snd_pcm_hw_params_set_access(pcm, params, SND_PCM_ACCESS_MMAP_INTERLEAVED);
  }
  if (dice.one_in(2)) snd_pcm_hw_params_set_rate(pcm, params, dice.pick(kRates), 0);
  if (dice.one_in(2)) snd_pcm_hw_params_set_period_size_near(pcm, params, &period, nullptr);
  if (dice.one_in(2)) snd_pcm_hw_params_set_buffer_size_near(pcm, params, &buffer);
  if (dice.one_in(4)) snd_pcm_hw_params_set_channels(pcm, params, dice.below(40));
  check("hw_params", snd_pcm_hw_params(pcm, params), {-EINVAL});
}

/// One cycle: a PCM and its three threads.
class Visit {
 public:
  Visit(Station& station, const Plan& plan)
      : station_(station),
        plan_(plan),
        dice_of_the_asker_(station.dice.below(1U << 30), 0),
        pcm_(name(), plan.stream, 0) {}

  void run() {
    station_.pulse.step("configure");
    if (station_.dice.one_in(3)) configure_by_halves(pcm_.get(), station_.dice);
    pcm_.configure(plan_);
    const auto until = Clock::now() + std::chrono::milliseconds(station_.dice.between(20, 300));
    Partner mover;
    Partner asker;
    mover.begin([this] { repeat([this] { move(); }); });
    asker.begin([this] { repeat([this] { ask(); }); });
    {
      const std::shared_ptr<void> ending(nullptr, [this](void*) { end(); });
      while (Clock::now() < until) disturb();
    }
    mover.wait();
    asker.wait();
    pcm_.close();
  }

 private:
  std::string name() const {
    HammerOptions options;
    options.completion = plan_.starts == 1 ? "channel" : "shared";
    return device_name(plan_, options, "/dev/null", station_.scratch) + ",CARD=" + kSoakCard +
           options.completion;
  }

  /// Ends both threads. A drop ends each blocked call.
  void end() {
    over_ = true;
    station_.pulse.step("end");
    while (at_work_ > 0) static_cast<void>(snd_pcm_drop(pcm_.get()));
  }

  void repeat(const std::function<void()>& body) {
    const std::shared_ptr<void> leaving(nullptr, [this](void*) { --at_work_; });
    while (!over_) body();
  }

  void move() {
    const bool piece = pcm_.mmap() && plan_.actions % 2 == 0;
    const snd_pcm_sframes_t moved =
        piece ? pcm_.transfer_piece(plan_.period_frames) : pcm_.transfer(plan_.period_frames + 7);
    check("transfer", moved, {-EPIPE, -EBADFD, kDropped});
    if (moved > 0) return;
    check("prepare", snd_pcm_prepare(pcm_.get()), {-EBUSY});
    std::this_thread::yield();
  }

  void ask() {
    snd_pcm_t* pcm = pcm_.get();
    snd_pcm_status_t* status = nullptr;
    snd_pcm_status_alloca(&status);
    snd_pcm_sframes_t frames = 0;
    snd_pcm_uframes_t avail = 0;
    snd_htimestamp_t time{};
    switch (dice_of_the_asker_.below(8)) {
      case 0:
        return check("status", snd_pcm_status(pcm, status), {});
      case 1:
        return check("delay", snd_pcm_delay(pcm, &frames), {-EPIPE, -EBADFD});
      case 2:
        return check("avail", snd_pcm_avail(pcm), {-EPIPE, -EBADFD});
      case 3:
        return check("htimestamp", snd_pcm_htimestamp(pcm, &avail, &time), {-EPIPE, -EBADFD});
      case 4:
        return check("wait", snd_pcm_wait(pcm, 5), {-EPIPE, kDropped});
      case 5:
        return check("hwsync", snd_pcm_hwsync(pcm), {-EPIPE, -EBADFD});
      case 6:
        return check("rewindable", snd_pcm_rewindable(pcm), {-EPIPE, -EBADFD});
      default:
        return check("avail_delay", snd_pcm_avail_delay(pcm, &frames, &frames), {-EPIPE, -EBADFD});
    }
  }

  void disturb() {
    snd_pcm_t* pcm = pcm_.get();
    Dice& dice = station_.dice;
    station_.pulse.step("disturb");
    switch (dice.below(8)) {
      case 0:
        check("pause", snd_pcm_pause(pcm, 1), {-EBADFD});
        check("release", snd_pcm_pause(pcm, 0), {-EBADFD});
        break;
      case 1:
        check("drop", snd_pcm_drop(pcm), {});
        check("prepare", snd_pcm_prepare(pcm), {-EBUSY});
        check("start", snd_pcm_start(pcm), {-EPIPE, -EBADFD});
        break;
      case 2:
        check("prepare", snd_pcm_prepare(pcm), {-EBUSY});
        break;
      case 3:
        check("thresholds",
              pcm_.set_thresholds(dice.between(1, plan_.period_frames), 1, dice.one_in(8)),
              {-EPIPE});
        break;
      default:
        std::this_thread::sleep_for(std::chrono::microseconds(dice.below(3000)));
        break;
    }
  }

  Station& station_;
  const Plan plan_;
  Dice dice_of_the_asker_;
  Pcm pcm_;
  std::atomic<bool> over_{false};
  std::atomic<int> at_work_{2};
};

}  // namespace

void soak_card(Station& station) {
  HammerOptions options;
  Plan plan = draw_plan(station.dice, options);
  plan.rate_hz = station.dice.pick(kRates);
  Visit(station, plan).run();
}

}  // namespace dmasim::stress
