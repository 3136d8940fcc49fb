// SPDX-License-Identifier: LGPL-2.1-or-later
/// The worker's partner thread makes calls on the PCM while the worker is inside a call.
///
/// With alsa-lib's lock, any call is allowed. Without it (LIBASOUND_THREAD_SAFE=0, SND_PCM_ASYNC),
/// an application must not make two calls at a time, because no lock guards alsa-lib's fields.
/// These calls are still safe:
///
///   drop_poller   The worker is in poll(2), not in alsa-lib, until the drop has returned.
///   abort_...     snd_pcm_abort is made for signal handlers. The blocked thread's handler calls
///   it. drop_writer   snd_pcm_drop writes the trigger time stamp and the state. A writer accesses
///   the time
///                 stamp only when it starts the stream, and this stream already runs. The state is
///                 one aligned word, which the completion callback stores at any time too, as a
///                 kernel does. If the writer still reads RUNNING, the POLLERR of the stopped PCM
///                 ends its call.
///
/// Two cases are left out. In a drop against a drain, both may store the trigger time stamp. And
/// prepare sets alsa-lib's pointers to zero while the writer uses them.
#include <poll.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <fstream>
#include <thread>

#include "tests/stress/cycle.h"
#include "tests/stress/violation.h"

namespace dmasim::stress {
namespace {

constexpr int kAbortSignal = SIGUSR1;
constexpr int kPollTimeoutMs = 10000;

thread_local snd_pcm_t* volatile t_abort_pcm = nullptr;

void on_abort_signal(int) {
  if (t_abort_pcm != nullptr) snd_pcm_abort(t_abort_pcm);
}

/// Whether the thread `tid` of this process sleeps in the kernel.
bool asleep(pid_t tid) {
  std::ifstream file("/proc/self/task/" + std::to_string(tid) + "/stat");
  std::string text;
  std::getline(file, text);
  const size_t name_end = text.rfind(')');
  return name_end != std::string::npos && text.size() > name_end + 2 && text[name_end + 2] == 'S';
}

/// Waits until the thread `tid` is blocked in its call. False if the thread has left the call
/// before.
bool await_blocked(pid_t tid, const std::atomic<bool>& in_call, unsigned then_us) {
  while (in_call.load() && !asleep(tid)) std::this_thread::yield();
  std::this_thread::sleep_for(std::chrono::microseconds(then_us));
  return in_call.load();
}

pid_t own_tid() { return static_cast<pid_t>(syscall(SYS_gettid)); }

}  // namespace

void install_abort_handler() {
  struct sigaction action {};
  action.sa_handler = on_abort_signal;
  sigemptyset(&action.sa_mask);
  sigaction(kAbortSignal, &action, nullptr);  // without SA_RESTART, so that poll(2) returns
}

void Cycle::intrude() {
  if (plan_.intrusion == Intrusion::none) return;
  pcm_.set_nonblock(false);
  ensure_running();
  switch (plan_.intrusion) {
    case Intrusion::none:
      break;
    case Intrusion::drop_writer:
      drop_against_writer();
      break;
    case Intrusion::drop_poller:
      drop_against_poller();
      break;
    case Intrusion::abort_writer:
      abort_against_writer();
      break;
    case Intrusion::abort_drain:
      abort_against_drain();
      break;
    case Intrusion::drop_drain:
      drop_against_drain();
      break;
    case Intrusion::restart_writer:
      restart_against_writer();
      break;
    case Intrusion::pause_writer:
      pause_against_writer();
      break;
    case Intrusion::ask:
      ask_beside_writer();
      break;
  }
  pcm_.set_nonblock(plan_.nonblock);
}

void Cycle::drop_against_writer() {
  step("transfer, dropped by another thread");
  std::atomic<bool> in_call{true};
  bool hit = false;
  worker_.partner.begin([&, tid = own_tid(), us = worker_.dice.below(300)] {
    hit = await_blocked(tid, in_call, us);
    expect_done(snd_pcm_drop(pcm_.get()), "snd_pcm_drop");
  });
  const snd_pcm_sframes_t done = pcm_.transfer(kMostFrames);
  in_call = false;
  worker_.partner.wait();
  note_xrun(done);
  expect(done >= 0 || done == -EPIPE || done == -EBADFD || done == -EIO,
         "transfer against drop: " + std::to_string(done));
  expect(pcm_.state() == SND_PCM_STATE_SETUP, "drop leads to SETUP");
  const bool cut = done >= 0 ? done < static_cast<snd_pcm_sframes_t>(kMostFrames) : done != -EPIPE;
  if (hit && cut) ++worker_.tally.drops_against_writer;
}

void Cycle::drop_against_poller() {
  step("poll, dropped by another thread");
  // The whole buffer: the descriptor becomes ready only when the ring is empty, or for capture
  // full.
  pcm_.set_thresholds(pcm_.buffer_frames(), pcm_.buffer_frames(), plan_.free_running);
  pollfd descriptor{};
  expect(snd_pcm_poll_descriptors(pcm_.get(), &descriptor, 1) == 1, "one descriptor");
  std::atomic<bool> in_call{true};
  bool hit = false;
  worker_.partner.begin([&, tid = own_tid(), us = worker_.dice.below(100)] {
    hit = await_blocked(tid, in_call, us);
    expect_done(snd_pcm_drop(pcm_.get()), "snd_pcm_drop");
  });
  const int ready = poll(&descriptor, 1, kPollTimeoutMs);
  in_call = false;
  worker_.partner.wait();
  expect(ready == 1, "a drop wakes who polls");
  expect(pcm_.state() == SND_PCM_STATE_SETUP, "drop leads to SETUP");
  if (hit) ++worker_.tally.drops_against_poller;
}

void Cycle::drop_against_drain() {
  step("drain, dropped by another thread");
  std::atomic<bool> in_call{true};
  bool hit = false;
  worker_.partner.begin([&, tid = own_tid(), us = worker_.dice.below(300)] {
    hit = await_blocked(tid, in_call, us);
    expect_done(snd_pcm_drop(pcm_.get()), "snd_pcm_drop");
  });
  const int err = snd_pcm_drain(pcm_.get());
  in_call = false;
  worker_.partner.wait();
  expect(err == 0 || err == -EPIPE, std::string("drain against drop: ") + snd_strerror(err));
  expect(pcm_.state() == SND_PCM_STATE_SETUP, "drop leads to SETUP");
  if (hit) ++worker_.tally.drops_against_drain;
}

void Cycle::restart_against_writer() {
  step("transfer, restarted by another thread");
  std::atomic<bool> in_call{true};
  bool hit = false;
  worker_.partner.begin([&, tid = own_tid(), us = worker_.dice.below(300)] {
    hit = await_blocked(tid, in_call, us);
    expect_done(snd_pcm_drop(pcm_.get()), "snd_pcm_drop");
    const int err = snd_pcm_prepare(pcm_.get());
    expect(err == 0, std::string("prepare after drop: ") + snd_strerror(err));
    // A writer can write to a prepared PCM. But a reader that slept during the drop needs a PCM
    // that has been started.
    if (!pcm_.playback()) snd_pcm_start(pcm_.get());
  });
  const snd_pcm_sframes_t done = pcm_.transfer(kMostFrames);
  in_call = false;
  worker_.partner.wait();
  note_xrun(done);
  expect(done >= 0 || done == -EPIPE || done == -EBADFD || done == -EIO,
         "transfer against drop and prepare: " + std::to_string(done));
  if (hit) ++worker_.tally.restarts_against_writer;
}

void Cycle::pause_against_writer() {
  step("transfer, paused by another thread");
  std::atomic<bool> in_call{true};
  bool hit = false;
  worker_.partner.begin([&, tid = own_tid(), us = worker_.dice.below(300)] {
    const bool blocked = await_blocked(tid, in_call, us);
    if (snd_pcm_pause(pcm_.get(), 1) < 0)
      return;  // there was an xrun, or the worker has written everything
    std::this_thread::sleep_for(std::chrono::microseconds(us));
    expect_done(snd_pcm_pause(pcm_.get(), 0), "snd_pcm_pause(0)");
    hit = blocked;
  });
  const snd_pcm_sframes_t done = pcm_.transfer(kMostFrames);
  in_call = false;
  worker_.partner.wait();
  note_xrun(done);
  expect(done >= 0 || done == -EPIPE, "transfer against pause: " + std::to_string(done));
  if (hit) ++worker_.tally.pauses_against_writer;
}

/// Sends the signal until the call has ended, because the first one may come before the worker is
/// in poll(2).
void Cycle::abort_against_writer() {
  step("transfer, aborted by a signal");
  std::atomic<bool> in_call{true};
  worker_.partner.begin([&, worker = pthread_self(), tid = own_tid()] {
    await_blocked(tid, in_call, 0);
    while (in_call.load()) {
      pthread_kill(worker, kAbortSignal);
      std::this_thread::sleep_for(std::chrono::microseconds(50));
    }
  });
  t_abort_pcm = pcm_.get();
  const snd_pcm_sframes_t done = pcm_.transfer(kMostFrames);
  in_call = false;
  worker_.partner.wait();
  t_abort_pcm = nullptr;
  note_xrun(done);
  expect(done >= 0 || done == -EPIPE || done == -EINTR || done == -EAGAIN,
         "transfer against abort: " + std::to_string(done));
  if (done == -EINTR) ++worker_.tally.aborts_of_writer;
}

void Cycle::abort_against_drain() {
  step("drain, aborted by a signal");
  std::atomic<bool> in_call{true};
  worker_.partner.begin([&, worker = pthread_self(), tid = own_tid()] {
    await_blocked(tid, in_call, 0);
    while (in_call.load()) {
      pthread_kill(worker, kAbortSignal);
      std::this_thread::sleep_for(std::chrono::microseconds(50));
    }
  });
  t_abort_pcm = pcm_.get();
  const int err = snd_pcm_drain(pcm_.get());
  in_call = false;
  worker_.partner.wait();
  t_abort_pcm = nullptr;
  expect(err == 0 || err == -EINTR || err == -EPIPE || err == -EAGAIN,
         std::string("drain against abort: ") + snd_strerror(err));
  if (err == -EINTR) ++worker_.tally.aborts_of_drain;
}

void Cycle::ask_beside_writer() {
  step("transfer, another thread asks");
  std::atomic<bool> in_call{true};
  worker_.partner.begin([&] {
    snd_pcm_status_t* status = nullptr;
    snd_pcm_status_alloca(&status);
    for (unsigned i = 0; i < 50 && in_call.load(); ++i) {
      snd_pcm_sframes_t avail = 0;
      snd_pcm_sframes_t delay = 0;
      snd_pcm_avail_delay(pcm_.get(), &avail, &delay);
      snd_pcm_status(pcm_.get(), status);
      snd_pcm_hwsync(pcm_.get());
      std::this_thread::yield();
    }
  });
  const snd_pcm_sframes_t done = pcm_.transfer(pcm_.buffer_frames());
  in_call = false;
  worker_.partner.wait();
  note_xrun(done);
  expect(done >= 0 || done == -EPIPE, "transfer beside questions: " + std::to_string(done));
}

}  // namespace dmasim::stress
