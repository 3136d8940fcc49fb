// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/report/report_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "engine/base/unique_fd.h"

namespace dmasim {
namespace {

class ReportFile : public ::testing::Test {
 protected:
  ReportFile() {
    std::string path = std::filesystem::temp_directory_path() / "dmasim-report-XXXXXX";
    EXPECT_NE(mkdtemp(path.data()), nullptr);
    directory_ = path;
  }
  ~ReportFile() override { std::filesystem::remove_all(directory_); }
  [[nodiscard]] std::string at(const std::string& name) const { return directory_ / name; }
  static std::string text_of(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  std::filesystem::path directory_;
};

TEST_F(ReportFile, IsMadeByTheFirstLineOnly) {
  EXPECT_EQ(check_report_file(at("report")).error(), 0);
  EXPECT_FALSE(std::filesystem::exists(at("report")));
  EXPECT_EQ(append_report(at("report"), "one\n").error(), 0);
  EXPECT_EQ(check_report_file(at("report")).error(), 0);
  EXPECT_EQ(append_report(at("report"), "two\n").error(), 0);
  EXPECT_EQ(text_of(at("report")), "one\ntwo\n");
}

TEST_F(ReportFile, MayBeADevice) {
  EXPECT_EQ(check_report_file("/dev/null").error(), 0);
  EXPECT_EQ(append_report("/dev/null", "x").error(), 0);
  EXPECT_EQ(append_report("/dev/full", "x").error(), ENOSPC);
}

TEST_F(ReportFile, MayBeAPipeThatSomebodyReads) {
  ASSERT_EQ(mkfifo(at("pipe").c_str(), 0600), 0);
  EXPECT_EQ(check_report_file(at("pipe")).error(), ENXIO);
  EXPECT_EQ(append_report(at("pipe"), "x").error(), ENXIO);
  const UniqueFd reader(open(at("pipe").c_str(), O_RDONLY | O_NONBLOCK));
  ASSERT_TRUE(reader);
  EXPECT_EQ(check_report_file(at("pipe")).error(), 0);
  EXPECT_EQ(append_report(at("pipe"), "line\n").error(), 0);
  std::array<char, 8> got{};
  EXPECT_EQ(read(reader.get(), got.data(), got.size()), 5);
}

TEST_F(ReportFile, IsNothingElse) {
  EXPECT_EQ(check_report_file(at("")).error(), EISDIR);
  EXPECT_EQ(check_report_file(at("missing/report")).error(), ENOENT);
  std::ofstream(at("file")) << "x";
  EXPECT_EQ(check_report_file(at("file/report")).error(), ENOTDIR);
  const UniqueFd socket_fd(socket(AF_UNIX, SOCK_STREAM, 0));
  sockaddr_un name{.sun_family = AF_UNIX, .sun_path = {}};
  std::strncpy(name.sun_path, at("socket").c_str(), sizeof name.sun_path - 1);
  ASSERT_EQ(bind(socket_fd.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name), 0);
  EXPECT_EQ(check_report_file(at("socket")).error(), EINVAL);
}

/// A program that has reached the limit gets an error, and no signal that would end it.
TEST_F(ReportFile, RaisesNoSignalAtTheLimitOfAFilesSize) {
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  rlimit none = before;
  none.rlim_cur = 0;
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &none), 0);
  const int error = append_report(at("report"), "line\n").error();
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  EXPECT_EQ(error, EFBIG);
  sigset_t pending;
  sigpending(&pending);
  EXPECT_EQ(sigismember(&pending, SIGXFSZ), 0);
}

}  // namespace
}  // namespace dmasim
