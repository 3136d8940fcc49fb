// SPDX-License-Identifier: LGPL-2.1-or-later
/// Events of the mixer for changes that others make, in this process and in other processes.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <set>
#include <thread>

#include "tests/alsa/cable_setup.h"
#include "tests/alsa/ctl_fixture.h"
#include "tests/alsa/process_view.h"

namespace dmasim::test {
namespace {

class MixerEvents : public ::testing::Test {
 protected:
  void set(const Element& element, const Values& values) {
    EXPECT_GE(writer_.write(element, values), 0);
  }

  [[nodiscard]] std::filesystem::path file() const { return runtime_.files() / "dmasim.mixer"; }
  /// The numids of all events that have come already.
  std::set<unsigned> events() {
    std::set<unsigned> numids;
    while (const auto numid = reader_.event()) numids.insert(*numid);
    return numids;
  }

  const CableRuntime runtime_;
  const Ctl writer_;
  const Ctl reader_;
  const Element switch_ = writer_.find("Master Playback Switch");
  const Element volume_ = writer_.find("Master Playback Volume");
  const Element shift_ = writer_.find("PCM Rate Shift 100000", 0, 7);
};

TEST_F(MixerEvents, ReachAllWhoSubscribed) {
  reader_.subscribe();
  set(switch_, {0});
  EXPECT_EQ(reader_.event(), switch_.numid);
  EXPECT_EQ(reader_.event(), std::nullopt);
  EXPECT_EQ(reader_.read(switch_), Values{0});
  EXPECT_FALSE(writer_.readable()) << "which did not";
}

TEST_F(MixerEvents, ReachAnotherProcessBeforeTheWriterEnds) {
  reader_.subscribe();
  ASSERT_NO_FATAL_FAILURE(set_elsewhere("dmasim", volume_, {10, 20}));
  EXPECT_EQ(reader_.event(), volume_.numid);
  EXPECT_EQ(reader_.read(volume_), (Values{10, 20}));
  ASSERT_NO_FATAL_FAILURE(set_elsewhere("dmasim", volume_, {10, 20}));
  EXPECT_FALSE(reader_.readable()) << "nothing has changed";
}

TEST_F(MixerEvents, AreOnesOwnCardsOnly) {
  const Ctl other("dmasim:CARD=other");
  other.subscribe();
  set(switch_, {0});
  EXPECT_FALSE(other.readable());
  EXPECT_EQ(other.read(switch_), Values{1});
}

/// As on a kernel's card, there is one event for an element, even if it has changed several times.
TEST_F(MixerEvents, AreOneForEachElement) {
  reader_.subscribe();
  set(switch_, {0});
  set(volume_, {1, 2});
  set(shift_, {90000});
  set(volume_, {3, 4});
  const std::set<unsigned> expected{switch_.numid, volume_.numid, shift_.numid};
  std::set<unsigned> notified;
  for (size_t i = 0; i < expected.size(); ++i) {
    const auto numid = reader_.event();
    ASSERT_TRUE(numid) << "readable as long as there is one";
    notified.insert(*numid);
  }
  EXPECT_EQ(notified, expected);
  EXPECT_FALSE(reader_.readable());
}

TEST_F(MixerEvents, ReportWhatWentBackToWhereItWas) {
  reader_.subscribe();
  set(switch_, {0});
  set(switch_, {1});
  EXPECT_EQ(reader_.event(), switch_.numid);
  EXPECT_FALSE(reader_.readable());
}

TEST_F(MixerEvents, BeginAndEndWithTheSubscription) {
  set(switch_, {0});
  reader_.subscribe();
  EXPECT_FALSE(reader_.readable()) << "that was before";
  set(switch_, {1});
  EXPECT_TRUE(reader_.readable());
  reader_.subscribe(false);
  EXPECT_FALSE(reader_.readable());
  set(switch_, {0});
  EXPECT_FALSE(reader_.readable());
  snd_ctl_event_t* event = nullptr;
  snd_ctl_event_alloca(&event);
  EXPECT_EQ(snd_ctl_read(reader_.get(), event), -EBADFD);
  reader_.subscribe();
  set(switch_, {1});
  EXPECT_EQ(reader_.event(), switch_.numid);
}

TEST_F(MixerEvents, AreWaitedForUnlessTheControlIsNonBlocking) {
  const Ctl waiting("dmasim", 0);
  waiting.subscribe();
  std::thread other([this, reader = gettid()] {
    EXPECT_TRUE(eventually([=] { return thread_sleeps(reader); })) << "it has nothing to wait for";
    set(switch_, {0});
  });
  snd_ctl_event_t* event = nullptr;
  snd_ctl_event_alloca(&event);
  EXPECT_EQ(snd_ctl_read(waiting.get(), event), 1);
  EXPECT_EQ(snd_ctl_event_elem_get_numid(event), switch_.numid);
  EXPECT_STREQ(snd_ctl_event_elem_get_name(event), "Master Playback Switch");
  other.join();
}

TEST_F(MixerEvents, GoOnWhenSomebodyHasRemovedTheDirectory) {
  reader_.subscribe();
  set(switch_, {0});
  EXPECT_EQ(reader_.event(), switch_.numid);
  std::filesystem::remove_all(runtime_.path() / "dmasim");
  EXPECT_EQ(reader_.event(), switch_.numid) << "it is on again, as by default";
  EXPECT_EQ(reader_.read(switch_), Values{1});
  set(volume_, {1, 2});
  EXPECT_EQ(reader_.event(), volume_.numid);
}

/// A read or write finds the new file first, before the subscriber has looked at its events.
TEST_F(MixerEvents, GoOnWhenTheNewFileWasFoundByReadOrWrite) {
  reader_.subscribe();
  for (const bool writes : {false, true}) {
    std::filesystem::remove(file());
    set(volume_, {writes ? 3 : 1, 2});
    if (writes) {
      EXPECT_EQ(reader_.write(shift_, {90000}), 1);
      EXPECT_EQ(events(), (std::set<unsigned>{volume_.numid, shift_.numid}));
    } else {
      EXPECT_EQ(reader_.read(volume_), (Values{1, 2}));
      EXPECT_EQ(events(), std::set<unsigned>{volume_.numid});
    }
    EXPECT_FALSE(reader_.readable());
    set(volume_, {5, 6});
    EXPECT_EQ(events(), std::set<unsigned>{volume_.numid});
    EXPECT_FALSE(reader_.readable());
  }
}

TEST_F(MixerEvents, GoOnWhenWhatWasInTheFilesPlaceIsGone) {
  reader_.subscribe();
  set(switch_, {0});
  EXPECT_EQ(reader_.event(), switch_.numid);
  std::filesystem::remove(file());
  std::filesystem::create_directory(file());
  EXPECT_EQ(reader_.event(), switch_.numid) << "it is on again, as by default";
  EXPECT_EQ(reader_.event(), std::nullopt);
  std::filesystem::remove(file());
  set(volume_, {1, 2});
  EXPECT_TRUE(eventually([this] { return events().contains(volume_.numid); }));
  set(volume_, {3, 4});
  EXPECT_EQ(events(), std::set<unsigned>{volume_.numid}) << "at once again";
}

TEST_F(MixerEvents, SurviveTheDeathOfWriters) {
  reader_.subscribe();
  for (int turn = 0; turn < 10; ++turn) {
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      execl(DMASIM_CTL_PARTNER, DMASIM_CTL_PARTNER, "dmasim", std::to_string(switch_.numid).c_str(),
            "toggle", nullptr);
      _exit(127);
    }
    for (int events = 0; events < 20;) {
      if (reader_.event() == switch_.numid) ++events;
    }
    ASSERT_EQ(kill(child, SIGKILL), 0);
    ASSERT_EQ(waitpid(child, nullptr, 0), child);
    while (reader_.event()) {
    }
    const long left = reader_.read(switch_).front();
    set(switch_, {1 - left});
    EXPECT_EQ(reader_.event(), switch_.numid);
    EXPECT_EQ(reader_.read(switch_).front(), 1 - left);
  }
}

/// The calls of a child of fork() are refused, and the parent is not disturbed.
TEST_F(MixerEvents, AreTheParentsAlone) {
  reader_.subscribe();
  set(switch_, {0});
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    snd_ctl_elem_value_t* value = nullptr;
    snd_ctl_elem_value_alloca(&value);
    snd_ctl_elem_value_set_id(value, ElementId(switch_).get());
    snd_ctl_event_t* event = nullptr;
    snd_ctl_event_alloca(&event);
    int worked = 0;
    if (snd_ctl_elem_read(reader_.get(), value) != -ENODEV) worked |= 1;
    if (snd_ctl_elem_write(reader_.get(), value) != -ENODEV) worked |= 2;
    if (snd_ctl_read(reader_.get(), event) != -ENODEV) worked |= 4;
    if (snd_ctl_wait(reader_.get(), kWatchdogMs) != -ENODEV) worked |= 16;
    snd_ctl_subscribe_events(reader_.get(), 0);
    if (snd_ctl_close(reader_.get()) != 0) worked |= 8;
    _exit(worked);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_EQ(reader_.event(), switch_.numid);
  set(volume_, {5, 5});
  EXPECT_EQ(reader_.event(), volume_.numid);
}

}  // namespace
}  // namespace dmasim::test
