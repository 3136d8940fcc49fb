// SPDX-License-Identifier: LGPL-2.1-or-later
/// The system or alsa-lib refuses a call of the modules. Then the program gets an error, nothing
/// stays behind, and the next try succeeds. The linker finds this program's functions before those
/// of the libraries.
#include <alsa/asoundlib.h>

#include "tests/unit/answer_while.h"
// These need the header above.
#include <alsa/control_external.h>
#include <alsa/pcm_external.h>
#include <dlfcn.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "tests/alsa/cable_setup.h"
#include "tests/alsa/ctl_fixture.h"
#include "tests/alsa/process_view.h"

namespace {

template <typename Function>
Function* next(const char* name) noexcept {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

}  // namespace

#pragma GCC visibility push(default)
extern "C" {

int snd_pcm_ioplug_create(snd_pcm_ioplug_t* io, const char* name, snd_pcm_stream_t stream,
                          int mode) {
  if (dmasim::call_is_refused("snd_pcm_ioplug_create")) return -dmasim::refused_with();
  return next<decltype(snd_pcm_ioplug_create)>("snd_pcm_ioplug_create")(io, name, stream, mode);
}
int snd_pcm_ioplug_set_param_minmax(snd_pcm_ioplug_t* io, int type, unsigned min, unsigned max) {
  if (dmasim::call_is_refused("snd_pcm_ioplug_set_param_minmax")) return -dmasim::refused_with();
  return next<decltype(snd_pcm_ioplug_set_param_minmax)>("snd_pcm_ioplug_set_param_minmax")(
      io, type, min, max);
}
int snd_ctl_ext_create(snd_ctl_ext_t* ext, const char* name, int mode) {
  if (dmasim::call_is_refused("snd_ctl_ext_create")) return -dmasim::refused_with();
  return next<decltype(snd_ctl_ext_create)>("snd_ctl_ext_create")(ext, name, mode);
}

}  // extern "C"
#pragma GCC visibility pop

namespace dmasim::test {
namespace {

class RefusedCalls : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(open_playback({}));
    Ctl("dmasim").subscribe();
    before_ = first_footprint();
  }
  void TearDown() override { EXPECT_EQ(settled_footprint(before_), before_); }

  const CableRuntime runtime_;
  const TemporaryDirectory directory_;

 private:
  Footprint before_;
};

class RefusedCallsOfAPcm : public RefusedCalls {
 protected:
  const PcmSetup setup_ = cable_setup();
  const std::vector<std::byte> data_ = pattern_frames(setup_.layout, 0, 3000);
};

TEST_F(RefusedCallsOfAPcm, AtOpen) {
  const Arguments arguments{{"FILE", directory_.file("a.raw")}, {"CABLE", "wire"}};
  const auto open = [&] { return try_open(arguments, SND_PCM_STREAM_PLAYBACK).error; };
  EXPECT_EQ(answer_while("snd_pcm_ioplug_create", ENOMEM, open), -ENOMEM);
  EXPECT_EQ(answer_while("snd_pcm_ioplug_set_param_minmax", EINVAL, open, 3), -EINVAL);
  EXPECT_EQ(answer_while("eventfd", ENFILE, open), -ENFILE);
  EXPECT_EQ(open(), 0);
}

/// The recording's file holds none of the wanted formats.
TEST_F(RefusedCallsOfAPcm, ForAFileThatHoldsNoneOfTheFormats) {
  const ErrorLog log;
  EXPECT_EQ(try_open({{"FILE", directory_.file("a.flac")}, {"FORMAT", "FLOAT_LE+FLOAT64_LE"}},
                     SND_PCM_STREAM_PLAYBACK)
                .error,
            -EINVAL);
  EXPECT_NE(log.text().find("cannot hold any of the formats"), std::string::npos) << log.text();
}

TEST_F(RefusedCallsOfAPcm, ForAFileBesideACable) {
  const ErrorLog log;
  EXPECT_EQ(try_open({{"FILE", directory_.file("missing/a.raw")}, {"CABLE", "wire"}},
                     SND_PCM_STREAM_PLAYBACK)
                .error,
            -ENOENT);
  EXPECT_NE(log.text().find("a path that can be written"), std::string::npos) << log.text();
}

/// A stream whose start has failed does not keep the cable from other streams.
TEST_F(RefusedCallsOfAPcm, OfAThreadLeaveTheCableToOthers) {
  const Pcm first = open_playback({{"CABLE", "wire"}});
  const Pcm second = open_playback({{"CABLE", "wire"}});
  for (snd_pcm_t* pcm : {first.get(), second.get()}) {
    ASSERT_NO_FATAL_FAILURE(configure(pcm, setup_));
    ASSERT_EQ(write_frames(pcm, data_, setup_.layout), 3000);
  }
  EXPECT_EQ(answer_while("pthread_create", EAGAIN, [&] { return snd_pcm_start(first.get()); }),
            -ENOMEM);
  EXPECT_EQ(snd_pcm_start(second.get()), 0);
  const ErrorLog log;
  EXPECT_EQ(snd_pcm_start(first.get()), -EBUSY);
  EXPECT_NE(log.text().find("is played into by process"), std::string::npos) << log.text();
}

class RefusedCallsOfAMixer : public RefusedCalls {
 protected:
  static int try_ctl() {
    snd_ctl_t* ctl = nullptr;
    const int error = snd_ctl_open(&ctl, "dmasim", SND_CTL_NONBLOCK);
    if (error == 0) snd_ctl_close(ctl);
    return error;
  }
};

TEST_F(RefusedCallsOfAMixer, AtOpen) {
  for (const auto& [call, error] : {std::pair("epoll_create1", EMFILE),
                                    {"eventfd", ENFILE},
                                    {"epoll_ctl", ENOSPC},
                                    {"snd_ctl_ext_create", ENOMEM}}) {
    EXPECT_EQ(answer_while(call, error, try_ctl), -error) << call;
  }
  EXPECT_EQ(try_ctl(), 0);
}

TEST_F(RefusedCallsOfAMixer, ForADirectoryThatIsOpenToOthers) {
  const ErrorLog log;
  EXPECT_EQ(answer_while("fstat", EIO, try_ctl), -EACCES);
  EXPECT_NE(log.text().find("this user's alone"), std::string::npos) << log.text();
}

/// alsa-lib does not report the failure. The plugin logs it, and no events come.
TEST_F(RefusedCallsOfAMixer, AtASubscription) {
  const Ctl writer;
  const Element element = writer.find("Master Playback Switch");
  const Ctl reader;
  snd_ctl_event_t* event = nullptr;
  snd_ctl_event_alloca(&event);
  struct Refusal {
    const char* call;
    int error;
    int which;
    const char* logged;
  };
  for (const Refusal& each :
       {Refusal{"inotify_init1", EMFILE, 1, "or inotify instances of this user"},
        Refusal{"timerfd_create", ENFILE, 1, "no events of the mixer"},
        Refusal{"epoll_ctl", ENOSPC, 1, "No space left"},
        Refusal{"epoll_ctl", ENOSPC, 2, "No space left"},
        Refusal{"inotify_add_watch", ENOSPC, 1, "No space left"}}) {
    const ErrorLog log;
    answer_while(
        each.call, each.error, [&] { return snd_ctl_subscribe_events(reader.get(), 1); },
        each.which);
    EXPECT_NE(log.text().find(each.logged), std::string::npos) << each.call << ": " << log.text();
    EXPECT_EQ(snd_ctl_read(reader.get(), event), -EBADFD) << each.call;
    EXPECT_EQ(reader.read(element), Values{1}) << "all else works";
  }
  reader.subscribe();
  EXPECT_EQ(writer.write(element, {0}), 1);
  EXPECT_EQ(reader.event(), element.numid);
  reader.subscribe();
  EXPECT_EQ(snd_ctl_read(reader.get(), event), -EAGAIN) << "there is none";
}

TEST_F(RefusedCallsOfAMixer, WhileItWaitsForAnEvent) {
  const Ctl waiting("dmasim", 0);
  waiting.subscribe();
  snd_ctl_event_t* event = nullptr;
  snd_ctl_event_alloca(&event);
  EXPECT_EQ(answer_while("poll", EINTR, [&] { return snd_ctl_read(waiting.get(), event); }),
            -EINTR);
}

TEST_F(RefusedCallsOfAMixer, AtAWriteChangeNothing) {
  const Ctl ctl("dmasim:CARD=other");  // this card has no file yet
  const Element element = ctl.find("Master Playback Switch");
  const auto write = [&] { return ctl.write(element, {0}); };
  constexpr int kToMakeIt = 6;  // the write looks for the file twice before, in two steps each
  EXPECT_EQ(answer_while("openat", EROFS, write, kToMakeIt), -EROFS);
  EXPECT_EQ(answer_while("pwrite", ENOSPC, write), -ENOSPC);
  EXPECT_EQ(ctl.read(element), Values{1});
  EXPECT_EQ(write(), 1);
  EXPECT_EQ(ctl.read(element), Values{0});
}

}  // namespace
}  // namespace dmasim::test
