// SPDX-License-Identifier: LGPL-2.1-or-later
/// Variables of the environment that give values for keys: DMASIM_RATE for `rate`.
///
/// THREADS  any. As for getenv(3), no other thread may change the environment in the meantime.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace dmasim {

[[nodiscard]] std::string environment_name(std::string_view key);

/// The variables of the environment that begin with DMASIM_, as they are now.
class Variables {
 public:
  Variables();

  /// The value of the variable for `key`. Null if there is none.
  [[nodiscard]] const char* value_of(std::string_view key) const;

  struct Variable {
    std::string_view rest;  ///< of the name, after DMASIM_
    const char* value;
  };
  [[nodiscard]] const std::vector<Variable>& all() const noexcept { return all_; }

 private:
  std::vector<Variable> all_;
};

/// Logs each of the variables that belongs to no key but is at most two letters away from one's: a
/// line in ALSA's error log, with the right name. Only the first call that finds one logs.
void log_near_variables(const Variables& variables);

}  // namespace dmasim
