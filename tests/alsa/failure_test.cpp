// SPDX-License-Identifier: LGPL-2.1-or-later
/// The system refuses descriptors, memory or threads. Then the call answers an error, nothing stays
/// behind, and the next try succeeds. The module calls the eventfd, pthread_create and operator new
/// of this program, because the linker finds them before the system's.
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <new>

#include "tests/alsa/pcm_fixture.h"
#include "tests/alsa/process_view.h"

namespace {

/// Which of the next calls fails: 1 is the next one. 0 and below: no call fails.
std::atomic<int> failing_eventfd{0};
std::atomic<int> failing_thread{0};
std::atomic<int> failing_large_block{0};
constexpr size_t kLargeBlock = 1U << 20;

}  // namespace

extern "C" __attribute__((visibility("default"))) int eventfd(unsigned count, int flags) noexcept {
  if (failing_eventfd.fetch_sub(1) == 1) {
    errno = EMFILE;
    return -1;
  }
  static const auto real = reinterpret_cast<decltype(&eventfd)>(dlsym(RTLD_NEXT, "eventfd"));
  return real(count, flags);
}

extern "C" __attribute__((visibility("default"))) int pthread_create(pthread_t* thread,
                                                                     const pthread_attr_t* attr,
                                                                     void* (*body)(void*),
                                                                     void* argument) noexcept {
  if (failing_thread.fetch_sub(1) == 1) return EAGAIN;
  static const auto real =
      reinterpret_cast<decltype(&pthread_create)>(dlsym(RTLD_NEXT, "pthread_create"));
  return real(thread, attr, body, argument);
}

__attribute__((visibility("default"))) void* operator new[](size_t bytes,
                                                            const std::nothrow_t&) noexcept {
  if (bytes >= kLargeBlock && failing_large_block.fetch_sub(1) == 1) return nullptr;
  try {
    return ::operator new[](bytes);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

namespace dmasim::test {
namespace {

class Failure : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(open_playback({}));  // the module is loaded now and stays
    before_ = first_footprint();
  }
  void TearDown() override {
    failing_eventfd = 0;
    failing_thread = 0;
    failing_large_block = 0;
    pcm_.reset();
    EXPECT_EQ(settled_footprint(before_), before_);
  }
  void open_and_write() {
    pcm_ = open_playback({{"FILE", path_}});
    ASSERT_TRUE(pcm_);
    ASSERT_NO_FATAL_FAILURE(configure(pcm_.get(), setup_));
    ASSERT_EQ(write_frames(pcm_.get(), data_), 3000);
  }
  void expect_playable() {
    EXPECT_EQ(snd_pcm_drain(pcm_.get()), 0);
    EXPECT_EQ(first_difference(setup_.layout, data_, read_file(path_)), "");
  }

  const PcmSetup setup_{};
  const std::vector<std::byte> data_ = pattern_frames(setup_.layout, 0, 3000);
  const TemporaryDirectory directory_;
  const std::string path_ = directory_.file("played.raw");
  Pcm pcm_;
  Footprint before_;
};

/// Within its scope the process gets no further descriptor.
class NoMoreDescriptors {
 public:
  NoMoreDescriptors() {
    EXPECT_EQ(getrlimit(RLIMIT_NOFILE, &was_), 0);
    const int next = dup(STDERR_FILENO);
    EXPECT_GE(next, 0);
    close(next);
    rlimit none = was_;
    none.rlim_cur = static_cast<rlim_t>(next);
    EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  }
  ~NoMoreDescriptors() { EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &was_), 0); }
  NoMoreDescriptors(const NoMoreDescriptors&) = delete;
  NoMoreDescriptors& operator=(const NoMoreDescriptors&) = delete;

 private:
  rlimit was_{};
};

TEST_F(Failure, OfADescriptorAtOpen) {
  for (const snd_pcm_stream_t stream : {SND_PCM_STREAM_PLAYBACK, SND_PCM_STREAM_CAPTURE}) {
    failing_eventfd = 1;
    EXPECT_EQ(try_open({}, stream).error, -EMFILE);
    EXPECT_EQ(try_open({}, stream).error, 0);
  }
}

TEST_F(Failure, OfTheRecordingsDescriptorAtStart) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "the sanitizer needs descriptors itself, to look at a type";
#endif
  ASSERT_NO_FATAL_FAILURE(open_and_write());
  {
    const NoMoreDescriptors scope;
    EXPECT_EQ(snd_pcm_start(pcm_.get()), -EMFILE);
    EXPECT_EQ(snd_pcm_state(pcm_.get()), SND_PCM_STATE_PREPARED);
  }
  expect_playable();
}

TEST_F(Failure, OfEachThreadAtStart) {
  ASSERT_NO_FATAL_FAILURE(open_and_write());
  for (const int which : {1, 2}) {
    failing_thread = which;
    const ErrorLog log;
    EXPECT_EQ(snd_pcm_start(pcm_.get()), -ENOMEM) << "thread " << which;
    EXPECT_NE(log.text().find("RLIMIT_NPROC is "), std::string::npos) << log.text();
    EXPECT_EQ(snd_pcm_state(pcm_.get()), SND_PCM_STATE_PREPARED);
    failing_thread = 0;
  }
  EXPECT_EQ(snd_pcm_start(pcm_.get()), 0);
  expect_playable();
}

TEST_F(Failure, OfAThreadInADrainThatHadToStart) {
  ASSERT_NO_FATAL_FAILURE(open_and_write());
  failing_thread = 1;
  EXPECT_EQ(snd_pcm_drain(pcm_.get()), -ENOMEM);
  EXPECT_EQ(snd_pcm_state(pcm_.get()), SND_PCM_STATE_PREPARED);
  failing_thread = 0;
  expect_playable();
}

TEST_F(Failure, OfTheOnlyThreadOfCapture) {
  pcm_ = open_capture({});
  ASSERT_TRUE(pcm_);
  ASSERT_NO_FATAL_FAILURE(configure(pcm_.get(), setup_));
  failing_thread = 1;
  EXPECT_EQ(snd_pcm_start(pcm_.get()), -ENOMEM);
  EXPECT_EQ(snd_pcm_state(pcm_.get()), SND_PCM_STATE_PREPARED);
  failing_thread = 0;
  EXPECT_EQ(snd_pcm_start(pcm_.get()), 0);
}

TEST_F(Failure, OfAThreadThenCloseLeavesNothing) {
  ASSERT_NO_FATAL_FAILURE(open_and_write());
  failing_thread = 2;
  EXPECT_EQ(snd_pcm_start(pcm_.get()), -ENOMEM);
}

TEST_F(Failure, OfTheRingsMemory) {
  PcmSetup large = setup_;
  large.period_size = 48000;
  large.buffer_size = 480000;
  pcm_ = open_playback({{"BUFFER_BYTES", "2-4194304"}, {"FILE", path_}});
  ASSERT_TRUE(pcm_);
  failing_large_block = 1;
  EXPECT_EQ(set_hw_params(pcm_.get(), large), -ENOMEM);
  EXPECT_EQ(snd_pcm_state(pcm_.get()), SND_PCM_STATE_OPEN);
  ASSERT_NO_FATAL_FAILURE(configure(pcm_.get(), large));
  failing_large_block = 1;
  EXPECT_EQ(set_hw_params(pcm_.get(), large), -ENOMEM);
  EXPECT_EQ(snd_pcm_state(pcm_.get()), SND_PCM_STATE_OPEN);
  ASSERT_NO_FATAL_FAILURE(configure(pcm_.get(), large));
  ASSERT_EQ(write_frames(pcm_.get(), data_), 3000);
  expect_playable();
}

}  // namespace
}  // namespace dmasim::test
