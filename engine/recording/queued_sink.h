// SPDX-License-Identifier: LGPL-2.1-or-later
/// A sink that keeps a slow recorder away from the hardware role: frames wait in bounded memory for
/// an I/O thread, which sleeps while there are none.
///
/// LOCKING   no other lock is taken under lock_, and nothing under it waits for disk or memory.
/// THREADS   as Sink says. [IO] is the thread `dmasim-sink`. The first configure() starts it.
/// LIFETIME  each format has a Take: its queue and its recording. [IO] empties, finishes and
///           removes all takes but the newest one. That one stays.
#pragma once

#include <list>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/client_call.h"
#include "engine/base/clock.h"
#include "engine/base/sync.h"
#include "engine/device/explanation.h"
#include "engine/device/sink.h"
#include "engine/pcm/byte_queue.h"
#include "engine/recording/file_sink.h"
#include "engine/recording/recording.h"

namespace dmasim {

class QueuedSink final : public Sink {
 public:
  QueuedSink(std::unique_ptr<Recorder> recorder, const FileSinkOptions& options) noexcept;
  /// [setup] Calls flush(), then waits for a write(2) that has not returned yet.
  ~QueuedSink() override DMASIM_EXCLUDES(lock_);

  Result<void> look(const PcmFormat& format) override DMASIM_EXCLUDES(lock_);
  Result<void> configure(const PcmFormat& format, uint64_t burst_frames) override
      DMASIM_EXCLUDES(lock_);
  [[nodiscard]] bool holds_rates(const PcmFormat& format,
                                 uint32_t most_hz) const noexcept override {
    return recorder_->holds_rates(format, most_hz);
  }
  [[nodiscard]] bool flush_at_exit() const noexcept override { return true; }
  void write(std::span<const std::byte> bytes, bool committed) noexcept override
      DMASIM_EXCLUDES(lock_);
  [[nodiscard]] uint64_t room_frames(uint64_t wanted) noexcept override DMASIM_EXCLUDES(lock_);
  void on_room(const std::function<void()>& on_room) override DMASIM_EXCLUDES(lock_);
  void flush_async() noexcept override DMASIM_EXCLUDES(lock_);
  Result<void> flush() override DMASIM_EXCLUDES(lock_);
  [[nodiscard]] SinkStats stats() const noexcept override DMASIM_EXCLUDES(lock_);
  [[nodiscard]] std::string recorded_into() const override DMASIM_EXCLUDES(lock_);
  [[nodiscard]] std::string explain() const override { return explanation_.text(); }

 private:
  struct Take {
    PcmFormat format;
    ByteQueue queue;                       // guarded by lock_
    bool begun = false;                    // guarded by lock_; the recording was synced once
    std::unique_ptr<Recording> recording;  // [IO] only
    std::vector<std::byte> chunk;          // [IO] only: frames just taken out of the queue
  };

  Result<void> prepare_take(const PcmFormat& format, uint64_t burst_frames) DMASIM_EXCLUDES(lock_);
  void ask_for_flush() noexcept DMASIM_REQUIRES(lock_);
  void give_up() noexcept DMASIM_REQUIRES(lock_);
  void lose(uint64_t frames, int error) noexcept DMASIM_REQUIRES(lock_);

  void serve() noexcept DMASIM_EXCLUDES(lock_);
  void finish_takes() noexcept DMASIM_REQUIRES(lock_);
  [[nodiscard]] bool has_work() const noexcept DMASIM_REQUIRES(lock_);
  [[nodiscard]] bool has_urgent_work() const noexcept DMASIM_REQUIRES(lock_);
  void work() noexcept DMASIM_REQUIRES(lock_);
  void move_out(Take& take) noexcept DMASIM_REQUIRES(lock_);
  void settle(const Recording::Kept& kept) noexcept DMASIM_REQUIRES(lock_);

  const std::unique_ptr<Recorder> recorder_;  // [setup] only, except holds_rates()
  const FileSinkOptions options_;
  const RealtimeClock clock_;

  mutable Mutex lock_;
  CondVar work_;      // for [IO]: see has_urgent_work(); or the first bytes while idle_
  CondVar progress_;  // for flush(): progress_count_ has changed
  std::list<Take> takes_ DMASIM_GUARDED_BY(lock_);
  std::shared_ptr<const std::string> name_ DMASIM_GUARDED_BY(lock_);  // null: none
  bool idle_ DMASIM_GUARDED_BY(lock_) = false;     // [IO] sleeps until it is woken
  bool running_ DMASIM_GUARDED_BY(lock_) = false;  // [IO] has been started
  bool stopping_ DMASIM_GUARDED_BY(lock_) = false;
  SinkStats stats_ DMASIM_GUARDED_BY(lock_);
  uint64_t reported_lost_frames_ DMASIM_GUARDED_BY(lock_) =
      0;                                               // lost_frames that flush() has reported
  bool sync_failed_ DMASIM_GUARDED_BY(lock_) = false;  // the newest sync() or finish() failed

  // Counts of frames since the sink was made. Each frame is counted in this order.
  uint64_t queued_frames_ DMASIM_GUARDED_BY(lock_) = 0;
  uint64_t settled_frames_ DMASIM_GUARDED_BY(lock_) = 0;    // written or lost
  uint64_t synced_frames_ DMASIM_GUARDED_BY(lock_) = 0;     // and a sync() was tried after them
  uint64_t flush_to_frames_ DMASIM_GUARDED_BY(lock_) = 0;   // a flush waits until all are synced
  uint64_t in_flight_frames_ DMASIM_GUARDED_BY(lock_) = 0;  // that [IO] is writing; 0 if given up
  uint64_t progress_count_ DMASIM_GUARDED_BY(lock_) = 0;

  ClientCall room_call_ DMASIM_GUARDED_BY(lock_);

  Explanation explanation_;
  Thread thread_;  // [setup] only
};

}  // namespace dmasim
