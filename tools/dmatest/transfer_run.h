// SPDX-License-Identifier: LGPL-2.1-or-later
/// One transfer, from submit until its memory may be freed.
#pragma once

#include <memory>
#include <string>

#include "tools/dmatest/report.h"
#include "tools/dmatest/test_channel.h"

namespace dmasim::dmatest {

/// How the transfer must end.
enum class Ending : uint8_t {
  by_itself,        ///< without a termination; a cyclic one is terminated after `periods`
  terminate_sync,   ///< by terminate_sync at `moment_ns`
  terminate_async,  ///< by terminate_async at `moment_ns`, then synchronize
  in_callback,      ///< its own callback terminates the channel
};

struct Plan {
  Ending ending = Ending::by_itself;
  int64_t moment_ns = 0;      ///< counted from issue on
  uint64_t periods = 1;       ///< periods to wait for
  uint64_t period_bytes = 0;  ///< 0: not cyclic
  int64_t timeout_ns = 0;
};

/// How the transfer has ended.
struct End {
  bool called_back = false;  ///< called back for all periods of the plan
  bool terminated = false;   ///< before that, or in the callback, or at the drawn moment
  bool by_others = false;
  Pending::Progress progress;
  std::string complaint;
};

/// THREADS  only the thread that made it. Buffers may be freed when run() has returned.
class TransferRun {
 public:
  TransferRun(TestChannel& channel, Report& report, const Plan& plan)
      : channel_(channel),
        report_(report),
        plan_(plan),
        pending_(std::make_shared<Pending>(plan.periods, plan.period_bytes)) {}

  End run(TxDescriptor& transfer);

 private:
  struct Life {};

  void arm(TxDescriptor& transfer);
  void wait_for_end();
  void end_at_moment();
  void on_called_back();
  bool on_terminated();
  void terminate(bool sync);
  void complain(const char* what);
  [[nodiscard]] bool cyclic() const noexcept { return plan_.period_bytes > 0; }

  TestChannel& channel_;
  Report& report_;
  const Plan plan_;
  const std::shared_ptr<Pending> pending_;
  std::weak_ptr<Life> descriptor_;  // expired when the channel has freed the descriptor
  Cookie cookie_{};
  int64_t deadline_ns_ = 0;
  End end_;
};

}  // namespace dmasim::dmatest
