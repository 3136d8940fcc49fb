// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/device/tee_sink.h"

#include <utility>

namespace dmasim {
namespace {

class TeeSink final : public Sink, public TimedSink {
 public:
  TeeSink(std::unique_ptr<Sink> first, std::unique_ptr<Sink> second) noexcept
      : first_(std::move(first)),
        second_(std::move(second)),
        first_timed_(first_->timed()),
        second_timed_(second_->timed()) {}

  /// In the order of configure(), so that the same sink is named as the reason.
  Result<void> look(const PcmFormat& format) override {
    if (auto looked = second_->look(format); !looked) return looked;
    return first_->look(format);
  }
  /// The second sink first: if its cable is in use, the file of the first sink stays untouched. If
  /// the file is in use, the second sink releases its cable.
  Result<void> configure(const PcmFormat& format, uint64_t burst_frames) override {
    if (auto ready = second_->configure(format, burst_frames); !ready) return ready;
    auto ready = first_->configure(format, burst_frames);
    if (!ready) second_->release();
    return ready;
  }
  [[nodiscard]] bool holds_rates(const PcmFormat& format,
                                 uint32_t most_hz) const noexcept override {
    return first_->holds_rates(format, most_hz) && second_->holds_rates(format, most_hz);
  }
  [[nodiscard]] bool has_volume() const noexcept override {
    return first_->has_volume() || second_->has_volume();
  }
  [[nodiscard]] bool flush_at_exit() const noexcept override {
    return first_->flush_at_exit() || second_->flush_at_exit();
  }
  void release() noexcept override {
    first_->release();
    second_->release();
  }
  /// Itself if both need times. Else the one that does, without a detour.
  [[nodiscard]] TimedSink* timed() noexcept override {
    if (first_timed_ == nullptr) return second_timed_;
    return second_timed_ == nullptr ? first_timed_ : this;
  }
  void write(std::span<const std::byte> bytes, bool committed) noexcept override {
    first_->write(bytes, committed);
    second_->write(bytes, committed);
  }
  void commit(std::span<const std::byte> ring, uint64_t end) noexcept override {
    first_timed_->commit(ring, end);
    second_timed_->commit(ring, end);
  }
  void free_run(std::span<const std::byte> ring, uint64_t from, uint64_t to) noexcept override {
    first_timed_->free_run(ring, from, to);
    second_timed_->free_run(ring, from, to);
  }
  bool run(const FrameTime& time, uint64_t depth, uint64_t frame) noexcept override {
    const bool first = first_timed_->run(time, depth, frame);
    return second_timed_->run(time, depth, frame) && first;
  }
  void pause(uint64_t frame) noexcept override {
    first_timed_->pause(frame);
    second_timed_->pause(frame);
  }
  void stop(uint64_t frame) noexcept override {
    first_timed_->stop(frame);
    second_timed_->stop(frame);
  }
  /// If the first has too little, the second one's room does not matter.
  [[nodiscard]] uint64_t room_frames(uint64_t wanted) noexcept override {
    return second_->room_frames(first_->room_frames(wanted));
  }
  void on_room(const std::function<void()>& on_room) override {
    first_->on_room(on_room);
    second_->on_room(on_room);
  }
  void flush_async() noexcept override {
    first_->flush_async();
    second_->flush_async();
  }
  Result<void> flush() override {
    const auto first = first_->flush();
    const auto second = second_->flush();
    return first ? second : first;
  }
  [[nodiscard]] SinkStats stats() const noexcept override {
    SinkStats both = first_->stats();
    const SinkStats second = second_->stats();
    both.lost_frames += second.lost_frames;
    if (both.last_error == 0) both.last_error = second.last_error;
    return both;
  }
  [[nodiscard]] std::string recorded_into() const override {
    std::string name = first_->recorded_into();
    return name.empty() ? second_->recorded_into() : name;
  }
  [[nodiscard]] std::string explain() const override {
    std::string text = second_->explain();
    return text.empty() ? first_->explain() : text;
  }

 private:
  const std::unique_ptr<Sink> first_;
  const std::unique_ptr<Sink> second_;
  TimedSink* const first_timed_;
  TimedSink* const second_timed_;
};

}  // namespace

std::unique_ptr<Sink> make_tee_sink(std::unique_ptr<Sink> first, std::unique_ptr<Sink> second) {
  return std::make_unique<TeeSink>(std::move(first), std::move(second));
}

}  // namespace dmasim
