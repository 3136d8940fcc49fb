// SPDX-License-Identifier: LGPL-2.1-or-later
/// Opens of a control device that succeed or fail, and the names that the device gives.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "tests/alsa/cable_setup.h"
#include "tests/alsa/ctl_fixture.h"
#include "tests/alsa/local_config.h"

namespace dmasim::test {
namespace {

int open_answer(const std::string& name) {
  snd_ctl_t* ctl = nullptr;
  const int error = snd_ctl_open(&ctl, name.c_str(), 0);
  if (error == 0) snd_ctl_close(ctl);
  return error;
}

std::string card_of(const std::string& name) {
  const Ctl ctl(name);
  snd_ctl_card_info_t* info = nullptr;
  snd_ctl_card_info_alloca(&info);
  EXPECT_EQ(snd_ctl_card_info(ctl.get(), info), 0);
  EXPECT_STREQ(snd_ctl_card_info_get_driver(info), "dmasim");
  EXPECT_STREQ(snd_ctl_card_info_get_mixername(info), "dmasim mixer");
  const std::string longname = snd_ctl_card_info_get_longname(info);
  EXPECT_NE(longname.find(snd_ctl_card_info_get_name(info)), std::string::npos) << longname;
  return snd_ctl_card_info_get_id(info);
}

size_t inotify_instances() {
  size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code closed_since;
    const auto target = std::filesystem::read_symlink(entry.path(), closed_since);
    if (target == "anon_inode:inotify") ++count;
  }
  return count;
}

class CtlOpen : public ::testing::Test {
 protected:
  void expect_refused(const std::string& name, int error, const std::string& word) {
    const ErrorLog log;
    EXPECT_EQ(open_answer(name), error) << name;
    EXPECT_NE(log.text().find(word), std::string::npos) << log.text();
  }
  const CableRuntime runtime_;
};

TEST_F(CtlOpen, SaysWhichCardItIs) {
  EXPECT_EQ(card_of("dmasim"), "dmasim");
  EXPECT_EQ(card_of("dmasim:other"), "other");
  EXPECT_EQ(card_of("dmasim:CARD=other"), "other");
  setenv("DMASIM_CARD", "third", 1);
  EXPECT_EQ(card_of("dmasim"), "third");
  EXPECT_EQ(card_of("dmasim:CARD=other"), "other");
  unsetenv("DMASIM_CARD");
  EXPECT_EQ(card_of("dmasim:CARD=a-name-that-is-longer-than-fits"), "a-name-that-is-");
}

TEST_F(CtlOpen, HasControlsForAsManyLoopsAsAsked) {
  EXPECT_EQ(Ctl("dmasim:SUBDEVICES=1").elements().size(), 11U);
  EXPECT_EQ(Ctl("dmasim:SUBDEVICES=3,DEVICES=2").elements().size(), 46U);
  const auto most = Ctl("dmasim:SUBDEVICES=128,DEVICES=4").elements();
  EXPECT_EQ(most.size(), 4U + 7 * 4 * 32);
  EXPECT_EQ(most.back().device, 3U);
  EXPECT_EQ(most.back().subdevice, 31U);
}

TEST_F(CtlOpen, IsRefusedWithAReason) {
  expect_refused("dmasim:CARD='../x'", -EINVAL, "accepted: a name");
  expect_refused("dmasim:SUBDEVICES=0", -EINVAL, "accepted: 1 to 128");
  expect_refused("dmasim:SUBDEVICES=8x", -EINVAL, "accepted: 1 to 128");
  expect_refused("dmasim:DEVICES=5", -EINVAL, "accepted: 1 to 4");
}

TEST_F(CtlOpen, IsRefusedWhereTheFileIsOpenToOthers) {
  std::filesystem::create_directories(runtime_.files());
  std::filesystem::permissions(runtime_.path() / "dmasim", std::filesystem::perms{0700});
  std::filesystem::permissions(runtime_.files(), std::filesystem::perms{0700});
  std::filesystem::create_symlink("/dev/null", runtime_.files() / "dmasim.mixer");
  expect_refused("dmasim", -EACCES, "this user's alone");
  std::filesystem::permissions(runtime_.path() / "dmasim", std::filesystem::perms{0755});
  expect_refused("dmasim", -EACCES, "this user's alone");
}

TEST_F(CtlOpen, StaysInTheDirectoryInWhichItWasOpened) {
  const TemporaryDirectory elsewhere;
  const Ctl ctl;
  const Element volume = ctl.find("Master Playback Volume");
  setenv("XDG_RUNTIME_DIR", elsewhere.path().c_str(), 1);
  ctl.subscribe();
  EXPECT_EQ(ctl.write(volume, {1, 2}), 1);
  EXPECT_TRUE(std::filesystem::exists(runtime_.files() / "dmasim.mixer"));
  EXPECT_TRUE(std::filesystem::is_empty(elsewhere.path()));
  EXPECT_EQ(Ctl().read(volume), (Values{120, 120})) << "another mixer";
}

TEST_F(CtlOpen, IsRefusedInADirectoryOfSomebodyElse) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can give a directory away";
  const std::filesystem::path directory = runtime_.path() / "dmasim";
  std::filesystem::create_directory(directory);
  std::filesystem::permissions(directory, std::filesystem::perms{0700});
  ASSERT_EQ(chown(directory.c_str(), 65534, 65534), 0);
  expect_refused("dmasim", -EACCES, directory.string() + " belongs to user 65534");
}

TEST_F(CtlOpen, ReportsOnceWhichRuntimeDirectoryIsNotUsed) {
  setenv("XDG_RUNTIME_DIR", "relative/path", 1);
  const ErrorLog log;
  EXPECT_EQ(open_answer("dmasim:not-used"), 0);
  const std::string logged = log.text();
  EXPECT_NE(logged.find("XDG_RUNTIME_DIR = \"relative/path\""), std::string::npos) << logged;
  EXPECT_EQ(open_answer("dmasim:not-used"), 0);
  EXPECT_EQ(log.text(), logged);
}

/// A user has few inotify instances. Without events only the number of files limits the number of
/// open controls.
TEST_F(CtlOpen, TakesAnInotifyInstanceForEventsOnly) {
  const Ctl ctl;
  EXPECT_EQ(inotify_instances(), 0U);
  for (int value = 0; value < 2; ++value) {
    ctl.subscribe();
    EXPECT_EQ(inotify_instances(), 1U);
    EXPECT_EQ(Ctl().write(ctl.find("Master Playback Switch"), {value}), 1);
    EXPECT_TRUE(ctl.event());
    ctl.subscribe(false);
    EXPECT_EQ(inotify_instances(), 0U);
  }
}

TEST_F(CtlOpen, TakesKeysOfItsOwnOnly) {
  const LocalConfig config = LocalConfig::beside_global(
      "ctl.mine { type dmasim comment \"x\" card \"mine\" subdevices 2 }\n"
      "ctl.odd { type dmasim rate 48000 }\n");
  snd_ctl_t* ctl = nullptr;
  EXPECT_EQ(snd_ctl_open_lconf(&ctl, "mine", 0, config.top()), 0);
  if (ctl != nullptr) snd_ctl_close(ctl);
  const ErrorLog log;
  EXPECT_EQ(snd_ctl_open_lconf(&ctl, "odd", 0, config.top()), -EINVAL);
  EXPECT_NE(log.text().find("unknown key rate"), std::string::npos) << log.text();
}

/// Reads it by the mixer interface, as alsamixer and sound servers do.
TEST_F(CtlOpen, IsAMixerOfTwoSimpleControls) {
  snd_mixer_t* mixer = nullptr;
  ASSERT_EQ(snd_mixer_open(&mixer, 0), 0);
  ASSERT_EQ(snd_mixer_attach(mixer, "dmasim"), 0);
  ASSERT_EQ(snd_mixer_selem_register(mixer, nullptr, nullptr), 0);
  ASSERT_EQ(snd_mixer_load(mixer), 0);
  EXPECT_EQ(snd_mixer_get_count(mixer), 2U);
  snd_mixer_elem_t* master = snd_mixer_first_elem(mixer);
  ASSERT_NE(master, nullptr);
  EXPECT_STREQ(snd_mixer_selem_get_name(master), "Master");
  EXPECT_NE(snd_mixer_selem_has_playback_volume(master), 0);
  EXPECT_NE(snd_mixer_selem_has_playback_switch(master), 0);
  ASSERT_EQ(snd_mixer_selem_set_playback_dB_all(master, -1200, 0), 0);
  snd_mixer_elem_t* capture = snd_mixer_elem_next(master);
  ASSERT_NE(capture, nullptr);
  EXPECT_STREQ(snd_mixer_selem_get_name(capture), "Capture");
  EXPECT_NE(snd_mixer_selem_has_capture_switch(capture), 0);
  snd_mixer_close(mixer);
  const Ctl ctl;
  EXPECT_EQ(ctl.read(ctl.find("Master Playback Volume")), (Values{96, 96}));
}

}  // namespace
}  // namespace dmasim::test
