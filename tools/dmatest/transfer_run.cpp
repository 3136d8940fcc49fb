// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tools/dmatest/transfer_run.h"

#include <algorithm>

namespace dmasim::dmatest {

End TransferRun::run(TxDescriptor& transfer) {
  arm(transfer);
  const TestChannel::Watch watch(channel_, *pending_);
  const Result<Cookie> cookie = channel_.channel().submit(transfer);
  if (!cookie) {
    complain("submit is refused");
    if (!channel_.channel().desc_free(transfer)) complain("desc_free is refused");
    return end_;
  }
  cookie_ = *cookie;
  channel_.channel().issue_pending();
  if (cyclic()) channel_.channel().set_commit_limit(plan_.periods * plan_.period_bytes);
  wait_for_end();
  end_.progress = pending_->close();
  return end_;
}

void TransferRun::arm(TxDescriptor& transfer) {
  auto life = std::make_shared<Life>();
  descriptor_ = life;
  transfer.callback = [pending = pending_, life = std::move(life), &channel = channel_,
                       &report = report_,
                       mischief = plan_.ending == Ending::in_callback](const TxResult& result) {
    const Pending::Noted noted = pending->note(result);
    if (noted == Pending::Noted::too_late) {
      report.fail(channel.name(), "a callback began after synchronize");
    }
    if (!mischief || noted != Pending::Noted::enough) return;
    channel.terminate_async();
    report.count_termination_in_callback();
  };
}

void TransferRun::wait_for_end() {
  const int64_t now_ns = RealtimeClock().now_ns();
  deadline_ns_ = now_ns + plan_.timeout_ns;
  const bool at_moment =
      plan_.ending == Ending::terminate_sync || plan_.ending == Ending::terminate_async;
  const int64_t moment_ns = std::min(deadline_ns_, now_ns + plan_.moment_ns);
  for (bool over = false; !over;) {
    switch (pending_->wait_until(at_moment ? moment_ns : deadline_ns_)) {
      case Pending::Event::called_back:
        on_called_back();
        over = true;
        break;
      case Pending::Event::terminated:
        over = on_terminated();
        break;
      case Pending::Event::late:
        if (at_moment) {
          end_at_moment();
        } else {
          complain("timed out");
          terminate(true);
        }
        over = true;
        break;
    }
  }
}

/// The callback may have come before the termination. Then the transfer is complete.
void TransferRun::end_at_moment() {
  terminate(plan_.ending == Ending::terminate_sync);
  end_.called_back = pending_->wait_until(0) == Pending::Event::called_back;
  end_.terminated = !end_.called_back || cyclic();
}

void TransferRun::on_called_back() {
  end_.called_back = true;
  if (!cyclic()) return;
  end_.terminated = plan_.ending == Ending::in_callback;
  if (end_.terminated) {
    terminate(true);  // the callback may not have terminated the channel yet
  } else {
    terminate(cookie_.value % 2 == 0);
  }
}

/// Another thread or a callback has terminated the channel. Answers whether this transfer has
/// ended.
bool TransferRun::on_terminated() {
  const bool hit = channel_.channel().tx_status(cookie_).status == DmaStatus::error;
  if (!channel_.channel().synchronize()) complain("synchronize is refused");
  if (!descriptor_.expired()) {
    if (hit) complain("a terminated descriptor outlived synchronize");
    return hit;
  }
  end_.called_back = pending_->wait_until(0) == Pending::Event::called_back;
  end_.terminated = !end_.called_back;
  end_.by_others = end_.terminated;
  return true;
}

void TransferRun::terminate(bool sync) {
  if (sync) {
    if (!channel_.terminate_sync()) complain("terminate_sync is refused");
  } else {
    channel_.terminate_async();
    if (!channel_.channel().synchronize()) complain("synchronize is refused");
  }
  if (!descriptor_.expired()) complain("a terminated descriptor outlived synchronize");
}

void TransferRun::complain(const char* what) {
  if (end_.complaint.empty()) end_.complaint = what;
}

}  // namespace dmasim::dmatest
