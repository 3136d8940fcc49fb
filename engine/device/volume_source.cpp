// SPDX-License-Identifier: LGPL-2.1-or-later
#include <utility>

#include "engine/base/sync.h"
#include "engine/card/mixer_view.h"
#include "engine/device/volume.h"
#include "engine/pcm/gain.h"

namespace dmasim {
namespace {

/// LOCKING  no other lock is taken under lock_.
class VolumeSource final : public Source {
 public:
  VolumeSource(std::unique_ptr<Source> source, MixerPath path)
      : source_(std::move(source)),
        view_(std::move(path.card), std::move(path.clock), std::move(path.directory)) {}

  Result<void> look(const PcmFormat& format) override { return source_->look(format); }
  Result<void> configure(const PcmFormat& format, uint64_t burst_frames) override
      DMASIM_EXCLUDES(lock_) {
    if (auto ready = source_->configure(format, burst_frames); !ready) return ready;
    MutexLock guard(lock_);
    format_ = format;
    view_.begin();
    gain_ = acting_gain(format, view_.record().capture_gain());
    return {};
  }
  void read(std::span<std::byte> out) noexcept override DMASIM_EXCLUDES(lock_) {
    source_->read(out);
    MutexLock guard(lock_);
    if (view_.look()) gain_ = acting_gain(format_, view_.record().capture_gain());
    if (!gain_.unity()) apply_gain(format_, gain_, out, out.data());
  }
  void skip(uint64_t bytes) noexcept override { source_->skip(bytes); }
  [[nodiscard]] uint64_t ready_frames(uint64_t wanted) noexcept override {
    return source_->ready_frames(wanted);
  }
  void on_ready(const std::function<void()>& on_ready) override { source_->on_ready(on_ready); }
  /// The volume does not depend on time.
  [[nodiscard]] TimedSource* timed() noexcept override { return source_->timed(); }
  [[nodiscard]] std::string explain() const override { return source_->explain(); }
  [[nodiscard]] SourceStats stats() const noexcept override { return source_->stats(); }
  [[nodiscard]] bool makes(SampleFormat format) const noexcept override {
    return source_->makes(format);
  }
  [[nodiscard]] std::optional<Shape> shape() const noexcept override { return source_->shape(); }

 private:
  const std::unique_ptr<Source> source_;

  Mutex lock_;
  MixerView view_ DMASIM_GUARDED_BY(lock_);
  Gain gain_ DMASIM_GUARDED_BY(lock_);
  PcmFormat format_ DMASIM_GUARDED_BY(lock_);
};

}  // namespace

std::unique_ptr<Source> make_volume_source(std::unique_ptr<Source> source, MixerPath path) {
  return std::make_unique<VolumeSource>(std::move(source), std::move(path));
}

}  // namespace dmasim
