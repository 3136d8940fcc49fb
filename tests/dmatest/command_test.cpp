// SPDX-License-Identifier: LGPL-2.1-or-later
/// Tests of the program: runs `dmasim dmatest` as a user does.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <ostream>
#include <string>

namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::MatchesRegex;

struct Outcome {
  int status = -1;
  std::string output;
};

/// Runs `dmasim ARGUMENTS` through the shell.
Outcome dmasim(const std::string& arguments) {
  Outcome outcome;
  FILE* pipe = popen((std::string(DMASIM_PROGRAM " ") + arguments).c_str(), "r");
  if (pipe == nullptr) return outcome;
  std::array<char, 4096> piece{};
  while (const size_t got = std::fread(piece.data(), 1, piece.size(), pipe)) {
    outcome.output.append(piece.data(), got);
  }
  const int ended = pclose(pipe);
  outcome.status = WIFEXITED(ended) ? WEXITSTATUS(ended) : -1;
  return outcome;
}

TEST(DmasimProgram, PrintsItsVersion) {
  const Outcome outcome = dmasim("--version");
  EXPECT_EQ(outcome.status, 0);
  EXPECT_THAT(outcome.output, MatchesRegex("dmasim [0-9]+\\.[0-9]+\\.[0-9]+\n"));
}

TEST(DmasimProgram, RefusesNoSubcommand) { EXPECT_EQ(dmasim("2>&1").status, 2); }

TEST(DmatestCommand, SaysInOneLineWhatItDid) {
  const Outcome outcome = dmasim("dmatest --iterations 20 --channels 2 --threads-per-chan 3");
  EXPECT_EQ(outcome.status, 0);
  EXPECT_THAT(outcome.output,
              MatchesRegex("dmatest: 120 tests, 0 failures, [0-9]+ iops, [0-9]+\\.[0-9] MB/s "
                           "\\(channels 2, threads 6, terminated [0-9]+\\)\n"));
}

class DmatestInTopology : public testing::TestWithParam<const char*> {};

TEST_P(DmatestInTopology, CountsAddUp) {
  const Outcome outcome = dmasim(
      "dmatest --channels 6 --threads-per-chan 2 --seconds 3 --terminate 30 --seed 11 "
      "--json --completion " +
      std::string(GetParam()));
  ASSERT_EQ(outcome.status, 0);
  const json report = json::parse(outcome.output);
  const auto count = [&report](const char* key) { return report.at(key).get<uint64_t>(); };
  EXPECT_EQ(count("failures"), 0U);
  EXPECT_EQ(count("tests"), count("completed") + count("terminated") + count("failed"));
  uint64_t by_transfer = 0;
  for (const json& each : report.at("by_transfer")) {
    EXPECT_GT(each.get<uint64_t>(), 0U);
    by_transfer += each.get<uint64_t>();
  }
  EXPECT_EQ(by_transfer, count("tests"));
  EXPECT_LE(count("cut_short"), count("terminated"));
  EXPECT_LE(count("terminated_by_others"), count("terminated"));
  EXPECT_GT(count("terminations_in_callback"), 0U);
  EXPECT_GT(count("cut_short"), 0U);
  EXPECT_EQ(count("threads"), 12U);
  EXPECT_EQ(count("seed"), 11U);
  EXPECT_EQ(report.at("completion"), GetParam());
  EXPECT_TRUE(report.at("failure_lines").empty());
  const auto seconds = report.at("seconds").get<double>();
  EXPECT_NEAR(report.at("iops").get<double>() * seconds, static_cast<double>(count("tests")), 1.0);
}

TEST_P(DmatestInTopology, TheHardwareMayBeSlowToStop) {
  const Outcome outcome = dmasim(
      "dmatest --channels 6 --seconds 2 --terminate 60 --slow-to-stop --seed 12 "
      "--completion " +
      std::string(GetParam()));
  EXPECT_EQ(outcome.status, 0) << outcome.output;
}

INSTANTIATE_TEST_SUITE_P(Completion, DmatestInTopology, testing::Values("channel", "shared"),
                         [](const auto& each) { return std::string(each.param); });

TEST(DmatestCommand, WritesNothingButTheObject) {
  const Outcome outcome = dmasim("dmatest --iterations 5 --verbose --json 2>/dev/null");
  EXPECT_EQ(outcome.status, 0);
  EXPECT_TRUE(json::accept(outcome.output)) << outcome.output;
}

TEST(DmatestCommand, FailsWhenATestFails) {
  const Outcome outcome = dmasim(
      "dmatest --channels 1 --threads-per-chan 1 --iterations 1 --transfer cyclic "
      "--test-buf-size 16777216 --norandom --terminate 0 --timeout 1 --seed 1 2>&1");
  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.output, HasSubstr("timed out"));
  EXPECT_THAT(outcome.output, HasSubstr("1 tests, 1 failures"));
}

struct Refusal {
  const char* option;
  const char* value;
  const char* accepted;
  friend void PrintTo(const Refusal& refusal, std::ostream* out) {
    *out << refusal.option << " " << refusal.value;
  }
};

class DmatestRefusal : public testing::TestWithParam<Refusal> {};

TEST_P(DmatestRefusal, NamesOptionValueAndWhatIsAccepted) {
  const auto& [option, value, accepted] = GetParam();
  const Outcome outcome = dmasim(std::string("dmatest ") + option + " " + value + " 2>&1");
  EXPECT_EQ(outcome.status, 2);
  EXPECT_THAT(outcome.output, HasSubstr(option));
  EXPECT_THAT(outcome.output, HasSubstr(value));
  EXPECT_THAT(outcome.output, HasSubstr(accepted));
}

INSTANTIATE_TEST_SUITE_P(Dmasim, DmatestRefusal,
                         testing::Values(Refusal{"--channels", "0", "1 to 1000"},
                                         Refusal{"--channels", "many", "1 to 1000"},
                                         Refusal{"--threads-per-chan", "65", "1 to 64"},
                                         Refusal{"--iterations", "0", "--seconds of 1 or more"},
                                         Refusal{"--seconds", "-1", "0 to 31536000"},
                                         Refusal{"--transfer", "sideways",
                                                 "{memcpy,sg,cyclic,mixed}"},
                                         Refusal{"--completion", "never", "{channel,shared}"},
                                         Refusal{"--test-buf-size", "63", "64 to 16777216"},
                                         Refusal{"--terminate", "101", "0 to 100"},
                                         Refusal{"--timeout", "0", "1 to 3600000"},
                                         Refusal{"--seed", "x", "0 to 9007199254740992"}));

}  // namespace
