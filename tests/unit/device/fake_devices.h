// SPDX-License-Identifier: LGPL-2.1-or-later
/// A sink and a source that log their calls, for tests of the code that calls them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "engine/device/sink.h"
#include "engine/device/source.h"

namespace dmasim {

/// The log of the calls: "run 3", "stop 7", ... in their order. And the answers that they get.
struct FakeDevice {
  std::vector<std::string> calls;
  Result<void> looked{};
  Result<void> configured{};
  Result<void> flushed{};
  bool in_time = true;
  bool broken = false;
  bool holds = true;
  bool timed = true;
  bool has_volume = true;
  bool flush_at_exit = false;
  uint64_t movable_frames = UINT64_MAX;  ///< the room of a sink, the frames of a source
  std::function<void()> on_movable;
  std::string error_text;
  std::string name;
  SinkStats sink_stats;
  SourceStats source_stats;

  void note(const std::string& call, uint64_t number) {
    calls.push_back(call + ' ' + std::to_string(number));
  }
};

/// `device` outlives it.
class FakeSink final : public Sink, public TimedSink {
 public:
  explicit FakeSink(FakeDevice& device) : device_(device) {}

  Result<void> look(const PcmFormat& format) override {
    device_.note("look", format.channels);
    return device_.looked;
  }
  Result<void> configure(const PcmFormat&, uint64_t burst_frames) override {
    device_.note("configure", burst_frames);
    return device_.configured;
  }
  [[nodiscard]] bool holds_rates(const PcmFormat&, uint32_t) const noexcept override {
    return device_.holds;
  }
  [[nodiscard]] bool has_volume() const noexcept override { return device_.has_volume; }
  [[nodiscard]] bool flush_at_exit() const noexcept override { return device_.flush_at_exit; }
  void write(std::span<const std::byte> bytes, bool committed) noexcept override {
    device_.note(committed ? "write" : "leftovers", bytes.size());
  }
  [[nodiscard]] TimedSink* timed() noexcept override { return device_.timed ? this : nullptr; }
  void commit(std::span<const std::byte>, uint64_t end) noexcept override {
    device_.note("commit", end);
  }
  void free_run(std::span<const std::byte>, uint64_t from, uint64_t to) noexcept override {
    device_.note("free run", to - from);
  }
  bool run(const FrameTime&, uint64_t depth, uint64_t frame) noexcept override {
    device_.note("run", frame + depth);
    return device_.in_time;
  }
  void pause(uint64_t frame) noexcept override { device_.note("pause", frame); }
  void stop(uint64_t frame) noexcept override { device_.note("stop", frame); }
  [[nodiscard]] uint64_t room_frames(uint64_t wanted) noexcept override {
    return std::min(wanted, device_.movable_frames);
  }
  void on_room(const std::function<void()>& on_room) override { device_.on_movable = on_room; }
  void release() noexcept override { device_.calls.emplace_back("release"); }
  void flush_async() noexcept override { device_.calls.emplace_back("flush_async"); }
  Result<void> flush() override {
    device_.calls.emplace_back("flush");
    return device_.flushed;
  }
  [[nodiscard]] SinkStats stats() const noexcept override { return device_.sink_stats; }
  [[nodiscard]] std::string recorded_into() const override { return device_.name; }
  [[nodiscard]] std::string explain() const override { return device_.error_text; }

 private:
  FakeDevice& device_;
};

/// `device` outlives it.
class FakeSource final : public Source, public TimedSource {
 public:
  explicit FakeSource(FakeDevice& device) : device_(device) {}

  Result<void> look(const PcmFormat& format) override {
    device_.note("look", format.channels);
    return device_.looked;
  }
  Result<void> configure(const PcmFormat&, uint64_t burst_frames) override {
    device_.note("configure", burst_frames);
    return device_.configured;
  }
  void read(std::span<std::byte> out) noexcept override { device_.note("read", out.size()); }
  void skip(uint64_t bytes) noexcept override { device_.note("skip", bytes); }
  [[nodiscard]] uint64_t ready_frames(uint64_t wanted) noexcept override {
    return std::min(wanted, device_.movable_frames);
  }
  void on_ready(const std::function<void()>& on_ready) override { device_.on_movable = on_ready; }
  [[nodiscard]] TimedSource* timed() noexcept override { return device_.timed ? this : nullptr; }
  void run(const FrameTime&, uint64_t frame) noexcept override { device_.note("run", frame); }
  void stop() noexcept override { device_.calls.emplace_back("stop"); }
  [[nodiscard]] bool broken() const noexcept override { return device_.broken; }
  [[nodiscard]] std::string explain() const override { return device_.error_text; }
  [[nodiscard]] SourceStats stats() const noexcept override { return device_.source_stats; }
  [[nodiscard]] bool makes(SampleFormat format) const noexcept override { return !is_dsd(format); }
  [[nodiscard]] std::optional<Shape> shape() const noexcept override {
    return Shape{.channels = 3, .rate_hz = 44100};
  }

 private:
  FakeDevice& device_;
};

}  // namespace dmasim
