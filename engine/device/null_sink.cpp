// SPDX-License-Identifier: LGPL-2.1-or-later
#include <atomic>
#include <cerrno>

#include "engine/device/sink.h"

namespace dmasim {
namespace {

class NullSink final : public Sink {
 public:
  Result<void> configure(const PcmFormat& format, uint64_t) override {
    if (format.channels == 0) return Errno{EINVAL};
    frame_bytes_ = format.frame_bytes();
    return {};
  }

  void write(std::span<const std::byte> bytes, bool committed) noexcept override {
    if (!committed) return;
    const uint64_t before = written_frames_.load(std::memory_order_relaxed);
    written_frames_.store(before + bytes.size() / frame_bytes_, std::memory_order_relaxed);
  }

  [[nodiscard]] bool has_volume() const noexcept override { return false; }
  void flush_async() noexcept override {}
  Result<void> flush() override { return {}; }

  [[nodiscard]] SinkStats stats() const noexcept override {
    return {.written_frames = written_frames_.load(std::memory_order_relaxed)};
  }

 private:
  size_t frame_bytes_ = 1;  // set before a transfer, constant during it
  // Atomic, because write() is called under the channel's lock and stats() under none. One thread
  // writes at a time, and nothing else depends on the order, so relaxed is enough.
  std::atomic<uint64_t> written_frames_{0};
};

}  // namespace

std::unique_ptr<Sink> make_null_sink() { return std::make_unique<NullSink>(); }

}  // namespace dmasim
