// SPDX-License-Identifier: LGPL-2.1-or-later
/// Blocks of an ALSA conf from text, and the log's lines about them.
#pragma once

#include <alsa/asoundlib.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdarg>
#include <cstdio>
#include <string>

namespace dmasim {

/// A block with the keys of `text`.
class ConfigText {
 public:
  explicit ConfigText(const std::string& text) {
    snd_input_t* input = nullptr;
    EXPECT_EQ(snd_config_top(&top_), 0);
    EXPECT_GE(snd_input_buffer_open(&input, text.c_str(), static_cast<ssize_t>(text.size())), 0);
    EXPECT_EQ(snd_config_load(top_, input), 0) << text;
    snd_input_close(input);
  }
  ~ConfigText() { snd_config_delete(top_); }
  ConfigText(const ConfigText&) = delete;
  ConfigText& operator=(const ConfigText&) = delete;
  [[nodiscard]] const snd_config_t* get() const { return top_; }

 private:
  snd_config_t* top_ = nullptr;
};

/// During the test the lines of alsa-lib's error log are collected in `logged`.
class ConfigTest : public ::testing::Test {
 protected:
  void SetUp() override {
    logged.clear();
    snd_lib_error_set_handler(log_error);
  }
  void TearDown() override { snd_lib_error_set_handler(nullptr); }

  static inline std::string logged;

 private:
  static void log_error(const char*, int, const char*, int, const char* format, ...) {
    std::array<char, 512> line{};
    va_list args;
    va_start(args, format);
    std::vsnprintf(line.data(), line.size(), format, args);
    va_end(args);
    logged += line.data();
  }
};

}  // namespace dmasim
