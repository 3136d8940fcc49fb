// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/debate/stage.h"

#include <memory>
#include <utility>

#include "tests/debate/explored_memory.h"
#include "tests/debate/stranger.h"
#include "tests/debate/substream.h"

namespace dmasim::debate {
namespace {

/// The actors of the hardware move this clock. No thread sleeps until a time, so each wait is for
/// another thread.
class ExploredClock final : public Clock {
 public:
  [[nodiscard]] int64_t now_ns() const noexcept override { return sim::now_ns(); }
  [[nodiscard]] int64_t wake_up_ns(int64_t) const noexcept override { return kNever; }
};

void name_parts(const DmaChannel& channel) {
  for (const DmaChannel::Part& part : channel.parts()) sim::name(part.at, part.name, part.bytes);
}

/// What the client's thread does at the end of a PCM.
void end_pcm(std::unique_ptr<Substream> pcm) {
  sim::add_to_story("calls drop");
  pcm->drop();
  sim::add_to_story("calls hw_free");
  pcm->hw_free();
  sim::add_to_story("calls close");
  Substream::close(std::move(pcm));
}

template <typename Advance>
void run_hardware(int periods, const Advance& advance) {
  for (int period = 1; period <= periods; ++period) {
    sim::advance_to(period * kPeriodNs);
    advance();
  }
}

}  // namespace

std::string to_text(const Scene& scene) {
  std::string text = scene.design->name;
  text += scene.topology == CompletionTopology::shared ? ", shared thread" : ", thread per channel";
  text += scene.xrun ? ", xrun" : ", no xrun";
  if (scene.stranger) text += ", beside a stranger";
  return text;
}

sim::Options options_of(const Scene&) { return {.patient = true, .collect_violations = true}; }

void play(const Scene& scene, sim::Program& program) {
  ExploredMemory memory;
  std::unique_ptr<DmaChannel> channel;
  std::unique_ptr<Stranger> stranger;
  const auto controller =
      make_controller(*scene.design, scene.topology, std::make_shared<ExploredClock>());
  channel = controller->request_chan(memory);
  if (scene.stranger) stranger = std::make_unique<Stranger>(*controller, memory);
  name_parts(*channel);
  auto pcm = std::make_unique<Substream>(Substream::Setting{
      .memory = memory, .channel = *channel, .design = *scene.design, .xrun = scene.xrun});
  sim::name(&pcm->lock(), "the PCM's lock");
  if (stranger) stranger->start();
  pcm->start();
  program.actor("client", [&] {
    end_pcm(std::move(pcm));
    if (stranger) stranger->pcm_closed();
  });
  program.actor("hardware", [&] { run_hardware(scene.periods, [&] { channel->advance(); }); });
  if (stranger) {
    program.actor("stranger's hardware", [&] { run_hardware(1, [&] { stranger->advance(); }); });
  }
  program.run();
  if (stranger) {
    stranger->expect_callback();
    stranger->release();
  }
  channel->release();
}

}  // namespace dmasim::debate
