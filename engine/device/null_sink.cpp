// SPDX-License-Identifier: LGPL-2.1-or-later
#include <cerrno>

#include "engine/base/sync.h"
#include "engine/device/sink.h"

namespace dmasim {
namespace {

class NullSink final : public Sink {
 public:
  Result<void> configure(const PcmFormat& format, uint64_t) override DMASIM_EXCLUDES(lock_) {
    if (format.channels == 0) return Errno{EINVAL};
    MutexLock guard(lock_);
    frame_bytes_ = format.frame_bytes();
    return {};
  }

  void write(std::span<const std::byte> bytes, bool committed) noexcept override
      DMASIM_EXCLUDES(lock_) {
    if (!committed) return;
    MutexLock guard(lock_);
    stats_.written_frames += bytes.size() / frame_bytes_;
  }

  [[nodiscard]] bool has_volume() const noexcept override { return false; }
  void flush_async() noexcept override {}
  Result<void> flush() override { return {}; }

  [[nodiscard]] SinkStats stats() const noexcept override DMASIM_EXCLUDES(lock_) {
    MutexLock guard(lock_);
    return stats_;
  }

 private:
  mutable Mutex lock_;
  size_t frame_bytes_ DMASIM_GUARDED_BY(lock_) = 1;
  SinkStats stats_ DMASIM_GUARDED_BY(lock_);
};

}  // namespace

std::unique_ptr<Sink> make_null_sink() { return std::make_unique<NullSink>(); }

}  // namespace dmasim
