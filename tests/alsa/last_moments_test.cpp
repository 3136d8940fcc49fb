// SPDX-License-Identifier: LGPL-2.1-or-later
/// Programs that use the card while they end: in a handler of exit(), in the destructor of a static
/// object, and on a thread that goes on when main has returned.
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <thread>

#include "tests/alsa/forked.h"
#include "tests/alsa/pcm_fixture.h"

namespace dmasim::test {
namespace {

/// Opens, plays and closes a PCM, and opens a control. Answers 0, or the number of the call that
/// failed.
int use_the_card() {
  const Opened opened = try_open({}, SND_PCM_STREAM_PLAYBACK);
  if (opened.error != 0) return 10;
  snd_pcm_t* pcm = opened.pcm.get();
  const PcmSetup setup;
  if (set_hw_params(pcm, setup) != 0 || set_sw_params(pcm, setup) != 0) return 11;
  if (write_frames(pcm, pattern_frames(setup.layout, 0, 480), setup.layout) != 480) return 12;
  if (snd_pcm_drain(pcm) != 0) return 13;
  snd_ctl_t* ctl = nullptr;
  if (snd_ctl_open(&ctl, "dmasim", 0) != 0) return 14;
  snd_ctl_elem_list_t* list = nullptr;
  snd_ctl_elem_list_alloca(&list);
  const bool listed = snd_ctl_elem_list(ctl, list) == 0 && snd_ctl_elem_list_get_count(list) > 0;
  snd_ctl_close(ctl);
  return listed ? 0 : 15;
}

[[noreturn]] void exit_now() {
  std::exit(1);  // NOLINT(concurrency-mt-unsafe): what it runs is what is tested
}

/// exit() destroys it after the objects that the modules register, because it is made before the
/// modules are loaded.
struct MadeFirst {
  void (*at_exit)();
  ~MadeFirst() { at_exit(); }
};
void destroy_at_exit(void (*at_exit)()) { static const MadeFirst first{at_exit}; }

void end_with_the_cards_answer() { _exit(use_the_card()); }

TEST(LastMoments, OfAProgramInAnExitHandler) {
  Forked program([] {
    if (use_the_card() != 0) return 1;
    std::atexit(end_with_the_cards_answer);
    exit_now();
  });
  EXPECT_EQ(program.wait(), 0);
}

TEST(LastMoments, OfAProgramInTheHandlerThatComesLast) {
  Forked program([] {
    std::atexit(end_with_the_cards_answer);
    if (use_the_card() != 0) return 1;
    exit_now();
  });
  EXPECT_EQ(program.wait(), 0);
}

TEST(LastMoments, OfAProgramInADestructor) {
  Forked program([] {
    destroy_at_exit(end_with_the_cards_answer);
    if (use_the_card() != 0) return 1;
    exit_now();
  });
  EXPECT_EQ(program.wait(), 0);
}

std::atomic<int> turns_of_the_thread{0};
std::atomic<int> answer_of_the_thread{0};

/// Waits for three more turns of the thread, all of them during exit(). Then the thread ends.
void await_the_thread() {
  const int before = turns_of_the_thread;
  const bool went_on =
      eventually([=] { return turns_of_the_thread >= before + 3 || answer_of_the_thread != 0; });
  _exit(went_on ? answer_of_the_thread.load() : 2);
}

TEST(LastMoments, OfAProgramWhoseThreadGoesOn) {
  Forked program([] {
    destroy_at_exit(await_the_thread);
    std::thread([] {
      for (;;) {
        if (const int answer = use_the_card(); answer != 0) answer_of_the_thread = answer;
        ++turns_of_the_thread;
      }
    }).detach();
    if (!eventually([] { return turns_of_the_thread > 0; })) return 3;
    exit_now();
  });
  EXPECT_EQ(program.wait(), 0);
}

}  // namespace
}  // namespace dmasim::test
