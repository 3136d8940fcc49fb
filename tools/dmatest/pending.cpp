// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tools/dmatest/pending.h"

namespace dmasim::dmatest {

Pending::Noted Pending::note(const TxResult& result) {
  MutexLock guard(lock_);
  if (closed_) return Noted::too_late;
  judge(result);
  ++progress_.callbacks;
  progress_.periods += result.periods;
  progress_.transferred_bytes = result.transferred_bytes;
  if (!enough()) return Noted::more_to_come;
  changed_.notify_all();
  return Noted::enough;
}

void Pending::judge(const TxResult& result) {
  const char* complaint = nullptr;
  if (result.result != TxOutcome::noerror) {
    complaint = "the result is aborted";
  } else if (result.periods == 0) {
    complaint = "a callback that stands for no period";
  } else if (result.transferred_bytes < progress_.transferred_bytes) {
    complaint = "the position went back";
  } else if (period_bytes_ > 0 &&
             (progress_.periods + result.periods) != result.transferred_bytes / period_bytes_) {
    complaint = "periods reported and bytes transferred disagree";
  } else if (period_bytes_ == 0 && (progress_.callbacks > 0 || result.residue_bytes > 0)) {
    complaint = "a transfer calls back once, when nothing is left";
  }
  if (complaint != nullptr && progress_.complaint.empty()) progress_.complaint = complaint;
}

void Pending::set_terminated() {
  MutexLock guard(lock_);
  terminated_ = true;
  changed_.notify_all();
}

Pending::Event Pending::wait_until(int64_t deadline_ns) {
  MutexLock guard(lock_);
  bool in_time = true;
  while (!enough() && !terminated_ && in_time) in_time = changed_.wait_until(lock_, deadline_ns);
  if (enough()) return Event::called_back;
  if (!terminated_) return Event::late;
  terminated_ = false;
  return Event::terminated;
}

Pending::Progress Pending::close() {
  MutexLock guard(lock_);
  closed_ = true;
  return progress_;
}

}  // namespace dmasim::dmatest
