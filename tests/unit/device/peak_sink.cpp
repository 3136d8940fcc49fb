// SPDX-License-Identifier: LGPL-2.1-or-later
/// docs/new-sink.md quotes this file. A test compares them.
#include "tests/unit/device/peak_sink.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "engine/base/sync.h"

namespace dmasim {
namespace {

class PeakSink final : public Sink {
 public:
  explicit PeakSink(std::function<void(int)> report) : report_(std::move(report)) {}

  Result<void> configure(const PcmFormat& format, uint64_t) override DMASIM_EXCLUDES(lock_) {
    if (!holds(format)) return Errno{EINVAL};
    MutexLock guard(lock_);
    frame_bytes_ = format.frame_bytes();
    return {};
  }

  void write(std::span<const std::byte> bytes, bool committed) noexcept override
      DMASIM_EXCLUDES(lock_) {
    if (!committed) return;  // what was left in the ring
    MutexLock guard(lock_);
    stats_.written_frames += bytes.size() / frame_bytes_;
    for (int16_t sample = 0; !bytes.empty(); bytes = bytes.subspan(sizeof sample)) {
      std::memcpy(&sample, bytes.data(), sizeof sample);
      peak_ = std::max(peak_, std::abs(int{sample}));
    }
  }

  void flush_async() noexcept override {}  // no frame waits here
  Result<void> flush() override DMASIM_EXCLUDES(lock_) {
    report_(peak());
    return {};
  }

  [[nodiscard]] bool holds_rates(const PcmFormat& format, uint32_t) const noexcept override {
    return format.sample == SampleFormat::s16_le && format.channels > 0;
  }
  [[nodiscard]] SinkStats stats() const noexcept override DMASIM_EXCLUDES(lock_) {
    MutexLock guard(lock_);
    return stats_;
  }

 private:
  [[nodiscard]] int peak() const noexcept DMASIM_EXCLUDES(lock_) {
    MutexLock guard(lock_);
    return peak_;
  }

  const std::function<void(int)> report_;

  mutable Mutex lock_;
  size_t frame_bytes_ DMASIM_GUARDED_BY(lock_) = 1;
  int peak_ DMASIM_GUARDED_BY(lock_) = 0;
  SinkStats stats_ DMASIM_GUARDED_BY(lock_);
};

}  // namespace

std::unique_ptr<Sink> make_peak_sink(std::function<void(int)> report) {
  return std::make_unique<PeakSink>(std::move(report));
}

}  // namespace dmasim
